package storetest

import (
	"testing"

	"nigh/core"
	"nigh/server/store"
)

// mergeHome commits events and wishes of two readers, and a merge of the first into the second.
func mergeHome(p *place) asked {
	p.commit(full(1))
	p.commit(store.Batch{
		Events:  []store.NewEvent{event(1, "user-a", "like", 9), keyed(event(1, "user-b", "view", 5), "key-x")},
		Clients: map[string]store.Client{"phone": {User: "user-a", LastOp: 3}},
	})
	ask := askFull()
	ask.users = append(ask.users, "user-a")
	ask.clients = append(ask.clients, "phone")
	ask.keys = append(ask.keys, "key-x")
	p.commit(store.Batch{
		Merged:  []store.Merge{{From: "user-b", Into: "user-a"}, {From: "nobody", Into: "user-a"}, {From: "user-a", Into: "user-a"}},
		Clients: map[string]store.Client{"client-b": {User: "user-a", LastOp: 2}},
	})
	return ask
}

// merged: the events are the other reader's, by the same rows and keys, once; of the first nothing is left.
func merged(t *testing.T, p *place) {
	ask := mergeHome(p)
	d := p.dump(ask)
	equal(t, "rows of all events", rows(d.Events), []int64{1, 2, 3})
	if len(d.UserEvents["user-a"]) != 3 || d.UserEvents["user-b"] != nil || d.Prefs["user-b"] != nil {
		t.Errorf("after a merge = %v, %v, want all three events of the second reader alone", d.UserEvents, d.Prefs)
	}
	if d.Info.Events != 3 || d.Info.LastRow != 3 || !d.Keys["key-b"] || !d.Keys["key-x"] {
		t.Errorf("Info = %+v, keys %v, want three events and both keys", d.Info, d.Keys)
	}
	if got, want := d.Clients["client-b"], (store.Client{User: "user-a", LastOp: 2}); got != want {
		t.Errorf("client of the merged reader = %+v, want %+v", got, want)
	}
	p.refuse("an op of the merged client again", store.Batch{
		Events: []store.NewEvent{{StoredEvent: store.StoredEvent{Num: 1, User: "user-a", Kind: "view", AtMillis: 1}, Op: store.Op{Client: "client-b", Number: 2}}}, Clients: map[string]store.Client{"client-b": {User: "user-a", LastOp: 2}},
	})
	p.refuse("a known key beside a merge", store.Batch{
		Merged: []store.Merge{{From: "user-a", Into: "user-c"}},
		Events: []store.NewEvent{keyed(event(1, "user-c", "view", 1), "key-x")},
	})
	if diff := diff(p.dump(ask), d); diff != "" {
		t.Errorf("after a refused merge: %s", diff)
	}
	// The first one's name may come again; it is somebody new. What the same batch says of it comes after the merge.
	p.commit(store.Batch{
		Merged:      []store.Merge{{From: "user-a", Into: "user-c"}},
		Events:      []store.NewEvent{event(1, "user-a", "view", 20)},
		Preferences: []store.PreferenceChange{{User: "user-a", Preference: core.Preference{Kind: core.PreferTag, Key: "x", Weight: 1}}},
	})
	ask.users = append(ask.users, "user-c")
	d = p.dump(ask)
	equal(t, "rows of the name that came again", rows(d.UserEvents["user-a"]), []int64{4})
	if len(d.UserEvents["user-c"]) != 3 || len(d.Prefs["user-a"]) != 1 {
		t.Errorf("after the second merge = %v %v, want three events for user-c and a wish of user-a", d.UserEvents["user-c"], d.Prefs)
	}
}

func mergedReopened(t *testing.T, p *place) {
	ask := mergeHome(p)
	want := p.dump(ask)
	p.reopen()
	if d := diff(p.dump(ask), want); d != "" {
		t.Errorf("after reopening: %s", d)
	}
}
