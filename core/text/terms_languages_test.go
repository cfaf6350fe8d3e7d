package text_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"nigh/core/text"
)

// words of each language with their terms: what a reader types finds what an item says in another form.
var languageTable = []struct{ language, in, want string }{
	{"de", "Häuser Haus Häusern Haeuser", "haus haus haus haus"},
	{"de", "Straße STRASSE Strassen", "strass strass strass"},
	{"de", "schöne Müllers Mueller und für fuer den", "schon mull mull"},
	{"de", "neue Bauer Quelle Feuer", "neu bau quell feu"}, // ue after a vowel or q is no ü
	{"de", "Peters Peter's geht's E-Mail Plug-in", "pet pet geht e mail email plug plugin"},
	{"de-AT", "Segelboote segelboot", "segelboot segelboot"},

	{"fr", "L’homme qu'il aime, l'été", "homm aim"}, // été is a stop word: been
	{"fr", "chantées chanté chante chantait", "chant chant chant chant"},
	{"fr", "cœur coeur Œuvres", "coeur coeur oeuvr"},
	{"fr", "aujourd'hui langage C", "aujourd hui langag c"},
	{"fr", "dit-il rendez-vous auto-école", "dit rend auto ecol"},
	{"fr", "nationales national", "national national"},

	{"es", "canciones canción", "cancion cancion"},
	{"es", "los niños del niño", "nin nin"},
	{"es", "bibliotecas biblioteca", "bibliotec bibliotec"},

	{"pt", "corações coração", "coraco coraca"}, // the stemmer takes -ões and -ão for two endings
	{"pt", "copo d'água disse-me", "cop agu diss"},
	{"pt", "meninas meninos", "menin menin"},

	{"it", "dell'arte l’arte nell'acqua", "arte arte acqua"},
	{"it", "città perché libri libro", "citt libr libr"},

	{"nl", "IJsselmeer ĳsselmeer", "ijsselmer ijsselmer"},
	{"nl", "foto's foto 's avonds zo'n", "foto foto avond"},
	{"nl", "kinderen kinder coöperatie cooperatie", "kinder kinder cooperatie cooperatie"},

	{"ru", "Книги книга книгой книгу", "книг книг книг книг"},
	{"ru", "красивый красивая красивой", "красив красив красив"},
	{"ru", "ёлка елка мой", "елк елк"},
	{"ru", "Москва́", "москв"},

	{"de", "東京タワーの本 und ภาษา", "東京 京タ タワ ワー ーの の本 ภา าษ ษา"},
	{"und", "Häuser l'été", "hauser l ete"},
}

func TestTerms_OfEachLanguage(t *testing.T) {
	for _, c := range languageTable {
		got := text.NewAnalyzer(c.language).Terms(c.in)
		if want := strings.Fields(c.want); !slices.Equal(got, want) {
			t.Errorf("%s: Terms(%q) = %q, want %q", c.language, c.in, got, want)
		}
	}
}

// A page, a file name and a keyboard may spell é as one character or two.
func TestTerms_AreTheSameComposedOrNot(t *testing.T) {
	for _, c := range languageTable {
		a := text.NewAnalyzer(c.language)
		if nfc, nfd := a.Terms(norm.NFC.String(c.in)), a.Terms(norm.NFD.String(c.in)); !slices.Equal(nfc, nfd) {
			t.Errorf("%s: of %q: Terms(NFC) = %q, Terms(NFD) = %q", c.language, c.in, nfc, nfd)
		}
		if big := a.Terms(strings.ToUpper(c.in)); !slices.Equal(big, a.Terms(c.in)) {
			t.Errorf("%s: Terms(%q) = %q, want those of small letters, %q", c.language, strings.ToUpper(c.in), big, a.Terms(c.in))
		}
	}
}

func TestQuery_FindsEveryLanguageOfTheCatalog(t *testing.T) {
	for _, c := range []struct {
		own, others, in, want string
	}{
		{"en", "", "sailing boats", "sail boat"},
		{"en", "de", "sailing boats", "sail boat sailing"},          // de: sailing, and boat again
		{"en", "de fr", "computer", "comput"},                       // all three agree: counted once
		{"en", "de", "boat boat", "boat boat"},                      // a repeat counts as it does in one language
		{"en", "de", "the sea", "sea"},                              // the is no German word to look for
		{"en", "de", "war", "war"},                                  // nothing else: the English war
		{"en", "de", "war and peace", "peac"},                       // war is German for was: peace is surer
		{"de", "en", "war", "war"},                                  // whichever comes first
		{"de", "en de-AT en-GB", "Häuser", "haus hauser"},           // en: häuser without its mark
		{"ru", "en", "книги Tolstoy", "книг tolstoy книги"},         // a stem of each
		{"en", "und", "sailing houses", "sail hous sailing houses"}, // folding alone
		{"en", "de", "東京タワー", "東京 京タ タワ ワー"},                        // no language stems these
	} {
		got := text.NewAnalyzer(c.own, strings.Fields(c.others)...).Query(c.in)
		if want := strings.Fields(c.want); !slices.Equal(got, want) {
			t.Errorf("%s and %q: Query(%q) = %q, want %q", c.own, c.others, c.in, got, want)
		}
	}
}

func TestParseLanguage_Table(t *testing.T) {
	for tag, want := range map[string]string{
		"": "und", "de": "de", "DE-at": "de", "pt_BR": "pt", "zh-Hant-TW": "zh", "en-GB-oxendict": "en", "de-1901": "de",
		"sr-Latn-x-own": "sr", "x-klingon": "und", "i-klingon": "und", "deu": "deu", "german": "german", "und": "und",
		"d": "-", "x": "-", "-de": "-", "de-": "-", "de--at": "-", "12": "-", "d3": "-", "de AT": "-", "français": "-",
		"en;q=0.5": "-", "abcdefghi": "-", "de-abcdefghi": "-", strings.Repeat("de-", 30) + "at": "-",
	} {
		got, ok := text.ParseLanguage(tag)
		if !ok {
			got = "-"
		}
		if got != want {
			t.Errorf("ParseLanguage(%q) = %q, want %q (- is: none)", tag, got, want)
		}
	}
}
