package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// writeStatements are prepared once, for the one connection that writes.
type writeStatements struct {
	insertItem, updateItem, deleteItem, deleteRecord, deleteNeighbours *sql.Stmt
	putRecord, putNeighbours                                           *sql.Stmt
	user, addUser, kind, addKind                                       *sql.Stmt
	addEvent, addKey, addEvents, addKeys                               *sql.Stmt // the latter two: bulkRows rows
	putPreference, deletePreference                                    *sql.Stmt
	client, putClient                                                  *sql.Stmt
	eraseKeys, eraseEvents, erasePreferences, eraseClients, eraseUser  *sql.Stmt
	mergeEvents                                                        *sql.Stmt
	meta, putMeta                                                      *sql.Stmt
}

// readStatements are prepared on each reading connection when it first needs them.
type readStatements struct {
	info, item, items, eachItem, eachRecord, eachNeighbours, eachEvent *sql.Stmt
	userEvents, preferences, client, key                               *sql.Stmt
}

const selectMeta = "SELECT epoch, last_seq, last_num, last_row, items, events, policy FROM meta"

const selectEvents = `SELECT e.row, e.num, u.name, k.name, e.value, e.at
	FROM events e CROSS JOIN users u ON u.id = e.user CROSS JOIN kinds k ON k.id = e.kind `

// statement is one of the statements above with its text.
type statement struct {
	pool *sql.DB
	stmt **sql.Stmt
	text string
}

func (db *DB) statements() []statement {
	w, r := &db.w, &db.r
	return []statement{
		{db.write, &w.insertItem, "INSERT INTO items (id, item, vector, num) VALUES (?, ?, ?, ?)"},
		{db.write, &w.updateItem, "UPDATE items SET id = ?, item = ?, vector = ? WHERE num = ?"},
		{db.write, &w.deleteItem, "DELETE FROM items WHERE num = ?"},
		{db.write, &w.deleteRecord, "DELETE FROM records WHERE num = ?"},
		{db.write, &w.deleteNeighbours, "DELETE FROM neighbours WHERE num = ?"},
		{db.write, &w.putRecord, `INSERT INTO records (num, seq, id, deleted, record) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (num) DO UPDATE SET
			seq = excluded.seq, id = excluded.id, deleted = excluded.deleted, record = excluded.record`},
		{db.write, &w.putNeighbours, `INSERT INTO neighbours (num, data)
			SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM items WHERE num = ?1)
			ON CONFLICT (num) DO UPDATE SET data = excluded.data`},
		{db.write, &w.user, "SELECT id FROM users WHERE name = ?"},
		{db.write, &w.addUser, "INSERT INTO users (name) VALUES (?)"},
		{db.write, &w.kind, "SELECT id FROM kinds WHERE name = ?"},
		{db.write, &w.addKind, "INSERT INTO kinds (name) VALUES (?)"},
		{db.write, &w.addEvent, insertEvents(1)},
		{db.write, &w.addEvents, insertEvents(bulkRows)},
		{db.write, &w.addKey, insertKeys(1)},
		{db.write, &w.addKeys, insertKeys(bulkRows)},
		{db.write, &w.putPreference, `INSERT INTO preferences (user, kind, key, weight) VALUES (?, ?, ?, ?)
			ON CONFLICT (user, kind, key) DO UPDATE SET weight = excluded.weight`},
		{db.write, &w.deletePreference, "DELETE FROM preferences WHERE user = ? AND kind = ? AND key = ?"},
		{db.write, &w.client, "SELECT last_op FROM clients WHERE id = ?"},
		{db.write, &w.putClient, `INSERT INTO clients (id, user, last_op) VALUES (?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET user = excluded.user, last_op = excluded.last_op`},
		{db.write, &w.eraseKeys, "DELETE FROM event_keys WHERE row IN (SELECT row FROM events WHERE user = ?)"},
		{db.write, &w.eraseEvents, "DELETE FROM events WHERE user = ?"},
		{db.write, &w.erasePreferences, "DELETE FROM preferences WHERE user = ?"},
		{db.write, &w.eraseClients, "DELETE FROM clients WHERE user = ?"},
		{db.write, &w.mergeEvents, "UPDATE events SET user = ? WHERE user = ?"},
		{db.write, &w.eraseUser, "DELETE FROM users WHERE id = ?"},
		{db.write, &w.meta, selectMeta},
		{db.write, &w.putMeta, "UPDATE meta SET last_seq = ?, last_num = ?, last_row = ?, items = ?, events = ?, policy = ?"},

		{db.read, &r.info, selectMeta},
		{db.read, &r.item, "SELECT num, id, item, vector FROM items WHERE id = ?"},
		{db.read, &r.items, "SELECT num, id, item, vector FROM items WHERE id > ? ORDER BY id LIMIT ?"},
		{db.read, &r.eachItem, "SELECT num, id, item, vector FROM items ORDER BY num"},
		{db.read, &r.eachRecord, "SELECT seq, num, id, deleted, record FROM records WHERE seq > ? ORDER BY seq, num"},
		{db.read, &r.eachNeighbours, "SELECT num, data FROM neighbours ORDER BY num"},
		{db.read, &r.eachEvent, selectEvents + "WHERE e.row > ? ORDER BY e.row"},
		{db.read, &r.userEvents, selectEvents + `WHERE e.user = (SELECT id FROM users WHERE name = ?) AND e.row <= ?
			ORDER BY e.at DESC, e.row DESC LIMIT ?`},
		{db.read, &r.preferences, `SELECT kind, key, weight FROM preferences
			WHERE user = (SELECT id FROM users WHERE name = ?) ORDER BY kind, key`},
		{db.read, &r.client, "SELECT user, last_op FROM clients WHERE id = ?"},
		{db.read, &r.key, "SELECT 1 FROM event_keys WHERE key = ?"},
	}
}

func (db *DB) prepare(ctx context.Context) error {
	for _, s := range db.statements() {
		stmt, err := s.pool.PrepareContext(ctx, s.text)
		if err != nil {
			return fmt.Errorf("prepare %q: %w", s.text, explain(err, db.name))
		}
		*s.stmt = stmt
	}
	return nil
}
