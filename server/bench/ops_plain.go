package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"nigh/core"
	"nigh/server/store"
	"nigh/server/store/sqlite"
)

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
	return opsTook(took, group, time.Since(begin)), nil
}

// plainPaced inserts rows into a bare table at a pace, those that wait in one synced commit, and tells how long each took
// from its time on.
func plainPaced(ctx context.Context, pace int, during time.Duration) (_ *opsFigures, err error) {
	b, err := openBare(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	rows := make(chan time.Time, 1+int(during.Seconds()*float64(pace))) // all of them: who adds them does not wait
	go func() {
		defer close(rows)
		next, each := time.Now(), time.Second/time.Duration(pace)
		for end := next.Add(during); next.Before(end) && ctx.Err() == nil; next = next.Add(each) {
			time.Sleep(time.Until(next))
			rows <- time.Now()
		}
	}()
	var took []time.Duration
	begin := time.Now()
	for at := range rows {
		waiting := []time.Time{at}
		for range len(rows) {
			if at, more := <-rows; more {
				waiting = append(waiting, at)
			}
		}
		if err := b.together(ctx, len(waiting)); err != nil {
			return nil, err
		}
		for _, at := range waiting {
			took = append(took, time.Since(at))
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return opsTook(took, 1, time.Since(begin)), nil
}
