package eval

import (
	"math"
	"slices"
	"strconv"
	"time"

	"nigh/core"
)

// Tally counts at which place of its list each next item stood.
type Tally struct {
	n      int
	places []int // places[r] lists held it at place r, from 0
}

// NewTally returns a Tally for lists of k items.
func NewTally(k int) *Tally { return &Tally{places: make([]int, k)} }

// Add counts one list and the item that came next.
func (t *Tally) Add(list []core.ItemNum, next core.ItemNum) {
	t.n++
	if r := slices.Index(list[:min(len(list), len(t.places))], next); r >= 0 {
		t.places[r]++
	}
}

// N returns how many lists were counted.
func (t *Tally) N() int { return t.n }

// HR is the hit rate at k: the share of lists whose first k places hold the next item.
func (t *Tally) HR(k int) float64 {
	hits := 0
	for _, n := range t.places[:k] {
		hits += n
	}
	return ratio(float64(hits), t.n)
}

// MRR is the mean reciprocal rank at k: 1/(r+1) for a next item at place r below k, else 0.
func (t *Tally) MRR(k int) float64 {
	sum := 0.0
	for r, n := range t.places[:k] {
		sum += float64(n) / float64(r+1)
	}
	return ratio(sum, t.n)
}

// Metrics returns HR@k and MRR@k for the k of NewTally.
func (t *Tally) Metrics() map[string]float64 {
	k := len(t.places)
	return map[string]float64{at("HR", k): t.HR(k), at("MRR", k): t.MRR(k)}
}

// Curves returns HR and MRR for every k from 1.
func (t *Tally) Curves() map[string][]float64 {
	hr, mrr := make([]float64, len(t.places)), make([]float64, len(t.places))
	for k := range t.places {
		hr[k], mrr[k] = t.HR(k+1), t.MRR(k+1)
	}
	return map[string][]float64{"HR": hr, "MRR": mrr}
}

// Lists averages the metrics of lists over readers with several wanted items each.
type Lists struct {
	n                int
	ndcg, recall, hr []float64 // sums, by k-1
}

// NewLists returns Lists for lists of k items.
func NewLists(k int) *Lists {
	return &Lists{ndcg: make([]float64, k), recall: make([]float64, k), hr: make([]float64, k)}
}

// Add counts one reader's list against the items that the reader wanted, of which there is at least one; they are distinct.
func (l *Lists) Add(list []core.ItemNum, wanted map[core.ItemNum]bool) {
	l.n++
	hits, gain, ideal := 0, 0.0, 0.0
	for k := 1; k <= len(l.hr); k++ {
		if k <= len(list) && wanted[list[k-1]] {
			hits++
			gain += discount(k)
		}
		if k <= len(wanted) {
			ideal += discount(k)
		}
		l.ndcg[k-1] += gain / ideal
		l.recall[k-1] += float64(hits) / float64(min(k, len(wanted)))
		if hits > 0 {
			l.hr[k-1]++
		}
	}
}

// discount of a gain at place k, from 1.
func discount(k int) float64 { return 1 / math.Log2(float64(k)+1) }

// N returns how many readers were counted.
func (l *Lists) N() int { return l.n }

// NDCG is the normalised discounted cumulative gain at k with gains of 0 or 1; the ideal list holds min(k, wanted)
// wanted items first.
func (l *Lists) NDCG(k int) float64 { return ratio(l.ndcg[k-1], l.n) }

// Recall at k is hits / min(k, wanted).
func (l *Lists) Recall(k int) float64 { return ratio(l.recall[k-1], l.n) }

// HR at k is the share of readers with a hit among the first k.
func (l *Lists) HR(k int) float64 { return ratio(l.hr[k-1], l.n) }

// Metrics returns NDCG@10, Recall@20 and HR@10 (the lists being of at least 20).
func (l *Lists) Metrics() map[string]float64 {
	return map[string]float64{"NDCG@10": l.NDCG(10), "Recall@20": l.Recall(20), "HR@10": l.HR(10)}
}

// Curves returns the three for every k from 1.
func (l *Lists) Curves() map[string][]float64 {
	out := map[string][]float64{}
	for k := 1; k <= len(l.hr); k++ {
		out["NDCG"] = append(out["NDCG"], l.NDCG(k))
		out["Recall"] = append(out["Recall"], l.Recall(k))
		out["HR"] = append(out["HR"], l.HR(k))
	}
	return out
}

func at(metric string, k int) string { return metric + "@" + strconv.Itoa(k) }

func ratio(sum float64, n int) float64 {
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// Exposure says what was recommended, seen from the catalog.
type Exposure struct {
	// Coverage is the share of the catalog that was recommended at least once.
	Coverage float64 `json:"coverage"`
	// Head is the share of places that went to the tenth of the items with the most events; HeadOfTargets is the same
	// share of what readers wanted.
	Head          float64 `json:"head_share"`
	HeadOfTargets float64 `json:"head_share_of_targets"`
}

// exposure collects an Exposure.
type exposure struct {
	head            []bool // by number
	items           int
	shown           map[core.ItemNum]bool
	places, inHead  int
	targets, wanted int
}

// newExposure needs how many events each item (by number) has in the training part, and the size of the catalog.
func newExposure(counts []int, items int) *exposure {
	order := make([]int, 0, len(counts))
	for n, c := range counts {
		if c > 0 {
			order = append(order, n)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return counts[b] - counts[a] })
	x := &exposure{head: make([]bool, len(counts)), items: items, shown: map[core.ItemNum]bool{}}
	for _, n := range order[:min(len(order), (items+9)/10)] {
		x.head[n] = true
	}
	return x
}

func (x *exposure) list(list []core.ItemNum) {
	for _, n := range list {
		x.shown[n] = true
		x.places++
		if x.isHead(n) {
			x.inHead++
		}
	}
}

func (x *exposure) target(n core.ItemNum) {
	x.targets++
	if x.isHead(n) {
		x.wanted++
	}
}

func (x *exposure) isHead(n core.ItemNum) bool { return int(n) < len(x.head) && x.head[n] }

func (x *exposure) result() Exposure {
	return Exposure{
		Coverage:      ratio(float64(len(x.shown)), x.items),
		Head:          ratio(float64(x.inHead), x.places),
		HeadOfTargets: ratio(float64(x.wanted), x.targets),
	}
}

// Latency says how long single steps took, in microseconds.
type Latency struct {
	Mean float64 `json:"mean_us"`
	P50  float64 `json:"p50_us"`
	P90  float64 `json:"p90_us"`
	P99  float64 `json:"p99_us"`
	Max  float64 `json:"max_us"`
	// Histogram[i] steps took at least 2^i and less than 2^(i+1) microseconds; the first holds all that were shorter.
	Histogram []int `json:"histogram_log2_us"`
}

func latencyOf(took []time.Duration) *Latency {
	if len(took) == 0 {
		return nil
	}
	took = slices.Clone(took)
	slices.Sort(took)
	us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
	at := func(q float64) float64 { return us(took[min(len(took)-1, int(q*float64(len(took))))]) }
	l := &Latency{P50: at(.5), P90: at(.9), P99: at(.99), Max: us(took[len(took)-1])}
	sum := 0.0
	for _, d := range took {
		sum += us(d)
		b := 0
		if u := us(d); u >= 2 {
			b = int(math.Log2(u))
		}
		for len(l.Histogram) <= b {
			l.Histogram = append(l.Histogram, 0)
		}
		l.Histogram[b]++
	}
	l.Mean = sum / float64(len(took))
	return l
}
