package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"nigh/core/learn"
	"nigh/server/catalog"
	"nigh/server/store"
	"nigh/server/store/sqlite"
)

// dataSink puts rows into a data folder, through a catalog of its own.
type dataSink struct {
	catalog    *catalog.Catalog
	db         *sqlite.DB
	stop       context.CancelFunc
	done       chan error // what Run returned
	known      map[string]bool
	dimensions int // of the vectors that were checked
}

// openDataSink opens the folder, which no server may be using.
// With events, what comes in is learnt in the end, all together: half the work, and none of the weights in between are
// written.
func openDataSink(ctx context.Context, dir, language string, policy learn.Policy, events bool, log *slog.Logger) (*dataSink, error) {
	leanMemory()
	db, err := sqlite.Open(ctx, dir)
	if errors.Is(err, store.ErrLocked) {
		return nil, withHint(fmt.Errorf("open the data folder %s: %w", dir, store.ErrLocked), "if that is a nigh server, import through it: --server http://localhost:8080")
	}
	if err != nil {
		return nil, fmt.Errorf("open the data folder %s: %w", dir, err)
	}
	c, err := catalog.Open(ctx, db, catalog.Options{Logger: log, Language: language, Policy: &policy, LearnLater: events})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the catalog in %s: %w", dir, err), db.Close())
	}
	// The catalog outlives an interrupt, until close: what it was given is to be committed.
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &dataSink{catalog: c, db: db, stop: stop, done: make(chan error, 1), known: map[string]bool{}}
	go func() { s.done <- c.Run(run) }()
	return s, nil
}

// settle lets the catalog finish here what it would otherwise do when a server next opens the folder.
func (s *dataSink) settle(ctx context.Context, tell func(string, int, string)) error {
	debug.FreeOSMemory() // reading and sorting are over; learning begins
	done := make(chan error, 1)
	go func() { done <- s.catalog.Settle(ctx) }()
	look := time.NewTicker(settleLook)
	defer look.Stop()
	for {
		select {
		case err := <-done:
			if err != nil && ctx.Err() != nil {
				return withHint(errors.New("interrupted"), "everything is in; the server learns it, and finds the rest of the neighbours, when it starts")
			}
			return err
		case <-look.C:
			if n := s.catalog.Unlearnt(); n > 0 {
				tell("learning", n, "events")
			} else {
				tell("finding neighbours", s.catalog.Pending(), "items")
			}
		}
	}
}

// settleLook is how often the progress of settling is looked at.
const settleLook = 100 * time.Millisecond

// close waits until everything is committed.
func (s *dataSink) close() error {
	s.stop()
	err := <-s.done
	if errors.Is(err, context.Canceled) {
		err = nil // how it was told to end
	}
	return errors.Join(err, s.db.Close())
}

func (s *dataSink) putItems(ctx context.Context, items []store.Item) ([]outcome, error) {
	results, err := s.catalog.PutItems(ctx, items)
	if err != nil {
		return nil, fmt.Errorf("store %d items: %w", len(items), err)
	}
	out := make([]outcome, len(results))
	for i, r := range results {
		out[i] = refused(r.Err)
		out[i].created = r.Created
	}
	return out, nil
}

func (s *dataSink) putEvents(ctx context.Context, events []store.Event) ([]outcome, error) {
	results, err := s.catalog.RecordEvents(ctx, events)
	if err != nil {
		return nil, fmt.Errorf("store %d events: %w", len(events), err)
	}
	out := make([]outcome, len(results))
	for i, r := range results {
		out[i] = refused(r.Err)
		out[i].duplicate = r.Duplicate
	}
	return out, nil
}

func (s *dataSink) checkItems(_ context.Context, items []store.Item) ([]outcome, error) {
	return checkLimits(items, &s.dimensions), nil
}

func (s *dataSink) checkEvents(ctx context.Context, events []store.Event) ([]outcome, error) {
	return checkKnown(events, s.catalog.Policy(), s.known, func(id string) (bool, error) {
		_, err := s.catalog.Item(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	})
}
