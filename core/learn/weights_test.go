package learn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"nigh/core"
)

// counted is a learner in which source a was met d times by readers who then met j c times, all else being bare.
func counted(p Policy, a, j core.ItemNum, d, c int) *Learner {
	l := NewLearner(p)
	for i := range d {
		next := core.ItemNum(1000 + i) // somewhere else
		if i < c {
			next = j
		}
		l.Observe(core.History{{Item: a, Strength: core.ProfileOne}}, next, core.ProfileOne, 1)
	}
	return l
}

func bare() Policy {
	p := DefaultPolicy()
	p.RecencyPower, p.Focus, p.Sigma, p.Rho, p.FreshContacts = 0, 0, 0, 0, 0
	p.Lambda, p.ContentWeight, p.ContentFade = 10, 0.2, 50
	return p
}

// edgeOf is what an edge weighs once it is damped.
func edgeOf(l *Learner, w core.Weights, from core.ItemNum) float64 {
	a := &core.Record{Num: from}
	if it := l.at(from); it != nil {
		a.Damp = it.damp
	}
	return float64(core.Similarity(a, (&core.Record{}).With(w))) / core.One
}

func TestWeights_ContentCountsAsTransitionsThatWereNotSeen(t *testing.T) {
	similar := []Neighbour{{Item: 1, Similarity: 0.5}}
	for _, c := range []struct {
		name  string
		d, c  int
		want  float64
		alike []Neighbour
	}{
		{"nobody met either", 0, 0, 0.1, similar},                       // 0.2·10·0.5 / (0+10)
		{"the source leads elsewhere", 30, 0, 1. / 40, similar},         // 0.2·10·0.5 / (30+10)
		{"seen as often as not", 30, 15, 15.77 / 40, similar},           // (15 + 1·50/(50+14)) / (30+10)
		{"seen, and nothing alike", 30, 15, 15. / 40, nil},              // 15 / (30+10)
		{"a source met for ever", 10_000, 0, 1. / 10_010, similar},      // next to nothing
		{"an item met for ever", 5000, 5000, 5000.0099 / 5010, similar}, // its own contacts fade content too
	} {
		l := counted(bare(), 1, 2, c.d, c.c)
		got := edgeOf(l, l.Weights(2, c.alike, 0, 1), 1)
		if math.Abs(got-c.want) > .03*c.want+1./4096 {
			t.Errorf("%s: w = %.4f, want %.4f", c.name, got, c.want)
		}
	}
}

// Of more than K sources those are kept that say much and were seen often.
func TestWeights_KeepsWhatIsStrongAndSupported(t *testing.T) {
	p := bare()
	l := NewLearner(p)
	rare, sure := []core.ItemNum{}, core.ItemNum(500)
	for i := range core.ItemNum(core.MaxEdges) { // each led here once: w = 1/(1+10) = .091, key .30
		rare = append(rare, 100+i)
		l.Observe(core.History{{Item: 100 + i, Strength: core.ProfileOne}}, 7, core.ProfileOne, 1)
	}
	for i := range 400 { // led here 32 times of 400: w = 32/410 = .078, key 1.58
		next := core.ItemNum(2000 + i)
		if i < 32 {
			next = 7
		}
		l.Observe(core.History{{Item: sure, Strength: core.ProfileOne}}, next, core.ProfileOne, 1)
	}
	w := l.Weights(7, nil, 0, 1)
	if len(w.Edges) != core.MaxEdges || edgeOf(l, w, sure) == 0 {
		t.Errorf("%d edges, the supported one at %.3f; want %d with it", len(w.Edges), edgeOf(l, w, sure), core.MaxEdges)
	}
	if edgeOf(l, w, rare[len(rare)-1]) != 0 {
		t.Errorf("the last of the equal ones was kept; the one of the highest number gives way")
	}
}

// What content counts shrinks as the source is met: its targets are marked when its contacts double.
func TestLearner_MarksContentTargets(t *testing.T) {
	l := NewLearner(bare()).WithTargets(func(n core.ItemNum) []core.ItemNum {
		if n == 1 {
			return []core.ItemNum{77, 78}
		}
		return nil
	})
	l.Weights(77, nil, 0, 1) // 78 is not in the catalog yet
	for contacts, marks := range []bool{1: true, 2: true, 3: false, 4: true, 5: true, 6: false, 7: false, 8: true, 9: false} {
		if contacts == 0 {
			continue
		}
		l.TakeDirty(100)
		l.Observe(nil, 1, core.ProfileOne, 1)
		if due := l.TakeDirty(100); slices.Contains(due, 77) != marks || slices.Contains(due, 78) {
			t.Errorf("after contact %d dirty = %v; 77 among them: want %v", contacts, due, marks)
		}
	}
}

// Items may speak for themselves only where they may come again.
func TestPolicy_SelfWeightFollowsRepeat(t *testing.T) {
	for repeat, want := range map[string]int32{"allow": core.One / 2, "drop-current": core.One / 2, "drop-seen": 0} {
		p := DefaultPolicy()
		p.Repeat = repeat
		if got := p.Compile().SelfWeight; got != want {
			t.Errorf("%s: SelfWeight = %d, want %d", repeat, got, want)
		}
	}
}

