package sqlite_test

import (
	"testing"

	"nigh/server/store"
)

// BenchmarkMerge gives a thousand events of one reader to another and back.
func BenchmarkMerge(b *testing.B) {
	db := open(b, b.TempDir())
	batch := store.Batch{}
	for i := range 1000 {
		batch.Events = append(batch.Events, store.NewEvent{StoredEvent: store.StoredEvent{Num: 1, User: "guest", Kind: "view", AtMillis: int64(i)}})
	}
	if err := db.Commit(b.Context(), batch); err != nil {
		b.Fatal(err)
	}
	from, into := "guest", "ada"
	for b.Loop() {
		if err := db.Commit(b.Context(), store.Batch{Merged: []store.Merge{{From: from, Into: into}}}); err != nil {
			b.Fatal(err)
		}
		from, into = into, from
	}
}
