package catalog

import (
	"fmt"
	"testing"
	"time"

	"nigh/core"
	"nigh/server/store"
)

// While refinement leaves the processor to others, nothing else asks for a turn that would have nothing to do.
func TestNextTask_WaitsForRefinement(t *testing.T) {
	r := start(t)
	r.put(shelf(2, "sea")...)
	r.settle()
	r.stop()
	o := &r.owner
	o.learner.Observe(core.History{{Item: 1, Strength: core.ProfileOne}}, 2, core.ProfileOne, r.time().UnixMilli())
	for o.learner.Dirty() > 0 {
		o.learner.TakeDirty(8)
	}
	o.policy = noPolicy // as after an erasure, or with a new policy
	o.refineAt = r.time().Add(time.Second)
	if o.learner.Stale() == 0 {
		t.Fatal("nothing is to be refined")
	}
	if got := r.nextTask(); got != time.Second {
		t.Errorf("the owner waits for %v, want 1s", got)
	}
	for range 20 { // and then all is done
		r.clock.Add(1000)
		r.turn(nil)
	}
	if o.policy != r.policyVersion() || o.learner.Stale() > 0 {
		t.Errorf("policy %d and %d items to refine are left, want none", o.policy, o.learner.Stale())
	}
}

func (r *rig) policyVersion() uint64 { return r.Catalog.policy.Version }

// An import is related when it pauses; changes that never pause are not put off for ever.
func TestUntilRelated_HasPatienceWithAnImport(t *testing.T) {
	r := start(t)
	r.stop()
	r.open()
	r.turn(nil) // reads the texts
	o := &r.owner
	put := func(n int) {
		it := book(fmt.Sprint("b", n), "sea")
		r.commit([]*request{{reply: make(chan error, 1), put: &putRequest{
			items: []store.Item{it}, parsed: parse(r.Catalog, it), results: make([]ItemResult, 1)}}})
	}
	for n := range fewItems + 1 {
		put(n)
	}
	if got := r.untilRelated(); got != quiet {
		t.Errorf("in an import neighbours are looked for in %v, want %v", got, quiet)
	}
	for n := 0; r.untilRelated() > 0; n++ {
		if n > 3000 {
			t.Fatalf("%d items wait and %d ms have gone by without a pause", len(o.waiting), n*100)
		}
		r.clock.Add(100)
		put(1000 + n%10)
	}
}

// Where events always mark more than a turn learns, the other tasks have their turns all the same.
func TestPick_StarvesNobody(t *testing.T) {
	r := start(t)
	r.put(shelf(150, "sea", "space")...)
	r.settle()
	r.stop()
	o := &r.owner
	for n := core.ItemNum(1); n < 20; n++ {
		o.learner.Observe(core.History{{Item: n, Strength: core.ProfileOne}}, n+1, core.ProfileOne, r.time().UnixMilli())
	}
	r.commit([]*request{{reply: make(chan error, 1), put: &putRequest{
		items: []store.Item{book("new", "sea")}, parsed: parse(r.Catalog, book("new", "sea")), results: make([]ItemResult, 1)}}})
	stale, committed := o.learner.Stale(), o.committed
	if stale == 0 || len(o.waiting) == 0 {
		t.Fatalf("%d items are to be refined and %d to be related, want some", stale, len(o.waiting))
	}
	for turn := 0; o.learner.Stale() > 0 || len(o.waiting)+len(o.changed) > 0 || o.committed == committed; turn++ {
		if turn == 100 {
			t.Fatalf("after %d turns that could have learnt %d items each, %d are to be refined, %d to be related and %d to be weighed anew; committed: %v",
				turn, learnStep, o.learner.Stale(), len(o.waiting), len(o.changed), o.committed != committed)
		}
		o.learner.MarkAll(o.num)
		r.clock.Add(1)
		r.turn(nil)
		if o.learner.Dirty() == 0 {
			t.Fatal("a turn learnt all; the test is of one that does not")
		}
	}
}

// While readers do something, a portion of what is committed in between is small; when they pause, it is not.
func TestFlushNext_IsShortWhileReadersAreThere(t *testing.T) {
	r := start(t)
	r.put(shelf(40, "sea", "space", "war")...)
	r.settle()
	r.stop()
	o := &r.owner
	live := func() { // all records differ
		for n := core.ItemNum(1); n <= o.num; n++ {
			r.touch(n, false)
		}
		o.flushing = r.unflushed()
	}
	live()
	if err := r.flushNext(bg); err != nil || len(o.flushing) != 0 {
		t.Errorf("%d records are left after a quiet portion, %v, want none", len(o.flushing), err)
	}
	r.commit([]*request{{reply: make(chan error, 1), events: &eventsRequest{
		events: []store.Event{{User: "ada", Item: "sea-0", Kind: "view"}}, results: make([]EventResult, 1)}}})
	live()
	if err := r.flushNext(bg); err != nil || len(o.flushing) != int(o.num)-flushBusy {
		t.Errorf("%d records are left after a portion beside readers, %v, want %d", len(o.flushing), err, int(o.num)-flushBusy)
	}
}
