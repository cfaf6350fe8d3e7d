package catalog

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"nigh/core"
	"nigh/core/learn"
	"nigh/core/wire"
	"nigh/server/store"
)

// request is one call that waits for the owner. Exactly one of the pointers is set.
type request struct {
	put      *putRequest
	del      *deleteRequest
	events   *eventsRequest
	ops      *opsRequest
	erase    *eraseRequest
	merge    *mergeRequest
	snapshot *snapshotRequest
	settle   bool
	reply    chan error // capacity 1
	called   time.Time  // zero where nobody asks for times
}

// snapshotRequest asks for shelves, and is filled by the owner; what it holds is shared with others.
type snapshotRequest struct {
	shelves []wire.Shelf
	snapshots
}

// owner is the state of the one goroutine that changes the catalog.
type owner struct {
	learner *learn.Learner
	content *learn.Content
	// seq, num and row are the last ones given; learned is the revision of the live weights.
	seq     store.Seq
	num     core.ItemNum
	row     int64
	learned uint64
	// published holds when items appeared, where their owner said so; Unix milliseconds.
	published map[core.ItemNum]int64

	// live are the items whose weights (or, if true, features) changed since the last commit of records.
	live       map[core.ItemNum]bool
	liveSince  time.Time
	flushing   []core.ItemNum        // what a flush under way has still to commit
	committed  uint64                // learned revision of the last flush
	neighbours map[core.ItemNum]bool // whose stored neighbours are out of date

	// unread tells that the texts are still to be read: content knows neighbours alone, published is empty. texts is
	// where they come from while someone reads them, held are the calls that wait for them.
	unread bool
	texts  chan texts
	held   []*request

	// learnt tells that the learner knows what the events in the store say. Until it does, after a start, no weights are
	// made; events are committed, and learnt by the relearning. relearnDue asks for a new learner (not before relearnAt),
	// relearning tells that one is being made; beside has it made beside the owner, nil where nobody runs the catalog.
	learnt, relearnDue, relearning bool
	relearnAt                      time.Time
	beside                         func(*relearning)
	loose                          bool // all weights were made anew since the index was compacted

	waiting      []core.ItemNum        // items whose neighbours are to be found, in order
	waits        map[core.ItemNum]bool // the same as a set
	changed      []core.ItemNum        // items whose weights are to be calculated anew because of their neighbours
	related      map[core.ItemNum]bool // the same as a set
	lastPut      time.Time
	waitingSince time.Time // when more than a few items began to wait
	finders      []learn.Finder
	shelving     shelving
	snapshots    map[wire.Shelf]*shelfSnapshot // as taken last
	refineAt     time.Time                     // when the next items may be refined
	flushFailed  bool
	trouble      trouble
	task         task       // the last one but taskLearn, see pick
	learnTurns   int        // turns that learnt since another task had one
	lastCall     time.Time  // when readers did something last
	policy       uint64     // under which all records in the store were made, as it knows
	policyTried  time.Time  // when that was last to be written
	settling     []*request // answered when nothing is left to do
}

// maxBatch bounds how many calls one commit serves, so that the first of them need not wait for ever.
const maxBatch = 256

// Run commits, learns and tells subscribers until ctx is done; then it commits what was queued and returns.
func (c *Catalog) Run(ctx context.Context) error {
	defer close(c.done)
	o := &c.owner
	reading, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	if o.unread {
		o.texts = make(chan texts, 1)
		wg.Go(func() { o.texts <- c.readTexts(reading) })
	}
	made := make(chan *relearning, 1)
	o.beside = func(r *relearning) {
		wg.Go(func() {
			r.make(reading)
			made <- r
		})
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		// Wait for work: a call, or what is left to do in the background.
		var batch []*request
		wait := c.nextTask()
		if wait > 0 {
			timer.Reset(wait)
			select {
			case r := <-c.queue:
				batch = append(batch, r)
			case <-timer.C:
			case r := <-made:
				if ctx.Err() == nil {
					c.takeLearner(r)
				}
			case t := <-o.texts:
				if ctx.Err() != nil {
					return c.finish() // which may be why they could not be read
				}
				if err := c.takeTexts(t); err != nil {
					return errors.Join(err, c.finish())
				}
			case <-ctx.Done():
				return c.finish()
			}
		} else if ctx.Err() != nil {
			return c.finish()
		} else {
			select {
			case r := <-made: // though there is always something else to do
				c.takeLearner(r)
			default:
			}
		}
		c.turn(c.drain(batch))
	}
}

