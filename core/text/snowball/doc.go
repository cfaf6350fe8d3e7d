// Package snowball is the runtime of the Snowball stemmers, and its folder english the English one (Porter2): a copy
// of github.com/blevesearch/snowballstem v0.9.0 (BSD-3-Clause, see COPYING), made because the stemmers are linked into
// the browser's module, where size counts.
//
// The one change: no fmt, no log, no strings. Env.Debug and Among.String, which nothing calls, are left out, and
// strings.HasPrefix is hasPrefix below. The library adds 89 KB (brotli) to the module, this copy 14 KB.
// Package name and import path are this module's.
//
// copy_notjs_test.go holds the change as text, fails when the copy differs from the library in anything else, and makes it
// anew: go generate ./core/text/snowball. To add a language, add its stemmer there and to the table in core/text.
package snowball

//go:generate go test -run=TestCopy -update .

func hasPrefix(s, prefix string) bool { return len(s) >= len(prefix) && s[:len(prefix)] == prefix }
