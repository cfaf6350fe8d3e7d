package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"nigh/core"
	"nigh/core/replica"
	"nigh/core/wire"
	"nigh/server/access"
	"nigh/server/catalog"
	"nigh/server/store"
)

func TestSync_ServesAMachineFromHelloToTheAgreeingList(t *testing.T) {
	ch := newChannel(t, nil, nil)
	b := newBrowser(t, ch, "c1", "ada")
	b.step(replica.Ask{Question: replica.Question{Name: "you", Limit: 3}})
	b.untilLive()
	b.until("a list of the server's", func() bool { _, ok := b.last(true); return ok })
	b.step(replica.Record{Kind: "like", Item: "moby-dick"})
	if l, ok := b.last(false); !ok || l.Version.Op != 1 {
		t.Errorf("list at once = %+v, want a local one that knows op 1", l.Version)
	}
	b.until("the acknowledgement, and a list that knows of it", func() bool {
		l, ok := b.last(true)
		return b.status.Pending == 0 && ok && l.Version.Op == 1
	})
	h, _, err := ch.catalog.Profile(t.Context(), "ada")
	if err != nil || len(h) != 1 {
		t.Errorf("Profile on the server = %v, %v, want the like", h, err)
	}
	// Another device, and what others put and delete.
	other := newBrowser(t, ch, "c2", "ada")
	other.untilLive()
	other.step(replica.Record{Kind: "like", Item: "go-book"})
	b.until("the other device's like", func() bool { return len(b.told.History) == 2 })
	if _, err := ch.catalog.PutItems(t.Context(), []store.Item{{ID: "new", Title: "A new whale"}}); err != nil {
		t.Fatal(err)
	}
	b.until("the new item", func() bool { return b.m.Index().Lookup("new") != nil })
	if err := ch.catalog.DeleteItem(t.Context(), "new"); err != nil {
		t.Fatal(err)
	}
	b.until("its deletion", func() bool { return b.m.Index().Lookup("new") == nil })
	if err := ch.catalog.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.step(replica.Prefer{Preference: core.Preference{Kind: core.PreferTag, Key: "gothic", Weight: core.ProfileOne}})
	b.until("a list that could be compared", func() bool { return b.status.Agreed > 0 && b.status.Pending == 0 })
	if b.status.Differ != 0 {
		t.Errorf("Differ = %d, want 0", b.status.Differ)
	}
}

func TestSync_ComesBackAfterACutWithEachOpOnce(t *testing.T) {
	ch := newChannel(t, nil, nil)
	b := newBrowser(t, ch, "c1", "ada")
	b.untilLive()
	for i := range 5 {
		b.step(replica.Record{Kind: "view", Item: "dracula", ValueMilli: int64(i)})
		_ = b.conn.CloseNow()
		b.step(replica.Record{Kind: "view", Item: "moby-dick"})
		b.until("the cut", func() bool { return b.status.State != replica.Live })
		b.untilLive()
	}
	b.until("all acknowledged", func() bool { return b.status.Pending == 0 })
	last, err := ch.catalog.LastOp(t.Context(), "c1", "ada")
	if err != nil || last != 10 {
		t.Errorf("LastOp = %d, %v, want 10", last, err)
	}
}

func TestSync_RefusesWhoMayNotComeIn(t *testing.T) {
	key, keys := testKeys(t, access.Read|access.Events)
	ch := newChannel(t, nil, func(o *Options) { o.Keys, o.Origins = keys, nil })
	for name, tc := range map[string]struct {
		protocols []string
		origin    string
		status    int
	}{
		"no key, whose hello says who it is": {[]string{wire.Subprotocol}, "", http.StatusSwitchingProtocols},
		"a wrong key":                        {[]string{wire.Subprotocol, "nigh.token.x" + key}, "", http.StatusUnauthorized},
		"a foreign origin":                   {[]string{wire.Subprotocol, "nigh.token." + key}, "https://evil.example", http.StatusForbidden},
		"a foreign origin without a key":     {[]string{wire.Subprotocol}, "https://evil.example", http.StatusForbidden},
		"the key":                            {[]string{wire.Subprotocol, "nigh.token." + key}, "", http.StatusSwitchingProtocols},
	} {
		h := http.Header{}
		if tc.origin != "" {
			h.Set("Origin", tc.origin)
		}
		conn, res, err := websocket.Dial(t.Context(), ch.url, &websocket.DialOptions{Subprotocols: tc.protocols, HTTPHeader: h})
		if res == nil || res.StatusCode != tc.status {
			t.Errorf("%s: answer = %v (%v), want status %d", name, res, err, tc.status)
		}
		if conn != nil {
			if got := conn.Subprotocol(); got != wire.Subprotocol {
				t.Errorf("%s: subprotocol = %q, want %q: never the token", name, got, wire.Subprotocol)
			}
			_ = conn.CloseNow()
		}
	}
}

