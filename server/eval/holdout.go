package eval

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"nigh/core"
)

// holdoutK is the length of Holdout's lists.
const holdoutK = 20

// Holdout learns the first floor(0.8·n) events of every reader, all readers' in the order of time, and asks for each
// reader's list after that. Wanted are the distinct items of the reader's other events, those left out that nobody had
// in the training part; what the reader had in training is not listed. Every event counts as one contact, whatever its
// kind and value.
//
// With cold > 0, all training events of the items whose Bucket is below 1000·cold are removed first. These items stay in
// the catalog, and wanted ones count; the metrics over them alone are Outcome.Cold.
func Holdout(ctx context.Context, d *Data, log []Event, cold float64, opt Options) (*Result, error) {
	if !(cold >= 0 && cold <= 1) {
		return nil, fmt.Errorf("--cold is %v; give a share between 0 and 1", cold)
	}
	if len(log) == 0 {
		return nil, errors.New("the log holds no events; give one with --events")
	}
	r, err := newRun(ctx, d, opt, "holdout", "readers")
	if err != nil {
		return nil, err
	}
	if cold > 0 {
		r.res.Settings["cold"] = cold
	}
	split := splitHoldout(d, log, cold)
	if len(split.readers) == 0 {
		return nil, errors.New("no reader has anything to be tested on; the log needs readers with two events and more, on items that others had too")
	}
	if split.repeated > 0 {
		d.note("%d wanted items were in their reader's training part too and so can never be listed", split.repeated)
	}
	r.addItems(d.Items)
	histories := r.train(split.train)
	now := int64(0)
	if n := len(split.train); n > 0 {
		now = split.train[n-1].At
	}
	counts := r.counts(split.train)
	r.res.Outcome = r.lists(split, counts, r.res.Outcome, func(w *reader) []core.ItemNum {
		h := histories[w.user]
		q := Question{History: h, Repeat: core.RepeatDropSeen, Exclude: beyond(h, w.past), Limit: holdoutK, At: now}
		var list []core.ItemNum
		r.timed(func() { list = r.sys.Rank(q) })
		return list
	})

	baselines, err := Baselines(d, opt.Baselines, len(log))
	if err != nil {
		return nil, err
	}
	for _, b := range baselines {
		start := time.Now()
		if err := r.fit(b, split.train); err != nil {
			return nil, err
		}
		o := Outcome{Name: b.Name(), Learning: time.Since(start).Seconds()}
		r.res.Baselines = append(r.res.Baselines, r.lists(split, counts, o, func(w *reader) []core.ItemNum {
			had := map[core.ItemNum]bool{}
			for _, n := range w.past {
				had[n] = true
			}
			return b.Rank(w.past, func(n core.ItemNum) bool { return had[n] }, holdoutK)
		}))
	}
	return r.finish(len(split.readers))
}

// reader is one reader of a test.
type reader struct {
	user         int32
	past         []core.ItemNum // training part, in order
	wanted, cold map[core.ItemNum]bool
}

type holdout struct {
	train    []lesson
	readers  []reader // with something wanted
	cold     bool
	repeated int
}

// Bucket spreads ids over 0 to 999, the same on every machine: FNV-1a, 64 bit, modulo 1000.
func Bucket(id string) int { return int(hashID(id) % 1000) }

func hashID(id string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(id))
	return h.Sum64()
}

func splitHoldout(d *Data, log []Event, cold float64) holdout {
	out := holdout{cold: cold > 0}
	isCold := make([]bool, len(d.Items)+1)
	for i := range d.Items {
		isCold[i+1] = float64(Bucket(d.Items[i].ID)) < 1000*cold
	}
	total := make([]int, len(d.Users))
	for i := range log {
		total[log[i].User]++
	}
	readers := make([]reader, len(d.Users))
	had := make([]int, len(d.Users))
	trained := make([]bool, len(d.Items)+1)
	var rest []*Event
	for i := range log {
		e := &log[i]
		w := &readers[e.User]
		// floor(0.8·n) in whole numbers: 0.8 is not one of the floats
		if had[e.User]++; had[e.User] > total[e.User]*4/5 {
			rest = append(rest, e)
			continue
		}
		if isCold[e.Item] {
			continue
		}
		out.train = append(out.train, lesson{e, core.ProfileOne})
		w.past = append(w.past, e.Item)
		trained[e.Item] = true
	}
	for _, e := range rest {
		w := &readers[e.User]
		if !trained[e.Item] && !isCold[e.Item] {
			continue
		}
		if w.wanted == nil {
			w.wanted, w.cold = map[core.ItemNum]bool{}, map[core.ItemNum]bool{}
		}
		w.wanted[e.Item] = true
		if isCold[e.Item] {
			w.cold[e.Item] = true
		}
	}
	for u := range readers {
		w := &readers[u]
		if len(w.wanted) == 0 {
			continue
		}
		w.user = int32(u)
		for _, n := range w.past {
			if w.wanted[n] {
				out.repeated++
			}
		}
		out.readers = append(out.readers, *w)
	}
	return out
}

// lists asks rank for every reader and completes o.
func (r *run) lists(split holdout, counts []int, o Outcome, rank func(*reader) []core.ItemNum) Outcome {
	all, cold, x := NewLists(holdoutK), NewLists(holdoutK), newExposure(counts, len(r.data.Items))
	took := make([]time.Duration, 0, len(split.readers))
	for i := range split.readers {
		w := &split.readers[i]
		start := time.Now()
		list := rank(w)
		took = append(took, time.Since(start))
		all.Add(list, w.wanted)
		if len(w.cold) > 0 {
			cold.Add(list, w.cold)
		}
		x.list(list)
		for n := range w.wanted {
			x.target(n)
		}
		if i%16 == 0 {
			r.opt.Progress.tell(o.Name+": ranking", i, len(split.readers))
			if r.ctx.Err() != nil {
				break
			}
		}
	}
	e := x.result()
	o.Metrics, o.Curves, o.Exposure, o.Rank = all.Metrics(), all.Curves(), &e, latencyOf(took)
	if split.cold {
		o.Cold, o.ColdN = cold.Metrics(), cold.N()
	}
	return o
}
