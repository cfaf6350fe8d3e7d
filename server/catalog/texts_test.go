package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"testing"
	"time"

	"nigh/core"
	"nigh/core/wire"
	"nigh/server/store"
)

// slowTexts is a store that gives its items out when it is let, and then fails if it is to.
type slowTexts struct {
	store.Store
	let chan error // what EachItem waits for; an error is its result
}

func (s *slowTexts) EachItem(ctx context.Context, f func(store.StoredItem) error) error {
	select {
	case err := <-s.let:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.Store.EachItem(ctx, f)
}

// reading starts a catalog anew over r's store. Its texts are read when let is sent something.
func (r *rig) reading() (let chan error) {
	r.stop()
	let = make(chan error, 1)
	r.store = &flaky{Store: &slowTexts{r.store, let}}
	r.open()
	return let
}

func TestStart_AnswersBeforeItsTextsAreRead(t *testing.T) {
	r := start(t)
	r.busy()
	r.settle()
	before, list := r.index(), r.list(Request{User: "reader1", Limit: 30})
	let := r.reading()
	r.run()
	wantIDs(t, "list before the texts are read", r.list(Request{User: "reader1", Limit: 30}), list...)
	snap, err := r.snapshot(bg, wire.Whole)
	if err != nil || len(snap.shelves) != 1 {
		t.Errorf("a snapshot before the texts are read = %+v, %v", snap, err)
	}
	r.did("reader5", "view", "go-1")
	if res, err := r.Recommend(bg, Request{User: "reader5", Explain: true, Limit: 1}); err != nil || len(res.Recommendations) == 0 {
		t.Errorf("Recommend after an event = %v, %v, want a list", idsOf(res), err)
	}

	calls := make(chan error, 3)
	go func() { _, err := r.PutItems(bg, shelf(2, "new")); calls <- err }()
	go func() { calls <- r.DeleteItem(bg, "go-7") }()
	go func() { calls <- r.Settle(bg) }()
	r.did("reader5", "view", "go-2") // goes on meanwhile
	if !maps.Equal(r.index(), before) {
		t.Error("the index changed before the texts were read")
	}
	close(let) // now, and for the next start
	for range cap(calls) {
		if err := <-calls; err != nil {
			t.Errorf("a call that waited for the texts = %v", err)
		}
	}
	r.settle()
	r.wantWhole()
	if got := r.list(Request{Limit: 100}); !has(got, "new-1") || has(got, "go-7") {
		t.Errorf("list = %v, want what was put and not what was deleted meanwhile", got)
	}

	// What was learnt meanwhile is what a catalog learns whose texts were there.
	learnt := r.index()
	r.stop()
	r.open()
	r.run()
	r.settle()
	if !maps.Equal(r.index(), learnt) {
		t.Error("after another restart the records are others")
	}
}

func TestStart_EndsWithoutItsTexts(t *testing.T) {
	for name, end := range map[string]func(stop context.CancelFunc, let chan error){
		"told to stop":          func(stop context.CancelFunc, _ chan error) { stop() },
		"they cannot be read":   func(_ context.CancelFunc, let chan error) { let <- errDisk },
		"both at the same time": func(stop context.CancelFunc, let chan error) { let <- errDisk; stop() },
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t)
			r.put(shelf(3, "sea")...)
			r.did("ada", "view", "sea-1")
			let := r.reading()
			ctx, stop := context.WithCancel(bg)
			done := make(chan error, 1)
			c := r.Catalog
			put := &request{reply: make(chan error, 1), put: &putRequest{items: shelf(1, "new"),
				parsed: parse(c, book("new-0", "new")), results: make([]ItemResult, 1)}}
			settle := &request{reply: make(chan error, 1), settle: true}
			c.queue <- put
			c.queue <- settle
			go func() { done <- c.Run(ctx) }()
			r.did("ada", "view", "sea-2") // so that the calls before it are taken
			end(stop, let)
			err := <-done
			stop()
			if name == "they cannot be read" && !errors.Is(err, errDisk) {
				t.Errorf("Run = %v, want the store's error", err)
			}
			for _, call := range []*request{put, settle} {
				if err := <-call.reply; !errors.Is(err, ErrClosed) && !errors.Is(err, errDisk) {
					t.Errorf("a call that waited = %v, want ErrClosed or the store's error", err)
				}
			}
			if _, err := r.Item(bg, "new-0"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("the item of the failed call = %v, want ErrNotFound", err)
			}
			select {
			case <-let: // it was told to stop first
			default:
			}
			close(let)
			r.open()
			r.run()
			r.settle()
			r.wantWhole()
		})
	}
}

// However few readers a replay keeps at a time, it learns the same.
func TestRestart_LearnsTheSameWithFewReadersInMemory(t *testing.T) {
	r := start(t)
	r.busy()
	r.did("reader2", "forget", "sea-2")
	for i := range 60 {
		r.did(fmt.Sprint("reader", i%7), "view", fmt.Sprintf("go-%d", i%11))
		late := store.Event{User: fmt.Sprint("reader", i%5), Item: fmt.Sprintf("jazz-%d", i%9), Kind: "like", At: r.time().Add(-time.Minute)}
		if _, err := r.RecordEvents(bg, []store.Event{late}); err != nil {
			t.Fatal(err)
		}
	}
	r.stop()
	weights := func() (all []core.Weights) {
		for n := range r.owner.num {
			all = append(all, r.owner.learner.Weights(n+1, nil, 0, 0))
		}
		return all
	}
	r.open()
	r.relearn()
	want := weights()
	for _, most := range []int{0, 1, 40, 200} {
		r.open()
		r.limits.past = most
		r.relearn()
		if got := weights(); !reflect.DeepEqual(got, want) {
			t.Errorf("with %d visits in memory it learns otherwise", most)
		}
	}
	r.run()
}
