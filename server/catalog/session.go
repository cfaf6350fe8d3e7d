package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"nigh/core"
	"nigh/core/wire"
	"nigh/server/store"
)

// Outlet is where a session's frames go: a connection. No method may wait; all may be called from any goroutine, and the
// frames go out in the order of the calls.
type Outlet interface {
	// Send queues a frame. If the client does not read, the outlet closes when its bound in bytes is passed.
	Send(frame []byte)
	// SendShared queues frames that other sessions share; they do not count against the bound.
	SendShared(frames [][]byte)
	// Close ends the connection after what is queued, with a code of core/wire.
	Close(code int, reason string)
}

// Session is the server's end of one connection of the channel: frames in, frames out, no socket. core/replica is the
// other end.
//
// Frame and Refresh are for one goroutine each; the owner calls deliver. asking orders the first two: a list is ranked
// from the very profile that the client was told of before.
type Session struct {
	c     *Catalog
	out   Outlet
	entry entry

	asking sync.Mutex
	client string
	user   string
	lastOp uint64
	told   reader // as the client knows them
	asks   []*standing
	watch  *Watch
	took   struct{ ops, asks int } // since the last Taken

	planned int64 // when shelves were chosen last

	sending sync.Mutex
	subscription
	cards cards
	ended bool
}

// Bounds of a session.
const (
	maxAsks        = 32
	maxAskName     = 200
	maxClientBytes = 64
	maxHeld        = 4096 // deltas while a snapshot is being made
)

// NewSession returns a session that waits for hello.
func NewSession(c *Catalog, out Outlet) *Session { return &Session{c: c, out: out} }

// Close ends a session; nothing is sent any more.
func (s *Session) Close() {
	s.sending.Lock()
	s.ended, s.held = true, nil
	s.sending.Unlock()
	s.asking.Lock() // a hello under way may still subscribe
	defer s.asking.Unlock()
	s.c.unsubscribe(s)
	if s.watch != nil {
		s.watch.Close()
	}
}

// Watch returns what tells that Refresh has something to do; nil before hello was accepted.
func (s *Session) Watch() *Watch {
	s.asking.Lock()
	defer s.asking.Unlock()
	return s.watch
}

// Taken returns how many ops and questions Frame has taken since it was last asked: for limits on them.
func (s *Session) Taken() (ops, asks int) {
	s.asking.Lock()
	defer s.asking.Unlock()
	ops, asks = s.took.ops, s.took.asks
	s.took.ops, s.took.asks = 0, 0
	return ops, asks
}

// User returns the reader's name once hello was accepted.
func (s *Session) User() string {
	s.asking.Lock()
	defer s.asking.Unlock()
	return s.user
}

func (s *Session) send(m wire.Message) { s.sendFrame(wire.Encode(m)) }

func (s *Session) sendFrame(b []byte) {
	s.sending.Lock()
	defer s.sending.Unlock()
	if !s.ended {
		s.out.Send(b)
	}
}

// Frame takes one frame of the client. An error means that the session is over and was closed with a code.
func (s *Session) Frame(ctx context.Context, b []byte) error {
	m, err := wire.Decode(b)
	if errors.Is(err, wire.ErrType) {
		return nil // from a newer client
	}
	if err != nil {
		return s.fail(wire.CloseProtocol, err)
	}
	s.asking.Lock()
	defer s.asking.Unlock()
	if s.hasEnded() {
		return errEnded
	}
	if h, ok := m.(*wire.Hello); ok != (s.client == "") {
		return s.fail(wire.CloseProtocol, errors.New("hello comes first, and once"))
	} else if ok {
		return s.hello(ctx, h)
	}
	switch m := m.(type) {
	case *wire.Ops:
		return s.ops(ctx, m)
	case *wire.Ask:
		return s.ask(ctx, m)
	case *wire.Check:
		s.check(m)
		return nil
	case *wire.Renew:
		return s.renew(ctx, m)
	case *wire.Merge:
		return s.merge(ctx, m)
	case *wire.Drop:
		s.asks = slices.DeleteFunc(s.asks, func(a *standing) bool { return a.Name == m.Name })
		return nil
	}
	return s.fail(wire.CloseProtocol, errors.New("this message is the server's to send"))
}

var errEnded = errors.New("the session has ended")

func (s *Session) hasEnded() bool {
	s.sending.Lock()
	defer s.sending.Unlock()
	return s.ended
}

// fail closes the session with a reason that fits a close frame.
func (s *Session) fail(code int, err error) error {
	s.out.Close(code, err.Error())
	return err
}

// broken ends a session whose work could not be done. Whoever is at the other end is told nothing of the inside.
func (s *Session) broken(err error) error {
	reason := "the server could not do its work; connect again in a moment"
	switch {
	case errors.Is(err, store.ErrReadOnly): // logged where it was met
		reason = "the server cannot write to its disk; nothing is lost, it is sent again later"
	case errors.Is(err, ErrClosed):
		reason = "the server is stopping; connect again in a moment"
	case !errors.Is(err, context.Canceled):
		s.c.log.Error("a session could not go on", "error", err)
	}
	s.out.Close(wire.CloseGoingAway, reason)
	return err
}

