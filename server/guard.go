package server

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"nigh/server/access"
	"nigh/server/pause"
)

// closeGrace is how long handlers have, from Guard.Closing on, to end their WebSockets themselves.
const closeGrace = 500 * time.Millisecond

// Guard decides who may come in, and holds the WebSockets that are open. All edges ask the same one.
type Guard struct {
	origins map[string]bool
	all     bool // every origin
	local   bool // only this machine may ask, while the server is not closed: see sameMachine
	most    int
	log     *slog.Logger
	closing chan struct{} // closed when the server shuts down
	from    *addresses

	// Who may do what: see closed.
	keys                    *access.Keys
	tokens                  *access.Tokens
	trustNames, noAnonymous bool
	closedFor               atomic.Bool // for good: there was a key

	mu      sync.Mutex // for what follows
	sockets map[*Socket]struct{}
	watched int           // of sockets, those that sweep looks after
	sweeper *time.Timer   // runs while watched > 0
	ended   chan struct{} // closed when closing and no socket is left
	goodbye []func()      // called once, when the server shuts down
}

func newGuard(o Options) *Guard {
	g := &Guard{
		origins: map[string]bool{}, local: ListensLocally(o.Addr), most: o.MaxSockets, log: o.Logger,
		tokens: o.Readers, trustNames: o.TrustNames, noAnonymous: o.NoAnonymous,
		closing: make(chan struct{}), from: o.from, sockets: map[*Socket]struct{}{}, ended: make(chan struct{}),
	}
	if o.Keys != nil {
		g.keys = access.NewKeys(o.Keys, time.Now)
	}
	for _, origin := range o.Origins {
		g.all = g.all || origin == "*"
		g.origins[strings.ToLower(origin)] = true
	}
	return g
}

// check returns who sent r, or why they may not come in: their origin, or a key or token that does not hold. GET and
// HEAD from anywhere may, because without CORS headers the other page cannot read the answer; a WebSocket is not bound
// by that, so Accept is stricter. What the caller may do, the route says: see needs.
func (g *Guard) check(r *http.Request) (access.Caller, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead && !g.originAllowed(r) {
		return access.Caller{}, errOrigin
	}
	return g.caller(r)
}

// originAllowed tells whether r comes from no page, from a page of this server, or from one of the allowed origins.
func (g *Guard) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || g.all || g.origins[strings.ToLower(origin)] {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// AcceptOptions say how a WebSocket is to be.
type AcceptOptions struct {
	Operation    string   // its row of needs
	Subprotocols []string // that the server speaks, the best first; the client need not name one
	ReadLimit    int64    // bytes of a message; a larger one closes the connection with 1009. -1: no limit
	Compression  websocket.CompressionMode
	// Lean: nothing of net/http is kept for the connection, which is small as long as it says nothing. Its data frames are
	// then written to Socket.line, not through coder/websocket.
	Lean bool
}

// Socket is an admitted WebSocket. Its handler must call Release when it ends.
type Socket struct {
	*websocket.Conn
	Caller access.Caller // by the handshake

	guard *Guard
	raw   net.Conn
	line  *line // of a lean one
	rates *rates
	once  sync.Once
	check func(time.Time) bool // see While; of the guard's mu
}

// Accept admits a WebSocket to an operation, or answers with the problem why not. Origin, key or token and the bound on
// connections are checked. When the server shuts down, Closing is closed: handlers then say goodbye with their own close code, soon;
// after closeGrace the guard does, with 1001.
func (g *Guard) Accept(w http.ResponseWriter, r *http.Request, o AcceptOptions) (*Socket, error) {
	s := &Socket{guard: g}
	if err := g.admit(s, r, o.Operation); err != nil {
		writeProblem(w, err)
		return nil, err
	}
	upgrade := &upgradeWriter{ResponseWriter: w, lean: o.Lean}
	conn, err := websocket.Accept(upgrade, r, &websocket.AcceptOptions{
		Subprotocols: o.Subprotocols, CompressionMode: o.Compression,
		InsecureSkipVerify: true, // admit has checked the origin
	})
	if err != nil {
		g.forget(s)
		return nil, err
	}
	conn.SetReadLimit(o.ReadLimit)
	g.mu.Lock()
	s.Conn, s.raw, s.line = conn, upgrade.conn, upgrade.line
	g.mu.Unlock()
	return s, nil
}

// admit takes a place for s.
func (g *Guard) admit(s *Socket, r *http.Request, operation string) error {
	if !g.originAllowed(r) {
		return errOrigin
	}
	var known bool // to wrap already
	if s.Caller, known = r.Context().Value(callerKey{}).(access.Caller); !known {
		var err error
		if s.Caller, err = g.caller(r); err != nil {
			return err
		}
	}
	// The channel's token may still come, in its hello.
	if err := g.may(s.Caller, operation); err != nil && !(operation == "sync" && errors.Is(err, access.ErrNone)) {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.closing:
		return &hinted{errFull, "the server is shutting down; connect again in a moment"}
	default:
	}
	if len(g.sockets) >= g.most {
		return errFull
	}
	rates, err := g.from.open(r, time.Now())
	if err != nil {
		return err
	}
	s.rates = rates
	g.sockets[s] = struct{}{}
	return nil
}

// Cut ends the connection below at once, also while a Close waits for the client's goodbye; CloseNow would wait for
// that Close.
func (s *Socket) Cut() { _ = s.raw.Close() }

// Release closes the connection, if it is open still, and gives its place back.
func (s *Socket) Release() {
	s.once.Do(func() {
		_ = s.CloseNow() // after Close it says that it is closed, which is what is wanted
		s.guard.forget(s)
	})
}

func (g *Guard) forget(s *Socket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.unwatch()
	delete(g.sockets, s)
	g.from.closed(s.rates, time.Now())
	select {
	case <-g.closing:
		if len(g.sockets) == 0 {
			g.end()
		}
	default:
	}
}

// end closes ended, once; g.mu is held.
func (g *Guard) end() {
	select {
	case <-g.ended:
	default:
		close(g.ended)
	}
}

// onClosing has f called once when the server shuts down, after Closing is closed. f must not wait.
func (g *Guard) onClosing(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.goodbye = append(g.goodbye, f)
}

// Closing is closed when the server shuts down.
func (g *Guard) Closing() <-chan struct{} { return g.closing }

// Open returns how many WebSockets are open.
func (g *Guard) Open() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.sockets)
}

