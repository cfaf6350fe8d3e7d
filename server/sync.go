package server

import (
	"context"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"nigh/core/wire"
	"nigh/server/catalog"
)

// Sync makes the handler of GET /v1/sync: the socket around catalog.Session, which decides everything. delay, for tests
// of pages, holds back every frame that goes out.
//
//	frames in   ─► a goroutine a connection, which ends with each frame and begins anew on a small stack
//	frames out  ─► outlet (bound in bytes) ─► crew: what waits goes out with one write, without waiting
//	changes     ─► Session.Refresh, by another crew, at most every refreshEvery
//	time        ─► one look at all connections, every second: hello, silence, goodbye
func Sync(c *catalog.Catalog, delay time.Duration) func(*Guard) http.Handler {
	return syncWith(c, delay, syncTimes{hello: helloWithin, silent: pingEvery, pong: pongWithin, write: writeWithin})
}

// Times of a connection.
const (
	helloWithin  = 10 * time.Second
	writeWithin  = 10 * time.Second       // for some of what is written to leave
	pingEvery    = 30 * time.Second       // of silence
	pongWithin   = 30 * time.Second       // for a sign of life after a ping
	refreshEvery = 100 * time.Millisecond // at most, for what others did; own ops are answered at once
)

// syncTimes are times that tests make short.
type syncTimes struct{ hello, silent, pong, write time.Duration }

func syncWith(c *catalog.Catalog, delay time.Duration, times syncTimes) func(*Guard) http.Handler {
	return func(g *Guard) http.Handler {
		h := &hub{
			catalog: c, guard: g, delay: delay, times: times, all: map[*syncConn]struct{}{},
			every:   min(time.Second, times.hello/4, times.silent/4),
			writers: crew{most: runtime.GOMAXPROCS(0), few: max(1, runtime.GOMAXPROCS(0)/2)},
			// A refresh may wait for a commit of the same session, and for the store.
			refreshers: crew{most: 4 * runtime.GOMAXPROCS(0)},
		}
		g.onClosing(h.goodbye)
		return h
	}
}

// hub is all connections of the channel.
type hub struct {
	catalog    *catalog.Catalog
	guard      *Guard
	delay      time.Duration
	times      syncTimes
	every      time.Duration // between two looks
	writers    crew
	refreshers crew
	queued     atomic.Int64 // bytes of all outlets

	mu      sync.Mutex
	all     map[*syncConn]struct{}
	looking bool // a look is to come
}

// ServeHTTP admits a connection and lets go of the request: all that net/http holds for it.
func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	socket, err := h.guard.Accept(w, r, AcceptOptions{
		Operation: "sync", Subprotocols: []string{wire.Subprotocol}, ReadLimit: wire.MaxClientFrame,
		// Frames are compressed once for all, in the catalog: a window for each connection would cost 32 KB and more.
		Compression: websocket.CompressionDisabled,
		Lean:        true,
	})
	if err != nil {
		return // answered
	}
	c := &syncConn{hub: h, socket: socket, began: time.Now().UnixMilli()}
	socket.line.within = h.times.write
	c.out.line, c.out.crew, c.out.all, c.out.close, c.out.fail = socket.line, &h.writers, &h.queued, c.bye, c.cut
	var out catalog.Outlet = &c.out
	if h.delay > 0 {
		out = &delayed{to: &c.out, delay: h.delay}
	}
	d := &door{guard: h.guard, handshake: socket.Caller}
	c.session = catalog.NewSession(h.catalog, out).Through(d)
	h.add(c)
	d.look(context.Background(), socket, c.session, out)
	if socket.Subprotocol() != wire.Subprotocol {
		c.out.Close(wire.CloseVersion, "this address speaks the subprotocol "+wire.Subprotocol)
		return
	}
	go c.read()
}

func (h *hub) add(c *syncConn) {
	h.mu.Lock()
	h.all[c] = struct{}{}
	if !h.looking {
		h.looking = true
		time.AfterFunc(h.every, h.look)
	}
	h.mu.Unlock()
	select {
	case <-h.guard.Closing():
		c.stopping()
	default:
	}
}

func (h *hub) forget(c *syncConn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.all, c)
}

// look is the clock of all connections. There is none while there is no connection.
func (h *hub) look() {
	now := time.Now().UnixMilli()
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.all {
		c.look(now)
	}
	if h.looking = len(h.all) > 0; h.looking {
		time.AfterFunc(h.every, h.look)
	}
}

// goodbye tells all connections that the server stops.
func (h *hub) goodbye() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.all {
		c.stopping()
	}
}

