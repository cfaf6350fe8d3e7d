package storetest

import (
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"nigh/core"
	"nigh/server/store"
)

func itemRoundTrip(t *testing.T, p *place) {
	published := time.Date(1851, 10, 18, 7, 30, 0, 123456789, time.FixedZone("", 3600))
	expires := time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)
	full := store.StoredItem{Num: 1, Item: store.Item{
		ID: "moby-dick", Title: "Moby-Dick <b>&amp; co</b>", Description: "Call me\x00 Ishmael.\n\u2028 \"'\\",
		URL: "https://example.org/?a=b&c=d", Image: "/m.png", Author: "Herman Melville 🐋", Language: "en-US",
		Tags: []string{"sea", "", "whale"}, Categories: []string{"novel"},
		Attributes:  map[string]any{"pages": 635.0, "epic": true, "isbn": "0-14-243724-7", "": "", "tiny": 5e-324},
		PublishedAt: &published, ExpiresAt: &expires, Hidden: true, Pinned: 3, Boost: 1.1,
		Vector: []float32{0, -1.5, math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(1))},
	}}
	bare := store.StoredItem{Num: 2, Item: store.Item{ID: "bare"}}
	p.commit(store.Batch{Items: []store.StoredItem{full, bare}})
	for _, want := range []store.StoredItem{full, bare} {
		got, err := p.s.Item(p.ctx, want.ID)
		if err != nil {
			t.Fatalf("Item(%q): %v", want.ID, err)
		}
		for _, at := range []struct{ got, want **time.Time }{
			{&got.PublishedAt, &want.PublishedAt}, {&got.ExpiresAt, &want.ExpiresAt},
		} {
			if (*at.got == nil) != (*at.want == nil) || *at.got != nil && !(*at.got).Equal(**at.want) {
				t.Errorf("time of %q = %v, want the instant %v", want.ID, *at.got, *at.want)
			}
			*at.got, *at.want = nil, nil // an instant is compared as an instant, not with its zone's name
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("Item(%q) = %+v, want %+v", want.ID, got, want)
		}
	}
}

func itemNotFound(t *testing.T, p *place) {
	absent := func(when string) {
		t.Helper()
		if _, err := p.s.Item(p.ctx, "a"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Item %s: error %v, want ErrNotFound", when, err)
		}
	}
	absent("before it was given")
	p.commit(store.Batch{Items: []store.StoredItem{item(1, "a")}})
	if _, err := p.s.Item(p.ctx, "a"); err != nil {
		t.Errorf("Item: %v", err)
	}
	p.commit(store.Batch{Deleted: []core.ItemNum{1}})
	absent("after it was deleted")
}

func itemReplaced(t *testing.T, p *place) {
	p.commit(store.Batch{Items: []store.StoredItem{
		{Num: 1, Item: store.Item{ID: "a", Title: "old", Author: "gone", Vector: []float32{1}}},
	}})
	p.commit(store.Batch{Items: []store.StoredItem{
		{Num: 1, Item: store.Item{ID: "a", Title: "newer"}},
		{Num: 1, Item: store.Item{ID: "a", Title: "newest"}}, // the last of a batch counts
	}})
	want := store.StoredItem{Num: 1, Item: store.Item{ID: "a", Title: "newest"}}
	if got := must[store.StoredItem](t)(p.s.Item(p.ctx, "a")); !reflect.DeepEqual(got, want) {
		t.Errorf("Item = %+v, want %+v: nothing of what it replaced", got, want)
	}
}

func itemIDPasses(t *testing.T, p *place) {
	p.commit(store.Batch{Items: []store.StoredItem{item(1, "a")}})
	p.commit(store.Batch{Items: []store.StoredItem{item(2, "a")}, Deleted: []core.ItemNum{1}})
	if got := must[store.StoredItem](t)(p.s.Item(p.ctx, "a")); got.Num != 2 {
		t.Errorf("number of an item deleted and given again in one batch = %d, want 2", got.Num)
	}
	p.commit(store.Batch{Items: []store.StoredItem{item(3, "a"), item(4, "a")}, Deleted: []core.ItemNum{2, 3}})
	if got := must[store.StoredItem](t)(p.s.Item(p.ctx, "a")); got.Num != 4 {
		t.Errorf("number of an item given, deleted and given again in one batch = %d, want 4", got.Num)
	}
	equal(t, "items", nums(must[[]store.StoredItem](t)(allItems(p.ctx, p.s))), []core.ItemNum{4})
}

