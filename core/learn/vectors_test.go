package learn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"nigh/core"
	"nigh/core/text"
)

// randomVector is one of length dim, not far from that of a topic: models say so of all texts of one language.
func randomVector(rnd *rand.Rand, dim int) []float32 {
	v := make([]float32, dim)
	topic := rnd.IntN(5)
	for i := range v {
		v[i] = float32(rnd.NormFloat64())
		if i%5 == topic {
			v[i] += 2
		}
	}
	return v
}

// vectorTwin is what vectors do, the slow way: by every pair, in float64.
type vectorTwin map[core.ItemNum][]float32

func cosine64(a, b []float32) float64 {
	ab, aa, bb := 0.0, 0.0, 0.0
	for i := range a {
		ab += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return ab / math.Sqrt(aa*bb)
}

// common is the mean cosine of all ordered pairs, each with itself counting 0.
func (w vectorTwin) common() float64 {
	sum := 0.0
	for n, a := range w {
		for m, b := range w {
			if n < m {
				sum += cosine64(a, b)
			}
		}
	}
	if len(w) == 0 {
		return 0
	}
	return min(max(2*sum/float64(len(w)*len(w)), 0), .99)
}

// similarities of an item with all others: by vectors, and by terms where one of two has none.
func (w vectorTwin) similarities(c *Content, n core.ItemNum, common float64) map[core.ItemNum]float64 {
	all := c.cosines(n)
	if w[n] == nil {
		return all
	}
	for m, v := range w {
		if m != n {
			s := max(0, (cosine64(w[n], v)-common)/(1-common))
			all[m] = s * s
		}
	}
	return all
}

func wantFound(t *testing.T, c *Content, f *Finder, n core.ItemNum, want map[core.ItemNum]float64) {
	t.Helper()
	got := c.Find(f, n)
	worst := minSimilarity
	for i, g := range got {
		if math.Abs(float64(g.Similarity)-want[g.Item]) > 1e-5 {
			t.Fatalf("similarity(%d, %d) = %v, want %v", n, g.Item, g.Similarity, want[g.Item])
		}
		if i > 0 && moreSimilar(got[i-1], g) >= 0 {
			t.Fatalf("neighbour %d of %d stands before a nearer one", i, n)
		}
		delete(want, g.Item)
	}
	if len(got) == MaxNeighbours {
		worst = float64(got[len(got)-1].Similarity)
	}
	for m, s := range want {
		if s > worst+1e-5 {
			t.Fatalf("%d with %v is no neighbour of %d; the last has %v", m, s, n, worst)
		}
	}
}

func TestContent_FindsWhatVectorsSay(t *testing.T) {
	a := text.NewAnalyzer("en")
	const items = 2 * blockRows // and so many that Find raises its bar
	for _, share := range []float64{.02, .5, 1} {
		for _, dim := range []int{1, 3, 40} {
			t.Run(fmt.Sprintf("share=%v,dim=%d", share, dim), func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(uint64(dim), 5))
				c, twin := NewContent(a), vectorTwin{}
				for n := range core.ItemNum(items) {
					written := randomText(rnd)
					if rnd.Float64() < share {
						written.Vector = randomVector(rnd, dim)
						twin[n+1] = written.Vector
					}
					p := Parse(a, written)
					c.Weigh(p)
					c.Put(n+1, p)
				}
				c.Reweigh()
				if c.Vectors() != len(twin) || c.VectorLen() != dim {
					t.Fatalf("%d vectors of length %d, want %d of %d", c.Vectors(), c.VectorLen(), len(twin), dim)
				}
				common := twin.common()
				if got := c.vectors.common; math.Abs(got-common) > 1e-6 {
					t.Fatalf("common = %v, want %v", got, common)
				}
				var f Finder
				for n := core.ItemNum(1); n <= items; n += 3 {
					wantFound(t, c, &f, n, twin.similarities(c, n, common))
				}
			})
		}
	}
}

