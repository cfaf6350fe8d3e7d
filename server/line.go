package server

import (
	"bufio"
	"encoding/binary"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// line is the network connection below a WebSocket whose data frames this package writes itself: as many as wait go out
// with one write, and nothing is kept for a connection that has nothing to say. coder/websocket reads from it, and writes
// what it answers by itself (pong, close).
type line struct {
	net.Conn
	raw  syscall.RawConn // nil where a write cannot be tried without waiting
	head []byte          // what net/http had read already
	// mu is held while something is on its way, so that a pong never goes out within a frame.
	mu     sync.Mutex
	seen   atomic.Int64  // Unix milliseconds when the peer last sent something
	within time.Duration // for a piece of what is written to leave
}

// Sizes of a line's buffers. One that reads holds a frame of a few ops; coder/websocket writes control frames alone, of
// at most 127 bytes, through its own: each of them is one Write, which mu keeps whole.
const (
	lineReadBuffer  = 256
	lineWriteBuffer = 128
)

// unsentBytes is how much of what was written may wait in the system for a peer that does not take it; the system's own
// bound is 4 MB, for each of 10,000 connections.
const unsentBytes = 64 << 10

// newLine takes a connection over from net/http, with what it has read already. The buffers of net/http (8 KB) and all
// else that it holds for a request are let go when the handler returns.
func newLine(conn net.Conn, read *bufio.Reader) *line {
	l := &line{Conn: conn, within: writeWithin}
	l.seen.Store(time.Now().UnixMilli())
	if n := read.Buffered(); n > 0 {
		head, _ := read.Peek(n) // they are there
		l.head = append([]byte(nil), head...)
	}
	if c, ok := conn.(syscall.Conn); ok && canTry {
		if raw, err := c.SyscallConn(); err == nil {
			l.raw = raw
			limitUnsent(raw, unsentBytes)
		}
	}
	return l
}

// buffers are what coder/websocket reads and writes through.
func (l *line) buffers() *bufio.ReadWriter {
	return bufio.NewReadWriter(bufio.NewReaderSize(l, lineReadBuffer), bufio.NewWriterSize(l, lineWriteBuffer))
}

// Read implements net.Conn.
func (l *line) Read(p []byte) (n int, err error) {
	if len(l.head) > 0 {
		n = copy(p, l.head)
		if l.head = l.head[n:]; len(l.head) == 0 {
			l.head = nil
		}
		return n, nil
	}
	if n, err = l.Conn.Read(p); n > 0 {
		l.seen.Store(time.Now().UnixMilli())
	}
	return n, err
}

// Write implements net.Conn, for the frames that coder/websocket writes.
func (l *line) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.SetWriteDeadline(time.Now().Add(l.within)) // a connection that cannot have one fails in Write, too
	n, err := l.Conn.Write(p)
	_ = l.SetWriteDeadline(time.Time{})
	return n, err
}

// attempt is a write that does not wait. One is reused for many lines.
type attempt struct {
	p   []byte
	n   int
	err error
	f   func(fd uintptr) bool
}

func newAttempt() *attempt {
	a := &attempt{}
	a.f = func(fd uintptr) bool {
		a.n, a.err = tryWrite(fd, a.p)
		return true // whatever came of it: nobody waits here
	}
	return a
}

// write returns how much of p the system took at once; l.mu is held.
func (a *attempt) write(l *line, p []byte) (int, error) {
	a.p, a.n, a.err = p, 0, nil
	err := l.raw.Write(a.f)
	a.p = nil
	if err != nil {
		return 0, err
	}
	return a.n, a.err
}

// pieceBytes is what a slow peer has ten seconds (writeWithin) for: 1.6 KB a second at least.
const pieceBytes = 16 << 10

// writeAll writes p and waits for it, as long as the peer takes some of it now and then; l.mu is held.
func (l *line) writeAll(p []byte) error {
	for len(p) > 0 {
		n := min(len(p), pieceBytes)
		if err := l.SetWriteDeadline(time.Now().Add(l.within)); err != nil {
			return err
		}
		if _, err := l.Conn.Write(p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return l.SetWriteDeadline(time.Time{}) // one that has passed would fail the next attempt
}

// appendHead appends the head of a server's binary frame of n bytes: RFC 6455, section 5.2.
func appendHead(b []byte, n int) []byte {
	switch {
	case n < 126:
		return append(b, 0x82, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, 0x82, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(b, 0x82, 127), uint64(n))
}

// pingFrame is a ping without a payload; the pong is noticed by line.Read.
var pingFrame = []byte{0x89, 0}
