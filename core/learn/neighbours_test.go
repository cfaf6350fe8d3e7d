package learn

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"nigh/core"
	"nigh/core/text"
)

func someNeighbours() [][]Neighbour {
	return [][]Neighbour{
		nil,
		{{1, 1}},
		{{math.MaxUint32, .75}, {300, .5}, {127, .02}, {128, 0}},
	}
}

func TestNeighbours_SurviveTheStore(t *testing.T) {
	for _, ns := range someNeighbours() {
		got, err := DecodeNeighbours(EncodeNeighbours(ns))
		if err != nil || len(got) != len(ns) {
			t.Fatalf("%v becomes %v, %v", ns, got, err)
		}
		for i := range ns {
			if got[i].Item != ns[i].Item || math.Abs(float64(got[i].Similarity-ns[i].Similarity)) > .5/65535+1e-7 {
				t.Errorf("%v becomes %v", ns[i], got[i])
			}
		}
	}
	for _, torn := range [][]byte{{1}, {1, 2}, {0x80}, {0x80, 0x80, 0x80, 0x80, 0x10, 0, 0}, bytes.Repeat([]byte{0xff}, 12)} {
		if got, err := DecodeNeighbours(torn); err == nil {
			t.Errorf("DecodeNeighbours(%x) = %v, want an error", torn, got)
		}
	}
}

func FuzzDecodeNeighbours(f *testing.F) {
	for _, ns := range someNeighbours() {
		f.Add(EncodeNeighbours(ns))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ns, err := DecodeNeighbours(b)
		if err != nil {
			return
		}
		again, err := DecodeNeighbours(EncodeNeighbours(ns))
		if err != nil || !slices.Equal(again, ns) {
			t.Fatalf("%v becomes %v, %v", ns, again, err)
		}
	})
}

// Rounding makes similarities equal that were not, and equal ones fall by number: what is restored must be in order
// for the next SetNeighbours.
func TestRestore_KeepsTheOrder(t *testing.T) {
	a := text.NewAnalyzer("en")
	rnd := rand.New(rand.NewPCG(1, 1))
	c := NewContent(a)
	for n := range core.ItemNum(40) {
		c.Put(n+1, Parse(a, Text{}))
	}
	for n := range core.ItemNum(40) {
		var ns []Neighbour
		for m := range core.ItemNum(50) { // some are not there any more, one is the item itself
			ns = append(ns, Neighbour{m + 1, .5 + float32(rnd.IntN(100))/1e7})
		}
		slices.SortFunc(ns, moreSimilar)
		stored, err := DecodeNeighbours(EncodeNeighbours(ns))
		if err != nil {
			t.Fatal(err)
		}
		c.Restore(n+1, stored)
	}
	c.check(t)
	for n := range core.ItemNum(40) {
		c.SetNeighbours(n+1, []Neighbour{{(n+7)%40 + 1, .5}})
	}
	c.check(t)
	c.Restore(99, []Neighbour{{1, 1}}) // unknown
	c.check(t)
}
