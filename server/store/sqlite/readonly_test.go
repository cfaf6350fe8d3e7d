package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"nigh/server/store"
	"nigh/server/store/sqlite"
)

func TestOpenReadOnly_ReadsBesideAServer(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	if err := db.Commit(t.Context(), items(1, 1, 3)); err != nil {
		t.Fatal(err)
	}
	ro, err := sqlite.OpenReadOnly(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer ro.Close()
	seen := 0
	each := func(store.StoredItem) error { seen++; return nil }
	if err := ro.EachItem(t.Context(), each); err != nil || seen != 3 {
		t.Errorf("EachItem = %v after %d items, want the 3 of the open store", err, seen)
	}
	if err := db.Commit(t.Context(), items(4, 2, 2)); err != nil {
		t.Errorf("Commit beside a reader: %v", err)
	}
	if info, err := ro.Info(t.Context()); err != nil || info.Items != 5 {
		t.Errorf("Info = %+v, %v, want the 5 items by now", info, err)
	}
	if err := ro.Commit(t.Context(), items(6, 3, 1)); err == nil {
		t.Error("a store opened to read took a commit")
	}
	db.Close()
	if err := ro.Close(); err != nil {
		t.Error(err)
	}
	// And of a server that is not running.
	if ro, err = sqlite.OpenReadOnly(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	defer ro.Close()
	if info, err := ro.Info(t.Context()); err != nil || info.Items != 5 {
		t.Errorf("Info of a closed store = %+v, %v, want 5 items", info, err)
	}
}

func TestOpenReadOnly_MakesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	if _, err := sqlite.OpenReadOnly(t.Context(), dir); err == nil {
		t.Error("a folder that is not there was opened")
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder was made: %v", err)
	}
	old := t.TempDir()
	open(t, old).Close()
	tamper(t, old, "DELETE FROM goose_db_version WHERE version_id = 3")
	if _, err := sqlite.OpenReadOnly(t.Context(), old); err == nil {
		t.Error("an older schema was opened, which the statements may not fit")
	}
}
