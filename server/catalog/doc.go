// Package catalog is one live catalog: its store, its index, its learner and everybody who wants to know of its
// changes. It is the owner of its sequence: one goroutine commits, numbers what it committed, applies it to the index,
// and tells the subscribers, in this order.
//
// Read first: Catalog (the methods that HTTP and the channel call), then owner.go (the goroutine), staging.go (what one
// commit writes), tasks.go (what has its turn in between) and background.go (what it does); then session.go, the server's
// end of the channel, with shelving.go (what stands where), news.go (what goes out), state.go (how a client is
// brought up to it) and subscription.go (what it holds then).
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
//   - Every shelf of a layout is what the store holds of it at the layout's position; a client holds its shelves at its
//     session's position. What was published while a client is brought up waits (subscription.held).
//   - A position says all of the catalog: two indexes at one position hold the same bytes. What is live but not yet
//     committed has a revision of its own (Version.Learned).
//   - A session tells its client of the reader's profile before it answers with a list that was ranked from it, unless
//     the client is sure to make the very same profile of its own ops.
//   - The store says which policy its records are of (store.Info.Policy), and says so only once all of them are: a start
//     with another policy makes all anew behind what is served, and a start after an interrupted one goes on with that.
//   - After a start lists are answered before the texts are read (texts.go): records and neighbours come from the store.
//     Until they are, no record changes: what puts, deletes, relates or learns waits.
//   - A learner is a function of the events in the store, in the order of their rows (relearn.go). After a start, and when
//     a reader was erased, it is made of them in the background while events are committed as ever; the last rows the
//     owner adds itself. So each is learnt once. Until a start has learnt, no weights change.
//   - Items' vectors are of one length, that of the first (vectors.go); they stay in the store and in the owner's memory.
//     No record, delta or card holds one.
//   - The owner waits for nobody: what it calls while it publishes (Deliver, signals) only queues.
//
// # Decisions
//
//   - What many get is encoded once and deflated once (frame.go, package deflate), and a snapshot is made for many clients,
//     not for each position (feed.go): while a catalog of 10,000 items is edited, a new client costs a store's walk over
//     what changed since instead of 0.3 s of a processor.
//   - A catalog is split into shelves of at most 2,048 items (shelving.go): a trie over the keys of items (wire.KeyOf),
//     whose leaves are halved when they grow beyond that and are not put together again while the process runs. A start
//     makes the layout anew, and splits a quarter earlier, so that as a rule it knows every shelf that clients hold, or
//     its parts. A catalog of up to that many items is one shelf, and each step is one frame for all.
//   - An item's shelf changes when its owner edits its first category, first tag, or author; the record in the store says
//     when it did so last (StoredRecord.Moved), so that a client which missed it is told. A hash of the id alone would
//     never change, but a shelf of 2,048 items by chance is near to no reader.
//   - A step is encoded by shelf, once, by the first session that needs it (news.go); thousands of sessions then look up
//     a few shelves each. Without several shelves there is no such look-up.
//   - When the first session was told of a step, the owner gives its processor away for a moment (feed.publish): who writes
//     begins there and then. Else the first byte waits until the owner has told all, or another processor is free: 0.5 ms
//     after the commit at 1,000 sessions, now 0.12, of which 0.05 to the socket (nigh bench fanout).
//   - To catch up, a session reads the log (records with tombstones) from its client's position, on its own goroutine;
//     the owner is asked only for snapshots. 100 edits of 10,000 items cost 36 kB, which is what their records take; no
//     edit costs 0.5 kB. A shelf of which more than 2 MB changed comes anew.
//   - A snapshot is a base that serves while less than an eighth has changed since, and a last chunk with what has; it goes
//     on where it broke by the client's own account: items up to number n as of position s. What changed of these since s
//     comes first (shelfSnapshot.behind). So resuming costs the server no memory.
//   - A snapshot commits what is live first, so that its position says all it holds. Where that fails (a full disk) it is of
//     what the store holds: one walk over the records, 1.6 µs each, for each shelf that changed, and new clients are served.
//   - Tombstones and moves are bounded (compact.go); whoever stands before the horizon gets snapshots. The law of it: the
//     log from any position that it reaches back to leads to the state of the full one.
//   - Shelves for a budget are chosen by lists (choose.go): of the reader's own, of what is popular, of what is new, each
//     place is worth something for the shelf that its item stands on. At most one shelf enters in 20 s, and one that is
//     held counts half as much again. An eighth of the budget is left for growth; a shelf that outgrows it leaves before
//     the step that would pass the bound. The budget is of packed records; a browser takes a few times that.
//   - Items beside a client's shelves that a list or the history speaks of come as cards, at most 1,024, told again when
//     card or damp changes (cards.go).
//   - Between two looks at the calls that wait, the owner does one step of one task, a millisecond or less, and a step ends
//     when a call waits. What an event waits for is that, and its own commit. Before, a turn learnt, refined and committed
//     256 records: with the disk out of the way (a folder in memory, real-time scheduling), the 99th percentile of an event
//     to the changed list was 4.3 to 5.5 ms, and is 1.4 to 2.0. bench learn prints the parts (Options.Timing).
//   - Weights come first, as an event shows by them, but under a stream of events that mark more than a turn learns, one
//     turn of four belongs to the other tasks, one after the other.
//   - A log that is brought in (Options.LearnLater) is committed, and learnt once, from the store: learning it as it comes
//     wrote the weights of the same items a second after a second.
//   - Erasing a reader (EraseUser) is one commit that takes out all that is theirs, the bindings of client ids too, and
//     tells the store that its records are of no policy: whatever happens then, the next process makes all of them anew.
//     What is left of their evidence in live weights goes when the new learner is taken: after one walk over the log, after
//     two if a walk was on already. It is not cut short: a stream of erasures would keep it from ever ending.
//     It takes 27 µs an event of readers with 40 items (60,000 events: 1.6 s).
//   - While it is made, the former learner goes on, which takes its memory twice, unless it counts more than limits.spare
//     pairs (50 MB): then it is let go, and the weights stay as they are until all is learnt, as after a start. A
//     reader's own list reacts all the same, for it hangs on the reader's history.
//   - An unknown reader is erased with the same success: a call whose answer was lost may be repeated, and the answer
//     tells nobody who was there.
//   - A device that is still online goes on as one that was never here. Its session takes no more ops, whose numbers
//     are of the former life of its client id; the client connects again, is told that nothing of it is held, and sends
//     what it had not had acknowledged, numbered from 1. What was acknowledged is gone. An op that was committed, but
//     whose acknowledgement did not arrive before the erasure, is among what is sent again: nobody could tell.
//   - What one reader teaches in a day is bounded (learn.Quota). A reader is remade of their last 1000 events by time when
//     they are read from the store or an event comes late; the quota looks at no more than these, so that it is the same
//     for a reader who was in memory all the time. A history may differ: in memory it can hold items from before the last
//     1000 events, where those were on fewer than 200 items. An event that is older than all 1000 teaches nothing.
//     Names are free: a flood under many names is for whoever gives them out to stop.
//   - Signing in (MergeGuest) is one commit that makes an anonymous browser's reader part of a named one. The events keep
//     their rows, so none is there twice; the client id becomes the named reader's, with its last op, so that merging again
//     changes nothing, whoever asks, and what the browser had not yet had acknowledged is still applied once. Only what is
//     under the anonymous name can be merged: no named reader's doing ever reaches another. What proves that a browser is
//     who signs in is its client id, which is random and secret; on signing in it takes another one.
//   - A merge teaches nothing and takes nothing back: each event was learnt once, after what its reader had done then. Who
//     learns all of them anew (after a start, after an erasure) learns each once too, after what the named reader had done;
//     the weights may differ by that. Making a learner anew for each who signs in would cost 27 µs an event of the whole log.
//     A page that is still open under the anonymous name is closed for good: the SDK then takes a fresh id.
//
// sim_test.go runs all of this with core/replica at the other end, on one goroutine with every fault there is.
package catalog
