package learn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"nigh/core"
)

// whole says what is wrong with a learner's state: numbers that are none, lists beyond their bounds or of each other's
// making.
func whole(l *Learner) error {
	finite := func(vs ...float64) bool {
		for _, v := range vs {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return false
			}
		}
		return true
	}
	if !finite(l.company, l.pairs, l.singles, l.base) || l.company <= 0 {
		return fmt.Errorf("company %v, pairs %v, singles %v", l.company, l.pairs, l.singles)
	}
	holders := map[core.ItemNum][]core.ItemNum{}
	for n, it := range l.items {
		if it == nil || it == gone {
			continue
		}
		if !finite(it.d, it.support, it.lambda, it.contacts, float64(it.floor)) || it.support <= 0 || math.IsNaN(it.heat) || math.IsInf(it.heat, 1) {
			return fmt.Errorf("item %d: %+v", n, *it)
		}
		if len(it.from) > MaxCandidates || len(it.edges) > core.MaxEdges {
			return fmt.Errorf("item %d has %d candidates and %d edges", n, len(it.from), len(it.edges))
		}
		for _, c := range it.from {
			if !finite(float64(c.c), float64(fromBfloat(c.err))) || c.c < 0 || c.count() < -1e-2*float64(c.c) {
				return fmt.Errorf("item %d: candidate %+v", n, c)
			}
		}
		for _, e := range it.edges {
			holders[e.From] = append(holders[e.From], core.ItemNum(n))
		}
	}
	for n, it := range l.items {
		if it == nil || it == gone {
			continue
		}
		want := holders[core.ItemNum(n)]
		if len(it.holders) > 2*len(want)+2*minLoose {
			return fmt.Errorf("item %d: %d holders for %d edges", n, len(it.holders), len(want))
		}
		for _, t := range want {
			if !slices.Contains(it.holders, t) {
				return fmt.Errorf("item %d: an edge leads from it to %d, which is none of its holders", n, t)
			}
		}
	}
	return nil
}

// drain makes the records of all that was marked, as a catalog does, and returns how many.
func drain(t *testing.T, l *Learner, hour float64) int {
	t.Helper()
	l.Refine(1<<30, func(core.ItemNum) []Neighbour { return nil }, hour)
	due := l.TakeDirty(1 << 30)
	for _, n := range due {
		w := l.Weights(n, nil, int64(hour*hourMillis), hour)
		if w.Heat < 0 || w.Damp > core.DampOctave || len(w.Edges) > core.MaxEdges {
			t.Fatalf("weights of %d = %+v", n, w)
		}
	}
	return len(due)
}

// Whatever a valid policy says, records hold numbers. Each field is put to both its ends, alone and with others.
func TestLearner_BearsThePolicysExtremes(t *testing.T) {
	var extremes []string
	for _, b := range new(Policy).bounds() {
		for _, v := range []float64{b.lo, b.hi, math.SmallestNonzeroFloat64, (b.lo + b.hi) / 2} {
			if v >= b.lo && v <= b.hi && !(b.aboveLower && v == b.lo) {
				extremes = append(extremes, fmt.Sprintf("%s=%v", b.name, v))
			}
		}
	}
	if len(extremes) < 60 {
		t.Fatalf("%d extremes: the test sees too little", len(extremes))
	}
	rnd := rand.New(rand.NewPCG(7, 7))
	for i := range 3 * len(extremes) {
		p := DefaultPolicy()
		sets := []string{extremes[i%len(extremes)]}
		for range i / len(extremes) * 4 {
			sets = append(sets, extremes[rnd.IntN(len(extremes))])
		}
		for _, s := range sets {
			if err := SetPolicy(&p, s); err != nil && s != "window=4.94e-324" {
				continue // a fraction where a whole number is wanted
			}
		}
		c := p.Compile()
		l := NewLearner(p)
		h := core.History{}
		at := int64(481_000 * hourMillis) // 2024
		for e := range 300 {
			at += []int64{0, 1, hourMillis, -dayMillis, 900 * dayMillis}[rnd.IntN(4)+e%299/298]
			n := core.ItemNum(1 + rnd.IntN(12))
			k, _ := c.Kind([]string{"view", "rating", "like", "dislike"}[rnd.IntN(4)])
			strength := k.Strength(int64(rnd.IntN(10000) - 5000))
			l.Observe(h, n, strength, at)
			h = h.Record(core.Visit{Item: n, Strength: strength, At: at})
			if e%40 == 0 {
				drain(t, l, float64(at)/hourMillis)
			}
		}
		for n := range core.ItemNum(16) { // some were never met; all have neighbours
			w := l.Weights(n+1, []Neighbour{{n%7 + 1, 1}, {n%5 + 20, 0.01}}, at, float64(at)/hourMillis)
			for _, e := range w.Edges {
				if e.Weight == 0 || e.From == 0 {
					t.Errorf("%v: edge %+v of %d", sets, e, n+1)
				}
			}
		}
		if err := whole(l); err != nil {
			t.Fatalf("%v: %v", sets, err)
		}
	}
}

