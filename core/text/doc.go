// Package text turns what people wrote into terms that can be compared. It promises that the same text gives the same
// terms on every machine and under every Go version, that no input makes it fail, and that it stays small: it is linked
// into the browser's module.
//
//	"The Reader’s sci-fi"  --Fold-->  "the reader's sci-fi"  --Terms-->  reader, sci, fi, scifi
//
// Read fold.go first (Fold, for labels, names and before anything is compared), then analyzer.go (words to terms), then
// languages.go (what English adds). runes.go decodes the two tables of tables.go, which tables_test.go defines and
// makes; snowball/ holds the stemmer's copy.
//
// # What becomes a term
//
//   - A word is a run of letters, marks and digits of the folded text; everything else separates, emoji too. Numbers
//     stay: "1984", "3.14" is 3 and 14.
//   - English drops its stop words ("the", "don't") and stems (Porter2): "sailing boats" is sail, boat.
//   - An apostrophe within an English word belongs to it until it is stemmed and is then taken out: "reader's" is
//     reader, "O'Reilly" and "oreilly" are one. In a language that is not known it separates: "l'homme" is l, homme.
//   - A hyphen separates. Where exactly two parts meet and one has at most three letters, the whole is a term too, so
//     that "sci-fi" finds "scifi", "e-mail" finds "email"; not "well-known", whose "wellknown" would be a rare and
//     therefore heavy term that nobody asks for, and not "1984-85".
//   - A single letter followed by "#" or "++" keeps it: "C#" and "C++" are not C.
//   - Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese text becomes overlapping pairs of characters: 東京都 is
//     東京, 京都. Pairs find what a dictionary would, with some noise, and need no dictionary of 1 MB.
//   - A word of more than 40 bytes is dropped if it is ASCII (a key, encoded data), else cut to whole letters within 40
//     bytes, which in Georgian or Hindi is 13 letters.
//
// # What it costs
//
// In a js/wasm module (-s -w, brotli 11), above one that only imports syscall/js (439 KB): Fold 10.6 KB, all of it
// 27 KB, of which the English stemmer is 14 KB. The tables are 6 KB of the 10.6; unicode.ToLower, IsLetter and IsMark
// would add 13 KB and still not take an accent off. The library that snowball/ is copied from adds 89 KB by itself,
// through log and fmt.
//
// Native, on one core: 22 to 32 MB/s for English (the 63,666 descriptions of Debian's packages, 27 MB, in 1.2
// seconds), two allocations for the folded text, one for the terms, one for every change the stemmer makes that is not a
// cut at the end. NewAnalyzer takes 4 µs; keep what it returns.
// In the module (under Node, on a busy machine) it is 1.8 MB/s: half a millisecond for a page of text.
//
// # Decisions
//
//   - The tables are frozen, not the unicode package's: records hold hashes of terms, so a term may not change because
//     somebody built with a newer Go. Making them anew is a change of every index.
//   - Accents are taken off in every Latin, Greek, Cyrillic, Hebrew and Arabic text, whatever the language: people
//     leave them out when they type. Indic vowel signs and Thai tones are not accents and stay.
//   - One Analyzer holds no mutable state, each call of Terms has its own stemmer environment on its stack.
package text

//go:generate go test -run=TestTables -update .
