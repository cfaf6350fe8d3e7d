package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"nigh/core"
	"nigh/core/learn"
	"nigh/core/wire"
	"nigh/server/store"
)

// busy fills a catalog with items, readers who read together, and everything that ages: changes and deletions.
func (r *rig) busy() {
	r.t.Helper()
	items := shelf(12, "sea", "space", "jazz", "go")
	for i := range items {
		if i%3 != 0 {
			items[i].Vector = store.Vector{float32(i%5) - 2, float32(i%7) - 2.5, 1}
		}
	}
	r.put(items...)
	for i := range 10 {
		user := fmt.Sprint("reader", i)
		r.did(user, "view", fmt.Sprintf("sea-%d", i), fmt.Sprintf("sea-%d", i+1), fmt.Sprintf("space-%d", i))
		r.did(user, "like", fmt.Sprintf("jazz-%d", i/2))
	}
	late := store.Event{User: "reader3", Item: "go-1", Kind: "like", At: r.time().Add(-20 * time.Second)}
	if _, err := r.RecordEvents(bg, []store.Event{late}); err != nil {
		r.t.Fatal(err)
	}
	r.did("reader3", "view", "go-2")
	if err := r.DeleteItem(bg, "sea-3"); err != nil {
		r.t.Fatal(err)
	}
	r.put(book("sea-4", "jazz"))
	r.did("reader4", "view", "sea-4", "go-3")
}

// Whatever happened before: once a restart has made everything of the store, another makes the same.
func TestRestart_MakesTheSameIndexOfTheStore(t *testing.T) {
	r := start(t)
	r.busy()
	r.settle()
	r.stop()
	r.open()
	r.run()
	r.settle()
	before, list := r.index(), r.list(Request{User: "reader1", Limit: 30})
	r.stop()
	r.open()
	if got := r.index(); !maps.Equal(got, before) {
		t.Errorf("the index after Open has other records than before: %d and %d", len(got), len(before))
	}
	wantIDs(t, "list after Open", r.list(Request{User: "reader1", Limit: 30}), list...)
	r.run()
	r.settle() // everything that events say is calculated anew
	if got := r.index(); !maps.Equal(got, before) {
		for n, rec := range got {
			if before[n] != rec {
				a, _ := wire.ReadRecord([]byte(before[n]))
				b, _ := wire.ReadRecord([]byte(rec))
				t.Errorf("after a restart and rest %s has heat %d, edges\n%v, before %d,\n%v", b.ID, b.Heat, b.Edges, a.Heat, a.Edges)
			}
		}
	}
}

func TestRestart_FinishesWhatWasLeft(t *testing.T) {
	r := start(t)
	r.stop()
	r.open()
	// The process dies with everything acknowledged and nothing related or learnt.
	items := shelf(20, "sea", "space")
	var parsed = make([]*request, 0, len(items))
	for _, it := range items {
		parsed = append(parsed, &request{reply: make(chan error, 1), put: &putRequest{
			items: []store.Item{it}, parsed: parse(r.Catalog, it), results: make([]ItemResult, 1)}})
	}
	r.commit(parsed)
	r.commit([]*request{{reply: make(chan error, 1), events: &eventsRequest{
		events:  []store.Event{{User: "ada", Item: "sea-1", Kind: "view"}, {User: "ada", Item: "space-1", Kind: "like"}},
		results: make([]EventResult, 2)}}})
	r.open()
	r.run()
	r.settle()
	res, err := r.Similar(bg, "sea-1", Request{Limit: 30})
	if err != nil || len(res.Recommendations) < 19 {
		t.Errorf("Similar of sea-1 = %v, %v, want the other 19 of the sea", idsOf(res), err)
	}
	if !has(idsOf(res), "space-1") {
		t.Errorf("Similar of sea-1 = %v, want space-1, which ada read next", idsOf(res))
	}
	r.wantWhole()
}

// However far the owner got with a step of its background work, what it committed is finished by the next process.
func TestRestart_LosesNoNeighboursWhereverItStops(t *testing.T) {
	for steps := range 14 {
		r := start(t)
		r.stop()
		r.open()
		r.limits.flush = 3
		for _, it := range shelf(6, "sea", "space") {
			r.commit([]*request{{reply: make(chan error, 1), put: &putRequest{
				items: []store.Item{it}, parsed: parse(r.Catalog, it), results: make([]ItemResult, 1)}}})
			if len(it.ID)%2 == 0 {
				r.background()
			}
		}
		for range steps {
			r.background()
			_ = r.takeSnapshot(&snapshotRequest{}) // which flushes, at whatever moment
		}
		r.open()
		r.run()
		r.settle()
		res, err := r.Similar(bg, "sea-1", Request{Limit: 30})
		if err != nil || len(res.Recommendations) < 5 {
			t.Errorf("after %d steps: Similar of sea-1 = %v, %v, want the 5 others of the sea", steps, idsOf(res), err)
		}
		r.stop()
	}
}

