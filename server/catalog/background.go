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

// quiet is how long an import must pause before its items are put in relation to each other: while it goes on, most of
// that work would be done again. A few items are related at once.
const (
	quiet    = 200 * time.Millisecond
	patience = 2 * time.Minute // a stream of changes that never pauses is no import: its items are related all the same
	fewItems = 64
)

// Bounds of one step in the background: calls are served in between. A step ends when stepTime is over or a call waits,
// whatever is left of it; it is looked at after every stepItems.
const (
	learnStep = 128 // items whose weights are calculated
	findStep  = 64  // items whose neighbours are found
	fineStep  = 16  // items that are refined
	stepItems = 8
	stepTime  = time.Millisecond
	// flushSoon changed records are committed without waiting for their time. While readers do something, flushBusy are
	// at once, which takes a millisecond; else limits.flush, which takes five.
	flushSoon = 16384
	flushBusy = 32
	busyFor   = 100 * time.Millisecond
)

// behind is how many items may wait for new weights before a step no longer ends for a call.
const behind = 1024

// step calls do for at most so many items, a few at a time, until its time is over or nothing is left.
func (c *Catalog) step(most int, left func() int, do func(n int)) {
	start := c.now()
	for done := 0; done < most && left() > 0; done += stepItems {
		if done > 0 && (c.now().Sub(start) > stepTime || len(c.queue) > 0 && left() < behind) {
			return
		}
		do(min(stepItems, left()))
	}
}

// refineShare is the part of one processor that refinement may take while readers wait for answers.
const refineShare = 4

// refine refines the next items, and then leaves the processor to others for some time.
func (c *Catalog) refine() {
	o := &c.owner
	start := c.now()
	c.step(fineStep, o.learner.Stale, func(n int) { o.learner.Refine(n, o.content.Neighbours, hoursOf(start)) })
	end := c.now()
	o.refineAt = end.Add((refineShare - 1) * end.Sub(start))
}

// background does one step of what is due.
func (c *Catalog) background() {
	o := &c.owner
	if c.untilRelearnt() == 0 {
		c.relearn()
	}
	if o.unread {
		return
	}
	if t, due := c.pick(); due {
		c.do(t)
	}
	if c.idle() && len(o.live)+len(o.neighbours) == 0 {
		if o.policy != c.policy.Version && (len(o.settling) > 0 || c.now().Sub(o.policyTried) >= c.flush) {
			c.notePolicy()
		}
		if o.loose {
			o.loose = false
			o.learner.Clip()
			c.sides.write(c.version(), (*core.Index).Compact) // lists that grew one by one leave a third of them empty
		}
		c.settled(nil)
	}
	c.pending.Store(int64(len(o.waiting)))
}

// notePolicy tells the store that every record is of the present policy: until it holds that, each start makes all of
// them anew.
func (c *Catalog) notePolicy() {
	o := &c.owner
	if err := c.store.Commit(context.Background(), store.Batch{Policy: c.policy.Version}); err != nil {
		o.policyTried = c.now()
		c.log.Error("the policy's version could not be committed; it is tried again", "error", err)
		return
	}
	o.policy = c.policy.Version
}

func (c *Catalog) settled(err error) {
	for _, r := range c.owner.settling {
		r.reply <- err
	}
	c.owner.settling = nil
}

// flushable is how many changes a flush would commit: until all is learnt, neighbours wait for the weights that come of
// them.
func (o *owner) flushable() int {
	if !o.learnt {
		return len(o.live)
	}
	return len(o.live) + len(o.neighbours)
}

// touch notes that an item's record changed live; features tells that more than its weights did.
func (c *Catalog) touch(n core.ItemNum, features bool) {
	o := &c.owner
	if len(o.live)+len(o.neighbours) == 0 {
		o.liveSince = c.now()
	}
	o.live[n] = o.live[n] || features
}

