package bench

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"nigh/server/store"
)

// commitClock notes when the last commit was on disk.
type commitClock struct {
	store.Store
	at atomic.Int64 // Unix nanoseconds
}

// Commit implements store.Store.
func (c *commitClock) Commit(ctx context.Context, b store.Batch) error {
	err := c.Store.Commit(ctx, b)
	c.at.Store(time.Now().UnixNano())
	return err
}

// single measures one delta at a time.
func (f *fanout) single(ctx context.Context) (cases []Case, err error) {
	for _, pace := range []int{10, 100} {
		f.opt.Progress.tell("%d clients, one delta at a time, %d a second", f.clients, pace)
		c, err := f.paced(ctx, pace, f.plainWrite)
		if err != nil {
			return nil, err
		}
		cases = append(cases, c)
	}
	return cases, nil
}

// paced sends one delta at a time, and between two of them one by the yardstick.
func (f *fanout) paced(ctx context.Context, pace int, plain func() (uint64, error)) (Case, error) {
	var nigh, base delays
	n := max(int(f.opt.For.Seconds()*float64(f.opt.Rounds*pace)), 3)
	tick := time.NewTicker(time.Second / time.Duration(2*pace))
	defer tick.Stop()
	for range n {
		round, err := f.edit(ctx)
		if err != nil {
			return Case{}, err
		}
		if err := f.arrive(ctx, &f.sync, round); err != nil {
			return Case{}, err
		}
		nigh.add(&f.sync, time.Unix(0, f.commits.at.Load()))
		<-tick.C
		sent := time.Now()
		if round, err = plain(); err != nil {
			return Case{}, err
		}
		if err := f.arrive(ctx, &f.tcp, round); err != nil {
			return Case{}, err
		}
		base.add(&f.tcp, sent)
		<-tick.C
	}
	c := Case{
		Name:      fmt.Sprintf("clients=%d/bytes=%d/deltas_per_s=%d", f.clients, f.opt.Bytes, pace),
		Figures:   nigh.figures(),
		Yardstick: Yardstick{"a loop of one TCP write each, in between", base.figures()},
	}
	c.Ratio = c.Yardstick.Figures["last_p99_ms"] / c.Figures["last_p99_ms"]
	return c, nil
}

// arrive waits until all clients have a round.
func (f *fanout) arrive(ctx context.Context, p *progressOf, round uint64) error {
	for p.round < round {
		if err := f.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// delays are how long rounds took: to the first byte on the wire, to the first client that read it, and to the last.
type delays struct{ wire, first, last []time.Duration }

// add notes the last round of p, which was sent at a time.
func (d *delays) add(p *progressOf, sent time.Time) {
	d.wire = append(d.wire, p.wire.Sub(sent))
	d.first = append(d.first, p.first.Sub(sent))
	d.last = append(d.last, p.last.Sub(sent))
}

func (d *delays) figures() map[string]float64 {
	out := map[string]float64{}
	for name, took := range map[string][]time.Duration{"wire": d.wire, "first": d.first, "last": d.last} {
		slices.Sort(took)
		out[name+"_p50_ms"], out[name+"_p99_ms"] = millis(percentile(took, .5)), millis(percentile(took, .99))
	}
	return out
}
