package text

// language is what the analyzer of a language differs in. To add one: add its stemmer (core/text/snowball), a stop list,
// a table of words with their terms to the tests, and what it costs to doc.go.
type language struct {
	name string // BCP 47 primary subtag
	stop string // words that say nothing of what a text is about, in small letters
	// keep are letters that the stemmer and the stop list know beside a to z or а to я; see lettersWithMarks. They lose
	// their mark when the word is stemmed.
	keep string
	// apostrophes tells whether an apostrophe within a word belongs to it ("reader's"), because the stop list and the
	// stemmer know what to do with it. Otherwise it separates, and what elided holds says nothing beside one.
	apostrophes bool
	elided      string
	// clitics tells that a hyphen also joins verbs with pronouns ("dit-il", "disse-me"): no words to be read as one.
	clitics bool
	// digraphs tells that ae, oe and ue are other spellings of ä, ö and ü.
	digraphs bool
}

var languages = []language{
	{name: "en", stop: stopEnglish, apostrophes: true},
	{name: "de", stop: stopGerman, keep: marksGerman, elided: "s n ne nen m ner", digraphs: true},
	{name: "fr", stop: stopFrench, keep: marksFrench, elided: "l d j m n s t c qu jusqu lorsqu puisqu quoiqu", clitics: true},
	{name: "es", stop: stopSpanish, keep: marksSpanish},
	{name: "pt", stop: stopPortuguese, keep: marksPortuguese, elided: "d", clitics: true},
	{name: "it", stop: stopItalian, keep: marksItalian, elided: "l d c un m t s v n gl all dall dell nell sull coll dov com cos quest quell"},
	{name: "nl", stop: stopDutch, keep: marksDutch, elided: "s t n m k r"},
	{name: "ru", stop: stopRussian, keep: "йЙи\u0306"},
}

// The letters of the stemmers: small, capital, base, mark.
const (
	marksGerman     = "äÄa\u0308öÖo\u0308üÜu\u0308"
	marksFrench     = "àÀa\u0300âÂa\u0302çÇc\u0327èÈe\u0300éÉe\u0301êÊe\u0302ëËe\u0308îÎi\u0302ïÏi\u0308ôÔo\u0302ùÙu\u0300ûÛu\u0302"
	marksSpanish    = "áÁa\u0301éÉe\u0301íÍi\u0301óÓo\u0301úÚu\u0301üÜu\u0308ñÑn\u0303"
	marksPortuguese = "áÁa\u0301âÂa\u0302ãÃa\u0303çÇc\u0327éÉe\u0301êÊe\u0302íÍi\u0301óÓo\u0301ôÔo\u0302õÕo\u0303úÚu\u0301"
	marksItalian    = "àÀa\u0300áÁa\u0301èÈe\u0300éÉe\u0301ìÌi\u0300íÍi\u0301òÒo\u0300óÓo\u0301ùÙu\u0300úÚu\u0301"
	marksDutch      = "áÁa\u0301äÄa\u0308éÉe\u0301èÈe\u0300ëËe\u0308íÍi\u0301ïÏi\u0308óÓo\u0301öÖo\u0308úÚu\u0301üÜu\u0308"
)

// Languages returns the primary subtags of the languages that are stemmed, the same at every call.
func Languages() []string {
	out := make([]string, 0, len(languages))
	for _, l := range languages {
		out = append(out, l.name)
	}
	return out
}

// ParseLanguage returns the primary subtag of a BCP 47 tag, in small letters: "de" of "de-AT". "" is Undetermined. It
// returns false for what is no such tag: subtags of one to eight letters and digits, joined by hyphens (or underscores,
// as POSIX writes them), the first of two to eight letters; private ("x-own") and grandfathered tags ("i-klingon") are
// Undetermined. It does not ask whether anybody registered the subtags.
func ParseLanguage(tag string) (primary string, ok bool) {
	if tag == "" {
		return Undetermined, true
	}
	if len(tag) > maxTagBytes {
		return "", false
	}
	size, letters := 0, true
	for i := 0; i <= len(tag); i++ {
		switch {
		case i < len(tag) && (foldASCIILetter(tag[i]) || '0' <= tag[i] && tag[i] <= '9'):
			letters = letters && foldASCIILetter(tag[i])
			size++
			continue
		case i < len(tag) && tag[i] != '-' && tag[i] != '_', size == 0, size > 8:
			return "", false
		}
		if primary == "" {
			if primary = Fold(tag[:i]); size == 1 {
				if primary != "x" && primary != "i" || i == len(tag) {
					return "", false
				}
				primary = Undetermined
			}
			if !letters {
				return "", false
			}
		}
		size = 0
	}
	return primary, true
}

// maxTagBytes is more than any registered tag takes (BCP 47, 4.4.1 wants room for 35).
const maxTagBytes = 64

func foldASCIILetter(c byte) bool { c |= 'a' - 'A'; return 'a' <= c && c <= 'z' }

// germanDigraphs writes ae, oe and ue as the umlauts they are typed for, as Snowball's later German stemmer does: not ue
// after a vowel or q ("neue", "bauer", "quelle"). Names are changed alike in text and query ("Goethe").
func germanDigraphs(w string) string {
	var b []byte
	for i := 0; i < len(w); i++ {
		c := w[i]
		if i+1 < len(w) && w[i+1] == 'e' && (c == 'a' || c == 'o' || c == 'u' && !(i > 0 && beforeU(w[i-1]))) {
			if b == nil {
				b = append(make([]byte, 0, len(w)), w[:i]...)
			}
			switch c {
			case 'a':
				b = append(b, "ä"...)
			case 'o':
				b = append(b, "ö"...)
			default:
				b = append(b, "ü"...)
			}
			i++
			continue
		}
		if b != nil {
			b = append(b, c)
		}
	}
	if b == nil {
		return w
	}
	return string(b)
}

// beforeU tells whether ue after c is no umlaut; a byte of ä, ö and ü is above ASCII.
func beforeU(c byte) bool {
	switch c {
	case 'a', 'e', 'i', 'o', 'u', 'y', 'q':
		return true
	}
	return c >= 0x80
}
