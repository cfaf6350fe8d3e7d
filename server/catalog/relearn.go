package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"nigh/core"
	"nigh/core/learn"
	"nigh/server/store"
)

// relearning is a learner that is made of all events in the store, in the order of their rows, while the owner serves
// and commits: after a start, and when a reader was erased, whose evidence no learner can subtract. The owner gives it
// the last rows itself and takes the learner.
type relearning struct {
	store   store.Store
	policy  *core.Policy
	learner *learn.Learner
	past    pastReaders
	gone    []bool // items that were deleted when it began, by number
	row     int64  // the last one learnt
	last    int64  // the last one when it began
	left    *atomic.Int64
	events  int
	began   time.Time
	err     error
}

// relearnPause is how long to wait after the store could not be read.
const relearnPause = 10 * time.Second

// Bounds of one walk over the events and of what is left for the owner: while a walk is on, SQLite's log cannot be begun
// anew; while the owner learns, callers wait.
const (
	walkRows  = 100_000
	ownerRows = 2_000
)

// relearns tells whether a learner is being made, or is to be made.
func (o *owner) relearns() bool { return o.relearnDue || o.relearning }

// untilRelearnt returns how long to wait before a learner is begun.
func (c *Catalog) untilRelearnt() time.Duration {
	o := &c.owner
	if !o.relearnDue || o.relearning {
		return time.Hour
	}
	return max(0, o.relearnAt.Sub(c.now()))
}

// relearn begins to make a learner; where nobody runs the catalog, it makes it here and now.
func (c *Catalog) relearn() {
	o := &c.owner
	o.relearnDue, o.relearning = false, true
	if o.learnt && o.learner.Size() > c.limits.spare {
		o.learnt, o.learner = false, learn.NewLearner(c.learning) // not two of that size at a time
	}
	if c.later {
		c.readers.forgetAll() // whoever came in with the log may never ask
	}
	r := c.newRelearning()
	if o.beside == nil {
		r.make(context.Background())
		c.takeLearner(r)
		return
	}
	o.beside(r)
}

func (c *Catalog) newRelearning() *relearning {
	r := &relearning{
		store: c.store, policy: c.policy, learner: learn.NewLearner(c.learning).WithItems(c.Len()), past: pastReaders{most: c.limits.past},
		gone: make([]bool, c.owner.num+1), began: c.now(), last: c.owner.row, left: &c.unlearnt,
	}
	r.left.Store(r.last)
	x := c.sides.current()
	for n := range r.gone {
		r.gone[n] = x.Get(core.ItemNum(n)) == nil
	}
	return r
}

// make learns all but the last rows. Nothing of it touches the owner.
func (r *relearning) make(ctx context.Context) {
	for r.err == nil {
		before := r.events
		var end bool
		if end, r.err = r.walk(ctx); end && r.events-before <= ownerRows {
			return
		}
	}
}

// errWalked ends a walk that was long enough.
var errWalked = errors.New("walked far enough")

// walk learns the next rows; end tells that they were the last ones.
func (r *relearning) walk(ctx context.Context) (end bool, err error) {
	left := walkRows
	err = r.store.EachEvent(ctx, r.row, func(e store.StoredEvent) error {
		if left--; left < 0 {
			return errWalked
		}
		if err := r.learn(ctx, e); err != nil {
			return err
		}
		r.row = e.Row
		r.events++
		r.left.Store(max(0, r.last-r.row))
		return nil
	})
	if errors.Is(err, errWalked) {
		return false, nil
	}
	if err != nil {
		err = fmt.Errorf("read events: %w", err)
	}
	return true, err
}

// learn learns one event. Each reader's history goes through the same hands as when the events came; it is not kept,
// readers are read from the store when they are there again.
func (r *relearning) learn(ctx context.Context, e store.StoredEvent) error {
	if int(e.Num) < len(r.gone) && r.gone[e.Num] {
		r.learner.Forget(e.Num) // its evidence is left out
	}
	if r.policy.Idle(e.Kind) {
		return nil
	}
	upTo := func(row int64) ([]store.StoredEvent, error) {
		events, err := r.store.UserEvents(ctx, e.User, row, readEvents, idleKinds(r.policy)...)
		slices.Reverse(events)
		return events, err
	}
	was, known := r.past.get(e.User)
	if !known {
		events, err := upTo(e.Row - 1)
		if err != nil {
			return err
		}
		was, _ = replay(events, nil, r.policy, 0)
	}
	teach := func(h core.History) {
		if k, ok := r.policy.Kind(e.Kind); ok {
			r.learner.Observe(h, e.Num, k.Strength(e.ValueMilli), e.AtMillis)
		}
	}
	if e.AtMillis >= was.lastAt {
		r.past.set(e.User, was.afterHere(e, r.policy, func() { teach(was.history) }))
		return nil
	}
	events, err := upTo(e.Row)
	if err != nil {
		return err
	}
	is, teaches := was.afterLate(events, e.Row, r.policy)
	if teaches {
		teach(was.history)
	}
	r.past.set(e.User, is)
	return nil
}

// takeLearner makes what was learnt the owner's, after the rows that were committed meanwhile.
func (c *Catalog) takeLearner(r *relearning) {
	o := &c.owner
	o.relearning = false
	defer r.left.Store(0)
	for end := false; r.err == nil && !end; {
		end, r.err = r.walk(context.Background())
	}
	if r.err != nil {
		o.relearnDue, o.relearnAt = true, c.now().Add(relearnPause)
		c.log.Error("the events could not be learnt anew; it is tried again", "error", r.err)
		c.settled(r.err)
		return
	}
	x := c.sides.current()
	for n := range o.num + 1 {
		if n > 0 && x.Get(n) == nil && (int(n) >= len(r.gone) || !r.gone[n]) {
			r.learner.Forget(n) // deleted meanwhile
		}
	}
	o.learner = r.learner.WithTargets(o.content.Holders)
	// All of them: what an erased reader taught alone is in no count any more, and what nobody met has edges that were
	// borrowed, or made of its likeness, of which the learner must know to follow their sources.
	o.learner.MarkAll(o.num)
	o.learnt, o.loose = true, true
	c.log.Info("the events were learnt", "events", r.events, "seconds", c.now().Sub(r.began).Seconds())
}

// pastReaders are the readers of a replay, those of late: when the young ones have most visits together they become the
// old ones, and the old ones are dropped. Nobody else holds their histories. One who is among the young again may be
// among the old as well, as what is left there of a former state: it is not looked at.
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
