package storetest

import (
	"testing"

	"nigh/core"
	"nigh/server/store"
)

func infoOfNew(t *testing.T, p *place) {
	got := p.info()
	if want := (store.Info{Epoch: got.Epoch}); got != want {
		t.Errorf("Info of a new store = %+v, want %+v", got, want)
	}
}

func infoEpoch(t *testing.T, p *place) {
	first := p.info().Epoch
	other := &place{t: t, ctx: p.ctx, home: p.fresh(t)}
	other.open()
	defer other.close()
	second := other.info().Epoch
	for _, e := range []uint64{first, second} {
		if e == 0 || e >= 1<<53 {
			t.Errorf("Epoch = %d, want 1 to 2^53-1", e)
		}
	}
	if first == second {
		t.Errorf("two stores have the epoch %d, want random ones", first)
	}
}

func infoCounts(t *testing.T, p *place) {
	epoch := p.info().Epoch
	p.commit(store.Batch{
		Items:   []store.StoredItem{item(1, "a"), item(2, "b"), item(3, "c")},
		Records: []store.StoredRecord{record(1, 1, "a", "A"), record(1, 2, "b", "B"), record(1, 3, "c", "C")},
		Events:  []store.NewEvent{event(1, "ada", "view", 1), event(2, "ada", "view", 2)},
	})
	want := store.Info{Epoch: epoch, LastSeq: 1, LastNum: 3, LastRow: 2, Items: 3, Events: 2}
	if got := p.info(); got != want {
		t.Errorf("Info = %+v, want %+v", got, want)
	}
	p.commit(store.Batch{
		Items:   []store.StoredItem{item(2, "b")}, // replaced: not one more
		Deleted: []core.ItemNum{1, 77},            // 77 was never there: not one less
		Records: []store.StoredRecord{tombstone(2, 1, "a")},
		Events:  []store.NewEvent{event(3, "bob", "like", 3)},
	})
	want = store.Info{Epoch: epoch, LastSeq: 2, LastNum: 3, LastRow: 3, Items: 2, Events: 3}
	if got := p.info(); got != want {
		t.Errorf("Info after a replacement and a deletion = %+v, want %+v", got, want)
	}
}

func infoNumbers(t *testing.T, p *place) {
	p.commit(store.Batch{
		Items:   []store.StoredItem{item(7, "a"), item(9, "b")},
		Records: []store.StoredRecord{record(4, 9, "b", "B")},
	})
	p.commit(store.Batch{Deleted: []core.ItemNum{9}}) // with the record that held the last seq
	p.commit(store.Batch{Items: []store.StoredItem{item(12, "c")}, Deleted: []core.ItemNum{12}})
	if got := p.info(); got.LastNum != 12 || got.LastSeq != 4 {
		t.Errorf("after deletions LastNum, LastSeq = %d, %d, want 12, 4: numbers and positions once given stay given",
			got.LastNum, got.LastSeq)
	}
}

func infoReopened(t *testing.T, p *place) {
	p.commit(store.Batch{
		Items:   []store.StoredItem{item(1, "a"), item(2, "b")},
		Records: []store.StoredRecord{record(5, 2, "b", "B")},
		Events:  []store.NewEvent{event(1, "ada", "view", 1)},
	})
	p.commit(store.Batch{Deleted: []core.ItemNum{2}, Policy: 1<<64 - 1})
	p.commit(store.Batch{Events: []store.NewEvent{event(1, "ada", "view", 2)}}) // says nothing of the policy
	want := p.info()
	if want.Policy != 1<<64-1 {
		t.Errorf("Policy = %d, want the one that a batch last said", want.Policy)
	}
	p.reopen()
	if got := p.info(); got != want {
		t.Errorf("Info after reopening = %+v, want %+v", got, want)
	}
}
