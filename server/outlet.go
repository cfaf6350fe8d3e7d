package server

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nigh/core/wire"
)

// Bounds of what a client may leave unread, in bytes.
const (
	// maxQueued is for all that is sent one by one: Centrifugo's default.
	maxQueued = 1 << 20
	// maxBehind is for what waits behind a snapshot. A slow line that takes minutes for it would otherwise be cut in the
	// middle each time. What waits are deltas, which all clients share: it costs each its reference to them.
	maxBehind = 8 << 20
	// maxAll is for all clients together, of what counts against maxQueued: beyond it those that have more than their
	// share of maxLag are cut off. It says more than is held, for a delta is the same bytes for all.
	maxAll = 512 << 20
	maxLag = 64 << 10
)

// outlet is the queue between a session and its socket. It implements catalog.Outlet: nobody who sends ever waits.
// What waits is written by the crew as soon as one of it is free, everything at once. A connection that does not take it
// gets a goroutine of its own until it has.
//
// Invariant: working is true from the moment that something waits until nothing does; one goroutine, or the crew's queue,
// has the outlet as long.
type outlet struct {
	line  *line
	crew  *crew
	close func(code int, reason string) // says goodbye; called once, on a goroutine of its own
	fail  func()                        // the connection broke off
	all   *atomic.Int64                 // bytes of all outlets that count

	mu      sync.Mutex
	queue   []queued
	bytes   int // of the queue that count against maxQueued
	shared  int // frames of a snapshot that are queued
	behind  int // bytes of the queue behind them
	working bool
	over    bool // nothing more is sent
	code    int  // of the close to come, 0 for none
	reason  string
}

// queued is a frame that waits.
type queued struct {
	frame []byte
	kind  queuedKind
}

// queuedKind says what a queued frame counts against.
type queuedKind uint8

const (
	counted  queuedKind = iota // maxQueued
	snapshot                   // nothing
	follows                    // maxBehind
	control                    // nothing: a whole WebSocket frame of two bytes
)

// Send queues a frame; a client that left too much unread is cut off, and may connect again.
func (o *outlet) Send(frame []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch n := len(frame); {
	case o.over || o.code != 0:
	case o.shared > 0 && o.behind+n <= maxBehind:
		o.behind += n
		o.push(queued{frame, follows})
	case o.shared == 0 && (o.bytes == 0 || o.bytes+n <= maxQueued && (o.bytes+n <= maxLag || o.all.Load() <= maxAll)):
		o.count(n)
		o.push(queued{frame, counted})
	default:
		o.drop()
		o.code, o.reason = wire.CloseSlow, "too much was left unread; connect again"
		o.start()
	}
}

// SendShared queues frames of a snapshot, which do not count.
func (o *outlet) SendShared(frames [][]byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over || o.code != 0 {
		return
	}
	o.shared += len(frames)
	for _, f := range frames {
		o.push(queued{f, snapshot})
	}
}

// ping queues a ping and tells whether it did. If something else waits it does not: writeWithin is for that.
func (o *outlet) ping() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over || o.code != 0 || o.working {
		return false
	}
	o.push(queued{pingFrame, control})
	return true
}

// Close ends the connection after what is queued. The first call counts.
func (o *outlet) Close(code int, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.code == 0 && !o.over {
		o.code, o.reason = code, reason
		o.start()
	}
}

// end forgets what is queued: the connection is gone.
func (o *outlet) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = true
	o.drop()
}

// count adds to what counts; o.mu is held.
func (o *outlet) count(n int) {
	o.bytes += n
	o.all.Add(int64(n))
}

func (o *outlet) drop() {
	o.count(-o.bytes)
	o.queue, o.shared, o.behind = nil, 0, 0
}

// lags tells whether the client has much to read before what would be sent now.
func (o *outlet) lags() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes+o.behind > maxLag || o.shared > 0
}

// push queues; o.mu is held.
func (o *outlet) push(q queued) {
	o.queue = append(o.queue, q)
	o.start()
}

// start has the crew write, if nobody does; o.mu is held.
func (o *outlet) start() {
	if !o.working {
		o.working = true
		o.crew.add(o)
	}
}

// mergeBytes is how much goes out with one write.
const mergeBytes = 32 << 10

// writeBuffer is what frames are put together in; there are as many as there are goroutines that write.
type writeBuffer struct {
	b       []byte
	attempt *attempt
}

var writeBuffers = sync.Pool{New: func() any {
	return &writeBuffer{b: make([]byte, 0, mergeBytes+10), attempt: newAttempt()}
}}

