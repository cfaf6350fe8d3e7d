package eval

import (
	"math"
	"testing"
	"time"

	"nigh/core"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-12 }

func TestTally_CountsPlaces(t *testing.T) {
	tally := NewTally(3)
	tally.Add([]core.ItemNum{7, 8, 9}, 7)    // place 0: 1
	tally.Add([]core.ItemNum{7, 8, 9}, 9)    // place 2: 1/3
	tally.Add([]core.ItemNum{7, 8, 9}, 5)    // none
	tally.Add([]core.ItemNum{1, 2, 3, 4}, 4) // beyond k
	tally.Add(nil, 1)                        // an empty list counts
	for _, c := range []struct {
		k       int
		hr, mrr float64
	}{
		{1, 1. / 5, 1. / 5},
		{2, 1. / 5, 1. / 5},
		{3, 2. / 5, (1 + 1./3) / 5},
	} {
		if got := tally.HR(c.k); !near(got, c.hr) {
			t.Errorf("HR(%d) = %v, want %v", c.k, got, c.hr)
		}
		if got := tally.MRR(c.k); !near(got, c.mrr) {
			t.Errorf("MRR(%d) = %v, want %v", c.k, got, c.mrr)
		}
	}
	if got := tally.Metrics(); !near(got["HR@3"], 2./5) || len(got) != 2 {
		t.Errorf("Metrics = %v, want HR@3 of 0.4 and MRR@3", got)
	}
	if got := NewTally(3).HR(3); got != 0 {
		t.Errorf("HR of nothing = %v, want 0", got)
	}
}

func TestLists_FollowTheirFormulas(t *testing.T) {
	log2 := math.Log2
	for _, c := range []struct {
		name             string
		list             []core.ItemNum
		wanted           map[core.ItemNum]bool
		k                int
		ndcg, recall, hr float64
	}{
		{"first place of one wanted", []core.ItemNum{1, 2}, set(1), 2, 1, 1, 1},
		{"second place", []core.ItemNum{2, 1}, set(1), 2, 1 / log2(3), 1, 1},
		{"nothing", []core.ItemNum{2, 3}, set(1), 2, 0, 0, 0},
		{"two of three wanted in three places", []core.ItemNum{1, 9, 2}, set(1, 2, 3), 3,
			(1 + 1/log2(4)) / (1 + 1/log2(3) + 1/log2(4)), 2. / 3, 1},
		{"more wanted than places: ideal and recall stop at k", []core.ItemNum{1, 9}, set(1, 2, 3, 4), 2,
			1 / (1 + 1/log2(3)), 1. / 2, 1},
		{"a short list", []core.ItemNum{1}, set(1, 2), 3, 1 / (1 + 1/log2(3)), 1. / 2, 1},
		{"no list", nil, set(1), 3, 0, 0, 0},
	} {
		l := NewLists(20)
		l.Add(c.list, c.wanted)
		if got := l.NDCG(c.k); !near(got, c.ndcg) {
			t.Errorf("%s: NDCG@%d = %v, want %v", c.name, c.k, got, c.ndcg)
		}
		if got := l.Recall(c.k); !near(got, c.recall) {
			t.Errorf("%s: Recall@%d = %v, want %v", c.name, c.k, got, c.recall)
		}
		if got := l.HR(c.k); !near(got, c.hr) {
			t.Errorf("%s: HR@%d = %v, want %v", c.name, c.k, got, c.hr)
		}
	}
}

func TestLists_AverageOverReaders(t *testing.T) {
	l := NewLists(20)
	l.Add([]core.ItemNum{1}, set(1))
	l.Add([]core.ItemNum{1}, set(2))
	m := l.Metrics()
	if l.N() != 2 || !near(m["NDCG@10"], .5) || !near(m["Recall@20"], .5) || !near(m["HR@10"], .5) {
		t.Errorf("N, Metrics = %d, %v; want 2 readers, each metric 0.5", l.N(), m)
	}
}

func TestExposure_CountsCoverageAndHead(t *testing.T) {
	counts := make([]int, 21) // items 1 to 20; the head is the two with most events
	counts[3], counts[4], counts[5] = 9, 8, 7
	x := newExposure(counts, 20)
	x.list([]core.ItemNum{3, 4, 5, 6})
	x.list([]core.ItemNum{3, 6})
	x.target(3)
	x.target(6)
	want := Exposure{Coverage: 4. / 20, Head: 3. / 6, HeadOfTargets: 1. / 2}
	if got := x.result(); got != want {
		t.Errorf("exposure = %+v, want %+v", got, want)
	}
}

func TestLatency_TellsQuantiles(t *testing.T) {
	var took []time.Duration
	for i := range 100 {
		took = append(took, time.Duration(100-i)*time.Microsecond) // 1 to 100 µs, not in order
	}
	l := latencyOf(took)
	if l.P50 != 51 || l.P99 != 100 || l.Max != 100 || !near(l.Mean, 50.5) {
		t.Errorf("latency = %+v, want p50 51, p99 100, max 100, mean 50.5", l)
	}
	want := []int{1, 2, 4, 8, 16, 32, 37} // 1; 2-3; 4-7; … 64-100
	for i, n := range want {
		if l.Histogram[i] != n {
			t.Errorf("histogram = %v, want %v", l.Histogram, want)
			break
		}
	}
	if latencyOf(nil) != nil {
		t.Error("latency of nothing is not nil")
	}
}
