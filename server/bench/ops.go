package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"nigh/core/wire"
)

// OpsOptions say how Ops sends.
type OpsOptions struct {
	Clients  int           // readers that send
	Pace     int           // ops a second when they are not sent as fast as can be
	Items    int           // of the made-up catalog
	For      time.Duration // each case
	Rounds   int           // how often nigh and the yardstick take turns
	Crowd    CrowdProcess  // of the clients
	Progress Progress
}

// Ops measures what readers do, on its way to the disk: ops a second when readers who come back send all they have, and
// how long one op takes until it is acknowledged when it is on disk, at a steady pace, of readers who are there already.
// Each is learnt from on the way. The yardsticks are as many events put into the store alone, in groups of 200, each group
// a synced commit; and rows put into a bare SQLite at the same pace, those that wait for the disk together: what the disk
// does to anybody.
func Ops(ctx context.Context, opt OpsOptions) (*Result, error) {
	if opt.Clients < 1 || opt.Pace < 1 || opt.Items < 1 || opt.For <= 0 || opt.Rounds < 1 {
		return nil, errors.New("ops need clients, a pace, items, rounds and a time")
	}
	live, err := openLiveWith(ctx, liveOptions{change: manyClients(opt.Clients * (opt.Rounds + 2))})
	if err != nil {
		return nil, err
	}
	defer live.close()
	items, _ := Synthetic(opt.Items, 0)
	if err := live.fill(ctx, items, nil); err != nil {
		return nil, err
	}
	r := newResult("ops")
	load := opsLoad{Items: opt.Items, Group: wire.MaxOps, Ahead: 4, Millis: opt.For.Milliseconds()}
	grouped, err := opt.turns(ctx, live, load, "the store alone, synced commits of 200", func() (*opsFigures, error) {
		return plainEvents(ctx, opt.Items, 200, opt.For)
	})
	if err != nil {
		return nil, err
	}
	grouped.Name = fmt.Sprintf("clients=%d/ops-a-frame=%d", opt.Clients, wire.MaxOps)
	grouped.Ratio = grouped.Figures["ops_per_s"] / grouped.Yardstick.Figures["ops_per_s"]
	load = opsLoad{Items: opt.Items, Group: 1, Millis: opt.For.Milliseconds(), Pace: opt.Pace}
	live.parts.reset()
	paced, err := opt.turns(ctx, live, load, "a bare SQLite, rows at the same pace, synced", func() (*opsFigures, error) {
		return plainPaced(ctx, opt.Pace, opt.For)
	})
	if err != nil {
		return nil, err
	}
	paced.Name = fmt.Sprintf("clients=%d/ops_per_s=%d", opt.Clients, opt.Pace)
	paced.Ratio = paced.Yardstick.Figures["p99_ms"] / paced.Figures["p99_ms"]
	live.parts.figures(paced.Figures)
	r.Cases = []Case{*grouped, *paced}
	return r, nil
}

// turns measures nigh and a yardstick by turns.
func (o *OpsOptions) turns(ctx context.Context, live *liveServer, load opsLoad, name string, plain func() (*opsFigures, error)) (*Case, error) {
	var nigh, base opsRounds
	for i := range o.Rounds {
		o.Progress.tell("%d clients, %d ops a frame: round %d of %d", o.Clients, load.Group, i+1, o.Rounds)
		load.Round = i
		if err := nigh.measure(func() (*opsFigures, error) { return o.crowd(ctx, live, load) }); err != nil {
			return nil, err
		}
		if err := base.measure(plain); err != nil {
			return nil, err
		}
	}
	return &Case{Figures: nigh.figures(), Yardstick: Yardstick{name, base.figures()}}, nil
}

// opsRounds are the figures of several rounds.
type opsRounds map[string][]float64

// measure adds a round.
func (r *opsRounds) measure(round func() (*opsFigures, error)) error {
	if *r == nil {
		*r = opsRounds{}
	}
	begin := cpuTime()
	got, err := round()
	if err != nil {
		return err
	}
	figures := map[string]float64{"ops_per_s": got.PerS, "p50_ms": got.P50, "p99_ms": got.P99, "max_ms": got.Max}
	if cpu := cpuTime() - begin; cpu > 0 {
		figures["cpu_us"] = micros(cpu) / float64(got.Ops)
	}
	for name, v := range figures {
		(*r)[name] = append((*r)[name], v)
	}
	return nil
}

// figures are the rounds' medians, and the largest max_ms: a stall that is rare shows there alone.
func (r opsRounds) figures() map[string]float64 {
	out := map[string]float64{}
	for name, v := range r {
		out[name] = median(v)
	}
	out["max_ms"] = slices.Max(r["max_ms"])
	return out
}

func (o *OpsOptions) crowd(ctx context.Context, live *liveServer, load opsLoad) (*opsFigures, error) {
	crowd, err := startCrowd(ctx, o.Crowd, o.Clients)
	if err != nil {
		return nil, err
	}
	defer crowd.close()
	if err := crowd.order(crowdOrder{Do: "connect", Kind: crowdOps, Addr: live.addr, N: o.Clients, Ops: load}); err != nil {
		return nil, err
	}
	for {
		n, err := crowd.next(ctx)
		if err != nil || n.Ops != nil {
			return n.Ops, err
		}
	}
}

// opsLoad is what the clients of a crowd send.
type opsLoad struct {
	Items  int   `json:"items,omitempty"`
	Group  int   `json:"group,omitempty"`  // ops a frame
	Ahead  int   `json:"ahead,omitempty"`  // frames that a client has on their way
	Pace   int   `json:"pace,omitempty"`   // ops a second of all clients; 0 is as fast as can be
	Millis int64 `json:"millis,omitempty"` // how long
	Round  int   `json:"round,omitempty"`  // so that client ids are new ones
}

// opsFigures are what came of it: ops acknowledged a second, and times from a frame's sending to its acknowledgement.
type opsFigures struct {
	Ops  int     `json:"ops"`
	PerS float64 `json:"per_s"`
	P50  float64 `json:"p50_ms"`
	P99  float64 `json:"p99_ms"`
	Max  float64 `json:"max_ms"`
}

// opsTook makes figures of how long frames or rows took, which are sorted, and of how long all of it took.
func opsTook(took []time.Duration, group int, all time.Duration) *opsFigures {
	slices.Sort(took)
	n := len(took) * group
	return &opsFigures{
		Ops: n, PerS: float64(n) / all.Seconds(),
		P50: millis(percentile(took, .5)), P99: millis(percentile(took, .99)), Max: millis(took[len(took)-1]),
	}
}
