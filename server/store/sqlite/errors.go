package sqlite

import (
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"nigh/server/store"
)

// unwritable makes the error of a file operation in dir one that wraps store.ErrReadOnly and says what to do.
func unwritable(err error, dir string) error {
	return fmt.Errorf("%w: %w; make room in %s and let this user write there, or choose another folder",
		store.ErrReadOnly, err, dir)
}

// explain makes what SQLite said one of the store's errors where it is one, and ends it in the next step.
func explain(err error, dir string) error {
	var e *driver.Error
	if !errors.As(err, &e) || errors.Is(err, store.ErrReadOnly) {
		return err
	}
	switch e.Code() {
	case sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC,
		sqlite3.SQLITE_IOERR_TRUNCATE, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMOPEN:
		return unwritable(err, dir) // a quota, a medium that went read-only, no room for the log's index
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return unwritable(err, dir)
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%s is not a database: %w; move it away or restore a backup", FileName, err)
	case sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("%s is damaged: %w; restore a backup", FileName, err)
	case sqlite3.SQLITE_BUSY:
		return fmt.Errorf("%s is in use: %w; let other programs (a shell, a backup) close it", FileName, err)
	}
	return err
}
