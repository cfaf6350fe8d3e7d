package learn

import (
	"math"

	"nigh/core"
)

// Exact is what Weights returns, before anything is rounded: what quantisation is held against (server/eval,
// TestQuantisation).
type Exact struct {
	Heat  float64 // octaves above one contact at hour 0; -Inf for none
	Edges []ExactEdge
}

// ExactEdge is an edge of which 1 is core.One, damped already.
type ExactEdge struct {
	From   core.ItemNum
	Weight float64
}

// Exact returns an item's weights as floats, from the same counts and of the same sources as Weights, those that are too
// small for a core.Weight among them. Shares are those of a refinement of this moment.
func (l *Learner) Exact(n core.ItemNum, neighbours func(core.ItemNum) []Neighbour, published int64, hour float64) Exact {
	if l.isGone(n) {
		return Exact{Heat: math.Inf(-1)}
	}
	it := l.get(n, l.scale(hour))
	out := Exact{Heat: l.heat(it, published)}
	near := neighbours(n)
	if it.contacts == 0 && l.policy.ContentWeight > 0 {
		left := l.exactlyLeft(near, neighbours, hour)
		l.pick(n, it, near, hour)
		l.borrow(n, near, left)
	} else {
		l.pick(n, it, near, hour)
	}
	left := l.exactShares(it)
	for i, s := range l.work.picked {
		out.Edges = append(out.Edges, ExactEdge{s.item, left[i] * s.count / l.items[s.item].support})
	}
	return out
}

// exactShares returns what a refinement leaves of each picked source of an item.
func (l *Learner) exactShares(it *counts) []float64 {
	picked := l.work.picked
	out := make([]float64, len(picked))
	if l.policy.Rho == 0 || it.contacts == 0 {
		for i := range out {
			out[i] = 1
		}
		return out
	}
	l.solve()
	r := &l.work.refine
	for i, s := range picked {
		if s.at >= 0 {
			out[i] = r.w[i] / (r.b[i] / r.d[i])
		} else {
			out[i] = r.left()
		}
	}
	return out
}

// exactlyLeft is counts.left before rounding, of those whose edges an item may borrow.
func (l *Learner) exactlyLeft(near []Neighbour, neighbours func(core.ItemNum) []Neighbour, hour float64) func(*counts, *candidate) float64 {
	type shares struct {
		of   map[core.ItemNum]float64
		rest float64
	}
	all := map[*counts]shares{}
	for _, nb := range near {
		it := l.at(nb.Item)
		if it == nil || it.contacts < lenderContacts {
			continue
		}
		l.pick(nb.Item, it, neighbours(nb.Item), hour)
		s := shares{map[core.ItemNum]float64{}, 1}
		for i, left := range l.exactShares(it) {
			if p := l.work.picked[i]; p.at >= 0 {
				s.of[p.item] = left
			}
		}
		if l.policy.Rho > 0 && len(l.work.picked) > 0 {
			s.rest = l.work.refine.left()
		}
		if all[it] = s; len(all) == lenders {
			break
		}
	}
	return func(it *counts, c *candidate) float64 {
		s := all[it]
		if left, ok := s.of[c.item]; ok {
			return left
		}
		return s.rest
	}
}
