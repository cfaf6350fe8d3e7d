package catalog

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"nigh/core"
	"nigh/core/learn"
	"nigh/core/replica"
	"nigh/core/wire"
	"nigh/server/store"
)

func TestErase_LeavesNothingOfAReader(t *testing.T) {
	r := start(t)
	r.put(shelf(4, "sea")...)
	keyed := func() store.Event { return store.Event{User: "ada", Item: "sea-1", Kind: "like", ID: "k"} }
	for range 2 { // the second time as if there had been no first
		if res, err := r.RecordEvents(bg, []store.Event{keyed()}); err != nil || res[0].Duplicate {
			t.Fatalf("RecordEvents = %+v, %v, want it new", res, err)
		}
		wish := wire.Op{Preference: core.Preference{Kind: core.PreferTag, Key: "sea", Weight: 256}}
		if res, err := r.ApplyOps(bg, "phone", "ada", 1, []wire.Op{wish, {Event: true, Kind: "view", Item: "sea-2"}}); err != nil || res.Last != 2 {
			t.Fatalf("ApplyOps = %+v, %v, want both ops taken", res, err)
		}
		watch := r.Watch("ada")
		if err := r.EraseUser(bg, "ada"); err != nil {
			t.Fatal(err)
		}
		select {
		case <-watch.C():
		default:
			t.Error("who watches the reader was not told")
		}
		watch.Close()
		h, ps, err := r.Profile(bg, "ada")
		if err != nil || len(h)+len(ps) > 0 {
			t.Errorf("Profile after the erasure = %v, %v, %v, want nothing", h, ps, err)
		}
		if last, err := r.LastOp(bg, "phone", "bob"); err != nil || last != 0 {
			t.Errorf("LastOp of the erased reader's client, for another reader = %d, %v, want 0", last, err)
		}
		if info, err := r.store.Info(bg); err != nil || info.Events != 0 {
			t.Errorf("events in the store = %d, %v, want none", info.Events, err)
		}
	}
	r.settle()
	r.wantWhole()
	if err := r.EraseUser(bg, ""); err == nil {
		t.Error("EraseUser of no name = nil, want an error")
	}
}

func TestErase_OfAStrangerIsDoneAtOnce(t *testing.T) {
	r := start(t)
	r.readTogether()
	r.erase("decoy")
	r.settle()
	before := r.index()
	r.stop()
	r.open()
	r.relearn()
	erase := &request{erase: &eraseRequest{user: "stranger"}, reply: make(chan error, 1)}
	r.commit([]*request{erase})
	if err := <-erase.reply; err != nil || r.owner.relearns() {
		t.Errorf("EraseUser of a stranger = %v, and learns anew: %v; want neither", err, r.owner.relearns())
	}
	r.run()
	r.settle()
	if !maps.Equal(r.index(), before) {
		t.Error("the index changed")
	}
}

// readTogether puts items and has readers read; skipped ones never come.
func (r *rig) readTogether(skip ...string) {
	r.t.Helper()
	// At once: what words weigh depends on what was there when they were weighed. Eve alone meets the lone ones.
	r.put(append(shelf(12, "sea", "space", "jazz"), shelf(2, "lone")...)...)
	r.settle()
	record := func(events ...store.Event) {
		r.t.Helper()
		res, err := r.RecordEvents(bg, events)
		for i := range res {
			err = errors.Join(err, res[i].Err)
		}
		if err != nil {
			r.t.Fatal(err)
		}
	}
	topics := []string{"sea", "space", "jazz"}
	var events []store.Event
	for i := range 240 {
		user := []string{"ada", "bob", "eve", "dan", "eve"}[i%5]
		id := fmt.Sprintf("%s-%d", topics[i%7%3], i*i%12)
		if user == "eve" && i%3 == 0 {
			id = fmt.Sprintf("lone-%d", i%2)
		}
		at := r.time().Add(time.Duration(i-20*(i%11/10)) * time.Minute) // some come late
		if has(skip, user) {
			continue
		}
		events = append(events, store.Event{User: user, Item: id, Kind: []string{"view", "like", "view", "dislike"}[i%4], At: at.Add(-6 * time.Hour)})
	}
	record(events[:len(events)/2]...)
	record(events[len(events)/2:]...)
	record(store.Event{User: "decoy", Item: "sea-0", Kind: "view"})
}

