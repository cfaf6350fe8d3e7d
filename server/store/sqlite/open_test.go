package sqlite_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	_ "modernc.org/sqlite"

	"nigh/server/store"
	"nigh/server/store/sqlite"
)

// tamper runs statements on the database of a folder that no store has open.
func tamper(t *testing.T, dir string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// refused opens dir, which must fail with an error that is want (if not nil) and holds each of the words.
func refused(t *testing.T, dir string, want error, words ...string) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), dir)
	if err == nil {
		db.Close()
		t.Fatalf("Open(%s) = nil, want an error", dir)
	}
	if want != nil && !errors.Is(err, want) {
		t.Errorf("Open = %v, want an error that wraps %q", err, want)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("Open = %q, want %q in it", err, w)
		}
	}
}

func TestOpen_MakesTheFolderForItsOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "data")
	open(t, dir)
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); runtime.GOOS != "windows" && got != 0o700 {
		t.Errorf("mode of the new folder = %v, want 0700", got)
	}
	if _, err := os.Stat(filepath.Join(dir, sqlite.FileName)); err != nil {
		t.Error(err)
	}
}

func TestOpen_TakesAnyFolderName(t *testing.T) {
	parent := t.TempDir()
	names := []string{"a b", "50%", "a%20b", "é🐋", "a#b", "a&mode=memory", "file:x", ":memory:", "-x", "a=b;c'd"}
	if runtime.GOOS != "windows" {
		names = append(names, "a?b", "?mode=memory", `a"b\c`)
	}
	for _, name := range names {
		dir := filepath.Join(parent, name)
		db := open(t, dir)
		if err := db.Commit(t.Context(), items(1, 1, 3)); err != nil {
			t.Errorf("Commit in %q: %v", name, err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("Close of %q: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, sqlite.FileName)); err != nil {
			t.Errorf("database of %q is elsewhere: %v", name, err)
		}
		if info, err := open(t, dir).Info(t.Context()); err != nil || info.Items != 3 {
			t.Errorf("Info of %q opened again = %+v, %v, want 3 items", name, info, err)
		}
	}
	t.Chdir(parent)
	open(t, "relative")
	if _, err := os.Stat(filepath.Join(parent, "relative", sqlite.FileName)); err != nil {
		t.Error(err)
	}
}

func TestOpen_RefusesAFolderInUse(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	refused(t, dir, store.ErrLocked, dir, "process", "choose another folder")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Errorf("second Close = %v, want nil", err)
	}
	if err := open(t, dir).Close(); err != nil {
		t.Error(err)
	}
}

func TestOpen_LetsOneOfManyIn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	var mu sync.Mutex
	var won []*sqlite.DB
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			db, err := sqlite.Open(t.Context(), dir)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won = append(won, db)
			} else if !errors.Is(err, store.ErrLocked) {
				t.Errorf("Open = %v, want ErrLocked", err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Errorf("%d of 8 opened the folder, want 1", len(won))
	}
	for _, db := range won {
		db.Close()
	}
}

// The folder lies below a regular file: so nobody can make it, not even root, whom permissions do not stop.
func TestOpen_RefusesAFolderThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, file, store.ErrReadOnly, file, "choose another folder")
	refused(t, filepath.Join(file, "data"), store.ErrReadOnly, file, "choose another folder")

	for _, name := range []string{sqlite.FileName, "nigh.lock"} {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		refused(t, dir, store.ErrReadOnly, dir, "choose another folder")
	}
}

func TestOpen_RefusesANewerSchema(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	if err := db.Commit(t.Context(), items(1, 1, 3)); err != nil {
		t.Fatal(err)
	}
	db.Close()
	tamper(t, dir, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (4711, 1)")
	refused(t, dir, store.ErrNewer, "version 4711", "up to 3;", "install the newer nigh or restore a backup")
	tamper(t, dir, "DELETE FROM goose_db_version WHERE version_id = 4711")
	if info, err := open(t, dir).Info(t.Context()); err != nil || info.Items != 3 {
		t.Errorf("Info after the refusal = %+v, %v, want 3 items: it touched nothing", info, err)
	}
}

func TestOpen_RefusesWhatIsNotItsDatabase(t *testing.T) {
	text := t.TempDir()
	if err := os.WriteFile(filepath.Join(text, sqlite.FileName), []byte(strings.Repeat("shopping list\n", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, text, nil, "not a database", "move it away or restore a backup")

	other := t.TempDir()
	tamper(t, other, "CREATE TABLE cookies (host TEXT)")
	refused(t, other, nil, "database of another program", "use another data folder")
	tamper(t, other, "INSERT INTO cookies VALUES ('still there')")
}

func TestOpen_FinishesAnInterruptedBirth(t *testing.T) {
	dir := t.TempDir()
	open(t, dir).Close()
	// As a process leaves it that dies after goose made its table and before the first migration.
	tamper(t, dir, "PRAGMA foreign_keys = OFF", "DELETE FROM goose_db_version WHERE version_id > 0", "PRAGMA application_id = 0",
		"DROP TABLE meta", "DROP TABLE items", "DROP TABLE records", "DROP TABLE neighbours", "DROP TABLE events",
		"DROP TABLE event_keys", "DROP TABLE preferences", "DROP TABLE clients", "DROP TABLE users", "DROP TABLE kinds", "DROP TABLE keys")
	if info, err := open(t, dir).Info(t.Context()); err != nil || info.Epoch == 0 {
		t.Errorf("Info = %+v, %v, want a new store", info, err)
	}
}

func TestDB_SaysThatItsFileIsDamaged(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	fill(t, db, 1000)
	db.Close()
	path := filepath.Join(dir, sqlite.FileName)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 40 * 4096; i < len(data); i += 4096 { // behind the schema
		copy(data[i:i+4096], strings.Repeat("\xa5", 4096))
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err = sqlite.Open(t.Context(), dir)
	if err == nil {
		t.Cleanup(func() { db.Close() })
		err = db.EachItem(t.Context(), func(store.StoredItem) error { return nil })
	}
	if err == nil || !strings.Contains(err.Error(), "damaged") || !strings.Contains(err.Error(), "restore a backup") {
		t.Errorf("Open or EachItem of a damaged file = %v, want an error that says so", err)
	}
}
