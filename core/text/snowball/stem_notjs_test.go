//go:build !js

package snowball

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	upstream "github.com/blevesearch/snowballstem"
)

func ExampleStemmer_Stem() {
	var m Machine
	for _, word := range []string{"häuser", "häusern", "segelboote"} {
		fmt.Println(New("de").Stem(&m, word))
	}
	// Output:
	// haus
	// haus
	// segelboot
}

// roots are words, beginnings of words and what looks like none; the test puts every ending of a language on each.
var roots = strings.Fields(`a e i o u y b c d l s t z x qu gu ge ab be ver un par col tap
sail happ relat general universit commun arsen succeed oper gener organ bio log nat conson hop hopp fix bab sk dy ly new exceed herr
haus häus buch büch segel schön freund staat wahr treu feuer kauer zeit auf yacht neu bayer größ straß maß müll säu
cheval chev mang étudi jou jouail aim fin croy pay œuv art nation heur viv travaill grand élé naï haï quel guér bouill
canc habl niñ corr pensam le arguy construy lóg facil seguid averigu pag cic rápid muj
coraç menin faz cant pel nação saud lóg amig trabalh públic avó irmã
casa bell citt perch abbandon parl virt quest ragazz guid aiut libert pi
huis kind lev lop groot vrij bel maan been brood geë zoë ruïn vijf yen yog geheimz mogelijkh dik bomm
книг дом красив читав делав наиписа говор москов бежа страны весн петербур умнейш ночь гост люб ёлк чита
a'b o'reill 東京 x1 1984 ß ä ü éé ÿ ийй ююя yyy uuu iii aua oui ieu qui quq iui aya`)

// endings are what a language's tables hold, and nothing; the way it looks them up does not matter here.
func endings(s *Stemmer) []string {
	out := []string{"", "'s", "s", "en", "y", "e", "ss"}
	for _, t := range s.tables {
		for _, e := range t.entries {
			out = append(out, e.s)
		}
	}
	return out
}

func TestStem_IsTheLibrarysOfEveryEnding(t *testing.T) {
	for _, l := range languages {
		ours, theirs := New(l.tag), upstream.NewEnv("")
		var m Machine
		words, all := 0, endings(ours)
		check := func(w string) {
			if len(w) > MaxWordBytes {
				return
			}
			words++
			theirs.SetCurrent(w)
			l.stem(theirs)
			if got := ours.Stem(&m, w); got != theirs.Current() {
				t.Fatalf("%s: Stem(%q) = %q, want %q", l.tag, w, got, theirs.Current())
			}
		}
		for i, root := range roots {
			for _, ending := range all {
				check(root + ending)
				check(ending + root)
				check(root + all[i%len(all)] + ending)
				check(root + ending + all[(i*7)%len(all)])
			}
		}
		if words < 20_000 {
			t.Errorf("%s: %d words were compared, want 20,000 at least", l.tag, words)
		}
	}
}

func TestPrograms_CallNotTooDeep(t *testing.T) {
	for _, l := range languages {
		s := New(l.tag)
		var deepest func(pc, depth int) int
		deepest = func(pc, depth int) int {
			if depth > maxDepth {
				return depth
			}
			most, seen := depth, map[int]bool{}
			for todo := []int{pc}; len(todo) > 0; {
				i := todo[len(todo)-1]
				todo = todo[:len(todo)-1]
				if seen[i] {
					continue
				}
				seen[i] = true
				op, next := opcode(s.code[i]), i+s.size(i)
				switch op {
				case opTrue, opFalse:
					continue
				case opJump, opJumpIf, opJumpNot:
					todo = append(todo, int(s.code[i+1])|int(s.code[i+2])<<8)
				case opCall:
					most = max(most, deepest(int(s.code[i+1])|int(s.code[i+2])<<8, depth+1))
				}
				if op != opJump {
					todo = append(todo, next)
				}
			}
			return most
		}
		if got := deepest(0, 1); got > maxDepth {
			t.Errorf("%s: %d routines call one another, want at most %d", l.tag, got, maxDepth)
		}
	}
}

func TestStem_DoesNotAllocateForABeginningOfTheWord(t *testing.T) {
	s := New("de")
	var m Machine
	if n := testing.AllocsPerRun(100, func() { s.Stem(&m, "segelboote") }); n != 0 {
		t.Errorf("allocations = %v, want 0", n)
	}
}

func TestStem_LeavesLongWordsAlone(t *testing.T) {
	var m Machine
	if w := strings.Repeat("sails", 10); New("en").Stem(&m, w) != w {
		t.Errorf("Stem(%q) = %q, want the word itself", w, New("en").Stem(&m, w))
	}
}

func FuzzStem_AgreesWithTheLibrary(f *testing.F) {
	for _, root := range roots {
		f.Add(root + "ungen")
		f.Add(root + "ement")
		f.Add(root + "ности")
	}
	var stemmers []*Stemmer
	for _, l := range languages {
		stemmers = append(stemmers, New(l.tag))
	}
	f.Fuzz(func(t *testing.T, w string) {
		var m Machine
		// The library stops in the middle of U+FFFD, which it takes for broken UTF-8. Neither is in a folded word.
		if !utf8.ValidString(w) || strings.ContainsRune(w, utf8.RuneError) || len(w) > MaxWordBytes {
			for _, s := range stemmers {
				s.Stem(&m, w) // must not panic
			}
			return
		}
		for i, l := range languages {
			theirs := upstream.NewEnv(w)
			l.stem(theirs)
			if got := stemmers[i].Stem(&m, w); got != theirs.Current() {
				t.Errorf("%s: Stem(%q) = %q, want %q", l.tag, w, got, theirs.Current())
			}
		}
	})
}

func BenchmarkStem(b *testing.B) {
	words := roots
	for _, l := range languages {
		b.Run("ours/"+l.tag, func(b *testing.B) {
			s := New(l.tag)
			var m Machine
			b.ReportAllocs()
			for b.Loop() {
				for _, w := range words {
					s.Stem(&m, w)
				}
			}
		})
		b.Run("library/"+l.tag, func(b *testing.B) {
			env := upstream.NewEnv("")
			b.ReportAllocs()
			for b.Loop() {
				for _, w := range words {
					env.SetCurrent(w)
					l.stem(env)
				}
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		New("fr")
	}
}
