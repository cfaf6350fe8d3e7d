package server

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"nigh/core/wire"
	"nigh/server/catalog"
)

// Sync makes the handler of GET /v1/sync: the socket around catalog.Session, which decides everything. delay, for tests
// of pages, holds back every frame that goes out.
func Sync(c *catalog.Catalog, delay time.Duration) func(*Guard) http.Handler {
	return syncWith(c, delay, helloWithin)
}

// syncWith is Sync with the time that a client has for its hello.
func syncWith(c *catalog.Catalog, delay, helloWithin time.Duration) func(*Guard) http.Handler {
	return func(g *Guard) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			socket, err := g.Accept(w, r, AcceptOptions{
				Operation:    "sync",
				Subprotocols: []string{wire.Subprotocol},
				ReadLimit:    wire.MaxClientFrame,
				Compression:  websocket.CompressionDisabled, // frames for many are deflated once for all: see catalog.Frame
			})
			if err != nil {
				return // answered
			}
			defer socket.Release()
			serveSync(r.Context(), c, g, socket, delay, helloWithin)
		})
	}
}

// Times of a connection.
const (
	helloWithin  = 10 * time.Second
	writeWithin  = 10 * time.Second
	pingEvery    = 30 * time.Second
	refreshEvery = 100 * time.Millisecond // at most, for what others did; own ops are answered at once
)

// maxQueued bounds what a client may leave unread, in bytes: Centrifugo's default.
const maxQueued = 1 << 20

func serveSync(ctx context.Context, c *catalog.Catalog, g *Guard, socket *Socket, delay, helloWithin time.Duration) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := newOutlet(delay)
	d := &door{guard: g, handshake: socket.Caller}
	session := catalog.NewSession(c, out).Through(d)
	defer session.Close()
	d.look(ctx, socket, session, out)

	var children sync.WaitGroup
	defer children.Wait()
	defer cancel()
	children.Go(func() {
		defer cancel() // the reader's Read ends with it
		out.write(ctx, socket.Conn)
	})
	children.Go(func() {
		select {
		case <-g.Closing():
			out.Close(wire.CloseGoingAway, "the server is stopping; connect again in a moment")
		case <-ctx.Done():
		}
	})
	if socket.Subprotocol() == wire.Subprotocol {
		late := time.AfterFunc(helloWithin, func() { out.Close(wire.CloseTimeout, "no hello came in time") })
		defer late.Stop()
		// The error is how every connection ends, by a close or a cut: nothing to report, and the session said its part.
		_ = readFrames(ctx, socket.Conn, session, func() {
			late.Stop()
			children.Go(func() { refresh(ctx, session) })
		})
	} else {
		out.Close(wire.CloseVersion, "this address speaks the subprotocol "+wire.Subprotocol)
	}
	out.finish(ctx)
}

// readFrames hands frames to the session until the connection or the session ends; welcomed is called once, when the
// session knows its reader.
func readFrames(ctx context.Context, conn *websocket.Conn, s *catalog.Session, welcomed func()) error {
	known := false
	for {
		kind, b, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		if kind != websocket.MessageBinary {
			b = nil // which no frame is
		}
		if err := s.Frame(ctx, b); err != nil {
			return err
		}
		if !known && s.Watch() != nil {
			known = true
			welcomed()
		}
	}
}

// refresh answers again after every change, several within refreshEvery together.
func refresh(ctx context.Context, s *catalog.Session) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
		select {
		case <-s.Watch().C():
		case <-ctx.Done():
			return
		}
		if s.Refresh(ctx) != nil {
			return
		}
		pause.Reset(refreshEvery)
	}
}

// outlet is the queue between a session and its socket. It implements catalog.Outlet.
type outlet struct {
	delay time.Duration

	mu     sync.Mutex
	queue  []queued
	bytes  int // of the queue, without shared ones
	code   int // of the close to come, 0 for none
	reason string
	news   chan struct{} // capacity 1: the queue or code changed
	done   chan struct{} // closed when write has returned
}

type queued struct {
	frame []byte
	size  int // that counts
	due   time.Time
}

func newOutlet(delay time.Duration) *outlet {
	return &outlet{delay: delay, news: make(chan struct{}, 1), done: make(chan struct{})}
}

// Send queues a frame; a client that left maxQueued unread is cut off, and may connect again.
func (o *outlet) Send(frame []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.code != 0 {
		return
	}
	if o.bytes+len(frame) > maxQueued && o.bytes > 0 {
		o.queue, o.bytes = nil, 0
		o.code, o.reason = wire.CloseSlow, "too much was left unread; connect again"
	} else {
		o.bytes += len(frame)
		o.push(frame, len(frame))
	}
	o.signal()
}

// SendShared queues frames that do not count.
func (o *outlet) SendShared(frames [][]byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.code != 0 {
		return
	}
	for _, f := range frames {
		o.push(f, 0)
	}
	o.signal()
}

func (o *outlet) push(frame []byte, size int) {
	q := queued{frame: frame, size: size}
	if o.delay > 0 {
		q.due = time.Now().Add(o.delay)
	}
	o.queue = append(o.queue, q)
}

// Close ends the connection after what is queued. The first call counts.
func (o *outlet) Close(code int, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.code == 0 {
		o.code, o.reason = code, reason
		o.signal()
	}
}

func (o *outlet) signal() {
	select {
	case o.news <- struct{}{}:
	default:
	}
}

// take returns the next frame; with nothing queued, the close that is due.
func (o *outlet) take() (next queued, ok bool, code int, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) == 0 {
		return queued{}, false, o.code, o.reason
	}
	next = o.queue[0]
	o.queue[0] = queued{} // or the array would hold the frame
	if o.queue = o.queue[1:]; len(o.queue) == 0 {
		o.queue = nil
	}
	return next, true, 0, ""
}

func (o *outlet) written(size int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bytes = max(0, o.bytes-size)
}

// write sends what is queued until the connection ends, and a ping when there was nothing to send for a while: a dead
// peer is found out by it.
func (o *outlet) write(ctx context.Context, conn *websocket.Conn) {
	defer close(o.done)
	idle := time.NewTicker(pingEvery)
	defer idle.Stop()
	for {
		next, ok, code, reason := o.take()
		if ok {
			if !pause(ctx, time.Until(next.due)) || writeFrame(ctx, conn, next.frame) != nil {
				return
			}
			o.written(next.size)
			continue
		}
		if code != 0 {
			_ = conn.Close(websocket.StatusCode(code), shorten(reason)) // the peer may be gone already
			return
		}
		select {
		case <-o.news:
		case <-idle.C:
			pingCtx, cancel := context.WithTimeout(ctx, writeWithin)
			err := conn.Ping(pingCtx)
			cancel()
			if err != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func writeFrame(ctx context.Context, conn *websocket.Conn, frame []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	return conn.Write(ctx, websocket.MessageBinary, frame)
}

// finish waits until a close that the session asked for has been sent.
func (o *outlet) finish(ctx context.Context) {
	o.mu.Lock()
	closing := o.code != 0
	o.mu.Unlock()
	if closing {
		select {
		case <-o.done:
		case <-ctx.Done():
		}
	}
}

// shorten keeps a close reason within the 123 bytes that RFC 6455 allows.
func shorten(s string) string {
	if len(s) <= 123 {
		return s
	}
	return strings.ToValidUTF8(s[:120], "") + "…"
}