// turn is one round of the owner: the calls that wait, then a step of what is to be done in the background.
func (c *Catalog) turn(batch []*request) {
	c.commit(batch)
	c.background()
}

// drain takes what else is queued, without waiting.
func (c *Catalog) drain(batch []*request) []*request {
	for len(batch) < maxBatch {
		select {
		case r := <-c.queue:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// finish commits what callers were promised and what was learnt. It is not bound to Run's context, which is done.
func (c *Catalog) finish() error {
	close(c.stopping) // else a stream of calls could keep the loop from ending
	for {
		batch := c.drain(nil)
		if len(batch) == 0 {
			break
		}
		c.commit(batch)
	}
	for !c.owner.unread && c.owner.learnt && c.owner.learner.Dirty() > 0 { // else the next process learns it
		c.learn()
	}
	for _, r := range c.owner.held {
		r.reply <- ErrClosed
	}
	c.owner.held = nil
	c.settled(ErrClosed)
	return c.flushRecords(context.Background())
}

// commit serves a batch of calls with one commit of the store.
func (c *Catalog) commit(batch []*request) {
	if c.owner.unread {
		batch = c.hold(batch)
	}
	for len(batch) > 0 {
		// A deletion ends a commit: the same id may be put again right behind it. An erasure and a merge have one of their own.
		n := 1 + slices.IndexFunc(batch, func(r *request) bool { return r.del != nil || r.erase != nil || r.merge != nil })
		switch {
		case n == 0:
			n = len(batch)
		case n > 1 && batch[n-1].del == nil:
			n--
		}
		c.commitTogether(batch[:n])
		batch = batch[n:]
	}
}

func (c *Catalog) commitTogether(batch []*request) {
	for _, r := range batch {
		c.took(PartWait, r.called)
		if r.events != nil || r.ops != nil {
			c.owner.lastCall = c.now()
		}
	}
	began := c.begin()
	s := newStaging(c)
	for _, r := range batch {
		s.stage(r)
	}
	c.took(PartStage, began)
	err := s.commit()
	for _, r := range batch {
		switch {
		case r.settle:
			c.owner.settling = append(c.owner.settling, r)
			c.owner.flushFailed = false                                                       // what failed before is tried at once, and the caller told
			c.owner.relearnDue = c.owner.relearnDue || !c.owner.learnt && !c.owner.relearning // with LearnLater
		case r.snapshot != nil:
			r.reply <- c.takeSnapshot(r.snapshot)
		default:
			if own, failed := s.faults[r]; failed {
				r.reply <- own
			} else {
				r.reply <- err
			}
		}
	}
}

// version is the state as the owner knows it.
func (c *Catalog) version() Version {
	o := &c.owner
	return Version{Epoch: c.epoch, Seq: o.seq, Learned: o.learned, Policy: c.policy.Version, committed: o.committed}
}

// Settle waits until nothing is left to do in the background: neighbours found, weights learnt and committed.
func (c *Catalog) Settle(ctx context.Context) error { return c.call(ctx, &request{settle: true}) }

// Pending returns roughly how many items still wait for their content neighbours.
func (c *Catalog) Pending() int { return int(c.pending.Load()) }

// Unlearnt returns roughly how many events are still to be learnt, after a start or an erasure.
func (c *Catalog) Unlearnt() int { return int(c.unlearnt.Load()) }
