package learn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"nigh/core"
)

const hourMillis = 3_600_000

func ExampleLearner() {
	p := DefaultPolicy()
	p.Lambda, p.ContentWeight, p.FreshContacts = 1, 0, 0
	l := NewLearner(p)
	const moby, whalers = 1, 2
	for range 9 { // nine readers go from one to the other
		l.Observe(core.History{{Item: moby, Strength: core.ProfileOne}}, whalers, core.ProfileOne, 500_000*hourMillis)
	}
	w := l.Weights(whalers, nil, 0, 500_000)
	fmt.Printf("%.1f\n", float64(w.Edges[0].Weight.Value())/core.One) // 9 / (9 + λ)
	// Output: 0.9
}

// slow is the formula of DESIGN.md section 2, letter by letter: every event is kept, and faded when asked for.
type slow struct {
	policy Policy
	events []slowEvent
}

type slowEvent struct {
	x        map[core.ItemNum]float64 // the reader's profile before it
	item     core.ItemNum
	strength int32
	hour     float64
	same     bool // as the reader's last one
}

func (s *slow) observe(h core.History, item core.ItemNum, strength int32, atMillis int64) {
	if strength <= 0 {
		return
	}
	e := slowEvent{map[core.ItemNum]float64{}, item, strength, float64(atMillis) / hourMillis, len(h) > 0 && h[0].Item == item}
	for r, v := range h {
		if r < s.policy.Window && v.Strength > 0 {
			e.x[v.Item] = math.Pow(1+float64(r), -s.policy.RecencyPower)
		}
	}
	s.events = append(s.events, e)
}

// weight is w(a→j) = (b[a→j] + σ·b[j→a]) / (d[a] + λ) as of an hour.
func (s *slow) weight(a, j core.ItemNum, hour float64) float64 {
	b := func(a, j core.ItemNum) (sum float64) {
		for _, e := range s.events {
			if e.item == j && a != j && !e.same {
				sum += e.x[a] * s.faded(e.hour, hour)
			}
		}
		return sum
	}
	d := 0.0
	for _, e := range s.events {
		if a != e.item && !e.same {
			d += e.x[a] * e.x[a] * s.faded(e.hour, hour)
		}
	}
	return (b(a, j) + s.policy.Sigma*b(j, a)) / (d + s.policy.Lambda)
}

func (s *slow) faded(then, now float64) float64 {
	if s.policy.EvidenceHalfLifeDays == 0 {
		return 1
	}
	return math.Exp2((then - now) / 24 / s.policy.EvidenceHalfLifeDays)
}

func (s *slow) heat(j core.ItemNum) float64 {
	sum := 0.0
	hours := math.Round(s.policy.PriorHalfLifeDays * 24)
	const base = 500_000
	for _, e := range s.events {
		if e.item == j {
			sum += float64(e.strength) / core.ProfileOne * math.Exp2((e.hour-base)/hours)
		}
	}
	return (math.Log2(sum) + base/hours) * core.HeatUnit
}

func TestLearner_CountsAsItsTwin(t *testing.T) {
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		p := DefaultPolicy()
		p.FreshContacts, p.Window = 0, 1+rnd.IntN(12)
		p.RecencyPower = []float64{0, .5, 1}[rnd.IntN(3)]
		p.Sigma = []float64{0, .5, 1}[rnd.IntN(3)]
		p.Lambda = []float64{.5, 10}[rnd.IntN(2)]
		p.EvidenceHalfLifeDays = []float64{0, .5, 30, 365}[rnd.IntN(4)]
		p.PriorHalfLifeDays = []float64{.06, 1.3, 14}[rnd.IntN(3)]
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		l, s := NewLearner(p), &slow{policy: p}
		const items = 20
		readers := make([]core.History, 5)
		at := int64(500_000) * hourMillis
		dirty := map[core.ItemNum]bool{}
		for range 200 {
			at += rnd.Int64N(6 * hourMillis)
			r := rnd.IntN(len(readers))
			n := core.ItemNum(1 + rnd.IntN(items))
			strength := int32(rnd.IntN(5)-1) * 128
			l.Observe(readers[r], n, strength, at)
			s.observe(readers[r], n, strength, at)
			readers[r] = readers[r].Record(core.Visit{Item: n, Strength: strength, At: at})
			for _, m := range l.TakeDirty(rnd.IntN(4)) {
				dirty[m] = true
			}
		}
		now := float64(at)/hourMillis + float64(rnd.IntN(1000))
		for j := core.ItemNum(1); j <= items; j++ {
			w := l.Weights(j, nil, 0, now)
			got := map[core.ItemNum]core.Weight{}
			for _, e := range w.Edges {
				got[e.From] = e.Weight
			}
			for a := core.ItemNum(1); a <= items; a++ {
				exact := s.weight(a, j, now) * core.One
				want := core.QuantizeWeight(int64(math.Round(exact)))
				if a == j {
					want = 0
				}
				// float32 counts may round to the code beside it
				if d := int(got[a]) - int(want); d < -1 || d > 1 {
					t.Fatalf("seed %d, %+v: w(%d→%d) = %d, want %d (%.3f)", seed, p, a, j, got[a], want, exact)
				}
			}
			if h := s.heat(j); !math.IsInf(h, -1) && math.Abs(float64(w.Heat)-h) > 1 {
				t.Fatalf("seed %d: heat of %d = %d, want %.2f", seed, j, w.Heat, h)
			}
		}
	}
}

