package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"nigh/core/wire"
)

// sendOps is the clients' side.
func (c *crowd) sendOps(o crowdOrder) error {
	conns := make([]*crowdConn, o.N)
	if err := each(o.N, 64, func(i int) (err error) {
		conns[i], err = dialCrowd(c.ctx, o, i+o.Ops.Round*o.N+o.Ops.Group<<20)
		return err
	}); err != nil {
		return fmt.Errorf("connect %d clients: %w", o.N, err)
	}
	// All are there, with the catalog and their profile, before the clock runs: coming costs a client a snapshot.
	all := &rounds{kind: crowdOps}
	if err := each(o.N, o.N, func(i int) error { return conns[i].settle(all) }); err != nil {
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
			took[i], mine, errs[i] = conn.sendOps(o, i, all, begin, end)
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
	frames := slices.Concat(took...)
	if len(frames) == 0 {
		return errors.New("no op was acknowledged in time; measure for longer")
	}
	c.tell(crowdNews{Ops: opsTook(frames, o.Ops.Group, last.Sub(begin))})
	return nil
}

// sendOps sends one client's ops until end, and returns how long each frame took to be acknowledged, and when the last was.
func (c *crowdConn) sendOps(o crowdOrder, i int, all *rounds, begin, end time.Time) (took []time.Duration, last time.Time, err error) {
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
			what, err := c.hear(all)
			if err != nil {
				return err
			}
			if what.ack != nil {
				if len(what.ack.Refused) > 0 {
					return fmt.Errorf("an op was refused: %s", what.ack.Refused[0].Reason)
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
