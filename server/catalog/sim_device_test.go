package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"nigh/core"
	"nigh/core/replica"
	"nigh/core/wire"
)

// device is a browser: a machine, its clock and its connection.
type device struct {
	w      *world
	name   string
	user   string
	m      *replica.Machine
	skew   int64 // of its clock
	wakeAt int64 // by the world's clock
	online bool
	trying bool // asked for a connection
	conn   *conn
	status replica.Status
	told   replica.ProfileChanged
	shown  map[string]replica.List
	done   []int64        // tags of ops, in order
	acked  map[int64]bool // those that an acknowledgement has come for
	at     []wire.Held    // as checked last
	budget uint64
	limit  int         // of the question "you"
	filter core.Filter // of it
	after  string      // of the question "page"
	asked  map[string]core.ItemID

	inflates bool
	keeps    bool // it has a store
	store    map[string][]byte
	behind   []late // what waits for the store, in order
	recorded uint64 // highest op that the page was told to be kept
	lives    int

	// Of sign-ins: guests that this one's machine has still to merge; whose its own doing is, once it is gone.
	unmerged int
	into     string
	merge    *replica.Merge // what a page with a store says in each life
}

// late is an effect that waits for the store: a Store, or what must not go before it.
type late struct {
	effect replica.Effect
	conn   *conn
}

// begin starts the device, from its store if it has one.
func (d *device) begin() {
	d.lives++
	client := d.name
	if len(d.store["reader"]) > 0 { // which knows it
		client = fmt.Sprint(d.name, " in life ", d.lives)
	}
	user := d.user
	if user == wire.Guest(d.name) {
		user = ""
	}
	d.m = replica.New(replica.Config{Client: client, User: user, Seed: uint64(d.w.pick(1000)), Stores: d.keeps, Budget: d.budget, Inflates: d.inflates})
	for _, key := range slices.Sorted(maps.Keys(d.store)) {
		d.step(replica.Restore{Entries: []replica.Entry{{Key: key, Value: d.store[key]}}})
	}
	d.step(replica.Start{})
	if d.merge != nil {
		d.step(*d.merge)
		d.merge.Entries = nil // they are in the store
	}
	d.step(replica.Ask{Question: replica.Question{Name: "you", Limit: d.limit, Filter: d.filter}})
}

// kill ends the device's process where it stands and begins the next one.
func (d *device) kill() {
	w := d.w
	w.tally.kills++
	w.trace("%s: killed with %d effects that wait for its store", d.name, len(d.behind))
	d.settleStore(w.pick(len(d.behind) + 1))
	d.behind = nil
	if c := d.conn; c != nil {
		d.conn = nil
		w.drop(c)
	}
	d.trying, d.wakeAt, d.at, d.after, d.asked = false, 0, nil, "", nil
	d.status, d.told, d.shown = replica.Status{}, replica.ProfileChanged{}, nil
	before := len(d.done)
	d.begin()
	if last := d.m.LastOp(); last < d.recorded || last > uint64(before) {
		w.fail(fmt.Errorf("law: nothing recorded is lost: %s comes back with %d ops of %d, of which %d were recorded", d.name, last, before, d.recorded))
		return
	}
	d.done = d.done[:d.m.LastOp()]
}

// settleStore carries out the first n of what waits for the store.
func (d *device) settleStore(n int) {
	for _, b := range d.behind[:n] {
		switch e := b.effect.(type) {
		case replica.Store:
			for key := range d.store {
				if slices.ContainsFunc(e.Clear, func(p string) bool { return strings.HasPrefix(key, p) }) || slices.Contains(e.Deletes, key) {
					delete(d.store, key)
				}
			}
			for _, p := range e.Puts {
				d.store[p.Key] = p.Value
			}
			d.w.tally.stored++
		case replica.Send:
			if b.conn == d.conn && d.conn != nil {
				d.conn.up = append(d.conn.up, e.Bytes)
			}
		case replica.Recorded:
			d.recorded = max(d.recorded, e.Origin.Number)
		}
	}
	d.behind = append([]late(nil), d.behind[n:]...)
}

