package catalog

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"nigh/core"
	"nigh/core/learn"
	"nigh/server/store"
)

// texts are what is made of all items' texts after a start. Reading them takes longer than all else together, and no
// list needs them: the server answers meanwhile. What does need them waits: calls that put or delete items, and
// everything in the background.
type texts struct {
	content   *learn.Content
	published map[core.ItemNum]int64
	// another tells that a record was made by another analyzer: its words would not be found.
	another bool
	dated   []core.ItemNum // items whose records were written before records held when they were published
	unlike  int            // items whose vectors do not count: of another length than the first ones'
	err     error
}

// readTexts takes all texts apart, in as many goroutines as there are processors, and fills the index's other side. It
// changes nothing else of the catalog, and nothing may change the index meanwhile.
func (c *Catalog) readTexts(ctx context.Context) texts {
	records := c.sides.mirror()
	t := texts{content: learn.NewContent(c.analyzer), published: map[core.ItemNum]int64{}}
	const chunk = 1024
	items := make([]store.StoredItem, 0, chunk)
	parsed := make([]learn.Parsed, chunk)
	finish := func() {
		var wg sync.WaitGroup
		workers := runtime.GOMAXPROCS(0)
		for w := range workers {
			wg.Go(func() {
				for i := w; i < len(items); i += workers {
					card := cardOf(&items[i].Item)
					parsed[i] = learn.Parse(c.analyzer, textOf(&items[i].Item, &card))
				}
			})
		}
		wg.Wait()
		for i := range items {
			it := &items[i]
			t.content.Put(it.Num, parsed[i])
			if len(it.Vector) > 0 && !t.content.HasVector(it.Num) {
				t.unlike++
			}
			if at := publishedMillis(&it.Item); at != 0 {
				t.published[it.Num] = at
			}
		}
		items = items[:0]
	}
	err := c.store.EachItem(ctx, func(it store.StoredItem) error {
		if items = append(items, it); len(items) == chunk {
			finish()
		}
		return nil
	})
	if err != nil {
		t.err = fmt.Errorf("read items: %w", err)
		return t
	}
	finish()
	t.content.Reweigh()
	for _, r := range records {
		t.another = t.another || !t.content.Reads(r)
		if r.Published == 0 && t.published[r.Num] != 0 {
			t.dated = append(t.dated, r.Num)
		}
	}
	return t
}

// takeTexts makes what was read the owner's, and carries out what waited for it.
func (c *Catalog) takeTexts(t texts) error {
	o := &c.owner
	held := o.held
	o.held = nil
	if t.err != nil {
		for _, r := range held {
			r.reply <- t.err
		}
		c.settled(t.err)
		return t.err
	}
	o.unread = false
	o.content.Adopt(t.content)
	o.published = t.published
	c.date(t.dated)
	if t.unlike > 0 {
		c.log.Warn("vectors of some items are of another length than the others' and do not count; put these items again",
			"items", t.unlike, "length", o.content.VectorLen())
	}
	if t.another {
		c.log.Info("texts are read otherwise than when this catalog was written; its records are made anew",
			"language", c.policy.Language)
		c.refeature()
	}
	for some := range slices.Chunk(held, maxBatch) {
		c.commit(some)
	}
	return nil
}

// date puts into the records of items when they were published.
func (c *Catalog) date(nums []core.ItemNum) {
	x := c.sides.current()
	var records []*core.Record
	for _, n := range nums {
		r := *x.Get(n) // it was there when the texts were read, and nothing is deleted before they are
		r.Published = max(1, hourOf(time.UnixMilli(c.owner.published[n])))
		records = append(records, &r)
		c.touch(n, true)
	}
	c.makeLive(records)
}

// hold keeps those calls of a batch back that need the texts, and returns the others. Where nobody reads the texts in
// the background, it reads them.
func (c *Catalog) hold(batch []*request) []*request {
	o := &c.owner
	if o.texts == nil {
		if err := c.takeTexts(c.readTexts(context.Background())); err != nil {
			for _, r := range batch {
				r.reply <- err
			}
			return nil
		}
		return batch
	}
	var now []*request
	for _, r := range batch {
		if r.put != nil || r.del != nil {
			o.held = append(o.held, r)
		} else {
			now = append(now, r)
		}
	}
	return now
}