func TestContent_KeepsVectorsThroughChanges(t *testing.T) {
	a := text.NewAnalyzer("en")
	for seed := range uint64(6) {
		rnd := rand.New(rand.NewPCG(seed, 6))
		c, twin := NewContent(a), vectorTwin{}
		var f Finder
		const items = blockRows + 20
		dim, common := 4, 0.0
		put := func(n core.ItemNum, v []float32) {
			written := randomText(rnd)
			written.Vector = v
			p := Parse(a, written)
			c.Weigh(p)
			c.Put(n, p)
		}
		for step := range 4 * items {
			n := core.ItemNum(1 + rnd.IntN(items))
			switch rnd.IntN(12) {
			case 0:
				c.Delete(n)
				delete(twin, n)
			case 1:
				put(n, nil)
				delete(twin, n)
			case 2: // what does not fit takes away what was there
				bad := [][]float32{randomVector(rnd, dim+1), make([]float32, dim)}[rnd.IntN(2)]
				if _, had := twin[n]; had && len(twin) == 1 || len(twin) == 0 {
					break // there it would fit
				}
				put(n, bad)
				delete(twin, n)
			case 3:
				if c.Stale() {
					c.Reweigh()
					common = twin.common()
				}
			case 4:
				before := c.snapshot()
				c.checkChanged(t, before, c.SetNeighbours(n, c.Find(&f, n)))
			default:
				twin[n] = randomVector(rnd, dim)
				put(n, twin[n])
			}
			if len(twin) == 0 {
				common = 0
			}
			if step%20 != 0 {
				continue
			}
			c.check(t)
			if c.Vectors() != len(twin) || len(twin) > 0 && c.VectorLen() != dim || len(twin) == 0 && c.VectorLen() != 0 {
				t.Fatalf("seed %d: %d vectors of length %d, want %d of %d", seed, c.Vectors(), c.VectorLen(), len(twin), dim)
			}
			for m := range c.docs {
				if c.HasVector(m) != (twin[m] != nil) {
					t.Fatalf("seed %d: HasVector(%d) = %v, want %v", seed, m, c.HasVector(m), twin[m] != nil)
				}
			}
			if c.docs[n] != nil {
				wantFound(t, c, &f, n, twin.similarities(c, n, common))
			}
		}
		for n := range core.ItemNum(items + 1) {
			c.Delete(n)
		}
		if c.Vectors() != 0 || c.VectorLen() != 0 || len(c.vectors.blocks) != 0 {
			t.Fatalf("seed %d: left over: %d vectors, %d blocks", seed, c.Vectors(), len(c.vectors.blocks))
		}
		put(1, randomVector(rnd, dim+2)) // with none left, any length is right
		if c.VectorLen() != dim+2 {
			t.Errorf("seed %d: VectorLen = %d, want %d", seed, c.VectorLen(), dim+2)
		}
	}
}

// Where a few of many items have a vector, they are still related to all.
func TestContent_RelatesFewVectorsToManyTexts(t *testing.T) {
	a := text.NewAnalyzer("en")
	c := NewContent(a)
	for n, w := range []Text{
		{Title: "whaling ships", Vector: []float32{1, 0}}, {Title: "whaling history"}, {Title: "whaling in verse", Vector: []float32{0, 1}},
		{Title: "desert planet", Vector: []float32{1, .1}}, {Title: "desert storms"},
	} {
		c.Put(core.ItemNum(n+1), Parse(a, w))
	}
	c.Reweigh()
	for n, want := range map[core.ItemNum][]core.ItemNum{
		1: {2, 4}, // 4 by its vector; 3 shares a word, but its vector is at a right angle
		2: {1, 3}, // has none, so words relate it to both
		4: {1, 5},
		5: {4},
	} {
		var got []core.ItemNum
		for _, nb := range c.Find(new(Finder), n) {
			got = append(got, nb.Item)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("neighbours of %d = %v, want %v", n, got, want)
		}
	}
}

// What all vectors of a model have in common says nothing: with it or without, about the same is similar.
func TestVectors_LeaveOutWhatAllHaveInCommon(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 7))
	var plain, shifted vectors
	const items, dim = 300, 30
	for n := range core.ItemNum(items) {
		v := append(randomVector(rnd, dim), 0)
		plain.set(n+1, unit(v))
		v = unit(v)
		v[dim] = 2 // at a right angle to what differs
		shifted.set(n+1, unit(v))
	}
	plain.measure()
	shifted.measure()
	if shifted.common < .8 {
		t.Errorf("common = %v, want above .8: they share 4 of 5 parts", shifted.common)
	}
	for n := range core.ItemNum(items) {
		a := plain.similarity(float32(cosine64(plain.at(0), plain.at(int(n)))))
		b := shifted.similarity(float32(cosine64(shifted.at(0), shifted.at(int(n)))))
		if math.Abs(float64(a-b)) > .02 {
			t.Errorf("similarity(1, %d) = %v with what is common, want %v as without", n+1, b, a)
		}
	}
}

func BenchmarkFindVector(b *testing.B) {
	for _, size := range []struct{ items, dim int }{{10_000, 384}, {60_000, 384}, {10_000, 1536}} {
		b.Run(fmt.Sprintf("items=%d,dim=%d", size.items, size.dim), func(b *testing.B) {
			rnd := rand.New(rand.NewPCG(1, 8))
			c := NewContent(text.NewAnalyzer("en"))
			for n := range core.ItemNum(size.items) {
				c.Put(n+1, Parse(c.analyzer, Text{Vector: randomVector(rnd, size.dim)}))
			}
			c.Reweigh()
			var f Finder
			n := core.ItemNum(0)
			b.ReportAllocs()
			for b.Loop() {
				n = n%core.ItemNum(size.items) + 1
				c.Find(&f, n)
			}
		})
	}
}
