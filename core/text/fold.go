package text

import "unicode/utf8"

// Fold makes texts comparable: lower case, accents taken off (é is e, ß is ss, ø is o, ł is l, æ is ae), other forms
// of a letter or digit made the plain one (ﬁ is fi, full-width Ａ is a, ² is 2, ٣ is 3, curly quotes are straight), white
// space and control characters made one blank each run and trimmed, what cannot be seen (soft hyphens, joiners,
// direction marks) and invalid UTF-8 dropped. Vowel signs and tones of Indic and South-East Asian scripts stay: there
// they are letters. tables_test.go states the mapping of every single rune.
//
// Fold(Fold(s)) is Fold(s), and composed and decomposed spellings (NFC, NFD) fold to the same. It returns s itself,
// without allocating, if s is folded already.
func Fold(s string) string { return fold(s, nil) }

// fold is Fold but for the letters of keep, which become their small form and keep their mark.
func fold(s string, keep []letterWithMark) string {
	n := foldedPrefix(s)
	if n == len(s) {
		return s
	}
	b := make([]byte, n, len(s)+len(s)/16)
	copy(b, s)
	last := rune(-1) // what b ends with, if it may still compose with what follows
	blank := false   // white space was read that is not in b yet
	if n > 0 && b[n-1] == ' ' {
		b, blank = b[:n-1], true
	} else if n > 0 {
		last = rune(b[n-1])
	}
	for i := n; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			c = foldASCII[c]
			if c == ' ' {
				blank = true
				continue
			}
			if blank && len(b) > 0 {
				b = append(b, ' ')
			}
			b, blank, last = append(b, c), false, rune(c)
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		if r == utf8.RuneError && size == 1 {
			continue
		}
		to := "" // set if r becomes more than one rune
		base := last
		if blank {
			base = -1
		}
		if k := findKept(keep, base, r); k != nil {
			if r == k.mark {
				b = b[:len(b)-utf8.RuneLen(base)]
			}
			r = k.small
		} else if run, ok := findFold(r); ok {
			if run.kind != foldTo {
				r += run.delta
			} else if run.to == "" {
				continue
			} else if r, size = utf8.DecodeRuneInString(run.to); size < len(run.to) {
				to = run.to
			}
		}
		if r == ' ' {
			blank = true
			continue
		}
		if blank && len(b) > 0 {
			b, last = append(b, ' '), -1
		}
		blank = false
		if to != "" {
			b, last = append(b, to...), -1
			continue
		}
		if c := compose(last, r); c >= 0 {
			b, r = b[:len(b)-utf8.RuneLen(last)], c
		}
		b, last = utf8.AppendRune(b, r), r
	}
	return string(b)
}

// letterWithMark is a letter that some languages do not take for its base with an accent.
type letterWithMark struct{ small, capital, base, mark rune }

// lettersWithMarks returns those of list, four runes each: small, capital, base, mark.
func lettersWithMarks(list string) []letterWithMark {
	var out []letterWithMark
	for i := 0; i < len(list); {
		var four [4]rune
		for j := range four {
			r, size := utf8.DecodeRuneInString(list[i:])
			four[j], i = r, i+size
		}
		out = append(out, letterWithMark{four[0], four[1], four[2], four[3]})
	}
	return out
}

// findKept finds the letter that r is, or that base and r make together; nil if it is not kept.
func findKept(keep []letterWithMark, base, r rune) *letterWithMark {
	for i := range keep {
		if k := &keep[i]; r == k.small || r == k.capital || r == k.mark && base == k.base {
			return k
		}
	}
	return nil
}

// withoutMarks takes the marks of keep off a folded word. It does not allocate if there are none.
func withoutMarks(keep []letterWithMark, w string) string {
	var b []byte
	for i := 0; i < len(w); {
		r, size := utf8.DecodeRuneInString(w[i:])
		if r >= utf8.RuneSelf {
			if k := findKept(keep, 0, r); k != nil {
				if b == nil {
					b = append(make([]byte, 0, len(w)), w[:i]...)
				}
				r = k.base
			}
		}
		if b != nil {
			b = utf8.AppendRune(b, r)
		}
		i += size
	}
	if b == nil {
		return w
	}
	return string(b)
}

// foldedPrefix is the length of an ASCII prefix of s that Fold leaves as it is. It ends before a blank that Fold may
// have to drop.
func foldedPrefix(s string) int {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf || foldASCII[c] != c {
			return i
		}
		if c == ' ' && (i == 0 || i+1 == len(s) || s[i+1] == ' ') {
			return i
		}
	}
	return len(s)
}

// foldASCII maps ASCII: control characters are white space.
var foldASCII = func() (t [utf8.RuneSelf]byte) {
	for i := range t {
		c := byte(i)
		switch {
		case c < ' ' || c == 0x7f:
			c = ' '
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		t[i] = c
	}
	return t
}()

// firstComposed is the first rune that compose may look at.
const firstComposed = 0x1100

// compose returns the one rune that a followed by b stands for, -1 if there is none. Only what Fold must not take
// apart is composed: Korean syllables (Unicode chapter 3.12) and Japanese voiced kana, whose bigrams would otherwise
// depend on how a file system or keyboard spells them.
func compose(a, b rune) rune {
	switch {
	case a < firstComposed:
		return -1
	case 0x1100 <= a && a <= 0x1112 && 0x1161 <= b && b <= 0x1175: // leading consonant, vowel
		return 0xac00 + ((a-0x1100)*21+(b-0x1161))*28
	case 0xac00 <= a && a <= 0xd7a3 && (a-0xac00)%28 == 0 && 0x11a8 <= b && b <= 0x11c2: // trailing consonant
		return a + b - 0x11a7
	case b != 0x3099 && b != 0x309a:
		return -1
	}
	k := a // the hiragana that a corresponds to
	if 0x30a1 <= a && a <= 0x30fe {
		k -= 0x60
	}
	switch {
	case 0x306f <= k && k <= 0x307b && k%3 == 0: // the row of ha: ba, pa
		return a + b - 0x3098
	case b == 0x309a:
		return -1
	case 0x304b <= k && k <= 0x3061 && k%2 == 1, // ka to chi
		k == 0x3064, k == 0x3066, k == 0x3068, // tsu, te, to
		k == 0x309d: // iteration mark
		return a + 1
	case k == 0x3046: // u
		return a + 0x4e
	case 0x30ef <= a && a <= 0x30f2: // katakana wa, wi, we, wo
		return a + 8
	}
	return -1
}
