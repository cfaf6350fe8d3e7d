package eval

import (
	"context"
	"errors"
	"time"

	"nigh/core"
	"nigh/core/learn"
)

// replayK is the length of Replay's lists.
const replayK = 20

// Replay goes through a log as it happened. Before each event of a reader who had one before, on an item that is new to
// the reader, 20 items are ranked without those that the reader has had; HR@20 and MRR@20 tell where the event's item
// stood. Then the event is learnt, and every record that it touched is made anew. An event on an item that the reader
// has had is skipped.
//
// An item that only the log names joins the catalog with its first event.
func Replay(ctx context.Context, d *Data, log []Event, opt Options) (*Result, error) {
	if len(log) == 0 {
		return nil, errors.New("the log holds no events; give one with --events")
	}
	r, err := newRun(ctx, d, opt, "replay", "events")
	if err != nil {
		return nil, err
	}
	r.noteKinds(log)
	baselines, err := r.oneByOne(len(log))
	if err != nil {
		return nil, err
	}
	total := make([]int, len(d.Items)+1)
	for i := range log {
		total[log[i].Item]++
	}
	entrants := []entrant{{outcome: Outcome{Name: "nigh"}, learner: newLive(r)}}
	for _, b := range baselines {
		entrants = append(entrants, entrant{outcome: Outcome{Name: b.Name()}, learner: &taught{b}})
	}
	for i := range entrants {
		entrants[i].tally, entrants[i].exposure = NewTally(replayK), newExposure(total, len(d.Items))
	}
	r.addItems(d.Items[:d.Given])
	r.timed(func() { r.sys.Build(log[0].At) })

	past := make(pasts, len(d.Users))
	had := make([]map[core.ItemNum]bool, len(d.Users))
	for i := range log {
		e := &log[i]
		if had[e.User][e.Item] {
			continue
		}
		r.res.Data.Events++
		for j := range entrants {
			entrants[j].meet(e, past[e.User], had[e.User])
		}
		if had[e.User] == nil {
			had[e.User] = map[core.ItemNum]bool{}
		}
		had[e.User][e.Item] = true
		past[e.User] = append(past[e.User], e.Item)
		if i%64 == 0 {
			opt.Progress.tell("replaying", i, len(log))
			if ctx.Err() != nil {
				break
			}
		}
	}
	for i := range entrants {
		o := entrants[i].result()
		if i == 0 {
			r.res.Outcome = o
		} else {
			r.res.Baselines = append(r.res.Baselines, o)
		}
	}
	r.clock += entrants[0].took
	n := entrants[0].tally.N()
	if n == 0 && ctx.Err() == nil {
		return nil, errors.New("no reader of the log has two events on different items; there is nothing to predict")
	}
	return r.finish(n)
}

// oneByOne makes the baselines that can learn from one event after another.
func (r *run) oneByOne(events int) ([]Baseline, error) {
	names := r.opt.Baselines
	if len(names) == 0 || len(names) == 1 && names[0] == "auto" {
		names = []string{"popularity", "item-knn", "session-knn"}
		if events > autoEvents {
			names = []string{"none"}
		}
	}
	all, err := Baselines(r.data, names, events)
	var out []Baseline
	for _, b := range all {
		if _, batch := b.(*ease); batch {
			r.data.note("EASE learns a log as a whole and takes no part in a replay")
			continue
		}
		out = append(out, b)
	}
	return out, err
}

// contender is what a replay measures.
type contender interface {
	rank(e *Event, past []core.ItemNum, had map[core.ItemNum]bool) []core.ItemNum
	learn(e *Event, past []core.ItemNum)
}

type entrant struct {
	outcome  Outcome
	learner  contender
	tally    *Tally
	exposure *exposure
	ranking  []time.Duration
	learning []time.Duration
	took     time.Duration
}

func (n *entrant) meet(e *Event, past []core.ItemNum, had map[core.ItemNum]bool) {
	start := time.Now()
	if len(past) > 0 {
		list := n.learner.rank(e, past, had)
		n.ranking = append(n.ranking, time.Since(start))
		n.tally.Add(list, e.Item)
		n.exposure.list(list)
		n.exposure.target(e.Item)
	}
	begin := time.Now()
	n.learner.learn(e, past)
	end := time.Now()
	n.learning = append(n.learning, end.Sub(begin))
	n.took += end.Sub(start)
}

func (n *entrant) result() Outcome {
	o, x := n.outcome, n.exposure.result()
	o.Metrics, o.Curves, o.Exposure = n.tally.Metrics(), n.tally.Curves(), &x
	o.Rank, o.Learn = latencyOf(n.ranking), latencyOf(n.learning)
	for _, t := range n.learning {
		o.Learning += t.Seconds()
	}
	return o
}

// live is nigh in a replay.
type live struct {
	r         *run
	histories []core.History
	quotas    []learn.Quota
}

func newLive(r *run) *live {
	readers := len(r.data.Users)
	return &live{r, make([]core.History, readers), make([]learn.Quota, readers)}
}

func (l *live) rank(e *Event, past []core.ItemNum, _ map[core.ItemNum]bool) []core.ItemNum {
	h := l.histories[e.User]
	return l.r.sys.Rank(Question{History: h, Repeat: core.RepeatDropSeen, Exclude: beyond(h, past), Limit: replayK, At: e.At})
}

func (l *live) learn(e *Event, _ []core.ItemNum) {
	s := l.r.sys
	if !s.Has(e.Item) {
		s.AddBare(e.Item, l.r.data.Items[e.Item-1].ID)
	}
	h, strength := l.histories[e.User], s.Strength(e)
	s.Observe(&l.quotas[e.User], h, e.Item, strength, e.At)
	l.histories[e.User] = h.Record(core.Visit{Item: e.Item, Strength: strength, At: e.At})
	s.Update(e.At)
}

// taught is a baseline in a replay.
type taught struct{ b Baseline }

func (t *taught) rank(_ *Event, past []core.ItemNum, had map[core.ItemNum]bool) []core.ItemNum {
	return t.b.Rank(past, func(n core.ItemNum) bool { return had[n] }, replayK)
}

func (t *taught) learn(e *Event, past []core.ItemNum) { t.b.Learn(e, past) }
