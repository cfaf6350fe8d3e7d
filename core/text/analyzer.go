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

// Analyzer turns text into terms for one language. It is immutable: any number of goroutines may use it.
type Analyzer struct {
	name string
	stem func(*snowball.Env) bool // nil: none
	stop map[string]struct{}
	// apostrophes tells whether an apostrophe within a word belongs to it ("reader's"), because the stop list and the
	// stemmer know what to do with it. Otherwise it separates, which is right for "l'homme" and "dell'arte".
	apostrophes bool
}

// NewAnalyzer returns the analyzer of a language, given as BCP 47 tag ("en", "en-GB"; only the primary subtag counts).
// Of a language that languages.go does not hold it folds and splits the text, without stop words and stemming.
func NewAnalyzer(language string) *Analyzer {
	for i := 0; i < len(language); i++ {
		if language[i] == '-' || language[i] == '_' {
			language = language[:i]
		}
	}
	language = Fold(language)
	for _, l := range languages {
		if l.name == language {
			return &Analyzer{name: l.name, stem: l.stem, stop: wordSet(l.stop), apostrophes: l.apostrophes}
		}
	}
	return &Analyzer{name: Undetermined}
}

// Undetermined is the language of an Analyzer that knows nothing of its text's language.
const Undetermined = "und"

// Language returns the subtag of the language whose rules a follows: "en", or Undetermined.
func (a *Analyzer) Language() string { return a.name }

// Terms returns the terms of a text in the order of the text, with repeats: stems of its words without stop words, and
// overlapping pairs of characters where a script puts no blanks between words. No term is empty, and none is longer
// than MaxTermBytes; doc.go has the rules. Most terms share the memory of one folded copy of s, or of s itself: who
// keeps a few of a long text for long clones them.
func (a *Analyzer) Terms(s string) []string {
	s = Fold(s)
	if s == "" {
		return nil
	}
	t := terms{Analyzer: a, out: make([]string, 0, len(s)/10+1)}
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
	return t.out
}

// terms is one call of Terms.
type terms struct {
	*Analyzer
	env snowball.Env
	out []string
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
		t.add(last)
		i = end
		if i+1 >= len(s) || s[i] != '-' {
			break
		}
		if c, _ := classAt(s, i+1); c != letter {
			break
		}
		i++
	}
	if n == 2 && min(len(first), len(last)) <= shortPart && !(number(first) && number(last)) && !signed(first) && !signed(last) {
		t.add(first + last)
	}
	return i
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
				t.out = append(t.out, s[i:at])
			}
			return at
		}
		if n > 0 {
			t.out = append(t.out, s[last:at+size])
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
	if _, ok := t.stop[w]; ok {
		return
	}
	if t.stem != nil {
		t.env.SetCurrent(w)
		t.stem(&t.env)
		w = t.env.Current()
	}
	if t.apostrophes {
		w = withoutApostrophes(w)
	}
	if w != "" {
		t.out = append(t.out, w)
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
