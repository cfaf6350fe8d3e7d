package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// This file defines what the tables hold and makes them; tables_notjs_test.go writes or proves tables.go, fold_test.go
// holds Fold to the definition.

// plain are the letters and marks that Unicode does not take apart but a reader would.
var plain = map[rune]string{
	'ß': "ss", 'ẞ': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'þ': "th", 'ł': "l", 'ħ': "h", 'ŧ': "t",
	'ŋ': "n", 'ɓ': "b", 'ɗ': "d", 'ƙ': "k", 'ƴ': "y",
	'‘': "'", '’': "'", '‚': "'", '‛': "'", 'ʼ': "'", 'ʹ': "'", '′': "'", '`': "`",
	'“': `"`, '”': `"`, '„': `"`, '‟': `"`, '″': `"`,
	'‐': "-", '‑': "-",
	'ـ':      "",  // Arabic tatweel only stretches a word
	'\u200b': " ", // zero width space: what Thai web pages put between words
}

// dropped tells whether Fold takes r out: accents and points above and below letters, and what cannot be seen.
func dropped(r rune) bool {
	if r == 0x3099 || r == 0x309a { // voicing marks of kana, see compose
		return false
	}
	return unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r) ||
		unicode.In(r, unicode.Mn, unicode.Me) &&
			unicode.In(r, unicode.Inherited, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Hebrew, unicode.Arabic)
}

// compatible tells whether Fold takes other forms of letters and digits for the plain ones. Not so: East Asian squares,
// radicals, Arabic presentation forms and small raised letters of phonetics, 2,500 runes that only old encodings and
// linguists need; symbols that are words of their own, since "Linux™" is not "linuxtm".
func compatible(r rune) bool {
	if 0x2e80 <= r && r <= 0x33ff || 0xfb50 <= r && r <= 0xfdff || 0xfe70 <= r && r <= 0xfeff ||
		0x1ee00 <= r && r <= 0x1eeff || 0x1f200 <= r && r <= 0x1f2ff || unicode.Is(unicode.Lm, r) && r < 0xff00 {
		return false
	}
	plain := norm.NFKD.String(string(r))
	for _, c := range plain {
		if !unicode.In(c, unicode.L, unicode.M, unicode.Nd) {
			return false
		}
	}
	return !unicode.Is(unicode.So, r) || utf8.RuneCountInString(plain) == 1
}

// foldOne is what Fold makes of one rune that stands alone.
func foldOne(r rune) string {
	switch {
	case unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Z, r):
		return " "
	case r >= 0xac00 && r <= 0xd7a3: // Korean syllables stay whole
		return string(r)
	case r >= 0xf900 && r <= 0xfaff || r >= 0x2f800 && r <= 0x2fa1f: // 1,000 duplicates of Chinese characters
		return string(r)
	case unicode.In(r, unicode.Hiragana, unicode.Katakana) && r < 0xff00: // kana keep their voicing
		return string(r)
	}
	s := string(r)
	for {
		was := s
		if compatible(r) {
			s = norm.NFKD.String(s)
		} else {
			s = norm.NFD.String(s)
		}
		var b strings.Builder
		for _, c := range s {
			to, isPlain := plain[c]
			switch {
			case isPlain:
				b.WriteString(to)
			case dropped(c):
			case unicode.Is(unicode.Nd, c):
				b.WriteRune('0' + digit(c))
			default:
				b.WriteRune(unicode.ToLower(unicode.ToUpper(c))) // both, for small letters with two forms
			}
		}
		if s = b.String(); s == was {
			return s
		}
	}
}

// digit is the value of a decimal digit: Unicode encodes the ten of a script in a row from zero to nine, the sets of
// the mathematical ones one after the other.
func digit(r rune) rune {
	zero := r
	for unicode.Is(unicode.Nd, zero-1) {
		zero--
	}
	return (r - zero) % 10
}

// classWanted is the class of r; -1 if no rune is assigned there, so that the table may say what is shortest.
func classWanted(r rune) int {
	switch {
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo, unicode.Thai,
		unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tai_Le, unicode.New_Tai_Lue, unicode.Tai_Tham,
		unicode.Tai_Viet) && unicode.In(r, unicode.L, unicode.M, unicode.N), r == 'ー', r == 0x3099, r == 0x309a:
		return int(unspaced)
	case unicode.In(r, unicode.L, unicode.M, unicode.N):
		return int(letter)
	case unicode.In(r, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf):
		return int(separator)
	}
	return -1
}

// everyRune calls f for every rune from lo on, but for the planes that hold none or private ones alone: there it calls f
// for the ends, since a run of a table might reach into them.
func everyRune(lo rune, f func(r rune)) {
	for _, span := range [][2]rune{
		{0, 0xd7ff}, {0xe000, 0x3ffff}, {0x40000, 0x40010}, {0xdfff0, 0xe0fff}, {0xeffff, 0xf0010}, {0x10fffd, 0x10ffff},
	} {
		for r := max(lo, span[0]); r <= span[1]; r++ {
			f(r)
		}
	}
}

func appendVarint(b []byte, v uint32) []byte {
	for ; v >= 0x80; v >>= 7 {
		b = append(b, byte(v)|0x80)
	}
	return append(b, byte(v))
}

func makeClassTable() string {
	var b []byte
	last, now := rune(0), -1
	everyRune(utf8.RuneSelf, func(r rune) {
		if c := classWanted(r); c >= 0 && c != now {
			b = appendVarint(b, uint32(r-last)<<2|uint32(c))
			last, now = r, c
		}
	})
	return string(b)
}

func makeFoldTable() string {
	to := map[rune]string{}
	var order []rune
	everyRune(utf8.RuneSelf, func(r rune) {
		if s := foldOne(r); s != string(r) {
			to[r] = s
			order = append(order, r)
		}
	})
	one := func(r rune) (rune, bool) { // the only rune that r becomes
		s, ok := to[r]
		c, size := utf8.DecodeRuneInString(s)
		return c, ok && size > 0 && size == len(s)
	}
	var b []byte
	hi := rune(0)
	for len(order) > 0 {
		lo := order[0]
		c, single := one(lo)
		same, by, either := lo, lo, lo
		for s, ok := to[same+1]; ok && s == to[lo]; s, ok = to[same+1] {
			same++
		}
		for d, ok := one(by + 1); single && ok && d-by-1 == c-lo; d, ok = one(by + 1) {
			by++
		}
		for d, ok := one(either + 2); single && ok && d-either-2 == c-lo && to[either+1] == "" && !isDropped(to, either+1); d, ok = one(either + 2) {
			either += 2
		}
		b = appendVarint(b, uint32(lo-hi))
		switch {
		case single && by >= same && by >= either:
			hi = by
			b = appendVarint(b, uint32(hi-lo)<<2|uint32(foldBy))
			b = appendVarint(b, uint32((c-lo)<<1^(c-lo)>>31))
		case single && either > same:
			hi = either
			b = appendVarint(b, uint32(hi-lo)<<2|uint32(foldEither))
			b = appendVarint(b, uint32((c-lo)<<1^(c-lo)>>31))
		default:
			hi = same
			b = appendVarint(b, uint32(hi-lo)<<2|uint32(foldTo))
			b = appendVarint(b, uint32(len(to[lo])))
			b = append(b, to[lo]...)
		}
		for len(order) > 0 && order[0] <= hi {
			order = order[1:]
		}
	}
	return string(b)
}

func isDropped(to map[rune]string, r rune) bool { _, ok := to[r]; return ok }
