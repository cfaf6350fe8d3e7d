package server

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"nigh/core"
	"nigh/server/catalog"
	"nigh/server/store"
)

// fakeCatalog is a catalog without ranking worth its name: an item scores the weights of the preferences that are
// among its title's words and tags, and one for each like. It holds the edges to their contract, and lets tests make
// errors and panics; live_test.go and real_test.go use the real one too.
type fakeCatalog struct {
	mu      sync.Mutex
	items   map[string]store.Item
	likes   map[string]int
	keys    map[string]bool
	seq     uint64
	err     error // every method's answer, if set
	panics  any
	watches map[*fakeWatch]bool
	asked   []catalog.Request
	batches []int // sizes of PutItems
	hold    chan struct{}
	holding chan struct{}
}

func newFake(items ...store.Item) *fakeCatalog {
	f := &fakeCatalog{items: map[string]store.Item{}, likes: map[string]int{}, keys: map[string]bool{}, watches: map[*fakeWatch]bool{}}
	for _, it := range items {
		f.items[it.ID] = it
	}
	return f
}

func (f *fakeCatalog) Settle(context.Context) error { return nil }

type fakeWatch struct {
	f *fakeCatalog
	c chan struct{}
}

func (w *fakeWatch) C() <-chan struct{} { return w.c }
func (w *fakeWatch) Close() {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	delete(w.f.watches, w)
}

func (f *fakeCatalog) open() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.watches)
}

// enter begins a method: the lock, and the error or panic that the test wants.
func (f *fakeCatalog) enter() (leave func(), err error) {
	if f.hold != nil {
		f.holding <- struct{}{}
		<-f.hold
	}
	if f.panics != nil {
		panic(f.panics)
	}
	f.mu.Lock()
	return f.mu.Unlock, f.err
}

func (f *fakeCatalog) changed() {
	f.seq++
	for w := range f.watches {
		select {
		case w.c <- struct{}{}:
		default:
		}
	}
}

func (f *fakeCatalog) Run(ctx context.Context) error { <-ctx.Done(); return nil }

func (f *fakeCatalog) PutItems(_ context.Context, items []store.Item) ([]catalog.ItemResult, error) {
	leave, err := f.enter()
	defer leave()
	if err != nil {
		return nil, err
	}
	f.batches = append(f.batches, len(items))
	var out []catalog.ItemResult
	for _, it := range items {
		res := catalog.ItemResult{ID: it.ID}
		switch {
		case it.ID == "":
			res.Err = &catalog.InputError{Field: "item.id", Reason: "is missing", Hint: "give each item an id"}
		case len(it.ID) > core.MaxIDBytes:
			res.Err = &catalog.InputError{Field: "item.id", Reason: "is too long", Hint: "use at most 512 bytes"}
		default:
			_, known := f.items[it.ID]
			res.Created = !known
			f.items[it.ID] = it
		}
		out = append(out, res)
	}
	f.changed()
	return out, nil
}

func (f *fakeCatalog) DeleteItem(_ context.Context, id string) error {
	leave, err := f.enter()
	defer leave()
	if err != nil {
		return err
	}
	if _, ok := f.items[id]; !ok {
		return store.ErrNotFound
	}
	delete(f.items, id)
	f.changed()
	return nil
}

func (f *fakeCatalog) Item(_ context.Context, id string) (store.Item, error) {
	leave, err := f.enter()
	defer leave()
	it, ok := f.items[id]
	if err == nil && !ok {
		err = store.ErrNotFound
	}
	return it, err
}

func (f *fakeCatalog) Items(_ context.Context, after string, limit int) ([]store.Item, error) {
	leave, err := f.enter()
	defer leave()
	var out []store.Item
	for _, id := range slices.Sorted(maps.Keys(f.items)) {
		if id > after && len(out) < limit {
			out = append(out, f.items[id])
		}
	}
	return out, err
}

func (f *fakeCatalog) RecordEvents(_ context.Context, events []store.Event) ([]catalog.EventResult, error) {
	leave, err := f.enter()
	defer leave()
	if err != nil {
		return nil, err
	}
	var out []catalog.EventResult
	for _, e := range events {
		var res catalog.EventResult
		if _, ok := f.items[e.Item]; !ok {
			res.Err = &catalog.InputError{Field: "event.item", Reason: "is unknown", Hint: "put the item first"}
		} else if e.ID != "" && f.keys[e.ID] {
			res.Duplicate = true
		} else {
			f.keys[e.ID] = true
			f.likes[e.Item]++
		}
		out = append(out, res)
	}
	f.changed()
	return out, nil
}

func (f *fakeCatalog) EraseUser(_ context.Context, user string) error {
	leave, err := f.enter()
	defer leave()
	if err == nil && user == "" {
		err = &catalog.InputError{Field: "user", Reason: "is empty", Hint: "give it a name"}
	}
	return err
}

func (f *fakeCatalog) Recommend(_ context.Context, q catalog.Request) (catalog.Result, error) {
	leave, err := f.enter()
	defer leave()
	if err != nil {
		return catalog.Result{}, err
	}
	f.asked = append(f.asked, q)
	// As the real one: an item that is gone is passed over, a kind that nobody knows is an error.
	for i, h := range q.History {
		if !slices.Contains([]string{"", "view", "like", "dislike", "dismiss", core.KindForget}, h.Kind) {
			return catalog.Result{}, &catalog.InputError{Field: fmt.Sprintf("history[%d].kind", i),
				Reason: fmt.Sprintf("is %q, which the policy does not know", h.Kind), Hint: "leave it out for a view"}
		}
	}
	out := catalog.Result{Version: catalog.Version{Epoch: 7, Seq: f.seq, Policy: 1<<63 + 1, Hour: 9}}
	for id, it := range f.items {
		score := int64(f.likes[id])
		words := append(strings.Fields(strings.ToLower(it.Title)), it.Tags...)
		for _, p := range q.Preferences {
			if slices.Contains(words, p.Key) {
				score += int64(p.Weight)
			}
		}
		if slices.Contains(q.Exclude, id) {
			continue
		}
		r := catalog.Recommendation{ID: id, Score: score << 8, Record: &core.Record{ID: core.ItemID(id), Card: core.Card{
			Title: it.Title, URL: it.URL, Tags: it.Tags, Attributes: []core.Attribute{{Name: "year", Value: "1851"}}}}}
		if q.Explain {
			r.Reasons = []catalog.Reason{{Kind: "term", Value: "sea", Score: score << 8}}
		}
		out.Recommendations = append(out.Recommendations, r)
	}
	slices.SortFunc(out.Recommendations, func(a, b catalog.Recommendation) int {
		if a.Score != b.Score {
			return int(b.Score - a.Score)
		}
		return strings.Compare(a.ID, b.ID)
	})
	limit := q.Limit
	if limit == 0 {
		limit = catalog.DefaultLimit
	}
	out.Recommendations = out.Recommendations[:min(len(out.Recommendations), limit)]
	return out, nil
}

func (f *fakeCatalog) Similar(ctx context.Context, id string, q catalog.Request) (catalog.Result, error) {
	if _, err := f.Item(ctx, id); err != nil {
		return catalog.Result{}, err
	}
	q.Exclude = append(q.Exclude, id)
	return f.Recommend(ctx, q)
}

func (f *fakeCatalog) Watch(string) Watch {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := &fakeWatch{f, make(chan struct{}, 1)}
	f.watches[w] = true
	return w
}

// set changes the fake under its lock.
func (f *fakeCatalog) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}