func (r *rig) erase(users ...string) {
	r.t.Helper()
	for _, u := range users {
		if err := r.EraseUser(bg, u); err != nil {
			r.t.Fatalf("EraseUser: %v", err)
		}
	}
}

func policies() map[string]*learn.Policy {
	counting, def := learn.DefaultPolicy(), learn.DefaultPolicy()
	counting.Rho = 0
	if def.Rho == 0 {
		def.Rho = 0.2
	}
	return map[string]*learn.Policy{"counting": &counting, "refined": &def}
}

// startUnder is start under another policy.
func startUnder(t *testing.T, p *learn.Policy) *rig {
	t.Helper()
	r := start(t)
	r.stop()
	r.policy = p
	r.open()
	r.run()
	return r
}

// wantRestartAlike fails unless a start learns of the log what is learnt already.
func (r *rig) wantRestartAlike() {
	r.t.Helper()
	got := r.index()
	r.stop()
	r.open()
	r.run()
	r.settle()
	if want := r.index(); !maps.Equal(got, want) {
		r.t.Errorf("a restart learns otherwise: %s", differing(got, want))
	}
}

func TestErase_TakesTheEvidenceOut(t *testing.T) {
	for name, p := range policies() {
		t.Run(name, func(t *testing.T) {
			never, erased := startUnder(t, p), startUnder(t, p)
			never.readTogether("eve")
			erased.readTogether()
			erased.settle()
			never.settle()
			if maps.Equal(erased.index(), never.index()) {
				t.Fatal("eve taught nothing: the test sees nothing")
			}
			never.erase("decoy")
			erased.erase("eve", "decoy")
			erased.settle()
			never.settle()
			want := never.index()
			if got := erased.index(); !maps.Equal(got, want) {
				t.Errorf("after eve was erased: %s", differing(got, want))
			}
			erased.wantWhole()
			// A start knows nothing else either.
			erased.stop()
			erased.open()
			erased.run()
			erased.settle()
			if got := erased.index(); !maps.Equal(got, want) {
				t.Errorf("after a restart: %s", differing(got, want))
			}
		})
	}
}

// differing names the first item that two indexes hold otherwise.
func differing(got, want map[core.ItemNum]string) string {
	for n := range core.ItemNum(len(got) + len(want)) {
		if got[n] != want[n] {
			a, _ := wire.ReadRecord([]byte(got[n]))
			b, _ := wire.ReadRecord([]byte(want[n]))
			return fmt.Sprintf("item %d is\n%+v, want\n%+v", n, a, b)
		}
	}
	return "nothing differs"
}

func TestErase_IsFinishedByTheNextProcess(t *testing.T) {
	for name, p := range policies() {
		t.Run(name, func(t *testing.T) {
			never, erased := startUnder(t, p), startUnder(t, p)
			never.readTogether("eve")
			erased.readTogether()
			erased.settle()
			never.erase("decoy")
			never.settle()
			erased.stop()
			for steps := range 3 {
				erased.open()
				erased.commit([]*request{{erase: &eraseRequest{user: []string{"eve", "decoy", "eve"}[steps]}, reply: make(chan error, 1)}})
				for range steps { // and there the process dies
					erased.background()
				}
			}
			erased.open()
			erased.run()
			erased.settle()
			if want, got := never.index(), erased.index(); !maps.Equal(got, want) {
				t.Errorf("after the next start: %s", differing(got, want))
			}
			info, err := erased.store.Info(bg)
			if err != nil || info.Policy != erased.Policy().Version {
				t.Errorf("the store holds records of policy %x, %v, want %x: all were made anew", info.Policy, err, erased.Policy().Version)
			}
			erased.wantWhole()
		})
	}
}

