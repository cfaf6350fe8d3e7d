package core

import (
	"math/rand/v2"
	"testing"
)

func TestSlotOf_FindsAsAMapDoes(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		number := func() ItemNum { // near ones, and some far beyond
			if rnd.IntN(4) == 0 {
				return ItemNum(rnd.Uint32() >> rnd.IntN(32))
			}
			return ItemNum(rnd.IntN(400))
		}
		s, want := newSlotOf(int(seed%3)*50, number()), map[ItemNum]uint32{}
		for range 600 {
			n := number()
			if _, known := want[n]; known || rnd.IntN(3) == 0 {
				s.remove(n)
				delete(want, n)
			} else {
				slot := rnd.Uint32N(MaxItems)
				s.add(n, slot)
				want[n] = slot
			}
		}
		if s.len() != len(want) {
			t.Fatalf("seed %d: len = %d, want %d", seed, s.len(), len(want))
		}
		for range 600 {
			n := number()
			slot, ok := s.get(n)
			if other, known := want[n]; ok != known || ok && slot != other {
				t.Fatalf("seed %d: get(%d) = %d, %v, want %d, %v", seed, n, slot, ok, other, known)
			}
		}
		for n, slot := range want {
			if got, ok := s.get(n); !ok || got != slot {
				t.Fatalf("seed %d: get(%d) = %d, %v, want %d", seed, n, got, ok, slot)
			}
		}
		if most := sparse * 2 * max(600, 100); len(s.table) > most {
			t.Fatalf("seed %d: a table of %d for %d numbers, want at most %d", seed, len(s.table), s.n, most)
		}
	}
}
