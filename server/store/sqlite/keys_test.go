package sqlite_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"nigh/core"
	"nigh/server/store"
	"nigh/server/store/sqlite"
)

func TestOpenKeys_WritesBesideAServer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	keys, err := sqlite.OpenKeys(t.Context(), dir) // makes the folder
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.AddKey(t.Context(), store.Key{ID: "first", Created: time.UnixMilli(1)}); err != nil {
		t.Fatal(err)
	}
	keys.Close()

	db := open(t, dir)
	if keys, err = sqlite.OpenKeys(t.Context(), dir); err != nil {
		t.Fatalf("OpenKeys beside a server = %v", err)
	}
	defer keys.Close()
	for seq := uint64(1); seq <= 5; seq++ {
		if err := db.Commit(t.Context(), items(core.ItemNum(seq), seq, 1)); err != nil {
			t.Fatalf("Commit beside a writer of keys: %v", err)
		}
		if err := keys.AddKey(t.Context(), store.Key{ID: string(rune('a' + seq)), Created: time.UnixMilli(10 * int64(seq))}); err != nil {
			t.Fatalf("AddKey beside a server: %v", err)
		}
	}
	if err := keys.RevokeKey(t.Context(), "first", time.UnixMilli(9)); err != nil {
		t.Fatal(err)
	}
	all, err := db.Keys(t.Context())
	if err != nil || len(all) != 6 || all[0].Revoked.IsZero() {
		t.Errorf("the server's Keys = %+v, %v, want six, the first revoked", all, err)
	}
}

func TestOpenKeys_TouchesNoSchemaUnderAServer(t *testing.T) {
	dir := t.TempDir()
	open(t, dir).Close()
	tamper(t, dir, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (4711, 1)")
	if _, err := sqlite.OpenKeys(t.Context(), dir); !errors.Is(err, store.ErrNewer) {
		t.Errorf("OpenKeys of a newer schema = %v, want ErrNewer", err)
	}
	tamper(t, dir, "DELETE FROM goose_db_version WHERE version_id = 4711")
	db := open(t, dir)
	defer db.Close()
	tamper(t, dir, "DELETE FROM goose_db_version WHERE version_id = 3") // as under an older server
	if _, err := sqlite.OpenKeys(t.Context(), dir); !errors.Is(err, store.ErrLocked) {
		t.Errorf("OpenKeys of an older schema that is in use = %v, want ErrLocked", err)
	}
}
