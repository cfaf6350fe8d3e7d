// Package eval measures how good recommendations are, on anybody's log, beside what people use today. It holds the four
// protocols behind `nigh eval`, the baselines that each figure stands beside, and the pages that show them.
//
// Read first: System (nigh as it serves, without its server), then one protocol (Sessions is the shortest), Tally and
// Lists (what the figures are), Result (what comes out).
//
//	files ─► ReadLog, ReadItems ─► Data ─► Sessions, Holdout, Replay, Similar ─► Result ─► table, JSON, report
//	                                          │        ▲
//	              policy file, --set ─► System, baselines
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
//   - In Holdout every event counts the same, whatever its kind and value: the protocol asks who comes back to what, not
//     who liked it. The strength is that of a view, so that the prior weighs what it weighs when views are served.
//   - Places for new items (explore_share), pins and boosts are off: a log cannot judge what its readers were not shown,
//     and an owner's will is not the learner's doing.
//   - Items that carry a date or are hidden are shown by the rules of serving, at the time of the question.
//   - The baselines are floats and maps, written to be read beside their papers, not to be fast. EASE inverts a dense
//     matrix: 8·n² bytes, 3.2 GB at its bound of 20,000 items.
//   - The charts are SVG written by html/template: gonum/plot brings fonts and a TeX parser (megabytes) for bars and
//     lines, go-echarts a page that loads JavaScript, wcharczuk/go-chart is archived.
package eval
