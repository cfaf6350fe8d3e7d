package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"nigh/server/store"
)

// lockName is the file whose lock says that a process has the folder open. It stays when the lock goes: to remove it
// would let two processes lock two files of one name.
const lockName = "nigh.lock"

// errHeld is lockFile's answer when another open file holds the lock.
var errHeld = errors.New("lock is held")

// makeFolder makes dir, for its owner alone, where it is absent.
func makeFolder(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	// The new name must survive a power cut as its content does. Not every system can sync a folder.
	if parent, err := os.Open(filepath.Dir(dir)); err == nil {
		_ = parent.Sync()
		parent.Close()
	}
	return nil
}

// lockFolder takes the folder for this process until the file is closed or the process ends, however it ends.
func lockFolder(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, unwritable(err, dir)
	}
	switch err := lockFile(f); {
	case errors.Is(err, errHeld):
		holder := ""
		if b, err := io.ReadAll(io.LimitReader(f, 20)); err == nil && len(b) > 0 {
			holder = " (process " + strings.TrimSpace(string(b)) + ")"
		}
		f.Close()
		return nil, fmt.Errorf("%w%s; stop it, send the data to its address, or choose another folder", store.ErrLocked, holder)
	case err != nil:
		f.Close()
		return nil, fmt.Errorf("lock %s: %w; use a folder on a local disk", path, err)
	}
	// The number only makes the message above helpful: the lock is what counts, so failing to write it is no error.
	if err := f.Truncate(0); err == nil {
		fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	return f, nil
}

// probe makes the database file if it is absent, and finds out whether it can be written: SQLite would open it
// for reading alone without a word, and speak up at the first commit.
func probe(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}
