package text

import (
	"unicode/utf8"

	"nigh/core/text/snowball"
)

// MaxTermBytes bounds a term. A longer word is no word if it is ASCII (a key, a path, encoded data) and is dropped; in
// other scripts, whose letters take two or three bytes, it is cut to its longest beginning of whole letters.
const MaxTermBytes = 40

// shortPart is the length up to which a part of a two-part hyphenated word makes the word be read as one, too.
const shortPart = 3

// Analyzer turns text into terms for one language, and queries for all languages of a catalog. It is immutable: any
// number of goroutines may use it.
type Analyzer struct {
	language
	keep    []letterWithMark    // letters that stay until the word is stemmed
	stem    *snowball.Stemmer   // nil: none
	stop    map[string]struct{} // as the language spells them, and without marks
	elided  map[string]struct{}
	besides []*Analyzer // of the other languages that a query may be in
}

// NewAnalyzer returns the analyzer of a language, given as BCP 47 tag ("en", "en-GB"; only the primary subtag counts),
// for a catalog that holds texts in others, too. Of a language that languages.go does not hold it folds and splits the
// text, without stop words and stemming.
func NewAnalyzer(tag string, others ...string) *Analyzer {
	a := newAnalyzer(tag)
	for _, o := range others {
		other := newAnalyzer(o)
		have := other.name == a.name
		for _, b := range a.besides {
			have = have || other.name == b.name
		}
		if !have {
			a.besides = append(a.besides, other)
		}
	}
	return a
}

// known returns the name of the language that a tag means to an analyzer.
func known(tag string) string {
	primary, _ := ParseLanguage(tag)
	for _, l := range languages {
		if l.name == primary {
			return l.name
		}
	}
	return Undetermined
}

func newAnalyzer(tag string) *Analyzer {
	name := known(tag)
	for _, l := range languages {
		if l.name != name {
			continue
		}
		a := &Analyzer{language: l, keep: lettersWithMarks(l.keep), stem: snowball.New(l.name), elided: wordSet(l.elided)}
		a.stop = wordSet(l.stop)
		for w := range wordSet(l.stop) {
			a.stop[withoutMarks(a.keep, w)] = struct{}{}
		}
		return a
	}
	return &Analyzer{language: language{name: Undetermined}}
}

// Undetermined is the language of an Analyzer that knows nothing of its text's language.
const Undetermined = "und"

// For returns the analyzer of a text whose language is given by its own tag: a itself for "".
func (a *Analyzer) For(tag string) *Analyzer {
	if tag == "" {
		return a
	}
	name := known(tag)
	if name == a.name {
		return a
	}
	for _, b := range a.besides {
		if b.name == name {
			return b
		}
	}
	return newAnalyzer(name)
}

// Asks tells whether Query looks for what a text of a tag's language becomes: whether it is one of a's languages.
func (a *Analyzer) Asks(tag string) bool {
	f := a.For(tag)
	for _, b := range a.besides {
		if f == b {
			return true
		}
	}
	return f == a
}

// Language returns the subtag of the language whose rules a follows: "en", or Undetermined.
func (a *Analyzer) Language() string { return a.name }

// Query returns the terms that a text asks for in a catalog of several languages: what Terms returns, and then of each
// other language the terms that those before do not have. A word that is a stop word of another of the languages ("war",
// "die") counts only if the text holds nothing else. Without other languages it is Terms.
func (a *Analyzer) Query(s string) []string {
	if len(a.besides) == 0 {
		return a.Terms(s)
	}
	all := append([]*Analyzer{a}, a.besides...)
	had := map[string]bool{}
	var sure, unsure []string
	for _, b := range all {
		t := b.read(s, all)
		for i, term := range t.out {
			switch {
			case had[term]:
			case t.unsure[i]:
				unsure = append(unsure, term)
			default:
				sure = append(sure, term)
			}
		}
		for _, term := range t.out {
			had[term] = true
		}
	}
	if len(sure) == 0 {
		return unsure
	}
	return sure
}

// Terms returns the terms of a text in the order of the text, with repeats: stems of its words without stop words, and
// overlapping pairs of characters where a script puts no blanks between words. No term is empty, and none is longer
// than MaxTermBytes; doc.go has the rules. Most terms share the memory of one folded copy of s, or of s itself: who
// keeps a few of a long text for long clones them.
func (a *Analyzer) Terms(s string) []string {
	t := a.read(s, nil)
	return t.out
}

// read reads s. With rivals it tells of each term whether its word is a stop word of one of them.
func (a *Analyzer) read(s string, rivals []*Analyzer) terms {
	t := terms{Analyzer: a, rivals: rivals}
	if s = fold(s, a.keep); s == "" {
		return t
	}
	t.out = make([]string, 0, len(s)/10+1)
	for i := 0; i < len(s); {
		c, size := classAt(s, i)
		switch c {
		case letter:
			i = t.chain(s, i)
		case unspaced:
			i = t.pairs(s, i)
		default:
			i += size
		}
	}
	return t
}

// terms is one call of Terms.
type terms struct {
	*Analyzer
	machine snowball.Machine
	out     []string
	rivals  []*Analyzer
	unsure  []bool // for each of out, if there are rivals
}