func TestWeights_ANewItemBorrowsWhatLeadsToItsLikes(t *testing.T) {
	p := bare()
	l := counted(p, 1, 2, 30, 10) // 1 leads to 2: w = 10 / (30+10) = .25, and 2 was met 10 times
	l.Observe(core.History{{Item: 1, Strength: core.ProfileOne}}, 3, core.ProfileOne, 1)
	alike := []Neighbour{{Item: 2, Similarity: 0.5}, {Item: 3, Similarity: 0.4}} // 3 was met once: it lends nothing
	w := l.Weights(9, alike, 0, 1)
	want := borrowWeight * 0.25 * (10. / 41) / (1 + 0.25) // θ·s²·w / (1+Σ s²); d is 31 by now
	if got := edgeOf(l, w, 1); math.Abs(got-want) > 0.03*want {
		t.Errorf("borrowed edge = %.4f, want %.4f", got, want)
	}
	if got, want := edgeOf(l, w, 2), 0.1*50/57; math.Abs(got-want) > 0.03*want { // its own content edge; 2 was met 8 times and more
		t.Errorf("content edge = %.4f, want %.4f", got, want)
	}
	l.Observe(nil, 9, core.ProfileOne, 1) // its content neighbours fade by half of 1/50
	if got := edgeOf(l, l.Weights(9, alike, 0, 1), 1); got != 0 {
		t.Errorf("after a contact of its own it still borrows %.4f", got)
	}
}

// The refined weights solve what doc.go says they do, for an item whose sources are often met together.
func TestRefine_SolvesItsSystem(t *testing.T) {
	p := bare()
	p.Rho, p.ContentWeight = 1.5, 0
	l := NewLearner(p)
	visit := func(n core.ItemNum) core.Visit { return core.Visit{Item: n, Strength: core.ProfileOne} }
	for i := range 200 {
		switch {
		case i%2 == 0: // 1, then 2, then 9: which of both led there?
			l.Observe(core.History{visit(1)}, 2, core.ProfileOne, 1)
			l.Observe(core.History{visit(2), visit(1)}, 9, core.ProfileOne, 1)
		default: // 3 alone leads there half as often
			l.Observe(core.History{visit(3)}, 9, core.ProfileOne, 1)
		}
	}
	w := l.Weights(9, nil, 0, 1)
	k := l.company
	rho := p.Rho * k * k * k / (k*k + muchCompany*muchCompany)
	lambda := p.Lambda * k
	// d: 1 was a source 200 times, 2 and 3 100 times; 1 led to 2 100 times, all led to 9 100 times.
	d1, d2, d3, s12 := 200+lambda, 100+lambda, 100+lambda, 100.
	det := d1*d2 - rho*s12*rho*s12
	want := map[core.ItemNum]float64{
		1: (100*d2 - rho*s12*100) / det,
		2: (100*d1 - rho*s12*100) / det,
		3: 100 / d3,
	}
	for n, v := range want {
		if got := edgeOf(l, w, n); math.Abs(got/v-1) > .05 { // a share's step and a weight's
			t.Errorf("w(%d→9) = %.4f, want %.4f", n, got, v)
		}
	}
	if unrefined := 100 / d2; want[2] > .96*unrefined {
		t.Errorf("the refinement takes away too little to see: %.4f of %.4f", want[2], unrefined)
	}
}

// An item that is met more and more is refined again, and nothing is left to do when it is not.
func TestRefine_FollowsTheCounts(t *testing.T) {
	p := bare()
	p.Rho = .5
	l := NewLearner(p)
	rnd := rand.New(rand.NewPCG(4, 4))
	none := func(core.ItemNum) []Neighbour { return nil }
	for step := range 2000 {
		h := core.History{}
		for range rnd.IntN(5) {
			h = h.Record(core.Visit{Item: core.ItemNum(1 + rnd.IntN(30)), Strength: core.ProfileOne})
		}
		l.Observe(h, core.ItemNum(1+rnd.IntN(30)), core.ProfileOne, 1)
		if step%50 == 0 {
			for l.Dirty() > 0 {
				for _, n := range l.TakeDirty(7) {
					l.Weights(n, nil, 0, 1)
				}
			}
			for l.Stale() > 0 {
				l.Refine(5, none, 1)
			}
		}
	}
	for n, it := range l.items {
		if it != nil && it.waits != slices.Contains(l.stale, core.ItemNum(n)) {
			t.Errorf("item %d waits: %v, want it to be in the queue just then", n, it.waits)
		}
	}
	l.RefineAll()
	for l.Stale() > 0 {
		l.Refine(5, none, 1)
	}
	before := map[core.ItemNum][]core.Edge{}
	for n := core.ItemNum(1); n <= 30; n++ {
		before[n] = l.Weights(n, nil, 0, 1).Edges
	}
	// Refining again what was refined changes nothing: a record is a function of the counts.
	l.RefineAll()
	l.Refine(100, none, 1)
	for n := core.ItemNum(1); n <= 30; n++ {
		if after := l.Weights(n, nil, 0, 1).Edges; !slices.Equal(after, before[n]) {
			t.Errorf("item %d has %v, and %v when it is refined again", n, before[n], after)
		}
	}
}

func TestKthLargest_IsThatOfASort(t *testing.T) {
	rnd := rand.New(rand.NewPCG(6, 6))
	for range 500 {
		v := make([]float32, 1+rnd.IntN(200))
		for i := range v {
			v[i] = float32(rnd.IntN(1 + rnd.IntN(100)))
		}
		k := 1 + rnd.IntN(len(v))
		want := slices.Sorted(slices.Values(v))[len(v)-k]
		if got := kthLargest(v, k); got != want {
			t.Fatalf("kthLargest(%d of %d) = %v, want %v", k, len(v), got, want)
		}
	}
}
