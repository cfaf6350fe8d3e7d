package catalog

import (
	"maps"
	"testing"

	"nigh/core"
	"nigh/core/replica"
	"nigh/core/wire"
)

// client is a replica.Machine and the session at its other end, without a network between them.
type client struct {
	r       *rig
	m       *replica.Machine
	session *Session
	out     *recorder
	status  replica.Status
	lists   map[string]replica.List
	faults  []string // why the machine closed
	in      int      // bytes of frames that came
	frames  int
}

// client returns one that has connected and is up to date.
func (r *rig) client(name string, budget uint64) *client {
	c := &client{r: r, lists: map[string]replica.List{}, m: replica.New(replica.Config{Client: name, User: "u1", Seed: 3, Budget: budget})}
	c.step(replica.Start{})
	c.connect()
	return c
}

func (c *client) connect() {
	c.out = &recorder{}
	c.session = NewSession(c.r.Catalog, c.out)
	c.r.t.Cleanup(c.session.Close)
	c.step(replica.Online{})
	c.step(replica.Opened{})
	c.pump()
}

func (c *client) cut() {
	c.session.Close()
	c.session = nil
	c.step(replica.Closed{Code: 1006})
}

// pump passes on what there is in both directions.
func (c *client) pump() {
	for c.session != nil {
		c.out.mu.Lock()
		frames := c.out.frames
		c.out.frames = nil
		c.out.mu.Unlock()
		if len(frames) == 0 {
			return
		}
		for _, f := range frames {
			c.take(f)
		}
	}
}

func (c *client) take(frame []byte) {
	c.in += len(frame)
	c.frames++
	c.step(replica.Frame{Bytes: frame})
}

func (c *client) step(in replica.Input) {
	for _, e := range c.m.Step(in, c.r.clock.Load()) {
		switch e := e.(type) {
		case replica.Send:
			if err := c.session.Frame(bg, e.Bytes); err != nil {
				c.r.t.Errorf("frame of a client: %v", err)
			}
		case replica.Close:
			c.faults = append(c.faults, e.Reason)
			c.session.Close()
			c.session = nil
		case replica.Status:
			c.status = e
		case replica.List:
			c.lists[e.Question] = e
		}
	}
}

// refresh does what the goroutine beside a session does after a change.
func (c *client) refresh(t *testing.T) {
	t.Helper()
	if err := c.session.Refresh(bg); err != nil {
		t.Fatal(err)
	}
	c.pump()
}

// limited starts the catalog anew, with other limits.
func (r *rig) limited(l limits) {
	r.stop()
	r.open()
	r.shelve(l)
	r.run()
}

// shelve gives the catalog other limits, as its owner.
func (c *Catalog) shelve(l limits) {
	c.limits = l
	book := &c.owner.shelving
	book.most = l.shelf
	book.build(book.layout.seq, book.layout.learned)
	c.feed.layout = book.layout
}

// shelvesOf is what the client should hold: of the catalog's items those on its shelves.
func (c *client) wanted() map[core.ItemNum]string {
	held := c.m.Shelves()
	all := c.r.index()
	maps.DeleteFunc(all, func(_ core.ItemNum, b string) bool {
		rec, err := wire.ReadRecord([]byte(b))
		if err != nil {
			return true
		}
		for _, h := range held {
			if h.Shelf.Holds(wire.KeyOf(rec)) {
				return false
			}
		}
		return true
	})
	return all
}
