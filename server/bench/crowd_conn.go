package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net"
	"time"

	"nigh/core/wire"
	"nigh/server/deflate"
)

// crowdConn is a client that costs little: a socket, a buffer, and a goroutine that reads.
type crowdConn struct {
	net.Conn
	in   *bufio.Reader
	sync bool
}

// crowdBuffer is as much as a client reads at once.
const crowdBuffer = 16 << 10

// dialCrowd connects the i-th client of an order, as far as its hello.
func dialCrowd(ctx context.Context, o crowdOrder, i int) (*crowdConn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", o.Addr)
	if err != nil {
		return nil, err
	}
	c := &crowdConn{Conn: conn, in: bufio.NewReaderSize(conn, crowdBuffer), sync: o.Kind == crowdSync || o.Kind == crowdOps}
	switch o.Kind {
	case crowdTCP:
	case crowdBare:
		err = c.upgrade(o.Addr, "/", "")
	default:
		if err = c.upgrade(o.Addr, "/v1/sync", wire.Subprotocol); err == nil {
			err = c.send(wire.Encode(&wire.Hello{Version: wire.Version, Client: fmt.Sprint(o.Kind, "-", i), Inflates: true}))
		}
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return c, nil
}

// upgrade asks for a WebSocket.
func (c *crowdConn) upgrade(host, path, protocol string) error {
	if protocol != "" {
		protocol = "Sec-WebSocket-Protocol: " + protocol + "\r\n"
	}
	_, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: bmlnaCBiZW5jaCBjcm93ZA==\r\n%s\r\n", path, host, protocol)
	if err != nil {
		return err
	}
	status, err := c.in.ReadString('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix([]byte(status), []byte("HTTP/1.1 101 ")) {
		return fmt.Errorf("the server answers %s", bytes.TrimSpace([]byte(status)))
	}
	for line := status; line != "\r\n"; {
		if line, err = c.in.ReadString('\n'); err != nil {
			return err
		}
	}
	return nil
}

// send writes one binary frame, masked with zeros as RFC 6455 lets a client choose.
func (c *crowdConn) send(frame []byte) error { return c.sendFrame(0x82, frame) }

func (c *crowdConn) sendFrame(code byte, frame []byte) error {
	b := []byte{code}
	if n := len(frame); n < 126 {
		b = append(b, 0x80|byte(n))
	} else {
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n)) // clients' frames have at most 64 KiB
	}
	_, err := c.Write(append(append(b, 0, 0, 0, 0), frame...))
	return err
}

// next returns the next binary frame, which counts until the one after; pings are answered.
func (c *crowdConn) next() ([]byte, error) {
	for {
		head, err := c.in.Peek(2)
		if err != nil {
			return nil, err
		}
		code, n := head[0], int(head[1])
		size := 2
		switch n {
		case 126:
			size = 4
		case 127:
			size = 10
		}
		if head, err = c.in.Peek(size); err != nil {
			return nil, err
		}
		switch size {
		case 4:
			n = int(binary.BigEndian.Uint16(head[2:]))
		case 10:
			n = int(binary.BigEndian.Uint64(head[2:]))
		}
		_, _ = c.in.Discard(size) // which are there
		var frame []byte
		if n <= crowdBuffer {
			if frame, err = c.in.Peek(n); err != nil {
				return nil, err
			}
			_, _ = c.in.Discard(n)
		} else {
			frame = make([]byte, n)
			if _, err = io.ReadFull(c.in, frame); err != nil {
				return nil, err
			}
		}
		switch code {
		case 0x82:
			return frame, nil
		case 0x89:
			if err := c.sendFrame(0x8a, frame); err != nil {
				return nil, err
			}
		case 0x88:
			return nil, fmt.Errorf("the server closed with %d: %s", binary.BigEndian.Uint16(append(frame, 0, 0)), frame[min(2, n):])
		default:
			return nil, fmt.Errorf("a frame of kind %x", code)
		}
	}
}

// listen reads until the connection ends; ready is called once.
func (c *crowdConn) listen(r *rounds, size int, ready func()) error {
	switch {
	case !c.sync && size == 0: // a WebSocket that says nothing
		ready()
		_, err := c.next()
		return err
	case !c.sync:
		ready()
		return c.listenTCP(r, size)
	}
	known := false
	for {
		frame, err := c.next()
		if err != nil {
			return err
		}
		r.bytes.Add(int64(len(frame)))
		what, err := r.decode(frame)
		switch {
		case err != nil:
			return err
		case what.delta && known:
			r.got(what.to, time.Now().UnixNano())
		case what.profile && !known: // the last frame before silence
			known = true
			ready()
		}
	}
}

func (c *crowdConn) listenTCP(r *rounds, size int) error {
	for round := uint64(1); ; round++ {
		if _, err := c.in.Discard(size); err != nil {
			return err
		}
		r.bytes.Add(int64(size))
		r.got(round, time.Now().UnixNano())
	}
}

// decoded is what a frame was, for those who get the same one.
type decoded struct {
	sum            uint64
	to             uint64
	delta, profile bool
}

var decodeSeed = maphash.MakeSeed()

func (r *rounds) decode(frame []byte) (*decoded, error) {
	sum := maphash.Bytes(decodeSeed, frame)
	slot := &r.seen[sum%uint64(len(r.seen))]
	if d := slot.Load(); d != nil && d.sum == sum {
		return d, nil
	}
	plain, err := deflate.Inflate(frame)
	if err != nil {
		return nil, err
	}
	m, err := wire.Decode(plain)
	if err != nil {
		return nil, err
	}
	d := &decoded{sum: sum}
	switch m := m.(type) {
	case *wire.Delta:
		d.delta, d.to = !m.Part, m.To // what has more parts counts with its last
	case *wire.Profile:
		d.profile = true
	case *wire.Reset, *wire.Error:
		return nil, errors.New("the server refuses")
	}
	slot.Store(d)
	return d, nil
}
