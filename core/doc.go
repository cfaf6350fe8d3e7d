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
//	score(item) = Σ over f in item ∩ profile of value(item.weight[f]) · profile[f] · damp(f) / 2^16  +  prior(item, hour, policy)
//
// where an item of the profile counts as having an edge to itself, of the policy's SelfWeight: some catalogs are for
// coming back to; and damp(f) of an item is what its record says (Damp), 1 of everything else.
//
// # Decisions
//
//   - Weights are one byte on a logarithmic scale (Weight): 16 steps an octave, so ±2.2 % over five orders of
//     magnitude. A posting is then four bytes, an edge on the wire two to four.
//   - A profile's weights are in units of 1/65536, finer than its parts: what quantisation costs stands in
//     server/eval/testdata/quantisation.txt, against a twin in floats.
//   - Items are numbered by the catalog that owns them (ItemNum), once, never reused: an edge names its source in a
//     byte or three instead of a whole id. Ids (ItemID) are what people and APIs use.
//   - Terms, tags, categories, authors and attributes are features by 40-bit hash: no dictionary has to travel. Among
//     a million different words one pair is expected to collide, equally on both sides.
//   - Popularity is a forward-decayed logarithm (Heat): it changes only when its item is touched, never with the hour,
//     so the order of unread items is the same at every hour and an index can keep it sorted.
//   - Equal scores fall by Heat, then by ItemNum, the newer first: a total order that both sides hold all of.
//   - A ranking looks at as little as it can: sums stand in cells by slot, next to who has one in this ranking; a histogram
//     tells which score the pool will ask for, and whoever is below it, with the prior of the hottest item for a bonus, is
//     passed over unseen; the pool orders what is asked of it (pool.go). Nothing of a ranking is kept for the next.
//   - A list is made place by place (Index.place): a pinned item, or in a place for new items one of these, or the best
//     candidate after the penalties of spreading that is no near-duplicate of the item above. A place depends only on
//     those above it, so a short list is the head of a long one.
//   - A pinned item obeys whatever keeps an item out, the repeat policy too: an owner may put something in front of
//     readers, not keep it there when they have had it or turned it down.
//   - A boost multiplies the score, so it works for readers of whom much is known and of whom nothing is. Items of one
//     boost have an order by Heat of their own, in which scores fall: no boosted item is missed by stopping early.
//   - New items are found by Heat: at its publication an item's is known, and every contact raises it. Which of them a
//     place for new items gets is a hash of reader, day and item. Such a place changes nothing where the ranking has a
//     new item there already: a catalog in which all is new is listed as if there were none.
//   - Near-duplicates are told by the weights of their own features, not by readers: the same text twice. Only the item
//     right above is compared, for at most eight candidates a place, so 20 places cost 20 comparisons as a rule.
//   - Pages exclude what was shown, by number (Cursor), instead of counting places: a list that moves under the reader
//     neither repeats nor skips.
//   - A filter is groups of features, each any-of, and features that must not be there: any, all and not of all kinds of
//     label become that (Wanted), and times compare with Published.
//
// The import law: nothing here imports fmt, reflect, net, time, encoding or strings; see law_notjs_test.go.
package core
