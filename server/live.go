package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"nigh/core/wire"
	"nigh/server/pause"
)

// Times of the JSON page.
const (
	liveSpacing  = 100 * time.Millisecond // between two lists that a change caused
	livePing     = 30 * time.Second       // between two pings
	livePatience = 60 * time.Second       // for the first message
	liveWrite    = 10 * time.Second       // for a message to leave, for a pong to come
)

// liveProtocol is the subprotocol that a page names beside its token: a browser breaks a connection off whose server
// chose none of those it named. Without a token no subprotocol is needed.
const liveProtocol = "nigh.json"

// liveAnswer is a message of the server: a list, or what was wrong with the client's last message.
type liveAnswer struct {
	*Recommendations
	Error string `json:"error,omitempty"`
	Hint  string `json:"hint,omitempty"`
}

// liveHandler is the handler of /ws/recommendations/: a question in, a list out, and again whenever the list changes.
//
//	reader:  frames ─► in (unbuffered: a client that sends faster than it is answered waits)
//	session: in, watch, timer, ping, closing ─► question, list, frames out
type liveHandler struct {
	catalog Catalog
	guard   *Guard
	delay   time.Duration
}

// ServeHTTP runs one connection until it ends.
func (l *liveHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	socket, err := l.guard.Accept(w, r, AcceptOptions{Operation: "live", Subprotocols: []string{liveProtocol}, ReadLimit: -1}) // read has a limit of its own
	if err != nil {
		return
	}
	// The request's context ends with this handler, but not reliably with a connection that was taken over.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	over := make(chan struct{})
	if c := socket.Caller; c.Key != "" || !c.Until.IsZero() {
		var once sync.Once
		socket.While(func(now time.Time) bool {
			if (c.Until.IsZero() || now.Before(c.Until)) && l.guard.holds(ctx, c) {
				return true
			}
			once.Do(func() { close(over) })
			return false
		})
	}
	s := &liveSession{liveHandler: l, conn: socket.Conn, rates: socket.rates, in: make(chan frame), over: over}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer cancel() // the client is gone, or sent what closes the connection
		s.read(ctx)
	}()
	code, reason := s.run(ctx)
	if code != 0 {
		// A client that does not answer the goodbye is cut off.
		closing := time.AfterFunc(time.Second, socket.Cut)
		_ = s.conn.Close(code, reason)
		closing.Stop()
	}
	cancel()
	socket.Release()
	<-done
}

// liveSession is one connection. Its fields belong to run, but for in.
type liveSession struct {
	*liveHandler
	conn  *websocket.Conn
	rates *rates
	in    chan frame
	over  chan struct{} // closed when the key or token holds no more

	question *Question // nil until there is one
	watch    Watch
	sent     []byte // what the last list showed, see shown
}

// frame is a message of the client, or why there is none.
type frame struct {
	data []byte
	long bool // it is too long
	fast bool // too much comes from its address
}

// read hands messages to run until the connection ends.
func (s *liveSession) read(ctx context.Context) {
	for {
		_, message, err := s.conn.Reader(ctx)
		if err != nil {
			return
		}
		data, err := io.ReadAll(io.LimitReader(message, MaxFrame+1))
		if err != nil {
			return
		}
		f := frame{data: data}
		if len(data) > MaxFrame {
			f = frame{long: true}
		}
		wait, ok := s.rates.spend(0, 1, len(data), time.Now())
		if f.fast = !ok; ok && pause.For(ctx, wait) != nil {
			return
		}
		select {
		case s.in <- f:
		case <-ctx.Done():
			return
		}
		if f.long || f.fast {
			for err == nil { // until run has closed the connection: the client may still be sending
				_, err = io.Copy(io.Discard, message)
				if err == nil {
					_, message, err = s.conn.Reader(ctx)
				}
			}
			return
		}
	}
}

