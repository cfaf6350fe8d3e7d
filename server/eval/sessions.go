package eval

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"nigh/core"
	"nigh/core/learn"
)

// Sessions learns all of train, then lets every beginning of a session of test predict its next item; nothing of test
// is learnt, and a session begins with an empty history. repeats ("allow", "drop-current", "drop-seen") says what lists
// may hold; with drop-seen, steps to an item that the session had already are not counted. It gives HR@k and MRR@k over
// all steps. A reader's events in one log are one session.
func Sessions(ctx context.Context, d *Data, train, test []Event, repeats string, k int, opt Options) (*Result, error) {
	if k < 1 || k > core.MaxLimit {
		return nil, fmt.Errorf("lists of %d items cannot be made; use -k 1 to %d", k, core.MaxLimit)
	}
	repeat, ok := RepeatOf(repeats)
	if !ok {
		return nil, fmt.Errorf("there is no repeat policy %q; use allow, drop-current or drop-seen", repeats)
	}
	if len(train) == 0 {
		return nil, errors.New("the training log holds no events; give one with --train")
	}
	opt.Policy.Repeat = repeats
	r, err := newRun(ctx, d, opt, "sessions", "steps")
	if err != nil {
		return nil, err
	}
	r.res.Settings["repeats"], r.res.Settings["k"] = repeats, k
	r.noteKinds(train)

	steps := stepsOf(d, test, repeat)
	if len(steps) == 0 {
		return nil, errors.New("the test log holds no session with a step to predict; give sessions of two events and more with --test")
	}
	r.addItems(d.Items)
	lessons := make([]lesson, len(train))
	for i := range train {
		lessons[i] = lesson{&train[i], r.sys.Strength(&train[i])}
	}
	r.train(lessons)
	counts := r.counts(lessons)
	r.res.Outcome = r.outcome(steps, k, counts, r.res.Outcome, func(s *step) []core.ItemNum {
		var list []core.ItemNum
		r.timed(func() { list = r.sys.Rank(s.question(r.sys, repeat, k)) })
		return list
	})

	baselines, err := Baselines(d, opt.Baselines, len(train))
	if err != nil {
		return nil, err
	}
	for _, b := range baselines {
		start := time.Now()
		if err := r.fit(b, lessons); err != nil {
			return nil, err
		}
		o := Outcome{Name: b.Name(), Learning: time.Since(start).Seconds()}
		r.res.Baselines = append(r.res.Baselines, r.outcome(steps, k, counts, o, func(s *step) []core.ItemNum {
			return b.Rank(s.past(), s.dropped(repeat), k)
		}))
	}
	return r.finish(len(steps))
}

// RepeatOf returns the repeat policy of a name.
func RepeatOf(name string) (core.Repeat, bool) {
	p := learn.DefaultPolicy()
	p.Repeat = name
	if p.Validate() != nil {
		return 0, false
	}
	return p.Compile().Repeat, true
}

// step is the beginning of a session, and what came next.
type step struct {
	events []*Event
	next   core.ItemNum
}

// stepsOf cuts a log into sessions and those into steps, in the order of the sessions' first events.
func stepsOf(d *Data, test []Event, repeat core.Repeat) []step {
	sessions := make([][]*Event, len(d.Users))
	var order []int32
	for i := range test {
		u := test[i].User
		if sessions[u] == nil {
			order = append(order, u)
		}
		sessions[u] = append(sessions[u], &test[i])
	}
	var out []step
	for _, u := range order {
		s := sessions[u]
		for i := 1; i < len(s); i++ {
			st := step{s[:i:i], s[i].Item}
			if repeat == core.RepeatDropSeen && slices.Contains(st.past(), st.next) {
				continue
			}
			out = append(out, st)
		}
	}
	return out
}

func (s *step) past() []core.ItemNum {
	out := make([]core.ItemNum, len(s.events))
	for i, e := range s.events {
		out[i] = e.Item
	}
	return out
}

// question is the step as serving would be asked.
func (s *step) question(sys *System, repeat core.Repeat, k int) Question {
	q := Question{Repeat: repeat, Limit: k, At: s.events[len(s.events)-1].At}
	for _, e := range s.events {
		q.History = q.History.Record(core.Visit{Item: e.Item, Strength: sys.Strength(e), At: e.At})
	}
	if repeat == core.RepeatDropSeen {
		q.Exclude = beyond(q.History, s.past())
	}
	return q
}

// beyond returns the items of past that a bounded history no longer holds: the repeat policy cannot keep them out.
func beyond(h core.History, past []core.ItemNum) []core.ItemNum {
	if len(h) < core.MaxHistory {
		return nil
	}
	var out []core.ItemNum
	for _, n := range past {
		if _, held := h.Find(n); !held {
			out = append(out, n)
		}
	}
	return out
}

// dropped is what a baseline must not list.
func (s *step) dropped(repeat core.Repeat) func(core.ItemNum) bool {
	switch repeat {
	case core.RepeatDropCurrent:
		last := s.events[len(s.events)-1].Item
		return func(n core.ItemNum) bool { return n == last }
	case core.RepeatDropSeen:
		seen := map[core.ItemNum]bool{}
		for _, e := range s.events {
			seen[e.Item] = true
		}
		return func(n core.ItemNum) bool { return seen[n] }
	}
	return func(core.ItemNum) bool { return false }
}

// outcome asks rank for every step and completes o.
func (r *run) outcome(steps []step, k int, counts []int, o Outcome, rank func(*step) []core.ItemNum) Outcome {
	tally, x := NewTally(k), newExposure(counts, len(r.data.Items))
	took := make([]time.Duration, 0, len(steps))
	for i := range steps {
		start := time.Now()
		list := rank(&steps[i])
		took = append(took, time.Since(start))
		tally.Add(list, steps[i].next)
		x.list(list)
		x.target(steps[i].next)
		if i%64 == 0 {
			r.opt.Progress.tell(o.Name+": ranking", i, len(steps))
			if r.ctx.Err() != nil {
				break
			}
		}
	}
	e := x.result()
	o.Metrics, o.Curves, o.Exposure, o.Rank = tally.Metrics(), tally.Curves(), &e, latencyOf(took)
	return o
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
