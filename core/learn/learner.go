package learn

import (
	"cmp"
	"math"
	"slices"

	"nigh/core"
)

// MaxCandidates bounds the sources that are counted for one item; 4·K of them feed the K strongest edges.
const MaxCandidates = 4 * core.MaxEdges

// Learner counts which items follow which. See the package comment for the method.
type Learner struct {
	policy Policy
	x      []float64 // by recency rank
	items  map[core.ItemNum]*counts
	// dirty are the items to be calculated anew, in the order of their first mark; marked is the same as a set.
	dirty  []core.ItemNum
	marked map[core.ItemNum]struct{}
	base   float64 // hour at which the fading scale is 1
}

// counts are what is known of one item; d and c are in units of the fading scale.
type counts struct {
	d         float64 // Σ x², as a source
	dAtOutput float64 // d when the item's targets were last marked
	contacts  float64 // positive events, not faded
	heat      float64 // log2 of the decayed count seen from hour 0; -Inf for none
	from      []candidate
}

// candidate is a source of an item: c is its count, of which err was inherited from an evicted one.
type candidate struct {
	item   core.ItemNum
	c, err float32
}

// NewLearner returns a learner that has seen nothing.
func NewLearner(p Policy) *Learner {
	return &Learner{policy: p, x: p.recency(), items: map[core.ItemNum]*counts{}, marked: map[core.ItemNum]struct{}{}}
}

// Observe learns one event: a reader whose history was h (most recent first, not yet holding the event) had contact of
// the given strength (in units of 1/256) with an item, at a time in Unix milliseconds. What is not positive teaches
// nothing about what follows what. An item that was already the reader's most recent one adds heat and a
// contact, but no transition.
func (l *Learner) Observe(h core.History, item core.ItemNum, strength int32, atMillis int64) {
	if strength <= 0 {
		return
	}
	hour := float64(atMillis) / 3.6e6
	j := l.get(item)
	j.contacts++
	j.heat = addLog2(j.heat, hour/l.policy.priorHalfLifeHours()+math.Log2(float64(strength)/core.ProfileOne))
	l.mark(item)
	if len(h) > 0 && h[0].Item == item {
		return
	}
	scale := l.scale(hour)
	r := 0
	for _, v := range h {
		if r == len(l.x) {
			break
		}
		x := l.x[r]
		r++
		if v.Item == item || v.Strength <= 0 {
			continue
		}
		a := l.get(v.Item)
		a.d += x * x * scale
		add(&j.from, v.Item, float32(x*scale))
		// Entered at both ends, with a count of 0 where σ is 0: a's candidates are its targets too. A count of 0 evicts
		// nothing.
		if l.policy.Sigma > 0 || len(a.from) < MaxCandidates {
			add(&a.from, item, float32(l.policy.Sigma*x*scale))
		}
		if l.policy.Sigma > 0 {
			l.mark(v.Item)
		}
		if a.d > a.dAtOutput*octaveStep {
			a.dAtOutput = a.d
			for _, c := range a.from {
				l.mark(c.item)
			}
		}
	}
}

// octaveStep is one step of core.Weight's scale.
const octaveStep = 1.0443 // 2^(1/16)

// scale is what an increment at an hour is multiplied by. The scale is moved before it leaves float32's range.
func (l *Learner) scale(hour float64) float64 {
	days := l.policy.EvidenceHalfLifeDays
	if days <= 0 {
		return 1
	}
	if l.base == 0 {
		l.base = hour
	}
	e := (hour - l.base) / (24 * days)
	if e > 32 {
		l.rebase(math.Exp2(-e))
		l.base, e = hour, 0
	}
	return math.Exp2(max(e, -32))
}

func (l *Learner) rebase(by float64) {
	for _, it := range l.items {
		it.d *= by
		it.dAtOutput *= by
		for i := range it.from {
			it.from[i].c *= float32(by)
			it.from[i].err *= float32(by)
		}
	}
}

func (l *Learner) get(n core.ItemNum) *counts {
	c := l.items[n]
	if c == nil {
		c = &counts{heat: math.Inf(-1)}
		l.items[n] = c
	}
	return c
}

