// Package store says what nigh keeps and what it asks of a place to keep it: the Store interface, its types and its
// errors. server/store/sqlite implements it, storetest.Run proves it; every implementation passes the same suite.
//
// The store is the truth. What the server holds in memory (index, learner, histories) is a function of it:
//
//	items      what the owner of the content gave, as it was given      -> REST
//	records    what ranking and browsers need of each, quantised        -> index, snapshots, deltas
//	events     what readers did, in the order of commits                -> learner, histories
//	keys       what it takes to know an API key again     -> package access
//	clients    the last op number applied of each browser               -> exactly-once
//
// # The log of changes is the records themselves
//
// Every change of a record carries the sequence number of the commit that made it; a deleted item leaves a tombstone
// with one. "What happened after position s" is then the records and tombstones whose seq is above s: always
// compacted, never truncated before its tombstones are.
package store
