package learn

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas/blas32"

	"nigh/core"
)

// Finder is the working memory of Find, for one goroutine.
type Finder struct {
	sums    []float32 // by item number; all 0 between calls
	touched []core.ItemNum
	found   []Neighbour
	bar     float32 // of the weakest that is kept: what is less similar cannot be among the best
}

// maxPostings bounds the list of one feature that Find walks: what more items have says next to nothing of any of them,
// and its idf is below a third of a rare word's.
const maxPostings = 8192

// Find returns the items most similar to one, the most similar first, at most MaxNeighbours; equal ones ascend by
// number. Two items that both have a vector are as similar as these are; any two others as their texts. Items that share
// only what more than maxPostings items have are not found.
func (c *Content) Find(f *Finder, n core.ItemNum) []Neighbour {
	d := c.docs[n]
	if d == nil {
		return nil
	}
	f.found, f.bar = f.found[:0], minSimilarity
	has := c.vectors.has(n)
	if !has || c.Vectors() < len(c.docs) {
		c.findTerms(f, n, d, has)
	}
	if has {
		c.vectors.find(f, n)
	}
	return slices.Clone(best(f.found))
}

// findTerms finds what is similar by terms; with besideVectors, only what has no vector.
func (c *Content) findTerms(f *Finder, n core.ItemNum, d *doc, besideVectors bool) {
	if len(f.sums) <= int(c.highest) {
		f.sums = make([]float32, int(c.highest)+int(c.highest)/8+1)
	}
	f.touched = f.touched[:0]
	for _, w := range d.vector {
		list := c.postings[d.feature(w)]
		if len(list) > maxPostings {
			continue
		}
		for _, p := range list {
			if f.sums[p.item] == 0 {
				f.touched = append(f.touched, p.item)
			}
			f.sums[p.item] += w.w * p.w
		}
	}
	for _, m := range f.touched {
		s := f.sums[m]
		f.sums[m] = 0
		if m != n && !(besideVectors && c.vectors.has(m)) {
			f.add(m, s)
		}
	}
}

// add takes a found item in, if it may be among the best.
func (f *Finder) add(m core.ItemNum, s float32) {
	if s <= minSimilarity || s < f.bar {
		return
	}
	if f.found = append(f.found, Neighbour{m, min(s, 1)}); len(f.found) == 4*MaxNeighbours {
		f.found = best(f.found)
		f.bar = f.found[MaxNeighbours-1].Similarity
	}
}

func best(ns []Neighbour) []Neighbour {
	slices.SortFunc(ns, moreSimilar)
	return ns[:min(len(ns), MaxNeighbours)]
}

// minSimilarity keeps out what shares a single common word.
const minSimilarity = 0.02

func moreSimilar(a, b Neighbour) int {
	switch { // there is no NaN here, which is what makes cmp.Compare twice as slow
	case a.Similarity > b.Similarity:
		return -1
	case a.Similarity < b.Similarity:
		return 1
	}
	return cmp.Compare(a.Item, b.Item)
}

// Neighbours returns an item's neighbours. The slice is not to be changed.
func (c *Content) Neighbours(n core.ItemNum) []Neighbour {
	if d := c.docs[n]; d != nil {
		return d.neighbours
	}
	return nil
}

// Holders returns the items that have one among their neighbours. The slice is not to be changed.
func (c *Content) Holders(n core.ItemNum) []core.ItemNum {
	if d := c.docs[n]; d != nil {
		return d.holders
	}
	return nil
}

