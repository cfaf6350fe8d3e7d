package storetest

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"nigh/core"
	"nigh/server/store"
)

// full is a batch with one of everything, for item n.
func full(n core.ItemNum) store.Batch {
	id := string(rune('a' + n))
	e := keyed(event(n, "user-"+id, "kind-"+id, int64(n)), "key-"+id)
	e.Op = store.Op{Client: "client-" + id, Number: 1}
	ch := prefer("user-"+id, core.PreferTag, id, 1)
	ch.Op = store.Op{Client: "client-" + id, Number: 2}
	return store.Batch{
		Items:       []store.StoredItem{item(n, id)},
		Records:     []store.StoredRecord{record(store.Seq(n), n, id, "record")},
		Neighbours:  map[core.ItemNum][]byte{n: []byte("neighbours")},
		Policy:      1<<63 + uint64(n),
		Events:      []store.NewEvent{e},
		Preferences: []store.PreferenceChange{ch},
		Clients:     map[string]store.Client{"client-" + id: {User: "user-" + id, LastOp: 2}},
	}
}

// askFull asks for all names of full(0) to full(9).
func askFull() (ask asked) {
	for r := 'a'; r < 'k'; r++ {
		ask.users = append(ask.users, "user-"+string(r))
		ask.clients = append(ask.clients, "client-"+string(r))
		ask.keys = append(ask.keys, "key-"+string(r))
	}
	return ask
}

func commitWhole(t *testing.T, p *place) {
	p.commit(full(1))
	want := p.dump(askFull())

	for what, spoil := range map[string]func(*store.Batch){
		"with a known key":        func(b *store.Batch) { b.Events = append(b.Events, keyed(event(1, "u", "k", 1), "key-b")) },
		"with an id twice":        func(b *store.Batch) { b.Items = append(b.Items, item(3, "c")) },
		"with an op already done": func(b *store.Batch) { b.Clients["client-b"] = store.Client{User: "user-b", LastOp: 1} },
		"with a NaN": func(b *store.Batch) {
			b.Items = append(b.Items, store.StoredItem{Num: 3, Item: store.Item{ID: "n", Attributes: map[string]any{"x": math.NaN()}}})
		},
	} {
		b := full(2)
		b.Deleted = []core.ItemNum{1}
		spoil(&b)
		p.refuse("a batch "+what, b)
		if d := diff(p.dump(askFull()), want); d != "" {
			t.Errorf("after a refused batch %s: %s", what, d)
		}
	}
	p.commit(full(2)) // the very batch that failed, mended: nothing of it is in the way
	d := p.dump(askFull())
	if len(d.Items) != 2 || len(d.Events) != 2 || len(d.Prefs) != 2 || len(d.Clients) != 2 || len(d.Keys) != 2 || len(d.Neighbours) != 2 {
		t.Errorf("after the mended batch the store holds %+v, want two of everything", d)
	}
}