// neighboursOf notes that an item's neighbours changed.
func (c *Catalog) neighboursOf(n core.ItemNum) {
	o := &c.owner
	if len(o.live)+len(o.neighbours) == 0 {
		o.liveSince = c.now()
	}
	o.neighbours[n] = true
	o.learner.Relate(n)
	o.reweigh(n)
}

// reweigh puts an item into the queue for new weights.
func (o *owner) reweigh(n core.ItemNum) {
	if !o.related[n] {
		o.related[n] = true
		o.changed = append(o.changed, n)
	}
}

// wait puts an item into the queue for neighbours.
func (o *owner) wait(n core.ItemNum) {
	if !o.waits[n] {
		o.waits[n] = true
		o.waiting = append(o.waiting, n)
	}
}

// learn makes live what events taught.
func (c *Catalog) learn() {
	l := c.owner.learner
	c.step(learnStep, l.Dirty, func(n int) { c.recalculate(l.TakeDirty(n)) })
}

// recalculate makes the weights of items anew, and live.
func (c *Catalog) recalculate(due []core.ItemNum) {
	o := &c.owner
	x, hour := c.sides.current(), hoursOf(c.now())
	var records []*core.Record
	for _, n := range due {
		delete(o.related, n)
		old := x.Get(n)
		if old == nil {
			continue // events outlive their items
		}
		w := o.learner.Weights(n, o.content.Neighbours(n), o.published[n], hour)
		if !old.Same(w) {
			records = append(records, old.With(w))
			c.touch(n, false)
		} else {
			o.learner.Hold(n, old.Edges)
		}
	}
	c.makeLive(records)
}

// makeLive puts records into the index, before they are committed.
func (c *Catalog) makeLive(records []*core.Record) {
	if len(records) == 0 {
		return
	}
	c.owner.learned++
	began := c.begin()
	c.sides.write(c.version(), func(x *core.Index) {
		for _, r := range records {
			x.Put(r)
		}
	})
	c.took(PartPublish, began)
	c.watches.signal(true, nil)
}

// relate finds the neighbours of the next items that wait for theirs.
func (c *Catalog) relate() {
	if c.owner.content.Stale() {
		c.refeature()
	}
	c.step(findStep, func() int { return len(c.owner.waiting) }, c.relateNext)
}

// relateNext finds the neighbours of the next items: of n, or of as many as do not take long where there are many vectors.
func (c *Catalog) relateNext(n int) {
	o := &c.owner
	n = min(n, max(o.content.Portion(), runtime.GOMAXPROCS(0)))
	step := o.waiting[:n]
	found := make([][]learn.Neighbour, n)
	if o.finders == nil {
		o.finders = make([]learn.Finder, runtime.GOMAXPROCS(0))
	}
	var wg sync.WaitGroup
	for f := range o.finders { // the content does not change meanwhile: its only writer waits here
		wg.Go(func() {
			for i := f; i < n; i += len(o.finders) {
				found[i] = o.content.Find(&o.finders[f], step[i])
			}
		})
	}
	wg.Wait()
	for i, item := range step {
		delete(o.waits, item)
		for _, m := range o.content.SetNeighbours(item, asStored(found[i])) {
			c.neighboursOf(m)
		}
	}
	if o.waiting = o.waiting[n:]; len(o.waiting) == 0 {
		o.waiting = nil
		if o.content.Stale() { // growth that no neighbour search was due for
			c.refeature()
		}
	}
}

// asStored rounds as the store does, so that a restart calculates the very same weights.
func asStored(ns []learn.Neighbour) []learn.Neighbour {
	out, err := learn.DecodeNeighbours(learn.EncodeNeighbours(ns))
	if err != nil {
		return ns // what was just encoded can be decoded
	}
	return out
}

