package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"nigh/core"
	"nigh/core/replica"
	"nigh/core/wire"
	"nigh/server/store"
)

// settle ends all faults and lets everybody come to rest.
func (w *world) settle() error {
	w.trace("calm")
	w.quiet, w.nested = true, true
	w.store.failing = 0
	w.reopen()
	for _, d := range w.devices {
		d.skew, d.online = 0, true
		d.step(replica.Online{})
	}
	for _, c := range slices.Clone(w.conns) {
		if c.lossy && !c.cut { // the loss of the last delta of all shows only when there is another one
			w.drop(c)
		}
	}
	for range 2000 {
		w.pass(20)
		for _, d := range w.devices {
			if d.trying {
				w.connect(d)
			}
			d.settleStore(len(d.behind))
		}
		for _, c := range slices.Clone(w.conns) {
			for range 8 {
				w.moveUp(c)
				w.refresh(c)
				w.moveDown(c)
			}
		}
		if w.fault != nil {
			return w.fault
		}
		if w.resting() {
			return nil
		}
	}
	return errors.New("not at rest after 40 s without faults: " + w.states())
}

func (w *world) resting() bool {
	o := &w.c.owner
	if o.relearns() || o.learner.Dirty() > 0 || o.learner.Stale() > 0 || len(o.live)+len(o.neighbours)+len(o.waiting)+len(o.changed) > 0 {
		return false
	}
	for _, d := range w.devices {
		if d.status.State != replica.Live || d.status.Pending > 0 || d.unmerged > 0 || d.conn == nil || len(d.behind) > 0 ||
			len(d.conn.up)+len(d.conn.down)+len(d.conn.session.watch.c) > 0 || d.status.Seq != o.seq {
			return false
		}
	}
	return true
}

func (w *world) states() (s string) {
	for _, d := range w.devices {
		s += fmt.Sprintf("%s %v at %d with %d pending (%s); ", d.name, d.status.State, d.status.Seq, d.status.Pending, d.status.Error)
	}
	o := &w.c.owner
	return s + fmt.Sprintf("server at %d, %d stale until %v, %d live, %d with neighbours, %d waiting, %d changed, %d dirty", o.seq, o.learner.Stale(), o.refineAt.Sub(w.c.now()), len(o.live), len(o.neighbours), len(o.waiting), len(o.changed), o.learner.Dirty())
}

// laws are what must hold when all is at rest.
func (w *world) laws() error {
	for _, law := range []struct {
		name string
		hold func() error
	}{
		{"what was acknowledged is in the store once, in its device's order", w.lawOps},
		{"what was done before a sign-in is the account's, once", w.lawMerged},
		{"acknowledged events of others are in the store once", w.lawRest},
		{"nothing is left of who was erased", w.lawErased},
		{"every catalog is the store's, byte for byte", w.lawCatalogs},
		{"every device knows its reader as the server does, and the server as the store does", w.lawProfiles},
		{"lists that could be compared were equal", w.lawAgreement},
		{"what is shown is what the server answers", w.lawLists},
	} {
		if err := law.hold(); err != nil {
			return fmt.Errorf("law: %s: %w", law.name, err)
		}
	}
	return nil
}

func (w *world) storedTags() (order []int64, count map[int64]int) {
	count = map[int64]int{}
	_ = w.store.EachEvent(bg, 0, func(e store.StoredEvent) error {
		order = append(order, e.ValueMilli)
		count[e.ValueMilli]++
		return nil
	})
	return order, count
}

func (w *world) lawOps() error {
	order, count := w.storedTags()
	for _, d := range w.devices {
		var want []int64
		for i, tag := range d.done {
			if tag == 0 {
				op := store.Op{Client: d.name, Number: uint64(i + 1)}
				if n := w.store.applied[op]; n > 1 {
					return fmt.Errorf("wish %d of %s was applied %d times", i+1, d.name, n)
				}
				continue
			}
			switch {
			case w.refused[tag] && count[tag] > 0:
				return fmt.Errorf("op %d of %s was refused and is in the store", i+1, d.name)
			case w.refused[tag]:
			case count[tag] != 1 && d.acked[tag]:
				return fmt.Errorf("op %d of %s was acknowledged and is in the store %d times", i+1, d.name, count[tag])
			case count[tag] != 1:
				return fmt.Errorf("op %d of %s is in the store %d times", i+1, d.name, count[tag])
			default:
				want = append(want, tag)
			}
		}
		got := slices.DeleteFunc(slices.Clone(order), func(tag int64) bool { return !slices.Contains(want, tag) })
		if !slices.Equal(got, want) {
			return fmt.Errorf("%s: order in the store = %v, want %v", d.name, got, want)
		}
	}
	return nil
}

func (w *world) lawRest() error {
	_, count := w.storedTags()
	for tag := range w.rest {
		if count[tag] != 1 {
			return fmt.Errorf("event %d is in the store %d times", tag, count[tag])
		}
	}
	return nil
}

// lawErased: the store holds no event of readers without a device but those acknowledged since they were erased last.
func (w *world) lawErased() error {
	order, _ := w.storedTags()
	users := map[int64]string{}
	_ = w.store.EachEvent(bg, 0, func(e store.StoredEvent) error {
		users[e.ValueMilli] = e.User
		return nil
	})
	for _, tag := range order {
		if u := users[tag]; (u == "eve" || u == "dan") && w.rest[tag] == "" {
			return fmt.Errorf("event %d of %s, who was erased, is in the store", tag, u)
		}
	}
	return nil
}

