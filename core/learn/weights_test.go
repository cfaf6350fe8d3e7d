package learn

import (
	"math"
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
	p.RecencyPower, p.Sigma, p.EvidenceHalfLifeDays, p.FreshContacts = 0, 0, 0, 0
	p.Lambda, p.ContentWeight, p.ContentFade = 10, 0.2, 50
	return p
}

func edgeOf(w core.Weights, from core.ItemNum) float64 {
	for _, e := range w.Edges {
		if e.From == from {
			return float64(e.Weight.Value()) / core.One
		}
	}
	return 0
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
		{"seen as often as not", 30, 15, 15.77 / 40, similar},           // (15 + 1·50/(50+15)) / (30+10)
		{"seen, and nothing alike", 30, 15, 15. / 40, nil},              // 15 / (30+10)
		{"a source met for ever", 10_000, 0, 1. / 10_010, similar},      // next to nothing
		{"an item met for ever", 5000, 5000, 5000.0099 / 5010, similar}, // its own contacts fade content too
	} {
		got := edgeOf(counted(bare(), 1, 2, c.d, c.c).Weights(2, c.alike, 0, 1), 1)
		// Rounding is half a step of the scale either way; d lags by at most one step, which only raises w.
		if half := math.Sqrt(octaveStep); got < c.want/half-1./4096 || got > c.want*half*octaveStep+1./4096 {
			t.Errorf("%s: w = %.4f, want %.4f", c.name, got, c.want)
		}
	}
}

// Of more than K sources those are kept that say much and were seen often; the order is by weight alone.
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
	if len(w.Edges) != core.MaxEdges || edgeOf(w, sure) == 0 {
		t.Errorf("%d edges, the supported one at %.3f; want %d with it", len(w.Edges), edgeOf(w, sure), core.MaxEdges)
	}
	if last := w.Edges[len(w.Edges)-1]; last.From != sure {
		t.Errorf("the last edge is %+v, want that of %d, the weakest", last, sure)
	}
	if edgeOf(w, rare[len(rare)-1]) != 0 {
		t.Errorf("the last of the equal ones was kept; the one of the highest number gives way")
	}
}

// What a source's neighbours have of content shrinks as the source is met: they are marked, too.
func TestLearner_MarksContentTargets(t *testing.T) {
	l := NewLearner(bare()).WithTargets(func(n core.ItemNum) []core.ItemNum {
		if n == 1 {
			return []core.ItemNum{77}
		}
		return nil
	})
	l.Observe(core.History{{Item: 1, Strength: core.ProfileOne}}, 2, core.ProfileOne, 1) // d+λ: 10 to 11, more than a step
	if due := l.TakeDirty(100); !slices.Contains(due, 77) {
		t.Errorf("dirty = %v, want 77 among them", due)
	}
	for range 300 {
		l.Observe(core.History{{Item: 1, Strength: core.ProfileOne}}, 2, core.ProfileOne, 1)
	}
	l.TakeDirty(100)
	l.Observe(core.History{{Item: 1, Strength: core.ProfileOne}}, 2, core.ProfileOne, 1)
	if due := l.TakeDirty(100); slices.Contains(due, 77) {
		t.Errorf("dirty = %v after d grew by a third of a percent; want no 77", due)
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
	if got := edgeOf(w, 1); math.Abs(got-want) > 0.03*want {
		t.Errorf("borrowed edge = %.4f, want %.4f", got, want)
	}
	if got, want := edgeOf(w, 2), 0.1; math.Abs(got-want) > 0.03*want { // its own content edge, as ever
		t.Errorf("content edge = %.4f, want %.4f", got, want)
	}
	l.Observe(nil, 9, core.ProfileOne, 1)
	if got := edgeOf(l.Weights(9, alike, 0, 1), 1); got != 0 {
		t.Errorf("after a contact of its own it still borrows %.4f", got)
	}
}
