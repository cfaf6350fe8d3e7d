package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"nigh/core"
	"nigh/server/store"
)

// readersSeeWhole: while one goroutine commits, readers find only what whole commits leave. Each commit puts the same
// round into item, record and event, and one more event than before.
func readersSeeWhole(t *testing.T, p *place) {
	const rounds = 60
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	commit := func(round int) error {
		title := fmt.Sprint(round)
		b := store.Batch{
			Clients: map[string]store.Client{"c": {User: "ada", LastOp: uint64(round)}},
			Events:  []store.NewEvent{event(1, "ada", "view", int64(round))},
		}
		for n := core.ItemNum(1); n <= 20; n++ {
			id := fmt.Sprint("item-", n)
			b.Items = append(b.Items, store.StoredItem{Num: n, Item: store.Item{ID: id, Title: title}})
			b.Records = append(b.Records, record(store.Seq(round), n, id, title))
		}
		return p.s.Commit(p.ctx, b)
	}
	if err := commit(1); err != nil {
		t.Fatalf("Commit: %v", err)
	}

	readers := map[string]func() error{
		"EachItem": func() error {
			items, err := allItems(p.ctx, p.s)
			for _, it := range items {
				if it.Title != items[0].Title {
					return fmt.Errorf("items of rounds %s and %s", items[0].Title, it.Title)
				}
			}
			return err
		},
		"EachRecord": func() error {
			records, err := allRecords(p.ctx, p.s, 0)
			if err == nil && len(records) != 20 {
				return fmt.Errorf("%d records, want 20", len(records))
			}
			for _, r := range records {
				if string(r.Record) != fmt.Sprint(records[0].Seq) {
					return fmt.Errorf("record %q at seq %d after seq %d", r.Record, r.Seq, records[0].Seq)
				}
			}
			return err
		},
		"Info": func() error {
			info, err := p.s.Info(p.ctx)
			if err == nil && (int64(info.LastSeq) != info.Events || info.LastRow != info.Events || info.Items != 20) {
				return fmt.Errorf("counters of different commits: %+v", info)
			}
			return err
		},
		"what was seen stays": func() error {
			info, err := p.s.Info(p.ctx)
			if err != nil {
				return err
			}
			client, err := p.s.Client(p.ctx, "c")
			if err != nil {
				return err
			}
			events, err := p.s.UserEvents(p.ctx, "ada", store.AllRows, 1)
			if err != nil {
				return err
			}
			if client.LastOp < uint64(info.LastSeq) || len(events) != 1 || events[0].AtMillis < int64(client.LastOp) {
				return fmt.Errorf("seq %d, then op %d, then events %v: something was seen and gone", info.LastSeq, client.LastOp, events)
			}
			return nil
		},
	}
	var wg sync.WaitGroup
	errs := make(chan error, len(readers)+1)
	for name, read := range readers {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := read(); err != nil {
					errs <- fmt.Errorf("%s: %w", name, err)
					return
				}
			}
		})
	}
	for round := 2; round <= rounds; round++ {
		if err := commit(round); err != nil {
			errs <- fmt.Errorf("commit %d among readers: %w", round, err)
			break
		}
	}
	cancel()
	wg.Wait()
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	if err := errors.Join(all...); err != nil {
		t.Error(err)
	}
}
