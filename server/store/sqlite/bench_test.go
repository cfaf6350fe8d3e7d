package sqlite_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"nigh/core"
	"nigh/server/store"
	"nigh/server/store/sqlite"
)

func open(t testing.TB, dir string) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// events returns n events of 100,000 readers, each with a key as long as a UUID if keyed.
func events(r *rand.Rand, n int, keyed bool) []store.NewEvent {
	out := make([]store.NewEvent, n)
	for i := range out {
		e := &out[i]
		e.Num, e.User, e.Kind = core.ItemNum(1+r.IntN(60_000)), fmt.Sprintf("reader-%032x", r.IntN(100_000)), "view"
		e.AtMillis = 1_700_000_000_000 + r.Int64N(1e10)
		if keyed {
			e.Key = fmt.Sprintf("%016x-%016x-abc", r.Uint64(), r.Uint64())
		}
	}
	return out
}

func BenchmarkCommit_Events(b *testing.B) {
	for _, size := range []int{1, 20, 200, 2000} {
		for _, keyed := range []bool{false, true} {
			b.Run(fmt.Sprintf("batch=%d/keyed=%v", size, keyed), func(b *testing.B) {
				db := open(b, b.TempDir())
				r := rand.New(rand.NewPCG(1, 2))
				b.ReportAllocs()
				for b.Loop() {
					b.StopTimer()
					batch := store.Batch{Events: events(r, size, keyed)}
					b.StartTimer()
					if err := db.Commit(b.Context(), batch); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(size)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
			})
		}
	}
}

// items returns a batch of items, records of 400 bytes and neighbours of 200, as a bulk import commits them.
func items(first core.ItemNum, seq store.Seq, n int) (b store.Batch) {
	b.Neighbours = map[core.ItemNum][]byte{}
	for i := range n {
		num := first + core.ItemNum(i)
		id := fmt.Sprintf("package-%d", num*2654435761)
		b.Items = append(b.Items, store.StoredItem{Num: num, Item: store.Item{
			ID: id, Title: "A package named " + id, Description: fmt.Sprintf("%0300d", num), Author: "Debian",
			Tags: []string{"interface::x11", "role::program", "use::editing"}, Categories: []string{"graphics"},
		}})
		b.Records = append(b.Records, store.StoredRecord{Seq: seq, Num: num, ID: id, Record: make([]byte, 400)})
		b.Neighbours[num] = make([]byte, 200)
	}
	return b
}

func BenchmarkCommit_60000Items(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		db := open(b, b.TempDir())
		b.StartTimer()
		fill(b, db, 60_000)
		b.StopTimer()
		db.Close()
		b.StartTimer()
	}
}

func fill(b testing.TB, db *sqlite.DB, n int) {
	for done := 0; done < n; done += 1000 {
		if err := db.Commit(context.Background(), items(core.ItemNum(done+1), store.Seq(done/1000+1), 1000)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	const n = 60_000
	db := open(b, b.TempDir())
	fill(b, db, n)
	r := rand.New(rand.NewPCG(1, 2))
	var known []string
	for range 100 {
		batch := store.Batch{Events: events(r, 2000, true)}
		known = append(known, batch.Events[0].Key, batch.Events[0].Key+"?")
		if err := db.Commit(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	ctx := b.Context()
	for name, read := range map[string]func() error{
		"EachItem=60000":   func() error { return db.EachItem(ctx, func(store.StoredItem) error { return nil }) },
		"EachRecord=60000": func() error { return db.EachRecord(ctx, 0, func(store.StoredRecord) error { return nil }) },
		"EachNeighbours=60000": func() error {
			return db.EachNeighbours(ctx, func(core.ItemNum, []byte) error { return nil })
		},
		"EachEvent=200000": func() error { return db.EachEvent(ctx, 0, func(store.StoredEvent) error { return nil }) },
		"Item": func() error {
			_, err := db.Item(ctx, fmt.Sprintf("package-%d", core.ItemNum(1+r.IntN(n))*2654435761))
			return err
		},
		"UserEvents=50": func() error {
			_, err := db.UserEvents(ctx, fmt.Sprintf("reader-%032x", r.IntN(100_000)), store.AllRows, 50)
			return err
		},
		"KnownKeys=200": func() error {
			_, err := db.KnownKeys(ctx, known)
			return err
		},
		"Info": func() error {
			_, err := db.Info(ctx)
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := read(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
