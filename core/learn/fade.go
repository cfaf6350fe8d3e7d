package learn

import (
	"math"

	"nigh/core"
)

// scale is what an increment at an hour is multiplied by. The scale is moved before it leaves float32's range.
func (l *Learner) scale(hour float64) float64 {
	days := l.policy.EvidenceHalfLifeDays
	if days <= 0 {
		return 1
	}
	if l.base == 0 {
		l.base = hour
	}
	halfLife := max(24*days, minHalfLife)
	e := (hour - l.base) / halfLife
	if e > 32 {
		whole := math.Floor(e) // so that octaves stay octaves
		l.base += whole * halfLife
		e -= whole
		if whole > farOctaves {
			l.fadeAway()
		} else {
			l.rebase(int(whole))
		}
	}
	return math.Exp2(max(e, -32))
}

// Bounds that keep numbers numbers: the shortest half-life that counts, in hours; the least λ; and when nothing is left
// of a count.
const (
	minHalfLife = 1
	minLambda   = 1e-6
	farOctaves  = 96
	minSupport  = 1e-30 // of an item that was not touched for as long
)

// fadeAway is rebase by so much that no evidence is left.
func (l *Learner) fadeAway() {
	l.pairs, l.singles = 0, 0
	for n, it := range l.items {
		if it != nil && it != gone {
			l.empty(core.ItemNum(n), it)
		}
	}
}

// empty takes out what is left of an item's evidence, at a scale of 1.
func (l *Learner) empty(n core.ItemNum, it *counts) {
	it.d, it.from, it.floor = 0, nil, 0
	l.touch(n, it, 1)
	l.mark(n, it)
}

// rebase divides all that is in units of the fading scale by 2^octaves.
func (l *Learner) rebase(octaves int) {
	by := math.Ldexp(1, -octaves)
	l.pairs *= by
	l.singles *= by
	for n, it := range l.items {
		if it == nil || it == gone {
			continue
		}
		if it.support*by < minSupport {
			l.empty(core.ItemNum(n), it)
			continue
		}
		it.d *= by
		it.support *= by
		it.lambda *= by
		it.octave -= int16(octaves)
		it.floor *= float32(math.Sqrt(by)) // a count over the root of another
		for i := range it.from {
			c := &it.from[i]
			c.c *= float32(by)
			c.err = toBfloat(fromBfloat(c.err) * float32(by))
		}
	}
}
