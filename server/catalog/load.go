package catalog

import (
	"context"
	"fmt"
	"slices"

	"nigh/core"
	"nigh/core/learn"
	"nigh/core/wire"
	"nigh/server/store"
)

// load makes what answers need from the store: the index, of which one side is filled, neighbours, then the events in
// their order. The rest is readTexts'.
func (c *Catalog) load(ctx context.Context) error {
	info, err := c.store.Info(ctx)
	if err != nil {
		return err
	}
	c.epoch = info.Epoch
	o := &c.owner
	*o = owner{
		content: learn.NewContent(c.analyzer), unread: info.Items > 0,
		seq: info.LastSeq, num: info.LastNum, row: info.LastRow,
		published: map[core.ItemNum]int64{}, live: map[core.ItemNum]bool{},
		neighbours: map[core.ItemNum]bool{}, waits: map[core.ItemNum]bool{}, related: map[core.ItemNum]bool{},
	}
	o.policy = info.Policy
	o.learner = learn.NewLearner(c.learning).WithTargets(o.content.Holders)
	// Revisions of the learned weights only ever rise, over restarts too: a browser compares them.
	o.learned = uint64(c.now().UnixMilli())
	o.committed = o.learned
	c.feed.seq = o.seq

	err = c.sides.fill(c.version(), func(put func([]*core.Record)) error {
		if err := c.loadRecords(ctx, put); err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		if err := c.loadNeighbours(ctx); err != nil {
			return fmt.Errorf("read neighbours: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
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

// fillPortion is how many records are read before the index gets them.
const fillPortion = 1024

func (c *Catalog) loadRecords(ctx context.Context, put func([]*core.Record)) error {
	portion := make([]*core.Record, 0, fillPortion)
	err := c.store.EachRecord(ctx, 0, func(r store.StoredRecord) error {
		if r.Deleted {
			return nil
		}
		rec, err := wire.ReadRecord(r.Record)
		if err != nil {
			return fmt.Errorf("record of item %q: %w; restore a backup, or import the items into a new folder", r.ID, err)
		}
		c.owner.content.Expect(rec.Num)
		if portion = append(portion, rec); len(portion) == fillPortion {
			put(portion)
			portion = make([]*core.Record, 0, fillPortion)
		}
		return nil
	})
	put(portion)
	return err
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
	past := pastReaders{most: c.limits.past}
	x := c.sides.current()
	err := c.store.EachEvent(ctx, 0, func(e store.StoredEvent) error {
		if x.Get(e.Num) == nil {
			c.owner.learner.Forget(e.Num) // deleted since; its evidence is left out
		}
		upTo := func(row int64) (reader, error) {
			events, err := c.store.UserEvents(ctx, e.User, row, readEvents)
			slices.Reverse(events)
			return replay(events, nil, c.policy), err
		}
		r, known := past.get(e.User)
		if !known {
			var err error
			if r, err = upTo(e.Row - 1); err != nil {
				return err
			}
		}
		if k, ok := c.policy.Kind(e.Kind); ok {
			c.owner.learner.Observe(r.history, e.Num, k.Strength(e.ValueMilli), e.AtMillis)
		}
		if e.AtMillis >= r.lastAt {
			r = r.after(e, c.policy)
		} else {
			var err error
			if r, err = upTo(e.Row); err != nil {
				return err
			}
		}
		past.set(e.User, r)
		return nil
	})
	return err
}

// pastReaders are the readers of a replay, those of late: when the young ones have most visits together they become the
// old ones, and the old ones are dropped.
type pastReaders struct {
	young, old map[string]reader
	visits     int // of the young ones
	most       int
	dropped    bool // some reader was: one that is not here may be known to the store
}

// perReader is about what a reader takes besides visits, in visits.
const perReader = 8

// get returns a reader; known tells that it is all that there is of them.
func (p *pastReaders) get(user string) (r reader, known bool) {
	if r, ok := p.young[user]; ok {
		return r, true
	}
	r, ok := p.old[user]
	return r, ok || !p.dropped
}

func (p *pastReaders) set(user string, r reader) {
	if was, ok := p.young[user]; ok {
		p.visits -= len(was.history) + perReader
	} else if p.young == nil || p.visits > p.most {
		p.dropped = p.dropped || len(p.old) > 0
		p.young, p.old, p.visits = map[string]reader{}, p.young, 0
	}
	p.young[user] = r
	p.visits += len(r.history) + perReader
}
