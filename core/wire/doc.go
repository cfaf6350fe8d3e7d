// Package wire is every message between browser and server, once: both sides encode and decode with this package.
//
// Read first: Message and the message types in messages.go; then record.go, the packed form of an item's record, and
// columns.go, that of many.
//
//	browser                               server
//	hello ───────────────────────────────►
//	      ◄─────────────────────────────── welcome (or reset, error)
//	      ◄──────── snapshot…, or delta to catch up
//	      ◄─────────────────────────────── profile
//	ask   ───────────────────────────────►
//	      ◄─────────────────────────────── recs, again whenever they change
//	ops   ───────────────────────────────►
//	      ◄─────────────────────────────── ack, recs
//	      ◄─────────────────────────────── delta, whenever the catalog changes
//	      ◄─────────────────────────────── expiry, before the reader's token ends
//	renew ───────────────────────────────►
//	merge ───────────────────────────────►  after a sign-in, what was done before it
//	      ◄─────────────────────────────── merged, profile
//
// A frame is one MessagePack array: the type's number, then its fields in order. A reader ignores fields behind those
// it knows; so a field may be added at the end without a new Version, anything else needs one.
//
// # Decisions
//
//   - MessagePack through the low-level calls of vmihailenco/msgpack; in the js build core/wire/pack stands in for it,
//     byte-equal (reflection and fmt would add 0.29 MB brotli to the module).
//   - Records travel in bin fields in columns (columns.go), many together, and stores hold them in a packed form of their
//     own (record.go). 10,000 demo-like items with 30 terms and 60 edges each take 821 bytes packed, 528 in columns, and
//     behind deflate 581 and 332; numbers as nested MessagePack arrays would take three times as much to begin with. A
//     chunk is large, then: with 320 items each has 384 bytes behind deflate, with 1,000 some 341, with 5,000 310.
//   - A frame for many is deflated once, above the WebSocket, and stays plain for a client whose hello does not ask for it
//     (deflated.go). The shell inflates, not this package: compress/flate would come into the module.
//   - A length is believed only as far as bytes for it are there.
//
// # History
//
//	1  first version
//	2  policy: seen again, near-duplicates, new items, languages; record: publication, pin, boost, damp, edges that ascend by source;
//	   ask: filter, page. Records of version 1 are still read
//	3  many records and weights travel in columns. Records one by one, as stores hold them, are as in version 2;
//	   renew, expiry; merge, merged
//	   policy: focus
package wire
