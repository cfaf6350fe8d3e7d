// Package replica is the client's copy of a catalog and the machine that keeps it in step with the server. It has no
// socket, no timer, no clock and no disk: Step takes what happened and returns what should be done, so that the browser,
// the native client and the simulation run the very same code.
//
// Read first: Input and Effect (what goes in and out), Machine.Step, then outbox.go (what the reader
// does, and what becomes of it), session.go (the server's frames) and store.go (what is left for the next life).
//
//	Restore… Start, Opened, Frame, Closed, Tick ─┐           ┌─► Connect, Send, Close, Wake
//	Record, Prefer, Ask, Drop ───────────────────┤  Machine  ├─► List (local at once, then the server's)
//	Token, Merge, Export ────────────────────────┤           ├─► Status, ProfileChanged, NeedToken, GuestMerged
//	                                             └───────────┴─► Store, Recorded, Exported
//
// # Invariants
//
//   - What the reader sees comes from one index. Of the shelves in it (catalog.go) those that are followed stand at one
//     position; one that is not followed is what it was until a snapshot of it, built aside, takes its place whole. A
//     catalog of another epoch is built aside too.
//   - No shelf comes into view, and no delta is applied, before the checksums hold that the server states. A shelf whose
//     checksum does not hold is asked for anew; what is in view of it stays.
//   - Every item held has the server's score: its record carries the evidence, and the damps of items of the history
//     that stand on no shelf come as cards (core.Index.Beside). Cards are in no list of the machine's own.
//   - Where a part of the catalog is held, the machine's list comes first and the server's takes its place, until the
//     reader does something. Only who holds all of it, at one position, compares the two.
//   - A snapshot that is cut off goes on behind the last item that came, also after a new connection: see coming.
//   - The reader's history is base (what the server confirmed, up to op baseOp) and all later ops on top, in order.
//   - acked <= last: ops (acked, last] are in the outbox, and each is sent again on every connection until decided.
//   - A server that lets the machine in but takes nothing (its disk is full) is not tried without a pause: the waits between
//     connections grow until it acknowledges.
//   - A delta or snapshot is read and checked whole before anything of it is applied; if it does not fit, the machine
//     connects again and goes on showing what it has.
//   - A token that has ended is not tried again: the machine waits for a fresh one, and goes on working meanwhile.
//   - A guest's ops (account.go) keep the numbers of the guest's id, so that one which arrived before the sign-in, without
//     an acknowledgement, is not applied again.
//   - A server list that knows less than the machine (older op), or of another position or policy, is never shown.
//   - Each Store leads from one state that a life can begin from to another. An op is stored before it is sent and before
//     it is called recorded; a delta together with its position; a snapshot whole, in the place of the catalog before.
//
// # Decisions
//
//   - The machine decides what is stored, the shell only does it: crashes between any two effects are simulated here.
//   - A catalog is stored as blocks of 64 item numbers and a log of deltas (shelf.go). One value for all would rewrite
//     megabytes for one changed weight; a value for each item makes 10,000 reads of every start. Blocks are rewritten a
//     few per delta, so that no step but a snapshot's writes a whole catalog; a delta costs four to five times its bytes.
//   - A snapshot is stored when it is whole: killed before, the next life has the old catalog and asks again.
//   - What does not open (torn, foreign, of another schema) is left out and taken out: of a catalog all, it is synced
//     again; of ops the one. An op's number that is missing is given a wish that changes nothing, for numbers must follow
//     on each other, and to number anew could count twice what the server holds.
//   - The client id lives in the store beside the numbers that it gave. Before the first welcome of a life nothing of it
//     was sent, so a server that holds higher numbers than were restored tells of a life whose store had failed: restored
//     ops are among what it holds, ops since are not.
//   - Record and Prefer may carry an Origin. What a tab says again, because whom it told died, is taken once: the last
//     number of each tab is stored with the op.
//   - Who signs in takes along what they did before, also without a connection: the shell moves the reader and the ops of
//     the anonymous store into the account's (guest/<move>/), in one transaction, so each op is in one of the two. They go
//     as Merge, under the numbers and the id that they were given, on each connection of each life until Merged: what had
//     arrived before is not applied again. What that store holds next is another guest's: its id is spent with the move,
//     lest numbers be given twice. Not chosen: to send them as the guest first (a sign-in without a network would have
//     to wait, in a tab that may be gone by then), and to number them as the account's (what had arrived would count twice).
//     Lists and the profile know of them when the server has them: till then no list of its own could be equal to ours.
//   - A private machine (private.go) keeps ops instead of a profile, and its hello is of nobody.
package replica