// refeature weighs all texts anew, as the catalog is now, and lets all neighbours be found again.
func (c *Catalog) refeature() {
	o := &c.owner
	o.content.Reweigh()
	x := c.sides.current()
	var records []*core.Record
	for _, n := range o.content.Nums() {
		o.wait(n)
		old := x.Get(n)
		if old == nil {
			continue
		}
		if f := o.content.Features(n); !slices.Equal(f, old.Features) {
			r := *old
			r.Features = f
			records = append(records, &r)
			c.touch(n, true)
		}
	}
	c.makeLive(records)
}

// flushRecords commits what became live since the last time, and tells subscribers. On an error what was not committed
// stays noted. An item's neighbours are committed together with the weights that come of them: a restart finds work to
// do for an item that has no neighbours in the store, and for no other.
func (c *Catalog) flushRecords(ctx context.Context) error {
	c.owner.flushing = c.unflushed()
	for len(c.owner.flushing) > 0 {
		if err := c.flushNext(ctx); err != nil {
			return err
		}
	}
	return nil
}

// flushNext commits the next portion of a flush: no call waits for more than one.
func (c *Catalog) flushNext(ctx context.Context) error {
	o := &c.owner
	n := min(len(o.flushing), c.limits.flush)
	if c.now().Sub(o.lastCall) < busyFor {
		n = min(n, flushBusy)
	}
	portion := o.flushing[:n]
	if o.flushing = o.flushing[n:]; len(o.flushing) == 0 {
		o.flushing = nil
		o.liveSince = c.now() // of what became live meanwhile
	}
	x := c.sides.current()
	portion = slices.DeleteFunc(portion, func(n core.ItemNum) bool {
		gone := x.Get(n) == nil
		if gone {
			delete(o.live, n)
			delete(o.neighbours, n)
		}
		return gone
	})
	if err := c.flushItems(ctx, x, portion); err != nil {
		o.flushing = nil
		return err
	}
	return nil
}

// unflushed returns the items whose records or neighbours are to be committed, ascending.
func (c *Catalog) unflushed() []core.ItemNum {
	o := &c.owner
	var nums []core.ItemNum
	for n := range o.live {
		nums = append(nums, n)
	}
	for n := range o.neighbours {
		if _, live := o.live[n]; !live && !o.related[n] {
			nums = append(nums, n)
		}
	}
	slices.Sort(nums)
	return nums
}

// flushItems commits the live weights and the neighbours of some items.
func (c *Catalog) flushItems(ctx context.Context, x *core.Index, nums []core.ItemNum) error {
	o := &c.owner
	b := store.Batch{Neighbours: map[core.ItemNum][]byte{}}
	d := &wire.Delta{From: o.seq, To: o.seq + 1, Learned: o.committed}
	var records []*core.Record
	var weights []core.Weights
	for _, n := range nums {
		if o.neighbours[n] && !o.related[n] {
			b.Neighbours[n] = learn.EncodeNeighbours(o.content.Neighbours(n))
		}
		features, live := o.live[n]
		if !live {
			continue
		}
		r := x.Get(n)
		b.Records = append(b.Records, store.StoredRecord{Seq: d.To, Num: n, ID: string(r.ID), Record: wire.AppendRecord(nil, r)})
		if features {
			records = append(records, r)
		} else {
			weights = append(weights, r.Weights())
		}
	}
	if len(b.Records) == len(o.live) {
		d.Learned = o.learned // nothing is live that the new position does not hold
	}
	if err := c.store.Commit(ctx, b); err != nil {
		return fmt.Errorf("commit learned weights: %w", err)
	}
	for _, n := range nums {
		delete(o.live, n)
		if !o.related[n] {
			delete(o.neighbours, n)
		}
	}
	if len(b.Records) == 0 {
		return nil // neighbours alone are nobody else's business
	}
	o.seq, o.committed = d.To, d.Learned
	c.sides.write(c.version(), func(*core.Index) {})
	d.Records = columns(records)
	if len(weights) > 0 {
		d.Weights = [][]byte{wire.AppendAllWeights(nil, weights)}
	}
	c.feed.publish(d)
	c.watches.signal(true, nil)
	return nil
}
