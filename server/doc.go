// Package server is nigh's edges: REST, the JSON page's WebSocket, static files and the demo's pages, around one
// catalog. It translates; what an item is worth and what is stored, it leaves to the catalog.
//
// Read first: Options and New, then routes.go (what answers where), fault.go (which error is which status).
//
//	request ─► log ─► headers ─► guard (origin, token, CORS) ─► route ─► Catalog
//	                                 │                            │
//	                                 └── Problem (RFC 9457) ◄─────┴── FaultOf(err)
//
//	api*.go     /v1 and the recipe, described once for the mux and for /openapi.json (huma)
//	bulk.go     a body of many rows, stored in batches; rows.go reads it as a stream
//	query.go    which query parameters an operation takes
//	live.go     /ws/recommendations/: a list, and again whenever it changes
//	guard.go    who may come in; the WebSockets that are open. /v1/sync uses the same Guard
//	pages.go    the demo's pages, rendered on the server; static.go the files beside them
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
//   - Files are compressed when they are built (static.go), answers while they are sent (gzhttp).
package server
