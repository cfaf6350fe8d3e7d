// Package catalog is one live catalog: its store, its index, its learner and everybody who wants to know of its
// changes. It is the owner of its sequence: one goroutine commits, numbers what it committed, applies it to the index,
// and tells the subscribers, in this order.
//
// Read first: Catalog (the methods that HTTP and the channel call), then owner.go (the goroutine), staging.go (what one
// commit writes) and background.go (what is learnt in between); then session.go, the server's end of the channel.
//
//	PutItems, DeleteItem, RecordEvents, ApplyOps ──► queue ──► owner: one store.Commit for all that waits
//	                                                              │ then index (two sides, pointer swap), learner
//	                                                              ▼
//	Recommend, Similar ◄── index side, lock-free           subscribers: "there is news up to seq n"
//
// # Invariants
//
//   - Nothing in memory changes before the store has it, except learned weights, which the events in the store can always
//     make again.
//   - A call reads all that it needs of the store before it stages anything: a call that fails leaves nothing behind.
//   - A position says all of the catalog: two indexes at one position hold the same bytes. What is live but not yet
//     committed has a revision of its own (Version.Learned).
//   - A session tells its client of the reader's profile before it answers with a list that was ranked from it, unless
//     the client is sure to make the very same profile of its own ops.
//   - The store says which policy its records are of (store.Info.Policy), and says so only once all of them are: a start
//     with another policy makes all anew behind what is served, and a start after an interrupted one goes on with that.
//   - After a start lists are answered before the texts are read (texts.go): records and neighbours come from the store.
//     Until they are, no record changes: what puts, deletes, relates or learns waits.
//   - Items' vectors are of one length, that of the first (vectors.go); they stay in the store and in the owner's memory.
//     No record, delta or card holds one.
//   - The owner waits for nobody: what it calls while it publishes (Deliver, signals) only queues.
//
// sim_test.go runs all of this with core/replica at the other end, on one goroutine with every fault there is.
package catalog
