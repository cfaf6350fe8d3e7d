package catalog

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"nigh/core/wire"
)

// Door says who a client may be. Without one (NewSession alone) everybody is who they say.
type Door interface {
	// Enter decides on a hello. An error ends the session: ErrTokenEnded with wire.CloseExpired, another one that wraps
	// ErrForbidden with wire.CloseForbidden, any other with wire.CloseGoingAway, because it could not be decided.
	Enter(ctx context.Context, h *wire.Hello) (Pass, error)
	// Renew decides on a fresh token of the reader whom pass admitted; its errors are those of Enter.
	Renew(ctx context.Context, pass Pass, token string) (Pass, error)
}

// Pass is what a Door admits.
type Pass struct {
	Reader string    // whose profile and lists these are
	Until  time.Time // when the token ends; zero: it does not
}

// Errors of a Door.
var (
	// ErrForbidden: the client may not be who it says.
	ErrForbidden = errors.New("not allowed")
	// ErrTokenEnded: the token held, until it ended.
	ErrTokenEnded = errors.New("the reader's token has ended; connect again with a fresh one")
)

// renewLead is how long before its token ends a client is told, at most; of a token with less left it is told at once.
const renewLead = time.Minute

// entry is how a session was let in. Tick reads it beside Frame.
type entry struct {
	door  Door
	pass  atomic.Pointer[Pass]
	asked atomic.Pointer[Pass] // the pass whose end the client was told
}

// Through lets the session's client in by a door. It is for before the first Frame.
func (s *Session) Through(d Door) *Session {
	s.entry.door = d
	return s
}

// enter returns who a hello is of, or ends the session.
func (s *Session) enter(ctx context.Context, h *wire.Hello) (user string, err error) {
	if err := checkName("hello.client", h.Client, maxClientBytes); err != nil {
		return "", s.fail(wire.CloseForbidden, err)
	}
	pass := Pass{Reader: h.Reader()}
	if s.entry.door != nil {
		if pass, err = s.entry.door.Enter(ctx, h); err != nil {
			return "", s.refuse(err)
		}
	}
	if err := checkName("hello.user", pass.Reader, MaxUserBytes); err != nil {
		return "", s.fail(wire.CloseForbidden, err)
	}
	s.entry.pass.Store(&pass)
	return pass.Reader, nil
}

// refuse ends the session with the code of a Door's error.
func (s *Session) refuse(err error) error {
	switch {
	case errors.Is(err, ErrTokenEnded):
		return s.fail(wire.CloseExpired, ErrTokenEnded)
	case errors.Is(err, ErrForbidden):
		return s.fail(wire.CloseForbidden, err)
	}
	return s.fail(wire.CloseGoingAway, errors.New("who this is could not be checked; connect again in a moment"))
}

// renew takes a fresh token.
func (s *Session) renew(ctx context.Context, m *wire.Renew) error {
	pass := s.entry.pass.Load()
	if s.entry.door == nil {
		return nil // where nobody is asked for a token, none ends
	}
	fresh, err := s.entry.door.Renew(ctx, *pass, m.Token)
	if err == nil && fresh.Reader != pass.Reader {
		err = fmt.Errorf("%w: the fresh token is another reader's", ErrForbidden)
	}
	if err != nil {
		return s.refuse(err)
	}
	s.entry.pass.Store(&fresh)
	return nil
}

// Tick is for whoever has a clock: it asks the client for a fresh token when its own is about to end, and ends the
// session when it has. It returns when that will be; the zero time before hello, and where no token ends. It waits for
// nothing and may be called from any goroutine.
func (s *Session) Tick(now time.Time) (until time.Time) {
	pass := s.entry.pass.Load()
	if pass == nil || pass.Until.IsZero() {
		return time.Time{}
	}
	switch left := pass.Until.Sub(now); {
	case left <= 0:
		s.out.Close(wire.CloseExpired, ErrTokenEnded.Error())
	case left <= renewLead && s.entry.asked.Swap(pass) != pass:
		s.send(&wire.Expiry{AtMillis: pass.Until.UnixMilli()})
	}
	return pass.Until
}

// merge gives the session's reader what they did before they signed in.
func (s *Session) merge(ctx context.Context, m *wire.Merge) error {
	if len(m.Ops) > wire.MaxOps || m.Client == s.client {
		return s.fail(wire.CloseProtocol, errors.New("a merge names another client, with at most 100 ops"))
	}
	done := &wire.Merged{Client: m.Client, Op: m.First + uint64(len(m.Ops)) - 1}
	if m.First == 0 {
		done.Op = 0
	}
	last, theirs, err := s.c.mergeGuest(ctx, m.Client, s.user, s.watch)
	if err == nil && theirs && len(m.Ops) > 0 {
		// Where the reader was erased in between, the numbers begin again; see EraseUser.
		// What is refused, nobody asks for any more.
		first := min(max(m.First, 1), last+1)
		_, err = s.c.applyOps(ctx, &opsRequest{client: m.Client, user: s.user, first: first, ops: m.Ops, watch: s.watch})
		if errors.Is(err, ErrOtherReader) {
			err = nil // it was erased and is somebody else's since: nothing of it is this reader's
		}
	}
	var in *InputError
	switch {
	case errors.As(err, &in):
		s.send(&wire.Error{Reason: in.Field + " " + in.Reason, Hint: in.Hint}) // and merged: saying it again helps nobody
	case errors.Is(err, ErrErased):
		s.send(&wire.Reset{Code: wire.ResetUnknownClient, Reason: err.Error()})
		return nil
	case err != nil:
		return s.broken(err)
	}
	s.send(done)
	return s.answerAll(ctx, false) // which tells the profile first, if it is another one now
}
