package catalog

import (
	"context"
	"fmt"
	"log/slog"

	"nigh/core/replica"
	"nigh/core/wire"
	"nigh/server/deflate"
	"nigh/server/store"
	"nigh/server/store/storetest"
)

var (
	bg      = context.Background()
	discard = slog.New(slog.DiscardHandler)
)

// conn is one connection: two queues of frames. It is cut when the client is gone, dead when the server is; what was
// on its way may still arrive at the other side.
type conn struct {
	w        *world
	d        *device
	session  *Session
	up, down [][]byte
	code     int // of the close behind what is queued, 0 for none
	cut      bool
	dead     bool
	late     int64 // when the rest of a cut connection arrives at the server
	lossy    bool  // a frame was lost, which the client may well complain of
}

// Send, SendShared and Close make conn a session's Outlet.
func (c *conn) Send(frame []byte) {
	frame, err := deflate.Inflate(frame) // as the client's shell does
	if err != nil {
		c.w.fail(fmt.Errorf("law: what the server deflates can be inflated: %s: %w", c.d.name, err))
	}
	if m, err := wire.Decode(frame); err == nil {
		if ack, ok := m.(*wire.Ack); ok {
			for _, r := range ack.Refused {
				if r.Op <= uint64(len(c.d.done)) { // else by sabotage
					c.w.refused[c.d.done[r.Op-1]] = true
				}
			}
		}
	}
	if c.dead || c.code != 0 {
		return
	}
	if c.w.sabotage != nil && c.w.sabotage.down != nil {
		if frame = c.w.sabotage.down(c, frame); frame == nil {
			return
		}
	}
	c.down = append(c.down, frame)
}

func (c *conn) SendShared(frames [][]byte) {
	for _, f := range frames {
		c.Send(f)
	}
}

func (c *conn) Close(code int, reason string) {
	if c.code == 0 {
		c.w.trace("%s: the server closes with %d: %s", c.d.name, code, reason)
		c.code = code
		if code == wire.CloseProtocol {
			c.w.fail(fmt.Errorf("law: nobody breaks the protocol: %s: the server says: %s", c.d.name, reason))
		}
	}
}

// move lets the network and the sessions work n times.
func (w *world) move(n int) {
	for range n {
		d := w.devices[w.pick(len(w.devices))]
		if d.trying {
			w.connect(d)
		}
		d.settleStore(w.pick(len(d.behind) + 1))
		if len(w.conns) == 0 || w.crashed {
			continue
		}
		c := w.conns[w.pick(len(w.conns))]
		switch w.pick(5) {
		case 0, 1:
			w.moveUp(c)
		case 2, 3:
			w.moveDown(c)
		case 4:
			w.refresh(c)
		}
	}
}

func (w *world) connect(d *device) {
	if !d.online {
		if w.chance(3) {
			d.trying = false
			d.step(replica.Closed{Code: 1006})
		}
		return
	}
	d.trying = false
	if w.chance(5) {
		d.step(replica.Closed{Code: 1006})
		return
	}
	c := &conn{w: w, d: d}
	c.session = NewSession(w.c, c)
	w.conns = append(w.conns, c)
	d.conn = c
	w.trace("%s connects", d.name)
	d.step(replica.Opened{})
	if w.chance(5) { // the attempt arrives twice; nobody listens to the second
		twin := &conn{w: w, d: d, cut: true, up: append([][]byte(nil), c.up...), late: w.now + int64(w.pick(2000))}
		twin.session = NewSession(w.c, twin)
		w.conns = append(w.conns, twin)
	}
}

// drop ends a connection for its client. What the client sent may still arrive, all or the first of it, now or later.
func (w *world) drop(c *conn) {
	w.tally.drops++
	w.trace("%s: connection lost", c.d.name)
	c.cut = true
	if w.chance(3) {
		c.up = c.up[:w.pick(len(c.up)+1)]
	}
	c.late = w.now + int64(w.pick(2)*w.pick(2000))
	if c.d.conn == c {
		c.d.conn = nil
		c.d.step(replica.Closed{Code: 1006})
	}
}

