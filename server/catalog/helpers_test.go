package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"nigh/core"
	"nigh/core/learn"
	"nigh/server/store"
	"nigh/server/store/sqlite"
)

// rig is a running catalog over a SQLite store in memory, on a clock of its own.
type rig struct {
	*Catalog
	t     *testing.T
	store *flaky
	clock *atomic.Int64 // Unix milliseconds
	stop  func()
	// policy is what open gives to the catalog; nil for the default.
	policy *learn.Policy
	later  bool // Options.LearnLater
}

// start runs a catalog over an empty store.
func start(t *testing.T) *rig {
	t.Helper()
	db, err := sqlite.OpenMemory(bg)
	if err != nil {
		t.Fatalf("OpenMemory: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	r := &rig{t: t, store: &flaky{Store: db}, clock: &atomic.Int64{}}
	r.clock.Store(simStart)
	r.open()
	r.run()
	return r
}

func (r *rig) time() time.Time { return time.UnixMilli(r.clock.Load()) }

func (r *rig) open() {
	r.t.Helper()
	c, err := Open(bg, r.store, Options{Logger: discard, Now: r.time, FlushEvery: time.Nanosecond, Policy: r.policy, LearnLater: r.later})
	if err != nil {
		r.t.Fatalf("Open: %v", err)
	}
	r.Catalog = c
}

// run starts the owner; stop ends it, and is called at the test's end at the latest.
func (r *rig) run() {
	c := r.Catalog
	ctx, cancel := context.WithCancel(bg)
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	stopped := false
	r.stop = func() {
		r.t.Helper()
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil && r.store.fails.Load() == 0 {
			r.t.Errorf("Run = %v, want nil", err)
		}
	}
	r.t.Cleanup(r.stop)
}

func (r *rig) put(items ...store.Item) {
	r.t.Helper()
	res, err := r.PutItems(bg, items)
	if err != nil {
		r.t.Fatalf("PutItems: %v", err)
	}
	for _, one := range res {
		if one.Err != nil {
			r.t.Fatalf("PutItems: %s: %v", one.ID, one.Err)
		}
	}
}

// did records one event of each user on each item, a second apart.
func (r *rig) did(user, kind string, items ...string) {
	r.t.Helper()
	for _, id := range items {
		r.clock.Add(1000)
		res, err := r.RecordEvents(bg, []store.Event{{User: user, Item: id, Kind: kind}})
		if err != nil || res[0].Err != nil {
			r.t.Fatalf("RecordEvents: %v, %v", err, res)
		}
	}
}

func (r *rig) settle() {
	r.t.Helper()
	if err := r.Settle(bg); err != nil {
		r.t.Fatalf("Settle: %v", err)
	}
}

func (r *rig) list(q Request) []string {
	r.t.Helper()
	res, err := r.Recommend(bg, q)
	if err != nil {
		r.t.Fatalf("Recommend: %v", err)
	}
	return idsOf(res)
}

func idsOf(res Result) []string {
	ids := []string{}
	for _, x := range res.Recommendations {
		ids = append(ids, x.ID)
	}
	return ids
}

// index returns the records of the side that readers use, packed.
func (r *rig) index() (all map[core.ItemNum]string) {
	r.sides.read(func(x *core.Index, _ Version) { all = packed(x) })
	return all
}

// wantWhole fails unless both sides of the index hold exactly what the store does.
func (r *rig) wantWhole() {
	r.t.Helper()
	want := map[core.ItemNum]string{}
	if err := r.store.EachRecord(bg, 0, func(rec store.StoredRecord) error {
		if !rec.Deleted {
			want[rec.Num] = string(rec.Record)
		}
		return nil
	}); err != nil {
		r.t.Fatal(err)
	}
	if !maps.Equal(r.index(), want) {
		r.t.Errorf("index holds other records than the store: %d and %d", len(r.index()), len(want))
	}
	items, err := r.Items(bg, "", 100_000)
	if err != nil || len(items) != len(want) {
		r.t.Errorf("Items = %d, %v, want %d as there are records", len(items), err, len(want))
	}
}

func parse(c *Catalog, it store.Item) []learn.Parsed {
	card := cardOf(&it)
	return []learn.Parsed{learn.Parse(c.analyzer, textOf(&it, &card))}
}

func wantIDs(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func has(list []string, id string) bool { return slices.Contains(list, id) }

// book makes an item of a topic.
func book(id, topic string) store.Item {
	return store.Item{ID: id, Title: "A book of " + topic, Description: topic + " and more " + topic, Tags: []string{topic}}
}

// shelf makes n books of each topic: sea-0, sea-1, space-0…
func shelf(n int, topics ...string) (items []store.Item) {
	for _, topic := range topics {
		for i := range n {
			items = append(items, book(fmt.Sprint(topic, "-", i), topic))
		}
	}
	return items
}

// flaky is a store whose next commits or reads fail.
type flaky struct {
	store.Store
	fails, failReads atomic.Int32
	full             atomic.Pointer[func(store.Batch) bool] // fails what it holds for
}

var errDisk = fmt.Errorf("the disk is full: %w", store.ErrReadOnly)

func take(n *atomic.Int32) bool {
	for {
		have := n.Load()
		if have <= 0 {
			return false
		}
		if n.CompareAndSwap(have, have-1) {
			return true
		}
	}
}

func (f *flaky) Commit(ctx context.Context, b store.Batch) error {
	if full := f.full.Load(); take(&f.fails) || full != nil && (*full)(b) {
		return errDisk
	}
	return f.Store.Commit(ctx, b)
}

func (f *flaky) UserEvents(ctx context.Context, user string, upTo int64, limit int, without ...string) ([]store.StoredEvent, error) {
	if take(&f.failReads) {
		return nil, errDisk
	}
	return f.Store.UserEvents(ctx, user, upTo, limit, without...)
}
