package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"nigh/core"
	"nigh/server/store"
)

// maxSeq is the highest position that the column holds.
const maxSeq = math.MaxInt64

// Commit writes b durably before it returns; see store.Store.
func (db *DB) Commit(ctx context.Context, b store.Batch) error {
	db.commits.Lock()
	defer db.commits.Unlock()
	if err := db.commit(ctx, b); err != nil {
		return fmt.Errorf("commit to store %s: %w", db.name, explain(err, db.name))
	}
	return nil
}

func (db *DB) commit(ctx context.Context, b store.Batch) error {
	rows, err := encodeItems(b)
	if err != nil {
		return err
	}
	if err := check(b); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// The statements do not watch ctx, which would cost a goroutine each; commitment.apply asks it now and then. So no
	// cancellation can come between SQLite's commit and our knowing of it.
	tx, err := db.write.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	c := commitment{ctx: ctx, tx: tx, w: &db.w}
	c.users = dictionary{find: tx.Stmt(db.w.user), insert: tx.Stmt(db.w.addUser), known: db.users}
	c.kinds = dictionary{find: tx.Stmt(db.w.kind), insert: tx.Stmt(db.w.addKind), known: db.kinds}
	if err := c.apply(b, rows); err != nil {
		tx.Rollback() // its error adds nothing: a connection that cannot roll back is dropped, which rolls back
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	db.users, db.kinds = c.users.remember(), c.kinds.remember()
	if db.checkpointer != nil {
		db.checkpointer.wrote(db.write)
	}
	return nil
}

// encodeItems makes the rows of the items that b leaves in the store, before the transaction begins.
func encodeItems(b store.Batch) ([]itemRow, error) {
	deleted := make(map[core.ItemNum]bool, len(b.Deleted))
	for _, n := range b.Deleted {
		deleted[n] = true
	}
	rows := make([]itemRow, 0, len(b.Items))
	for _, it := range b.Items {
		if it.Num == 0 {
			return nil, fmt.Errorf("item %q has no number", it.ID)
		}
		if deleted[it.Num] {
			continue
		}
		row, err := encodeItem(it)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// check refuses a batch that the columns cannot hold or that would apply an op twice within itself.
func check(b store.Batch) error {
	for _, r := range b.Records {
		if r.Seq > maxSeq || r.Moved > r.Seq || r.Num == 0 {
			return fmt.Errorf("record of %q has number %d and position %d", r.ID, r.Num, r.Seq)
		}
	}
	seen := map[store.Op]bool{}
	op := func(o store.Op) error {
		if o.Client == "" {
			return nil
		}
		if c, ok := b.Clients[o.Client]; !ok || o.Number > c.LastOp {
			return fmt.Errorf("op %d of client %q is not within the client's last op of the batch", o.Number, o.Client)
		}
		if seen[o] {
			return fmt.Errorf("op %d of client %q is in the batch twice", o.Number, o.Client)
		}
		seen[o] = true
		return nil
	}
	for i := range b.Events {
		if err := op(b.Events[i].Op); err != nil {
			return err
		}
	}
	for i := range b.Preferences {
		if err := op(b.Preferences[i].Op); err != nil {
			return err
		}
	}
	return nil
}

// commitment is a batch on its way into the store.
type commitment struct {
	ctx          context.Context
	tx           *sql.Tx
	w            *writeStatements
	info         store.Info
	users, kinds dictionary
}

func (c *commitment) apply(b store.Batch, items []itemRow) (err error) {
	if c.info, err = scanInfo(c.tx.Stmt(c.w.meta).QueryRow()); err != nil {
		return fmt.Errorf("read counters: %w", err)
	}
	for _, step := range []func() error{
		func() error { return c.deleteItems(b.Deleted) }, // first: an id may go to a new number in one batch
		func() error { return c.putItems(items) },
		func() error { return c.putRecords(b.Records) },
		func() error { return c.putNeighbours(b.Neighbours) },
		func() error { return c.erase(b.Erased) },
		func() error { return c.merge(b.Merged) },
		func() error { return c.guardOps(b) },
		func() error { return c.addEvents(b.Events) },
		func() error { return c.setPreferences(b.Preferences) },
		func() error { return c.putClients(b.Clients) },
	} {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		if err := step(); err != nil {
			return err
		}
	}
	if b.Horizon > c.info.Horizon {
		if _, err := c.tx.Stmt(c.w.forget).Exec(int64(b.Horizon)); err != nil {
			return fmt.Errorf("drop tombstones: %w", err)
		}
		c.info.Horizon = b.Horizon
	}
	for _, it := range b.Items {
		c.info.LastNum = max(c.info.LastNum, it.Num)
	}
	i := &c.info
	if b.Policy != 0 {
		i.Policy = b.Policy
	}
	_, err = c.tx.Stmt(c.w.putMeta).Exec(int64(i.LastSeq), int64(i.LastNum), i.LastRow, i.Items, i.Events, int64(i.Policy),
		int64(i.Horizon))
	if err != nil {
		return fmt.Errorf("write counters: %w", err)
	}
	return nil
}

func (c *commitment) deleteItems(nums []core.ItemNum) error {
	if len(nums) == 0 {
		return nil
	}
	item, record, neighbours := c.tx.Stmt(c.w.deleteItem), c.tx.Stmt(c.w.deleteRecord), c.tx.Stmt(c.w.deleteNeighbours)
	for _, n := range nums {
		for _, stmt := range []*sql.Stmt{item, record, neighbours} {
			res, err := stmt.Exec(int64(n))
			if err != nil {
				return fmt.Errorf("delete item %d: %w", n, err)
			}
			if stmt == item {
				gone, _ := res.RowsAffected() // SQLite always knows
				c.info.Items -= int(gone)
			}
		}
	}
	return nil
}

func (c *commitment) putItems(items []itemRow) error {
	if len(items) == 0 {
		return nil
	}
	insert, update := c.tx.Stmt(c.w.insertItem), c.tx.Stmt(c.w.updateItem)
	for _, it := range items {
		if it.num <= c.info.LastNum { // a number above it has no row yet
			res, err := update.Exec(it.id, it.item, it.vector, int64(it.num))
			if err != nil {
				return fmt.Errorf("replace item %q: %w", it.id, err)
			}
			if hit, _ := res.RowsAffected(); hit > 0 {
				continue
			}
		}
		if _, err := insert.Exec(it.id, it.item, it.vector, int64(it.num)); err != nil {
			return fmt.Errorf("insert item %q: %w", it.id, err)
		}
		c.info.Items++
		c.info.LastNum = max(c.info.LastNum, it.num)
	}
	return nil
}

func (c *commitment) putRecords(records []store.StoredRecord) error {
	if len(records) == 0 {
		return nil
	}
	put := c.tx.Stmt(c.w.putRecord)
	for _, r := range records {
		data := r.Record
		if r.Deleted {
			data = nil
		} else if data == nil {
			data = []byte{}
		}
		if _, err := put.Exec(int64(r.Num), int64(r.Seq), r.ID, r.Deleted, data, int64(r.Moved)); err != nil {
			return fmt.Errorf("write record of %q: %w", r.ID, err)
		}
		c.info.LastSeq = max(c.info.LastSeq, r.Seq)
	}
	return nil
}

func (c *commitment) putNeighbours(neighbours map[core.ItemNum][]byte) error {
	if len(neighbours) == 0 {
		return nil
	}
	put, remove := c.tx.Stmt(c.w.putNeighbours), c.tx.Stmt(c.w.deleteNeighbours)
	for n, data := range neighbours {
		var err error
		if len(data) == 0 {
			_, err = remove.Exec(int64(n))
		} else {
			_, err = put.Exec(int64(n), data)
		}
		if err != nil {
			return fmt.Errorf("write neighbours of item %d: %w", n, err)
		}
	}
	return nil
}

func (c *commitment) setPreferences(changes []store.PreferenceChange) error {
	if len(changes) == 0 {
		return nil
	}
	put, remove := c.tx.Stmt(c.w.putPreference), c.tx.Stmt(c.w.deletePreference)
	for _, ch := range changes {
		user, err := c.users.id(ch.User)
		if err != nil {
			return fmt.Errorf("write user %q: %w", ch.User, err)
		}
		p := ch.Preference
		if p.Weight == 0 {
			_, err = remove.Exec(user, int64(p.Kind), p.Key)
		} else {
			_, err = put.Exec(user, int64(p.Kind), p.Key, int64(p.Weight))
		}
		if err != nil {
			return fmt.Errorf("write preference of %q: %w", ch.User, err)
		}
	}
	return nil
}

// guardOps refuses ops that the store has applied before, and a client's last op that would fall: it is the last
// guard of exactly-once. As last ops only rise, and no op above its batch's last op comes in, each (client, number)
// gets in at most once, without a row for each.
func (c *commitment) guardOps(b store.Batch) error {
	if len(b.Clients) == 0 {
		return nil
	}
	stmt := c.tx.Stmt(c.w.client)
	last := make(map[string]uint64, len(b.Clients))
	for id, client := range b.Clients {
		var op int64
		if err := stmt.QueryRow(id).Scan(&op); err != nil && err != sql.ErrNoRows {
			return fmt.Errorf("read client %q: %w", id, err)
		}
		if last[id] = uint64(op); client.LastOp < last[id] {
			return fmt.Errorf("last op of client %q would fall from %d to %d", id, last[id], client.LastOp)
		}
	}
	applied := func(o store.Op) error {
		if o.Client != "" && o.Number <= last[o.Client] {
			return fmt.Errorf("op %d of client %q was applied before: its last op is %d", o.Number, o.Client, last[o.Client])
		}
		return nil
	}
	for i := range b.Events {
		if err := applied(b.Events[i].Op); err != nil {
			return err
		}
	}
	for i := range b.Preferences {
		if err := applied(b.Preferences[i].Op); err != nil {
			return err
		}
	}
	return nil
}

func (c *commitment) putClients(clients map[string]store.Client) error {
	if len(clients) == 0 {
		return nil
	}
	put := c.tx.Stmt(c.w.putClient)
	for id, client := range clients {
		if _, err := put.Exec(id, client.User, int64(client.LastOp)); err != nil {
			return fmt.Errorf("write client %q: %w", id, err)
		}
	}
	return nil
}
