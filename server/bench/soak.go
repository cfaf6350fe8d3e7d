package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"nigh/core"
	"nigh/core/replica"
	"nigh/server/client"
	"nigh/server/pause"
	"nigh/server/store"
)

// SoakOptions say what a soak is.
type SoakOptions struct {
	For      time.Duration
	Clients  int // readers that come, ask, act and go
	Items    int
	Progress Progress
}

// SoakError is a soak whose memory or goroutines grew.
type SoakError struct{ What string }

// Error says what grew.
func (e *SoakError) Error() string { return "it does not stay flat: " + e.What }

// Bounds of what may grow between the first and the last quarter of a soak: what a store caches, and what readers who come
// back leave behind, is there from the beginning.
const (
	soakGrowth = 1.15
	soakSpare  = 8 << 20 // bytes
)

// Soak has readers come, ask, act and go for a while, and items change, all in this process. Now and then all of them are
// gone, and what is left is measured: heap and goroutines of the last quarter must be those of the first. Case.Ratio is the first quarter's heap to the last one's. After a failure
// the error is a *SoakError, beside the result.
func Soak(ctx context.Context, opt SoakOptions) (*Result, error) {
	if opt.For <= 0 || opt.Clients < 1 || opt.Items < 1 {
		return nil, errors.New("a soak needs a time, clients and items")
	}
	live, err := openLiveWith(ctx, liveOptions{change: manyClients(opt.Clients)})
	if err != nil {
		return nil, err
	}
	defer live.close()
	items, events := Synthetic(opt.Items, 0)
	if err := live.fill(ctx, items, events); err != nil {
		return nil, err
	}
	s := &soak{opt: opt, live: live, items: items, kept: make([]*client.Memory, opt.Clients)}
	s.forget()
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	failed := make(chan error, opt.Clients+1)
	for i := range opt.Clients {
		wg.Go(func() { failed <- s.reader(running, i) })
	}
	wg.Go(func() { failed <- s.editor(running) })
	quarters, err := s.watch(ctx, failed)
	cancel()
	wg.Wait()
	if err != nil {
		return nil, err
	}
	return s.result(quarters)
}

// soak is a soak under way.
type soak struct {
	opt         SoakOptions
	live        *liveServer
	items       []store.Item
	lives, acts atomic.Int64 // of readers
	edits       atomic.Int64
	pause       sync.RWMutex     // who is alive holds it to read
	kept        []*client.Memory // of each reader; changed while nobody is alive
}

// reader lives again and again: each of a client's lives goes on where the last one ended, from one look to the next.
func (s *soak) reader(ctx context.Context, i int) error {
	rnd := rand.New(rand.NewPCG(uint64(i), 7))
	for ctx.Err() == nil {
		s.pause.RLock()
		err := s.visit(ctx, i, rnd, s.kept[i])
		s.pause.RUnlock()
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("reader %d: %w", i, err)
		}
	}
	return nil
}

// visit is one life of a client.
func (s *soak) visit(ctx context.Context, i int, rnd *rand.Rand, memory client.Store) error {
	one, err := client.New(client.Options{URL: "http://" + s.live.addr, User: fmt.Sprint("reader-", i), Store: memory})
	if err != nil {
		return err
	}
	life, end := context.WithCancel(ctx)
	defer end()
	done := make(chan error, 1)
	go func() { done <- one.Run(life) }()
	err = s.life(life, one, rnd, i)
	end()
	s.lives.Add(1)
	return errors.Join(err, <-done)
}

// life is what a reader does on a visit.
func (s *soak) life(ctx context.Context, c *client.Client, rnd *rand.Rand, i int) error {
	c.Ask(replica.Question{Name: "you", Limit: 10})
	if err := c.Until(ctx, client.Live); err != nil {
		return err
	}
	for range 1 + rnd.IntN(10) {
		n := madeUpVisit(rnd, s.opt.Items, i%madeUpTopics(s.opt.Items))
		if err := c.Record(ctx, "view", core.ItemID(s.items[n].ID), 0); err != nil {
			return err
		}
		s.acts.Add(1)
		if pause.For(ctx, time.Duration(rnd.IntN(20))*time.Millisecond) != nil {
			return nil
		}
	}
	return nil
}

