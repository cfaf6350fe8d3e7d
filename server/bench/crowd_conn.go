package bench

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"

	"nigh/core/wire"
	"nigh/server/deflate"
)

// crowdConn is a client that costs little: a socket, a buffer, and a goroutine that reads.
type crowdConn struct {
	*socket
	sync bool // of the channel
}

// crowdBuffer is as much as a client reads at once.
const crowdBuffer = 16 << 10

// dialCrowd connects the i-th client of an order, as far as its hello.
func dialCrowd(ctx context.Context, o crowdOrder, i int) (*crowdConn, error) {
	s, err := dialSocket(ctx, o.Addr, crowdBuffer)
	if err != nil {
		return nil, err
	}
	switch err = s.watch(); {
	case err != nil, o.Kind == crowdTCP:
	case o.Kind == crowdBare:
		err = s.upgrade(o.Addr, "/", "")
	default:
		if err = s.upgrade(o.Addr, "/v1/sync", wire.Subprotocol); err == nil {
			err = s.send(wire.Encode(&wire.Hello{Version: wire.Version, Client: fmt.Sprint(o.Kind, "-", i), Inflates: true}))
		}
	}
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return &crowdConn{s, o.Kind == crowdSync || o.Kind == crowdOps}, nil
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
	if err := c.settle(r); err != nil {
		return err
	}
	ready()
	for {
		what, err := c.hear(r)
		if err != nil {
			return err
		}
		if what.delta {
			r.got(what.to, c.arrived())
		}
	}
}

// settle reads what a hello is answered with, as far as the reader's profile: the last frame before silence.
func (c *crowdConn) settle(r *rounds) error {
	for {
		if what, err := c.hear(r); err != nil || what.profile {
			return err
		}
	}
}

// hear reads one frame.
func (c *crowdConn) hear(r *rounds) (*decoded, error) {
	frame, err := c.next()
	if err != nil {
		return nil, err
	}
	r.bytes.Add(int64(len(frame)))
	return r.decode(frame)
}

func (c *crowdConn) listenTCP(r *rounds, size int) error {
	for round := uint64(1); ; round++ {
		if _, err := c.in.Discard(size); err != nil {
			return err
		}
		r.bytes.Add(int64(size))
		r.got(round, c.arrived())
	}
}

// decoded is what a frame was, for those who get the same one.
type decoded struct {
	sum            uint64
	to             uint64
	delta, profile bool
	ack            *wire.Ack // nil for none
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
	case *wire.Ack:
		d.ack = m
	case *wire.Reset, *wire.Error:
		return nil, errors.New("the server refuses")
	}
	slot.Store(d)
	return d, nil
}
