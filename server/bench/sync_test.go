package bench

import (
	"slices"
	"testing"

	"nigh/webapp"
)

func TestSync_StandsBesideJSONAndTCP(t *testing.T) {
	works, err := ReadWorks(t.Context(), webapp.DemoCatalog())
	if err != nil {
		t.Fatal(err)
	}
	items, events := DemoLike(works, 500, 1000)
	r, err := Sync(t.Context(), SyncOptions{Items: items, Events: events, Rounds: 1})
	wantShape(t, r, err, 3)
	size := r.Cases[0].Figures
	// The floor of first sync is 450 bytes an item, for 10,000 of them; so few share less.
	if got := size["item_bytes"]; got < 100 || got > 450 || size["inflated_item_bytes"] < got {
		t.Errorf("an item takes %v bytes on the wire, inflated %v, want at most 450", got, size["inflated_item_bytes"])
	}
	if r.Cases[1].Figures["to_checkpoint_ms"] <= 0 {
		t.Error("a sync takes no time")
	}
	if _, err := Sync(t.Context(), SyncOptions{}); err == nil {
		t.Error("Sync without items gives no error")
	}
}

func TestDemoLike_MakesItemsLikeTheirWorksAndAlwaysTheSame(t *testing.T) {
	works, err := ReadWorks(t.Context(), webapp.DemoCatalog())
	if err != nil || len(works) < 500 {
		t.Fatalf("%d works, %v", len(works), err)
	}
	items, events := DemoLike(works, 2*len(works), 300)
	again, _ := DemoLike(works, 2*len(works), 300)
	length := func(all []int) int { return all[len(all)/2] }
	var have, made []int
	ids := map[string]bool{}
	for i := range works {
		have = append(have, len(works[i].Description))
	}
	for i := range items {
		made = append(made, len(items[i].Description))
		ids[items[i].ID] = true
		if items[i].ID != again[i].ID || items[i].Description != again[i].Description {
			t.Fatalf("item %d is another the second time", i)
		}
	}
	slices.Sort(have)
	slices.Sort(made)
	if got, want := length(made), length(have); got < want*8/10 || got > want*12/10 {
		t.Errorf("a description has %d bytes, want about %d", got, want)
	}
	for _, e := range events {
		if !ids[e.Item] {
			t.Fatalf("an event of %q, which is none of the items", e.Item)
		}
	}
	if len(events) != 300 || len(ids) != len(items) {
		t.Errorf("%d events, %d ids, want 300 and %d", len(events), len(ids), len(items))
	}
}