// emit adds a term that word became.
func (t *terms) emit(term, word string) {
	t.out = append(t.out, term)
	if len(t.rivals) > 0 {
		unsure := false
		for _, r := range t.rivals {
			_, stop := r.stop[word]
			unsure = unsure || stop
		}
		t.unsure = append(t.unsure, unsure)
	}
}

// chain reads words joined by hyphens, from i, and returns where they end.
func (t *terms) chain(s string, i int) int {
	var first, last string
	n := 0
	for {
		end := t.wordEnd(s, i)
		last = s[i:end]
		if n++; n == 1 {
			first = last
		}
		if !t.elides(s, i, end) {
			t.add(last)
		}
		i = end
		if i+1 >= len(s) || s[i] != '-' {
			break
		}
		if c, _ := classAt(s, i+1); c != letter {
			break
		}
		i++
	}
	if n == 2 && min(len(first), len(last)) <= shortPart && !(number(first) && number(last)) && !signed(first) && !signed(last) &&
		!(t.clitics && (t.stops(first) || t.stops(last))) {
		t.add(first + last)
	}
	return i
}

// elides tells whether the word s[i:end] is what an apostrophe beside it made of one that says nothing: "l'eau", "geht's".
func (t *terms) elides(s string, i, end int) bool {
	if len(t.language.elided) == 0 || !(i > 0 && s[i-1] == '\'' || end < len(s) && s[end] == '\'') {
		return false
	}
	_, ok := t.elided[s[i:end]]
	return ok
}

func (t *terms) stops(w string) bool {
	_, ok := t.stop[w]
	return ok
}

// wordEnd returns where the word that begins at i ends.
func (t *terms) wordEnd(s string, i int) int {
	start := i
	for i < len(s) {
		c, size := classAt(s, i)
		if c == letter {
			i += size
			continue
		}
		if !t.apostrophes || s[i] != '\'' {
			break
		}
		if c, _ := classAt(s, i+1); c != letter {
			break
		}
		i++
	}
	if i == start+1 && s[start] >= 'a' {
		return signEnd(s, i)
	}
	return i
}

// signEnd returns where the sign after a single letter that ends at i ends: "c++", "c#" and "f#" are names. It is i if
// there is none, or more letters follow.
func signEnd(s string, i int) int {
	end := i
	switch {
	case i < len(s) && s[i] == '#':
		end = i + 1
	case i+1 < len(s) && s[i:i+2] == "++":
		end = i + 2
	}
	if c, _ := classAt(s, end); c == letter && s[end] > '9' {
		return i
	}
	return end
}

// pairs reads a run of characters of scripts without blanks, from i, and returns where it ends. A character that stands
// alone is a term.
func (t *terms) pairs(s string, i int) int {
	last := i // where the character before at begins
	for at, n := i, 0; ; n++ {
		c, size := classAt(s, at)
		if c != unspaced {
			if n == 1 {
				t.emit(s[i:at], "")
			}
			return at
		}
		if n > 0 {
			t.emit(s[last:at+size], "")
		}
		last, at = at, at+size
	}
}

// add adds the term of one word.
func (t *terms) add(w string) {
	if len(w) > MaxTermBytes {
		if w = cut(w); w == "" {
			return
		}
	}
	if t.digraphs {
		w = germanDigraphs(w)
	}
	if t.stops(w) {
		return
	}
	word := w
	if t.stem != nil {
		w = withoutMarks(t.keep, t.stem.Stem(&t.machine, w))
	}
	if t.apostrophes {
		w = withoutApostrophes(w)
	}
	if w != "" {
		t.emit(w, word)
	}
}

// cut is what becomes of a word that is too long, "" if nothing.
func cut(w string) string {
	ascii := true
	for i := 0; i < len(w); i++ {
		ascii = ascii && w[i] < utf8.RuneSelf
	}
	if ascii {
		return ""
	}
	n := MaxTermBytes
	for !utf8.RuneStart(w[n]) {
		n--
	}
	return w[:n]
}

// withoutApostrophes makes "o'reilly" the "oreilly" that others write.
func withoutApostrophes(w string) string {
	for i := 0; i < len(w); i++ {
		if w[i] == '\'' {
			b := append(make([]byte, 0, len(w)), w[:i]...)
			for ; i < len(w); i++ {
				if w[i] != '\'' {
					b = append(b, w[i])
				}
			}
			return string(b)
		}
	}
	return w
}

// signed tells whether w is a name like "c++".
func signed(w string) bool { return w[len(w)-1] == '#' || w[len(w)-1] == '+' }

func number(w string) bool {
	for i := 0; i < len(w); i++ {
		if w[i] < '0' || w[i] > '9' {
			return false
		}
	}
	return true
}

// classAt returns the class of the rune at i and its length; separator and 0 at the end of s.
func classAt(s string, i int) (class, int) {
	if i >= len(s) {
		return separator, 0
	}
	if c := s[i]; c < utf8.RuneSelf {
		return classASCII[c], 1
	}
	r, size := utf8.DecodeRuneInString(s[i:])
	return classOf(r), size
}

// wordSet makes a set of words that blanks and line ends separate.
func wordSet(words string) map[string]struct{} {
	set := make(map[string]struct{}, len(words)/6)
	for start, i := 0, 0; i <= len(words); i++ {
		if i == len(words) || words[i] <= ' ' {
			if i > start {
				set[words[start:i]] = struct{}{}
			}
			start = i + 1
		}
	}
	return set
}
