package learn

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"nigh/core"
	"nigh/core/text"
)

func ExampleContent() {
	a := text.NewAnalyzer("en")
	c := NewContent(a)
	for n, title := range []string{"Whaling ships", "A history of the whaling ship", "Desert planet", "The desert"} {
		p := Parse(a, Text{Title: title})
		c.Weigh(p)
		c.Put(core.ItemNum(n+1), p)
	}
	c.Reweigh()
	for _, near := range c.Find(new(Finder), 1) {
		fmt.Println(near.Item)
	}
	// Output: 2
}

var words = []string{"sea", "whale", "ship", "sail", "desert", "planet", "spice", "war", "love", "letter", "castle", "robot", "city", "rain"}

func randomText(rnd *rand.Rand) Text {
	some := func(n int) (out []string) {
		for range rnd.IntN(n + 1) {
			out = append(out, words[rnd.IntN(len(words))])
		}
		return out
	}
	t := Text{Tags: some(4), Categories: some(2), Author: []string{"", "Ann", "Bob"}[rnd.IntN(3)]}
	for _, w := range some(4) {
		t.Title += w + " "
	}
	for _, w := range some(20) {
		t.Description += w + " "
	}
	for i, w := range some(3) {
		t.Attributes = append(t.Attributes, core.Attribute{Name: fmt.Sprint(i), Value: w})
	}
	return t
}

func TestContent_FindsWhatTheCosineFinds(t *testing.T) {
	a := text.NewAnalyzer("en")
	const items = 5 * MaxNeighbours // so many that Find raises its bar
	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		c := NewContent(a)
		for n := range core.ItemNum(items) {
			p := Parse(a, randomText(rnd))
			c.Weigh(p)
			c.Put(n+1, p)
		}
		c.Reweigh()
		var f Finder
		for n := range core.ItemNum(items) {
			got := c.Find(&f, n+1)
			want := c.cosines(n + 1)
			for i, g := range got {
				if math.Abs(float64(g.Similarity)-want[g.Item]) > 1e-5 {
					t.Fatalf("seed %d: cosine(%d, %d) = %v, want %v", seed, n+1, g.Item, g.Similarity, want[g.Item])
				}
				if i > 0 && moreSimilar(got[i-1], g) >= 0 {
					t.Fatalf("seed %d: neighbour %d stands before a nearer one", seed, i)
				}
				delete(want, g.Item)
			}
			worst := minSimilarity
			if len(got) == MaxNeighbours {
				worst = float64(got[len(got)-1].Similarity)
			}
			for m, cosine := range want {
				if cosine > worst+1e-5 {
					t.Fatalf("seed %d: %d with cosine %v is no neighbour of %d; the last has %v", seed, m, cosine, n+1, worst)
				}
			}
		}
		for _, s := range f.sums {
			if s != 0 {
				t.Fatal("Find left something in its sums")
			}
		}
	}
}

// cosines are those of an item with every other, by float64 and brute force.
func (c *Content) cosines(n core.ItemNum) map[core.ItemNum]float64 {
	mine := map[core.Feature]float64{}
	of := c.docs[n]
	for _, w := range of.vector {
		mine[of.feature(w)] = float64(w.w)
	}
	out := map[core.ItemNum]float64{}
	for m, d := range c.docs {
		for _, w := range d.vector {
			if m != n {
				out[m] += mine[d.feature(w)] * float64(w.w)
			}
		}
	}
	return out
}

func TestContent_KeepsItsInvariants(t *testing.T) {
	a := text.NewAnalyzer("en")
	for seed := range uint64(15) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		c := NewContent(a)
		var f Finder
		const items = 120 // more than MaxNeighbours, of texts that all resemble each other
		for step := range 500 {
			n := core.ItemNum(1 + rnd.IntN(items))
			switch rnd.IntN(8) {
			case 0, 1, 2:
				p := Parse(a, randomText(rnd))
				weighed := c.Weigh(p)
				c.Put(n, p)
				if got := c.Features(n); !slices.Equal(got, weighed) {
					t.Fatalf("seed %d: Features = %v, want those of Weigh, %v", seed, got, weighed)
				}
			case 3, 4, 5:
				before := c.snapshot()
				found := c.Find(&f, n)
				if rnd.IntN(4) == 0 { // found before someone deleted one of them
					found = append(found, Neighbour{items + 5, 0}, Neighbour{n, 0})
				}
				c.checkChanged(t, before, c.SetNeighbours(n, found))
			case 6:
				before := c.snapshot()
				changed := c.Delete(n)
				delete(before, n)
				c.checkChanged(t, before, changed)
			default:
				if c.Stale() {
					c.Reweigh()
					if c.Stale() {
						t.Fatal("stale after Reweigh")
					}
				}
			}
			if step%10 == 0 {
				c.check(t)
			}
		}
		for n := range core.ItemNum(items + 1) {
			c.Delete(n)
		}
		c.check(t)
		if len(c.docs)+len(c.df)+len(c.postings) != 0 || c.length != 0 {
			t.Fatalf("seed %d: left over: %d texts, %d df, %d lists, length %v", seed, len(c.docs), len(c.df), len(c.postings), c.length)
		}
	}
}

