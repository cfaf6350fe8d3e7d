package storetest

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	"nigh/core"
	"nigh/server/store"
)

func eventOrder(t *testing.T, p *place) {
	first := event(1, "ada", "view", 500)
	first.Row = 99 // rows are the store's
	second := event(math.MaxUint32, "bob", "rating", -1)
	second.ValueMilli = -4500
	third := event(2, "ada", "like", math.MaxInt64)
	third.ValueMilli = math.MinInt64
	p.commit(store.Batch{Events: []store.NewEvent{first, second}})
	p.commit(store.Batch{Events: []store.NewEvent{third}})
	want := []store.StoredEvent{first.StoredEvent, second.StoredEvent, third.StoredEvent}
	for i := range want {
		want[i].Row = int64(i + 1) // in the order of commits, then of the batch; the time of an event has no say
	}
	for since := range int64(5) {
		got := must[[]store.StoredEvent](t)(allEvents(p.ctx, p.s, since))
		w := want[min(int(since), len(want)):]
		if len(got) != len(w) || len(w) > 0 && !reflect.DeepEqual(got, w) {
			t.Errorf("EachEvent since %d = %+v, want %+v", since, got, w)
		}
	}
}

func eventOutlivesItem(t *testing.T, p *place) {
	p.commit(store.Batch{Items: []store.StoredItem{item(1, "a")}, Events: []store.NewEvent{event(1, "ada", "view", 1)}})
	p.commit(store.Batch{Deleted: []core.ItemNum{1}})
	equal(t, "rows after the item is gone", rows(must[[]store.StoredEvent](t)(allEvents(p.ctx, p.s, 0))), []int64{1})
	equal(t, "rows of the reader", rows(must[[]store.StoredEvent](t)(p.s.UserEvents(p.ctx, "ada", store.AllRows, 9))), []int64{1})
}

func userEvents(t *testing.T, p *place) {
	p.commit(store.Batch{Events: []store.NewEvent{
		event(1, "ada", "view", 300), event(2, "bob", "view", 900), event(3, "ada", "like", 100),
	}})
	p.commit(store.Batch{Events: []store.NewEvent{
		event(4, "ada", "view", 200), event(5, "ada", "view", 300), event(6, "ada", "view", -5),
	}})
	of := func(user string, limit int) []store.StoredEvent {
		t.Helper()
		return must[[]store.StoredEvent](t)(p.s.UserEvents(p.ctx, user, store.AllRows, limit))
	}
	equal(t, "rows of ada", rows(of("ada", 100)), []int64{5, 1, 4, 3, 6}) // 300 twice: the later row first
	equal(t, "last two rows of ada", rows(of("ada", 2)), []int64{5, 1})
	for upTo, want := range [][]int64{nil, {1}, {1}, {1, 3}, {1, 4}, {5, 1}} { // the last two
		got := must[[]store.StoredEvent](t)(p.s.UserEvents(p.ctx, "ada", int64(upTo), 2))
		equal(t, fmt.Sprint("rows of ada up to row ", upTo), rows(got), want)
	}
	like := must[[]store.StoredEvent](t)(p.s.UserEvents(p.ctx, "ada", store.AllRows, 2, "view", "never-seen"))
	equal(t, "rows of ada without views", rows(like), []int64{3})
	equal(t, "rows of bob", rows(of("bob", 100)), []int64{2})
	equal(t, "rows of a stranger", rows(of("eve", 100)), nil)
	equal(t, "rows with limit 0", rows(of("ada", 0)), nil)
	equal(t, "rows with limit -1", rows(of("ada", -1)), nil)
	if got, want := of("bob", 1)[0], (store.StoredEvent{Row: 2, Num: 2, User: "bob", Kind: "view", AtMillis: 900}); got != want {
		t.Errorf("UserEvents of bob = %+v, want %+v", got, want)
	}
}

func keyed(e store.NewEvent, key string) store.NewEvent {
	e.Key = key
	return e
}

func knownKeys(t *testing.T, p *place) {
	var b store.Batch
	var all []string
	for i := range 2500 { // more than a statement of any database takes as parameters at a time
		key := fmt.Sprint("key-", i)
		all = append(all, key)
		if i%2 == 0 {
			b.Events = append(b.Events, keyed(event(1, "ada", "view", int64(i)), key))
		}
	}
	b.Events = append(b.Events, event(1, "ada", "view", 1), event(1, "ada", "view", 2)) // without a key: as often as one likes
	p.commit(b)
	got := must[map[string]bool](t)(p.s.KnownKeys(p.ctx, append(all, "", "key-0", "KEY-0")))
	for i, key := range all {
		if got[key] != (i%2 == 0) {
			t.Fatalf("KnownKeys of %q = %v, want %v", key, got[key], i%2 == 0)
		}
	}
	if len(got) != 1250 || got[""] || got["KEY-0"] {
		t.Errorf("KnownKeys gave %d keys, want 1250 and no other", len(got))
	}
	if got := must[map[string]bool](t)(p.s.KnownKeys(p.ctx, nil)); len(got) != 0 {
		t.Errorf("KnownKeys of none = %v, want none", got)
	}
}

func knownKeyRefused(t *testing.T, p *place) {
	p.commit(store.Batch{Events: []store.NewEvent{keyed(event(1, "ada", "view", 1), "k")}})
	p.refuse("a known key", store.Batch{Events: []store.NewEvent{event(1, "bob", "view", 2), keyed(event(1, "bob", "view", 3), "k")}})
	p.refuse("a key twice", store.Batch{Events: []store.NewEvent{keyed(event(1, "bob", "view", 2), "l"), keyed(event(1, "bob", "view", 3), "l")}})
	equal(t, "rows", rows(must[[]store.StoredEvent](t)(allEvents(p.ctx, p.s, 0))), []int64{1})
	p.commit(store.Batch{Events: []store.NewEvent{keyed(event(1, "bob", "view", 2), "l")}})
	equal(t, "rows", rows(must[[]store.StoredEvent](t)(allEvents(p.ctx, p.s, 0))), []int64{1, 2})
}
