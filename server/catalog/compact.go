package catalog

import (
	"context"
	"slices"

	"nigh/server/store"
)

// compact drops the older half of tombstones and moves when there are too many. Whoever stands before the horizon that it
// leaves gets snapshots.
func (c *Catalog) compact() {
	book := &c.owner.shelving
	if len(book.gone) <= c.limits.tombstones {
		return
	}
	horizon := book.gone[len(book.gone)/2].seq
	if err := c.store.Commit(context.Background(), store.Batch{Horizon: horizon}); err != nil {
		c.log.Error("old tombstones could not be dropped; it is tried again", "error", err)
		return
	}
	book.gone = slices.Clone(since(book.gone, horizon))
	l := *book.layout
	l.horizon = horizon
	book.layout = &l
	c.feed.mu.Lock()
	defer c.feed.mu.Unlock()
	c.feed.layout = &l
}
