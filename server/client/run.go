package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"nigh/core/replica"
	"nigh/core/wire"
	"nigh/server/deflate"
)

// run is what only the goroutine of Run touches.
type run struct {
	*Client
	ctx     context.Context
	machine *replica.Machine
	wake    *time.Timer
	token   string          // as renewed last; "" for a private client
	conn    *connection     // that the machine knows of; nil for none
	came    chan arrival    // from connections
	again   []replica.Input // that effects gave rise to
	refused *RefusedError
	wg      sync.WaitGroup
}

// arrival is what a connection has to tell.
type arrival struct {
	from   *connection
	in     replica.Input
	reason string
}

// Run connects, and stays connected until ctx is done; then it returns nil. It returns a *RefusedError when the server
// wants no more of this client, and the Store's error if what it holds cannot be read.
func (c *Client) Run(ctx context.Context) (err error) {
	c.mu.Lock()
	if c.running {
		c.mu.Unlock()
		return ErrRunning
	}
	c.running = true
	c.mu.Unlock()
	defer func() { c.end(err) }()
	connections, cancel := context.WithCancel(context.WithoutCancel(ctx)) // they outlive ctx for a goodbye
	r := &run{Client: c, ctx: connections, wake: time.NewTimer(time.Hour), came: make(chan arrival)}
	defer r.wg.Wait()
	defer cancel()
	defer r.wake.Stop()
	var stored []replica.Entry
	if c.opt.Store != nil {
		if stored, err = c.opt.Store.Load(); err != nil {
			return fmt.Errorf("read what was stored: %w", err)
		}
	}
	r.machine = replica.New(replica.Config{
		Client: c.opt.Client, User: c.opt.User, Token: c.opt.Token, Seed: seed(), Stores: c.opt.Store != nil,
		Inflates: true, Budget: c.opt.Budget, Private: c.opt.Private,
	})
	if !c.opt.Private {
		r.token = c.opt.Token
	}
	if len(stored) > 0 {
		r.step(replica.Restore{Entries: stored})
	}
	r.step(replica.Start{})
	for {
		select {
		case <-c.news:
			c.mu.Lock()
			queue := c.queue
			c.queue = nil
			c.mu.Unlock()
			for _, in := range queue {
				r.step(in)
			}
		case a := <-r.came:
			if a.from != r.conn {
				continue // of a connection that was given up
			}
			r.arrived(a)
		case <-r.wake.C:
			r.step(replica.Tick{})
		case <-ctx.Done():
			if r.conn != nil {
				late := time.AfterFunc(goodbyeWithin, cancel)
				defer late.Stop()
				<-r.conn.close(int(websocket.StatusNormalClosure), "")
			}
			return nil
		}
		if r.refused != nil {
			return r.refused
		}
	}
}

// arrived tells the machine what came over its connection.
func (r *run) arrived(a arrival) {
	switch in := a.in.(type) {
	case replica.Frame:
		if r.opt.OnFrame != nil {
			r.opt.OnFrame(in.Bytes)
		}
	case replica.Closed:
		r.conn = nil
		if !wire.Reconnects(in.Code) {
			r.refused = &RefusedError{in.Code, a.reason}
		} else if a.reason != "" {
			r.fault(fmt.Errorf("the connection ended: %s", a.reason))
		}
	}
	r.step(a.in)
}

// step has the machine think and does what it wants.
func (r *run) step(in replica.Input) {
	if t, ok := in.(replica.Token); ok && !r.opt.Private {
		r.token = t.Token // of the handshakes to come
	}
	r.effects(r.machine.Step(in, nowMillis()))
	for len(r.again) > 0 {
		in, r.again = r.again[0], r.again[1:]
		r.effects(r.machine.Step(in, nowMillis()))
	}
}

