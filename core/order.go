package core

import (
	"cmp"
	"slices"
)

// reorder puts is in the place of what slot s holds (either may be free), in the orders too.
func (x *Index) reorder(s uint32, is slot) {
	was := x.slots[s]
	heat := was.rec == nil || is.rec == nil || was.heat != is.heat || was.boost != is.boost
	date := was.rec == nil || is.rec == nil || was.published != is.published
	pin := was.pinned != is.pinned || was.num != is.num
	if heat && was.rec != nil {
		i, _ := x.boosted(was.boost)
		x.hottest[i].remove(x, s, byHeat)
		if len(x.hottest[i].chunks) == 0 {
			x.hottest = slices.Delete(x.hottest, i, i+1)
		}
	}
	if date && was.published != 0 {
		x.newest.remove(x, s, byDate)
	}
	if pin && was.pinned != 0 {
		x.pinned = slices.DeleteFunc(x.pinned, func(other uint32) bool { return other == s })
	}
	x.slots[s], x.quick[s] = is, quick{is.heat, is.boost}
	if heat && is.rec != nil {
		i, ok := x.boosted(is.boost)
		if !ok {
			x.hottest = slices.Insert(x.hottest, i, &boosted{boost: is.boost})
		}
		x.hottest[i].insert(x, s, byHeat)
	}
	if date && is.published != 0 {
		x.newest.insert(x, s, byDate)
	}
	if pin && is.pinned != 0 {
		i, _ := slices.BinarySearchFunc(x.pinned, s, func(have, want uint32) int { return byPlace(&x.slots[have], &x.slots[want]) })
		x.pinned = slices.Insert(x.pinned, i, s)
	}
}

// boosted returns where the items of a boost are or would be in hottest.
func (x *Index) boosted(b Boost) (int, bool) {
	return slices.BinarySearchFunc(x.hottest, b, func(o *boosted, b Boost) int { return int(o.boost) - int(b) })
}

// Newest returns the n items that were published last, the newest first, of those whose publication is known.
func (x *Index) Newest(n int) (out []ItemNum) {
	for _, chunk := range x.newest.chunks {
		for _, i := range chunk {
			if len(out) >= n {
				return out
			}
			out = append(out, x.slots[i].num)
		}
	}
	return out
}

// byHeat orders slots by heat, then by number, the higher first: what was added last counts as the fresher.
func byHeat(a, b *slot) int {
	if a.heat != b.heat {
		return falling(a.heat, b.heat)
	}
	return falling(a.num, b.num)
}

// byDate orders slots by their publication, then by number, the newer first.
func byDate(a, b *slot) int {
	if a.published != b.published {
		return falling(a.published, b.published)
	}
	return falling(a.num, b.num)
}

// byPlace orders slots by the place that they are pinned to, then by number, the newer first.
func byPlace(a, b *slot) int {
	if a.pinned != b.pinned {
		return falling(b.pinned, a.pinned)
	}
	return falling(a.num, b.num)
}

func falling[T cmp.Ordered](a, b T) int { return cmp.Compare(b, a) }

// order keeps slots sorted: a list of short sorted lists, so that a change moves at most a few
// hundred numbers, however large the catalog.
type order struct{ chunks [][]uint32 }

// maxChunk balances moving within a chunk (at most 2 KB) against the length of the list of chunks.
const maxChunk = 512

// find returns the chunk and the place in it where slot s stands or would stand.
func (o *order) find(x *Index, s uint32, by func(a, b *slot) int) (chunk, place int) {
	compare := func(have, want uint32) int { return by(&x.slots[have], &x.slots[want]) }
	chunk, _ = slices.BinarySearchFunc(o.chunks, s, func(c []uint32, s uint32) int { return compare(c[len(c)-1], s) })
	if chunk == len(o.chunks) {
		return chunk, 0
	}
	place, _ = slices.BinarySearchFunc(o.chunks[chunk], s, compare)
	return chunk, place
}

func (o *order) insert(x *Index, s uint32, by func(a, b *slot) int) {
	c, i := o.find(x, s, by)
	if c == len(o.chunks) {
		if c == 0 {
			o.chunks = append(o.chunks, []uint32{s})
			return
		}
		c--
		i = len(o.chunks[c])
	}
	o.chunks[c] = slices.Insert(o.chunks[c], i, s)
	if n := len(o.chunks[c]); n > maxChunk {
		tail := slices.Clone(o.chunks[c][n/2:])
		o.chunks[c] = o.chunks[c][:n/2]
		o.chunks = slices.Insert(o.chunks, c+1, tail)
	}
}

func (o *order) remove(x *Index, s uint32, by func(a, b *slot) int) {
	c, i := o.find(x, s, by)
	o.chunks[c] = slices.Delete(o.chunks[c], i, i+1)
	if len(o.chunks[c]) == 0 {
		o.chunks = slices.Delete(o.chunks, c, c+1)
	}
}
