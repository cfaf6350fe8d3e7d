package sqlite_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"nigh/core"
	"nigh/server/store"
	"nigh/server/store/sqlite"
)

// What was erased is not left in the free space of the file.
func TestDB_OverwritesWhatItErases(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	db, err := sqlite.Open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	of := func(name string) store.Batch {
		return store.Batch{
			Clients: map[string]store.Client{"client of " + name: {User: name, LastOp: 1}},
			Events:  []store.NewEvent{{StoredEvent: store.StoredEvent{Num: 1, User: name, Kind: "view"}, Key: "key of " + name}},
			Preferences: []store.PreferenceChange{{User: name,
				Preference: core.Preference{Kind: core.PreferText, Key: "wish of " + name, Weight: 1}}},
		}
	}
	for _, b := range []store.Batch{of("adam"), of("erased reader"), of("zoe"), {Erased: []string{"erased reader"}}} {
		if err := db.Commit(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte("wish of zoe")) {
		t.Error("the file does not hold what it should: the test sees nothing")
	}
	if n := bytes.Count(data, []byte("erased reader")); n > 0 {
		t.Errorf("the name of an erased reader is %d times in the file", n)
	}
	if _, err := os.Stat(filepath.Join(dir, sqlite.FileName+"-wal")); err == nil {
		t.Error("the log outlives Close, with older copies of what was erased")
	}
}