// packed is the content of an index, by number.
func packed(x *core.Index) map[core.ItemNum]string {
	all := map[core.ItemNum]string{}
	x.Each(func(r *core.Record) bool {
		all[r.Num] = string(wire.AppendRecord(nil, r))
		return true
	})
	return all
}

func (w *world) storedRecords() map[core.ItemNum]string {
	all := map[core.ItemNum]string{}
	_ = w.store.EachRecord(bg, 0, func(r store.StoredRecord) error {
		if !r.Deleted {
			all[r.Num] = string(r.Record)
		}
		return nil
	})
	return all
}

func (w *world) lawCatalogs() error {
	want := w.storedRecords()
	for i := range w.c.sides.side {
		if !maps.Equal(packed(w.c.sides.side[i].index), want) {
			return fmt.Errorf("side %d of the server's index is not what the store holds", i)
		}
	}
	for _, d := range w.devices {
		if got := packed(d.m.Index()); !maps.Equal(got, want) {
			return fmt.Errorf("%s holds %d items that are not the store's %d", d.name, len(got), len(want))
		}
	}
	return nil
}

// noteCatalog and checkCatalog hold every catalog that is ever shown against the store at the same position.
func (w *world) noteCatalog() {
	info, err := w.store.Info(bg)
	if err != nil {
		w.fail(err)
		return
	}
	w.catalogs[info.LastSeq] = sumOf(w.storedRecords())
}

func sumOf(all map[core.ItemNum]string) uint64 {
	sum := wire.SumStart
	for _, n := range slices.Sorted(maps.Keys(all)) {
		sum = wire.Sum(sum, [][]byte{[]byte(all[n])})
	}
	return sum
}

func (d *device) checkCatalog() error {
	x := d.m.Index()
	_, seq, _ := d.m.Position()
	if x == nil || seq == d.at {
		return nil
	}
	d.at = seq
	if got, want := sumOf(packed(x)), d.w.catalogs[seq]; got != want {
		return fmt.Errorf("law: nothing half-applied is shown: %s at position %d holds another catalog than the store did", d.name, seq)
	}
	return nil
}

func (w *world) lawProfiles() error {
	for _, d := range w.devices {
		r, err := w.c.reader(bg, d.user)
		if err != nil {
			return err
		}
		events, err := w.store.UserEvents(bg, d.user, store.AllRows, readEvents)
		if err != nil {
			return err
		}
		prefs, err := w.store.Preferences(bg, d.user)
		if err != nil {
			return err
		}
		slices.Reverse(events)
		if want, _ := replay(events, prefs, w.c.policy, 0); !r.same(want) {
			return fmt.Errorf("the server knows %s as %v, the store as %v", d.user, r, want)
		}
		if got := (reader{history: d.told.History, preferences: d.told.Preferences}); !got.same(r) {
			return fmt.Errorf("%s knows %s as\n%v, the server as\n%v", d.name, d.user, got, r)
		}
	}
	return nil
}

// checkList holds a list that is about to be shown against what the device knows itself.
func (d *device) checkList(l replica.List) error {
	_, seq, _ := d.m.Position()
	switch {
	case !l.Server:
	case l.Version.Op < uint64(len(d.done)) && d.w.sabotage == nil, l.Version.Seq != seq:
		return fmt.Errorf("law: no list is shown that knows less than the device: %s at %d with %d ops: %+v", d.name, seq, len(d.done), l.Version)
	case l.Compared && !l.Agrees:
		r, err := d.w.c.reader(bg, d.user)
		return fmt.Errorf("law: lists that could be compared were equal: %s, question %q, version %+v: the server knows the reader as\n%+v %v, the device as\n%+v %+v",
			d.name, l.Question, l.Version, r, err, d.told.History, d.told.Preferences)
	}
	return nil
}

func (w *world) lawAgreement() error {
	for _, d := range w.devices {
		if d.status.Differ != 0 {
			return fmt.Errorf("%s: %d lists of the server differ from its own", d.name, d.status.Differ)
		}
	}
	return nil
}

func (w *world) lawLists() error {
	for _, d := range w.devices {
		r, err := w.c.reader(bg, d.user)
		if err != nil {
			return err
		}
		for _, l := range d.shown {
			if l.Version.Hour/24 != hourOf(w.c.now())/24 {
				continue // a new day explores other items, and nobody asked since it began
			}
			ask := wire.Ask{Limit: 5, Similar: string(d.asked[l.Question])}
			if l.Question == "page" {
				ask.Limit, ask.After = 4, d.after
			} else if ask.Similar == "" {
				ask.Limit, ask.Filter = uint64(d.limit), d.filter
			}
			_, ranked := w.c.rankAsk(&ask, r, core.Seed(d.user))
			var want, got []string
			for _, x := range ranked {
				want = append(want, string(w.c.sides.current().Get(x.Num).ID))
			}
			for _, x := range l.Items {
				got = append(got, string(x.Record.ID))
			}
			if !slices.Equal(got, want) {
				return fmt.Errorf("%s shows %v for %q, the server answers %v", d.name, got, l.Question, want)
			}
		}
	}
	return nil
}
