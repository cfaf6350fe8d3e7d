package catalog

import (
	"maps"
	"slices"
	"testing"
	"time"

	"nigh/core/learn"
)

// stale returns how many records are not what the present policy makes of texts and events. The owner has ended.
func (r *rig) stale() (stale int) {
	o := &r.owner
	for n := range r.index() {
		rec := r.sides.current().Get(n)
		w := o.learner.Weights(n, o.content.Neighbours(n), o.published[n], hoursOf(r.time()))
		if w.Heat != rec.Heat || !slices.Equal(w.Edges, rec.Edges) {
			stale++
		}
	}
	return stale
}

func TestPolicy_AnotherOneMakesAllRecordsAnew(t *testing.T) {
	r := start(t)
	born := r.time().Add(-240 * time.Hour)
	old := book("chess-0", "chess") // nobody meets it or anything like it, but its heat is in half-lives
	old.PublishedAt = &born
	r.put(old)
	r.busy()
	r.settle()
	before := r.index()
	r.stop()

	p := learn.DefaultPolicy()
	p.ContentWeight, p.Lambda, p.Sigma, p.PriorHalfLifeDays = 0.7, 3, 0.1, 5
	r.policy = &p
	r.open()
	if stale := r.stale(); stale < len(before)/2 {
		t.Fatalf("the new policy makes %d of %d records otherwise; the test needs more", stale, len(before))
	}
	r.open() // the process died before it had made any
	r.run()
	r.settle()
	r.stop()
	if stale := r.stale(); stale != 0 {
		t.Errorf("after a restart with another policy %d of %d records are not of it", stale, len(before))
	}
	r.wantWhole()
	if maps.Equal(r.index(), before) {
		t.Error("the policy changed nothing")
	}

	// The same policy once more: nothing is written.
	seq := r.owner.seq
	r.open()
	r.run()
	r.settle()
	r.stop()
	if r.owner.seq != seq {
		t.Errorf("a restart with the same policy wrote %d commits of records, want none", r.owner.seq-seq)
	}
	if info, err := r.store.Info(bg); err != nil || info.Policy != r.Policy().Version {
		t.Errorf("the store says policy %d, %v; want %d", info.Policy, err, r.Policy().Version)
	}
}

func TestPolicy_IsNotedOnlyWhenAllIsOfIt(t *testing.T) {
	r := start(t)
	r.put(shelf(6, "sea", "space")...)
	r.settle()
	r.stop()
	p := learn.DefaultPolicy()
	p.ContentWeight = 0.7
	r.policy = &p
	r.open()
	r.store.fails.Store(1 << 30) // the disk is full
	r.run()
	if err := r.Settle(bg); err == nil {
		t.Error("Settle = nil with a full disk")
	}
	r.stop()
	r.store.fails.Store(0)
	r.open()
	r.run()
	r.settle()
	r.stop()
	if stale := r.stale(); stale != 0 {
		t.Errorf("%d records are of the policy before, though the store took them at last", stale)
	}
}