// run answers until ctx is done. It returns the code to close with, 0 if the connection is gone already.
func (s *liveSession) run(ctx context.Context) (websocket.StatusCode, string) {
	defer func() {
		if s.watch != nil {
			s.watch.Close()
		}
	}()
	ping := time.NewTicker(livePing)
	defer ping.Stop()
	patience := time.NewTimer(livePatience)
	defer patience.Stop()
	// spacing runs while a change has to wait for its turn; wait is its channel then, else nil.
	spacing := time.NewTimer(0)
	defer spacing.Stop()
	var wait <-chan time.Time
	var last time.Time // of the last list
	for {
		var changed <-chan struct{}
		if s.watch != nil && wait == nil {
			changed = s.watch.C()
		}
		var err error
		select {
		case <-ctx.Done():
			return 0, ""
		case <-s.guard.Closing():
			return websocket.StatusGoingAway, "the server is stopping"
		case <-s.over:
			return wire.CloseExpired, "the key or token holds no more; connect again with another one"
		case <-patience.C:
			return websocket.StatusPolicyViolation, "no preferences came"
		case <-ping.C:
			err = s.ping(ctx)
		case f := <-s.in:
			if f.long {
				return websocket.StatusMessageTooBig, "a message may have 64 KiB"
			}
			if f.fast {
				return websocket.StatusTryAgainLater, "too much comes from this address; connect again later"
			}
			patience.Stop()
			err = s.ask(ctx, f.data)
			last = time.Now()
		case <-changed:
			spacing.Reset(max(0, liveSpacing-time.Since(last)))
			wait = spacing.C
		case <-wait:
			wait = nil
			err = s.answer(ctx, false)
			last = time.Now()
		}
		if err != nil {
			return 0, ""
		}
	}
}

func (s *liveSession) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, liveWrite)
	defer cancel()
	return s.conn.Ping(ctx)
}

// ask takes a message as the new question and answers it. What cannot be read leaves the old question in place.
func (s *liveSession) ask(ctx context.Context, data []byte) error {
	var q Question
	err := decode(data, &q, "message")
	if err != nil {
		return s.refuse(ctx, err)
	}
	if _, err := q.request(); err != nil {
		return s.refuse(ctx, err)
	}
	if q.User, err = actAs(ctx, "live", q.User); err != nil {
		return s.refuse(ctx, err)
	}
	if s.watch == nil || s.question.User != q.User {
		if s.watch != nil {
			s.watch.Close()
		}
		// Before the list is made: a change in between is not missed.
		s.watch = s.catalog.Watch(q.User)
	}
	s.question = &q
	return s.answer(ctx, true)
}

// answer sends the list of the current question; a list that shows what the last one did is sent only if it was asked
// for. The error is the connection's.
func (s *liveSession) answer(ctx context.Context, asked bool) error {
	request, err := s.question.request()
	if err != nil {
		return s.refuse(ctx, err)
	}
	res, err := s.catalog.Recommend(ctx, request)
	if err != nil {
		if !asked && !errors.Is(err, context.Canceled) {
			return nil // an item of the question was deleted, say; the client has a list and asked nothing
		}
		return s.refuse(ctx, err)
	}
	list := newRecommendations(res)
	shown := list.shown()
	if !asked && bytes.Equal(shown, s.sent) {
		return nil
	}
	s.sent = shown
	return s.write(ctx, liveAnswer{Recommendations: &list})
}

// shown is what a reader sees of a list: its order and its cards, without scores, which move with every event.
func (l Recommendations) shown() []byte {
	type place struct {
		ID   string
		Card Card
	}
	places := make([]place, len(l.Recommendations))
	for i, r := range l.Recommendations {
		places[i] = place{r.ID, r.Item}
	}
	data, err := json.Marshal(places)
	if err != nil {
		return nil // texts and lists of texts: cannot happen, and would only cost a message
	}
	return data
}

// refuse tells the client what is wrong with its message; the connection stays.
func (s *liveSession) refuse(ctx context.Context, err error) error {
	f := FaultOf(err)
	return s.write(ctx, liveAnswer{Error: f.Detail, Hint: f.Hint})
}

func (s *liveSession) write(ctx context.Context, a liveAnswer) error {
	if pause.For(ctx, s.delay) != nil {
		return ctx.Err()
	}
	data, err := json.Marshal(a)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, liveWrite)
	defer cancel()
	return s.conn.Write(ctx, websocket.MessageText, data)
}
