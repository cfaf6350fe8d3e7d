package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"nigh/core"
	"nigh/core/wire"
	"nigh/server/deflate"
	"nigh/server/store"
	"nigh/server/store/sqlite"
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
// how long one op takes until it is acknowledged when it is on disk, at a steady pace. Each is learnt from on the way. The
// yardstick is the store alone: as many events in groups of 200, each group a synced commit; and commits of one.
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
	grouped, err := opt.turns(ctx, live, opsLoad{Items: opt.Items, Group: wire.MaxOps, Ahead: 4, Millis: opt.For.Milliseconds()}, 200)
	if err != nil {
		return nil, err
	}
	grouped.Name = fmt.Sprintf("clients=%d/ops-a-frame=%d", opt.Clients, wire.MaxOps)
	grouped.Ratio = grouped.Figures["ops_per_s"] / grouped.Yardstick.Figures["ops_per_s"]
	paced, err := opt.turns(ctx, live, opsLoad{Items: opt.Items, Group: 1, Millis: opt.For.Milliseconds(), Pace: opt.Pace}, 1)
	if err != nil {
		return nil, err
	}
	paced.Name = fmt.Sprintf("clients=%d/ops_per_s=%d", opt.Clients, opt.Pace)
	paced.Ratio = paced.Yardstick.Figures["p99_ms"] / paced.Figures["p99_ms"]
	r.Cases = []Case{*grouped, *paced}
	return r, nil
}

// turns measures nigh and the store alone by turns.
func (o *OpsOptions) turns(ctx context.Context, live *liveServer, load opsLoad, group int) (*Case, error) {
	var rate, p50, p99, cpu, plainRate, plain50, plain99, plainCPU []float64
	for i := range o.Rounds {
		o.Progress.tell("%d clients, %d ops a frame: round %d of %d", o.Clients, load.Group, i+1, o.Rounds)
		load.Round = i
		begin := cpuTime()
		got, err := o.crowd(ctx, live, load)
		if err != nil {
			return nil, err
		}
		between := cpuTime()
		base, err := plainEvents(ctx, o.Items, group, o.For)
		if err != nil {
			return nil, err
		}
		cpu = append(cpu, micros(between-begin)/float64(got.Ops))
		plainCPU = append(plainCPU, micros(cpuTime()-between)/float64(base.Ops))
		rate, p50, p99 = append(rate, got.PerS), append(p50, got.P50), append(p99, got.P99)
		plainRate, plain50, plain99 = append(plainRate, base.PerS), append(plain50, base.P50), append(plain99, base.P99)
	}
	figures := func(rate, p50, p99, cpu []float64) map[string]float64 {
		out := map[string]float64{"ops_per_s": median(rate), "p50_ms": median(p50), "p99_ms": median(p99)}
		if c := median(cpu); c > 0 {
			out["cpu_us"] = c
		}
		return out
	}
	return &Case{
		Figures:   figures(rate, p50, p99, cpu),
		Yardstick: Yardstick{fmt.Sprintf("SQLite alone, synced commits of %d", group), figures(plainRate, plain50, plain99, plainCPU)},
	}, nil
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
}

