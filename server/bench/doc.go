// Package bench measures how fast nigh is on the machine it runs on: what `nigh bench` prints.
//
// Read first: Result (what comes out), then one bench: Rank (the index alone), Learn (events in, lists out), Import (texts
// in), Serve (HTTP under load), Sync (a first sync).
//
//	                    nigh                                        its yardstick, in the same run
//	Rank    a ranking in the index                       a scan of all records; a pass over their bytes
//	Learn   an event and all records it changes          the same pairs counted in a map
//	        an event to the changed list, over HTTP      a file written and synced
//	Import  items on disk, related to all others         SQLite FTS5: index, and "more like this"
//	Serve   POST /v1/recommendations, 8 connections      bare net/http, as many bytes
//	Sync    a client's first sync: bytes, and time       the records as gzipped JSON; as many bytes over TCP
//
// # Decisions
//
//   - A figure of one machine on one day says little: each stands beside a yardstick measured in the same run, and the
//     ratio is stated so that larger is better.
//   - What is measured is what is served: the index of package core, System of package eval, the server with its store on
//     disk. Made-up catalogs and logs are the same on every run and machine.
//   - The load on a server comes from another process, which writes ready-made bytes: a client within the server's process
//     shares its scheduler and its garbage, and Go's own client takes more of the machine than the server.
//   - FTS5 is the known engine that is in the binary already; bleve would be another 10 MB.
package bench