func TestFailingStore_LeavesMemoryAsItWas(t *testing.T) {
	r := start(t)
	r.busy()
	r.settle()
	before, version := r.index(), r.Version()
	history, _, _ := r.Profile(bg, "reader1")
	for name, call := range map[string]func() error{
		"PutItems":   func() error { _, err := r.PutItems(bg, shelf(3, "new")); return err },
		"DeleteItem": func() error { return r.DeleteItem(bg, "go-1") },
		"RecordEvents": func() error {
			_, err := r.RecordEvents(bg, []store.Event{{User: "reader1", Item: "go-1", Kind: "like", ID: "key"}})
			return err
		},
		"ApplyOps": func() error {
			_, err := r.ApplyOps(bg, "c1", "reader1", 1, []wire.Op{{Event: true, Kind: "like", Item: "go-1"}})
			return err
		},
	} {
		r.store.fails.Store(1)
		if err := call(); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("%s on a full disk = %v, want ErrReadOnly", name, err)
		}
	}
	if !maps.Equal(r.index(), before) || r.Version() != version {
		t.Errorf("a failed commit changed the index: %+v, before %+v", r.Version(), version)
	}
	if h, _, _ := r.Profile(bg, "reader1"); len(h) != len(history) {
		t.Errorf("a failed commit changed a history: %v, before %v", h, history)
	}
	r.store.fails.Store(0)
	if res, err := r.RecordEvents(bg, []store.Event{{User: "reader1", Item: "go-1", Kind: "like", ID: "key"}}); err != nil || res[0].Duplicate {
		t.Errorf("the same event later = %+v, %v, want it taken: its key was not kept", res, err)
	}
	if res, err := r.ApplyOps(bg, "c1", "reader1", 1, []wire.Op{{Event: true, Kind: "like", Item: "go-2"}}); err != nil || res.Last != 1 {
		t.Errorf("the same op later = %+v, %v, want it taken", res, err)
	}
	r.settle()
	r.wantWhole()
}

// A call that fails on its own while others of its batch succeed must leave nothing of itself.
func TestFailingRead_LeavesNothingOfItsCall(t *testing.T) {
	r := start(t)
	r.put(shelf(3, "sea")...)
	r.stop()
	r.open()
	r.store.failReads.Store(1)
	one := &eventsRequest{results: make([]EventResult, 2), events: []store.Event{
		{User: "ada", Item: "sea-0", Kind: "view", ID: "k"}, {User: "bob", Item: "sea-0", Kind: "view"}}}
	two := &eventsRequest{results: make([]EventResult, 1), events: []store.Event{{User: "eve", Item: "sea-0", Kind: "view", ID: "k"}}}
	batch := []*request{{events: one, reply: make(chan error, 1)}, {events: two, reply: make(chan error, 1)}}
	r.commit(batch)
	if err := <-batch[0].reply; !errors.Is(err, errDisk) {
		t.Errorf("the call whose reader could not be read = %v, want the store's error", err)
	}
	if err := <-batch[1].reply; err != nil || two.results[0].Duplicate {
		t.Errorf("the call beside it = %v, %+v, want it taken: the key of the failed call was not kept", err, two.results)
	}
	if info, err := r.store.Info(bg); err != nil || info.Events != 1 {
		t.Errorf("events in the store = %d, %v, want 1", info.Events, err)
	}
	r.run()
}

func TestFailingStore_KeepsLearnedWeightsForLater(t *testing.T) {
	r := start(t)
	r.put(shelf(4, "sea")...)
	r.settle()
	r.did("ada", "view", "sea-0", "sea-1")
	r.store.fails.Store(3)
	for r.Settle(bg) != nil { // the flush fails, and the next one may be the clock's
		r.clock.Add(1000)
	}
	r.wantWhole()
}

func TestWatch_TellsEveryoneOfItemsAndTheReaderOfTheirOwn(t *testing.T) {
	r := start(t)
	r.put(shelf(3, "sea")...)
	r.settle()
	ada, bob, nobody := r.Watch("ada"), r.Watch("bob"), r.Watch("")
	all := map[string]*Watch{"ada": ada, "bob": bob, "nobody": nobody}
	want := func(what string, want ...string) {
		t.Helper()
		for name, w := range all {
			got := false
			select {
			case <-w.C():
				got = true
			default:
			}
			if has(want, name) != got {
				t.Errorf("%s: %s was told: %v, want %v", what, name, got, !got)
			}
		}
	}
	if _, err := r.ApplyOps(bg, "c", "ada", 1, []wire.Op{{Preference: core.Preference{Kind: core.PreferTag, Key: "sea", Weight: 256}}}); err != nil {
		t.Fatal(err)
	}
	want("a wish of ada", "ada")
	r.put(book("sea-9", "sea"))
	want("a new item", "ada", "bob", "nobody")
	r.settle()
	want("its neighbours", "ada", "bob", "nobody")
	bob.Close()
	if err := r.DeleteItem(bg, "sea-9"); err != nil {
		t.Fatal(err)
	}
	want("a deletion", "ada", "nobody")
	ada.Close()
	nobody.Close()
	if got := r.Watches(); got != 0 {
		t.Errorf("Watches = %d, want 0 after all are closed", got)
	}
}

