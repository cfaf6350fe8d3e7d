package eval

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"nigh/core"
)

// teach learns readers' items, one reader after the other, as one log.
func teach(t *testing.T, b Baseline, readers ...[]core.ItemNum) {
	t.Helper()
	at := int64(0)
	for u, items := range readers {
		for i, n := range items {
			at++
			b.Learn(&Event{User: int32(u), Item: n, At: at}, items[:i])
		}
	}
	if err := b.Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func nothing(core.ItemNum) bool { return false }

func TestPopularity_FallsByCount(t *testing.T) {
	p := newPopularity(4)
	teach(t, p, []core.ItemNum{2, 3}, []core.ItemNum{3}, []core.ItemNum{4})
	if got, want := p.Rank(nil, nothing, 10), []core.ItemNum{3, 2, 4}; !slices.Equal(got, want) {
		t.Errorf("Rank = %v, want %v: 3 twice, then by number; 1 never", got, want)
	}
	p.Learn(&Event{Item: 4}, nil)
	p.Learn(&Event{Item: 1}, nil)
	if got, want := p.Rank(nil, nothing, 10), []core.ItemNum{3, 4, 2, 1}; !slices.Equal(got, want) {
		t.Errorf("Rank after two more events = %v, want %v", got, want)
	}
	drop := func(n core.ItemNum) bool { return n == 4 }
	if got, want := p.Rank(nil, drop, 2), []core.ItemNum{3, 2}; !slices.Equal(got, want) {
		t.Errorf("Rank without 4 = %v, want %v", got, want)
	}
}

func TestItemKNN_SumsCosines(t *testing.T) {
	k := newItemKNN(4)
	teach(t, k, []core.ItemNum{1, 2}, []core.ItemNum{1, 2, 3}, []core.ItemNum{1, 4, 4}, []core.ItemNum{3})
	// readers: 1: 3, 2: 2, 3: 2, 4: 1 (a second time counts once)
	// to 1: 2 shares 2/√6 = 0.82, 3 shares 1/√6 = 0.41, 4 shares 1/√3 = 0.58
	if got, want := k.Rank([]core.ItemNum{1}, func(n core.ItemNum) bool { return n == 1 }, 10), []core.ItemNum{2, 4, 3}; !slices.Equal(got, want) {
		t.Errorf("Rank for 1 = %v, want %v", got, want)
	}
	// to 1 and 3: 2 gets 2/√6 + 1/√4 = 1.32
	if got, want := k.Rank([]core.ItemNum{1, 3, 1}, func(n core.ItemNum) bool { return n == 1 || n == 3 }, 1), []core.ItemNum{2}; !slices.Equal(got, want) {
		t.Errorf("Rank for 1, 3 = %v, want %v", got, want)
	}
}

func TestSessionKNN_VotesByTheLastSharedItem(t *testing.T) {
	k := newSessionKNN(6)
	teach(t, k, []core.ItemNum{1, 3}, []core.ItemNum{2, 4}, []core.ItemNum{5, 6})
	// For 1 then 2: session {1,3} shares weight 1/2 two steps back: 3 gets .5/2·(1+ln 3); session {2,4} shares weight 1
	// one step back: 4 gets 1·(1+ln 3). 5 and 6 share nothing.
	got := k.Rank([]core.ItemNum{1, 2}, func(n core.ItemNum) bool { return n <= 2 }, 10)
	if want := []core.ItemNum{4, 3}; !slices.Equal(got, want) {
		t.Errorf("Rank = %v, want %v", got, want)
	}
	if got := k.Rank(nil, nothing, 10); len(got) != 0 {
		t.Errorf("Rank for nobody = %v, want nothing", got)
	}
}

func TestSessionKNN_AsksTheMostRecentSessions(t *testing.T) {
	k := newSessionKNN(3)
	var readers [][]core.ItemNum
	readers = append(readers, []core.ItemNum{1, 2}) // the oldest: beyond the sample
	for range knnSample {
		readers = append(readers, []core.ItemNum{1, 3})
	}
	teach(t, k, readers...)
	if got, want := k.Rank([]core.ItemNum{1}, func(n core.ItemNum) bool { return n == 1 }, 10), []core.ItemNum{3}; !slices.Equal(got, want) {
		t.Errorf("Rank = %v, want %v", got, want)
	}
}

func TestEASE_IsItsFormula(t *testing.T) {
	const n, lambda = 5, 2.0
	readers := [][]core.ItemNum{{1, 2, 3}, {1, 2}, {2, 4}, {3, 5, 5}, {1, 4, 5}, {2, 3}}
	z := newEASE(n, lambda)
	teach(t, z, readers...)

	// The slow twin: B = -P/diag(P), P the inverse of XᵀX + λI.
	x := mat.NewDense(len(readers), n, nil)
	for u, items := range readers {
		for _, i := range items {
			x.Set(u, int(i)-1, 1)
		}
	}
	var g, p mat.Dense
	g.Mul(x.T(), x)
	for i := range n {
		g.Set(i, i, g.At(i, i)+lambda)
	}
	if err := p.Inverse(&g); err != nil {
		t.Fatal(err)
	}
	for _, past := range [][]core.ItemNum{{1}, {2, 3}, {5, 1, 5}} {
		scores := make([]float64, n)
		for _, i := range z.distinctForTest(past) {
			for j := range n {
				if int(i)-1 != j {
					scores[j] += -p.At(int(i)-1, j) / p.At(j, j)
				}
			}
		}
		var want []core.ItemNum
		for j := range n {
			if scores[j] > 1e-12 {
				want = append(want, core.ItemNum(j+1))
			}
		}
		slices.SortStableFunc(want, func(a, b core.ItemNum) int {
			switch d := scores[b-1] - scores[a-1]; {
			case math.Abs(d) < 1e-12:
				return 0
			case d > 0:
				return 1
			}
			return -1
		})
		if got := z.Rank(past, nothing, n); !slices.Equal(got, want) {
			t.Errorf("Rank(%v) = %v, want %v (scores %v)", past, got, want, scores)
		}
	}
}

func (z *ease) distinctForTest(past []core.ItemNum) []core.ItemNum {
	out := slices.Clone(past)
	slices.Sort(out)
	return slices.Compact(out)
}

func TestBaselines_ChoosesWhatFits(t *testing.T) {
	names := func(bs []Baseline) string {
		var out []string
		for _, b := range bs {
			out = append(out, b.Name())
		}
		return strings.Join(out, " ")
	}
	for _, c := range []struct {
		items, events int
		ask           []string
		want, err     string
	}{
		{100, 100, nil, "popularity item-knn session-knn ease", ""},
		{100, 100, []string{"auto"}, "popularity item-knn session-knn ease", ""},
		{autoEASE + 1, 100, nil, "popularity item-knn session-knn", ""},
		{autoEASE + 1, 100, []string{"ease"}, "ease", ""},
		{maxEASE + 1, 100, []string{"ease"}, "", "EASE of 20,001 items would take 3 GB"},
		{100, autoEvents + 1, nil, "", ""},
		{100, 100, []string{"none"}, "", ""},
		{100, 100, []string{"gru4rec"}, "", `there is no baseline "gru4rec"; choose among popularity`},
	} {
		d := NewData()
		for range c.items {
			d.num(itemOf(len(d.Items)))
		}
		got, err := Baselines(d, c.ask, c.events)
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("Baselines(%d items, %v): %v, want %q", c.items, c.ask, err, c.err)
		}
		if names(got) != c.want {
			t.Errorf("Baselines(%d items, %v) = %s, want %s", c.items, c.ask, names(got), c.want)
		}
	}
}
