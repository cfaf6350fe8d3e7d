// Package eval measures how good recommendations are, on anybody's log, beside what people use today. It holds the four
// protocols behind `nigh eval`, the baselines that each figure stands beside, the pages that show them, and Tune, which
// chooses a policy by them.
//
// Read first: System (nigh as it serves, without its server), then one protocol (Sessions is the shortest), Tally and
// Lists (what the figures are), Result (what comes out).
//
//	files ─► ReadLog, ReadItems ─► Data ─► Sessions, Holdout, Replay, Similar ─► Result ─► table, JSON, report
//	a store ─► ReadStore ──────────┘ │        │        ▲
//	                                 │   System, baselines ◄─ policy file, --set
//	                                 └─► Tune: cut ─► exams ─► search over space ─► Tuning, a policy file
//
// # Promises
//
//   - What is measured is what is served: the history, profile, records and index of package core, the weights of
//     package learn, quantised as the browser gets them. There is no second implementation of the ranking here.
//   - The same files and policy give the same figures on every run; only times differ.
//   - Nothing of the test part is learnt, by nigh or by a baseline.
//   - Baselines learn from the same events in the same order, and are asked the same questions.
//
// # Decisions
//
//   - A log is put into the order of its times, equal times as they stand in the file. An item that only the log names
//     is in the catalog without a text; a kind that the policy does not know counts as a view. Both are noted in the result.
//   - What one reader teaches in a day is bounded as in serving (learn.Quota), by the times of the log.
//   - In Holdout every event counts the same, whatever its kind and value: the protocol asks who comes back to what, not
//     who liked it. The strength is that of a view, so that the prior weighs what it weighs when views are served.
//   - Places for new items (explore_share), pins and boosts are off: a log cannot judge what its readers were not shown,
//     and an owner's will is not the learner's doing.
//   - Items that carry a date or are hidden are shown by the rules of serving, at the time of the question.
//   - The baselines are floats and maps, written to be read beside their papers, not to be fast. EASE inverts a dense
//     matrix: 8·n² bytes, 3.2 GB at its bound of 20,000 items.
//   - Tune cuts the log in three in time (see cut): what is learnt, what is chosen by, and a final part that nothing is
//     chosen by. For holdout these are parts of every reader's events, so that the final figures are those of Holdout.
//   - Tune looks at one field after the other, the whole grid first and then around what was found: with a second or so
//     a candidate and ten fields this ends in minutes, says what each field is worth and needs no library. A candidate
//     is taken if it is better by more than its standard error over readers, and given up on a part of the questions
//     once it is clearly worse. What was learnt is kept for candidates that differ in ranking alone.
//   - Before that it tries p, focus and σ in all combinations (24), since they make up for each other: the best is a place
//     to begin at, if it is better than the present policy by two standard errors, for it is the best of many.
//   - No half-life is tried that is longer than half of the log, and one is taken if it gains two standard errors and
//     on every fold: 7 days gain .2 % of HR@20 on the folds of six days of clicks and lose .2 % on the seventh day.
//   - In holdout the folds before the last one ask readers of shorter histories, so a change has to gain in the last too.
//     Folds that ask a tenth of each reader's events instead of a fifth know longer histories, but have half as much to tell
//     by: what they chose came to .2622 instead of .2618 on ml-100k's final part, and .1483 instead of .1534 on ml-small's.
//   - What may come again is chosen (sessions, "auto") on all steps: only so are the three repeat policies asked the
//     same. Gains are then mostly those of the repeat policy, so its own row stands in the table.
//   - The charts are SVG written by html/template: gonum/plot brings fonts and a TeX parser (megabytes) for bars and
//     lines, go-echarts a page that loads JavaScript, wcharczuk/go-chart is archived.
package eval
