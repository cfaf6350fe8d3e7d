// Package catalog is one live catalog: its store, its index, its learner and everybody who wants to know of its
// changes. It is the owner of its sequence: one goroutine commits, numbers what it committed, applies it to the index,
// and tells the subscribers, in this order.
//
// Read first: Catalog (the methods that HTTP and the channel call), then owner.go (the goroutine).
//
//	PutItems, DeleteItem, RecordEvents, ApplyOps ──► queue ──► owner: one store.Commit for all that waits
//	                                                              │ then index (two sides, pointer swap), learner
//	                                                              ▼
//	Recommend, Similar ◄── index side, lock-free           subscribers: "there is news up to seq n"
package catalog