// A catalog starts with neighbours alone and gets its texts later: it must not matter to what comes after.
func TestContent_AdoptsTextsBesideItsNeighbours(t *testing.T) {
	a := text.NewAnalyzer("en")
	rnd := rand.New(rand.NewPCG(1, 3))
	const items = 100
	whole, late, texts := NewContent(a), NewContent(a), NewContent(a)
	var f Finder
	for n := range core.ItemNum(items) {
		written := randomText(rnd)
		whole.Put(n+1, Parse(a, written))
		texts.Put(n+1, Parse(a, written))
		late.Expect(n + 1)
	}
	whole.Reweigh()
	texts.Reweigh()
	for n := range core.ItemNum(items) {
		whole.SetNeighbours(n+1, whole.Find(&f, n+1))
	}
	for n := range core.ItemNum(items) {
		late.Restore(n+1, append(slices.Clone(whole.Neighbours(n+1)), Neighbour{n + 1, 1}, Neighbour{items + 5, 1}))
	}
	holders := late.Holders // bound before, as the learner has it
	late.Adopt(texts)
	late.check(t)
	for n := core.ItemNum(1); n <= items; n++ {
		if !slices.Equal(late.Neighbours(n), whole.Neighbours(n)) || !slices.Equal(late.Features(n), whole.Features(n)) ||
			!slices.Equal(late.Find(&f, n), whole.Find(&f, n)) {
			t.Fatalf("neighbours, features or what is found of %d differ", n)
		}
		if got, want := slices.Sorted(slices.Values(holders(n))), slices.Sorted(slices.Values(whole.Holders(n))); !slices.Equal(got, want) {
			t.Fatalf("Holders(%d) = %v, want %v", n, got, want)
		}
	}
	late.Put(items+1, Parse(a, randomText(rnd)))
	late.Delete(3)
	late.check(t)
}

// kept is what a caller of Neighbours holds, and a copy of what it was.
type kept struct{ held, copied []Neighbour }

func (c *Content) snapshot() map[core.ItemNum]kept {
	out := map[core.ItemNum]kept{}
	for n := range c.docs {
		held := c.Neighbours(n)
		out[n] = kept{held, slices.Clone(held)}
	}
	return out
}

// checkChanged holds what a change reported against what changed.
func (c *Content) checkChanged(t *testing.T, before map[core.ItemNum]kept, changed []core.ItemNum) {
	t.Helper()
	if !slices.IsSorted(changed) {
		t.Fatalf("changed = %v, want ascending", changed)
	}
	for n, d := range c.docs {
		b := before[n]
		if !slices.Equal(b.held, b.copied) {
			t.Fatalf("the slice that Neighbours(%d) returned was written to", n)
		}
		if !slices.Equal(b.copied, d.neighbours) && !slices.Contains(changed, n) {
			t.Fatalf("the neighbours of %d changed unnoticed", n)
		}
	}
}