func itemIDTwice(t *testing.T, p *place) {
	p.commit(store.Batch{Items: []store.StoredItem{item(1, "a")}})
	p.refuse("an id that another number holds", store.Batch{Items: []store.StoredItem{item(2, "a")}})
	p.refuse("an id that two numbers of the batch hold", store.Batch{Items: []store.StoredItem{item(3, "b"), item(4, "b")}})
	p.refuse("an item without a number", store.Batch{Items: []store.StoredItem{item(0, "c")}})
	equal(t, "items", nums(must[[]store.StoredItem](t)(allItems(p.ctx, p.s))), []core.ItemNum{1})
}

func itemDeletedAtOnce(t *testing.T, p *place) {
	p.commit(store.Batch{
		Items:      []store.StoredItem{item(1, "a"), item(2, "b")},
		Deleted:    []core.ItemNum{1},
		Records:    []store.StoredRecord{tombstone(1, 1, "a"), record(1, 2, "b", "B")},
		Neighbours: map[core.ItemNum][]byte{1: []byte("x"), 2: []byte("y")},
	})
	d := p.dump(asked{})
	equal(t, "items", ids(d.Items), []string{"b"})
	if len(d.Neighbours) != 1 || d.Neighbours[2] != "y" {
		t.Errorf("neighbours = %v, want those of 2 alone: a number without an item has none", d.Neighbours)
	}
	if len(d.Records) != 2 {
		t.Errorf("records = %+v, want the tombstone and the record", d.Records)
	}
}

func itemsPages(t *testing.T, p *place) {
	// Bytewise: neither case nor accents nor length of numbers count.
	want := []string{"!", "10", "9", "B", "a", "a\x00", "aa", "b", "\u00e4", "\uffff", "\U0001f40b", "\xff"}
	var b store.Batch
	for i := range want { // given in another order: 7 is coprime to the 12 ids
		b.Items = append(b.Items, item(core.ItemNum(i+1), want[i*7%len(want)]))
	}
	p.commit(b)
	list := func(after string, limit int) []string {
		t.Helper()
		return ids(must[[]store.StoredItem](t)(p.s.Items(p.ctx, after, limit)))
	}
	equal(t, "Items from the start", list("", 100), want)
	for _, size := range []int{1, 5, len(want)} {
		var got []string
		for page := list("", size); len(page) > 0; page = list(page[len(page)-1], size) {
			if len(page) > size {
				t.Fatalf("Items with limit %d gave %d", size, len(page))
			}
			got = append(got, page...)
		}
		equal(t, "all pages", got, want)
	}
	equal(t, "Items after an id that is not there", list("B!", 2), []string{"a", "a\x00"})
	equal(t, "Items after the last", list("\xff", 5), nil)
	equal(t, "Items with limit 0", list("", 0), nil)
	equal(t, "Items with limit -1", list("", -1), nil)
}

func eachItemOrder(t *testing.T, p *place) {
	p.commit(store.Batch{Items: []store.StoredItem{item(300, "a"), item(2, "z"), item(70_000, "b")}})
	p.commit(store.Batch{Items: []store.StoredItem{item(math.MaxUint32, "m"), item(1, "n")}})
	got := must[[]store.StoredItem](t)(allItems(p.ctx, p.s))
	equal(t, "numbers of EachItem", nums(got), []core.ItemNum{1, 2, 300, 70_000, math.MaxUint32})
	equal(t, "ids of EachItem", ids(got), []string{"n", "z", "a", "b", "m"})
}
