// Package text turns what people wrote into terms that can be compared. It promises that the same text gives the same
// terms on every machine and under every Go version, that no input makes it fail, and that it stays small: it is linked
// into the browser's module.
//
//	"The Reader’s sci-fi"  --Fold-->  "the reader's sci-fi"  --Terms-->  reader, sci, fi, scifi
//
// Read fold.go first (Fold, for labels, names and before anything is compared), then analyzer.go (words to terms), then
// languages.go (what each language adds). runes.go decodes the two tables of tables.go, which tables_test.go defines and
// makes; snowball/ holds the stemmers.
//
// # What becomes a term
//
//   - A word is a run of letters, marks and digits of the folded text; everything else separates, emoji too. Numbers
//     stay: "1984", "3.14" is 3 and 14.
//   - English, German, French, Spanish, Portuguese, Italian, Dutch and Russian drop their stop words ("the", "don't") and
//     stem (Snowball): "sailing boats" is sail, boat; "Häusern" is haus. Other languages are folded alone.
//   - A stemmer knows the accents of its language ("é" ends a participle, "й" an adjective), so they stay until the word
//     is stemmed and are taken off then: who types without them mostly finds the same. Stop words count either way.
//   - German ae, oe and ue are ä, ö and ü, but for ue after a vowel or q: "Haeuser" is haus, "neue" is neu.
//   - An apostrophe within an English word belongs to it until it is stemmed and is then taken out: "reader's" is
//     reader, "O'Reilly" and "oreilly" are one. Elsewhere it separates, and what stands beside it is dropped if it says
//     nothing: "l'homme" is homm in French, "foto's" foto in Dutch. In a language that is not known it is l, homme.
//   - A hyphen separates. Where exactly two parts meet and one has at most three letters, the whole is a term too, so
//     that "sci-fi" finds "scifi", "e-mail" finds "email"; not "well-known", whose "wellknown" would be a rare and
//     therefore heavy term that nobody asks for, and not "1984-85".
//   - A single letter followed by "#" or "++" keeps it: "C#" and "C++" are not C.
//   - In French and Portuguese a hyphen also joins pronouns: "dit-il" is not read as one.
//   - Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese text becomes overlapping pairs of characters: 東京都 is
//     東京, 京都. Pairs find what a dictionary would, with some noise, and need no dictionary of 1 MB.
//   - A word of more than 40 bytes is dropped if it is ASCII (a key, encoded data), else cut to whole letters within 40
//     bytes, which in Georgian or Hindi is 13 letters.
//
// # Several languages
//
// An item is read in its own language, if it names one, else in the catalog's (For). Nobody knows the language of what a
// reader asks for, so it is read in each that the policy names, and a stem that two languages share counts once (Query).
// The list is part of the policy, which travels, so browser and server read alike; a list derived from the items would
// differ in a browser that holds only some of them.
//
// A word that is a stop word in one of the languages counts only if nothing else was asked for: "the" says nothing to
// the German half of a catalog either; who asks for "war" alone means the English word.
//
// # What it costs
//
// In a js/wasm module (-s -w, brotli 11), above one that only imports syscall/js (439 KB): Fold 10.6 KB; the machine of
// the stemmers with English 8 KB, the other seven 5 KB together, their stop lists 2.6 KB. As Go, as the library has
// them, English alone took 9 KB (and with the library's log and fmt 89 KB). The tables are 6 KB of Fold; unicode.ToLower,
// IsLetter and IsMark would add 13 KB and still not take an accent off.
//
// Native, on one core: 10 to 15 MB/s for English, two allocations for the folded text, one for the terms, one for each
// stem that is no beginning of its word. The stemmer is two thirds of that: a word takes it 1 µs, the library 0.4 µs and
// an allocation or two. NewAnalyzer takes 15 to 40 µs; keep what it returns.
//
// # Decisions
//
//   - The tables are frozen, not the unicode package's: records hold hashes of terms, so a term may not change because
//     somebody built with a newer Go. Making them anew is a change of every index.
//   - Accents are taken off in every Latin, Greek, Cyrillic, Hebrew and Arabic text, whatever the language: people
//     leave them out when they type. Indic vowel signs and Thai tones are not accents and stay. Of a letter with two
//     accents (Vietnamese, in a text of another language) a decomposed spelling may keep one until it is stemmed.
//   - One Analyzer holds no mutable state, each call of Terms has its own machine for the stemmer on its stack.
package text

//go:generate go test -run=TestTables -update .
