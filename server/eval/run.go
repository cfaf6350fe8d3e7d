package eval

import (
	"context"
	"fmt"
	"time"

	"nigh/core"
	"nigh/core/learn"
	"nigh/server/store"
)

// Options are what all protocols take.
type Options struct {
	Policy    learn.Policy
	Baselines []string // see Baselines
	Progress  Progress // may be nil
}

// run is one protocol under way.
type run struct {
	ctx  context.Context
	opt  Options
	data *Data
	sys  *System
	res  Result
	// clock counts the time that nigh itself takes.
	clock time.Duration
}

func newRun(ctx context.Context, d *Data, opt Options, protocol, unit string) (*run, error) {
	if err := opt.Policy.Validate(); err != nil {
		return nil, err
	}
	r := &run{ctx: ctx, opt: opt, data: d, sys: NewSystem(opt.Policy, opt.Progress)}
	r.res = Result{Protocol: protocol, Unit: unit, Policy: opt.Policy, Settings: map[string]any{}}
	r.res.Name = "nigh"
	r.res.Data = Counts{Items: len(d.Items), Readers: len(d.Users)}
	return r, nil
}

// timed adds the time that f takes to nigh's own.
func (r *run) timed(f func()) time.Duration {
	start := time.Now()
	f()
	took := time.Since(start)
	r.clock += took
	return took
}

// finish completes the result.
func (r *run) finish(n int) (*Result, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, fmt.Errorf("measure %s: %w", r.res.Protocol, err)
	}
	r.res.N = n
	r.res.Seconds = r.clock.Seconds()
	r.res.Notes = r.data.Notes
	return &r.res, nil
}

// addItems puts the whole catalog into the system.
func (r *run) addItems(items []store.Item) {
	r.timed(func() { r.sys.AddItems(1, items) })
}

// noteKinds notes kinds of event that the policy does not know.
func (r *run) noteKinds(log []Event) {
	unknown := map[string]int{}
	for i := range log {
		if _, ok := r.opt.Policy.Kinds[log[i].Kind]; !ok {
			unknown[log[i].Kind]++
		}
	}
	for _, kind := range sortedKeys(unknown) {
		r.data.note("the policy does not know events of kind %q (%d of them), which count as views; name the kind with --set kinds.%s.weight=1", kind, unknown[kind], kind)
	}
}

// lesson is one event as all that learn get it.
type lesson struct {
	*Event
	strength int32
}

// train teaches the system a log, in order, and builds it. It returns each reader's history.
func (r *run) train(lessons []lesson) []core.History {
	histories, quotas := make([]core.History, len(r.data.Users)), make([]learn.Quota, len(r.data.Users))
	took := r.timed(func() {
		last := int64(0)
		for i, e := range lessons {
			h := histories[e.User]
			r.sys.Observe(&quotas[e.User], h, e.Item, e.strength, e.At)
			histories[e.User] = h.Record(core.Visit{Item: e.Item, Strength: e.strength, At: e.At})
			last = e.At
			if i%256 == 0 {
				r.opt.Progress.tell("learning", i, len(lessons))
				if r.ctx.Err() != nil {
					return
				}
			}
		}
		r.sys.Build(last)
	})
	r.res.Learning = took.Seconds()
	r.res.Data.Events = len(lessons)
	return histories
}

// pasts collects what each reader had, in order of time, with repeats.
type pasts [][]core.ItemNum

// fit teaches a baseline the same lessons.
func (r *run) fit(b Baseline, lessons []lesson) error {
	past := make(pasts, len(r.data.Users))
	for i, e := range lessons {
		b.Learn(e.Event, past[e.User])
		past[e.User] = append(past[e.User], e.Item)
		if i%256 == 0 {
			r.opt.Progress.tell(b.Name()+": learning", i, len(lessons))
			if err := r.ctx.Err(); err != nil {
				return err
			}
		}
	}
	return b.Fit(r.ctx)
}

// counts returns how many lessons each item, by number, is in.
func (r *run) counts(lessons []lesson) []int {
	out := make([]int, len(r.data.Items)+1)
	for _, e := range lessons {
		out[e.Item]++
	}
	return out
}