// syncConn is one connection of the channel. While it has nothing to say it costs one goroutine that reads, and no buffer
// but the 400 bytes of its line.
type syncConn struct {
	hub     *hub
	socket  *Socket
	session *catalog.Session
	out     outlet
	began   int64 // Unix milliseconds
	pinged  int64 // Unix milliseconds, 0 if no ping is out; for look alone
	welcome atomic.Bool
	ended   atomic.Bool

	// refreshing is 0 for nothing to do, 1 while a refresh is to come or under way, 2 when it is to be done again.
	refreshing atomic.Int32
	refreshed  atomic.Int64 // Unix milliseconds of the last refresh
}

// read takes one frame. What handles it may need a deep stack, which would stay with the goroutine for as long as the
// connection is silent; so the next frame is for another one.
func (c *syncConn) read() {
	kind, b, err := c.socket.Read(context.Background()) // it ends when the connection is closed
	if err != nil {
		c.end() // how every connection ends, by a close or a cut: nothing to report, and the session said its part
		return
	}
	if kind != websocket.MessageBinary {
		b = nil // which no frame is
	}
	if err := c.session.Frame(context.Background(), b); err != nil {
		c.out.Close(wire.CloseGoingAway, "the session has ended") // unless it said why: the first call counts
		return
	}
	ops, asks := c.session.Taken()
	wait, ok := c.socket.rates.spend(ops, asks, len(b), time.Now())
	if !ok {
		c.out.Close(wire.CloseBusy, "too much comes from this address; connect again later")
		return
	}
	if !c.welcome.Load() {
		if watch := c.session.Watch(); watch != nil {
			c.welcome.Store(true)
			watch.Tell(c.changed)
		}
	}
	if wait > 0 {
		time.AfterFunc(wait, c.read) // the client waits, when what TCP takes from it has filled up
		return
	}
	go c.read()
}

// look does what is due.
func (c *syncConn) look(now int64) {
	seen := c.socket.line.seen.Load()
	switch {
	case !c.welcome.Load() && now-c.began >= c.hub.times.hello.Milliseconds():
		c.out.Close(wire.CloseTimeout, "no hello came in time")
	case c.pinged > seen && now-c.pinged >= c.hub.times.pong.Milliseconds():
		c.pinged = now // not again at once
		go c.cut()
	case c.pinged <= seen && now-seen >= c.hub.times.silent.Milliseconds() && c.out.ping():
		c.pinged = now
	}
}

// changed is called by the owner when the reader's lists may have changed: it must not wait.
func (c *syncConn) changed() {
	for {
		switch s := c.refreshing.Load(); {
		case s == 2:
			return
		case c.refreshing.CompareAndSwap(s, s+1):
			if s == 0 {
				c.plan()
			}
			return
		}
	}
}

// plan has the lists refreshed as soon as refreshEvery has passed since the last time.
func (c *syncConn) plan() {
	wait := refreshEvery - time.Duration(time.Now().UnixMilli()-c.refreshed.Load())*time.Millisecond
	if wait <= 0 {
		c.hub.refreshers.add(c)
		return
	}
	time.AfterFunc(min(wait, refreshEvery), func() { c.hub.refreshers.add(c) })
}

// work refreshes, as a task of the crew.
func (c *syncConn) work() {
	if c.ended.Load() {
		return
	}
	if c.out.lags() { // what is sent now would be old when it is read
		c.refreshed.Store(time.Now().UnixMilli())
		c.plan()
		return
	}
	c.refreshing.Store(1) // what comes from now on is not seen by this refresh for sure
	c.refreshed.Store(time.Now().UnixMilli())
	if c.session.Refresh(context.Background()) != nil {
		return // for good: it stays 1
	}
	if !c.refreshing.CompareAndSwap(1, 0) {
		c.plan()
	}
}

// stopping says that the server stops.
func (c *syncConn) stopping() {
	c.out.Close(wire.CloseGoingAway, "the server is stopping; connect again in a moment")
}

// bye closes the connection and waits for the peer's own close, for as long as coder/websocket does: five seconds.
func (c *syncConn) bye(code int, reason string) {
	_ = c.socket.Close(websocket.StatusCode(code), reason) // the peer may be gone already
	c.end()
}

// cut ends a connection that does not answer.
func (c *syncConn) cut() {
	c.socket.Cut()
	c.end()
}

// end releases all that the connection holds, once.
func (c *syncConn) end() {
	if c.ended.Swap(true) {
		return
	}
	c.out.end()
	c.session.Close()
	c.hub.forget(c)
	c.socket.Release()
}
