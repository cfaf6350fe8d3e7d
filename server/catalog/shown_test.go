package catalog

import (
	"maps"
	"testing"
	"time"

	"nigh/core"
	"nigh/core/learn"
	"nigh/server/store"
)

// What was in view is kept, and that is all: it is in no history, no weight and no quota, however much of it there is,
// and whoever reads it, this process or the next one.
func TestShown_IsKeptAndTeachesNothing(t *testing.T) {
	r := counting(t)
	r.put(shelf(4, "sea", "space")...)
	r.did("ada", "like", "sea-0")
	r.settle()
	before, list := r.index(), r.list(Request{User: "ada", Limit: 8})
	var shown []string
	for range 1 + max(readEvents, learn.MaxDayEvents)/4 { // more than a reader is made of, or may teach in a day
		shown = append(shown, "sea-0", "sea-1", "space-0", "space-1")
	}
	known := func(when string) {
		t.Helper()
		if h, _, err := r.Profile(bg, "ada"); err != nil || len(h) != 1 {
			t.Errorf("history %s = %v, %v, want sea-0 alone", when, h, err)
		}
		wantIDs(t, "list "+when, r.list(Request{User: "ada", Limit: 8}), list...)
		if got := r.index(); !maps.Equal(got, before) {
			t.Errorf("weights %s: %s", when, differing(got, before))
		}
	}
	r.did("ada", core.KindShown, shown...)
	r.settle()
	known("after what was shown")
	r.restart()
	known("in the next process")
	if events, err := r.store.UserEvents(bg, "ada", store.AllRows, 1); err != nil || len(events) != 1 || events[0].Kind != core.KindShown {
		t.Errorf("the last event kept = %+v, %v, want one of what was shown", events, err)
	}
	// An event that comes late makes the reader anew, of what counts.
	r.record(store.Event{User: "ada", Item: "space-0", Kind: "like", At: r.time().Add(-time.Minute)})
	if h, _, err := r.Profile(bg, "ada"); err != nil || len(h) != 2 {
		t.Errorf("history after a late like = %v, %v, want both likes", h, err)
	}
	r.did("ada", "like", "space-1")
	r.settle()
	if maps.Equal(r.index(), before) {
		t.Error("likes after so much that was shown taught nothing: it counts against the quota")
	}
}

// A policy may say that what was in view and not taken counts: then it is a kind like any other.
func TestShown_CountsIfThePolicySaysSo(t *testing.T) {
	r := start(t)
	r.stop()
	p := learn.DefaultPolicy()
	p.Kinds[core.KindShown] = learn.Kind{Weight: 0.1}
	r.policy = &p
	r.open()
	r.run()
	r.put(shelf(2, "sea")...)
	r.did("ada", core.KindShown, "sea-0")
	if h, _, err := r.Profile(bg, "ada"); err != nil || len(h) != 1 || h[0].Strength != 26 { // 0.1 of 256
		t.Errorf("history = %v, %v, want sea-0 of strength 26", h, err)
	}
}
