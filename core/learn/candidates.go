package learn

import (
	"math"
	"slices"

	"nigh/core"
)

// Bounds of the candidates of one item. All of a catalog together have candidateBudget of 12 bytes each, but no item less
// than twice what it can keep as edges. On ml-small 512 an item give NDCG@10 .150, 256 give .146, 1,024 no more than 512.
const (
	MaxCandidates   = 8 * core.MaxEdges
	minCandidates   = 2 * core.MaxEdges
	candidateBudget = 13 << 20
)

// candidate is a source of an item: c is its count in units of the fading scale, of which err (see bfloat) was inherited
// from one that was evicted. share is what the refinement leaves of its weight, see shareOf.
type candidate struct {
	item  core.ItemNum
	c     float32
	err   uint16
	share uint8
	// content tells that a content neighbour's unseen transitions were added to c when the edges were made last.
	content bool
}

// count is what of c was counted for this source.
func (c *candidate) count() float64 { return float64(max(0, c.c-fromBfloat(c.err))) }

// candidates ascend by item: they are looked up for each pair of a history and its next item, and edges are made of them
// in this order.
type candidates []candidate

func (l candidates) find(n core.ItemNum) (int, bool) {
	lo, hi := 0, len(l)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if l[m].item < n {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo, lo < len(l) && l[lo].item == n
}

// add counts v for a source by Space-Saving with room places: when the list is full the weakest gives up its place and
// its count. It returns where the source stands now, and who was evicted (0: nobody).
func (l *candidates) add(n core.ItemNum, v float32, room int) (at int, evicted core.ItemNum) {
	at, ok := l.find(n)
	if ok {
		(*l)[at].c += v
		return at, 0
	}
	c := candidate{item: n, c: v}
	if len(*l) >= room {
		w := l.weakest()
		evicted = (*l)[w].item
		c.c += (*l)[w].c
		c.err = toBfloat((*l)[w].c)
		*l = slices.Delete(*l, w, w+1)
		if w < at {
			at--
		}
	} else if len(*l) == cap(*l) {
		// By a quarter, and never beyond its room: what many lists have to spare is as much as what they hold. Not by
		// Grow, which rounds up as it likes.
		more := make(candidates, len(*l), len(*l)+max(4, min(len(*l)/4, room-len(*l))))
		copy(more, *l)
		*l = more
	}
	*l = slices.Insert(*l, at, c)
	return at, evicted
}

func (l candidates) weakest() int {
	w := 0
	for i := range l {
		if l[i].c < l[w].c {
			w = i
		}
	}
	return w
}

// bfloat is a float32 without the lower half of its fraction, rounded up: what was inherited is rather over- than
// underestimated, by less than 1 %.
func toBfloat(v float32) uint16 {
	b := math.Float32bits(v)
	if b&0xffff != 0 {
		b += 1 << 16
	}
	return uint16(b >> 16)
}

func fromBfloat(b uint16) float32 { return math.Float32frombits(uint32(b) << 16) }

// A share is a weight's part that the refinement leaves, on a logarithmic scale of 16 steps an octave: code c > 0 stands
// for 2^-((c-1)/16), noShare for nothing, and 0 for a source that was not refined yet, which counts as its item's others.
const noShare = 255

func shareOf(part float64) uint8 {
	if part <= 0 {
		return noShare
	}
	return uint8(min(max(1-math.Round(16*math.Log2(part)), 1), noShare))
}

var shares = func() (t [256]float64) {
	for c := 1; c < noShare; c++ {
		t[c] = math.Exp2(-float64(c-1) / 16)
	}
	return t
}()
