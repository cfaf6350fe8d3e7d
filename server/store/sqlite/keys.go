package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"nigh/server/store"
)

var _ store.Keys = (*DB)(nil)

// OpenKeys opens the keys of the data folder dir, whether or not a server has it open: it takes no lock, and writes
// one row at a time. Where there is no database, or an older one, it makes or migrates it first, for which no server
// may be running. The Store's methods that write are not to be used.
func OpenKeys(ctx context.Context, dir string) (*DB, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find data folder %q: %w", dir, err)
	}
	path := filepath.Join(abs, FileName)
	db := &DB{name: abs}
	err = db.openBeside(ctx, path)
	if err == nil {
		return db, nil
	}
	db.Close() // the error above is what counts
	if !errors.Is(err, errNoSchema) {
		return nil, fmt.Errorf("open keys in %s: %w", abs, err)
	}
	whole, err := Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	if err := whole.Close(); err != nil {
		return nil, err
	}
	db = &DB{name: abs}
	if err := db.openBeside(ctx, path); err != nil {
		db.Close()
		return nil, fmt.Errorf("open keys in %s: %w", abs, err)
	}
	return db, nil
}

// errNoSchema: there is no database yet, or not one of this schema.
var errNoSchema = errors.New("the database is not there or older than this nigh")

// openBeside opens what a server may have open, to read all and write keys.
func (db *DB) openBeside(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0 {
		return errNoSchema
	}
	if err != nil {
		return err
	}
	if err := probe(path); err != nil {
		return unwritable(err, db.name)
	}
	db.write, err = openPool(path, 1, 2<<10, "_journal_mode=WAL", "_synchronous=FULL", "_txlock=immediate")
	if err != nil {
		return err
	}
	db.read = db.write
	if err := db.checkFile(ctx, path); err != nil {
		return err
	}
	err = checkSchema(ctx, db.write)
	if err != nil && !errors.Is(err, store.ErrNewer) {
		return errNoSchema
	}
	return err
}

// Keys implements store.Keys.
func (db *DB) Keys(ctx context.Context) ([]store.Key, error) {
	rows, err := db.read.QueryContext(ctx, "SELECT id, name, scopes, hash, created, revoked FROM keys ORDER BY created, id")
	keys, err := collect(rows, err, scanKey)
	if err != nil {
		return nil, db.reading("read keys", err)
	}
	return keys, nil
}

func scanKey(rows *sql.Rows) (k store.Key, err error) {
	var hash []byte
	var scopes, created, revoked int64
	if err := rows.Scan(&k.ID, &k.Name, &scopes, &hash, &created, &revoked); err != nil {
		return k, err
	}
	k.Scopes, k.Created = uint32(scopes), time.UnixMilli(created)
	copy(k.Hash[:], hash) // the column's check says that it has 32 bytes
	if revoked != 0 {
		k.Revoked = time.UnixMilli(revoked)
	}
	return k, nil
}

// AddKey implements store.Keys.
func (db *DB) AddKey(ctx context.Context, k store.Key) error {
	var revoked int64
	if !k.Revoked.IsZero() {
		revoked = k.Revoked.UnixMilli()
	}
	_, err := db.write.ExecContext(ctx, "INSERT INTO keys (id, name, scopes, hash, created, revoked) VALUES (?, ?, ?, ?, ?, ?)",
		k.ID, k.Name, int64(k.Scopes), k.Hash[:], k.Created.UnixMilli(), revoked)
	if err != nil {
		return fmt.Errorf("add key %s to store %s: %w", k.ID, db.name, explain(err, db.name))
	}
	return nil
}

// RevokeKey implements store.Keys.
func (db *DB) RevokeKey(ctx context.Context, id string, at time.Time) error {
	res, err := db.write.ExecContext(ctx,
		"UPDATE keys SET revoked = CASE revoked WHEN 0 THEN ? ELSE revoked END WHERE id = ?", at.UnixMilli(), id)
	if err == nil {
		if n, _ := res.RowsAffected(); n == 0 { // SQLite always knows
			err = store.ErrNotFound
		}
	}
	if err != nil {
		return fmt.Errorf("revoke key %s in store %s: %w", id, db.name, explain(err, db.name))
	}
	return nil
}
