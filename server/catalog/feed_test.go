package catalog

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"nigh/core"
	"nigh/core/wire"
	"nigh/server/store"
)

// follower is a subscriber that applies every delta to an index of its own.
type follower struct {
	mu       sync.Mutex
	t        *testing.T
	index    *core.Index
	position store.Seq
}

func (f *follower) Deliver(frame *Frame, from, to store.Seq) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if to <= f.position {
		return
	}
	f.apply(frame)
}

func (f *follower) apply(frame *Frame) {
	m, err := wire.Decode(frame.For(false))
	if err != nil {
		f.t.Errorf("delta: %v", err)
		return
	}
	d := m.(*wire.Delta)
	if d.From != f.position {
		f.t.Errorf("delta from %d at position %d", d.From, f.position)
	}
	for _, n := range d.Deleted {
		f.index.Delete(n)
	}
	for _, b := range d.Records {
		records, err := wire.ReadRecords(b)
		if err != nil {
			f.t.Errorf("records of a delta: %v", err)
		}
		for _, rec := range records {
			if !f.index.Put(rec) {
				f.t.Errorf("item %d of a delta is refused", rec.Num)
			}
		}
	}
	for _, b := range d.Weights {
		weights, err := wire.ReadAllWeights(b)
		if err != nil {
			f.t.Errorf("weights of a delta: %v", err)
		}
		for _, w := range weights {
			if !f.index.Reweigh(w) {
				f.t.Errorf("item %d, whose weights a delta has, is not there", w.Num)
			}
		}
	}
	f.position = d.To
}

func (f *follower) records() map[core.ItemNum]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return packed(f.index)
}

func fromSnapshot(t *testing.T, frames []*Frame) *follower {
	t.Helper()
	f := &follower{t: t, index: core.NewIndex()}
	sum, last := wire.SumStart, false
	for i, b := range frames {
		m, err := wire.Decode(b.For(false))
		if err != nil {
			t.Fatal(err)
		}
		s, ok := m.(*wire.Snapshot)
		if !ok { // what has happened since
			if i != len(frames)-1 || !last {
				t.Errorf("frame %d of %d is a %T", i, len(frames), m)
			}
			f.apply(b)
			return f
		}
		if last || s.Chunk != uint64(i) {
			t.Errorf("frame %d is chunk %d, behind the last: %v", i, s.Chunk, last)
		}
		last = s.Last
		if sum = wire.Sum(sum, s.Records); sum != s.Sum {
			t.Errorf("chunk %d: sum %x, want %x", i, s.Sum, sum)
		}
		for _, columns := range s.Records {
			records, err := wire.ReadRecords(columns)
			if err != nil {
				t.Errorf("records of a snapshot: %v", err)
			}
			for _, rec := range records {
				if !f.index.Put(rec) {
					t.Errorf("item %d of a snapshot is refused", rec.Num)
				}
			}
		}
		f.position = s.Seq
	}
	if !last {
		t.Errorf("none of %d frames is the last of the snapshot", len(frames))
	}
	return f
}

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
	r.limits.snapshotChunk = 2000
	rng := rand.New(rand.NewPCG(1, 2))
	var all []*follower
	follow := func(f *follower) { // the position is captured before the state is read, as a session does
		all = append(all, f)
	}
	for i := range 200 {
		r.change(rng)
		if i%20 == 5 { // one that begins with a snapshot
			held := &holder{}
			r.Subscribe(held)
			frames, _, err := r.Snapshot(bg)
			if err != nil {
				t.Fatal(err)
			}
			f := fromSnapshot(t, frames)
			held.pass(r.Catalog, f)
			follow(f)
		}
		if i%20 == 15 { // and one that was away since a position
			old := all[rng.IntN(len(all))]
			away := &follower{t: t, index: core.NewIndex(), position: old.position}
			old.mu.Lock()
			old.index.Each(func(rec *core.Record) bool { return away.index.Put(rec) })
			away.position = old.position
			old.mu.Unlock()
			held := &holder{}
			r.Subscribe(held)
			frame, _, ok, err := r.CatchUp(bg, away.position)
			if err != nil || !ok {
				t.Fatalf("CatchUp = %v, %v", ok, err)
			}
			away.apply(frame)
			held.pass(r.Catalog, away)
			follow(away)
		}
	}
	r.settle()
	r.stop()
	want := r.index()
	for i, f := range all {
		if got := f.records(); !maps.Equal(got, want) {
			t.Errorf("follower %d at position %d holds other records than the catalog at %d", i, f.position, r.Version().Seq)
		}
	}
	frame, _, ok, err := r.CatchUp(bg, 0)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	whole := &follower{t: t, index: core.NewIndex()}
	whole.apply(frame)
	if !maps.Equal(whole.records(), want) {
		t.Error("CatchUp from 0 leads to other records than the catalog")
	}
	if _, _, ok, _ := r.CatchUp(bg, r.Version().Seq+1); ok {
		t.Error("CatchUp from the future = true, want a snapshot")
	}
	r.limits.catchUp = 100
	if _, _, ok, _ := r.CatchUp(bg, 0); ok {
		t.Error("CatchUp of too much = true, want a snapshot")
	}
}

// holder keeps deltas until there is something to apply them to.
type holder struct {
	mu    sync.Mutex
	held  []heldDelta
	ready *follower
}

func (h *holder) Deliver(frame *Frame, from, to store.Seq) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ready != nil {
		h.ready.Deliver(frame, from, to)
		return
	}
	h.held = append(h.held, heldDelta{frame, from, to})
}

func (h *holder) pass(_ *Catalog, f *follower) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range h.held {
		f.Deliver(d.frame, d.from, d.to)
	}
	h.ready = f
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
