package learn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"nigh/core"
)

const hourMillis = 3_600_000

func ExampleLearner() {
	p := DefaultPolicy()
	p.Lambda, p.Rho = 1, 0
	l := NewLearner(p)
	const moby, whalers = 1, 2
	for range 9 { // nine readers go from one to the other
		l.Observe(core.History{{Item: moby, Strength: core.ProfileOne}}, whalers, core.ProfileOne, 500_000*hourMillis)
	}
	fmt.Printf("%.1f\n", float64(core.Similarity(record(l, moby), record(l, whalers)))/core.One) // 9 / (9 + λκ), κ being 1 at first
	// Output: 0.9
}

// record is what an item's record holds of what was learnt.
func record(l *Learner, n core.ItemNum) *core.Record {
	return (&core.Record{Num: n}).With(l.Weights(n, nil, 0, 500_000))
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
			if n := float64(min(len(h), s.policy.Window)); r > 0 {
				e.x[v.Item] *= n / (n + s.policy.Focus)
			}
		}
	}
	s.events = append(s.events, e)
}

// weight is w(a→j) = (b[a→j] + σ·b[j→a]) / (d[a] + λκ) as of an hour.
func (s *slow) weight(a, j core.ItemNum, hour, company float64) float64 {
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
	return (b(a, j) + s.policy.Sigma*b(j, a)) / (d + s.policy.Lambda*company)
}

// company is κ: how much company the sources of a transition had, over how many there were.
func (s *slow) company() float64 {
	pairs, singles := 0.0, 0.0
	for _, e := range s.events {
		sum, squares := 0.0, 0.0
		for a, x := range e.x {
			if a != e.item && !e.same {
				sum += x
				squares += x * x
			}
		}
		f := s.faded(e.hour, s.events[len(s.events)-1].hour)
		pairs += (sum*sum - squares) / 2 * f
		singles += sum * f
	}
	return max((pairs+companyPrior)/(singles+companyPrior), .25)
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
		p.FreshContacts, p.Rho, p.Window = 0, 0, 1+rnd.IntN(12)
		p.RecencyPower = []float64{0, .5, 1}[rnd.IntN(3)]
		p.Focus = []float64{0, 2, 7}[rnd.IntN(3)]
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
		if off := l.company / s.company(); off > companyStep*1.001 || off < 1/companyStep/1.001 {
			t.Fatalf("seed %d: κ = %.4f, want %.4f", seed, l.company, s.company())
		}
		for j := core.ItemNum(1); j <= items; j++ {
			w := l.Weights(j, nil, 0, now)
			for a := core.ItemNum(1); a <= items; a++ {
				var got, want float64
				if e, ok := findEdge(w.Edges, a); ok {
					got = float64(w.Edges[e].Weight.Value()) * math.Exp2(-float64(l.items[a].damp)/core.DampOctave)
				}
				if it := l.at(a); it != nil && a != j { // a source is weighed as of its last touch
					touched := l.base + 24*p.EvidenceHalfLifeDays*math.Log2(it.lambda/(p.Lambda*l.company))
					want = s.weight(a, j, touched, l.company) * core.One
				}
				// half a step of the weight's scale and half of the damp's; what is below the smallest weight is none
				if math.Abs(got-want) > want*.029+core.One/4096 {
					t.Fatalf("seed %d, %+v: w(%d→%d) = %.1f, want %.1f", seed, p, a, j, got, want)
				}
			}
			if h := s.heat(j); !math.IsInf(h, -1) && math.Abs(float64(w.Heat)-h) > 1 {
				t.Fatalf("seed %d: heat of %d = %d, want %.2f", seed, j, w.Heat, h)
			}
		}
	}
}

