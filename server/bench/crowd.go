package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// A crowd is thousands of clients in a process of their own. The bench orders, the crowd tells; both in lines of JSON over
// its standard input and output. The clients read no more than they must: frames that all of them get are decoded once.
//
//	bench                                       crowd
//	{"do":"connect","kind":"sync","n":1000} ──►
//	                                        ◄── {"ready":1000}
//	      an edit, or a write to each socket
//	                                        ◄── {"kind":"sync","round":7,"first":…,"last":…}   all of them have it
//	{"do":"close"}                          ──►

// crowdKind is what the clients of a crowd are.
type crowdKind string

const (
	crowdSync crowdKind = "sync" // of the channel; a round is a position of the catalog
	crowdTCP  crowdKind = "tcp"  // plain TCP; a round is so many bytes
	crowdBare crowdKind = "bare" // a WebSocket at / that says nothing
	crowdReal crowdKind = "real" // package client, which has a copy of the catalog: see storm.go
	crowdOps  crowdKind = "ops"  // of the channel, sending ops: see ops.go
)

// crowdOrder is what a bench wants of a crowd.
type crowdOrder struct {
	Do    string    `json:"do"` // connect, cut, send or close
	Kind  crowdKind `json:"kind,omitempty"`
	Addr  string    `json:"addr,omitempty"`
	N     int       `json:"n,omitempty"`     // clients
	Bytes int       `json:"bytes,omitempty"` // of a round over plain TCP
	Ops   opsLoad   `json:"ops,omitzero"`
}

// crowdNews is what a crowd tells.
type crowdNews struct {
	Kind  crowdKind   `json:"kind,omitempty"`
	Ready int         `json:"ready,omitempty"` // connected, and at the server's position
	Round uint64      `json:"round,omitempty"` // every client has this round and all before
	Wire  int64       `json:"wire,omitempty"`  // when its first byte came out of the wire, Unix nanoseconds
	First int64       `json:"first,omitempty"` // when the first client had read it
	Last  int64       `json:"last,omitempty"`  // when the last had
	Bytes int64       `json:"bytes,omitempty"` // that all clients got so far
	Storm stormNews   `json:"storm,omitzero"`
	Ops   *opsFigures `json:"ops,omitempty"`
	Error string      `json:"error,omitempty"`
}

// RunCrowd is the process of a crowd: it obeys in until it is closed.
func RunCrowd(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &crowd{ctx: ctx, tell: teller(out)}
	defer c.wg.Wait()
	defer cancel()
	orders := json.NewDecoder(bufio.NewReader(in))
	for {
		var o crowdOrder
		if err := orders.Decode(&o); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) {
				return nil
			}
			return fmt.Errorf("read an order: %w", err)
		}
		var err error
		switch {
		case o.Do == "connect" && o.Kind == crowdReal:
			err = c.connectReal(o)
		case o.Do == "connect" && o.Kind == crowdOps:
			err = c.sendOps(o)
		case o.Do == "connect":
			err = c.connect(o)
		case o.Do == "cut":
			c.cutReal()
		case o.Do == "close":
			return nil
		default:
			err = fmt.Errorf("the order %q is not known", o.Do)
		}
		if err != nil {
			c.tell(crowdNews{Error: err.Error()})
			return err
		}
	}
}

// teller returns a function that writes news, a line each, from any goroutine.
func teller(out io.Writer) func(crowdNews) {
	var mu sync.Mutex
	lines := json.NewEncoder(out)
	return func(n crowdNews) {
		mu.Lock()
		defer mu.Unlock()
		_ = lines.Encode(n) // a bench that is gone closes standard input too
	}
}

// crowd is the state of the process.
type crowd struct {
	ctx  context.Context
	tell func(crowdNews)
	wg   sync.WaitGroup
	real *storm
}

// connect makes n clients and tells when all are ready.
func (c *crowd) connect(o crowdOrder) error {
	r := &rounds{kind: o.Kind, clients: int32(o.N), tell: c.tell}
	conns := make([]*crowdConn, o.N)
	err := each(o.N, 64, func(i int) (err error) {
		conns[i], err = dialCrowd(c.ctx, o, i)
		return err
	})
	if err != nil {
		return fmt.Errorf("connect %d clients: %w", o.N, err)
	}
	var ready atomic.Int32
	for _, conn := range conns {
		c.wg.Go(func() {
			stop := context.AfterFunc(c.ctx, func() { _ = conn.Close() })
			defer stop()
			defer conn.Close()
			err := conn.listen(r, o.Bytes, func() {
				if ready.Add(1) == int32(o.N) {
					c.tell(crowdNews{Kind: o.Kind, Ready: o.N, Bytes: r.bytes.Load()})
				}
			})
			if c.ctx.Err() == nil {
				c.tell(crowdNews{Kind: o.Kind, Error: fmt.Sprintf("a client was cut off: %v", err)})
			}
		})
	}
	return nil
}

// each calls f for 0 to n-1, some at a time, and returns the first error.
func each(n, atOnce int, f func(i int) error) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, min(n, atOnce))
	for w := range errs {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n) && errs[w] == nil; i = next.Add(1) - 1 {
				errs[w] = f(int(i))
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// rounds counts who has which round.
type rounds struct {
	kind    crowdKind
	clients int32
	tell    func(crowdNews)
	bytes   atomic.Int64
	slots   [4096]roundSlot // more than are ever under way
	seen    [256]atomic.Pointer[decoded]
}

type roundSlot struct {
	count       atomic.Int32
	wire, first atomic.Int64
}

// got notes that one more client has a round, which came in at a time.
func (r *rounds) got(round uint64, came int64) {
	now := time.Now().UnixNano()
	s := &r.slots[round%uint64(len(r.slots))]
	s.first.CompareAndSwap(0, now)
	for wire := s.wire.Load(); wire == 0 || came < wire; wire = s.wire.Load() {
		if s.wire.CompareAndSwap(wire, came) {
			break
		}
	}
	if s.count.Add(1) == r.clients {
		wire, first := s.wire.Swap(0), s.first.Swap(0)
		s.count.Store(0)
		r.tell(crowdNews{Kind: r.kind, Round: round, Wire: wire, First: first, Last: now, Bytes: r.bytes.Load()})
	}
}
