package catalog

import (
	"context"
	"fmt"

	"nigh/core"
	"nigh/core/learn"
	"nigh/core/wire"
	"nigh/server/store"
)

// load makes what answers need from the store: the index, of which one side is filled, and neighbours. The rest is done
// behind what is served: readTexts and relearn.
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
	o.relearnDue, o.learnt = info.Events > 0 && !c.later, info.Events == 0 && !c.later
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
	if c.policy.Version != o.policy && info.Items > 0 {
		c.log.Info("the policy is another than last time, or a reader was erased just before the end; all records are made anew behind what is served")
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
	c.owner.content.Clip()
	for _, n := range c.owner.content.Nums() {
		if !have[n] { // added just before the last process ended
			c.owner.wait(n)
		}
	}
	return err
}
