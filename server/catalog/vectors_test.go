package catalog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"nigh/core/wire"
	"nigh/server/store"
)

// near is an item about nothing, whose vector points in a direction in degrees.
func near(id string, degrees float64) store.Item {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return store.Item{ID: id, Vector: store.Vector{float32(3 * cos), float32(3 * sin)}}
}

func (r *rig) similar(id string, most int) []string {
	r.t.Helper()
	r.settle()
	res, err := r.Similar(bg, id, Request{Limit: most})
	if err != nil {
		r.t.Fatalf("Similar: %v", err)
	}
	return idsOf(res)
}

func TestVectors_MakeNeighboursThroughChangesAndRestarts(t *testing.T) {
	r := start(t)
	r.put(near("north", 90), near("northeast", 60), near("east", 0), near("south", -80), book("sea-1", "sea"), book("sea-2", "sea"))
	wantIDs(t, "similar to north", r.similar("north", 1), "northeast")
	wantIDs(t, "similar to sea-1", r.similar("sea-1", 1), "sea-2")

	r.put(near("northeast", -70)) // another embedding
	wantIDs(t, "similar to south", r.similar("south", 1), "northeast")
	r.put(near("up", 85))
	wantIDs(t, "similar to north", r.similar("north", 1), "up")
	if err := r.DeleteItem(bg, "northeast"); err != nil {
		t.Fatal(err)
	}
	r.put(store.Item{ID: "up", Title: "about the sea"}) // without a vector it has its words
	if got := r.similar("sea-1", 5); !slices.Contains(got, "up") {
		t.Errorf("similar to sea-1 = %v, want up among them", got)
	}
	if got := r.similar("north", 5); slices.Contains(got, "up") || slices.Contains(got, "northeast") {
		t.Errorf("similar to north = %v, want neither what lost its vector nor what was deleted", got)
	}
	r.wantWhole()

	before := r.index()
	r.stop()
	r.open()
	if !maps.Equal(r.index(), before) {
		t.Error("after Open the records are others")
	}
	r.run()
	r.settle()
	if !maps.Equal(r.index(), before) {
		t.Error("after a restart and rest the records are others")
	}
	r.put(near("again", 88)) // the vectors are there again
	wantIDs(t, "similar to north after a restart", r.similar("north", 1), "again")
}

func TestVectors_AreOfOneLength(t *testing.T) {
	r := start(t)
	vector := func(id string, dim int) store.Item {
		it := store.Item{ID: id, Title: id, Vector: make(store.Vector, dim)}
		if dim > 0 {
			it.Vector[0] = 1
		}
		return it
	}
	put := func(what string, items []store.Item, want ...string) {
		t.Helper()
		res, err := r.PutItems(bg, items)
		if err != nil {
			t.Fatal(err)
		}
		for i, one := range res {
			fault, _ := errors.AsType[*InputError](one.Err)
			if (want[i] == "") != (one.Err == nil) || one.Err != nil && (fault == nil || fault.Field != "item.vector" || !strings.Contains(one.Err.Error(), want[i])) {
				t.Errorf("%s: %s: %v, want %q", what, one.ID, one.Err, want[i])
			}
		}
	}
	put("the first one decides", []store.Item{vector("a", 3), vector("b", 2), vector("c", 3), vector("d", 0)},
		"", "has 2 dimensions, those of 1 other items have 3; use one model for all", "", "")
	put("the next call knows", []store.Item{vector("b", 4), vector("a", 4)}, "those of 2 other items have 3", "those of 1 other items have 3")
	if _, err := r.Item(bg, "b"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Item of a refused one = %v, want ErrNotFound", err)
	}
	r.settle()
	r.stop()
	r.open()
	r.run()
	put("so does the next process", []store.Item{vector("b", 4)}, "those of 2 other items have 3")
	put("taken away in the same call", []store.Item{vector("a", 0), vector("c", 4), vector("a", 4), vector("a", 3)},
		"", "", "", "those of 1 other items have 4")
	if err := r.DeleteItem(bg, "a"); err != nil {
		t.Fatal(err)
	}
	put("the only one may change", []store.Item{vector("c", MaxVector), vector("c", 1)}, "", "")
	put("bounds", []store.Item{vector("e", MaxVector+1), {ID: "f", Vector: store.Vector{0}}, {ID: "g", Vector: store.Vector{1, float32(math.Inf(1))}}},
		"use at most 4096", "zeros", "holds +Inf at place 2")
	r.settle()
	r.wantWhole()
}

// An older nigh took any vector: one that does not fit is left out, and its item has its words.
func TestVectors_OfAnotherLengthInTheStoreDoNotCount(t *testing.T) {
	r := start(t)
	r.put(near("north", 90), near("up", 80), book("sea-1", "sea"), book("sea-2", "sea"))
	r.settle()
	r.stop()
	odd, err := r.store.Item(bg, "sea-2")
	if err != nil {
		t.Fatal(err)
	}
	odd.Vector = store.Vector{1, 2, 3}
	if err := r.store.Commit(bg, store.Batch{Items: []store.StoredItem{odd}}); err != nil {
		t.Fatal(err)
	}
	r.open()
	r.run()
	wantIDs(t, "similar to sea-2", r.similar("sea-2", 1), "sea-1")
	if got := r.owner.content.Vectors(); got != 2 {
		t.Errorf("Vectors = %d, want 2", got)
	}
}

// What a browser gets holds neither the numbers of a vector nor those it is scaled to, in any form.
func TestVectors_NeverTravelToBrowsers(t *testing.T) {
	r := start(t)
	plain := []float64{12.345678, -98.76543, 4.5678901}
	secret := store.Item{ID: "secret", Title: "sea", Vector: store.Vector{float32(plain[0]), float32(plain[1]), float32(plain[2])}}
	r.put(book("sea-1", "sea"))
	s, out, _ := r.hello(wire.Hello{Client: "c1", User: "ada"})
	frames := func() (all [][]byte) {
		if err := s.Frame(bg, wire.Encode(&wire.Ask{Name: "you", Limit: 9})); err != nil {
			t.Fatal(err)
		}
		out.mu.Lock()
		defer out.mu.Unlock()
		all, out.frames = out.frames, nil
		return all
	}
	r.put(secret, store.Item{ID: "other", Title: "sea", Vector: store.Vector{1, 2, 3}})
	r.settle()
	r.did("ada", "view", "other")
	r.settle()
	sent := frames()
	state, _, err := r.Snapshot(bg)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range state {
		sent = append(sent, f.For(false))
	}
	all := bytes.Join(sent, nil)
	if !bytes.Contains(all, []byte("secret")) {
		t.Fatal("the item itself was not sent: the test sees nothing")
	}
	norm := math.Sqrt(plain[0]*plain[0] + plain[1]*plain[1] + plain[2]*plain[2])
	for _, x := range plain {
		for _, x := range []float64{x, x / norm} {
			bits, wide := math.Float32bits(float32(x)), math.Float64bits(float64(float32(x)))
			for _, form := range [][]byte{
				binary.LittleEndian.AppendUint32(nil, bits), binary.BigEndian.AppendUint32(nil, bits),
				binary.LittleEndian.AppendUint64(nil, wide), binary.BigEndian.AppendUint64(nil, wide),
				[]byte(fmt.Sprintf("%.3f", math.Abs(x))),
			} {
				if bytes.Contains(all, form) {
					t.Errorf("%v is on the wire as %x", x, form)
				}
			}
		}
	}
	if bytes.Contains(all, []byte("vector")) {
		t.Error("a field vector is on the wire")
	}
}
