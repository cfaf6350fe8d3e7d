package learn

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/blas/blas32"

	"nigh/core"
)

// vectors are the vectors that the owner of a catalog supplied for its items, scaled to length 1, in rows without gaps:
// a search is a pass over all of them.
type vectors struct {
	dim   int // of all; 0 while there is none
	items []core.ItemNum
	rowOf []int32 // by item: its row + 1, 0 for none
	// blocks hold blockRows rows each: growing moves none of them.
	blocks [][]float32
	// common is what any two of them have in common, a cosine: see measure.
	common float64
}

const blockRows = 256

// portionWork is how many products of two numbers a Portion may take: 2 ms of one processor.
const portionWork = 12 << 20

// unit returns v scaled to length 1, nil if it has no direction. Its numbers are finite.
func unit(v []float32) []float32 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if !(sum > 0) || math.IsInf(sum, 0) {
		return nil
	}
	by := 1 / math.Sqrt(sum)
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(float64(x) * by)
	}
	return out
}

func (v *vectors) has(n core.ItemNum) bool { return int(n) < len(v.rowOf) && v.rowOf[n] != 0 }

// at returns row r. It is the vectors' own memory.
func (v *vectors) at(r int) []float32 {
	b := v.blocks[r/blockRows]
	from := r % blockRows * v.dim
	return b[from : from+v.dim : from+v.dim]
}

// set gives an item a vector of length 1 in the place of the one it had; nil takes that away. One of another dimension
// than others have is as none.
func (v *vectors) set(n core.ItemNum, u []float32) {
	v.drop(n)
	if len(v.items) == 0 {
		*v = vectors{dim: len(u)}
	}
	if len(u) == 0 || len(u) != v.dim {
		return
	}
	r := len(v.items)
	if r == len(v.blocks)*blockRows {
		v.blocks = append(v.blocks, make([]float32, blockRows*v.dim))
	}
	v.items = append(v.items, n)
	copy(v.at(r), u)
	if int(n) >= len(v.rowOf) {
		v.rowOf = append(v.rowOf, make([]int32, max(int(n)+1, 2*len(v.rowOf))-len(v.rowOf))...)
	}
	v.rowOf[n] = int32(r + 1)
}

// drop takes an item's vector out; the last row takes its place.
func (v *vectors) drop(n core.ItemNum) {
	if !v.has(n) {
		return
	}
	r, last := int(v.rowOf[n])-1, len(v.items)-1
	copy(v.at(r), v.at(last))
	v.items[r] = v.items[last]
	v.rowOf[v.items[r]] = int32(r + 1)
	v.rowOf[n] = 0
	v.items = v.items[:last]
	v.blocks = slices.Delete(v.blocks, (last+blockRows-1)/blockRows, len(v.blocks))
}

// measure finds the mean cosine of two items. Each with itself counts 0: of a few items that are alike it does not say
// that all are.
func (v *vectors) measure() {
	n := float64(len(v.items))
	if v.common = 0; n < 2 {
		return
	}
	sums := make([]float64, v.dim)
	for r := range v.items {
		for i, x := range v.at(r) {
			sums[i] += float64(x)
		}
	}
	square := 0.0
	for _, s := range sums {
		square += s * s
	}
	v.common = min(max((square-n)/(n*n), 0), .99) // |Σu|² is Σ u·w over all ordered pairs, n of which are u·u = 1
}

// similarity is what a cosine says beyond what all have in common, squared: 0 for nothing, 1 for the same.
func (v *vectors) similarity(cosine float32) float32 {
	common := float32(v.common)
	s := max(0, (cosine-common)*(1/(1-common)))
	return s * s
}

// find gives f all items with a vector, with how similar theirs is to n's.
func (v *vectors) find(f *Finder, n core.ItemNum) {
	u := blas32.Vector{N: v.dim, Inc: 1, Data: v.at(int(v.rowOf[n]) - 1)}
	w := blas32.Vector{N: v.dim, Inc: 1}
	items := v.items
	for _, block := range v.blocks {
		for _, m := range items[:min(blockRows, len(items))] {
			w.Data, block = block[:v.dim], block[v.dim:]
			if s := v.similarity(blas32.Dot(u, w)); s >= f.bar && m != n {
				f.add(m, s)
			}
		}
		items = items[min(blockRows, len(items)):]
	}
}

// VectorLen returns how many dimensions the vectors of the items have, 0 if no item has one.
func (c *Content) VectorLen() int {
	if len(c.vectors.items) == 0 {
		return 0
	}
	return c.vectors.dim
}

// Vectors returns how many items have a vector.
func (c *Content) Vectors() int { return len(c.vectors.items) }

// HasVector tells whether an item has a vector.
func (c *Content) HasVector(n core.ItemNum) bool { return c.vectors.has(n) }

// Portion returns for how many items Find takes no more than some milliseconds together: with vectors each is a pass over
// all of these. It is at least 1.
func (c *Content) Portion() int {
	return max(portionWork/max(len(c.vectors.items)*c.vectors.dim, 1), 1)
}
