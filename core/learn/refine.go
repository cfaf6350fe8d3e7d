package learn

import (
	"nigh/core"
)

// refineGrowth is how much an item's contacts grow before it is refined again.
const refineGrowth = 1.03

// muchCompany is the κ at which ρ counts half of κ.
const muchCompany = 2

// crowd is the unit of ρ: κ where it is large. What the sources in short sessions have in common is little, and to take it
// away costs more than it gives: there ρ all but vanishes.
func (l *Learner) crowd() float64 {
	k2 := l.company * l.company
	return l.company * k2 / (k2 + muchCompany*muchCompany)
}

// sweeps of Gauss-Seidel; after 12 the weights move by less than a step of their scale.
const sweeps = 12

// refinement is memory for one refinement.
type refinement struct {
	place   []int16 // by item number; 1 + its row, 0 between calls
	a       []float64
	b, d, w []float64
}

// due tells whether an item should be refined.
func (l *Learner) due(it *counts) bool {
	return l.policy.Rho > 0 && it.contacts > it.refined*refineGrowth
}

// wait puts an item into the queue for refinement.
func (l *Learner) wait(n core.ItemNum, it *counts) {
	if !it.waits {
		it.waits = true
		l.stale = append(l.stale, n)
	}
}

// Stale returns how many items wait for their refinement.
func (l *Learner) Stale() int { return len(l.stale) }

// Refine refines up to most items, those that have waited longest, and marks them (see TakeDirty). Their neighbours are
// asked of neighbours. It costs some 100 µs an item.
func (l *Learner) Refine(most int, neighbours func(core.ItemNum) []Neighbour, hour float64) {
	l.scale(hour) // moved here, if it must be: not while candidates are gone through
	for _, n := range take(l, &l.stale, most, func(it *counts) { it.waits = false }) {
		if it := l.at(n); it != nil && l.due(it) {
			l.refine(n, it, neighbours(n), hour)
			l.mark(n, it)
		}
	}
}

// RefineAll lets every item that was met wait for its refinement.
func (l *Learner) RefineAll() {
	if l.policy.Rho == 0 {
		return
	}
	for n, it := range l.items {
		if it != nil && it != gone && it.contacts > 0 {
			it.refined = 0
			l.wait(core.ItemNum(n), it)
		}
	}
}

// refine solves for an item's kept candidates and notes what is left of each weight.
func (l *Learner) refine(n core.ItemNum, it *counts, neighbours []Neighbour, hour float64) {
	it.refined = it.contacts
	l.pick(n, it, neighbours, hour)
	l.solve()
	r := &l.work.refine
	for i, s := range l.work.picked {
		if s.at >= 0 {
			it.from[s.at].setShare(shareOf(r.w[i] / (r.b[i] / r.d[i])))
		}
	}
	if len(l.work.picked) > 0 {
		it.share = shareOf(r.left())
	}
}

// left is the part of all weights together that the solution leaves.
func (r *refinement) left() float64 {
	all, left := 0.0, 0.0
	for i, w := range r.w {
		all += r.b[i] / r.d[i]
		left += w
	}
	return left / all
}

// solve solves (diag(d+λ) + ρκ·S) w = b over what was picked, w ≥ 0: b, d and w stand in work.refine.
func (l *Learner) solve() {
	picked := l.work.picked
	r := &l.work.refine
	k := len(picked)
	if len(r.place) < len(l.items) {
		r.place = make([]int16, len(l.items)+len(l.items)/8)
	}
	r.a = resized(r.a, k*k)
	r.b, r.d, r.w = resized(r.b, k), resized(r.d, k), resized(r.w, k)
	for i, s := range picked {
		r.place[s.item] = int16(i + 1)
	}
	for i, s := range picked {
		a := l.items[s.item]
		r.b[i], r.d[i] = s.count, a.support
		r.w[i] = s.count / a.support / 2
		for c := range a.from {
			if p := r.place[a.from[c].item]; p > 0 {
				v := a.from[c].count()
				r.a[i*k+int(p)-1] += v
				r.a[(int(p)-1)*k+i] += v
			}
		}
	}
	for i, s := range picked {
		r.place[s.item] = 0
		r.a[i*k+i] = 0
	}
	rho := l.policy.Rho * l.crowd() / (1 + l.policy.Sigma)
	for range sweeps {
		for i := range r.w {
			sum := 0.0
			for j, v := range r.a[i*k : i*k+k] {
				sum += v * r.w[j]
			}
			r.w[i] = max(0, (r.b[i]-rho*sum)/r.d[i])
		}
	}
}

// resized returns a slice of n zeros, in v's memory if it is large enough.
func resized(v []float64, n int) []float64 {
	if cap(v) < n {
		return make([]float64, n+n/2)[:n]
	}
	v = v[:n]
	clear(v)
	return v
}
