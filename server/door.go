package server

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"nigh/core/wire"
	"nigh/server/access"
	"nigh/server/catalog"
)

// door admits readers to the channel, by hello or by what their handshake carried. It implements catalog.Door.
type door struct {
	guard     *Guard
	handshake access.Caller
	admitted  atomic.Pointer[access.Caller] // by Enter; read by look's clock
}

// Enter implements catalog.Door.
func (d *door) Enter(ctx context.Context, h *wire.Hello) (catalog.Pass, error) {
	c, err := d.caller(ctx, h.Token)
	if err != nil {
		return catalog.Pass{}, err
	}
	if h.User != "" && !access.IsName(h.User) {
		return catalog.Pass{}, fmt.Errorf("%w: a reader's name does not begin with ~", catalog.ErrForbidden)
	}
	if err := d.guard.may(c, "sync"); err != nil {
		return catalog.Pass{}, forbidden(err)
	}
	reader := h.Reader()
	switch {
	case c.Reader != "" && reader != c.Reader:
		return catalog.Pass{}, fmt.Errorf("%w: the token is another reader's", catalog.ErrForbidden)
	case c.Anonymous() && !c.Trusted && h.User != "":
		return catalog.Pass{}, fmt.Errorf("%w: a reader with a name needs a token here", catalog.ErrForbidden)
	case c.Anonymous() && h.User == "" && !access.IsAnonymous(wire.Guest(h.Client)):
		return catalog.Pass{}, fmt.Errorf("%w: use a random client id of 16 bytes or more", catalog.ErrForbidden)
	}
	d.admitted.Store(&c)
	return catalog.Pass{Reader: reader, Until: c.Until}, nil
}

// Renew implements catalog.Door.
func (d *door) Renew(ctx context.Context, pass catalog.Pass, token string) (catalog.Pass, error) {
	c, err := d.guard.identify(ctx, token)
	switch {
	case err != nil:
		return catalog.Pass{}, forbidden(err)
	case token == "" || c.Reader == "":
		return pass, nil // a key, or a server that asks nobody: what admitted the client still does
	}
	return catalog.Pass{Reader: c.Reader, Until: c.Until}, nil
}

// caller returns who a hello is of: its token's reader, or who the handshake was of.
func (d *door) caller(ctx context.Context, token string) (access.Caller, error) {
	if token == "" {
		return d.handshake, nil
	}
	c, err := d.guard.identify(ctx, token)
	if err != nil {
		return c, forbidden(err)
	}
	if h := d.handshake; !h.Anonymous() && !h.Trusted && (h.Key != c.Key || h.Reader != c.Reader) {
		return c, fmt.Errorf("%w: hello and handshake have different tokens", catalog.ErrForbidden)
	}
	return c, nil
}

// forbidden says the errors of access in the catalog's words; others stay as they are.
func forbidden(err error) error {
	switch {
	case errors.Is(err, access.ErrExpired):
		return catalog.ErrTokenEnded
	case errors.Is(err, access.ErrBad), errors.Is(err, access.ErrNone), errors.Is(err, access.ErrScope), errors.Is(err, access.ErrReader):
		return fmt.Errorf("%w: %s", catalog.ErrForbidden, err.Error())
	}
	return err
}

// look has a session look at the clock, and ends it when the key that admitted it was revoked.
func (d *door) look(ctx context.Context, socket *Socket, session *catalog.Session, out catalog.Outlet) {
	if !d.guard.closed(ctx) {
		return
	}
	socket.While(func(now time.Time) bool {
		session.Tick(now)
		c := d.admitted.Load()
		if c == nil {
			return true
		}
		if c.Key == "" && c.Until.IsZero() {
			return false // an anonymous reader: there is nothing that ends
		}
		if !d.guard.holds(ctx, *c) {
			out.Close(wire.CloseForbidden, "the key was revoked")
			return false
		}
		return true
	})
}

// sweepEvery is how often the guard looks whose token ends and whose key was revoked: one timer for all connections,
// none for a server that has none to look after.
const sweepEvery = time.Second

// While looks after an open connection: check is called about once a second, with the time, until it says that there is
// nothing more to look after or the socket is released. It must not wait.
func (s *Socket) While(check func(now time.Time) (more bool)) {
	g := s.guard
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, open := g.sockets[s]; !open {
		return
	}
	s.check = check
	if g.sweeper == nil {
		g.sweeper = time.AfterFunc(sweepEvery, func() {
			if g.sweep(time.Now()) {
				g.sweeper.Reset(sweepEvery)
			}
		})
	} else if g.watched == 0 {
		g.sweeper.Reset(sweepEvery)
	}
	g.watched++
}

// sweep checks every connection that is looked after, and tells whether any are left.
func (g *Guard) sweep(now time.Time) (more bool) {
	type checked struct {
		s     *Socket
		check func(time.Time) bool
	}
	var all []checked
	g.mu.Lock()
	for s := range g.sockets {
		if s.check != nil {
			all = append(all, checked{s, s.check})
		}
	}
	g.mu.Unlock()
	var done []*Socket
	for _, c := range all {
		if !c.check(now) {
			done = append(done, c.s)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range done {
		s.unwatch()
	}
	return g.watched > 0
}

// unwatch ends While; the guard's mu is held.
func (s *Socket) unwatch() {
	if s.check != nil {
		s.check = nil
		s.guard.watched--
	}
}
