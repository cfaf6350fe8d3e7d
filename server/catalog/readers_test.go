package catalog

import (
	"fmt"
	"testing"

	"nigh/core"
)

// Readers in memory are bounded by their visits together, and what is counted is what is held.
func TestReaders_AreBoundedByTheirVisits(t *testing.T) {
	var rs readers
	rs.init()
	rs.most = 100
	history := func(n int) (h core.History) {
		for i := range n {
			h = h.Record(core.Visit{Item: core.ItemNum(i + 1), Strength: core.ProfileOne, At: int64(i)})
		}
		return h
	}
	for i := range 500 {
		user := fmt.Sprint("reader", i%37)
		rs.set(user, reader{history: history(i % 60)})
		if i%50 == 0 {
			rs.forget(fmt.Sprint("reader", i%11))
		} else if _, ok, _ := rs.get(user); !ok {
			t.Fatalf("the reader who was set last is not there")
		}
		visits := 0
		for _, r := range rs.all {
			visits += len(r.history)
		}
		if visits != rs.visits || visits > rs.most {
			t.Fatalf("after %d steps %d visits are held and %d counted, want the same and at most %d", i, visits, rs.visits, rs.most)
		}
	}
	if rs.dropped == 0 {
		t.Error("nobody had to go")
	}
}