// What Weights would return has not changed for whoever is not marked.
func TestLearner_MarksWhatChanges(t *testing.T) {
	for _, sigma := range []float64{0, .5} {
		rnd := rand.New(rand.NewPCG(3, 3))
		p := DefaultPolicy()
		p.Sigma, p.Lambda, p.Rho = sigma, 1, 0
		// Every second item is the content neighbour of the one after it.
		like := func(n core.ItemNum) []Neighbour { return []Neighbour{{Item: n - n%2, Similarity: .5}} }
		l := NewLearner(p).WithTargets(func(n core.ItemNum) []core.ItemNum { return []core.ItemNum{n + 1 - n%2} })
		const items, hour = 25, 500_000
		known := map[core.ItemNum]core.Weights{}
		for m := core.ItemNum(1); m <= items+1; m++ {
			known[m] = l.Weights(m, like(m), 0, hour)
		}
		h := core.History{}
		for step := range int64(600) {
			n := core.ItemNum(1 + rnd.IntN(1+rnd.IntN(items)))
			at := hour*hourMillis + step
			l.Observe(h, n, 256, at)
			h = h.Record(core.Visit{Item: n, Strength: 256, At: at})
			for l.Dirty() > 0 {
				for _, m := range l.TakeDirty(3) {
					known[m] = l.Weights(m, like(m), 0, hour)
				}
			}
			for m := core.ItemNum(1); m <= items; m++ {
				l.at(m).fresh = false // else it would be what was returned last, whatever has changed
				if w := l.Weights(m, like(m), 0, hour); !reflect.DeepEqual(w, known[m]) {
					t.Fatalf("sigma %v, step %d: %d has %v, but %v when it was marked last", sigma, step, m, w, known[m])
				}
			}
		}
	}
}

// κ leaves its prior as evidence comes, and a change of it reaches every item.
func TestLearner_FollowsTheCompanyThatSourcesHave(t *testing.T) {
	for _, c := range []struct {
		items int     // of each history
		want  float64 // of p = 0: n·(n-1)/2 pairs to n sources
	}{{1, minCompany}, {3, 1}, {11, 5}} {
		p := DefaultPolicy()
		p.RecencyPower, p.Focus, p.Rho = 0, 0, 0
		l := NewLearner(p)
		h := core.History{}
		for n := range core.ItemNum(c.items) {
			h = append(h, core.Visit{Item: 10 + n, Strength: core.ProfileOne})
		}
		for range 100_000 {
			l.Observe(h, 1, core.ProfileOne, 1)
		}
		if off := l.company / c.want; off > companyStep*1.02 || off < 1/companyStep/1.02 {
			t.Errorf("histories of %d items: κ = %.3f, want about %v", c.items, l.company, c.want)
		}
		if got, want := l.items[10].lambda, p.Lambda*l.company; got != want {
			t.Errorf("histories of %d items: λκ of an item = %v, want %v", c.items, got, want)
		}
	}
}

func TestLearner_HalvesInAHalfLife(t *testing.T) {
	p := DefaultPolicy()
	p.Lambda, p.Rho, p.EvidenceHalfLifeDays, p.FreshContacts = 1000, 0, 10, 0
	l := NewLearner(p)
	const hour = 500_000
	for range 100 {
		l.Observe(core.History{{Item: 1, Strength: 256}}, 2, 256, hour*hourMillis)
	}
	value := func(from, to core.ItemNum) float64 {
		return float64(core.Similarity(record(l, from), record(l, to))) / core.One
	}
	// 1 is met again after one half-life, and after another
	for i, want := range []float64{100. / 1100, 50. / 1051, 25. / 1026.5} {
		if i > 0 {
			l.Observe(core.History{{Item: 1, Strength: 256}}, 9, 256, int64(hour+i*240)*hourMillis)
		}
		if got := value(1, 2); math.Abs(got/want-1) > .03 {
			t.Errorf("after %d half-lives the weight is %.4f, want %.4f", i, got, want)
		}
	}
	// Forty half-lives later the scale has moved, and new counts do not drown in old ones.
	later := int64(hour+40*240) * hourMillis
	for range 100 {
		l.Observe(core.History{{Item: 3, Strength: 256}}, 2, 256, later)
	}
	if got := value(3, 2); math.Abs(got*1100/100-1) > .03 {
		t.Errorf("the new edge weighs %.4f, want %.4f", got, 100./1100)
	}
	l.Observe(core.History{{Item: 1, Strength: 256}}, 9, 256, later)
	if got := value(1, 2); got != 0 {
		t.Errorf("the old edge weighs %.4f, want nothing", got)
	}
}

