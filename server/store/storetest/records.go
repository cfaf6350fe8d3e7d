package storetest

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"

	"nigh/core"
	"nigh/server/store"
)

func recordOrder(t *testing.T, p *place) {
	p.commit(store.Batch{Records: []store.StoredRecord{record(2, 9, "i", "9"), record(2, 3, "c", "3")}})
	p.commit(store.Batch{Records: []store.StoredRecord{record(3, 1, "a", "1"), tombstone(3, 20, "t")}})
	p.commit(store.Batch{Records: []store.StoredRecord{record(10, 2, "b", "\x00\xff")}})
	all := []store.StoredRecord{
		record(2, 3, "c", "3"), record(2, 9, "i", "9"), record(3, 1, "a", "1"), tombstone(3, 20, "t"), record(10, 2, "b", "\x00\xff"),
	}
	for _, c := range []struct {
		since store.Seq
		want  []store.StoredRecord
	}{{0, all}, {1, all}, {2, all[2:]}, {3, all[4:]}, {9, all[4:]}, {10, nil}, {math.MaxUint64, nil}} {
		got := must[[]store.StoredRecord](t)(allRecords(p.ctx, p.s, c.since))
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("EachRecord since %d = %v, want %v", c.since, got, c.want)
		}
	}
}

func recordLast(t *testing.T, p *place) {
	p.commit(store.Batch{Records: []store.StoredRecord{record(1, 1, "a", "old"), record(1, 2, "b", "B")}})
	p.commit(store.Batch{Records: []store.StoredRecord{record(2, 1, "a", "new")}})
	got := must[[]store.StoredRecord](t)(allRecords(p.ctx, p.s, 0))
	want := []store.StoredRecord{record(1, 2, "b", "B"), record(2, 1, "a", "new")}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("EachRecord = %v, want %v", got, want)
	}
}

func recordTombstones(t *testing.T, p *place) {
	p.commit(store.Batch{
		Items:   []store.StoredItem{item(1, "a"), item(2, "b")},
		Records: []store.StoredRecord{record(1, 1, "a", "A"), record(1, 2, "b", "B")},
	})
	p.commit(store.Batch{Deleted: []core.ItemNum{1, 2}, Records: []store.StoredRecord{
		{Seq: 2, Num: 1, ID: "a", Deleted: true, Record: []byte("not kept")},
	}})
	got := must[[]store.StoredRecord](t)(allRecords(p.ctx, p.s, 0))
	want := []store.StoredRecord{tombstone(2, 1, "a")} // 2 was deleted without one
	if !reflect.DeepEqual(got, want) {
		t.Errorf("EachRecord after deletions = %+v, want %+v", got, want)
	}
	p.commit(store.Batch{ // the id comes back under a new number: the tombstone stays
		Items: []store.StoredItem{item(3, "a")}, Records: []store.StoredRecord{record(3, 3, "a", "again")},
	})
	got = must[[]store.StoredRecord](t)(allRecords(p.ctx, p.s, 1))
	want = []store.StoredRecord{tombstone(2, 1, "a"), record(3, 3, "a", "again")}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("EachRecord after the id came back = %+v, want %+v", got, want)
	}
}

func neighboursLast(t *testing.T, p *place) {
	walk := func() (out []string) {
		t.Helper()
		err := p.s.EachNeighbours(p.ctx, func(n core.ItemNum, data []byte) error {
			out = append(out, fmt.Sprintf("%d:%q", n, data))
			return nil
		})
		if err != nil {
			t.Fatalf("EachNeighbours: %v", err)
		}
		return out
	}
	p.commit(store.Batch{
		Items: []store.StoredItem{item(30, "c"), item(1, "a"), item(2, "b")},
		Neighbours: map[core.ItemNum][]byte{
			30: []byte("c"), 1: []byte("a\x00\xff"), 2: []byte("b"), 99: []byte("no such item"),
		},
	})
	equal(t, "neighbours", walk(), []string{`1:"a\x00\xff"`, `2:"b"`, `30:"c"`})
	p.commit(store.Batch{Neighbours: map[core.ItemNum][]byte{1: []byte("new"), 30: {}}})
	equal(t, "neighbours after a change and a removal", walk(), []string{`1:"new"`, `2:"b"`})
	p.commit(store.Batch{Items: []store.StoredItem{item(2, "b")}, Deleted: []core.ItemNum{1}})
	equal(t, "neighbours after a deletion and a replaced item", walk(), []string{`2:"b"`})
}

// threeOfAll puts three of everything that can be walked into a store.
func threeOfAll(p *place) {
	p.t.Helper()
	var b store.Batch
	b.Neighbours = map[core.ItemNum][]byte{}
	for n := core.ItemNum(1); n <= 3; n++ {
		id := fmt.Sprint("item-", n)
		b.Items = append(b.Items, item(n, id))
		b.Records = append(b.Records, record(store.Seq(n), n, id, id))
		b.Neighbours[n] = []byte(id)
		b.Events = append(b.Events, event(n, "ada", "view", int64(n)))
	}
	p.commit(b)
}

// walks are the walks over a store; each calls f before it goes on.
func walks(p *place) map[string]func(f func() error) error {
	return map[string]func(f func() error) error{
		"EachItem": func(f func() error) error {
			return p.s.EachItem(p.ctx, func(store.StoredItem) error { return f() })
		},
		"EachRecord": func(f func() error) error {
			return p.s.EachRecord(p.ctx, 0, func(store.StoredRecord) error { return f() })
		},
		"EachNeighbours": func(f func() error) error {
			return p.s.EachNeighbours(p.ctx, func(core.ItemNum, []byte) error { return f() })
		},
		"EachEvent": func(f func() error) error {
			return p.s.EachEvent(p.ctx, 0, func(store.StoredEvent) error { return f() })
		},
	}
}

func eachStops(t *testing.T, p *place) {
	threeOfAll(p)
	enough := errors.New("enough")
	for name, walk := range walks(p) {
		calls := 0
		err := walk(func() error {
			if calls++; calls == 2 {
				return enough
			}
			return nil
		})
		if err != enough || calls != 2 {
			t.Errorf("%s = %v after %d calls, want f's own error after 2", name, err, calls)
		}
	}
	p.commit(store.Batch{Items: []store.StoredItem{item(4, "item-4")}}) // and the store is free again
}

func eachNested(t *testing.T, p *place) {
	threeOfAll(p)
	next := core.ItemNum(4)
	for name, walk := range walks(p) {
		calls := 0
		err := walk(func() error {
			calls++
			if _, err := p.s.Item(p.ctx, "item-1"); err != nil {
				return err
			}
			if _, err := allEvents(p.ctx, p.s, 0); err != nil {
				return err
			}
			next++
			return p.s.Commit(p.ctx, store.Batch{Items: []store.StoredItem{item(next, fmt.Sprint("item-", next))},
				Deleted: []core.ItemNum{next}})
		})
		if err != nil || calls != 3 {
			t.Errorf("%s with a f that reads and commits = %v after %d calls, want nil after 3", name, err, calls)
		}
	}
}
