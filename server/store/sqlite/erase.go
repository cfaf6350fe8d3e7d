package sqlite

import (
	"database/sql"
	"fmt"

	"nigh/server/store"
)

// erase takes out all of some readers.
func (c *commitment) erase(users []string) error {
	for _, name := range users {
		if err := c.eraseUser(name); err != nil {
			return fmt.Errorf("erase user %q: %w", name, err)
		}
	}
	return nil
}

func (c *commitment) eraseUser(name string) error {
	// Clients hold the name itself: there may be some of a reader who never did anything.
	if _, err := c.tx.Stmt(c.w.eraseClients).Exec(name); err != nil {
		return err
	}
	var id int64
	if err := c.tx.Stmt(c.w.user).QueryRow(name).Scan(&id); err == sql.ErrNoRows {
		return nil
	} else if err != nil {
		return err
	}
	for _, stmt := range []*sql.Stmt{c.w.eraseKeys, c.w.eraseEvents, c.w.erasePreferences, c.w.eraseUser} {
		res, err := c.tx.Stmt(stmt).Exec(id)
		if err != nil {
			return err
		}
		if stmt == c.w.eraseEvents {
			gone, _ := res.RowsAffected() // SQLite always knows
			c.info.Events -= gone
		}
	}
	c.users.forget(name)
	return nil
}

// merge gives the events of some readers to others.
func (c *commitment) merge(merges []store.Merge) error {
	for _, m := range merges {
		if err := c.mergeUser(m); err != nil {
			return fmt.Errorf("merge user %q into %q: %w", m.From, m.Into, err)
		}
	}
	return nil
}

func (c *commitment) mergeUser(m store.Merge) error {
	var from int64
	if err := c.tx.Stmt(c.w.user).QueryRow(m.From).Scan(&from); err == sql.ErrNoRows || m.From == m.Into {
		return nil
	} else if err != nil {
		return err
	}
	into, err := c.users.id(m.Into)
	if err != nil {
		return err
	}
	if _, err := c.tx.Stmt(c.w.mergeEvents).Exec(into, from); err != nil {
		return err
	}
	for _, stmt := range []*sql.Stmt{c.w.erasePreferences, c.w.eraseUser} {
		if _, err := c.tx.Stmt(stmt).Exec(from); err != nil {
			return err
		}
	}
	c.users.forget(m.From)
	return nil
}
