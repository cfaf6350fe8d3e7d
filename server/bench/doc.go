// Package bench measures how fast nigh is on the machine it runs on: what `nigh bench` prints.
//
// Read first: Result (what comes out), then one bench: Rank (the index alone), Learn (events in, lists out), Import (texts
// in), Serve (HTTP under load); of the channel Sync (a first sync), Fanout, Idle, Resume, Ops and Soak, whose
// thousands of clients are a crowd (crowd.go).
//
//	                    nigh                                        its yardstick, in the same run
//	Rank    a ranking in the index                       a scan of all records; a pass over their bytes
//	Learn   an event and all records it changes          the same pairs counted in a map
//	        an event to the changed list, over HTTP      a row inserted into SQLite and synced
//	Import  items on disk, related to all others         SQLite FTS5: index, and "more like this"
//	Serve   POST /v1/recommendations, 8 connections      bare net/http, as many bytes
//	Sync    a client's first sync: bytes, and time       the records as gzipped JSON; as many bytes over TCP
//	Memory  events imported a second                     a bare table of SQLite
//	        resident, with all learnt, and learnt anew   all pairs of the log in a map
//	beside  "more like this"                             bleve
//	Fanout  a change of the catalog to 1,000 readers     a loop of one TCP write each
//	Idle    memory of a reader who says nothing          a bare WebSocket, two goroutines
//	Resume  100 edits missed; thousands cut off at once  who was there; bare WebSockets that connect
//	Ops     what readers do, to its acknowledgement      the store alone; a bare SQLite at the same pace
//	Soak    readers who come and go                      its own first quarter
//
// # Decisions
//
//   - A figure of one machine on one day says little: each stands beside a yardstick measured in the same run, and the
//     ratio is stated so that larger is better.
//   - What is measured is what is served: the index of package core, System of package eval, the server with its store on
//     disk. Made-up catalogs and logs are the same on every run and machine.
//   - The load on a server comes from another process, which writes ready-made bytes: a client within the server's process
//     shares its scheduler and its garbage, and Go's own client takes more of the machine than the server.
//   - FTS5 is the known engine that is in the binary already. Bleve (2.6.3, alive, Apache 2.0) would add 27 modules and
//     10 MB: the benchmark beside it is a module of its own, in beside. "More like this" takes it 9 to 20 times as long.
//   - An event and its yardstick take turns, 50 of each: a machine, and a disk above all, is not as fast at any time.
//   - Beside an event's whole time stand the 99th percentiles of its parts (catalog.Part, and the client's two calls), so that
//     an operator sees where it goes. commit is mostly the disk's; wait is the step that the owner was at.
//   - A crowd's clients read no more than they must, and decode a frame that all of them get once. Where a copy of the
//     catalog matters (Resume, Soak) they are package client.
//   - nigh and a yardstick of the network or the disk take turns within one run, and medians are told: the machine of a
//     bench is never quiet. Time on the processor (cpu_us) is told where there is any, for it depends less on others.
//   - Ops at a pace begin when all readers are there, with catalog and profile: 64 that come at once take 0.2 s, and with
//     that in the clock the 99th percentile of a second of ops was theirs, 128 ms. The parts tell of the server alone.
//   - Fanout edits in memory while many deltas are on their way, or the disk would be measured, and on disk when it tells
//     how long one takes, from the commit on: wire is when its first byte was at a client's socket, as the system says (on
//     Linux; else as the client does), first when a client had read it, last when all had. Behind wire the clients' process
//     waits for its turn on the same processors, 4 ms of 4.5 in the 99th percentile, and so does the plain loop's.
package bench