// shutdown closes every WebSocket and returns when their handlers have released them, or ctx is done.
func (g *Guard) shutdown(ctx context.Context) {
	g.mu.Lock()
	select {
	case <-g.closing:
	default:
		close(g.closing)
	}
	if g.sweeper != nil {
		g.sweeper.Stop()
	}
	if len(g.sockets) == 0 {
		g.end()
	}
	goodbye := g.goodbye
	g.goodbye = nil
	g.mu.Unlock()
	for _, f := range goodbye {
		f()
	}

	grace := time.NewTimer(closeGrace)
	defer grace.Stop()
	select {
	case <-g.ended:
		return
	case <-grace.C:
	case <-ctx.Done():
	}
	for _, s := range g.open() {
		go func() { _ = s.Close(websocket.StatusGoingAway, "the server is stopping") }()
	}
	select {
	case <-g.ended:
		return
	case <-ctx.Done():
	}
	for _, s := range g.open() {
		s.Cut()
	}
	grace.Reset(closeGrace)
	select {
	case <-g.ended:
	case <-grace.C:
		g.log.Warn("WebSockets are still in use", "sockets", g.Open())
	}
}

// open returns the sockets whose handshake is done.
func (g *Guard) open() []*Socket {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []*Socket
	for s := range g.sockets {
		if s.Conn != nil {
			out = append(out, s)
		}
	}
	return out
}

// wrap is the guard as a layer around the API: delay, CORS, then check. Behind it, callerOf says who asks.
func (g *Guard) wrap(delay time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.cors(w, r)
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			if !g.originAllowed(r) {
				writeProblem(w, errOrigin)
				return
			}
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if err := g.from.request(r, time.Now()); err != nil {
			writeProblem(w, err)
			return
		}
		caller, err := g.check(r)
		if err != nil {
			noteFault(r.Context(), err)
			writeProblem(w, err)
			return
		}
		if delay > 0 && pause.For(r.Context(), delay) != nil {
			return
		}
		inner := r.WithContext(context.WithValue(r.Context(), callerKey{}, caller))
		defer func() { r.Pattern = inner.Pattern }() // for the log
		next.ServeHTTP(w, inner)
	})
}

// cors lets an allowed origin's page read the answer. There are no credentials: a token is a header of the page's own.
func (g *Guard) cors(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" || !g.originAllowed(r) {
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Location, Retry-After")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		h.Set("Access-Control-Max-Age", "7200") // the most that Chromium keeps
	}
}

// upgradeWriter makes problems of the plain text with which websocket.Accept refuses a request, and keeps the network
// connection that it takes over.
type upgradeWriter struct {
	http.ResponseWriter
	lean    bool // see AcceptOptions
	refused bool
	conn    net.Conn
	line    *line // of a lean one
}

// Hijack is called by websocket.Accept.
func (u *upgradeWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(u.ResponseWriter).Hijack()
	if u.conn = conn; err != nil || !u.lean {
		return conn, buffers, err
	}
	u.line = newLine(conn, buffers.Reader)
	return u.line, u.line.buffers(), nil
}

// WriteHeader passes the switch of protocols on and answers everything else with a problem.
func (u *upgradeWriter) WriteHeader(status int) {
	if status == http.StatusSwitchingProtocols {
		u.ResponseWriter.WriteHeader(status)
		return
	}
	u.refused = true
	writeProblem(u.ResponseWriter, &badBody{
		status: status, code: "websocket", detail: "this address is a WebSocket, and the request is not a proper one for it",
		hint: "connect with new WebSocket(…), or use GET /recommendations/?preferences=…",
	})
}

// Write drops the plain text of a refusal.
func (u *upgradeWriter) Write(data []byte) (int, error) {
	if u.refused {
		return len(data), nil
	}
	return u.ResponseWriter.Write(data)
}
