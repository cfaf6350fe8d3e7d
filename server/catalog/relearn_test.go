package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"testing"

	"nigh/core/wire"
	"nigh/server/store"
)

// slowEvents is a store whose walks over events wait to be let, and then fail if they are to.
type slowEvents struct {
	store.Store
	let   chan error
	walks atomic.Int32
}

func (s *slowEvents) EachEvent(ctx context.Context, since int64, f func(store.StoredEvent) error) error {
	s.walks.Add(1)
	select {
	case err := <-s.let:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.Store.EachEvent(ctx, since, f)
}

func TestStart_ServesWhatIsStoredWhileItLearns(t *testing.T) {
	for name, p := range policies() {
		t.Run(name, func(t *testing.T) {
			r := start(t)
			r.stop()
			r.policy = p
			r.open()
			r.run()
			r.busy()
			r.settle()
			before, list := r.index(), r.list(Request{User: "reader1", Limit: 30})
			r.stop()
			slow := &slowEvents{Store: r.store.Store, let: make(chan error, 1)}
			r.store = &flaky{Store: slow}
			r.open()
			r.run()
			wantIDs(t, "list while it learns", r.list(Request{User: "reader1", Limit: 30}), list...)
			// Life goes on: events, a changed item, a new one, a deleted one, a reader erased.
			r.did("reader5", "view", "go-1", "sea-1", "go-2")
			r.put(book("sea-7", "jazz"), book("new-1", "new"))
			r.did("reader6", "like", "new-1", "sea-7")
			if err := r.DeleteItem(bg, "go-7"); err != nil {
				t.Fatal(err)
			}
			r.erase("reader2")
			settled := make(chan error, 1)
			go func() { settled <- r.Settle(bg) }()
			if _, _, err := r.Snapshot(bg); err != nil { // answered by the owner behind Settle
				t.Fatal(err)
			}
			for n, rec := range r.index() {
				was, _ := wire.ReadRecord([]byte(before[n]))
				is, _ := wire.ReadRecord([]byte(rec))
				if was != nil && (is.Heat != was.Heat || len(is.Edges) != len(was.Edges)) {
					t.Errorf("%s changed its weights before anything was learnt: %+v, before %+v", is.ID, is, was)
				}
			}
			select {
			case err := <-settled:
				t.Errorf("Settle = %v before anything was learnt", err)
			default:
			}
			close(slow.let)
			if err := <-settled; err != nil {
				t.Fatal(err)
			}
			r.wantWhole()
			if got := r.list(Request{Limit: 100}); !has(got, "new-1") || has(got, "go-7") {
				t.Errorf("list = %v, want what was put and not what was deleted meanwhile", got)
			}
			r.erase("reader1") // all is made anew, as of one log
			r.settle()
			r.wantRestartAlike()
		})
	}
}

// What came while a start learnt is learnt as if it had been there before, and once.
func TestStart_LearnsWhatComesMeanwhileOnce(t *testing.T) {
	r := counting(t)
	r.readTogether()
	r.settle()
	r.stop()
	slow := &slowEvents{Store: r.store.Store, let: make(chan error, 1)}
	r.store = &flaky{Store: slow}
	r.open()
	r.run()
	for i := range 40 {
		r.did(fmt.Sprint("reader", i%7), "view", fmt.Sprintf("jazz-%d", i%11))
		if i == 20 {
			close(slow.let) // the walk begins somewhere in between
		}
	}
	r.settle()
	r.wantRestartAlike()
}

func TestRelearn_IsTriedAgain(t *testing.T) {
	r := start(t)
	r.readTogether()
	r.erase("decoy")
	r.settle()
	before := r.index()
	r.stop()
	slow := &slowEvents{Store: r.store.Store, let: make(chan error, 1)}
	r.store = &flaky{Store: slow}
	r.open()
	slow.let <- errDisk
	settle := &request{settle: true, reply: make(chan error, 1)}
	r.commit([]*request{settle})
	r.background()
	if err := <-settle.reply; !errors.Is(err, errDisk) {
		t.Errorf("Settle while the events cannot be read = %v, want the store's error", err)
	}
	if got := r.nextTask(); got != relearnPause {
		t.Errorf("the next task is due in %v, want %v", got, relearnPause)
	}
	r.background()
	if got := slow.walks.Load(); got != 1 || r.owner.learnt {
		t.Errorf("%d walks and learnt: %v, want none before its time", got, r.owner.learnt)
	}
	close(slow.let)
	r.clock.Add(relearnPause.Milliseconds())
	r.run()
	r.settle()
	if !maps.Equal(r.index(), before) {
		t.Errorf("after it was tried again: %s", differing(r.index(), before))
	}
}

// A large learner is let go while the next one is made: weights stay as they are, events are taken, and all is learnt once.
func TestErase_HoldsOneLargeLearner(t *testing.T) {
	for name, p := range policies() {
		t.Run(name, func(t *testing.T) {
			r := startUnder(t, p)
			r.readTogether()
			r.settle()
			r.stop()
			slow := &slowEvents{Store: r.store.Store, let: make(chan error, 1)}
			r.store = &flaky{Store: slow}
			slow.let <- nil // the start's walk; takeLearner walks again
			slow.let = make(chan error, 2)
			slow.let <- nil
			slow.let <- nil
			r.open()
			r.limits.spare = 0
			r.run()
			r.settle()
			before := r.index()
			r.erase("ada")
			r.did("reader9", "view", "sea-0", "sea-1")
			if _, _, err := r.Snapshot(bg); err != nil { // answered by the owner behind the event
				t.Fatal(err)
			}
			if got := r.index(); !maps.Equal(got, before) {
				t.Errorf("while all is learnt anew the weights change: %s", differing(got, before))
			}
			if h, _, err := r.Profile(bg, "reader9"); err != nil || len(h) != 2 {
				t.Errorf("history = %v, %v, want what was read meanwhile", h, err)
			}
			close(slow.let)
			r.settle()
			if maps.Equal(r.index(), before) {
				t.Error("nothing of what was read meanwhile was learnt")
			}
			r.wantWhole()
			r.erase("bob") // all is made anew, as of one log
			r.settle()
			r.wantRestartAlike()
		})
	}
}

// A log that is brought in is learnt in the end, or by the next process if there is none, as if it had been learnt as it came.
func TestLearnLater_LearnsTheSameInTheEnd(t *testing.T) {
	log := func(r *rig) {
		r.put(shelf(12, "sea", "jazz")...)
		for i := range 60 {
			r.did(fmt.Sprint("reader", i%7), "view", fmt.Sprintf("jazz-%d", i%11), fmt.Sprintf("sea-%d", i%5))
		}
	}
	atOnce := counting(t)
	log(atOnce)
	atOnce.settle()
	want := atOnce.index()
	for _, settles := range []bool{true, false} {
		r := counting(t)
		r.stop()
		r.later = true
		r.open()
		r.run()
		log(r)
		if h, _, err := r.Profile(bg, "reader1"); err != nil || len(h) == 0 {
			t.Errorf("history = %v, %v, want what was brought in", h, err)
		}
		if _, _, err := r.Snapshot(bg); err != nil { // answered by the owner behind all of it
			t.Fatal(err)
		}
		for _, rec := range r.index() {
			if is, _ := wire.ReadRecord([]byte(rec)); len(is.Edges) > 0 {
				t.Errorf("%s has edges before anything is to be learnt", is.ID)
			}
		}
		if settles {
			r.settle()
			if got := r.index(); !maps.Equal(got, want) {
				t.Errorf("learnt in the end: %s", differing(got, want))
			}
		}
		r.later = false
		r.restart()
		if got := r.index(); !maps.Equal(got, want) {
			t.Errorf("after a restart, settled before: %v: %s", settles, differing(got, want))
		}
	}
}