// Whatever happens meanwhile is learnt once, and nothing of the erased is left.
func TestErase_WhileEventsStreamIn(t *testing.T) {
	r := counting(t)
	r.put(shelf(20, "sea", "space")...)
	r.settle()
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 150 {
				user := fmt.Sprint("u", (g+i)%6)
				e := store.Event{User: user, Item: fmt.Sprintf("%s-%d", []string{"sea", "space"}[i%2], (g*i)%20), Kind: "view", At: r.time().Add(-time.Duration(1000-i) * time.Second)}
				if _, err := r.RecordEvents(bg, []store.Event{e}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		for i := range 30 {
			if err := r.EraseUser(bg, fmt.Sprint("u", i%6)); err != nil {
				t.Error(err)
			}
			if i%10 == 0 {
				if err := r.Settle(bg); err != nil {
					t.Error(err)
				}
			}
		}
	})
	wg.Wait()
	r.erase("u1", "u2")
	r.settle()
	r.wantWhole()
	got := r.index()
	if err := r.store.EachEvent(bg, 0, func(e store.StoredEvent) error {
		if e.User == "u1" || e.User == "u2" {
			t.Errorf("event %+v of an erased reader", e)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	r.stop()
	r.open()
	r.run()
	r.settle()
	if want := r.index(); !maps.Equal(got, want) {
		t.Errorf("a restart learns otherwise: %s", differing(got, want))
	}
}

// A device that is online goes on as one that was never here: what was acknowledged is gone, the rest counts anew.
func TestErase_OfADeviceThatIsOnline(t *testing.T) {
	w := newWorld(story{seed: 1}, nil)
	w.quiet, w.nested = true, true
	for range 30 {
		w.put()
	}
	d, other := w.devices[0], w.devices[2]
	for _, d := range []*device{d, other} {
		d.begin()
		d.step(replica.Online{})
		d.online = true
	}
	act := func(d *device, kind, item string) {
		d.step(replica.Record{Kind: kind, Item: core.ItemID(item)})
	}
	rest := func() {
		t.Helper()
		for range 3000 {
			w.pass(20)
			w.move(4)
			if w.fault != nil {
				t.Fatal(w.fault)
			}
			if !w.c.owner.relearns() && d.status.State == replica.Live && d.status.Pending == 0 && len(d.told.History) == w.known(t, d) {
				return
			}
		}
		t.Fatalf("not at rest: %s, device 0 knows %v", w.states(), d.told.History)
	}
	items := []string{}
	w.c.sides.current().Each(func(r *core.Record) bool { items = append(items, string(r.ID)); return len(items) < 8 })
	for _, id := range items[:4] {
		act(d, "view", id)
	}
	rest()
	if got := w.known(t, d); got != 4 {
		t.Fatalf("the server knows %d items of the reader, want 4", got)
	}
	late := d.conn.session // of before
	d.conn.lossy = true    // the device may complain
	act(d, "like", items[4])
	if err := w.c.EraseUser(bg, d.user); err != nil {
		t.Fatal(err)
	}
	act(d, "like", items[5])
	rest()
	h, _, _ := w.c.Profile(bg, d.user)
	if len(h) != 2 || !hasItem(w, h, items[4]) || !hasItem(w, h, items[5]) {
		t.Errorf("the server knows %v, want the two items that were not acknowledged", h)
	}
	// What the former connection still brings has numbers of the former life.
	frame := wire.Encode(&wire.Ops{First: 3, Ops: []wire.Op{{Event: true, Kind: "view", Item: items[6]}}})
	if err := late.Frame(bg, frame); err != nil {
		t.Logf("the former session: %v", err)
	}
	if h, _, _ := w.c.Profile(bg, d.user); len(h) != 2 {
		t.Errorf("after an op of the former life the server knows %v, want no change", h)
	}
	act(d, "view", items[7])
	rest()
	if got := w.known(t, d); got != 3 {
		t.Errorf("the server knows %d items of the reader, want 3", got)
	}
}

func (w *world) known(t *testing.T, d *device) int {
	t.Helper()
	h, _, err := w.c.Profile(bg, d.user)
	if err != nil {
		t.Fatal(err)
	}
	return len(h)
}

func hasItem(w *world, h core.History, id string) bool {
	n, ok := w.c.sides.current().NumOf(core.ItemID(id))
	_, held := h.Find(n)
	return ok && held
}