// check holds the content against all that its parts promise each other.
func (c *Content) check(t *testing.T) {
	t.Helper()
	df := map[core.Feature]int32{}
	postings := map[core.Feature][]impact{}
	length := 0.0
	for n, d := range c.docs {
		length += d.length
		for _, f := range d.counts {
			df[f.feature()]++
		}
		norm := 0.0
		for _, w := range d.vector {
			postings[d.feature(w)] = append(postings[d.feature(w)], impact{n, w.w})
			norm += float64(w.w) * float64(w.w)
		}
		if len(d.vector) > 0 && math.Abs(norm-1) > 1e-5 {
			t.Fatalf("the vector of %d has the square %v, want 1", n, norm)
		}
		if f := d.features(); len(f) > core.MaxFeatures || !slices.IsSortedFunc(f, func(a, b core.Weighted) int { return cmp.Compare(a.Feature, b.Feature) }) {
			t.Fatalf("the features of %d are out of order or too many", n)
		}
		if len(d.neighbours) > MaxNeighbours || !slices.IsSortedFunc(d.neighbours, moreSimilar) {
			t.Fatalf("the neighbours of %d are too many or out of order: %v", n, d.neighbours)
		}
		seen := map[core.ItemNum]bool{n: true}
		for _, nb := range d.neighbours {
			o := c.docs[nb.Item]
			if seen[nb.Item] || o == nil || !slices.Contains(o.holders, n) {
				t.Fatalf("neighbour %d of %d is itself, twice, deleted, or does not know of it", nb.Item, n)
			}
			seen[nb.Item] = true
		}
		seen = map[core.ItemNum]bool{n: true}
		for _, h := range d.holders {
			o := c.docs[h]
			if seen[h] || o == nil || !slices.ContainsFunc(o.neighbours, func(nb Neighbour) bool { return nb.Item == n }) {
				t.Fatalf("holder %d of %d is itself, twice, deleted, or does not hold it", h, n)
			}
			seen[h] = true
		}
	}
	if length != c.length || len(df) != len(c.df) || len(postings) != len(c.postings) {
		t.Fatalf("length %v, %d df, %d lists, want %v, %d, %d", c.length, len(c.df), len(c.postings), length, len(df), len(postings))
	}
	order := func(a, b impact) int { return cmp.Compare(a.item, b.item) }
	for f, want := range postings {
		got := slices.SortedFunc(slices.Values(c.postings[f]), order)
		slices.SortFunc(want, order)
		if df[f] != c.df[f] || !slices.Equal(got, want) {
			t.Fatalf("feature %x: df %d, %v, want %d, %v", uint64(f), c.df[f], got, df[f], want)
		}
	}
}

func TestParse_IsBounded(t *testing.T) {
	a := text.NewAnalyzer("en")
	huge := Text{Author: "Ann"}
	for i := range 500 {
		s := fmt.Sprint("word", i)
		huge.Description += s + " "
		huge.Tags = append(huge.Tags, s)
		huge.Categories = append(huge.Categories, s)
		huge.Attributes = append(huge.Attributes, core.Attribute{Name: s, Value: s})
	}
	c := NewContent(a)
	features := c.Weigh(Parse(a, huge))
	kinds := map[core.Kind]int{}
	for _, w := range features {
		kinds[w.Feature.Kind()]++
		if attribute := w.Feature.Kind() == core.KindAttribute; attribute != (w.Weight == 0) {
			t.Errorf("a %s weighs %d", w.Feature.Kind(), w.Weight)
		}
	}
	if len(features) > core.MaxFeatures || kinds[core.KindTerm] != MaxTerms || kinds[core.KindAuthor] != 1 {
		t.Errorf("%d features, %v, want at most %d, %d of them terms, and the author", len(features), kinds, core.MaxFeatures, MaxTerms)
	}
	for _, empty := range []Text{{}, {Title: "the and of"}, {Author: " ", Tags: []string{"", " "}}} {
		if got := c.Weigh(Parse(a, empty)); len(got) != 0 {
			t.Errorf("%+v has the features %v, want none", empty, got)
		}
	}
}

func TestContent_ReadsItsOwnRecords(t *testing.T) {
	c := NewContent(text.NewAnalyzer("en"))
	put := func(a *text.Analyzer) *core.Record {
		p := Parse(a, Text{Title: "Sailing boats", Tags: []string{"sea"}})
		r := &core.Record{Num: 1, ID: "a", Features: c.Weigh(p)}
		c.Put(1, p)
		return r
	}
	other := put(text.NewAnalyzer("und"))
	own := put(text.NewAnalyzer("en"))
	if !c.Reads(own) || c.Reads(other) || c.Reads(&core.Record{Num: 2}) {
		t.Errorf("Reads = %v, %v, %v of an own record, another analyzer's and an unknown item's; want true, false, false",
			c.Reads(own), c.Reads(other), c.Reads(&core.Record{Num: 2}))
	}
}
