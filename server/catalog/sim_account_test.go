package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"nigh/core/replica"
	"nigh/core/wire"
	"nigh/server/store"
)

// newGuest is a browser whose reader has not signed in: its id is its name. Two of three have a store.
func (w *world) newGuest(seed uint64) *device {
	w.guests++
	d := &device{w: w, name: fmt.Sprint("browser-of-guest-", w.guests), acked: map[int64]bool{}, store: map[string][]byte{}}
	if d.keeps = (seed+uint64(w.guests))%3 > 0; d.keeps {
		d.user = wire.Guest(d.name)
		return d
	}
	d.user = wire.Guest(d.name)
	d.m = replica.New(replica.Config{Client: d.name, Seed: seed})
	return d
}

// account signs the reader of the last device in, or out and in as somebody else: the page is loaded anew, with a new
// machine and a new id. What the former one still has on its way may arrive at any time.
func (w *world) account() {
	i := len(w.devices) - 1
	old := w.devices[i]
	next := w.newGuest(uint64(w.now))
	merge := replica.Merge{Clients: []string{old.name}}
	if old.user == wire.Guest(old.name) && old.keeps {
		next.keeps = true
		next.user = []string{"ada", "bob"}[w.pick(2)]
		next.unmerged = 1
		old.into = next.user
		merge.Entries = w.moveGuest(old, next)
		w.tally.signIns++
		w.trace("%s signs in as %s: %s has %d ops", next.name, next.user, old.name, len(old.done))
	} else if old.user == wire.Guest(old.name) {
		first, ops := old.m.Outbox()
		next.user = []string{"ada", "bob"}[w.pick(2)]
		next.unmerged = 1
		next.m = replica.New(replica.Config{Client: next.name, User: next.user, Seed: uint64(w.now),
			Guests: []replica.Guest{{Client: old.name, First: first, Ops: ops}}})
		next.keeps = false
		old.into = next.user
		w.tally.signIns++
		w.trace("%s signs in as %s: %d ops of %s from %d on", next.name, next.user, len(ops), old.name, first)
	} else if old.status.Pending > 0 || old.unmerged > 0 {
		return // what is not at the server yet waits in the browser for the account to come back
	}
	next.online, next.skew, next.limit = old.online, old.skew, old.limit
	if old.conn != nil {
		w.drop(old.conn)
	}
	w.gone = append(w.gone, old)
	w.devices[i] = next
	if next.keeps {
		// The page says whose doing it wants until it is told that it has it, however often that is; and the process may
		// have died between the move and that.
		if next.unmerged > 0 && (len(merge.Entries) == 0 || w.pick(3) > 0) {
			next.merge = &merge
		}
		next.begin()
		return
	}
	next.step(replica.Start{})
	next.step(replica.Ask{Question: replica.Question{Name: "you", Limit: next.limit}})
}

// moveGuest is what the page's shell does in one transaction: what a guest's store holds of its reader comes into the
// account's. Of what the guest's machine had not stored by then, nothing was recorded, and nothing goes on.
func (w *world) moveGuest(old, next *device) (moved []replica.Entry) {
	old.settleStore(w.pick(len(old.behind) + 1))
	old.behind = nil
	was := replica.New(replica.Config{Client: old.name})
	for _, key := range slices.Sorted(maps.Keys(old.store)) {
		was.Step(replica.Restore{Entries: []replica.Entry{{Key: key, Value: old.store[key]}}}, w.now)
		if key == "reader" || strings.HasPrefix(key, "op/") {
			e := replica.Entry{Key: "guest/from " + old.name + "/" + key, Value: old.store[key]}
			next.store[e.Key] = e.Value
			moved = append(moved, e)
		}
	}
	was.Step(replica.StoreLost{}, w.now)
	if last := was.LastOp(); last < old.recorded || last > uint64(len(old.done)) {
		w.fail(fmt.Errorf("law: nothing recorded is lost: %s leaves %d ops of %d, of which %d were recorded", old.name, last, len(old.done), old.recorded))
		return nil
	}
	old.done = old.done[:was.LastOp()]
	return moved
}

// lawMerged: what a guest did is its account's, once, in order; nothing of it is anybody else's.
func (w *world) lawMerged() error {
	users, count := map[int64]string{}, map[int64]int{}
	var order []int64
	_ = w.store.EachEvent(bg, 0, func(e store.StoredEvent) error {
		users[e.ValueMilli] = e.User
		count[e.ValueMilli]++
		order = append(order, e.ValueMilli)
		return nil
	})
	for _, d := range w.gone {
		owner := d.user
		if d.into != "" {
			owner = d.into
		}
		client, err := w.store.Client(bg, d.name)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if d.into != "" && client.User != owner {
			return fmt.Errorf("the browser %s is of %q, want %q", d.name, client.User, owner)
		}
		if client.LastOp != uint64(len(d.done)) {
			return fmt.Errorf("of %s %d ops are decided, want all %d", d.name, client.LastOp, len(d.done))
		}
		at := -1
		for i, tag := range d.done {
			switch {
			case tag == 0:
			case count[tag] > 1, count[tag] == 0 && d.acked[tag] && !w.refused[tag], count[tag] == 1 && w.refused[tag]:
				return fmt.Errorf("op %d of %s is in the store %d times (acknowledged: %v, refused: %v)", i+1, d.name, count[tag], d.acked[tag], w.refused[tag])
			case count[tag] == 1 && users[tag] != owner:
				return fmt.Errorf("op %d of %s is of %q, want %q", i+1, d.name, users[tag], owner)
			case count[tag] == 1:
				j := at + 1
				for j < len(order) && order[j] != tag {
					j++
				}
				if j == len(order) {
					return fmt.Errorf("op %d of %s is before the one before it", i+1, d.name)
				}
				at = j
			}
		}
		if h, p, err := w.c.Profile(bg, wire.Guest(d.name)); d.into != "" && (err != nil || len(h)+len(p) > 0) {
			return fmt.Errorf("of the guest %s there is %v %v, %v", d.name, h, p, err)
		}
	}
	return nil
}
