// Package ingest reads other people's content and logs: JSON Lines, JSON, CSV, RSS, Atom, JSON Feed, and folders of
// Markdown with front matter. It yields items and events with the place where each stands, and writes nothing.
//
// Read first: Items and Events, then format.go (what is taken for what), then the reader of the format at hand.
//
//	file, folder, URL, "-"  ─► open: gzip and BOM off (source.go)
//	                              │
//	      json.go csv.go          ├─► fields by name ─► fields.go ─► store.Item, store.Event
//	      feed.go                 ├─► entries ─────────────────────► store.Item
//	      markdown.go site.go     └─► front matter and body ───────► store.Item
//
// # Promises
//
//   - A bad row costs that row: it is yielded as a *RowError with its place, what is wrong and what to do, and the rest
//     follows. Any other error ends its source.
//   - Memory is bounded whatever the input: a row holds at most MaxRow bytes, a feed MaxFeed. Longer rows are skipped
//     and reported, compressed input is never held whole.
//   - Nothing is dropped in silence: a field that nothing knows is counted and reported through Options.Notice.
//   - Text is text: HTML of feeds and Markdown of pages become plain words here, once.
//
// # Decisions
//
//   - Limits of what an item may hold are the catalog's (server/catalog); this package refuses only what it cannot read.
//   - A list in one cell of CSV splits at | if there is one, else at ;. Commas stay: labels contain them.
//   - A vector is a list of numbers; in a cell of CSV, or as a text, also numbers with blanks between them or the base64 of
//     little-endian float32 (store.ParseVector).
//   - An event without an id gets one made of its content (EventKey), so that a file imported twice, or a log that grew
//     since the last import, counts each event once. Two rows alike in everything, time included, are one event.
//   - A Markdown file's id is its path without extension, the slug standing in for the last part: what stays the same
//     when a title is corrected, and differs between two posts of one name.
package ingest
