package crowd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"nigh/server/pause"
)

// Prefix begins the name of every simulated reader.
const Prefix = "simulated-"

// MaxReaders is how many there may be.
const MaxReaders = 500

// Times of readers, of whom each act is a view, often with a word on it.
const (
	gap       = 200 * time.Millisecond // between two acts of the whole crowd, at least
	shortest  = 5 * time.Second        // between two acts of a visit
	longest   = 20 * time.Second
	away      = 30 * time.Second // between two visits
	awayMost  = 3 * time.Minute
	listed    = 12 // of what is recommended, how many they look at
	actsLeast = 3  // of a visit
	actsMost  = 8
)

// Library is where the crowd reads. Its methods are called from one goroutine.
type Library interface {
	// Works returns all there is to read, in any order that is the same each time.
	Works(ctx context.Context) ([]Work, error)
	// Recommend returns the ids of what a reader is to read next, the best first.
	Recommend(ctx context.Context, reader string, limit int) ([]string, error)
	// Record tells that a reader did something: "view", "like", "dismiss".
	Record(ctx context.Context, reader, kind, item string) error
}

// Options say who reads where. All but Logger are needed.
type Options struct {
	Readers int // 1 to MaxReaders
	Seed    uint64
	Library Library
	Logger  *slog.Logger // nil: slog.Default()
}

// Run has readers read until ctx is done; it returns nil then. It returns the Library's error if that fails before.
func Run(ctx context.Context, opt Options) error {
	if opt.Readers < 1 || opt.Readers > MaxReaders {
		return fmt.Errorf("%d simulated readers cannot be; choose 1 to %d", opt.Readers, MaxReaders)
	}
	log := opt.Logger
	if log == nil {
		log = slog.Default()
	}
	err := run(ctx, opt, log)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func run(ctx context.Context, opt Options, log *slog.Logger) error {
	works, err := opt.Library.Works(ctx)
	if err != nil {
		return fmt.Errorf("list works for simulated readers: %w", err)
	}
	if len(works) == 0 {
		return errors.New("there is nothing for simulated readers to read; import items first")
	}
	lib := &shelf{works: works, byID: map[string]Work{}}
	for _, w := range works {
		lib.byID[w.ID] = w
	}
	r := rand.New(rand.NewPCG(opt.Seed, 0))
	people := make([]*person, opt.Readers)
	next := make([]time.Time, opt.Readers) // when each acts again
	now := time.Now()
	for i := range people {
		people[i] = newPerson(fmt.Sprintf("%s%d", Prefix, i+1), works, r)
		next[i] = now.Add(within(r, 0, longest))
	}
	log.Info("simulated readers are reading along", "readers", opt.Readers, "seed", opt.Seed)
	last := now.Add(-gap)
	for {
		who := 0
		for i, at := range next {
			if at.Before(next[who]) {
				who = i
			}
		}
		at := next[who]
		if at.Before(last.Add(gap)) {
			at = last.Add(gap)
		}
		if err := pause.For(ctx, time.Until(at)); err != nil {
			return err
		}
		last = at
		p := people[who]
		if err := p.act(ctx, opt.Library, lib, r); err != nil {
			return fmt.Errorf("%s reads: %w", p.name, err)
		}
		rest := within(r, shortest, longest)
		if p.left--; p.left < 0 {
			p.left = actsLeast + r.IntN(actsMost-actsLeast+1)
		} else if p.left == 0 {
			rest = within(r, away, awayMost)
			p.left = -1
		}
		next[who] = at.Add(rest)
	}
}

// act is one work read, with what they say of it.
func (p *person) act(ctx context.Context, library Library, lib *shelf, r *rand.Rand) error {
	ids, err := library.Recommend(ctx, p.name, listed)
	if err != nil {
		return err
	}
	w, ok := p.choose(ids, lib, r)
	if !ok {
		clear(p.read) // they begin again with what they love
		return nil
	}
	p.read[w.ID] = true
	if err := library.Record(ctx, p.name, "view", w.ID); err != nil {
		return err
	}
	if kind := p.verdict(w, r); kind != "" {
		return library.Record(ctx, p.name, kind, w.ID)
	}
	return nil
}

func within(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)))
}
