package crowd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// diary is a Library that notes what is done in it.
type diary struct {
	works []Work
	did   []string
	at    []time.Time
	fails error
}

func (d *diary) Works(context.Context) ([]Work, error) { return d.works, d.fails }

func (d *diary) Recommend(context.Context, string, int) (ids []string, _ error) {
	d.at = append(d.at, time.Now())
	for _, w := range d.works[:min(12, len(d.works))] {
		ids = append(ids, w.ID)
	}
	return ids, nil
}

func (d *diary) Record(_ context.Context, reader, kind, item string) error {
	d.did = append(d.did, reader+" "+kind+" "+item)
	return nil
}

func newDiary() *diary {
	d := &diary{}
	for i := range 200 {
		d.works = append(d.works, Work{ID: fmt.Sprint("w", i), Author: fmt.Sprint("a", i%40), Tags: []string{fmt.Sprint("t", i%7), fmt.Sprint("u", i%11), "all"}})
	}
	return d
}

// read has a crowd read for a while of a virtual clock.
func read(t *testing.T, readers int, seed uint64) *diary {
	t.Helper()
	d := newDiary()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if err := Run(ctx, Options{Readers: readers, Seed: seed, Library: d, Logger: slog.New(slog.DiscardHandler)}); err != nil {
			t.Errorf("Run = %v, want nil when it is told to end", err)
		}
	})
	return d
}

func TestRun_DoesTheSameWithTheSameSeed(t *testing.T) {
	a, b, other := read(t, 20, 1), read(t, 20, 1), read(t, 20, 2)
	if len(a.did) < 100 || !slices.Equal(a.did, b.did) {
		t.Errorf("did %d and %d things, want the same, and many", len(a.did), len(b.did))
	}
	if slices.Equal(a.did, other.did) {
		t.Error("another seed did the same")
	}
	liked := 0
	for _, what := range a.did {
		if !strings.HasPrefix(what, Prefix) {
			t.Fatalf("%q has not the name of a simulated reader", what)
		}
		if strings.Contains(what, " like ") {
			liked++
		}
	}
	if liked == 0 || liked > len(a.did)/2 {
		t.Errorf("%d likes of %d acts, want some, and no more than views", liked, len(a.did))
	}
}

func TestRun_KeepsItsRate(t *testing.T) {
	d := read(t, MaxReaders, 3)
	for i := 1; i < len(d.at); i++ {
		if got := d.at[i].Sub(d.at[i-1]); got < gap {
			t.Fatalf("%v between two acts, want %v at least", got, gap)
		}
	}
}

func TestRun_TellsWhatIsWrong(t *testing.T) {
	gone := errors.New("gone")
	for says, opt := range map[string]Options{
		"choose 1 to":     {Readers: 0, Library: newDiary()},
		"nothing for":     {Readers: 1, Library: &diary{}},
		"list works for ": {Readers: 1, Library: &diary{fails: gone}},
	} {
		if err := Run(t.Context(), opt); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("Run = %v, want %q", err, says)
		}
	}
}
