package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"nigh/core/replica"
	"nigh/core/wire"
	"nigh/server/catalog"
	"nigh/server/deflate"
	"nigh/server/store/sqlite"
)

// channel is a real catalog behind a real server on a real port.
type channel struct {
	*Server
	catalog *catalog.Catalog
	url     string
}

func newChannel(t *testing.T, sync func(*catalog.Catalog) func(*Guard) http.Handler, change func(*Options)) *channel {
	t.Helper()
	db, err := sqlite.OpenMemory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Open(t.Context(), db, catalog.Options{Logger: slog.New(slog.DiscardHandler), FlushEvery: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	if _, err := c.PutItems(t.Context(), library); err != nil {
		t.Fatal(err)
	}
	if err := c.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := newTestServer(t, Live(c), func(o *Options) {
		o.Sync = Sync(c, 0)
		if sync != nil {
			o.Sync = sync(c)
		}
		if change != nil {
			change(o)
		}
	})
	hs := httptest.NewServer(s.Handler())
	t.Cleanup(hs.Close)
	t.Cleanup(func() { _ = s.Close() }) // before hs, which waits for its connections
	return &channel{s, c, "ws" + strings.TrimPrefix(hs.URL, "http") + "/v1/sync"}
}

// dial connects without a machine.
func (ch *channel) dial(t *testing.T, o *websocket.DialOptions) *websocket.Conn {
	t.Helper()
	if o == nil {
		o = &websocket.DialOptions{Subprotocols: []string{wire.Subprotocol}}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, res, err := websocket.Dial(ctx, ch.url, o)
	if err != nil {
		t.Fatalf("dial: %v (%v)", err, res)
	}
	conn.SetReadLimit(wire.MaxServerFrame)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

func read(t *testing.T, conn *websocket.Conn) (wire.Message, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, b, err := conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	m, err := wire.Decode(b)
	if err != nil {
		t.Fatalf("the server sent a torn frame: %v", err)
	}
	return m, nil
}

func write(t *testing.T, conn *websocket.Conn, kind websocket.MessageType, b []byte) {
	t.Helper()
	if err := conn.Write(t.Context(), kind, b); err != nil {
		t.Fatalf("write: %v", err)
	}
}

// wantCode reads until the connection ends, which it must with a code.
func wantCode(t *testing.T, conn *websocket.Conn, want int) {
	t.Helper()
	for {
		if _, err := read(t, conn); err != nil {
			if got := websocket.CloseStatus(err); int(got) != want {
				t.Errorf("close code = %d (%v), want %d", got, err, want)
			}
			return
		}
	}
}

// browser is a machine with a socket: what the page's worker is, in Go.
type browser struct {
	t      *testing.T
	ch     *channel
	m      *replica.Machine
	conn   *websocket.Conn
	inputs chan came
	wake   *time.Timer
	status replica.Status
	told   replica.ProfileChanged
	lists  []replica.List
	codes  []int
	fresh  func() string // makes tokens when the machine needs one
	merged []string
}

// came is what a connection's reader hands over.
type came struct {
	conn *websocket.Conn
	in   replica.Input
}

func newBrowser(t *testing.T, ch *channel, client, user string) *browser {
	return newBrowserOf(t, ch, replica.Config{Client: client, User: user, Seed: 1}, nil)
}

func newBrowserOf(t *testing.T, ch *channel, cfg replica.Config, fresh func() string) *browser {
	cfg.Inflates = true
	b := &browser{
		t: t, ch: ch, inputs: make(chan came, 1000), wake: time.NewTimer(time.Hour),
		m: replica.New(cfg), fresh: fresh,
	}
	b.step(replica.Start{})
	t.Cleanup(func() {
		if b.conn != nil {
			_ = b.conn.CloseNow()
		}
	})
	return b
}

func (b *browser) step(in replica.Input) {
	b.t.Helper()
	if c, ok := in.(replica.Closed); ok {
		b.codes = append(b.codes, c.Code)
	}
	for _, e := range b.m.Step(in, time.Now().UnixMilli()) {
		switch e := e.(type) {
		case replica.Connect:
			b.conn = b.ch.dial(b.t, nil)
			go b.read(b.conn)
			b.step(replica.Opened{})
		case replica.Send:
			// A failed write is followed by a failed read.
			_ = b.conn.Write(b.t.Context(), websocket.MessageBinary, e.Bytes)
		case replica.Close:
			_ = b.conn.Close(websocket.StatusCode(e.Code), e.Reason)
		case replica.Wake:
			b.wake.Stop()
			if e.AtMillis != 0 {
				b.wake.Reset(time.Until(time.UnixMilli(e.AtMillis)))
			}
		case replica.List:
			b.lists = append(b.lists, e)
		case replica.Status:
			b.status = e
		case replica.ProfileChanged:
			b.told = e
		case replica.NeedToken:
			if b.fresh != nil {
				b.step(replica.Token{Token: b.fresh()})
			}
		case replica.GuestMerged:
			b.merged = append(b.merged, e.Client)
		}
	}
}

func (b *browser) read(conn *websocket.Conn) {
	for {
		_, frame, err := conn.Read(context.Background())
		if err != nil {
			code := 1006
			var closed websocket.CloseError
			if errors.As(err, &closed) {
				code = int(closed.Code)
			}
			b.inputs <- came{conn, replica.Closed{Code: code}}
			return
		}
		plain, err := deflate.Inflate(frame)
		if err != nil {
			b.inputs <- came{conn, replica.Closed{Code: wire.CloseProtocol}}
			return
		}
		b.inputs <- came{conn, replica.Frame{Bytes: plain, Size: len(frame)}}
	}
}

// until lets the machine live until what holds.
func (b *browser) until(what string, holds func() bool) {
	b.t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for !holds() {
		select {
		case in := <-b.inputs:
			if in.conn == b.conn {
				b.step(in.in)
			}
		case <-b.wake.C:
			b.step(replica.Tick{})
		case <-deadline.C:
			b.t.Fatalf("%s: not after 20 s; status %+v, closes %v", what, b.status, b.codes)
		}
	}
}

func (b *browser) untilLive() {
	b.t.Helper()
	b.until("live", func() bool { return b.status.State == replica.Live })
}

// last returns the newest list of a kind.
func (b *browser) last(server bool) (l replica.List, ok bool) {
	for _, x := range b.lists {
		if x.Server == server {
			l, ok = x, true
		}
	}
	return l, ok
}