// moveUp brings one frame to the server, or the news that there is nobody any more.
func (w *world) moveUp(c *conn) {
	switch {
	case c.dead || c.cut && w.now < c.late:
	case len(c.up) > 0:
		frame := c.up[0]
		c.up = c.up[1:]
		w.tally.frames++
		if w.sabotage != nil && w.sabotage.up != nil {
			frame = w.sabotage.up(c, frame)
		}
		before := w.busy
		w.busy = c
		err := c.session.Frame(bg, frame)
		w.busy = before
		if err != nil {
			w.trace("%s: the session ends: %v", c.d.name, err)
			w.end(c)
		}
	case c.cut:
		w.end(c)
	}
}

// end is the server's end of a connection.
func (w *world) end(c *conn) {
	c.dead = true
	c.session.Close()
	if c.cut || c.d.conn != c {
		w.forget(c)
	}
}

func (w *world) forget(c *conn) {
	for i, other := range w.conns {
		if other == c {
			w.conns = append(w.conns[:i:i], w.conns[i+1:]...)
			return
		}
	}
}

// moveDown brings one frame to the client, or the close behind them.
func (w *world) moveDown(c *conn) {
	switch {
	case c.cut || c.d.conn != c:
	case len(c.down) > 0:
		frame := c.down[0]
		c.down = c.down[1:]
		w.tally.frames++
		if w.chance(200) && losable(frame) {
			c.lossy = true
			return
		}
		c.d.learn(frame)
		c.d.step(replica.Frame{Bytes: frame})
	case c.code != 0 || c.dead:
		code := c.code
		if code == 0 {
			code = 1006
		}
		c.cut, c.d.conn = true, nil
		w.forget(c)
		c.session.Close()
		c.d.step(replica.Closed{Code: code})
	}
}

// losable tells of frames whose loss the protocol finds out. No network loses a frame and goes on; a faulty server might.
func losable(frame []byte) bool {
	m, err := wire.Decode(frame)
	if err != nil {
		return false
	}
	switch m := m.(type) {
	case *wire.Delta:
		return m.From != m.To
	case *wire.Snapshot:
		return true
	}
	return false
}

// refresh does what the goroutine beside a real session does.
func (w *world) refresh(c *conn) {
	watch := c.session.Watch()
	if c.dead || watch == nil {
		return
	}
	select {
	case <-watch.C():
		if err := c.session.Refresh(bg); err != nil {
			w.end(c)
		}
	default:
	}
}

// learn notes what an acknowledgement promises.
func (d *device) learn(frame []byte) {
	m, err := wire.Decode(frame)
	if err != nil {
		return
	}
	upTo := uint64(0)
	switch m := m.(type) {
	case *wire.Ack:
		upTo = m.Op
	case *wire.Welcome:
		upTo = m.LastOp
	}
	for _, tag := range d.done[:min(upTo, uint64(len(d.done)))] {
		d.acked[tag] = true
	}
}

// ledger is a store that fails when it is told to, and knows every op that it ever took.
type ledger struct {
	*storetest.Model
	w       *world
	failing int // commits
	applied map[store.Op]int
}

func newLedger(w *world) *ledger {
	return &ledger{Model: storetest.NewModel(), w: w, applied: map[store.Op]int{}}
}

func (l *ledger) Commit(ctx context.Context, b store.Batch) error {
	if l.failing > 0 && !l.w.quiet {
		l.failing--
		if l.w.pick(3) > 0 {
			l.w.tally.failedCommits++
			return fmt.Errorf("commit: %w", store.ErrReadOnly)
		}
	}
	if s := l.w.sabotage; s != nil && s.commit != nil {
		s.commit(l, &b)
	}
	if err := l.Model.Commit(ctx, b); err != nil {
		l.w.fail(fmt.Errorf("law: the store has nothing to refuse: %w", err))
		return err
	}
	for _, e := range b.Events {
		if e.Op.Client != "" {
			l.applied[e.Op]++
		}
	}
	for _, p := range b.Preferences {
		if p.Op.Client != "" {
			l.applied[p.Op]++
		}
	}
	l.w.noteCatalog()
	return nil
}