func TestSync_ClosesWhatItCannotServe(t *testing.T) {
	ch := newChannel(t, nil, nil)
	hello := wire.Encode(&wire.Hello{Version: wire.Version, Client: "c", User: "ada"})
	ops := wire.Encode(&wire.Ops{First: 1, Ops: []wire.Op{{Event: true, Kind: "like", Item: "dracula"}}})
	for name, tc := range map[string]struct {
		protocol string
		kind     websocket.MessageType
		frame    []byte
		code     int
	}{
		"no subprotocol":     {"", websocket.MessageBinary, hello, wire.CloseVersion},
		"another one":        {"nigh.v9", websocket.MessageBinary, hello, wire.CloseVersion},
		"a text frame":       {wire.Subprotocol, websocket.MessageText, []byte(`{"hello":1}`), wire.CloseProtocol},
		"a torn frame":       {wire.Subprotocol, websocket.MessageBinary, []byte{0xc1}, wire.CloseProtocol},
		"ops without hello":  {wire.Subprotocol, websocket.MessageBinary, ops, wire.CloseProtocol},
		"a frame of 100 KiB": {wire.Subprotocol, websocket.MessageBinary, make([]byte, 100<<10), int(websocket.StatusMessageTooBig)},
	} {
		t.Run(name, func(t *testing.T) {
			o := &websocket.DialOptions{}
			if tc.protocol != "" {
				o.Subprotocols = []string{tc.protocol}
			}
			conn := ch.dial(t, o)
			_ = conn.Write(t.Context(), tc.kind, tc.frame) // the server may have closed already
			_ = conn.Write(t.Context(), websocket.MessageBinary, ops)
			wantCode(t, conn, tc.code)
		})
	}
	if last, err := ch.catalog.LastOp(t.Context(), "c", "ada"); err != nil || last != 0 {
		t.Errorf("LastOp = %d, %v, want 0: nothing of a refused connection is applied", last, err)
	}
}

func TestSync_ClosesWhoSaysNothing(t *testing.T) {
	ch := newChannel(t, func(c *catalog.Catalog) func(*Guard) http.Handler { return syncWith(c, 0, 20*time.Millisecond) }, nil)
	wantCode(t, ch.dial(t, nil), wire.CloseTimeout)
}

func TestSync_SaysGoodbyeOnShutdown(t *testing.T) {
	ch := newChannel(t, nil, nil)
	b := newBrowser(t, ch, "c1", "ada")
	b.untilLive()
	silent := ch.dial(t, nil)
	closed := make(chan struct{})
	go func() { defer close(closed); _ = ch.Close() }()
	b.until("a goodbye", func() bool { return len(b.codes) > 0 || b.status.State == replica.Offline })
	if len(b.codes) == 0 || b.codes[0] != wire.CloseGoingAway {
		t.Errorf("close codes = %v, want %d", b.codes, wire.CloseGoingAway)
	}
	wantCode(t, silent, wire.CloseGoingAway)
	<-closed
	if got := ch.Guard().Open(); got != 0 {
		t.Errorf("open WebSockets after Close = %d, want 0", got)
	}
}

