package catalog

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"nigh/core"
	"nigh/core/replica"
	"nigh/server/store"
)

// change makes one random change.
func (r *rig) change(rng *rand.Rand) {
	id := fmt.Sprint("item-", rng.IntN(40))
	topic := []string{"sea", "space", "jazz"}[rng.IntN(3)]
	switch rng.IntN(6) {
	case 0, 1:
		r.put(book(id, topic))
	case 2:
		_ = r.DeleteItem(bg, id) // it may not be there
	case 3:
		if rng.IntN(4) == 0 {
			r.settle()
		}
	default:
		r.clock.Add(500)
		if _, err := r.RecordEvents(bg, []store.Event{{User: fmt.Sprint("u", rng.IntN(5)), Item: id, Kind: "view"}}); err != nil {
			r.t.Error(err)
		}
	}
}

func TestFeed_LeadsFromEveryPositionToTheSameBytes(t *testing.T) {
	r := start(t)
	r.limited(limits{snapshotChunk: 2000, snapshotShare: 4, catchUp: 20_000, flush: 3, past: 1 << 20, shelf: 6, tombstones: 30, replan: 1000})
	rng := rand.New(rand.NewPCG(1, 2))
	var all []*client
	for i := range 200 {
		r.change(rng)
		if i%20 == 5 {
			all = append(all, r.client(fmt.Sprint("c", i), 0))
		}
		if i%7 == 3 && len(all) > 0 { // one is cut off, and comes back some changes later
			c := all[rng.IntN(len(all))]
			if c.session != nil {
				c.cut()
			} else {
				c.connect()
			}
		}
		for _, c := range all {
			if rng.IntN(3) == 0 {
				c.pump()
			}
		}
	}
	r.settle()
	want := r.index()
	if n := len(r.published().shelves); n < 3 {
		t.Errorf("the catalog has %d shelves, want a few", n)
	}
	if h := r.published().horizon; h == 0 {
		t.Error("no tombstone was dropped")
	}
	for i, c := range all {
		if c.session == nil {
			c.connect()
		}
		c.pump()
		if got := packed(c.m.Index()); !maps.Equal(got, want) || c.status.State != replica.Live {
			t.Errorf("client %d, %v, holds %d other records than the catalog's %d", i, c.status, len(got), len(want))
		}
		if c.faults != nil {
			t.Errorf("client %d closed: %v", i, c.faults)
		}
	}
}

// The two sides of the index: readers in many goroutines must see one state whole, and what they read must not change.
func TestSides_ShowWholeStatesToConcurrentReaders(t *testing.T) {
	s := newSides()
	record := func(n core.ItemNum, version uint64) *core.Record {
		return &core.Record{Num: n, ID: core.ItemID(fmt.Sprint(n)), Heat: core.Heat(version)}
	}
	const items, versions = 8, 300
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			last := uint64(0)
			for {
				s.read(func(x *core.Index, v Version) {
					if v.Learned < last {
						t.Errorf("version %d after %d", v.Learned, last)
					}
					last = v.Learned
					x.Each(func(r *core.Record) bool {
						if uint64(r.Heat) != v.Learned {
							t.Errorf("record of version %d in version %d", r.Heat, v.Learned)
						}
						return true
					})
				})
				select {
				case <-done:
					return
				default:
					runtime.Gosched() // a reader that never rests would keep its processor from the writer for 10 ms
				}
			}
		})
	}
	for v := range uint64(versions) {
		s.write(Version{Learned: v + 1}, func(x *core.Index) {
			for n := range core.ItemNum(items) {
				x.Put(record(n+1, v+1))
			}
		})
	}
	close(done)
	wg.Wait()
}

// Everything at once, for the race detector; at the end memory and store agree.
func TestCatalog_BearsEverythingAtOnce(t *testing.T) {
	r := start(t)
	r.put(shelf(10, "item")...)
	rounds := 150
	if raceEnabled {
		rounds = 50
	}
	var wg sync.WaitGroup
	var sessions []*recorder
	for g := range 3 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 3))
			for range rounds {
				r.change(rng)
			}
		})
		rec := &recorder{}
		sessions = append(sessions, rec)
		wg.Go(func() { rec.live(t, r.Catalog, fmt.Sprint("c", g), rounds) })
		wg.Go(func() {
			for i := range rounds {
				if _, err := r.Recommend(bg, Request{User: fmt.Sprint("u", i%5), Explain: true}); err != nil {
					t.Error(err)
				}
				_, _ = r.Similar(bg, fmt.Sprint("item-", i%40), Request{Limit: 5, Explain: true})
				w := r.Watch("u1")
				r.Version()
				w.Close()
			}
		})
	}
	wg.Wait()
	r.settle()
	r.wantWhole()
	for g, rec := range sessions {
		if rec.code != 0 {
			t.Errorf("session %d was closed: %d %s", g, rec.code, rec.reason)
		}
		last, err := r.LastOp(bg, fmt.Sprint("c", g), fmt.Sprint("u", g))
		if want := uint64(rounds); err != nil || last != want {
			t.Errorf("ops of client %d = %d, %v, want %d", g, last, err, want)
		}
	}
}