// SetNeighbours makes found (most similar first) the neighbours of an item, and the item a neighbour of those it is
// nearer to than what they have; what c does not hold, and the item itself, is left out. It returns the items whose
// neighbours changed, ascending, the item itself among them. found is the Content's afterwards.
func (c *Content) SetNeighbours(n core.ItemNum, found []Neighbour) []core.ItemNum {
	d := c.docs[n]
	if d == nil {
		return nil
	}
	changed := map[core.ItemNum]bool{n: true}
	mutual := map[core.ItemNum]bool{}
	for _, nb := range found {
		mutual[nb.Item] = true
	}
	var holders []core.ItemNum
	like := c.liken(n)
	for _, m := range d.holders { // what they held was the similarity to the former text
		h := c.docs[m]
		if h == nil {
			continue
		}
		h.neighbours = slices.DeleteFunc(slices.Clone(h.neighbours), func(nb Neighbour) bool { return nb.Item == n })
		changed[m] = true
		if mutual[m] {
			continue
		}
		if s := like(m); s > minSimilarity { // not among the nearest of n, but n is among those of m
			mine := Neighbour{n, s}
			at, _ := slices.BinarySearchFunc(h.neighbours, mine, moreSimilar)
			h.neighbours = slices.Insert(h.neighbours, at, mine)
			holders = append(holders, m)
		}
	}
	d.holders = holders
	for _, nb := range d.neighbours {
		c.unhold(nb.Item, n)
	}
	d.neighbours = slices.DeleteFunc(found, func(nb Neighbour) bool { return nb.Item == n || c.docs[nb.Item] == nil })
	for _, nb := range d.neighbours {
		c.hold(nb.Item, n)
		m := c.docs[nb.Item]
		mine := Neighbour{n, nb.Similarity}
		at, _ := slices.BinarySearchFunc(m.neighbours, mine, moreSimilar)
		if at >= MaxNeighbours {
			continue
		}
		m.neighbours = slices.Insert(slices.Clone(m.neighbours), at, mine)
		c.hold(n, nb.Item)
		if len(m.neighbours) > MaxNeighbours {
			c.unhold(m.neighbours[MaxNeighbours].Item, nb.Item)
			m.neighbours = m.neighbours[:MaxNeighbours]
		}
		changed[nb.Item] = true
	}
	out := make([]core.ItemNum, 0, len(changed))
	for m := range changed {
		out = append(out, m)
	}
	slices.Sort(out)
	return out
}

// liken returns what tells how similar an item is to another, as Find does, rounded as it is stored.
func (c *Content) liken(n core.ItemNum) func(m core.ItemNum) float32 {
	weights := map[core.Feature]float32{}
	d := c.docs[n]
	for _, w := range d.vector {
		if f := d.feature(w); len(c.postings[f]) <= maxPostings {
			weights[f] = w.w
		}
	}
	return func(m core.ItemNum) float32 {
		s := float32(0)
		if v := &c.vectors; v.has(n) && v.has(m) {
			u := blas32.Vector{N: v.dim, Inc: 1, Data: v.at(int(v.rowOf[n]) - 1)}
			s = v.similarity(blas32.Dot(u, blas32.Vector{N: v.dim, Inc: 1, Data: v.at(int(v.rowOf[m]) - 1)}))
		} else {
			d := c.docs[m]
			for _, w := range d.vector {
				s += weights[d.feature(w)] * w.w
			}
		}
		return float32(math.Round(float64(min(s, 1))*math.MaxUint16)) / math.MaxUint16
	}
}

// Restore sets an item's neighbours as they were stored, without touching those of others. It is for a Content whose
// items are all put and have no neighbours yet. stored is the Content's afterwards.
func (c *Content) Restore(n core.ItemNum, stored []Neighbour) {
	d := c.docs[n]
	if d == nil {
		return
	}
	d.neighbours = stored[:0]
	for _, nb := range stored {
		m := c.docs[nb.Item]
		if m == nil || nb.Item == n {
			continue
		}
		d.neighbours = append(d.neighbours, nb)
		m.holders = appendClosely(m.holders, n) // without a look whether n is there: it holds nothing yet, and nothing twice
	}
	slices.SortFunc(d.neighbours, moreSimilar) // storing rounds: what differed a little is equal now, and falls by number
}

// Clip gives back what was set aside while neighbours were restored, a tenth of what is needed.
func (c *Content) Clip() {
	for _, d := range c.docs {
		if cap(d.holders) > len(d.holders) {
			d.holders = append(make([]core.ItemNum, 0, len(d.holders)), d.holders...)
		}
	}
}

// appendClosely is append for the many lists that items have of one another: it makes room for a quarter more, in steps
// of 16 bytes, where append makes as much again.
func appendClosely(list []core.ItemNum, n core.ItemNum) []core.ItemNum {
	if len(list) == cap(list) {
		list = append(make([]core.ItemNum, 0, (len(list)+len(list)/4+4)&^3), list...)
	}
	return append(list, n)
}

// hold notes that holder has n among its neighbours; unhold takes that back.
func (c *Content) hold(n, holder core.ItemNum) {
	if d := c.docs[n]; d != nil && !slices.Contains(d.holders, holder) {
		d.holders = appendClosely(d.holders, holder)
	}
}

func (c *Content) unhold(n, holder core.ItemNum) {
	if d := c.docs[n]; d != nil {
		if i := slices.Index(d.holders, holder); i >= 0 {
			d.holders = slices.Delete(d.holders, i, i+1)
		}
	}
}