func (d *device) time() int64 { return d.w.now + d.skew }

// act does something: an event, or a wish.
func (d *device) act() {
	w := d.w
	if w.pick(5) == 0 {
		d.done = append(d.done, 0) // wishes have no tag; the law of the profile is theirs
		p := core.Preference{Kind: core.PreferTag, Key: []string{"sailing", "go", "mars"}[w.pick(3)], Weight: int32(w.pick(5)-1) * core.ProfileOne}
		if w.chance(3) { // in all languages of the catalog
			p.Kind, p.Key = core.PreferText, []string{"sailed", "the mars missions", "les baleines"}[w.pick(3)]
		}
		if w.pick(9) == 0 {
			p.Key = "\x00" // which the server refuses
		}
		d.step(replica.Prefer{Preference: p, Origin: d.origin()})
		return
	}
	tag, more := w.tag(), w.pick(6) == 0
	d.done = append(d.done, tag)
	w.tally.ops++
	w.trace("%s: op %d is event %d", d.name, len(d.done), tag)
	w.lastItem = fmt.Sprint("item", w.pick(26))
	d.step(replica.Record{Kind: simKinds[w.pick(len(simKinds))], Item: core.ItemID(w.lastItem), ValueMilli: tag, Origin: d.origin(), More: more})
	if more {
		d.act()
	}
}

// origin numbers what the page says as its ops are numbered.
func (d *device) origin() replica.Origin {
	return replica.Origin{Tab: fmt.Sprint("life ", d.lives), Number: uint64(len(d.done))}
}

func (d *device) question() {
	if next := d.shown["you"].Next; next != "" && d.w.pick(3) == 0 {
		d.after = next
		d.step(replica.Ask{Question: replica.Question{Name: "page", Limit: 4, After: next}})
		return
	}
	if d.w.pick(3) == 0 {
		d.step(replica.Drop{Name: "like"})
		delete(d.shown, "like")
		return
	}
	id := core.ItemID(fmt.Sprint("item", d.w.pick(24)))
	d.asked = map[string]core.ItemID{"like": id}
	delete(d.shown, "like") // of an item that the catalog does not hold there is no list
	d.step(replica.Ask{Question: replica.Question{Name: "like", Limit: 5, Similar: id}})
}

// step tells the machine of an input and does what it asks for.
func (d *device) step(in replica.Input) {
	for _, e := range d.m.Step(in, d.time()) {
		switch e := e.(type) {
		case replica.Connect:
			d.trying = true
		case replica.Send, replica.Store, replica.Recorded:
			d.behind = append(d.behind, late{e, d.conn})
			if _, stores := d.behind[0].effect.(replica.Store); !stores {
				d.settleStore(1)
			}
		case replica.Close:
			d.w.trace("%s closes: %s", d.name, e.Reason)
			if e.Code == wire.CloseProtocol && (d.conn == nil || !d.conn.lossy) && d.w.sabotage == nil {
				d.w.fail(fmt.Errorf("law: nobody breaks the protocol: %s says: %s", d.name, e.Reason))
			}
			if d.conn != nil {
				d.conn.cut = true
				d.conn = nil
			}
			d.trying = false
		case replica.Wake:
			d.wakeAt = 0
			if e.AtMillis != 0 {
				d.wakeAt = e.AtMillis - d.skew
			}
		case replica.List:
			if d.shown == nil {
				d.shown = map[string]replica.List{}
			}
			d.shown[e.Question] = e
			d.w.fail(d.checkList(e))
		case replica.Status:
			d.status = e
		case replica.ProfileChanged:
			d.told = e
		case replica.GuestMerged:
			d.unmerged--
		}
	}
	d.w.fail(d.checkCatalog())
}