func TestCandidates_AreBoundedBySpaceSaving(t *testing.T) {
	var list candidates
	truth := map[core.ItemNum]float32{}
	rnd := rand.New(rand.NewPCG(5, 5))
	total := float32(0)
	for range 20_000 {
		n := core.ItemNum(1 + rnd.IntN(1+rnd.IntN(1000)))
		truth[n]++
		total++
		if at, evicted := list.add(n, 1, MaxCandidates); list[at].item != n || evicted == n {
			t.Fatalf("item %d was put to place %d, where %d stands; %d evicted", n, at, list[at].item, evicted)
		}
	}
	if len(list) != MaxCandidates || cap(list) > MaxCandidates*5/4 {
		t.Fatalf("%d candidates in %d places, want %d", len(list), cap(list), MaxCandidates)
	}
	for i, c := range list {
		if i > 0 && list[i-1].item >= c.item {
			t.Fatalf("item %d stands behind %d", c.item, list[i-1].item)
		}
		// The guarantee of Space-Saving: c - err <= truth <= c, and err <= total / candidates, rounded up.
		if err := fromBfloat(c.err); c.count() > float64(truth[c.item]) || truth[c.item] > c.c || err > total/MaxCandidates*1.01 {
			t.Errorf("item %d counts %v, of which %v inherited; in truth %v", c.item, c.c, err, truth[c.item])
		}
	}
	for n, v := range truth {
		if _, ok := list.find(n); v > total/MaxCandidates && !ok {
			t.Errorf("item %d with %v of %v was evicted", n, v, total)
		}
	}
}

// The candidates of a whole catalog are bounded: an item has less room as it grows, and those that had more give it up.
func TestLearner_BoundsTheCandidatesOfAll(t *testing.T) {
	p := DefaultPolicy()
	p.Rho, p.Window = 0, 1
	l := NewLearner(p)
	for n := range core.ItemNum(600) {
		l.Observe(core.History{{Item: 10 + n, Strength: 256}}, 1, 256, 1)
	}
	if n := len(l.items[1].from); n != MaxCandidates {
		t.Fatalf("%d candidates, want %d", n, MaxCandidates)
	}
	for n := range core.ItemNum(candidateBudget / minCandidates) {
		l.get(1000+n, 1)
	}
	l.Observe(core.History{{Item: 10, Strength: 256}}, 1, 256, 1)
	if n := len(l.items[1].from); n != minCandidates || l.room != minCandidates {
		t.Errorf("in a large catalog %d candidates and room for %d, want %d", n, l.room, minCandidates)
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
		if i > 0 && w.Edges[i-1].From >= e.From {
			t.Errorf("edge %d (%v) stands behind %v", i, e, w.Edges[i-1])
		}
		if e.From%100 < 68 && e.From%100 != 0 {
			t.Errorf("an edge from %d, one of the weaker", e.From)
		}
	}
	// ContentWeight · 1
	if got, want := edgeOf(l, w, 100), .1; math.Abs(got/want-1) > .03 {
		t.Errorf("the strongest weighs %.4f, want %.4f", got, want)
	}
}

func TestLearner_ForgetTakesTheEvidenceOut(t *testing.T) {
	for _, rho := range []float64{0, .5} {
		p := DefaultPolicy()
		p.Rho = rho
		with, without := NewLearner(p), NewLearner(p)
		rnd := rand.New(rand.NewPCG(9, 9))
		for range 300 { // 1 is among what all meet
			a, b := core.ItemNum(2+rnd.IntN(20)), core.ItemNum(2+rnd.IntN(20))
			with.Observe(core.History{{Item: a, Strength: 256}, {Item: 1, Strength: 256}}, b, 256, 1)
		}
		with.Forget(1)
		with.Forget(99) // unknown
		for n := core.ItemNum(1); n < 25; n++ {
			if w := with.Weights(n, nil, 0, 1); n == 1 && (len(w.Edges) != 0 || w.Heat != 0) {
				t.Errorf("a forgotten item has %+v, want nothing", w)
			} else if _, ok := findEdge(w.Edges, 1); ok {
				t.Errorf("%d has an edge from the forgotten item", n)
			}
		}
		if !reflect.DeepEqual(with.Weights(1, nil, 0, 1), without.Weights(1, nil, 0, 1)) && with.company == without.company {
			t.Error("a forgotten item differs from one never met")
		}
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
