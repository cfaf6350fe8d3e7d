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
// # The method
//
// Before event j of a reader, x holds the last W distinct items, n of them: x_a = (1 + recency rank)^-p, and that times
// n/(n + focus) for all but the most recent one. Then
//
//	d[a] += x_a²        c[a→j] += x_a        c[j→a] += σ·x_a        (a ≠ j, all faded by a calendar half-life)
//	w(a→j) = c[a→j] / (d[a] + λκ)
//
// c keeps b[a→j] + σ·b[j→a] of DESIGN.md in one number, since only their sum is used. Fading is forward decay: an
// increment at time t is multiplied by 2^((t-t0)/halfLife) instead of everything else being divided, and λ with it.
//
// Refinement (ρ > 0): what is often met together must not be counted as often. Over the K kept sources of an item,
//
//	solve (diag(d + λκ) + ρκ'·S) w = c,  w ≥ 0,      S[a,b] = (c[a→b] + c[b→a]) / (1 + σ)
//
// by Gauss-Seidel. DESIGN.md has A[a,b] = Σ x_a·x_b in the place of S, which costs O(W²) an event and memory for pairs;
// S is read off the counts that are there. The two differ by a factor that is the same for all pairs of a log, about:
//
//	κ = Σ over events of Σ_{a<b} x_a·x_b  /  Σ over events of Σ_a x_a
//
// both begun at 1,000: how much company a source has (¼ to ½ in shops' sessions, 5 in the histories of film lovers). Damping by λ has to grow
// with it too: a source among fifty says less of what follows. So λ is in units of κ, ρ of κ' = κ³/(κ²+4), which is κ where
// it is large and next to nothing in sessions; and one default policy serves logs for which λ had to be 5 and 200
// (server/eval/testdata/stats.txt).
//
// # Decisions
//
//   - Sessions want a steep p (1), long histories a flat one (.6). What differs is mostly the step behind the first item of a
//     short history, so focus makes that: .65 and focus 1 give MRR@20 .3756 on yoochoose, .1936 where the current item is left
//     out; without focus .3712 and .1890, with p 1 .3794 and .1976. It takes nothing from films, for which p 1 is 8 % worse. It depends on the history alone, so
//     browser and server agree; a p that followed κ would change under them.
//   - ρ in units of κ took 1 % of HR@20 from sessions (.5514 instead of .5577): what is in their company is little, and S
//     overrates it.
//   - A window of 100 items instead of 50 gives 1 to 2 % of NDCG@10 on films, 200 one more (ml-small .1517, .1526, .1540 with
//     p .6); an event of a reader of so many costs twice as much, of a session as before.
//   - A text is read in its item's own language, else in the policy's. Readers' words are read in language and languages
//     of the policy (see core/text): an operator whose items have another is warned when the first one comes.
//   - An event changes few records. d[a] grows with every event that a takes part in, and with it all that leads from a:
//     so an edge holds c/2^o, o being the octave of d+λκ, and the rest of the division is a factor that the record of a
//     carries (core.Damp). What leads from a is written anew when d+λκ has doubled. Before, with steps of 1/16 octave,
//     learning one event and showing it cost 1.4 ms on ml-100k.
//   - An item is marked when its record would change: a count is held against the edge it made, and against the weakest
//     that was kept (floor). Not looked for: a candidate that was left out and would be in by now because the keys of others
//     sank, until something else marks the item; and a lender's counts between two powers of two of its contacts. Marks are made in the order of events, so a rebuild from the log makes the same counts.
//   - A refinement leaves each weight a share of itself, kept with the candidate: a new event shows at once, with the share
//     of before, and the item is refined again when its contacts have grown by 3 %.
//   - Candidates of an item are bounded by the Space-Saving algorithm (Metwally et al., ICDT 2005): the weakest gives its
//     place and its count to the newcomer, and what it inherited is not counted as evidence. All of a catalog together are
//     bounded too (candidateBudget): 156 MB for 100,000 items, however many events.
//   - Of an item's candidates the K with the largest w·sqrt(d+λκ) become edges: by w alone they would mostly be sources
//     that were seen once or twice.
//   - Content neighbours are the cosine of BM25-weighted vectors (Robertson and Zaragoza, "The Probabilistic Relevance
//     Framework", 2009) of terms, tags, categories and author, cut to the strongest. The quantised vector itself is the
//     item's features, so "more like this" and "matches sailing" speak of the same numbers.
//   - An item may come with a vector, an embedding of any model. Two items that both have one are as similar as these say,
//     any other two as their terms say: so the few with a vector of a large catalog still have neighbours among the many
//     without, and the order of neighbours of items with vectors is that of the cosine. An item's features stay its terms.
//   - Models put all texts near each other (cosines of .7 to .9 are usual), and relate more than a shared word does. So the
//     similarity of vectors is ((cosine - m)/(1 - m))², m being the mean cosine of the catalog's items, as of the last
//     Reweigh: the order stays, and whatever the model, content weighs about as much beside behaviour as with terms. On
//     ml-small with a tenth of the items new and latent semantic analysis (384 dimensions) as the model: NDCG@10 of all
//     targets .1402, of new items .0102; terms .1427 and .0067; without the square .1314 and .0196; with a cube .1427 and
//     .0024. With an offset that all vectors share (mean cosine .9), .1408 and .0103.
//     With that model P@10 of eval similar is .515 on 10,000 packages of debian, with terms .461.
//   - Vectors are searched one by one, exactly: gonum's dot product (SSE on amd64) does 6 to 7·10^9 products a second, 0.5 ms
//     an item of 10,000 × 384, 3.5 ms of 60,000 × 384. All neighbours of 10,000 items take 5 s of processor time, of 60,000
//     3½ minutes, spread over all cores, in the background and in steps (Portion). Memory: 4 bytes a dimension, 92 MB
//     for 60,000 × 384. Approximate search (HNSW) was looked for: what there is in Go without C panics after deletions or finds
//     too little (github.com/coder/hnsw 0.6.1 of June 2024: its issues 10, 13, 15 and 17), or is one person's of a few months.
//     AVX2 (github.com/viterin/vek) would do 16 to 19·10^9 with several items at a time, for three more dependencies.
//   - Content is evidence that was not seen yet: a neighbour of cosine s counts as ContentWeight·λκ·s transitions, so that
//     alone it weighs ContentWeight·s, and it fades with the contacts of both ends. As a fixed share of the score it drowned
//     behaviour (ml-100k NDCG@10 .073 instead of .256).
//   - An item that nobody met borrows what leads to the neighbours that were: see borrow.
//   - A deleted item is forgotten as source and target; that it was met stays in others' d until the next start, which
//     counts as if it had never been.
//   - A reader cannot be subtracted: what was evicted on their account does not come back. The owner makes a new Learner
//     of the events of all others.
//   - A flood is held off before Observe (Quota), and not by weighing: what a reader does in a day either teaches in full
//     or not at all, and a rebuild decides alike. It costs .01 % of HR@20 on yoochoose and nothing on ml-100k.
package learn
