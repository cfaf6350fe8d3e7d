package catalog

import (
	"context"
	"time"
)

// task is a kind of work that the owner does between calls, a step a turn.
type task int

// The tasks. The order of those behind taskLearn is that in which they take turns.
const (
	taskLearn   task = iota // new weights of what events marked
	taskRefine              // refinement
	taskRelate              // finding neighbours of new texts
	taskReweigh             // new weights because of new neighbours
	taskFlush               // committing what became live
	tasks
)

// learnTurns is how many turns learn before one belongs to another task that is due.
const learnTurns = 3

// pick chooses the task of a turn. New weights come first, for they are what a click shows. But where events always mark
// more than a turn learns, one turn of learnTurns + 1 belongs to the others, one after the other, so that none starves.
func (c *Catalog) pick() (t task, due bool) {
	o := &c.owner
	learn := c.until(taskLearn) == 0
	if learn && o.learnTurns < learnTurns {
		o.learnTurns++
		return taskLearn, true
	}
	o.learnTurns = 0
	for range tasks - 1 {
		if o.task++; o.task >= tasks {
			o.task = taskLearn + 1
		}
		if c.until(o.task) == 0 {
			return o.task, true
		}
	}
	return taskLearn, learn
}

// until returns how long to wait before a task is due.
func (c *Catalog) until(t task) time.Duration {
	o := &c.owner
	due := false
	switch t {
	case taskLearn:
		due = o.learnt && o.learner.Dirty() > 0
	case taskRefine:
		return c.untilRefined()
	case taskRelate:
		return c.untilRelated()
	case taskReweigh:
		// Not while many items still wait for neighbours: each of them changes its neighbours' edges too, 64 times the work.
		due = o.learnt && len(o.changed) > 0 && len(o.waiting) <= fewItems
	case taskFlush:
		return c.untilFlushed()
	}
	if due {
		return 0
	}
	return time.Hour
}

// do does one step of a task.
func (c *Catalog) do(t task) {
	began := c.begin()
	o := &c.owner
	part := PartLearn
	switch t {
	case taskLearn:
		c.learn()
	case taskRefine:
		part = PartRefine
		c.refine()
	case taskRelate:
		part = PartRelate
		c.relate()
	case taskReweigh:
		c.step(learnStep, func() int { return len(o.changed) }, func(n int) {
			c.recalculate(o.changed[:n])
			if o.changed = o.changed[n:]; len(o.changed) == 0 {
				o.changed = nil
			}
		})
	case taskFlush:
		part = PartFlush
		c.flushSome()
	}
	c.took(part, began)
}

// nextTask returns how long the owner may wait for calls before it has something else to do.
func (c *Catalog) nextTask() time.Duration {
	o := &c.owner
	wait := c.untilRelearnt()
	if o.unread {
		return wait // all else needs the texts
	}
	for t := range tasks {
		wait = min(wait, c.until(t))
	}
	if c.idle() && len(o.live)+len(o.neighbours) == 0 {
		switch {
		case len(o.settling) > 0:
			return 0
		case o.policy != c.policy.Version:
			wait = min(wait, max(0, c.flush-c.now().Sub(o.policyTried)))
		}
	}
	return wait
}

// idle tells whether nothing is left to learn, to refine and to relate.
func (c *Catalog) idle() bool {
	o := &c.owner
	return !o.relearns() && o.learner.Dirty() == 0 && o.learner.Stale() == 0 && len(o.changed)+len(o.waiting) == 0
}

// untilRefined returns how long to wait before the next items are refined.
func (c *Catalog) untilRefined() time.Duration {
	o := &c.owner
	switch {
	case !o.learnt || o.learner.Stale() == 0:
		return time.Hour
	case len(o.settling) > 0:
		return 0
	}
	return max(0, o.refineAt.Sub(c.now()))
}

// untilRelated returns how long to wait before neighbours are found.
func (c *Catalog) untilRelated() time.Duration {
	o := &c.owner
	switch {
	case len(o.waiting) == 0:
		return time.Hour
	case len(o.waiting) <= fewItems || len(o.settling) > 0:
		return 0
	}
	return max(0, min(quiet-c.now().Sub(o.lastPut), patience-c.now().Sub(o.waitingSince)))
}

// untilFlushed returns how long to wait before what became live is committed.
func (c *Catalog) untilFlushed() time.Duration {
	o := &c.owner
	switch {
	case len(o.flushing) > 0:
		return 0
	case o.flushable() == 0:
		return time.Hour
	case len(o.live) > flushSoon && !o.flushFailed, len(o.settling) > 0 && !o.flushFailed && c.idle():
		return 0
	}
	return max(0, c.flush-c.now().Sub(o.liveSince))
}

// flushSome commits a portion of what became live.
func (c *Catalog) flushSome() {
	o := &c.owner
	if len(o.flushing) == 0 {
		o.flushing = c.unflushed()
	}
	if len(o.flushing) == 0 { // neighbours whose weights are still to be made
		o.liveSince = c.now()
		return
	}
	err := c.flushNext(context.Background())
	if o.flushFailed = err != nil; err != nil {
		o.liveSince = c.now() // try again later
		c.log.Error("learned weights could not be committed; they stay live and are tried again", "error", err)
		c.settled(err)
	}
}
