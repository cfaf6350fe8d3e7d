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
	"nigh/core/wire"
	"nigh/server/store"
)

// load makes everything in memory from the store: texts, index, neighbours, then the events in their order.
func (c *Catalog) load(ctx context.Context) error {
	info, err := c.store.Info(ctx)
	if err != nil {
		return err
	}
	c.epoch = info.Epoch
	o := &c.owner
	*o = owner{
		content: learn.NewContent(c.analyzer),
		seq:     info.LastSeq, num: info.LastNum, row: info.LastRow,
		published: map[core.ItemNum]int64{}, live: map[core.ItemNum]bool{},
		neighbours: map[core.ItemNum]bool{}, waits: map[core.ItemNum]bool{}, related: map[core.ItemNum]bool{},
	}
	o.policy = info.Policy
	o.learner = learn.NewLearner(c.learning).WithTargets(o.content.Holders)
	// Revisions of the learned weights only ever rise, over restarts too: a browser compares them.
	o.learned = uint64(c.now().UnixMilli())
	o.committed = o.learned
	c.feed.seq = o.seq

	if err := c.loadTexts(ctx); err != nil {
		return fmt.Errorf("read items: %w", err)
	}
	if err := c.loadRecords(ctx); err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	if err := c.loadNeighbours(ctx); err != nil {
		return fmt.Errorf("read neighbours: %w", err)
	}
	if err := c.loadEvents(ctx); err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	if c.policy.Version != o.policy && info.Items > 0 {
		c.log.Info("the policy is another than last time; all records are made anew behind what is served")
		c.sides.current().Each(func(r *core.Record) bool {
			o.reweigh(r.Num)
			return true
		})
	}
	c.size.Store(int64(c.sides.current().Len()))
	c.pending.Store(int64(len(o.waiting)))
	return nil
}

// loadTexts takes all texts apart, in as many goroutines as there are processors.
func (c *Catalog) loadTexts(ctx context.Context) error {
	type job struct {
		it     store.StoredItem
		parsed learn.Parsed
	}
	const chunk = 1024
	var jobs []job
	finish := func() {
		var wg sync.WaitGroup
		workers := runtime.GOMAXPROCS(0)
		for w := range workers {
			wg.Go(func() {
				for i := w; i < len(jobs); i += workers {
					card := cardOf(&jobs[i].it.Item)
					jobs[i].parsed = learn.Parse(c.analyzer, textOf(&jobs[i].it.Item, &card))
				}
			})
		}
		wg.Wait()
		for _, j := range jobs {
			c.owner.content.Put(j.it.Num, j.parsed)
			if at := publishedMillis(&j.it.Item); at != 0 {
				c.owner.published[j.it.Num] = at
			}
		}
		jobs = jobs[:0]
	}
	err := c.store.EachItem(ctx, func(it store.StoredItem) error {
		if jobs = append(jobs, job{it: it}); len(jobs) == chunk {
			finish()
		}
		return nil
	})
	finish()
	c.owner.content.Reweigh()
	return err
}

func (c *Catalog) loadRecords(ctx context.Context) error {
	var records []*core.Record
	var dated []core.ItemNum
	another := false
	err := c.store.EachRecord(ctx, 0, func(r store.StoredRecord) error {
		if r.Deleted {
			return nil
		}
		rec, err := wire.ReadRecord(r.Record)
		if err != nil {
			return fmt.Errorf("record of item %q: %w; restore a backup, or import the items into a new folder", r.ID, err)
		}
		if at := c.owner.published[rec.Num]; at != 0 && rec.Published == 0 { // written before records held it
			rec.Published = max(1, hourOf(time.UnixMilli(at)))
			dated = append(dated, rec.Num)
		}
		records = append(records, rec)
		another = another || !c.owner.content.Reads(rec)
		return nil
	})
	if err != nil {
		return err
	}
	c.sides.write(c.version(), func(x *core.Index) {
		for _, r := range records {
			x.Put(r)
		}
	})
	for _, n := range dated {
		c.touch(n, true)
	}
	if another {
		c.log.Info("texts are read otherwise than when this catalog was written; its records are made anew",
			"language", c.policy.Language)
		c.refeature()
	}
	return nil
}

func (c *Catalog) loadNeighbours(ctx context.Context) error {
	have := map[core.ItemNum]bool{}
	err := c.store.EachNeighbours(ctx, func(n core.ItemNum, data []byte) error {
		ns, err := learn.DecodeNeighbours(data)
		if err != nil {
			return fmt.Errorf("item number %d: %w", n, err)
		}
		c.owner.content.Restore(n, ns)
		have[n] = len(ns) > 0 // a text that was put wipes what was found for the former one
		return nil
	})
	for _, n := range c.owner.content.Nums() {
		if !have[n] { // added just before the last process ended
			c.owner.wait(n)
		}
	}
	return err
}

// loadEvents replays what happened. Each reader's history goes through the same hands as when the events came; it is not
// kept, readers are read from the store when they are there again.
func (c *Catalog) loadEvents(ctx context.Context) error {
	all := map[string]reader{}
	x := c.sides.current()
	err := c.store.EachEvent(ctx, 0, func(e store.StoredEvent) error {
		if x.Get(e.Num) == nil {
			c.owner.learner.Forget(e.Num) // deleted since; its evidence is left out
		}
		r := all[e.User]
		if k, ok := c.policy.Kind(e.Kind); ok {
			c.owner.learner.Observe(r.history, e.Num, k.Strength(e.ValueMilli), e.AtMillis)
		}
		if e.AtMillis >= r.lastAt {
			all[e.User] = r.after(e, c.policy)
			return nil
		}
		past, err := c.store.UserEvents(ctx, e.User, readEvents)
		if err != nil {
			return err
		}
		slices.Reverse(past)
		past = slices.DeleteFunc(past, func(other store.StoredEvent) bool { return other.Row > e.Row })
		all[e.User] = replay(past, nil, c.policy)
		return nil
	})
	return err
}
