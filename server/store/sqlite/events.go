package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"nigh/core"
	"nigh/server/store"
)

// EachEvent calls f with every event whose row is above since, ascending by row.
func (db *DB) EachEvent(ctx context.Context, since int64, f func(store.StoredEvent) error) error {
	rows, err := db.r.eachEvent.QueryContext(ctx, since)
	return each(db, "read events", rows, err, scanEvent, f)
}

// UserEvents returns the last limit events of a reader by time up to a row, the most recent first, without some kinds.
func (db *DB) UserEvents(ctx context.Context, user string, upTo int64, limit int, without ...string) ([]store.StoredEvent, error) {
	if limit <= 0 {
		return nil, nil
	}
	kinds, err := json.Marshal(append([]string{}, without...)) // never null, which would be one kind of no name
	if err != nil {
		return nil, fmt.Errorf("encode kinds: %w", err)
	}
	rows, err := db.r.userEvents.QueryContext(ctx, user, upTo, string(kinds), limit)
	events, err := collect(rows, err, scanEvent)
	if err != nil {
		return nil, db.reading(fmt.Sprintf("read events of %q", user), err)
	}
	return events, nil
}

func scanEvent(rows *sql.Rows) (e store.StoredEvent, err error) {
	err = rows.Scan(&e.Row, &e.Num, &e.User, &e.Kind, &e.ValueMilli, &e.AtMillis)
	return e, err
}

// Preferences returns a reader's standing wishes, ascending by kind, then key.
func (db *DB) Preferences(ctx context.Context, user string) (core.Preferences, error) {
	rows, err := db.r.preferences.QueryContext(ctx, user)
	ps, err := collect(rows, err, func(rows *sql.Rows) (p core.Preference, err error) {
		err = rows.Scan(&p.Kind, &p.Key, &p.Weight)
		return p, err
	})
	if err != nil {
		return nil, db.reading(fmt.Sprintf("read preferences of %q", user), err)
	}
	return ps, nil
}

// Client returns what is known of a browser, or store.ErrNotFound.
func (db *DB) Client(ctx context.Context, id string) (store.Client, error) {
	var c store.Client
	var last int64
	if err := db.r.client.QueryRowContext(ctx, id).Scan(&c.User, &last); err != nil {
		return store.Client{}, db.reading(fmt.Sprintf("read client %q", id), err)
	}
	c.LastOp = uint64(last)
	return c, nil
}

// KnownKeys returns those of the idempotency keys that are in the store already.
func (db *DB) KnownKeys(ctx context.Context, keys []string) (map[string]bool, error) {
	known := make(map[string]bool)
	if len(keys) == 0 {
		return known, nil
	}
	// One transaction: the answer is that of one moment, and the connection is fetched once.
	tx, err := db.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, db.reading("read keys", err)
	}
	defer tx.Rollback()
	stmt := tx.StmtContext(ctx, db.r.key)
	for _, k := range keys {
		var one int
		switch err := stmt.QueryRowContext(ctx, k).Scan(&one); err {
		case nil:
			known[k] = true
		case sql.ErrNoRows:
		default:
			return nil, db.reading("read keys", err)
		}
	}
	return known, nil
}
