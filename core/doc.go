// Package core is what recommending means in nigh: what an item's record holds, how a reader's profile is made,
// and how the two become a ranked list. The same code runs in the server and, as WebAssembly, in the reader's browser.
//
// Read first: Record (what is known of an item), Profile (what is known of a reader), Index.Rank (the sum of both).
//
//	history ──┐                       records (delta by delta)
//	          ├─ Policy ─► Profile        │
//	prefs   ──┘              │            ▼
//	                         └──────► Index.Rank ──► []Ranked ──► Explain
//
// # Promises
//
// The same index content, profile, policy and hour give the same list, bit for bit, on every machine: there is no
// float, no clock, no randomness and no map order in this package's ranking path. What varies is an argument.
//
//	score(item) = Σ over f in item ∩ profile of value(item.weight[f]) · profile[f] · damp(f) / 2^8  +  prior(item, hour, policy)
//
// where an item of the profile counts as having an edge to itself, of the policy's SelfWeight: some catalogs are for
// coming back to; and damp(f) of an item is what its record says (Damp), 1 of everything else.
//
// # Decisions
//
//   - Weights are one byte on a logarithmic scale (Weight): 16 steps an octave, so ±2.2 % over five orders of
//     magnitude. A posting is then four bytes, an edge on the wire two to four.
//   - Items are numbered by the catalog that owns them (ItemNum), once, never reused: an edge names its source in a
//     byte or three instead of a whole id. Ids (ItemID) are what people and APIs use.
//   - Terms, tags, categories, authors and attributes are features by 40-bit hash: no dictionary has to travel. Among
//     a million different words one pair is expected to collide, equally on both sides.
//   - Popularity is a forward-decayed logarithm (Heat): it changes only when its item is touched, never with the hour,
//     so the order of unread items is the same at every hour and an index can keep it sorted.
//   - Equal scores fall by Heat, then by ItemNum, the newer first: a total order that both sides hold all of.
//
// The import law: nothing here imports fmt, reflect, net, time, encoding or strings; see law_notjs_test.go.
package core
