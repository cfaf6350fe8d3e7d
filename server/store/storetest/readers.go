package storetest

import (
	"errors"
	"math"
	"reflect"
	"testing"

	"nigh/core"
	"nigh/server/store"
)

func prefer(user string, kind core.PreferenceKind, key string, weight int32) store.PreferenceChange {
	return store.PreferenceChange{User: user, Preference: core.Preference{Kind: kind, Key: key, Weight: weight}}
}

func preferences(t *testing.T, p *place) {
	of := func(user string) core.Preferences {
		t.Helper()
		return must[core.Preferences](t)(p.s.Preferences(p.ctx, user))
	}
	p.commit(store.Batch{Preferences: []store.PreferenceChange{
		prefer("ada", core.PreferTag, "sea", 256), prefer("ada", core.PreferText, "whale\x00", -1),
		prefer("bob", core.PreferTag, "sea", 7), prefer("ada", core.PreferTag, "Sea", math.MinInt32),
		prefer("ada", core.PreferItem, "gone", 5), prefer("ada", core.PreferItem, "gone", 0), // in order: it is gone
	}})
	want := core.Preferences{
		{Kind: core.PreferText, Key: "whale\x00", Weight: -1},
		{Kind: core.PreferTag, Key: "Sea", Weight: math.MinInt32}, {Kind: core.PreferTag, Key: "sea", Weight: 256},
	}
	if got := of("ada"); !reflect.DeepEqual(got, want) {
		t.Errorf("Preferences = %v, want %v", got, want)
	}
	p.commit(store.Batch{Preferences: []store.PreferenceChange{
		prefer("ada", core.PreferTag, "Sea", 0), prefer("ada", core.PreferTag, "sea", math.MaxInt32),
		prefer("eve", core.PreferTag, "sea", 0), // was never there: fine
	}})
	want = core.Preferences{want[0], {Kind: core.PreferTag, Key: "sea", Weight: math.MaxInt32}}
	if got := of("ada"); !reflect.DeepEqual(got, want) {
		t.Errorf("Preferences after changes = %v, want %v", got, want)
	}
	if got := of("bob"); len(got) != 1 || got[0].Weight != 7 {
		t.Errorf("Preferences of bob = %v, want his own", got)
	}
	if got := of("eve"); len(got) != 0 {
		t.Errorf("Preferences of eve = %v, want none", got)
	}
}

func clients(t *testing.T, p *place) {
	if _, err := p.s.Client(p.ctx, "c1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Client before it was given: error %v, want ErrNotFound", err)
	}
	for _, b := range []map[string]store.Client{
		{"c1": {User: "ada", LastOp: 0}, "c2": {User: "bob", LastOp: 4}},
		{"c1": {User: "ada", LastOp: 9}},
		{"c2": {User: "bob", LastOp: math.MaxUint64}}, // what a hostile browser may send
		{"c2": {User: "bob", LastOp: math.MaxUint64}}, // the same again is no step back
	} {
		p.commit(store.Batch{Clients: b})
		for id, want := range b {
			if got := must[store.Client](t)(p.s.Client(p.ctx, id)); got != want {
				t.Errorf("Client(%q) = %+v, want %+v", id, got, want)
			}
		}
	}
	if got, want := must[store.Client](t)(p.s.Client(p.ctx, "c1")), (store.Client{User: "ada", LastOp: 9}); got != want {
		t.Errorf("Client that other batches did not name = %+v, want %+v", got, want)
	}
}

// opsOnce: whatever the catalog gets wrong, no (client, number) comes in twice, be it an event or a preference.
func opsOnce(t *testing.T, p *place) {
	batch := func(last uint64, ops ...uint64) store.Batch {
		b := store.Batch{Clients: map[string]store.Client{"c": {User: "ada", LastOp: last}}}
		for _, n := range ops {
			if op := (store.Op{Client: "c", Number: n}); n%2 == 0 {
				e := event(1, "ada", "view", int64(n))
				e.Op = op
				b.Events = append(b.Events, e)
			} else {
				ch := prefer("ada", core.PreferTag, "sea", int32(n))
				ch.Op = op
				b.Preferences = append(b.Preferences, ch)
			}
		}
		return b
	}
	p.commit(batch(4, 1, 2, 4)) // 3 was refused by the catalog: applied to nothing, done all the same
	want := p.dump(asked{users: []string{"ada"}, clients: []string{"c"}})
	p.refuse("an event's op again", batch(5, 4, 5))
	p.refuse("a preference's op again", batch(6, 1, 6))
	p.refuse("an op below the last one", batch(6, 3, 6))
	p.refuse("op 0", batch(6, 0))
	p.refuse("an op twice in a batch", batch(6, 6, 6))
	p.refuse("an op above its client's last", batch(5, 5, 6))
	p.refuse("a last op that falls", batch(3))
	orphan := batch(6, 6)
	orphan.Clients = nil
	p.refuse("an op without its client", orphan)
	if d := diff(p.dump(asked{users: []string{"ada"}, clients: []string{"c"}}), want); d != "" {
		t.Errorf("after refused batches: %s", d)
	}
	p.commit(batch(6, 5, 6))
	if got := p.info().Events; got != 3 {
		t.Errorf("events = %d, want 3: ops 2, 4 and 6", got)
	}
}