func (s *Session) hello(ctx context.Context, h *wire.Hello) error {
	if h.Version != wire.Version {
		s.send(&wire.Reset{Code: wire.ResetVersion, Reason: fmt.Sprintf("the server speaks version %d; load the page again", wire.Version)})
		return s.fail(wire.CloseVersion, fmt.Errorf("version %d is not spoken here", h.Version))
	}
	user, err := s.enter(ctx, h)
	if err != nil {
		return err
	}
	watch := s.c.Watch(user) // before the last op is read: an erasure after that shows
	// Until there is a question, and if the client holds all: thousands of silent readers cost a change nothing.
	watch.deaf.Store(h.Budget == 0)
	last, err := s.c.LastOp(ctx, h.Client, user)
	if err != nil {
		watch.Close()
		if errors.Is(err, ErrOtherReader) {
			return s.fail(wire.CloseForbidden, err)
		}
		return s.broken(err)
	}
	s.client, s.user, s.lastOp, s.watch = h.Client, user, last, watch

	// The position is captured before the state is read; what is committed meanwhile waits in held.
	s.sending.Lock()
	s.catching, s.inflates = true, h.Inflates
	s.sending.Unlock()
	l := s.c.subscribe(s)
	s.send(&wire.Welcome{
		Version: wire.Version, LastOp: last, NowMillis: s.c.now().UnixMilli(), Epoch: s.c.epoch, Seq: l.seq,
		Policy: *s.c.policy, Items: uint64(s.c.Len()), MaxFrame: wire.MaxClientFrame,
	})
	if err := s.state(ctx, h, l); err != nil {
		return s.broken(err)
	}
	s.planned = s.c.now().UnixMilli()
	return s.tellProfile(ctx)
}

// check takes what a client says of lists that it compared with its own.
func (s *Session) check(m *wire.Check) {
	s.c.agreed.Add(m.Agreed)
	if s.c.differed.Add(m.Differ); m.Differ > 0 {
		s.c.log.Warn("a client ranks otherwise than the server for the same state", "client", s.client, "lists", m.Differ)
	}
}

// tellProfile sends what is known of the reader.
func (s *Session) tellProfile(ctx context.Context) error {
	r, err := s.c.reader(ctx, s.user)
	if err != nil {
		return s.broken(err)
	}
	s.sendProfile(r)
	return nil
}

func (s *Session) sendProfile(r reader) {
	s.told = r
	s.giveHistory(r)
	s.send(&wire.Profile{Op: s.lastOp, History: r.history, Preferences: r.preferences})
}

func (s *Session) ops(ctx context.Context, m *wire.Ops) error {
	if len(m.Ops) > wire.MaxOps {
		return s.fail(wire.CloseProtocol, fmt.Errorf("%d ops in a frame; send at most %d", len(m.Ops), wire.MaxOps))
	}
	s.took.ops += len(m.Ops)
	res, err := s.c.applyOps(ctx, &opsRequest{client: s.client, user: s.user, first: m.First, ops: m.Ops, watch: s.watch})
	switch {
	case errors.Is(err, ErrGap), errors.Is(err, ErrErased):
		s.send(&wire.Reset{Code: wire.ResetUnknownClient, Reason: err.Error()})
		return nil
	case errors.Is(err, ErrOtherReader):
		return s.fail(wire.CloseForbidden, err)
	case err != nil:
		// Not on disk: no acknowledgement. The client keeps its ops and sends them again when it is back.
		return s.broken(err)
	}
	s.lastOp = res.Last
	s.send(&wire.Ack{Op: res.Last, Refused: res.Refused})
	if s.told.same(res.before) && !res.Adjusted && !s.moved(res.items) && !s.lacks(res.items) {
		s.told = res.after // the client applies the same to the same
	} else if err := s.tellProfile(ctx); err != nil {
		return err
	}
	if !slices.ContainsFunc(m.Ops, func(op wire.Op) bool { return !op.Event || !s.c.policy.Idle(op.Kind) }) {
		return nil // replica knows that its lists are those of before
	}
	return s.answerAll(ctx, true)
}

// moved tells whether an item of acknowledged ops is not what it was when they were applied: the client, which may have
// been told of that before the acknowledgement, would then understand them otherwise. Asked after the acknowledgement
// was sent: what changes from now on reaches the client behind it.
func (s *Session) moved(items map[core.ItemID]core.ItemNum) (moved bool) {
	s.c.sides.read(func(x *core.Index, _ Version) {
		for id, n := range items {
			if now, ok := x.NumOf(id); !ok || now != n {
				moved = true
			}
		}
	})
	return moved
}