func (r *run) effects(effects []replica.Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case replica.Connect:
			r.connect()
		case replica.Send:
			if r.conn != nil {
				r.conn.send(e.Bytes)
			}
		case replica.Close:
			if r.conn != nil {
				r.conn.close(e.Code, e.Reason)
				r.conn = nil
			}
			if !wire.Reconnects(e.Code) {
				r.refused = &RefusedError{e.Code, e.Reason}
			}
		case replica.Wake:
			r.wake.Stop()
			if e.AtMillis != 0 {
				r.wake.Reset(time.Until(time.UnixMilli(e.AtMillis)))
			}
		case replica.Store: // done before what follows, which may tell of it
			if err := r.opt.Store.Apply(e); err != nil {
				r.again = append(r.again, replica.StoreLost{})
				r.fault(fmt.Errorf("the store was lost; what is recorded from now on does not outlive this process: %w", err))
			}
		case replica.Recorded:
			r.recorded(e)
		case replica.List:
			r.note(func() { r.lists[e.Question] = e })
			if r.opt.OnList != nil {
				r.opt.OnList(e)
			}
		case replica.Status:
			r.note(func() { r.status = e })
			if r.opt.OnStatus != nil {
				r.opt.OnStatus(e)
			}
		case replica.NeedToken:
			if r.opt.OnToken != nil {
				r.opt.OnToken()
			}
		case replica.ProfileChanged:
			if r.opt.OnProfile != nil {
				r.opt.OnProfile(e)
			}
		}
	}
}

// connection is one connection, from the dialling on.
type connection struct {
	run    *run
	token  string
	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex
	conn    *websocket.Conn // nil while it is dialled
	queue   [][]byte
	writing bool
}

// writeWithin is how long a frame may take to leave.
const writeWithin = 10 * time.Second

func (r *run) connect() {
	if r.conn != nil {
		r.conn.cancel()
	}
	c := &connection{run: r, token: r.token}
	c.ctx, c.cancel = context.WithCancel(r.ctx)
	r.conn = c
	r.wg.Go(c.live)
}

// live dials and reads until the connection ends.
func (c *connection) live() {
	defer c.cancel()
	header := http.Header{}
	if c.token != "" {
		header.Set("Authorization", "Bearer "+c.token)
	}
	conn, _, err := websocket.Dial(c.ctx, c.run.url, &websocket.DialOptions{
		HTTPClient: c.run.opt.HTTPClient, HTTPHeader: header, Subprotocols: []string{wire.Subprotocol},
	})
	if err != nil {
		c.tell(replica.Closed{Code: int(websocket.StatusAbnormalClosure)}, err.Error())
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(wire.MaxServerFrame)
	c.mu.Lock()
	c.conn = conn
	c.mu.Unlock()
	c.tell(replica.Opened{}, "")
	for {
		_, frame, err := conn.Read(c.ctx)
		if err != nil {
			code, reason := int(websocket.StatusAbnormalClosure), err.Error()
			if closed, ok := errors.AsType[websocket.CloseError](err); ok {
				code, reason = int(closed.Code), closed.Reason
			}
			c.tell(replica.Closed{Code: code}, reason)
			return
		}
		plain, err := deflate.Inflate(frame)
		if err != nil {
			c.tell(replica.Closed{Code: wire.CloseProtocol}, err.Error())
			return
		}
		c.tell(replica.Frame{Bytes: plain, Size: len(frame)}, "")
	}
}

func (c *connection) tell(in replica.Input, reason string) {
	select {
	case c.run.came <- arrival{c, in, reason}:
	case <-c.ctx.Done():
	}
}

// send queues a frame; a goroutine writes while there is something to write.
func (c *connection) send(frame []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = append(c.queue, frame)
	if !c.writing {
		c.writing = true
		c.run.wg.Go(c.write)
	}
}

func (c *connection) write() {
	for {
		c.mu.Lock()
		if len(c.queue) == 0 {
			c.queue, c.writing = nil, false
			c.mu.Unlock()
			return
		}
		frame, conn := c.queue[0], c.conn
		c.queue = c.queue[1:]
		c.mu.Unlock()
		ctx, cancel := context.WithTimeout(c.ctx, writeWithin)
		err := conn.Write(ctx, websocket.MessageBinary, frame)
		cancel()
		if err != nil {
			return // writing stays: a failed write is followed by a failed read, which tells
		}
	}
}

// goodbyeWithin is how long Run waits, at its end, for the server's goodbye.
const goodbyeWithin = time.Second

// close says goodbye and lets the connection go; nothing more is told of it. What it returns is closed when it is gone.
func (c *connection) close(code int, reason string) <-chan struct{} {
	gone := make(chan struct{})
	c.mu.Lock()
	conn := c.conn
	c.mu.Unlock()
	if conn == nil {
		c.cancel()
		close(gone)
		return gone
	}
	c.run.wg.Go(func() {
		defer close(gone)
		defer c.cancel()
		cut := context.AfterFunc(c.ctx, func() { _ = conn.CloseNow() })
		defer cut()
		_ = conn.Close(websocket.StatusCode(code), reason) // it waits for the other side's goodbye, five seconds at most
	})
	return gone
}