// Forget drops what is known of a deleted item as a target. As a source it fades with time: how often it was one stays,
// since the counts of its targets are shares of it.
func (l *Learner) Forget(n core.ItemNum) {
	if it := l.items[n]; it != nil {
		*it = counts{d: it.d, dAtOutput: it.dAtOutput, heat: math.Inf(-1)}
	}
}

// add counts v for a source, by Space-Saving: when the list is full the weakest gives up its place.
func add(list *[]candidate, item core.ItemNum, v float32) {
	weakest := -1
	for i := range *list {
		c := &(*list)[i]
		if c.item == item {
			c.c += v
			return
		}
		if weakest < 0 || c.c < (*list)[weakest].c {
			weakest = i
		}
	}
	if len(*list) < MaxCandidates {
		*list = append(*list, candidate{item: item, c: v})
		return
	}
	w := &(*list)[weakest]
	*w = candidate{item: item, c: w.c + v, err: w.c}
}

func (l *Learner) mark(n core.ItemNum) {
	if _, ok := l.marked[n]; !ok {
		l.marked[n] = struct{}{}
		l.dirty = append(l.dirty, n)
	}
}

// Dirty tells whether TakeDirty would return something.
func (l *Learner) Dirty() bool { return len(l.dirty) > 0 }

// TakeDirty returns up to most items whose weights may have changed, those that were marked first.
func (l *Learner) TakeDirty(most int) []core.ItemNum {
	n := min(most, len(l.dirty))
	out := slices.Clone(l.dirty[:n])
	for _, m := range out {
		delete(l.marked, m)
	}
	if l.dirty = l.dirty[n:]; len(l.dirty) == 0 {
		l.dirty = nil
	}
	return out
}

// Weights returns an item's edges and heat as of an hour: what was counted, and content neighbours where that says
// little. published is when the item appeared (Unix milliseconds, 0 if unknown).
func (l *Learner) Weights(n core.ItemNum, neighbours []Neighbour, published int64, hour float64) core.Weights {
	it := l.items[n]
	contacts, heat := 0.0, math.Inf(-1)
	var edges []scored
	if it != nil {
		contacts, heat = it.contacts, it.heat
		lambda := l.policy.Lambda * l.scale(hour)
		for _, c := range it.from {
			d := 0.0
			if a := l.items[c.item]; a != nil {
				d = a.d
			}
			edges = append(edges, scored{c.item, float64(c.c-c.err) / (d + lambda)})
		}
	}
	fade := l.policy.ContentWeight * l.policy.ContentFade / (l.policy.ContentFade + contacts)
	for _, nb := range neighbours {
		edges = append(edges, scored{nb.Item, fade * float64(nb.Similarity)})
	}
	if published != 0 && l.policy.FreshContacts > 0 {
		h := float64(published) / 3.6e6 / l.policy.priorHalfLifeHours()
		heat = addLog2(heat, h+math.Log2(l.policy.FreshContacts))
	}
	return core.Weights{Num: n, Heat: quantizeHeat(heat), Edges: strongest(edges, n)}
}

type scored struct {
	item core.ItemNum
	w    float64
}

// strongest adds up what stands twice (counted and content), quantises and keeps the K strongest.
func strongest(in []scored, self core.ItemNum) []core.Edge {
	slices.SortFunc(in, func(a, b scored) int { return cmp.Compare(a.item, b.item) })
	out := make([]core.Edge, 0, len(in))
	for i := 0; i < len(in); {
		w, j := 0.0, i
		for ; j < len(in) && in[j].item == in[i].item; j++ {
			w += in[j].w
		}
		if q := core.QuantizeWeight(int64(math.Round(w * core.One))); q > 0 && in[i].item != self {
			out = append(out, core.Edge{From: in[i].item, Weight: q})
		}
		i = j
	}
	slices.SortFunc(out, func(a, b core.Edge) int {
		if a.Weight != b.Weight {
			return int(b.Weight) - int(a.Weight)
		}
		return cmp.Compare(a.From, b.From)
	})
	return slices.Clip(out[:min(len(out), core.MaxEdges)])
}

// addLog2 returns log2(2^a + 2^b).
func addLog2(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log2(1+math.Exp2(b-a))
}

func quantizeHeat(h float64) core.Heat {
	if math.IsInf(h, -1) {
		return 0
	}
	q := math.Round(h * core.HeatUnit)
	return core.Heat(min(max(q, 1), math.MaxInt32))
}
