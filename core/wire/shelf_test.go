package wire

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"nigh/core"
)

func TestShelf_HoldsTheKeysThatBeginAsItDoes(t *testing.T) {
	for seed := range uint64(2000) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		k, other := Key(rnd.Uint64()>>(64-KeyBits)), Key(rnd.Uint64()>>(64-KeyBits))
		depth := rnd.IntN(KeyBits + 1)
		s := At(k, depth)
		if !s.Valid() || !s.Holds(k) || s.First() > k || !s.Holds(s.First()) {
			t.Fatalf("shelf %d of depth %d for key %x", s, depth, k)
		}
		if same := k>>(KeyBits-depth) == other>>(KeyBits-depth); s.Holds(other) != same {
			t.Fatalf("shelf %d holds %x: %v, want %v", s, other, s.Holds(other), same)
		}
		deeper := At(other, rnd.IntN(KeyBits+1))
		if want := s.Holds(deeper.First()) && deeper.depth() >= depth; s.Contains(deeper) != want {
			t.Fatalf("shelf %d contains %d: %v, want %v", s, deeper, s.Contains(deeper), want)
		}
		if low, high, ok := s.Halves(); ok == (depth == KeyBits) || ok && (low.Holds(k) == high.Holds(k) || !s.Contains(low) || !s.Contains(high) || low.First() >= high.First()) {
			t.Fatalf("halves of %d: %d, %d, %v", s, low, high, ok)
		}
	}
	for _, s := range []Shelf{0, 1 << (KeyBits + 1), 1<<64 - 1} {
		if s.Valid() {
			t.Errorf("shelf %d is valid", s)
		}
		_, _ = s.Contains(Whole), Whole.Contains(s) // and harmless
	}
}

// A key follows the owner's labels and the id, and nothing that is learnt.
func TestKeyOf_IsOfWhatItsOwnerSays(t *testing.T) {
	card := core.Card{Categories: []string{"Novels", "Sea"}, Tags: []string{"whales", "ships"}, Author: "Melville"}
	base := core.Record{Num: 3, ID: "moby-dick", Card: card}
	key := KeyOf(&base)
	learnt := base
	learnt.Num, learnt.Heat, learnt.Damp, learnt.Edges = 9, 700, 3, []core.Edge{{From: 1, Weight: 9}}
	learnt.Features = []core.Weighted{{Feature: core.TermFeature("whale"), Weight: 200}}
	learnt.Card.Title, learnt.Card.Tags = "Moby-Dick", []string{" Whales ", "sea"}
	if KeyOf(&learnt) != key {
		t.Error("a key changes with what is learnt, with a title or with how a tag is written")
	}
	for name, change := range map[string]func(*core.Record){
		"category": func(r *core.Record) { r.Card.Categories = []string{"Films"} },
		"tag":      func(r *core.Record) { r.Card.Tags = []string{"ships"} },
		"id":       func(r *core.Record) { r.ID = "moby" },
	} {
		r := base
		if change(&r); KeyOf(&r) == key {
			t.Errorf("another %s makes the same key", name)
		}
	}
	// Of one category they are together, and of one topic in it; by chance they fall apart evenly.
	halves := [2]int{}
	for i := range 1000 {
		r := base
		r.ID = core.ItemID(fmt.Sprint("book-", i))
		k := KeyOf(&r)
		if k>>(chanceBits) != key>>(chanceBits) {
			t.Fatalf("%s is of another category or topic", r.ID)
		}
		halves[k>>(chanceBits-1)&1]++
	}
	if halves[0] < 400 || halves[1] < 400 {
		t.Errorf("by chance %v of 1000 fall in either half", halves)
	}
}

func TestRecordSum_DoesNotDependOnOrder(t *testing.T) {
	sums := map[uint64]bool{}
	for i := range 20_000 {
		sums[RecordSum([]byte(fmt.Sprint("record ", i)))] = true
	}
	if len(sums) != 20_000 {
		t.Errorf("%d sums of 20,000 records", len(sums))
	}
	// Two records that swap a part: sums of plain hashes that are linear would not see it.
	a := RecordSum([]byte("ab")) + RecordSum([]byte("cd"))
	if b := RecordSum([]byte("ad")) + RecordSum([]byte("cb")); a == b {
		t.Error("a part that went from one record to another leaves the sum as it was")
	}
}
