// Package client is nigh's client for Go programs: a copy of the catalog that answers at once, kept in step with a server
// over the channel. The machine is core/replica, the very one that runs in browsers; this package gives it a socket, a
// clock and a disk.
//
// Read first: Options, New and Run; then Ask and Record. Example shows all of it.
//
//	Record, Prefer, Ask, Drop ─► queue ─┐
//	reader: frames of the socket ───────┼─► Run: Machine.Step ─┬─► socket (a goroutine writes while there is something)
//	timer ──────────────────────────────┘                      ├─► Store (file or memory), before what follows from it
//	                                                           └─► OnList, OnStatus, OnProfile
//
// # Promises
//
//   - What Record and Prefer returned without an error for is sent until the server has decided it; with a file it
//     survives the process. The server counts it once, however often it is sent.
//   - Methods may be called from any goroutine, also from callbacks; callbacks come one at a time, from Run. A callback must
//     not wait for Record, Prefer or Until, which wait for Run.
//   - Run returns when its context is done, or when the server refuses the client for good (*RefusedError). No goroutine is
//     left then.
//
// # Decisions
//
//   - The file (OpenFile) is a log of transactions with a sum each, not a database: a client without SQLite is 6 MB
//     smaller, and what is stored is a few hundred keys. A torn end is cut off, for it was never called done. It is written
//     anew when most of it is of no use any more; a lock keeps a second process out.
//   - Only transactions that hold an op are synced to the disk at once: what else is lost with a machine is synced again.
//   - A private client (Options.Private) is one that the server cannot tell from a stranger: neither name nor token goes out,
//     in the handshake neither. A token that ends is asked for by OnToken, a minute before; Renew tells it to the server on
//     the connection that there is, and it is that of the handshakes to come.
package client
