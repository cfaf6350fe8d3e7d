// Package learn makes the records that package core ranks: it turns what items say and what readers do into weights.
// It runs in the server only, holds no lock and starts no goroutine; its owner calls it from one goroutine and tells it
// the time. Floats are welcome here: they end where a weight is quantised.
//
// Read first: Policy (the knobs), Learner (events in, edges out), Content (texts in, features and neighbours out).
//
//	event + history ─► Learner.Observe ─► counts c, d ─┐
//	                                                   ├─► Learner.Weights ─► core.Weights (edges, heat)
//	item's text ─► Content.Put ─► vector, neighbours ──┘
//
// # The counting form (ρ = 0)
//
// Before event j of a reader, x holds the last W distinct items, x_a = (1 + recency rank)^-p. Then
//
//	d[a] += x_a²        c[a→j] += x_a        c[j→a] += σ·x_a        (a ≠ j, both faded by a calendar half-life)
//	w(a→j) = c[a→j] / (d[a] + λ)
//
// c keeps b[a→j] + σ·b[j→a] of DESIGN.md in one number, since only their sum is used. Fading is forward decay: an
// increment at time t is multiplied by 2^((t-t0)/halfLife) instead of everything else being divided, and λ with it.
//
// # Decisions
//
//   - Candidates of an item are bounded (MaxCandidates) by the Space-Saving algorithm (Metwally et al., ICDT 2005): the
//     weakest gives its place and its count to the newcomer, and what it inherited is not counted as evidence.
//   - w(a→j) changes for every j when d[a] grows. All of a's targets are marked for a new calculation when d[a]+λ has
//     grown by one step of the quantised scale (1/16 octave) since the last time: an older weight would round to the
//     same code, or the one beside it.
//   - Of an item's candidates the K with the largest w·sqrt(d+λ) become edges: by w alone they would mostly be sources
//     that were seen once or twice.
//   - Content neighbours are the cosine of BM25-weighted vectors (Robertson and Zaragoza, "The Probabilistic Relevance
//     Framework", 2009) of terms, tags, categories and author, cut to the strongest. The quantised vector itself is the
//     item's features, so "more like this" and "matches sailing" speak of the same numbers.
//   - Content is evidence that was not seen yet: a neighbour of cosine s counts as ContentWeight·λ·s transitions, so
//     that alone it weighs ContentWeight·s and yields as its source is met; and it fades with the contacts of the item
//     itself. As a fixed share of the score it drowned behaviour (ml-100k NDCG@10 .073 instead of .256).
//   - An item that nobody met borrows what leads to the neighbours that were: see borrow.
//   - What these choices are worth stands in server/eval/testdata/stats.txt. ρ > 0, which needs counts of pairs, does
//     not exist here yet: on ml-100k it is worth another .01.
package learn