// What Weights would return has changed by at most a step for whoever is not marked.
func TestLearner_MarksWhatChanges(t *testing.T) {
	for _, sigma := range []float64{0, .5} {
		rnd := rand.New(rand.NewPCG(3, 3))
		p := DefaultPolicy()
		p.Sigma, p.Lambda, p.EvidenceHalfLifeDays = sigma, 1, 0
		l := NewLearner(p)
		const items, hour = 25, 500_000
		known := map[core.ItemNum]map[core.ItemNum]core.Weight{}
		h := core.History{}
		for step := range int64(600) {
			n := core.ItemNum(1 + rnd.IntN(1+rnd.IntN(items)))
			at := hour*hourMillis + step
			l.Observe(h, n, 256, at)
			h = h.Record(core.Visit{Item: n, Strength: 256, At: at})
			for l.Dirty() {
				for _, m := range l.TakeDirty(3) {
					known[m] = edges(l.Weights(m, nil, 0, hour))
				}
			}
			for m := core.ItemNum(1); m <= items; m++ {
				for a, w := range edges(l.Weights(m, nil, 0, hour)) {
					// one step of d, and the rounding of both
					if d := int(known[m][a]) - int(w); d < -2 || d > 2 {
						t.Fatalf("sigma %v, step %d: w(%d→%d) is %d, but %d when it was marked last", sigma, step, a, m, w, known[m][a])
					}
				}
			}
		}
	}
}

func edges(w core.Weights) map[core.ItemNum]core.Weight {
	out := map[core.ItemNum]core.Weight{}
	for _, e := range w.Edges {
		out[e.From] = e.Weight
	}
	return out
}

func TestLearner_HalvesInAHalfLife(t *testing.T) {
	p := DefaultPolicy()
	p.Lambda, p.EvidenceHalfLifeDays, p.FreshContacts = 1000, 10, 0
	l := NewLearner(p)
	const hour = 500_000
	for range 100 {
		l.Observe(core.History{{Item: 1, Strength: 256}}, 2, 256, hour*hourMillis)
	}
	value := func(at float64) float64 { return float64(l.Weights(2, nil, 0, at).Edges[0].Weight.Value()) / core.One }
	for i, want := range []float64{100. / 1100, 50. / 1050, 25. / 1025} {
		if got := value(hour + float64(i)*240); math.Abs(got/want-1) > .023 {
			t.Errorf("after %d half-lives the weight is %.4f, want %.4f", i, got, want)
		}
	}
	// Forty half-lives later the scale has moved, and new counts do not drown in old ones.
	later := int64(hour+40*240) * hourMillis
	for range 100 {
		l.Observe(core.History{{Item: 3, Strength: 256}}, 2, 256, later)
	}
	w := l.Weights(2, nil, 0, hour+40*240)
	if len(w.Edges) != 1 || w.Edges[0].From != 3 || w.Edges[0].Weight != core.QuantizeWeight(core.One*100/1100) {
		t.Errorf("edges = %v, want the new one of %d alone", w.Edges, core.QuantizeWeight(core.One*100/1100))
	}
}

