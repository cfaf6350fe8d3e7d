package learn

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"nigh/core"
)

// Giving memory back, and holding edges that somebody else holds, changes nothing of what is learnt from then on.
func TestLearner_ClipAndHoldChangeNothing(t *testing.T) {
	p := DefaultPolicy()
	one, two := NewLearner(p), NewLearner(p)
	rnd := rand.New(rand.NewPCG(1, 1))
	records := map[core.ItemNum]*core.Record{}
	for step := range 3000 {
		var h core.History
		for i := range rnd.IntN(12) {
			h = h.Record(core.Visit{Item: core.ItemNum(1 + rnd.IntN(60)), Strength: core.ProfileOne, At: int64(i)})
		}
		item, at := core.ItemNum(1+rnd.IntN(60)), int64(500_000+step)*hourMillis
		one.Observe(h, item, core.ProfileOne, at)
		two.Observe(h, item, core.ProfileOne, at)
		if one.Size() != two.Size() || one.Size() == 0 && len(h) > 1 {
			t.Fatalf("sizes are %d and %d", one.Size(), two.Size())
		}
		for one.Dirty() > 0 {
			a, b := one.TakeDirty(8), two.TakeDirty(8)
			if !slices.Equal(a, b) {
				t.Fatalf("after %d events %v are marked, and %v", step, a, b)
			}
			for _, n := range a {
				w, v := one.Weights(n, nil, 0, 500_000+float64(step)), two.Weights(n, nil, 0, 500_000+float64(step))
				if !reflect.DeepEqual(w, v) {
					t.Fatalf("after %d events item %d has %v, and %v", step, n, w, v)
				}
				records[n] = (&core.Record{Num: n}).With(core.Weights{Num: n, Edges: slices.Clone(v.Edges)})
				two.Hold(n, records[n].Edges)
			}
		}
		if step%100 == 99 {
			two.Clip()
		}
	}
	for n, r := range records {
		if e := two.Weights(n, nil, 0, 503_000).Edges; len(e) > 0 && &e[0] != &r.Edges[0] {
			t.Errorf("the edges of item %d are held twice", n)
		}
		for _, e := range r.Edges {
			if !slices.Contains(two.items[e.From].holders, n) {
				t.Errorf("item %d has an edge from %d, which does not know of it", n, e.From)
			}
		}
	}
	two.Hold(1, nil) // other edges than its own
	if len(two.Weights(1, nil, 0, 503_000).Edges) == 0 {
		t.Error("an item lost its edges by holding others")
	}
}
