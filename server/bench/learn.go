package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"nigh/core"
	"nigh/core/learn"
	"nigh/server/eval"
	"nigh/server/store"
)

// LearnOptions say what Learn learns from.
type LearnOptions struct {
	Items  []store.Item  // may lack items of the events, of which nothing is known then
	Events []store.Event // in order of time
	Policy learn.Policy  // of the replay; a server has the default policy
	Clicks int           // events that are followed through a running server
	// Catalog bounds the items of that server, so that filling it does not take longer than the measurement. 0: all.
	Catalog  int
	Progress Progress
}

// Learn measures two things. "replay" is how many events a second are learnt, each with all records that it changes
// and the index, so that the very next ranking sees it; its yardstick counts the same pairs of items in a plain map.
// "server" is the time from an event, sent over HTTP to a running server, to a list that shows it: the event is on disk
// by then, and its yardstick is a row that is inserted into a SQLite database in the same place, and synced.
func Learn(ctx context.Context, opt LearnOptions) (*Result, error) {
	if len(opt.Events) == 0 {
		return nil, errors.New("there are no events to learn; name a log that has some")
	}
	r := newResult("learn")
	opt.Progress.tell("learning %d events", len(opt.Events))
	log, users, names := numbered(opt.Items, opt.Events)
	took, pairs, err := replay(ctx, opt.Policy, log, users, names)
	if err != nil {
		return nil, err
	}
	opt.Progress.tell("counting their pairs")
	counting := countPairs(log, users, opt.Policy.Window)
	perS := float64(len(log)) / took.Seconds()
	plain := float64(len(log)) / counting.Seconds()
	r.Cases = append(r.Cases, Case{
		Name:      fmt.Sprintf("replay/events=%d/items=%d", len(log), len(names)-1),
		Figures:   map[string]float64{"events_per_s": perS, "us_per_event": took.Seconds() * 1e6 / float64(len(log)), "records_per_event": pairs},
		Yardstick: Yardstick{"the same pairs counted in a map", map[string]float64{"events_per_s": plain}},
		Ratio:     perS / plain,
	})
	live, err := clicks(ctx, opt)
	if err != nil {
		return nil, err
	}
	r.Cases = append(r.Cases, *live)
	return r, nil
}

// numbered gives items and users of a log numbers; names[n] is the id of item n.
func numbered(items []store.Item, events []store.Event) (log []eval.Event, users int, names []string) {
	names = []string{""}
	nums, readers := map[string]core.ItemNum{}, map[string]int32{}
	num := func(id string) core.ItemNum {
		n, ok := nums[id]
		if !ok {
			n = core.ItemNum(len(names))
			nums[id], names = n, append(names, id)
		}
		return n
	}
	for i := range items {
		num(items[i].ID)
	}
	for i := range events {
		e := &events[i]
		u, ok := readers[e.User]
		if !ok {
			u = int32(len(readers))
			readers[e.User] = u
		}
		log = append(log, eval.Event{User: u, Item: num(e.Item), Kind: e.Kind, Milli: int64(e.Value * 1000), At: e.At.UnixMilli()})
	}
	return log, len(readers), names
}

// replay learns a log event by event and returns how long it took, and how many records an event changed.
func replay(ctx context.Context, p learn.Policy, log []eval.Event, users int, names []string) (time.Duration, float64, error) {
	s := eval.NewSystem(p, nil)
	for n := 1; n < len(names); n++ {
		s.AddBare(core.ItemNum(n), names[n])
	}
	s.Update(log[0].At)
	histories, quotas := make([]core.History, users), make([]learn.Quota, users)
	changed := 0
	start := time.Now()
	for i := range log {
		e := &log[i]
		h, strength := histories[e.User], s.Strength(e)
		s.Observe(&quotas[e.User], h, e.Item, strength, e.At)
		histories[e.User] = h.Record(core.Visit{Item: e.Item, Strength: strength, At: e.At})
		changed += s.Update(e.At)
		if i%1024 == 0 && ctx.Err() != nil {
			return 0, 0, ctx.Err()
		}
	}
	return time.Since(start), float64(changed) / float64(len(log)), nil
}

// countPairs counts how often an item came after each of the window items before it, and returns how long that took.
func countPairs(log []eval.Event, users, window int) time.Duration {
	past := make([][]core.ItemNum, users)
	counts := map[[2]core.ItemNum]float32{}
	start := time.Now()
	for i := range log {
		e := &log[i]
		h := past[e.User]
		for rank, from := range h {
			counts[[2]core.ItemNum{from, e.Item}] += 1 / float32(len(h)-rank)
		}
		if at := slices.Index(h, e.Item); at >= 0 {
			h = slices.Delete(h, at, at+1)
		}
		if h = append(h, e.Item); len(h) > window {
			h = h[1:]
		}
		past[e.User] = h
	}
	return time.Since(start)
}