func TestRun_KeepsWhatItAcknowledgedAndThenTakesNothing(t *testing.T) {
	r := start(t)
	r.put(shelf(5, "sea")...)
	var mu sync.Mutex
	acked := map[string]bool{}
	var wg sync.WaitGroup
	began := make(chan struct{}, 8)
	for g := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d-%d", g, i)
				_, err := r.RecordEvents(bg, []store.Event{{User: fmt.Sprint("u", g), Item: "sea-1", Kind: "view", ID: key}})
				if err != nil {
					if !errors.Is(err, ErrClosed) {
						t.Errorf("RecordEvents while closing = %v, want ErrClosed", err)
					}
					return
				}
				mu.Lock()
				acked[key] = true
				mu.Unlock()
				if i == 5 {
					began <- struct{}{}
				}
			}
		})
	}
	for range 8 {
		<-began
	}
	r.stop() // under load: it must end all the same
	wg.Wait()
	keys := make([]string, 0, len(acked))
	for k := range acked {
		keys = append(keys, k)
	}
	known, err := r.store.KnownKeys(bg, keys)
	if err != nil || len(known) != len(acked) {
		t.Errorf("%d keys are stored (%v), want the %d acknowledged ones", len(known), err, len(acked))
	}
	if _, err := r.PutItems(bg, shelf(1, "late")); !errors.Is(err, ErrClosed) {
		t.Errorf("PutItems after Run = %v, want ErrClosed", err)
	}
	if got := r.list(Request{}); len(got) != 5 {
		t.Errorf("Recommend after Run = %v, want the 5 items still", got)
	}
}

func TestCall_EndsWithItsContext(t *testing.T) {
	r := start(t)
	r.stop()
	r.open() // nobody runs it
	ctx, cancel := context.WithCancel(bg)
	cancel()
	if _, err := r.PutItems(ctx, shelf(1, "sea")); !errors.Is(err, context.Canceled) {
		t.Errorf("PutItems = %v, want context.Canceled", err)
	}
	r.run()
}

// What an item that nobody met has of others (here what leads to one that it is like) follows them after a restart, too,
// although neither the events nor another's neighbours speak of it then.
func TestRestart_AnItemThatNobodyMetFollowsItsSources(t *testing.T) {
	r := start(t)
	r.stop()
	p := learn.DefaultPolicy()
	p.Rho = 0
	r.policy = &p
	r.open()
	r.run()
	items := []store.Item{{ID: "space", Title: "space"}, {ID: "jazz", Title: "jazz"}, {ID: "tie", Title: "space jazz"}}
	for i := range learn.MaxNeighbours + 2 { // nearer to each other than to the one that nobody met
		items = append(items, store.Item{ID: fmt.Sprint("sea-", i), Title: "sea"})
	}
	for i := range 2 * learn.MaxNeighbours { // so that the sea says something
		items = append(items, store.Item{ID: fmt.Sprint("other-", i), Title: fmt.Sprint("word", i/2)}) // each has a neighbour: none is looked for after the restart
	}
	items = append(items, store.Item{ID: "unmet", Title: "sea foam salt wave"})
	r.put(items...)
	for i := range learn.MaxNeighbours + 2 {
		for j := range 5 {
			r.did(fmt.Sprint("reader", i, j), "view", "space", fmt.Sprint("sea-", i))
		}
	}
	r.settle()
	r.restart()
	for i := range 1000 { // space leads elsewhere
		r.did(fmt.Sprint("other", i), "view", "space", "jazz")
	}
	r.settle()
	r.stop()
	x := r.sides.current()
	a, _ := x.NumOf("space")
	n, _ := x.NumOf("unmet")
	got := float64(core.Similarity(x.Get(a), x.Get(n))) / core.One
	want := 0.0
	for _, e := range r.owner.learner.Exact(n, r.owner.content.Neighbours, 0, hoursOf(r.time())).Edges {
		if e.From == a {
			want = e.Weight
		}
	}
	if want < .0005 || got > 1.05*want || got < want/1.05 {
		t.Errorf("the edge to the item that nobody met weighs %.4f, want %.4f", got, want)
	}
}