// One item in half of all events: what has to be made anew stays a few records an event, and so do its lists.
func TestLearner_BearsAHub(t *testing.T) {
	for _, rho := range []float64{0, 0.2} {
		p := DefaultPolicy()
		p.Rho = rho
		l := NewLearner(p)
		rnd := rand.New(rand.NewPCG(3, 9))
		const items, events, hub = 2000, 12_000, 1
		made, at := 0, int64(481_000*hourMillis)
		readers := make([]core.History, 500)
		for i := range events {
			at += 1000
			u := rnd.IntN(len(readers))
			n := core.ItemNum(hub)
			if i%2 == 0 {
				n = core.ItemNum(2 + rnd.IntN(items))
			}
			l.Observe(readers[u], n, core.ProfileOne, at)
			readers[u] = readers[u].Record(core.Visit{Item: n, Strength: core.ProfileOne, At: at})
			made += drain(t, l, float64(at)/hourMillis)
		}
		if err := whole(l); err != nil {
			t.Fatal(err)
		}
		t.Logf("ρ=%v: %.1f records an event, the hub has %d holders", rho, float64(made)/events, len(l.items[hub].holders))
		if most := 3 * (p.Window + 1); made > most*events {
			t.Errorf("ρ=%v: %d records were made for %d events, want at most %d an event", rho, made, events, most)
		}
	}
}

// One reader who never ends, in any order of time: nothing grows but by the items.
func TestLearner_BearsOneReaderWithoutEnd(t *testing.T) {
	for days, events := range map[float64]int{0: 100_000, 7: 20_000} {
		p := DefaultPolicy()
		p.Rho, p.EvidenceHalfLifeDays = 0, days
		l := NewLearner(p)
		rnd := rand.New(rand.NewPCG(5, 1))
		var h core.History
		for i := range events {
			n := core.ItemNum(1 + rnd.IntN(300))
			at := int64(481_000*hourMillis) + int64(i)*60_000
			if rnd.IntN(10) == 0 {
				at -= rnd.Int64N(3000 * dayMillis)
			}
			l.Observe(h, n, core.ProfileOne, at)
			if h = append(core.History{{Item: n, Strength: core.ProfileOne, At: at}}, h.Forget(n)...); len(h) > core.MaxHistory {
				h = h[:core.MaxHistory]
			}
			if i%5000 == 0 {
				drain(t, l, float64(at)/hourMillis)
			}
		}
		drain(t, l, 483_000)
		if err := whole(l); err != nil {
			t.Fatal(err)
		}
	}
}

// An item that nobody met for a thousand half-lives, while others are met all the time, is as good as new.
func TestLearner_BearsAnItemThatIsLeftAlone(t *testing.T) {
	p := DefaultPolicy()
	p.Rho, p.EvidenceHalfLifeDays = 0, 1
	l := NewLearner(p)
	at := int64(481_000 * hourMillis)
	for range 10 {
		l.Observe(core.History{{Item: 1, Strength: core.ProfileOne}}, 2, core.ProfileOne, at)
	}
	for range 2000 {
		at += dayMillis
		l.Observe(core.History{{Item: 3, Strength: core.ProfileOne}}, 4, core.ProfileOne, at)
	}
	drain(t, l, float64(at)/hourMillis)
	if err := whole(l); err != nil {
		t.Fatal(err)
	}
	fresh := NewLearner(p).Weights(9, []Neighbour{{8, 1}}, 0, float64(at)/hourMillis)
	w := l.Weights(5, []Neighbour{{1, 1}}, 0, float64(at)/hourMillis)
	if len(w.Edges) != 1 || len(fresh.Edges) != 1 {
		t.Fatalf("edges from a neighbour that was left alone = %v, from a new one %v; want one each", w.Edges, fresh.Edges)
	}
}

// In whatever order events, deletions and new weights come, a source knows the items that have an edge from it.
func TestLearner_KnowsItsHolders(t *testing.T) {
	for seed := range uint64(8) {
		rnd := rand.New(rand.NewPCG(seed, 4))
		p := DefaultPolicy()
		p.Rho, p.Lambda = 0, 1
		l := NewLearner(p)
		items := 80 + rnd.IntN(200)
		var h core.History
		at := int64(481_000 * hourMillis)
		for range 1500 {
			at += 1000
			n := core.ItemNum(1 + rnd.IntN(items))
			switch rnd.IntN(200) {
			case 0:
				l.Forget(n)
			case 1:
				h = nil
			}
			l.Observe(h, n, core.ProfileOne, at)
			h = h.Record(core.Visit{Item: n, Strength: core.ProfileOne, At: at})
			for _, m := range l.TakeDirty(rnd.IntN(20)) {
				l.Weights(m, nil, 0, float64(at)/hourMillis)
			}
		}
		if err := whole(l); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func TestLearner_BearsNothingAndOne(t *testing.T) {
	l := NewLearner(DefaultPolicy())
	l.RefineAll()
	l.MarkAll(0)
	if l.Dirty() != 0 || l.Stale() != 0 {
		t.Errorf("a learner that has seen nothing has %d items to do and %d to refine", l.Dirty(), l.Stale())
	}
	if w := l.Weights(1, nil, 0, 481_000); w.Heat != 0 || len(w.Edges) != 0 {
		t.Errorf("weights of an item that nobody met = %+v", w)
	}
	for i := range int64(1000) { // one item, over and over
		l.Observe(core.History{{Item: 1, Strength: core.ProfileOne, At: i}}, 1, core.ProfileOne, i)
	}
	if w := l.Weights(1, nil, 0, 481_000); len(w.Edges) != 0 {
		t.Errorf("edges of the only item = %v, want none", w.Edges)
	}
	if err := whole(l); err != nil {
		t.Error(err)
	}
}
