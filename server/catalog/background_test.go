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