// sendOps is the clients' side.
func (c *crowd) sendOps(o crowdOrder) error {
	conns := make([]*crowdConn, o.N)
	if err := each(o.N, 64, func(i int) (err error) {
		conns[i], err = dialCrowd(c.ctx, o, i+o.Ops.Round*o.N+o.Ops.Group<<20)
		return err
	}); err != nil {
		return fmt.Errorf("connect %d clients: %w", o.N, err)
	}
	begin := time.Now()
	end := begin.Add(time.Duration(o.Ops.Millis) * time.Millisecond)
	took := make([][]time.Duration, o.N)
	errs := make([]error, o.N)
	var last time.Time
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i, conn := range conns {
		wg.Go(func() {
			defer conn.Close()
			stop := context.AfterFunc(c.ctx, func() { _ = conn.Close() })
			defer stop()
			var mine time.Time
			took[i], mine, errs[i] = conn.sendOps(o, i, begin, end)
			mu.Lock()
			defer mu.Unlock()
			if mine.After(last) {
				last = mine
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	all := slices.Concat(took...)
	if len(all) == 0 {
		return errors.New("no op was acknowledged in time; measure for longer")
	}
	slices.Sort(all)
	c.tell(crowdNews{Ops: &opsFigures{
		Ops:  len(all) * o.Ops.Group,
		PerS: float64(len(all)*o.Ops.Group) / last.Sub(begin).Seconds(),
		P50:  millis(percentile(all, .5)), P99: millis(percentile(all, .99)),
	}})
	return nil
}

// sendOps sends one client's ops until end, and returns how long each frame took to be acknowledged, and when the last was.
func (c *crowdConn) sendOps(o crowdOrder, i int, begin, end time.Time) (took []time.Duration, last time.Time, err error) {
	l := o.Ops
	rnd := rand.New(rand.NewPCG(uint64(i), 5))
	var mu sync.Mutex // for sent
	var sent []time.Time
	frames := 0
	send := func() error {
		m := &wire.Ops{First: uint64(frames*l.Group) + 1}
		for range l.Group {
			m.Ops = append(m.Ops, wire.Op{Event: true, Kind: "view", Item: fmt.Sprintf("item-%d", madeUpVisit(rnd, l.Items, i%madeUpTopics(l.Items))), AtMillis: time.Now().UnixMilli()})
		}
		frames++
		mu.Lock()
		sent = append(sent, time.Now())
		mu.Unlock()
		return c.send(wire.Encode(m))
	}
	acked := func() error { // waits for the oldest frame's acknowledgement
		for {
			frame, err := c.next()
			if err != nil {
				return err
			}
			plain, err := deflate.Inflate(frame)
			if err != nil {
				return err
			}
			m, err := wire.Decode(plain)
			if err != nil {
				return err
			}
			if a, ok := m.(*wire.Ack); ok {
				if len(a.Refused) > 0 {
					return fmt.Errorf("an op was refused: %s", a.Refused[0].Reason)
				}
				last = time.Now()
				mu.Lock()
				defer mu.Unlock()
				took = append(took, last.Sub(sent[len(took)]))
				return nil
			}
		}
	}
	if l.Pace == 0 {
		for ahead := 0; ; {
			for ; ahead < l.Ahead && time.Now().Before(end); ahead++ {
				if err := send(); err != nil {
					return nil, last, err
				}
			}
			if ahead == 0 {
				return took, last, nil
			}
			if err := acked(); err != nil {
				return nil, last, err
			}
			ahead--
		}
	}
	// At a pace the next op does not wait for the last one's acknowledgement: a queue that grows would not be seen else.
	each := time.Duration(o.N) * time.Second / time.Duration(l.Pace)
	next := begin.Add(each * time.Duration(i) / time.Duration(o.N))
	want := max(1, int(end.Sub(next)/each))
	failed := make(chan error, 1)
	go func() {
		for range want {
			time.Sleep(time.Until(next))
			next = next.Add(each)
			if err := send(); err != nil {
				failed <- err
				return
			}
		}
		failed <- nil
	}()
	for range want {
		if err := acked(); err != nil {
			_ = c.Close()
			return nil, last, errors.Join(err, <-failed)
		}
	}
	return took, last, <-failed
}

// plainEvents commits events to a store of its own, so many at a time, one commit after the other.
func plainEvents(ctx context.Context, items, group int, during time.Duration) (_ *opsFigures, err error) {
	dir, err := os.MkdirTemp("", "nigh-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rnd := rand.New(rand.NewPCG(1, 2))
	var took []time.Duration
	begin := time.Now()
	for len(took) == 0 || time.Since(begin) < during {
		var b store.Batch
		for range group {
			b.Events = append(b.Events, store.NewEvent{StoredEvent: store.StoredEvent{
				Num: core.ItemNum(1 + rnd.IntN(items)), User: fmt.Sprintf("reader-%d", rnd.IntN(1000)), Kind: "view", AtMillis: time.Now().UnixMilli(),
			}})
		}
		start := time.Now()
		if err := db.Commit(ctx, b); err != nil {
			return nil, err
		}
		took = append(took, time.Since(start))
	}
	rate := float64(len(took)*group) / time.Since(begin).Seconds()
	slices.Sort(took)
	return &opsFigures{Ops: len(took) * group, PerS: rate, P50: millis(percentile(took, .5)), P99: millis(percentile(took, .99))}, nil
}
