package catalog

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"nigh/core"
	"nigh/core/learn"
	"nigh/server/store"
)

// counting starts a catalog whose weights are counts of events alone: whatever order they are made in, and however often,
// they are the same. What stands in for events (content, borrowed edges) is brought up to date now and then.
func counting(t *testing.T) *rig {
	t.Helper()
	r := start(t)
	r.stop()
	r.policy = policies()["counting"]
	r.policy.ContentWeight = 0
	r.open()
	r.run()
	return r
}

func (r *rig) record(events ...store.Event) {
	r.t.Helper()
	for len(events) > 0 {
		n := min(len(events), 1000)
		res, err := r.RecordEvents(bg, events[:n])
		if err != nil {
			r.t.Fatal(err)
		}
		for i := range res {
			if res[i].Err != nil {
				r.t.Fatal(res[i].Err)
			}
		}
		events = events[n:]
	}
}

func (r *rig) restart() {
	r.t.Helper()
	r.stop()
	r.open()
	r.run()
	r.settle()
}

// A flood changes the reader's own list, is stored, and moves the weights of a day's quota and no more; a new day, or
// another reader, teaches again.
func TestQuota_BoundsAFlood(t *testing.T) {
	r := counting(t)
	r.put(shelf(2, "sea", "space")...)
	day := r.time().Add(-72 * time.Hour).Truncate(24 * time.Hour)
	flood := func(user string, day time.Time, n int) (events []store.Event) {
		for i := range n {
			events = append(events, store.Event{User: user, Item: fmt.Sprintf("sea-%d", i%2), Kind: "view", At: day.Add(time.Duration(i) * time.Second)})
		}
		return events
	}
	r.record(flood("bot", day, 2*learn.MaxDayRepeats)...)
	r.settle()
	before := r.index()
	r.record(flood("bot", day.Add(time.Hour), 5000)...)
	r.settle()
	if got := r.index(); !maps.Equal(got, before) {
		t.Errorf("a flood over quota: %s", differing(got, before))
	}
	if info, err := r.store.Info(bg); err != nil || info.Events != 5000+2*learn.MaxDayRepeats {
		t.Errorf("events in the store = %d, %v, want all of them", info.Events, err)
	}
	r.record(store.Event{User: "bot", Item: "space-0", Kind: "like", At: day.Add(23 * time.Hour)})
	r.settle()
	if h, _, _ := r.Profile(bg, "bot"); len(h) != 3 {
		t.Errorf("the bot's history is %v, want three items", h)
	}
	if got := r.index(); !maps.Equal(got, before) {
		t.Errorf("an event after the thousandth of a day: %s", differing(got, before))
	}
	for _, user := range []string{"ada", "bot"} {
		before := r.index()
		r.record(flood(user, day.Add(24*time.Hour), 4)...)
		r.settle()
		if maps.Equal(r.index(), before) {
			t.Errorf("four events of %s on the next day taught nothing", user)
		}
	}
	r.wantWhole()
	want := r.index()
	r.restart()
	if got := r.index(); !maps.Equal(got, want) {
		t.Errorf("a restart learns otherwise: %s", differing(got, want))
	}
}

// A log in any order of time, over quota or not, is learnt the same by whoever reads it: when it came, from readers that
// had to be read from the store, and after a restart.
func TestEvents_OutOfTimeOrderAreLearntTheSame(t *testing.T) {
	seeds, rounds := uint64(3), 24
	if raceEnabled {
		seeds, rounds = 1, 6
	}
	for seed := range seeds {
		rnd := rand.New(rand.NewPCG(seed, 8))
		r := counting(t)
		r.put(shelf(8, "sea", "space")...)
		base := r.time().Add(-240 * time.Hour)
		for range rounds {
			var events []store.Event
			for range 1 + rnd.IntN(150) {
				user, spread := fmt.Sprint("reader", rnd.IntN(4)), 100*time.Hour
				if rnd.IntN(3) > 0 {
					user, spread = "bot", 30*time.Hour // more than a thousand events
				}
				events = append(events, store.Event{
					User: user, Item: fmt.Sprintf("%s-%d", []string{"sea", "space"}[rnd.IntN(2)], rnd.IntN(8)),
					Kind: []string{"view", "like", "dislike", core.KindForget}[rnd.IntN(40)/13],
					At:   base.Add(time.Duration(rnd.Int64N(int64(spread)))),
				})
			}
			r.record(events...)
			if rnd.IntN(3) == 0 {
				r.readers.mu.Lock()
				r.readers.init()
				r.readers.dropped++
				r.readers.mu.Unlock()
			}
		}
		r.settle()
		want := r.index()
		r.restart()
		if got := r.index(); !maps.Equal(got, want) {
			t.Errorf("seed %d: a restart learns otherwise: %s", seed, differing(got, want))
		}
		r.stop()
	}
}

// What a clock says that runs ahead counts as now, in the store too; the distant past is refused, an unknown item as well.
func TestEvents_OfAnotherTimeOrOfNothing(t *testing.T) {
	r := start(t)
	r.put(shelf(2, "sea")...)
	at := func(t time.Time) store.Event { return store.Event{User: "ada", Item: "sea-0", Kind: "view", At: t} }
	for name, tc := range map[string]struct {
		event store.Event
		want  time.Time // zero: refused
	}{
		"in a thousand years":    {at(time.Date(3026, 1, 1, 0, 0, 0, 0, time.UTC)), r.time()},
		"in a minute":            {at(r.time().Add(time.Minute)), r.time().Add(time.Minute)},
		"without a time":         {at(time.Time{}), r.time()},
		"a year ago":             {at(r.time().AddDate(-1, 0, 0)), r.time().AddDate(-1, 0, 0)},
		"before there was a web": {at(time.Date(1989, 1, 1, 0, 0, 0, 0, time.UTC)), time.Time{}},
		"of an unknown item":     {store.Event{User: "ada", Item: "nothing", Kind: "view"}, time.Time{}},
	} {
		before, _ := r.store.Info(bg)
		res, err := r.RecordEvents(bg, []store.Event{tc.event})
		if err != nil || (res[0].Err != nil) != tc.want.IsZero() {
			t.Errorf("%s: RecordEvents = %+v, %v, want it refused: %v", name, res, err, tc.want.IsZero())
		}
		err = r.store.EachEvent(bg, before.LastRow, func(e store.StoredEvent) error {
			if e.AtMillis != tc.want.UnixMilli() {
				t.Errorf("%s: stored at %v, want %v", name, time.UnixMilli(e.AtMillis), tc.want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	r.settle()
	r.wantWhole()
}

func TestCatalog_OfNothingAndOfOneItem(t *testing.T) {
	r := start(t)
	for range 2 {
		r.settle()
		wantIDs(t, "list of an empty catalog", r.list(Request{User: "ada"}))
		r.erase("ada")
		r.restart()
	}
	r.put(book("only", "sea"))
	for range 20 {
		r.did("ada", "view", "only")
	}
	for range 2 {
		r.settle()
		wantIDs(t, "list of somebody new", r.list(Request{User: "bob"}), "only")
		if res, err := r.Similar(bg, "only", Request{}); err != nil || len(res.Recommendations) != 0 {
			t.Errorf("Similar of the only item = %v, %v, want none", idsOf(res), err)
		}
		r.wantWhole()
		r.restart()
	}
	r.erase("ada")
	r.settle()
	wantIDs(t, "list after its only reader was erased", r.list(Request{User: "ada"}), "only")
}
