package core

import (
	"encoding/base64"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestCursor_SurvivesItsText(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		c := Cursor{Epoch: rnd.Uint64()}
		for range rnd.IntN(40) {
			c.Listed = append(c.Listed, ItemNum(1+rnd.Uint32N(math.MaxUint32)>>rnd.IntN(32)|1))
		}
		slices.Sort(c.Listed)
		c.Listed = slices.Compact(c.Listed)
		if len(c.Listed) == 0 {
			continue
		}
		shuffled := Cursor{c.Epoch, slices.Clone(c.Listed)}
		rnd.Shuffle(len(shuffled.Listed), func(i, j int) {
			shuffled.Listed[i], shuffled.Listed[j] = shuffled.Listed[j], shuffled.Listed[i]
		})
		s := shuffled.String()
		got, err := ParseCursor(s, c.Epoch)
		if err != nil || !slices.Equal(got.Listed, c.Listed) || got.Epoch != c.Epoch {
			t.Fatalf("ParseCursor(%q) = %v, %v, want %v", s, got, err, c)
		}
		if b, err := base64.RawURLEncoding.Strict().DecodeString(s); err != nil || encode64(b) != s {
			t.Fatalf("%q is not base64url: %v", s, err)
		}
		if _, err := ParseCursor(s, c.Epoch+1); err != ErrCursor {
			t.Fatalf("a cursor of another epoch = %v, want ErrCursor", err)
		}
		for i := 1; i < len(s); i++ {
			if _, err := ParseCursor(s[:i], c.Epoch); err != ErrCursor {
				t.Fatalf("the first %d of %q = %v, want ErrCursor", i, s, err)
			}
		}
	}
}

func TestParseCursor_RefusesWhatIsNone(t *testing.T) {
	signed := func(version byte, body ...byte) string {
		return encode64(append(append([]byte{version}, cursorSum(7, body)...), body...))
	}
	long := Cursor{Epoch: 7}
	for n := range MaxListed + 1 {
		long.Listed = append(long.Listed, ItemNum(n+1))
	}
	for name, s := range map[string]string{
		"words": "hello there", "padding": signed(1, 5) + "=", "another version": signed(2, 5), "nothing listed": signed(1),
		"item 0": signed(1, 0), "an item twice": signed(1, 5, 0), "a long form": signed(1, 0x85, 0), "a torn number": signed(1, 0x85),
		"beyond 32 bits": signed(1, 0xff, 0xff, 0xff, 0xff, 0x1f), "six bytes": signed(1, 0x81, 0x81, 0x81, 0x81, 0x81, 1),
		"a sum beyond 32 bits": signed(1, 0xff, 0xff, 0xff, 0xff, 0x0f, 1), "too many": long.String(),
		"megabytes": strings.Repeat("A", 1<<20),
	} {
		if c, err := ParseCursor(s, 7); err != ErrCursor || c.Listed != nil {
			t.Errorf("%s: ParseCursor = %v, %v, want ErrCursor", name, c, err)
		}
	}
	if c, err := ParseCursor(signed(1, 5, 2), 7); err != nil || !slices.Equal(c.Listed, []ItemNum{5, 7}) {
		t.Errorf("ParseCursor = %v, %v, want 5 and 7", c, err)
	}
	if c, err := ParseCursor("", 7); err != nil || c.Listed != nil {
		t.Errorf("ParseCursor of nothing = %v, %v, want the beginning", c, err)
	}
	long.Listed = long.Listed[:MaxListed]
	if s := long.String(); len(s) > 1400 {
		t.Errorf("a thousand neighbours take %d bytes, want a bit more than one each", len(s))
	} else if _, err := ParseCursor(s, 7); err != nil {
		t.Errorf("the longest cursor: %v", err)
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Add(Cursor{7, []ItemNum{1, 2, 300}}.String())
	f.Add(Cursor{7, []ItemNum{math.MaxUint32}}.String())
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCursor(s, 7)
		if err != nil {
			return
		}
		if len(c.Listed) > MaxListed || !slices.IsSorted(c.Listed) || slices.Contains(c.Listed, 0) {
			t.Fatalf("ParseCursor(%q) = %v", s, c)
		}
		if s != "" && c.String() != s {
			t.Fatalf("%q is read as %v, whose text is %q", s, c, c.String())
		}
	})
}

// While a reader turns pages, the catalog changes and so does what is known of them.
func TestPages_ShowNothingTwiceAndLeaveNothingOut(t *testing.T) {
	for seed := range uint64(60) {
		g := &maker{rand.New(rand.NewPCG(seed, 3)), 80}
		x, tw := NewIndex(), twin{}
		for range 250 {
			g.change(t, x, tw)
		}
		s := &Scratch{}
		q := g.query()
		q.Matched, q.Before, q.Exclude = false, 0, nil
		shown := map[ItemNum]bool{}
		cursor := Cursor{Epoch: 9}
		for page := 0; ; page++ {
			q.Limit, q.Before, q.Exclude = 7, len(cursor.Listed), cursor.Listed
			list := x.Rank(s, q)
			if want := tw.rank(q); !slices.Equal(list, want) {
				t.Fatalf("seed %d, page %d: %v, want %v", seed, page, list, want)
			}
			for _, r := range list {
				if shown[r.Num] {
					t.Fatalf("seed %d, page %d shows %d again", seed, page, r.Num)
				}
				shown[r.Num] = true
			}
			next := cursor.Next(list, q.Limit)
			if next == "" {
				break
			}
			var err error
			if cursor, err = ParseCursor(next, 9); err != nil {
				t.Fatal(err)
			}
			if seed%2 == 0 { // else nothing moves, and the pages hold all that one list would
				for range 5 {
					g.change(t, x, tw)
				}
				q.Profile = g.query().Profile
			}
		}
		q.Limit, q.Before, q.Exclude = MaxLimit, 0, nil
		for _, r := range x.Rank(s, q) {
			if seed%2 == 1 && !shown[r.Num] {
				t.Fatalf("seed %d: the pages leave out %d", seed, r.Num)
			}
			delete(shown, r.Num)
		}
		if seed%2 == 1 && len(shown) > 0 {
			t.Fatalf("seed %d: the pages show %v, which the whole list does not", seed, shown)
		}
	}
}

func TestCursor_NextEndsWhereNothingFollows(t *testing.T) {
	page := []Ranked{{Num: 1}, {Num: 2}}
	for limit, want := range map[int]bool{1: true, 2: true, 3: false} {
		if got := (Cursor{}).Next(page, limit) != ""; got != want {
			t.Errorf("limit %d: a page follows: %v, want %v", limit, got, want)
		}
	}
	if s := (Cursor{}).Next(nil, 0); s != "" {
		t.Errorf("behind an empty page: %q, want none", s)
	}
	if s := (Cursor{Listed: make([]ItemNum, MaxListed-1)}).Next(page, 2); s != "" {
		t.Error("the pages grow beyond MaxListed")
	}
}
