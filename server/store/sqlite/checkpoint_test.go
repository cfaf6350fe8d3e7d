package sqlite

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"nigh/core"
)

// Commits that never pause leave no moment in which all of the log is copied by itself: it would grow until a commit has
// to copy it.
func TestCheckpointer_BeginsTheLogAnewWhileCommitsGoOn(t *testing.T) {
	dir := t.TempDir()
	db, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { db.Close() }() // the one that is open then
	log := filepath.Join(dir, FileName+"-wal")
	begun := logBegun(t, log)
	for n := core.ItemNum(1); logBegun(t, log) == begun; n += 50 {
		if err := db.Commit(t.Context(), bulk(n, 50)); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(log); err != nil || info.Size() >= unaided*4096 {
			t.Fatalf("the log has %d bytes (%v), want it begun anew long before", info.Size(), err)
		}
	}
	want, err := db.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = Open(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if got, err := db.Info(t.Context()); err != nil || got != want {
		t.Errorf("Info after a new start = %+v, %v, want %+v", got, err, want)
	}
}

// logBegun is how often a log was begun: a number in its head, as https://sqlite.org/fileformat2.html says.
func logBegun(t *testing.T, file string) uint32 {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var head [16]byte
	if _, err := f.ReadAt(head[:], 0); err != nil {
		t.Fatal(err)
	}
	return binary.BigEndian.Uint32(head[12:])
}