func commitCancelled(t *testing.T, p *place) {
	want := p.dump(askFull())
	ctx, cancel := context.WithCancel(p.ctx)
	cancel()
	if err := p.s.Commit(ctx, full(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("Commit with a cancelled context = %v, want context.Canceled", err)
	}
	if _, err := p.s.Item(ctx, "b"); err == nil {
		t.Error("Item with a cancelled context = nil, want an error")
	}
	if d := diff(p.dump(askFull()), want); d != "" {
		t.Errorf("after a cancelled commit: %s", d)
	}
	p.commit(full(1))
}

func commitEmpty(t *testing.T, p *place) {
	p.commit(full(1))
	want := p.dump(askFull())
	p.commit(store.Batch{})
	if d := diff(p.dump(askFull()), want); d != "" {
		t.Errorf("after an empty batch: %s", d)
	}
}

func commitCopies(t *testing.T, p *place) {
	b := full(1)
	b.Items[0].Tags = []string{"sea"}
	b.Items[0].Attributes = map[string]any{"pages": 1.0}
	b.Items[0].Vector = []float32{1}
	p.commit(b)
	want := p.dump(askFull())
	spoil := func(items []store.StoredItem) {
		for i := range items {
			items[i].Tags[0], items[i].Vector[0], items[i].Attributes["pages"] = "spoilt", 2, 2.0
		}
	}
	spoil(b.Items)
	b.Records[0].Record[0] = '!'
	b.Neighbours[1][0] = '!'
	b.Clients["client-b"] = store.Client{}
	if d := diff(p.dump(askFull()), want); d != "" {
		t.Errorf("after the caller changed its batch: %s", d)
	}
	spoil(must[[]store.StoredItem](t)(allItems(p.ctx, p.s))) // what a method returns belongs to the caller
	if d := diff(p.dump(askFull()), want); d != "" {
		t.Errorf("after the caller changed what it was given: %s", d)
	}
}

func commitReopened(t *testing.T, p *place) {
	for n := core.ItemNum(1); n < 9; n++ {
		p.commit(full(n))
		want := p.dump(askFull())
		p.reopen()
		if d := diff(p.dump(askFull()), want); d != "" {
			t.Fatalf("after reopening: %s", d)
		}
	}
}

// namesRoundTrip: what names a thing is bytes and comes back as given; two names are one only if their bytes are.
func namesRoundTrip(t *testing.T, p *place) {
	names := []string{
		"plain", "PLAIN", " plain", "plain ", "nul\x00", "nul", "\x00", "nul\x00\x00", "\xff\xfe", "half \xf0\x9f", "\ufffd\ufffd",
		"🐋", "e\u0301", "\u00e9", "'; DROP TABLE items; --", "%_*?[", "\r\n\t", "\u202eright to left",
		strings.Repeat("x", 1000), strings.Repeat("🐋", 1000), "123", "0123", "1e3", "null", "{}", `"`, `\`,
	}
	var b store.Batch
	b.Clients = map[string]store.Client{}
	ask := asked{users: names, clients: names, keys: names}
	for i, name := range names {
		n := core.ItemNum(i + 1)
		b.Items = append(b.Items, store.StoredItem{Num: n, Item: store.Item{ID: name, Title: strings.ToValidUTF8(name, "\ufffd")}})
		b.Records = append(b.Records, record(1, n, name, name))
		b.Events = append(b.Events, keyed(event(n, name, name, int64(i)), name))
		b.Preferences = append(b.Preferences, prefer(name, core.PreferText, name, int32(n)))
		b.Clients[name] = store.Client{User: name, LastOp: uint64(n)}
	}
	p.commit(b)
	d := p.dump(ask)
	for i, name := range names {
		n := core.ItemNum(i + 1)
		it, err := p.s.Item(p.ctx, name)
		if err != nil || it.ID != name || it.Num != n || it.Title != b.Items[i].Title {
			t.Errorf("Item(%q) = %+v, %v, want number %d", name, it, err, n)
		}
		if got := d.Records[i]; got.ID != name || string(got.Record) != name {
			t.Errorf("record of %q = %+v", name, got)
		}
		if got := d.Events[i]; got.User != name || got.Kind != name {
			t.Errorf("event of %q = %+v", name, got)
		}
		if got := d.UserEvents[name]; len(got) != 1 || got[0].Num != n {
			t.Errorf("UserEvents(%q) = %+v, want its own one", name, got)
		}
		if got := d.Prefs[name]; len(got) != 1 || got[0].Key != name || got[0].Weight != int32(n) {
			t.Errorf("Preferences(%q) = %+v, want its own one", name, got)
		}
		if got := d.Clients[name]; got != b.Clients[name] {
			t.Errorf("Client(%q) = %+v, want %+v", name, got, b.Clients[name])
		}
		if !d.Keys[name] {
			t.Errorf("KnownKeys lacks %q", name)
		}
	}

	// The other text of an item is text: what is no UTF-8 may come back with U+FFFD for each bad byte, but it comes back.
	p.commit(store.Batch{Items: []store.StoredItem{{Num: 500, Item: store.Item{ID: "bad text", Title: "a\xffb"}}}})
	it := must[store.StoredItem](t)(p.s.Item(p.ctx, "bad text"))
	if it.Title != "a\xffb" && it.Title != "a\ufffdb" {
		t.Errorf("Title of bad UTF-8 = %q, want it as given or with U+FFFD", it.Title)
	}
}