// editor changes items.
func (s *soak) editor(ctx context.Context) error {
	rnd := rand.New(rand.NewPCG(1, 8))
	for pause.For(ctx, 20*time.Millisecond) == nil {
		it := s.items[rnd.IntN(len(s.items))]
		it.Description += fmt.Sprintf(" edited%d", rnd.IntN(100))
		res, err := s.live.catalog.PutItems(ctx, []store.Item{it})
		if err != nil && ctx.Err() == nil {
			return err
		}
		if err == nil && res[0].Err != nil {
			return res[0].Err
		}
		s.edits.Add(1)
	}
	return nil
}

// soakLooks is how often a soak is looked at.
const soakLooks = 16

// watch measures until the end, and returns what each look saw.
func (s *soak) watch(ctx context.Context, failed <-chan error) (looks []memory, err error) {
	tick := time.NewTicker(s.opt.For / soakLooks)
	defer tick.Stop()
	for len(looks) < soakLooks {
		select {
		case <-tick.C:
		case err := <-failed:
			if err != nil {
				return nil, err
			}
			continue
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		m, err := s.look(ctx)
		if err != nil {
			return nil, err
		}
		if looks = append(looks, m); len(looks)%(soakLooks/4) == 0 {
			s.opt.Progress.tell("%d %%: %.1f MiB of heap, %.0f goroutines, %d visits, %d ops, %d edits", len(looks)*100/soakLooks,
				m.heap/(1<<20), m.goroutines, s.lives.Load(), s.acts.Load(), s.edits.Load())
		}
	}
	return looks, nil
}

// forget has every reader begin on a new device.
func (s *soak) forget() {
	for i := range s.kept {
		s.kept[i] = client.NewMemory()
	}
}

// look measures what is left when all readers have gone, with what their devices kept, and all is learnt: copies of the
// catalog that the server teaches grow with what it knows, and 50 of them hid what it holds itself.
func (s *soak) look(ctx context.Context) (memory, error) {
	s.pause.Lock() // no new visit begins meanwhile
	defer s.pause.Unlock()
	for s.live.server.Guard().Open() > 0 {
		if pause.For(ctx, time.Millisecond) != nil {
			return memory{}, ctx.Err()
		}
	}
	if err := s.live.catalog.Settle(ctx); err != nil {
		return memory{}, err
	}
	s.forget()
	runtime.GC()
	runtime.GC() // what finalizers of the first let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memory{residentBytes(), float64(m.HeapAlloc), float64(m.StackInuse), float64(runtime.NumGoroutine())}, nil
}

// result compares quarters; what comes before the first look but one is warming up.
func (s *soak) result(looks []memory) (*Result, error) {
	quarter := len(looks) / 4
	mean := func(of []memory, what func(memory) float64) (sum float64) {
		for _, m := range of {
			sum += what(m)
		}
		return sum / float64(len(of))
	}
	early, late := looks[1:1+quarter], looks[len(looks)-quarter:]
	figures := func(of []memory) map[string]float64 {
		return map[string]float64{
			"heap_bytes":     mean(of, func(m memory) float64 { return m.heap }),
			"resident_bytes": mean(of, func(m memory) float64 { return m.resident }),
			"goroutines":     mean(of, func(m memory) float64 { return m.goroutines }),
		}
	}
	first, last := figures(early), figures(late)
	r := newResult("soak")
	r.Cases = []Case{{
		Name: fmt.Sprintf("clients=%d/minutes=%.3g/visits=%d/ops=%d/edits=%d", s.opt.Clients, s.opt.For.Minutes(),
			s.lives.Load(), s.acts.Load(), s.edits.Load()),
		Figures: last, Yardstick: Yardstick{"the first quarter", first}, Ratio: first["heap_bytes"] / last["heap_bytes"],
	}}
	switch {
	case last["heap_bytes"] > first["heap_bytes"]*soakGrowth+soakSpare:
		return r, &SoakError{fmt.Sprintf("%.1f MiB of heap in the first quarter, %.1f in the last", first["heap_bytes"]/(1<<20), last["heap_bytes"]/(1<<20))}
	case last["goroutines"] > first["goroutines"]*soakGrowth+10:
		return r, &SoakError{fmt.Sprintf("%.0f goroutines in the first quarter, %.0f in the last", first["goroutines"], last["goroutines"])}
	}
	return r, nil
}