// take moves what is queued into b, until it holds mergeBytes. A frame that is too large for that is returned as it is,
// behind its head in b. Nothing at all is left when done is true; the outlet is not working any more then.
func (o *outlet) take(b []byte) (merged, large []byte, done bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := 0
	for ; i < len(o.queue) && large == nil; i++ {
		q := &o.queue[i]
		alone := len(q.frame) > mergeBytes/2
		if !alone && len(b)+len(q.frame) > mergeBytes-10 {
			break
		}
		if q.kind != control {
			b = appendHead(b, len(q.frame))
		}
		if alone {
			large = q.frame
		} else {
			b = append(b, q.frame...)
		}
		switch q.kind {
		case counted:
			o.count(-len(q.frame))
		case snapshot:
			o.shared--
		case follows:
			o.behind -= len(q.frame)
		}
		*q = queued{} // or the array would hold the frame
	}
	if o.queue = o.queue[i:]; len(o.queue) == 0 {
		o.queue = nil
	}
	if i == 0 {
		o.working = false
	} else if i > 1 {
		o.crew.pile()
	}
	return b, large, i == 0
}

// work writes some of what is queued without waiting, as a task of the crew.
func (o *outlet) work() {
	if o.line.raw == nil || !o.line.mu.TryLock() { // a pong may be on its way to a peer that reads nothing
		go o.wait()
		return
	}
	w := writeBuffers.Get().(*writeBuffer)
	defer writeBuffers.Put(w)
	merged, large, done := o.take(w.b)
	if done {
		o.line.mu.Unlock()
		o.finish()
		return
	}
	n, err := w.attempt.write(o.line, merged)
	if err == nil && (n < len(merged) || large != nil) {
		go o.rest(append([]byte(nil), merged[n:]...), large)
		return
	}
	o.line.mu.Unlock()
	o.written(err)
}

// wait is work on a goroutine of its own, which may wait.
func (o *outlet) wait() {
	o.line.mu.Lock()
	w := writeBuffers.Get().(*writeBuffer)
	merged, large, done := o.take(w.b)
	merged = append([]byte(nil), merged...)
	writeBuffers.Put(w)
	if done {
		o.line.mu.Unlock()
		o.finish()
		return
	}
	o.rest(merged, large)
}

// rest writes what the system did not take at once, and waits for it; o.line.mu is held.
func (o *outlet) rest(merged, large []byte) {
	err := o.line.writeAll(merged)
	if err == nil {
		err = o.line.writeAll(large)
	}
	o.line.mu.Unlock()
	o.written(err)
}

// written goes on after a write. If more is queued the outlet goes to the end of the crew's queue: others come first.
func (o *outlet) written(err error) {
	if err != nil {
		o.end()
		go o.fail()
		return
	}
	o.mu.Lock()
	more := len(o.queue) > 0 || o.code != 0 && !o.over
	o.working = more
	o.mu.Unlock()
	if more {
		o.crew.add(o)
	}
}

// finish says goodbye when that was asked for and nothing is queued any more.
func (o *outlet) finish() {
	o.mu.Lock()
	code, reason := o.code, o.reason
	bye := code != 0 && !o.over
	o.over = o.over || bye
	o.mu.Unlock()
	if bye {
		go o.close(code, shorten(reason))
	}
}

// shorten keeps a close reason within the 123 bytes that RFC 6455 allows.
func shorten(s string) string {
	if len(s) <= 123 {
		return s
	}
	return strings.ToValidUTF8(s[:120], "") + "…"
}

// delayed holds back what goes to an outlet, for tests of pages. Nothing else of it differs: what is due goes on in its
// order.
type delayed struct {
	to    *outlet
	delay time.Duration

	mu    sync.Mutex
	queue []late
}

// late is something that is to be done at its time.
type late struct {
	due time.Time
	do  func()
}

func (d *delayed) Send(frame []byte)             { d.later(func() { d.to.Send(frame) }) }
func (d *delayed) SendShared(frames [][]byte)    { d.later(func() { d.to.SendShared(frames) }) }
func (d *delayed) Close(code int, reason string) { d.later(func() { d.to.Close(code, reason) }) }

func (d *delayed) later(do func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.queue = append(d.queue, late{time.Now().Add(d.delay), do})
	if len(d.queue) == 1 {
		time.AfterFunc(d.delay, d.release)
	}
}

// release does what is due and comes back for the rest. One call is under way while the queue is not empty.
func (d *delayed) release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.queue) > 0 {
		if wait := time.Until(d.queue[0].due); wait > 0 {
			time.AfterFunc(wait, d.release)
			return
		}
		d.queue[0].do()
		d.queue = d.queue[1:]
	}
}
