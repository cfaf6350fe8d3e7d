package eval

import (
	"cmp"
	"math"
	"slices"

	"nigh/core"
)

// twin ranks what a System has learnt in floats, from the learner's counts to the place in the list: what quantisation
// costs is the difference between the two. It is the formula of core/doc.go, an entry for every item and a sort.
type twin struct {
	sys     *System
	recency []float64 // x by rank
	edges   map[core.ItemNum][]twinEdge
	heat    []float64 // by number
}

type twinEdge struct {
	to     core.ItemNum
	weight float64
}

// newTwin returns the twin of a System, of what it has learnt up to a time, at which it was built.
func newTwin(s *System, at int64) *twin {
	tw := &twin{sys: s, edges: map[core.ItemNum][]twinEdge{}, heat: make([]float64, len(s.items))}
	for r := range s.Policy.Window {
		tw.recency = append(tw.recency, math.Pow(1+float64(r), -s.Policy.RecencyPower))
	}
	for n, e := range s.items {
		if e == nil {
			continue
		}
		x := s.learner.Exact(core.ItemNum(n), s.content.Neighbours, e.published, hours(at))
		tw.heat[n] = x.Heat
		for _, edge := range x.Edges {
			tw.edges[edge.From] = append(tw.edges[edge.From], twinEdge{core.ItemNum(n), edge.Weight})
		}
	}
	return tw
}

type twinCandidate struct {
	num         core.ItemNum
	score, heat float64
	rec         *core.Record
}

// poolSize is that of package core: how many of the best are kept for spreading.
const poolSize = 256

// rank is System.Rank in floats.
func (tw *twin) rank(q Question) []core.ItemNum {
	p := &tw.sys.Policy
	scores := make([]float64, len(tw.sys.items))
	self := 0.0
	if q.Repeat != core.RepeatDropSeen || p.SeenAgainDays > 0 {
		self = p.SelfWeight
	}
	n := min(len(q.History), len(tw.recency))
	for r := range n {
		v := q.History[r]
		w := tw.recency[r] * float64(v.Strength) / core.ProfileOne
		if r > 0 {
			w *= float64(n) / (float64(n) + p.Focus)
		}
		for _, e := range tw.edges[v.Item] {
			scores[e.to] += w * e.weight
		}
		scores[v.Item] += w * self
	}
	var all []twinCandidate
	for n, e := range tw.sys.items {
		if e == nil || tw.keptOut(e.record, q) {
			continue
		}
		above := tw.heat[n] - hours(q.At)/math.Max(1, math.Round(p.PriorHalfLifeDays*24)) + float64(p.PriorSpan)
		all = append(all, twinCandidate{e.record.Num, scores[n] + p.PriorWeight*max(0, above), tw.heat[n], e.record})
	}
	slices.SortFunc(all, func(a, b twinCandidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.heat, a.heat), cmp.Compare(b.num, a.num))
	})
	return tw.spread(all[:min(len(all), poolSize)], q.Limit)
}

func (tw *twin) keptOut(r *core.Record, q Question) bool {
	now := hourOf(q.At)
	_, seen := q.History.Find(r.Num)
	return r.Hidden || r.From > now || r.Until != 0 && r.Until <= now || slices.Contains(q.Exclude, r.Num) ||
		seen && q.Repeat == core.RepeatDropSeen ||
		seen && q.Repeat == core.RepeatDropCurrent && q.History[0].Item == r.Num
}

// spread makes the list: place by place the best score less the penalties for what it shares with those above, no
// near-duplicate of the one above if one of the next eight is none.
func (tw *twin) spread(pool []twinCandidate, limit int) []core.ItemNum {
	p := &tw.sys.Policy
	var out []core.ItemNum
	if len(pool) == 0 {
		return out
	}
	unit := max(pool[0].score, 1./16) * p.DiversityPenalty
	var placed []*core.Record
	gone := make([]bool, len(pool))
	for len(out) < min(limit, len(pool)) {
		recent := placed[max(0, len(placed)-p.DiversityWindow):]
		refused := make([]bool, len(pool))
		fallback, chosen := -1, -1
		for range 8 {
			best, bestScore := -1, 0.0
			for i, c := range pool {
				if best >= 0 && c.score <= bestScore {
					break // scores fall, and penalties only lower them
				}
				if gone[i] || refused[i] {
					continue
				}
				score := c.score
				for _, r := range recent {
					score -= unit * float64(sharedLabels(c.rec, r))
				}
				if best < 0 || score > bestScore {
					best, bestScore = i, score
				}
			}
			if best < 0 {
				break
			}
			if p.NearDuplicate == 0 || len(placed) == 0 || !nearly(pool[best].rec, placed[len(placed)-1], p.NearDuplicate) {
				chosen = best
				break
			}
			if refused[best] = true; fallback < 0 {
				fallback = best
			}
		}
		if chosen < 0 {
			chosen = fallback
		}
		gone[chosen] = true
		out = append(out, pool[chosen].num)
		placed = append(placed, pool[chosen].rec)
	}
	return out
}

// weights returns what describes an item: its features but attributes.
func weights(r *core.Record) map[core.Feature]float64 {
	out := map[core.Feature]float64{}
	for _, w := range r.Features {
		if w.Feature.Kind() != core.KindAttribute {
			out[w.Feature] = float64(w.Weight.Value())
		}
	}
	return out
}

func sharedLabels(a, b *core.Record) (n int) {
	for _, w := range a.Features {
		if k := w.Feature.Kind(); (k == core.KindTag || k == core.KindAuthor) && b.Has(w.Feature) {
			n++
		}
	}
	return n
}

func nearly(a, b *core.Record, share float64) bool {
	if len(a.Features) < 8 || len(b.Features) < 8 {
		return false
	}
	v, w := weights(a), weights(b)
	lesser, greater, both := 0.0, 0.0, 0
	for f, x := range v {
		y, ok := w[f]
		if lesser, greater = lesser+min(x, y), greater+max(x, y); ok && x > 0 && y > 0 {
			both++
		}
	}
	for f, y := range w {
		if _, ok := v[f]; !ok {
			greater += y
		}
	}
	return both >= 8 && lesser >= share*greater
}
