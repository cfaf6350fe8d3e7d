// Package replica is the client's copy of a catalog and the machine that keeps it in step with the server. It has no
// socket, no timer and no clock: Step takes what happened and returns what should be done, so that the browser, the
// native client and the simulation run the very same code.
//
// Read first: Input and Effect (what goes in and out), Machine.Step, then outbox.go (what the reader
// does, and what becomes of it) and session.go (the server's frames).
//
//	Start, Opened, Frame, Closed, Tick ─┐           ┌─► Connect, Send, Close, Wake
//	Record, Prefer, Ask, Drop ──────────┤  Machine  ├─► List (local at once, then the server's)
//	Token ──────────────────────────────┘           └─► Status, ProfileChanged, NeedToken, GuestMerged
//
// # Invariants
//
//   - What the reader sees comes from one index at one position. A snapshot is built aside and takes its place whole.
//   - The reader's history is base (what the server confirmed, up to op baseOp) and all later ops on top, in order.
//   - acked <= last: ops (acked, last] are in the outbox, and each is sent again on every connection until decided.
//   - A delta or snapshot is read and checked whole before anything of it is applied; if it does not fit, the machine
//     connects again and goes on showing what it has.
//   - A token that has ended is not tried again: the machine waits for a fresh one, and goes on working meanwhile.
//   - A guest's ops (account.go) keep the numbers of the guest's id, so that one which arrived before the sign-in, without
//     an acknowledgement, is not applied again.
//   - A server list that knows less than the machine (older op), or of another position or policy, is never shown.
package replica
