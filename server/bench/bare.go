package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// bare is the yardstick of an event: a SQLite database of one table, written as nigh's store is.
type bare struct {
	dir    string
	db     *sql.DB
	insert *sql.Stmt
}

func openBare(ctx context.Context) (_ *bare, err error) {
	dir, err := os.MkdirTemp("", "nigh-bench-")
	if err != nil {
		return nil, err
	}
	b := &bare{dir: dir}
	defer func() {
		if err != nil {
			_ = b.close()
		}
	}()
	if b.db, err = sql.Open("sqlite", filepath.Join(dir, "bare.db")); err != nil {
		return nil, err
	}
	b.db.SetMaxOpenConns(1)
	for _, s := range []string{
		"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
		"CREATE TABLE events (row INTEGER PRIMARY KEY, user INTEGER NOT NULL, item INTEGER NOT NULL, at INTEGER NOT NULL)",
	} {
		if _, err := b.db.ExecContext(ctx, s); err != nil {
			return nil, fmt.Errorf("prepare the yardstick: %w", err)
		}
	}
	b.insert, err = b.db.PrepareContext(ctx, "INSERT INTO events (user, item, at) VALUES (?, ?, ?)")
	return b, err
}

// rows inserts n rows, each in a transaction of its own, and appends to took how long each took.
func (b *bare) rows(ctx context.Context, n int, took []time.Duration) ([]time.Duration, error) {
	for i := range n {
		start := time.Now()
		if _, err := b.insert.ExecContext(ctx, i, i, start.UnixMilli()); err != nil {
			return took, fmt.Errorf("insert a row: %w", err)
		}
		took = append(took, time.Since(start))
	}
	return took, nil
}

// together inserts n rows in one transaction.
func (b *bare) together(ctx context.Context, n int) error {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	insert := tx.StmtContext(ctx, b.insert)
	for i := range n {
		if _, err := insert.ExecContext(ctx, i, i, i); err != nil {
			return errors.Join(fmt.Errorf("insert a row: %w", err), tx.Rollback())
		}
	}
	return tx.Commit()
}

func (b *bare) close() error {
	var errs []error
	if b.insert != nil {
		errs = append(errs, b.insert.Close())
	}
	if b.db != nil {
		errs = append(errs, b.db.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(b.dir))...)
}