func TestSync_HoldsFramesBackInTheirOrder(t *testing.T) {
	const delay = 150 * time.Millisecond
	ch := newChannel(t, func(c *catalog.Catalog) func(*Guard) http.Handler { return Sync(c, delay) }, nil)
	conn := ch.dial(t, nil)
	sent := time.Now()
	write(t, conn, websocket.MessageBinary, wire.Encode(&wire.Hello{Version: wire.Version, Client: "c"}))
	write(t, conn, websocket.MessageBinary, wire.Encode(&wire.Ask{Name: "you", Limit: 1}))
	var got []string
	for len(got) < 4 {
		m, err := read(t, conn)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(sent); took < delay {
			t.Errorf("%T came after %v, want at least %v", m, took, delay)
		}
		got = append(got, strings.TrimPrefix(fmt.Sprintf("%T", m), "*wire."))
	}
	if want := "Welcome Snapshot Profile Recs"; strings.Join(got, " ") != want {
		t.Errorf("frames = %v, want %s", got, want)
	}
}

// A client that reads nothing is cut off when its bound of bytes is passed; nobody waits for it, and what was queued
// for it is let go.
func TestSync_CutsWhoDoesNotRead(t *testing.T) {
	out := newOutlet(0)
	frame := make([]byte, 100<<10)
	for range 10 {
		out.Send(frame)
	}
	out.SendShared([][]byte{make([]byte, 5<<20)}) // which does not count
	if out.code != 0 || out.bytes != 10*len(frame) {
		t.Fatalf("after 10 frames: code %d, %d bytes, want 0 and all of them", out.code, out.bytes)
	}
	out.Send(frame)
	if out.code != wire.CloseSlow || out.bytes != 0 || out.queue != nil {
		t.Errorf("after 11 frames: code %d, %d bytes, %d frames, want %d and nothing", out.code, out.bytes, len(out.queue), wire.CloseSlow)
	}
	out.Send(frame)
	out.Close(wire.CloseGoingAway, "later")
	if _, ok, code, _ := out.take(); ok || code != wire.CloseSlow {
		t.Errorf("take = %v, code %d, want the close alone", ok, code)
	}
	one := newOutlet(0)
	one.Send(make([]byte, 2*maxQueued)) // larger than the bound, but there is nothing else
	if _, ok, _, _ := one.take(); !ok {
		t.Error("a large frame to a client that has read everything was not taken")
	}
}

func TestSync_CutsASlowReaderOverTheNetwork(t *testing.T) {
	ch := newChannel(t, nil, nil)
	// A bounded buffer on this side, so that what is not read soon waits on the other.
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
		}
		return conn, err
	}}
	defer transport.CloseIdleConnections()
	conn := ch.dial(t, &websocket.DialOptions{Subprotocols: []string{wire.Subprotocol}, HTTPClient: &http.Client{Transport: transport}})
	write(t, conn, websocket.MessageBinary, wire.Encode(&wire.Hello{Version: wire.Version, Client: "slow"}))
	for range 3 {
		if _, err := read(t, conn); err != nil {
			t.Fatal(err)
		}
	}
	// 13 MB in changes, of which it reads nothing: three times what the system's buffers hold, plus the bound.
	batch := make([]store.Item, 300)
	for round := range 20 {
		for i := range batch {
			batch[i] = store.Item{ID: fmt.Sprint("filler-", i), Title: strings.Repeat(fmt.Sprint(round%10), 2000), Hidden: true}
		}
		if _, err := ch.catalog.PutItems(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, conn, wire.CloseSlow)
}

func TestSync_LeavesNoGoroutines(t *testing.T) {
	ch := newChannel(t, nil, nil)
	warm := newBrowser(t, ch, "warm", "")
	warm.untilLive()
	_ = warm.conn.CloseNow()
	closedAll := func() bool { return ch.Guard().Open() == 0 && ch.catalog.Watches() == 0 }
	waitFor(t, "the first connection's end", closedAll)
	before := runtime.NumGoroutine()
	for i := range 20 {
		b := newBrowser(t, ch, fmt.Sprint("c", i), "")
		b.untilLive()
		if i%2 == 0 {
			_ = b.conn.Close(websocket.StatusNormalClosure, "")
		} else {
			_ = b.conn.CloseNow()
		}
	}
	waitFor(t, "all connections' end", closedAll)
	waitFor(t, "as many goroutines as before", func() bool { return runtime.NumGoroutine() <= before })
}

// waitFor looks until a condition holds; what it is about sends no signal.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			buf := make([]byte, 64<<10)
			t.Fatalf("%s: not within 20 s\n%s", what, buf[:runtime.Stack(buf, true)])
		}
	}
}
