package storetest

import (
	"errors"
	"testing"

	"nigh/core"
	"nigh/server/store"
)

// erased: nothing of an erased reader is left, everything of others is, and no row is given twice.
func erased(t *testing.T, p *place) {
	p.commit(full(1))
	p.commit(full(2))
	more := keyed(event(2, "user-b", "view", 7), "key-c2")
	p.commit(store.Batch{
		Events:  []store.NewEvent{more, event(2, "user-b", "view", 8)},
		Clients: map[string]store.Client{"phone": {User: "user-b", LastOp: 3}, "shared": {User: "user-c", LastOp: 1}},
	})
	ask := askFull()
	ask.clients = append(ask.clients, "phone", "shared")
	ask.keys = append(ask.keys, "key-c2")
	was := p.dump(ask)

	p.commit(store.Batch{Erased: []string{"user-b", "nobody", "user-b"}})
	d := p.dump(ask)
	if d.UserEvents["user-b"] != nil || d.Prefs["user-b"] != nil {
		t.Errorf("of an erased reader there are events %v and preferences %v, want none", d.UserEvents["user-b"], d.Prefs["user-b"])
	}
	for _, id := range []string{"client-b", "phone"} {
		if _, err := p.s.Client(p.ctx, id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Client(%q) of an erased reader: error %v, want ErrNotFound", id, err)
		}
	}
	if d.Keys["key-b"] || d.Keys["key-c2"] || !d.Keys["key-c"] {
		t.Errorf("keys = %v, want that of the other reader alone", d.Keys)
	}
	equal(t, "rows of all events", rows(d.Events), []int64{2})
	if d.Info.Events != 1 || d.Info.LastRow != was.Info.LastRow || d.Info.LastSeq != was.Info.LastSeq || d.Info.Items != 2 {
		t.Errorf("Info = %+v, before %+v; want one event, and all else as it was", d.Info, was.Info)
	}
	was.Info, was.Events, d.Events = d.Info, nil, nil
	delete(was.UserEvents, "user-b")
	delete(was.Prefs, "user-b")
	delete(was.Clients, "client-b")
	delete(was.Clients, "phone")
	delete(was.Keys, "key-b")
	delete(was.Keys, "key-c2")
	if diff := diff(d, was); diff != "" {
		t.Errorf("what is not the erased reader's: %s", diff)
	}

	// The reader may come again, with the same names: all of it is new.
	again := full(1)
	again.Items, again.Records = nil, nil
	p.commit(again)
	d = p.dump(ask)
	equal(t, "rows of the reader who came again", rows(d.UserEvents["user-b"]), []int64{was.Info.LastRow + 1})
	if got, want := d.Clients["client-b"], (store.Client{User: "user-b", LastOp: 2}); got != want || !d.Keys["key-b"] {
		t.Errorf("client of the reader who came again = %+v, keys %v, want %+v and the key", got, d.Keys, want)
	}
}

// erasedFirst: what a batch says of a reader whom it erases comes after that.
func erasedFirst(t *testing.T, p *place) {
	p.commit(full(1))
	b := full(1)
	b.Erased = []string{"user-b"}
	b.Deleted = []core.ItemNum{1}
	b.Records[0].Seq, b.Items, b.Neighbours = 2, nil, nil
	p.commit(b)
	d := p.dump(askFull())
	equal(t, "rows", rows(d.UserEvents["user-b"]), []int64{2})
	if len(d.Prefs["user-b"]) != 1 || !d.Keys["key-b"] || d.Clients["client-b"].LastOp != 2 {
		t.Errorf("after a batch that erases first = %+v, want all of the batch's own", d)
	}
	spoilt := full(2)
	spoilt.Erased = []string{"user-b"}
	spoilt.Events = append(spoilt.Events, keyed(event(2, "user-c", "view", 1), "key-c"))
	p.refuse("a key twice beside an erasure", spoilt)
	if diff := diff(p.dump(askFull()), d); diff != "" {
		t.Errorf("after a refused erasure: %s", diff)
	}
}

func erasedReopened(t *testing.T, p *place) {
	p.commit(full(1))
	p.commit(full(2))
	p.commit(store.Batch{Erased: []string{"user-b"}})
	want := p.dump(askFull())
	p.reopen()
	if d := diff(p.dump(askFull()), want); d != "" {
		t.Errorf("after reopening: %s", d)
	}
}