func TestLearner_BoundsCandidatesBySpaceSaving(t *testing.T) {
	var list []candidate
	truth := map[core.ItemNum]float32{}
	rnd := rand.New(rand.NewPCG(5, 5))
	total := float32(0)
	for range 20_000 {
		n := core.ItemNum(1 + rnd.IntN(1+rnd.IntN(1000)))
		truth[n]++
		total++
		add(&list, n, 1)
	}
	if len(list) != MaxCandidates {
		t.Fatalf("%d candidates, want %d", len(list), MaxCandidates)
	}
	seen := map[core.ItemNum]bool{}
	for _, c := range list {
		if seen[c.item] {
			t.Fatalf("item %d stands twice", c.item)
		}
		seen[c.item] = true
		// The guarantee of Space-Saving: c - err <= truth <= c, and err <= total / candidates.
		if c.c-c.err > truth[c.item] || truth[c.item] > c.c || c.err > total/MaxCandidates {
			t.Errorf("item %d counts %v, of which %v inherited; in truth %v", c.item, c.c, c.err, truth[c.item])
		}
	}
	for n, v := range truth {
		if v > total/MaxCandidates && !seen[n] {
			t.Errorf("item %d with %v of %v was evicted", n, v, total)
		}
	}
}

func TestLearner_KeepsTheStrongest(t *testing.T) {
	l := NewLearner(DefaultPolicy())
	var ns []Neighbour
	for n := range core.ItemNum(200) {
		ns = append(ns, Neighbour{n + 1, float32(n%100+1) / 100})
	}
	w := l.Weights(7, ns, 0, 500_000)
	if len(w.Edges) != core.MaxEdges {
		t.Fatalf("%d edges, want %d", len(w.Edges), core.MaxEdges)
	}
	for i, e := range w.Edges {
		if e.From == 7 {
			t.Error("an edge from the item itself")
		}
		if i > 0 && (w.Edges[i-1].Weight < e.Weight || w.Edges[i-1].Weight == e.Weight && w.Edges[i-1].From >= e.From) {
			t.Errorf("edge %d (%v) stands behind %v", i, e, w.Edges[i-1])
		}
	}
	if want := core.QuantizeWeight(core.One / 5); w.Edges[0].Weight != want { // ContentWeight · 1
		t.Errorf("the first weighs %d, want %d", w.Edges[0].Weight, want)
	}
}

func TestLearner_ForgetKeepsWhatOthersCountOn(t *testing.T) {
	p := DefaultPolicy()
	p.Lambda, p.EvidenceHalfLifeDays = 1, 0
	l := NewLearner(p)
	for i := range 50 { // 1 is read often, and seldom followed by 3
		next := core.ItemNum(2)
		if i%10 == 0 {
			next = 3
		}
		l.Observe(core.History{{Item: 1, Strength: 256}}, next, 256, 1)
	}
	before := l.Weights(3, nil, 0, 1)
	l.Forget(1)
	l.Forget(99) // unknown
	if after := l.Weights(3, nil, 0, 1); !slices.Equal(after.Edges, before.Edges) {
		t.Errorf("after item 1 was deleted the edges of 3 are %v, want %v", after.Edges, before.Edges)
	}
	if w := l.Weights(1, nil, 0, 1); len(w.Edges) != 0 || w.Heat != 0 {
		t.Errorf("a forgotten item has %+v, want nothing", w)
	}
}

// A prior that is read with another half-life than Heat was made with would be off by octaves, since hours count from 1970.
func TestLearner_HeatAndPriorAgree(t *testing.T) {
	for _, days := range []float64{1.0 / 24, .06, .4375, 14, 14.02, 90.01} {
		p := DefaultPolicy()
		p.PriorHalfLifeDays, p.PriorWeight, p.PriorSpan = days, 1, 12
		l := NewLearner(p)
		const hour = 500_000
		l.Observe(nil, 1, core.ProfileOne, hour*hourMillis)
		got := p.Compile().Prior(l.Weights(1, nil, 0, hour).Heat, hour)
		if d := got - 12*core.One; d < -core.One/128 || d > core.One/128 {
			t.Errorf("half-life of %v days: one contact in this hour = %.3f octaves above the floor, want 12", days, float64(got)/core.One)
		}
	}
}
