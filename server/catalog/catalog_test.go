package catalog

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"nigh/core"
	"nigh/server/store"
)

func TestPutItems_AreInListsAtOnceAndGoneAfterDelete(t *testing.T) {
	r := start(t)
	r.put(book("moby-dick", "sea"))
	if got := r.list(Request{}); !has(got, "moby-dick") {
		t.Errorf("list after PutItems = %v, want moby-dick in it", got)
	}
	if err := r.DeleteItem(bg, "moby-dick"); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, "list after DeleteItem", r.list(Request{}))
	if _, err := r.Item(bg, "moby-dick"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Item after DeleteItem: %v, want ErrNotFound", err)
	}
	if err := r.DeleteItem(bg, "moby-dick"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("second DeleteItem: %v, want ErrNotFound", err)
	}
	r.wantWhole()
}

// One batch of the owner holds all that waits: here an id is put, deleted and put again within one.
func TestBatch_PutDeletePutOfOneIdIsTheLastPut(t *testing.T) {
	r := start(t)
	r.stop()
	r.open()
	parsed := func(it store.Item) *request {
		q := &request{reply: make(chan error, 1)}
		q.put = &putRequest{items: []store.Item{it}, parsed: parse(r.Catalog, it), results: make([]ItemResult, 1)}
		return q
	}
	del := func() *request { return &request{del: &deleteRequest{"a"}, reply: make(chan error, 1)} }
	event := func(user string) *request {
		return &request{reply: make(chan error, 1), events: &eventsRequest{
			events: []store.Event{{User: user, Item: "a", Kind: "like"}}, results: make([]EventResult, 1)}}
	}
	first, second := book("a", "sea"), book("a", "space")
	batch := []*request{parsed(first), event("ada"), del(), parsed(second), event("bob"), parsed(book("b", "sea")), del()}
	r.commit(batch)
	for i, q := range batch {
		if err := <-q.reply; err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
	wantIDs(t, "list", r.list(Request{}), "b")
	// Numbers 1 and 2 were given to "a": they may never be given again, or ada's like would be of another item.
	r.stop = func() {}
	r.open()
	r.run()
	r.put(book("c", "sea"))
	r.settle()
	r.wantWhole()
	if n, ok := numOf(r, "c"); !ok || n != 4 {
		t.Errorf("number of c = %d, want 4: 1 and 2 were a's, 3 is b's", n)
	}
}

func numOf(r *rig, id core.ItemID) (n core.ItemNum, ok bool) {
	r.sides.read(func(x *core.Index, _ Version) { n, ok = x.NumOf(id) })
	return n, ok
}

func TestInput_BadOnesAreRefusedOneByOne(t *testing.T) {
	r := start(t)
	long := strings.Repeat("x", 600)
	res, err := r.PutItems(bg, []store.Item{
		book("good", "sea"), {ID: ""}, {ID: long}, {ID: "bad\x00id"}, {ID: "t", Title: "\xff"},
		{ID: "v", Vector: []float32{float32(math.NaN())}}, {ID: "deep", Attributes: map[string]any{"a": []int{1}}}, book("fine", "sea"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, one := range res {
		var fault *InputError
		if bad := i != 0 && i != 7; bad != errors.As(one.Err, &fault) {
			t.Errorf("item %d: %v, want a fault: %v", i, one.Err, bad)
		}
	}
	events, err := r.RecordEvents(bg, []store.Event{
		{User: "ada", Item: "good", Kind: "view"}, {User: "", Item: "good", Kind: "view"}, {User: "ada", Item: "none", Kind: "view"},
		{User: "ada", Item: "good", Kind: "stare"}, {User: "ada", Item: "good", Kind: "view", At: time.Unix(1, 0)},
		{User: "ada", Item: "good", Kind: "view", ID: strings.Repeat("k", 300)}, {User: "ada", Item: "fine", Kind: "rating", Value: math.Inf(1)},
		{User: "ada", Item: "fine", Kind: "view"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, one := range events {
		if bad := i != 0 && i != 7; bad != (one.Err != nil) {
			t.Errorf("event %d: %v, want a fault: %v", i, one.Err, bad)
		}
	}
	h, _, err := r.Profile(bg, "ada")
	if err != nil || len(h) != 2 {
		t.Errorf("Profile = %v, %v, want the two good events", h, err)
	}
	r.settle()
	r.wantWhole()
}

func TestEvents_OfOneKeyCountOnce(t *testing.T) {
	r := start(t)
	r.put(book("a", "sea"))
	e := store.Event{User: "ada", Item: "a", Kind: "view", ID: "k1"}
	other := e
	other.ID = "k2"
	want := [][]bool{{false, true, false}, {true, true, true}}
	for round, dup := range want {
		res, err := r.RecordEvents(bg, []store.Event{e, e, other})
		if err != nil {
			t.Fatal(err)
		}
		for i := range res {
			if res[i].Duplicate != dup[i] || res[i].Err != nil {
				t.Errorf("round %d, event %d = %+v, want Duplicate %v", round, i, res[i], dup[i])
			}
		}
	}
	info, err := r.store.Info(bg)
	if err != nil || info.Events != 2 {
		t.Errorf("events in the store = %d, %v, want 2", info.Events, err)
	}
}

func TestRecommend_ShowsWhatMayBeShown(t *testing.T) {
	r := start(t)
	later, past := r.time().Add(3*time.Hour), r.time().Add(-time.Hour)
	hidden, scheduled, expired, soon := book("hidden", "sea"), book("scheduled", "sea"), book("expired", "sea"), book("soon", "sea")
	hidden.Hidden, scheduled.PublishedAt, expired.ExpiresAt, soon.ExpiresAt = true, &later, &past, &later
	r.put(hidden, scheduled, expired, soon, book("plain", "sea"))
	got := r.list(Request{})
	slices.Sort(got)
	wantIDs(t, "now", got, "plain", "soon")
	r.clock.Add(4 * 3_600_000)
	got = r.list(Request{})
	slices.Sort(got)
	wantIDs(t, "four hours later", got, "plain", "scheduled")
	wantIDs(t, "with an exclusion", r.list(Request{Exclude: []string{"plain", "unknown"}}), "scheduled")
}

func TestRecommend_FiltersByLabels(t *testing.T) {
	r := start(t)
	a, b, c := book("a", "sea"), book("b", "sea"), book("c", "space")
	a.Categories, b.Categories, c.Categories = []string{"Books"}, []string{"films"}, []string{"books"}
	a.Attributes, c.Attributes = map[string]any{"year": 1851, "open": true}, map[string]any{"year": 1968.0}
	r.put(a, b, c)
	for _, tc := range []struct {
		f    core.Wanted
		want []string
	}{
		{core.Wanted{Labels: core.Labels{Categories: []string{"books"}}}, []string{"a", "c"}},
		{core.Wanted{Labels: core.Labels{Tags: []string{"SEA"}}}, []string{"a", "b"}},
		{core.Wanted{Labels: core.Labels{Categories: []string{"books", "films"}, Tags: []string{"sea"}}}, []string{"a", "b"}},
		{core.Wanted{Labels: core.Labels{Attributes: map[string][]string{"year": {"1851", "1968"}}}}, []string{"a", "c"}},
		{core.Wanted{Labels: core.Labels{Attributes: map[string][]string{"year": {"1851"}, "open": {"true"}}}}, []string{"a"}},
		{core.Wanted{Labels: core.Labels{Tags: []string{"none"}}}, []string{}},
	} {
		got := r.list(Request{Filter: tc.f.Filter()})
		slices.Sort(got)
		wantIDs(t, fmt.Sprintf("%+v", tc.f), got, tc.want...)
	}
	if _, err := r.Recommend(bg, Request{Limit: 201}); err == nil {
		t.Error("Recommend of 201 = nil, want an *InputError")
	}
}

func TestLike_ChangesTheListAtOnceAndDislikePushesAway(t *testing.T) {
	r := start(t)
	r.put(shelf(8, "sea", "space", "jazz")...)
	r.settle()
	place := func(topic string) (sum int) {
		for i, id := range r.list(Request{User: "ada", Limit: 24}) {
			if strings.HasPrefix(id, topic) {
				sum += i
			}
		}
		return sum
	}
	before := r.list(Request{User: "ada", Limit: 10})
	r.did("ada", "like", "sea-0")
	after := r.list(Request{User: "ada", Limit: 10})
	if slices.Equal(before, after) || !strings.HasPrefix(after[0], "sea-") {
		t.Errorf("list after a like of sea-0 = %v, before %v", after, before)
	}
	was := place("space")
	r.did("ada", "dislike", "space-0")
	if now := place("space"); now <= was {
		t.Errorf("places of space after a dislike = %d, want more than %d", now, was)
	}
	r.did("ada", "forget", "sea-0")
	if h, _, _ := r.Profile(bg, "ada"); len(h) != 1 {
		t.Errorf("history after forget = %v, want space-0 alone", h)
	}
}

func TestLearner_JoinsWhatReadersReadTogether(t *testing.T) {
	r := start(t)
	r.put(store.Item{ID: "wine", Title: "grapes"}, store.Item{ID: "cheese", Title: "milk"}, store.Item{ID: "nails", Title: "iron"})
	r.settle()
	if got, err := r.Similar(bg, "wine", Request{Limit: 5}); err != nil || len(got.Recommendations) != 0 {
		t.Fatalf("Similar before anybody read = %v, %v, want nothing", idsOf(got), err)
	}
	for i := range 12 {
		r.did(fmt.Sprint("reader", i), "like", "wine", "cheese")
	}
	r.settle()
	got, err := r.Similar(bg, "wine", Request{Limit: 5, Explain: true})
	if err != nil {
		t.Fatal(err)
	}
	wantIDs(t, "Similar of wine", idsOf(got), "cheese")
	if len(got.Recommendations) > 0 && got.Recommendations[0].Reasons[0].Value != "wine" {
		t.Errorf("reason = %+v, want wine", got.Recommendations[0].Reasons)
	}
	if _, err := r.Similar(bg, "none", Request{Limit: 5}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Similar of an unknown item: %v, want ErrNotFound", err)
	}
}

func TestHistory_IsInTheOrderOfTimeWhateverCameLate(t *testing.T) {
	r := start(t)
	r.put(shelf(4, "sea")...)
	t0 := r.time().Add(-time.Hour)
	at := func(id, kind string, minutes int) store.Event {
		return store.Event{User: "ada", Item: id, Kind: kind, At: t0.Add(time.Duration(minutes) * time.Minute)}
	}
	for _, events := range [][]store.Event{
		{at("sea-0", "like", 10)},
		{at("sea-1", "view", 5), at("sea-2", "view", 20)}, // one late, one not, in one call
		{at("sea-0", "forget", 15), at("sea-3", "view", 1)},
	} {
		if _, err := r.RecordEvents(bg, events); err != nil {
			t.Fatal(err)
		}
	}
	h, _, err := r.Profile(bg, "ada")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	r.sides.read(func(x *core.Index, _ Version) {
		for _, v := range h {
			got = append(got, string(x.Get(v.Item).ID))
		}
	})
	wantIDs(t, "history", got, "sea-2", "sea-1", "sea-3")
	r.stop()
	r.open()
	r.run()
	again, _, err := r.Profile(bg, "ada")
	if err != nil || !slices.Equal(again, h) {
		t.Errorf("history after a restart = %v, %v, want %v", again, err, h)
	}
}
