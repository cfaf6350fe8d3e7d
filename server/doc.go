// Package server is nigh's edges: REST, the JSON page's WebSocket, static files and the demo's pages, around one
// catalog. It translates; what an item is worth and what is stored, it leaves to the catalog.
//
// Read first: Options and New, then routes.go (what answers where), fault.go (which error is which status).
//
//	request ─► log ─► headers ─► guard (origin, who, CORS) ─► route (may they?) ─► Catalog
//	                                 │                            │
//	                                 └── Problem (RFC 9457) ◄─────┴── FaultOf(err)
//
//	api*.go     /v1 and the recipe, described once for the mux and for /openapi.json (huma)
//	bulk.go     a body of many rows, stored in batches; rows.go reads it as a stream
//	query.go    which query parameters an operation takes
//	live.go     /ws/recommendations/: a list, and again whenever it changes
//	guard.go    who may come in; the WebSockets that are open. /v1/sync uses the same Guard
//	may.go      who may what: one table, from operation to scope; credentials.go: what a request carries
//	door.go     who a client of the channel may be, and for how long; local.go: where to listen
//	sync.go     /v1/sync: connections; outlet.go what waits for each; line.go the socket; crew.go who writes
//	limits.go   what a connection and an address may send; address.go whose address counts
//	pages.go    the demo's pages, rendered on the server; static.go the files beside them; offline.go what a browser
//	            keeps of both for when there is no network
//
// # Decisions
//
//   - Input is read by this package (decode.go), not by huma: broken JSON is answered with line and column, and a bulk
//     body is a stream of up to 64 MiB that is stored in batches while it arrives. huma reads parameters, writes
//     answers and makes the OpenAPI document.
//   - Every error is a Problem, also of unknown routes and methods. One table (faults) says which error is which status.
//   - An unknown field or query parameter is refused by name: "titel" would be lost silently otherwise.
//   - A request from another website's page is refused unless its origin is in Options.Origins, whatever its method
//     and content type. That makes the content type free to be what a client happens to send.
//   - Who somebody is, package access says; for whom they act, the handlers ask (actAs). A server is open or closed: it
//     is closed, for good, once readers' tokens are configured or its store holds a key, also one that was made while it
//     ran or that is revoked; whoever had come in before is cut off then. Whether a key can be read just now opens nothing.
//   - An open server listens to this machine alone, unless it is told to be open to everybody. To listen elsewhere and
//     ask nobody has to be said, because nobody notices that a server is open until it is too late.
//   - On a closed server an anonymous reader is the browser whose id they know: ~ and 16 random bytes at least, which is
//     the secret. So they may have their lists, their events and their erasure over HTTP too, and nobody else's. A name
//     needs a token of that name, or a key; "~" begins no name, in no token and no hello.
//   - The channel's token comes in hello. A handshake may carry one too (header, or subprotocol nigh.token.…), for clients
//     without a hello; if both do, they must be of one reader. In hello it is in no header that a proxy would log, and a
//     refusal is a close code with a reason, where a browser learns nothing of a handshake that failed. In an address it is
//     refused before it is looked at.
//   - A token that ends: a minute before, the client is asked for a fresh one of the same reader (wire.Expiry, Renew). If
//     none came it is closed with 4009, and likewise a hello whose token has ended: it may come back, but only with a
//     fresh one. What is wrong for good (no such token, another reader's) is 4503: do not. A key that was revoked ends the
//     connections that it opened, within two seconds. One timer looks after all of them, and none where none ends.
//   - An origin is checked whatever the credentials: a token is no cookie, so a foreign page cannot make a browser send it,
//     but on a closed server too there are anonymous readers, and on this machine open ones.
//   - Files are compressed when they are built (static.go), answers while they are sent (gzhttp).
//
// # The channel's connections
//
//   - A connection that says nothing keeps a goroutine that reads (4 KB of stack) and 4 KB of heap: 12 KB resident where a
//     bare coder/websocket with a goroutine to write takes 27 (nigh bench idle). What makes the difference: net/http's
//     buffers and the request are let go when the handler returns, each frame is handled on a goroutine that ends with
//     it, so that no deep stack stays, nothing waits for writing, and one look a second at all connections does the work
//     of their timers: hello within 10 s, a ping after 30 s of silence, a sign of life within 30 s more.
//   - Frames are written by this package, beside coder/websocket, which reads and answers pings and closes: all that waits
//     for a client goes out with one write, which does not wait. With 50 deltas of 512 bytes on their way to 1,000 clients
//     that is 4.5 to 8 times the deliveries of a loop with a TCP write each (nigh bench fanout): while more than one frame waits
//     for a client, half of the processors write, and what the others would have written by itself goes out with the next.
//     One delta at a time is written by all of them. A client that does not take what is written gets a goroutine until it
//     does, 16 KB within ten seconds at least.
//   - A client may leave 1 MiB unread, and 8 MiB of deltas behind a snapshot; then it is closed (4008) and may come back.
//     The system holds 64 KiB of it that were not sent (TCP_NOTSENT_LOWAT). Deltas are the same bytes for all: 500 stuck
//     clients take what is on its way to each, 32 KB. All together may have 512 MiB queued, then who lags is closed.
//   - A session without questions is not woken by changes of the catalog; its deltas are all it gets.
//   - What comes too fast is read more slowly, and TCP makes the client wait: nothing is lost, and there is no code for a
//     client to learn. Only where the wait would be longer than ten seconds, because of others at the same address, is the
//     connection closed (4010). Over HTTP it is 429 with Retry-After. An address is the peer's; X-Forwarded-For counts
//     where a trusted proxy wrote it. This machine's own addresses have no limits unless they are a trusted proxy's.
//   - On a full disk (and one that became read-only, or a quota) changes are answered 503, "read-only", and a connection
//     whose ops cannot be kept is closed (4001): its client keeps them, and comes back after waits that grow up to 30 s until
//     they are acknowledged. Lists, items, snapshots for new clients and connections without ops go on. With room again
//     all goes on without a restart (TestServe_GoesOnWhenTheDiskWasFull). Not 507: a quota and a medium that went
//     read-only look the same from here, and clients know what to do with a 503.
//   - net/http's own answers to broken requests (400, 431) stay plain text: no handler of ours sees them.
package server
