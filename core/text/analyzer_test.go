package text_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"nigh/core/text"
)

func ExampleAnalyzer_Terms() {
	a := text.NewAnalyzer("en")
	fmt.Println(a.Terms("Sailing boats: a reader’s guide, 1984"))
	// Output: [sail boat reader guid 1984]
}

func ExampleFold() {
	fmt.Println(text.Fold("  Çà  et LÀ "))
	// Output: ca et la
}

func TestTerms_Table(t *testing.T) {
	for _, c := range []struct{ language, in, want string }{
		{"en", "", ""},
		{"en", " … -- '' !? 👍", ""},
		{"en", "The Who are not", ""},
		{"en", "sailing boats; boat, sail", "sail boat boat sail"},
		{"en", "1984 3.14 1,000 ٣", "1984 3 14 1 000 3"},
		{"en", "Don't can’t it's", ""},
		{"en", "the reader's readers' class's", "reader reader class"},
		{"en", "O'Reilly O’Reilly oreilly rock'n'roll 'quoted'", "oreilli oreilli oreilli rocknrol quot"},
		{"en", "sci-fi e‑mail x-ray t-shirt", "sci fi scifi e mail email x ray xray t shirt tshirt"},
		{"en", "well-known state-of-the-art co-op-ed", "well known state art co op ed"},
		{"en", "covid-19 1984-85 f-16", "covid 19 covid19 1984 85 f 16 f16"},
		{"en", "word—word word–word -a- b- -c", "word word word word b c"},
		{"en", "C++ and C#, c++11 g++ a+b x#y c+", "c++ c# c++ 11 g++ b x y c"},
		{"en", "snake_case c#-dev b-f# path/to/file.txt a@b.org", "snake case c# dev b f# path file txt b org"},
		{"en", "Naïve café déjà", "naiv cafe deja"},
		{"en", "東京タワー and 日本1984年 本", "東京 京タ タワ ワー 日本 1984 年 本"},
		{"en", "한국어 텍스트", "한국 국어 텍스 스트"},
		{"en", "ภาษาไทย", "ภา าษ ษา าไ ไท ทย"},
		{"en", strings.Repeat("a", 40) + " " + strings.Repeat("b", 41), strings.Repeat("a", 40)},
		{"en", strings.Repeat("ж", 21), strings.Repeat("ж", 20)},
		{"en", "x" + strings.Repeat("ж", 21), "x" + strings.Repeat("ж", 19)},
		{"und", "Sailing boats: the reader's", "sailing boats the reader s"},
		{"und", "L'homme dell’arte", "l homme dell arte"},
		{"und", "Москва́ слезам", "москва слезам"},
		{"und", "हिन्दी में", "हिन्दी में"},
	} {
		got := text.NewAnalyzer(c.language).Terms(c.in)
		if want := strings.Fields(c.want); !slices.Equal(got, want) {
			t.Errorf("%s: Terms(%q) = %q, want %q", c.language, c.in, got, want)
		}
	}
}

func TestNewAnalyzer_TakesThePrimarySubtag(t *testing.T) {
	for tag, want := range map[string]string{
		"en": "en", "EN": "en", "en-GB": "en", "en_US": "en", "en-Latn-x-own": "en",
		"": "und", "und": "und", "enm": "und", "e": "und", "-en": "und", "tlh": "und",
	} {
		if got := text.NewAnalyzer(tag).Language(); got != want {
			t.Errorf("NewAnalyzer(%q).Language() = %q, want %q", tag, got, want)
		}
	}
}

func TestTerms_DependOnlyOnTheFoldedText(t *testing.T) {
	for _, s := range samples {
		for _, language := range []string{"en", "und"} { // the others know letters that Fold does not leave
			a := text.NewAnalyzer(language)
			if got, want := a.Terms(text.Fold(s)), a.Terms(s); !slices.Equal(got, want) {
				t.Errorf("%s: Terms(Fold(%q)) = %q, want %q", language, s, got, want)
			}
		}
	}
}

func TestTerms_OfConcurrentCallsAreTheSame(t *testing.T) {
	a := text.NewAnalyzer("en")
	want := a.Terms(description)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				if got := a.Terms(description); !slices.Equal(got, want) {
					t.Errorf("Terms = %q, want %q", got, want)
					return
				}
			}
		})
	}
	group.Wait()
}

var samples = []string{
	"", "sailing boats", "Don't read the reader’s sci-fi!", "c++ c# f-16 x'", "l'homme-grenouille", "東京タワーに行く本 1984年",
	"ภาษาไทย \u0e31 한국어 ガラス", "\xff\xfe a\x00b", strings.Repeat("ж", 50), strings.Repeat("a-", 30), "''s 's' s's -a-b-", description,
}

func FuzzTerms(f *testing.F) {
	for _, s := range samples {
		f.Add(s)
	}
	for _, c := range languageTable {
		f.Add(c.in)
	}
	und := text.NewAnalyzer("und")
	analyzers := []*text.Analyzer{und}
	for _, l := range text.Languages() {
		analyzers = append(analyzers, text.NewAnalyzer(l))
	}
	every := text.NewAnalyzer("und", text.Languages()...)
	f.Fuzz(func(t *testing.T, s string) {
		most := 0
		for _, a := range analyzers {
			terms := a.Terms(s)
			// A word gives a term, two of them joined a third, a character a pair of two or a term of its own.
			total := 0
			for _, term := range terms {
				total += len(term)
			}
			if most += len(terms); total > 6*len(s) || len(terms) > 2*len(s) {
				t.Errorf("%s: Terms(%q) are %d, %d bytes, want at most six times the text's", a.Language(), s, len(terms), total)
			}
			for _, term := range terms {
				if term == "" || len(term) > text.MaxTermBytes || !utf8.ValidString(term) || text.Fold(term) != term || strings.ContainsAny(term, " '") {
					t.Errorf("%s: Terms(%q) has %q, want folded, 1 to %d bytes, no blank, no apostrophe",
						a.Language(), s, term, text.MaxTermBytes)
				}
			}
			// Terms are words of their own: without stemming, reading them again changes nothing.
			if again := a.Terms(strings.Join(terms, " ")); a == und && !slices.Equal(again, terms) {
				t.Errorf("und: Terms of joined Terms(%q) = %q, want %q", s, again, terms)
			}
		}
		if n := len(every.Query(s)); n > most {
			t.Errorf("Query(%q) has %d terms, want at most the %d of all languages together", s, n, most)
		}
	})
}
