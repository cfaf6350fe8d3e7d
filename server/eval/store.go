package eval

import (
	"context"
	"fmt"
	"slices"
	"time"

	"nigh/core"
	"nigh/server/store"
)

// Kept is what ReadStore reads of a store.Store.
type Kept interface {
	EachItem(ctx context.Context, f func(store.StoredItem) error) error
	EachEvent(ctx context.Context, since int64, f func(store.StoredEvent) error) error
}

// ReadStore reads the catalog and the events of a server's store, and returns the events in the order of their times,
// equal times as they came in. Events that took something back ("forget"), those of items that were deleted, and those
// that happened after now (a reader's clock) are left out and noted.
func (d *Data) ReadStore(ctx context.Context, s Kept, now time.Time) ([]Event, error) {
	nums := map[core.ItemNum]core.ItemNum{}
	err := s.EachItem(ctx, func(it store.StoredItem) error {
		nums[it.Num] = d.num(it.Item)
		return ctx.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read items: %w", err)
	}
	d.Given = len(d.Items)
	var log []Event
	gone, forgets, shown, late := 0, 0, 0, 0
	err = s.EachEvent(ctx, 0, func(e store.StoredEvent) error {
		n, ok := nums[e.Num]
		switch {
		case e.Kind == core.KindForget:
			forgets++
		case e.Kind == core.KindShown: // not something that a reader did
			shown++
		case !ok:
			gone++
		case e.AtMillis > now.UnixMilli():
			late++
		default:
			log = append(log, Event{User: d.user(e.User), Item: n, Kind: e.Kind, Milli: e.ValueMilli, At: e.AtMillis})
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	for _, left := range []struct {
		n    int
		what string
	}{{gone, "of items that are no longer in the catalog"}, {forgets, "that took an item out of a history"}, {shown, "that say what was in view"}, {late, "from the future"}} {
		if left.n > 0 {
			d.note("%s events %s are left out", comma(left.n), left.what)
		}
	}
	slices.SortStableFunc(log, byTime)
	return log, nil
}
