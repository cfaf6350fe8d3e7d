package sqlite

import (
	"database/sql"
	"fmt"
	"maps"
	"strings"

	"nigh/server/store"
)

// bulkRows is how many rows one statement inserts: calling a statement costs about as much as inserting two rows.
const bulkRows = 16

func insertEvents(rows int) string {
	return "INSERT INTO events (row, num, user, kind, value, at) VALUES (?, ?, ?, ?, ?, ?)" +
		strings.Repeat(", (?, ?, ?, ?, ?, ?)", rows-1)
}

func insertKeys(rows int) string {
	return "INSERT INTO event_keys (key, row) VALUES (?, ?)" + strings.Repeat(", (?, ?)", rows-1)
}

// appender inserts rows, bulkRows at a time.
type appender struct {
	one, many *sql.Stmt
	columns   int
	args      []any // of rows that wait
}

func (a *appender) add(row ...any) error {
	a.args = append(a.args, row...)
	if len(a.args) < a.columns*bulkRows {
		return nil
	}
	_, err := a.many.Exec(a.args...)
	a.args = a.args[:0]
	return err
}

// flush inserts what waits.
func (a *appender) flush() error {
	for ; len(a.args) > 0; a.args = a.args[a.columns:] {
		if _, err := a.one.Exec(a.args[:a.columns]...); err != nil {
			return err
		}
	}
	return nil
}

func (c *commitment) addEvents(events []store.NewEvent) error {
	if len(events) == 0 {
		return nil
	}
	rows := appender{one: c.tx.Stmt(c.w.addEvent), many: c.tx.Stmt(c.w.addEvents), columns: 6}
	keys := appender{one: c.tx.Stmt(c.w.addKey), many: c.tx.Stmt(c.w.addKeys), columns: 2}
	for i := range events {
		e := &events[i]
		user, err := c.users.id(e.User)
		if err != nil {
			return fmt.Errorf("write user %q: %w", e.User, err)
		}
		kind, err := c.kinds.id(e.Kind)
		if err != nil {
			return fmt.Errorf("write kind %q: %w", e.Kind, err)
		}
		c.info.LastRow++
		c.info.Events++
		if err := rows.add(c.info.LastRow, int64(e.Num), user, kind, e.ValueMilli, e.AtMillis); err != nil {
			return fmt.Errorf("write events: %w", err)
		}
		if e.Key == "" {
			continue
		}
		if err := keys.add(e.Key, c.info.LastRow); err != nil {
			return fmt.Errorf("write idempotency keys: %w", err)
		}
	}
	if err := rows.flush(); err != nil {
		return fmt.Errorf("write events: %w", err)
	}
	if err := keys.flush(); err != nil {
		return fmt.Errorf("write idempotency keys: %w", err)
	}
	return nil
}

// maxKnown bounds what a dictionary remembers between commits, in names: some 2 MB of users.
const maxKnown = 16 << 10

// dictionary is a table of names: users and kinds are written once and are numbers in every event.
type dictionary struct {
	find, insert *sql.Stmt
	known        map[string]int64 // rows that are committed; not changed during a commit
	fresh        map[string]int64 // found or inserted by this commit: not to be believed if it fails
	gone         map[string]bool  // deleted by this commit: no longer known
}

// forget is told of a name whose row was deleted.
func (d *dictionary) forget(name string) {
	if d.gone == nil {
		d.gone = make(map[string]bool)
	}
	d.gone[name] = true
	delete(d.fresh, name)
}

func (d *dictionary) id(name string) (int64, error) {
	if id, ok := d.known[name]; ok && !d.gone[name] {
		return id, nil
	}
	if id, ok := d.fresh[name]; ok {
		return id, nil
	}
	var id int64
	err := d.find.QueryRow(name).Scan(&id)
	if err == sql.ErrNoRows {
		var res sql.Result
		if res, err = d.insert.Exec(name); err == nil {
			id, err = res.LastInsertId()
		}
	}
	if err != nil {
		return 0, err
	}
	if d.fresh == nil {
		d.fresh = make(map[string]int64)
	}
	d.fresh[name] = id
	return id, nil
}

// remember returns what is known after a successful commit. It starts anew when it grew too large: what is in use
// comes back with the next batch.
func (d *dictionary) remember() map[string]int64 {
	for name := range d.gone {
		delete(d.known, name)
	}
	if d.known == nil || len(d.known)+len(d.fresh) > maxKnown {
		if len(d.fresh) > maxKnown {
			return nil
		}
		return d.fresh
	}
	maps.Copy(d.known, d.fresh)
	return d.known
}
