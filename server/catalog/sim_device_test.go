package catalog

import (
	"fmt"

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
	at     uint64         // position last checked
	limit  int            // of the question "you"
	filter core.Filter    // of it
	after  string         // of the question "page"
	asked  map[string]core.ItemID
	// Of sign-ins: guests that this one's machine has still to merge; whose its own doing is, once it is gone.
	unmerged int
	into     string
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
		d.step(replica.Prefer{Preference: p})
		return
	}
	tag := w.tag()
	d.done = append(d.done, tag)
	w.tally.ops++
	w.trace("%s: op %d is event %d", d.name, len(d.done), tag)
	w.lastItem = fmt.Sprint("item", w.pick(26))
	d.step(replica.Record{Kind: simKinds[w.pick(len(simKinds))], Item: core.ItemID(w.lastItem), ValueMilli: tag})
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
		case replica.Send:
			if d.conn != nil {
				d.conn.up = append(d.conn.up, e.Bytes)
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
