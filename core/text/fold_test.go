package text

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestFold_Table(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"abc", "abc"},
		{"ABC", "abc"},
		{"  two\t\n words \r\n", "two words"},
		{"a\x00b\x7fc", "a b c"},
		{"a\u00a0\u2003b\u3000c\u200bd\u0085e", "a b c d e"},
		{"Déjà vu à Ørsted, Łódź", "deja vu a orsted, lodz"},
		{"Straße STRASSE ẞ ﬂuﬃer", "strasse strasse ss fluffier"},
		{"Æsir œuvre Þór ħ ı İ I", "aesir oeuvre thor h i i i"},
		{"Tiếng Việt", "tieng viet"},
		{"e\u0301 E\u0301 é É", "e e e e"},
		{"ΟΔΥΣΣΕΎΣ Ὀδυσσεύς", "οδυσσευσ οδυσσευσ"},
		{"Ёлка Й й", "елка и и"},
		{"שָׁלוֹם", "שלום"},
		{"مُحَمَّد أحمد كـتاب", "محمد احمد كتاب"},
		{"Ｆｕｌｌ　１２３", "full 123"},
		{"ｶﾞﾗｽ", "ガラス"},
		{"か\u3099は\u3099は\u309aう\u3099ワ\u3099", "がばぱゔヷ"},
		{"\u1112\u1161\u11ab\u1100\u1173\u11af", "한글"},
		{"٣ ३ ๓ ² ①", "3 3 3 2 1"},
		{"हिन्दी", "हिन्दी"},
		{"เชียงใหม่", "เชียงใหม่"},
		{"soft\u00adhyphen \ufeffbom \u202eleft", "softhyphen bom left"},
		{"don’t “quote” non\u2011breaking", `don't "quote" non-breaking`},
		{"Linux™ Ⅷ 🅰 ½", "linux™ viii 🅰 ½"},
		{"𝐁𝐨𝐥𝐝 𝓢", "bold s"},
		{"broken \xff\xc3(\xe2\x82", "broken ("},
		{"\ufffd", "\ufffd"},
		{"👩\u200d💻 ❤\ufe0f", "👩💻 ❤"},
	} {
		if got := Fold(c.in); got != c.want {
			t.Errorf("Fold(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestFold_OfEveryRuneIsItsDefinition(t *testing.T) {
	stable := unicode.Version == unicodeVersion
	everyRune(0, func(r rune) {
		if !stable && !unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic) {
			return // a newer Go's Unicode may have assigned it meanwhile
		}
		want := strings.TrimSpace(foldOne(r))
		if got := Fold(string(r)); got != want {
			t.Errorf("Fold(%q, %U) = %q, want %q", r, r, got, want)
		}
		if got := Fold(want); got != want {
			t.Errorf("Fold(Fold(%q, %U)) = %q, want %q", r, r, got, want)
		}
		if got := Fold("x" + string(r) + "x"); got != "x"+foldOne(r)+"x" {
			t.Errorf("Fold(x%qx, %U) = %q, want %q", r, r, got, "x"+foldOne(r)+"x")
		}
	})
}

func TestFold_OfEveryRuneIsTheSameComposedOrNot(t *testing.T) {
	everyRune(0, func(r rune) {
		s := string(r)
		nfc, nfd := Fold(norm.NFC.String(s)), Fold(norm.NFD.String(s))
		if nfc != nfd {
			t.Errorf("%U: Fold(NFC) = %q, Fold(NFD) = %q", r, nfc, nfd)
		}
	})
}

// The simple case orbit of a rune is what a search without regard to case takes for the same.
func TestFold_OfEveryCaseIsTheSame(t *testing.T) {
	everyRune(0, func(r rune) {
		if u := unicode.SimpleFold(r); Fold(string(u)) != Fold(string(r)) {
			if r == 0x345 || u == 0x345 { // the Greek iota below a letter, a mark that is taken off
				return
			}
			t.Errorf("Fold(%q, %U) = %q but Fold(%q, %U) = %q", r, r, Fold(string(r)), u, u, Fold(string(u)))
		}
	})
}

func TestFold_DoesNotAllocateForFoldedText(t *testing.T) {
	s := "folded already, and long enough not to fit into a small buffer on the stack"
	if n := testing.AllocsPerRun(100, func() { Fold(s) }); n != 0 {
		t.Errorf("allocations = %v, want 0", n)
	}
}

func TestClass_OfEveryRuneIsItsDefinition(t *testing.T) {
	everyRune(0, func(r rune) {
		if Fold(string(r)) != string(r) {
			return
		}
		want := classWanted(r)
		if want < 0 || unicode.Version != unicodeVersion && r >= utf8.RuneSelf {
			return
		}
		if got := classOf(r); int(got) != want {
			t.Errorf("classOf(%q, %U) = %d, want %d", r, r, got, want)
		}
	})
}

func BenchmarkTables(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		decodeClasses()
		decodeFolds()
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{
		"", " a  B ", "Ærøskøbing", "e\u0301\u0301", "か\u3099\u3099", "は\u0301\u309a", "\u1112\u1161\u11ab\u11ab", "\xff\xfe",
		"ก\u0e33", "ｶ\u200dﾞ", "\u0958\u093c\u0301", "ǅ ŉ ﬃ", "a\u00adb\u200bc", "\u0345α", "İI\u0307",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Fold(s)
		if !utf8.ValidString(got) {
			t.Errorf("Fold(%q) = %q, want valid UTF-8", s, got)
		}
		if again := Fold(got); again != got {
			t.Errorf("Fold(Fold(%q)) = %q, want %q", s, again, got)
		}
		if strings.TrimSpace(got) != got || strings.Contains(got, "  ") {
			t.Errorf("Fold(%q) = %q, want trimmed, single blanks", s, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || 'A' <= r && r <= 'Z' {
				t.Errorf("Fold(%q) = %q, want no %q", s, got, r)
			}
		}
		if !utf8.ValidString(s) {
			return
		}
		if nfc, nfd := Fold(norm.NFC.String(s)), Fold(norm.NFD.String(s)); nfc != nfd {
			t.Errorf("of %q: Fold(NFC) = %q, Fold(NFD) = %q", s, nfc, nfd)
		}
	})
}
