package learn

import (
	"math"
	"slices"

	"nigh/core"
)

// Bounds of the candidates of one item. All of a catalog together have candidateBudget of 12 bytes each, but no item less
// than twice what it can keep as edges: of 100,000 items each has 125, which are 1,500 bytes and Go's class of 1,536; 14 <<
// 20 would take 1,792, or 25 MB. On ml-small 512 an item give NDCG@10 .150, 256 give .146, 1,024 no more than 512.
const (
	MaxCandidates   = 8 * core.MaxEdges
	minCandidates   = 2 * core.MaxEdges
	candidateBudget = 12 << 20
)

// candidate is a source of an item: c is its count in units of the fading scale, of which err (see bfloat) was inherited
// from one that was evicted. flags holds its share, what the refinement leaves of its weight, and whether content counts.
type candidate struct {
	item  core.ItemNum
	c     float32
	err   uint16
	flags uint16
}

// hasContent tells that a content neighbour's unseen transitions were added to c when the edges were made last.
const hasContent = 1 << 15

func (c *candidate) content() bool { return c.flags&hasContent != 0 }

func (c *candidate) setContent(has bool) {
	c.flags &^= hasContent
	if has {
		c.flags |= hasContent
	}
}

func (c *candidate) share() share { return share(c.flags &^ hasContent) }

func (c *candidate) setShare(s share) { c.flags = c.flags&hasContent | uint16(s) }

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

// share is a weight's part that the refinement leaves, on a logarithmic scale of 128 steps an octave, finer than that of
// weights, which it is rounded to afterwards: code c > 0 stands for 2^-((c-1)/128), noShare for nothing, and 0 for a
// source that was not refined yet, which counts as its item's others.
type share uint16

const (
	shareSteps = 128
	noShare    = 16 * shareSteps
)

func shareOf(part float64) share {
	if part <= 0 {
		return noShare
	}
	return share(min(max(1-math.Round(shareSteps*math.Log2(part)), 1), noShare))
}

var shares = func() (t [noShare + 1]float64) {
	for c := 1; c < noShare; c++ {
		t[c] = math.Exp2(-float64(c-1) / shareSteps)
	}
	return t
}()
