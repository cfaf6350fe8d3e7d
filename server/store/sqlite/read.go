package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"nigh/core"
	"nigh/server/store"
)

// Info returns the store's counters as of the last commit.
func (db *DB) Info(ctx context.Context) (store.Info, error) {
	info, err := scanInfo(db.r.info.QueryRowContext(ctx))
	if err != nil {
		return store.Info{}, db.reading("read counters", err)
	}
	return info, nil
}

func scanInfo(row *sql.Row) (info store.Info, err error) {
	var epoch, seq, num, policy, horizon int64
	err = row.Scan(&epoch, &seq, &num, &info.LastRow, &info.Items, &info.Events, &policy, &horizon)
	info.Policy, info.Horizon = uint64(policy), store.Seq(horizon)
	info.Epoch, info.LastSeq, info.LastNum = uint64(epoch), store.Seq(seq), core.ItemNum(num)
	return info, err
}

// Item returns an item, or store.ErrNotFound.
func (db *DB) Item(ctx context.Context, id string) (store.StoredItem, error) {
	rows, err := db.r.item.QueryContext(ctx, id)
	items, err := collect(rows, err, scanItem)
	if err != nil {
		return store.StoredItem{}, db.reading(fmt.Sprintf("read item %q", id), err)
	}
	if len(items) == 0 {
		return store.StoredItem{}, fmt.Errorf("item %q: %w", id, store.ErrNotFound)
	}
	return items[0], nil
}

// Items returns up to limit items whose id is above after, ascending by id.
func (db *DB) Items(ctx context.Context, after string, limit int) ([]store.StoredItem, error) {
	if limit <= 0 {
		return nil, nil // SQLite would read a negative limit as none
	}
	rows, err := db.r.items.QueryContext(ctx, after, limit)
	items, err := collect(rows, err, scanItem)
	if err != nil {
		return nil, db.reading("list items", err)
	}
	return items, nil
}

// EachItem calls f with every item, ascending by number.
func (db *DB) EachItem(ctx context.Context, f func(store.StoredItem) error) error {
	rows, err := db.r.eachItem.QueryContext(ctx)
	return each(db, "read items", rows, err, scanItem, f)
}

// EachRecord calls f with every record and tombstone whose seq is above since, ascending by seq, then number.
func (db *DB) EachRecord(ctx context.Context, since store.Seq, f func(store.StoredRecord) error) error {
	if since > maxSeq {
		return nil
	}
	rows, err := db.r.eachRecord.QueryContext(ctx, int64(since))
	return each(db, "read records", rows, err, db.scanRecord, f)
}

// EachNeighbours calls f with what Batch.Neighbours last gave every item, ascending by number.
func (db *DB) EachNeighbours(ctx context.Context, f func(core.ItemNum, []byte) error) error {
	type neighbours struct {
		num  core.ItemNum
		data []byte
	}
	rows, err := db.r.eachNeighbours.QueryContext(ctx)
	return each(db, "read neighbours", rows, err,
		func(rows *sql.Rows) (n neighbours, err error) {
			var raw sql.RawBytes
			err = rows.Scan(&n.num, &raw)
			n.data = db.keepBytes(raw)
			return n, err
		},
		func(n neighbours) error { return f(n.num, n.data) })
}

func scanItem(rows *sql.Rows) (store.StoredItem, error) {
	var num int64
	var id string
	var item, vector sql.RawBytes
	if err := rows.Scan(&num, &id, &item, &vector); err != nil {
		return store.StoredItem{}, err
	}
	return decodeItem(num, id, item, vector)
}

func (db *DB) scanRecord(rows *sql.Rows) (r store.StoredRecord, err error) {
	var raw sql.RawBytes
	var seq, moved int64
	err = rows.Scan(&seq, &r.Num, &r.ID, &r.Deleted, &raw, &moved)
	r.Seq, r.Moved = store.Seq(seq), store.Seq(moved)
	if !r.Deleted {
		r.Record = db.keepBytes(raw)
	}
	return r, err
}

// keepBytes returns b, which database/sql takes back at the next row: a copy where each calls f later than that.
func (db *DB) keepBytes(b []byte) []byte {
	if db.memory {
		return bytes.Clone(b)
	}
	return b
}

// collect reads all rows.
func collect[T any](rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// each calls f with every row and returns f's error as it is. What it sees is one moment of the store, whatever is
// committed meanwhile. In memory it reads all before it calls f: f may need the one connection.
func each[T any](db *DB, doing string, rows *sql.Rows, err error, scan func(*sql.Rows) (T, error), f func(T) error) error {
	if db.memory {
		all, err := collect(rows, err, scan)
		if err != nil {
			return db.reading(doing, err)
		}
		for _, v := range all {
			if err := f(v); err != nil {
				return err
			}
		}
		return nil
	}
	if err != nil {
		return db.reading(doing, err)
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return db.reading(doing, err)
		}
		if err := f(v); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return db.reading(doing, err)
	}
	return nil
}

// reading wraps an error of a reading method.
func (db *DB) reading(doing string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", doing, store.ErrNotFound)
	}
	return fmt.Errorf("%s in store %s: %w", doing, db.name, explain(err, db.name))
}
