// Package snowball holds the Snowball stemmers of eight languages as data, and the small machine that runs them. They are
// the programs of github.com/blevesearch/snowballstem v0.9.0 (BSD-3-Clause, see COPYING), which the Snowball compiler
// generated; it is linked into the browser's module, where size counts.
//
//	library's Go --translate_notjs_test.go--> programs.go (a string a language) --New--> Stemmer.Stem
//
// Read first: code.go (the instructions), then machine.go (what they do).
//
// # Decisions
//
//   - The generated Go of English cost the module 9 KB (brotli), and the library's log and fmt 89 KB once; the machine and
//     English cost 8 KB, and each further language 0.8 KB. Of the Go nothing is left to be wrong by hand: the translator knows the forms of
//     statements that the Snowball compiler writes, refuses every other, and a test fails when programs.go is not what it
//     makes of the library that go.mod names. To make it anew: go generate ./core/text/snowball.
//   - A second test holds every language's stems equal to the library's, over all of its endings put on many words, and a
//     fuzz target over anything.
//   - It is the one implementation, in the server too: a term must be the same on both sides. A word is changed in place
//     in a fixed array, so that nothing is allocated but a stem that is no beginning of its word.
//
// To add a language, add its name to the list in translate_notjs_test.go and to the table in core/text.
package snowball

//go:generate go test -run=TestPrograms -update .
