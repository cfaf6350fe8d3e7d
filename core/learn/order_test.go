package learn

import (
	"math/rand/v2"
	"testing"

	"nigh/core"
	"nigh/core/text"
)

// Whatever the order in which neighbours are found: who is among the nearest of an item stays there when its own are found
// later, also if the item is not among those.
func TestContent_NeighboursDoNotHangOnTheOrder(t *testing.T) {
	a := text.NewAnalyzer("en")
	c := NewContent(a)
	rnd := rand.New(rand.NewPCG(1, 1))
	const items = 5 * MaxNeighbours
	for n := range core.ItemNum(items) {
		c.Put(n+1, Parse(a, randomText(rnd)))
	}
	c.Reweigh()
	f := &Finder{}
	for n := core.ItemNum(1); n <= items; n++ {
		c.SetNeighbours(n, c.Find(f, n))
	}
	for n := core.ItemNum(1); n <= items; n++ {
		want, got := c.Find(f, n), c.Neighbours(n)
		if len(got) != len(want) {
			t.Fatalf("%d has %d neighbours, want %d", n, len(got), len(want))
		}
		for i := range got { // equal ones may stand for each other: they are rounded
			if d := got[i].Similarity - want[i].Similarity; d > 1e-4 || d < -1e-4 {
				t.Fatalf("neighbour %d of %d is %v, want %v", i, n, got[i], want[i])
			}
		}
	}
}
