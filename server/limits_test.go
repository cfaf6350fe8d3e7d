package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"nigh/core/wire"
)

func TestLimits_AreReadAsTheyAreWritten(t *testing.T) {
	var l Limits
	for text, want := range map[string]Rate{
		"ops=100": {100, 1000}, "asks=0.5": {.5, 5}, "bytes=1e6/2e6": {1e6, 2e6}, "requests=none": NoLimit, "connects=7/1": {7, 1},
	} {
		if err := l.Set(text); err != nil {
			t.Errorf("Set(%q): %v", text, err)
		}
		name, _, _ := strings.Cut(text, "=")
		if got := *l.named()[name]; got != want {
			t.Errorf("Set(%q) = %v, want %v", text, got, want)
		}
	}
	for _, text := range []string{"", "opps=3", "ops", "ops=", "ops=0", "ops=-1", "ops=3/0", "ops=x", "ops=3/x", "ops=NaN", "ops=3/1e12"} {
		if err := l.Set(text); err == nil || !strings.Contains(err.Error(), "; ") {
			t.Errorf("Set(%q) = %v, want an error that says what to do", text, err)
		}
	}
}

// spend lets a burst through at once and the rest at its rate.
func TestRates_MakeWaitWhoSendsMoreThanABurst(t *testing.T) {
	now := time.Unix(1000, 0)
	r := &rates{ops: Rate{100, 2000}.limiter(), asks: Rate{20, 100}.limiter()}
	for _, step := range []struct {
		ops, asks int
		wait      time.Duration
	}{
		{2000, 0, 0}, {50, 0, 500 * time.Millisecond}, // 50 at 100 a second
		{50, 10, time.Second}, {0, 90, 0}, {100, 20, 2 * time.Second},
	} {
		if wait, ok := r.spend(step.ops, step.asks, 0, now); !ok || wait != step.wait {
			t.Errorf("spend(%d, %d) = %v, %v, want %v", step.ops, step.asks, wait, ok, step.wait)
		}
	}
	if _, ok := r.spend(1000, 0, 0, now); ok {
		t.Error("who would have to wait 12 seconds is not sent away")
	}
	if wait, ok := (*rates)(nil).spend(1e6, 1e6, 1e6, now); wait != 0 || !ok {
		t.Errorf("without limits one waits %v", wait)
	}
}

func TestAddresses_AreThePeersUnlessAProxyIsTrusted(t *testing.T) {
	for _, tc := range []struct {
		trusted         []string
		peer, forwarded string
		want            string // "" for no limits
	}{
		{nil, "203.0.113.7:80", "", "203.0.113.7"},
		{nil, "203.0.113.7:80", "198.51.100.1", "203.0.113.7"}, // anybody may write that
		{nil, "127.0.0.1:80", "198.51.100.1", ""},
		{nil, "[::1]:80", "", ""},
		{nil, "[2001:db8:1:2:3:4:5:6]:80", "", "2001:db8:1:2::"},
		{nil, "[::ffff:203.0.113.7]:80", "", "203.0.113.7"},
		{nil, "@", "", ""},
		{[]string{"127.0.0.1"}, "127.0.0.1:80", "198.51.100.1", "198.51.100.1"},
		{[]string{"127.0.0.1"}, "127.0.0.1:80", "6.6.6.6, 198.51.100.1", "198.51.100.1"}, // the client wrote 6.6.6.6
		{[]string{"127.0.0.1", "10.0.0.0/8"}, "127.0.0.1:80", "198.51.100.1, 10.2.3.4", "198.51.100.1"},
		{[]string{"127.0.0.1"}, "127.0.0.1:80", "", ""},
		{[]string{"127.0.0.1"}, "127.0.0.1:80", "nonsense", ""},
		{[]string{"127.0.0.1", "10.0.0.0/8"}, "127.0.0.1:80", "nonsense, 10.1.1.1", ""},
	} {
		a, err := newAddresses(DefaultLimits(), tc.trusted)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(get, "/", nil)
		r.RemoteAddr = tc.peer
		if tc.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tc.forwarded)
		}
		ip, ok := a.of(r)
		if got := ip.String(); ok != (tc.want != "") || ok && got != tc.want {
			t.Errorf("%v, %s, %q: address = %s, %v, want %q", tc.trusted, tc.peer, tc.forwarded, got, ok, tc.want)
		}
	}
	if _, err := newAddresses(Limits{}, []string{"proxy.example"}); err == nil || !strings.Contains(err.Error(), "10.0.0.0/8") {
		t.Errorf("a proxy's name = %v, want an error that says what to write", err)
	}
}

func TestAddresses_AreForgotten(t *testing.T) {
	l := DefaultLimits()
	a, err := newAddresses(l, nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1000, 0)
	r := httptest.NewRequest(get, "/", nil)
	r.RemoteAddr = "203.0.113.1:1"
	open, err := a.open(r, now)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 * fewAddresses {
		r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255)
		if err := a.request(r, now.Add(time.Duration(i)*10*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(a.all); got > 2*fewAddresses { // a minute is 6,000 of them
		t.Errorf("%d addresses are held, want at most %d", got, 2*fewAddresses)
	}
	if open.address.sockets != 1 {
		t.Error("an address with an open connection was forgotten")
	}
	a.closed(open, now)
	a.closed(open, now)
}

// from is a request from an address behind the proxy that tests trust.
func from(address string) http.Header { return http.Header{"X-Forwarded-For": {address}} }

func TestGuard_RefusesRequestsBeyondTheirRate(t *testing.T) {
	s := newTestServer(t, newFake(library...), func(o *Options) {
		o.TrustedProxies = []string{"192.0.2.1"} // httptest's own address
		o.Origins = []string{"*"}
		o.Limits.Requests = Rate{.1, 2}
	})
	ask := func(address string) *httptest.ResponseRecorder {
		return call(t, s, get, "/v1/items/dracula", "", "X-Forwarded-For", address)
	}
	for range 2 {
		wantStatus(t, ask("203.0.113.1"), 200)
	}
	w := ask("203.0.113.1")
	wantStatus(t, w, http.StatusTooManyRequests)
	if after, err := strconv.Atoi(w.Header().Get("Retry-After")); err != nil || after < 9 || after > 10 { // one in ten seconds
		t.Errorf("Retry-After = %q, want 10", w.Header().Get("Retry-After"))
	}
	wantStatus(t, ask("203.0.113.2"), 200) // another one's
}

func TestGuard_BoundsTheConnectionsOfAnAddress(t *testing.T) {
	ch := newChannel(t, nil, func(o *Options) {
		o.TrustedProxies = []string{"127.0.0.1"}
		o.Limits.AddressSockets, o.Limits.Connects, o.MaxSockets = 2, Rate{.01, 3}, 4
	})
	dial := func(address string) (*websocket.Conn, *http.Response) {
		conn, res, err := websocket.Dial(t.Context(), ch.url, &websocket.DialOptions{Subprotocols: []string{wire.Subprotocol}, HTTPHeader: from(address)})
		if err == nil {
			t.Cleanup(func() { _ = conn.CloseNow() })
		}
		return conn, res
	}
	wantRefused := func(address string, status int) {
		t.Helper()
		_, res := dial(address)
		if res == nil || res.StatusCode != status || res.Header.Get("Retry-After") == "" {
			t.Errorf("from %s: %v, want %d and Retry-After", address, res, status)
		}
	}
	one, _ := dial("203.0.113.1")
	dial("203.0.113.1")
	wantRefused("203.0.113.1", http.StatusTooManyRequests) // two are open
	_ = one.CloseNow()
	waitFor(t, "the first one's end", func() bool { return ch.Guard().Open() == 1 })
	if again, res := dial("203.0.113.1"); again == nil {
		t.Fatalf("in place of one that has ended: %v", res)
	} else {
		_ = again.CloseNow()
	}
	waitFor(t, "its end", func() bool { return ch.Guard().Open() == 1 })
	wantRefused("203.0.113.1", http.StatusTooManyRequests) // three came in a short time
	for i := range 3 {
		dial(fmt.Sprintf("203.0.114.%d", i))
	}
	wantRefused("203.0.115.1", http.StatusServiceUnavailable) // four in all
}

// Who sends more ops than a burst is read more slowly, and loses none.
func TestSync_MakesWaitWhoSendsTooFast(t *testing.T) {
	ch := newChannel(t, nil, func(o *Options) { o.Limits.Ops = Rate{400, 100} })
	conn := ch.dial(t, nil)
	write(t, conn, websocket.MessageBinary, wire.Encode(&wire.Hello{Version: wire.Version, Client: "c"}))
	const frames = 4
	began := time.Now()
	for i := range uint64(frames) {
		ops := &wire.Ops{First: 1 + 100*i}
		for range 100 {
			ops.Ops = append(ops.Ops, wire.Op{Event: true, Kind: "view", Item: "dracula"})
		}
		write(t, conn, websocket.MessageBinary, wire.Encode(ops))
	}
	for acked := uint64(0); acked < 100*frames; {
		m, err := read(t, conn)
		if err != nil {
			t.Fatal(err)
		}
		if a, ok := m.(*wire.Ack); ok {
			acked = a.Op
		}
	}
	// The first 100 are the burst; the last frame is read when the two before it have been paid for: 200 at 400 a second.
	if took := time.Since(began); took < 450*time.Millisecond {
		t.Errorf("400 ops took %v, want half a second at least", took)
	}
}

func TestSync_SendsAwayWhoseAddressSendsFarTooMuch(t *testing.T) {
	ch := newChannel(t, nil, func(o *Options) {
		o.TrustedProxies = []string{"127.0.0.1"}
		o.Limits.AddressAsks = Rate{.01, 1}
	})
	conn := ch.dial(t, &websocket.DialOptions{Subprotocols: []string{wire.Subprotocol}, HTTPHeader: from("203.0.113.1")})
	write(t, conn, websocket.MessageBinary, wire.Encode(&wire.Hello{Version: wire.Version, Client: "c"}))
	for range 2 {
		write(t, conn, websocket.MessageBinary, wire.Encode(&wire.Ask{Name: "you", Limit: 1}))
	}
	wantCode(t, conn, wire.CloseBusy)
}

func TestLive_SendsAwayWhoseAddressSendsFarTooMuch(t *testing.T) {
	ch := newChannel(t, nil, func(o *Options) {
		o.TrustedProxies = []string{"127.0.0.1"}
		o.Limits.AddressAsks = Rate{.01, 1}
	})
	url := strings.Replace(ch.url, "/v1/sync", "/ws/recommendations/", 1)
	conn, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPHeader: from("203.0.113.1")})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	for range 2 {
		write(t, conn, websocket.MessageText, []byte(`{"preferences":"whale"}`))
	}
	for err == nil {
		_, _, err = conn.Read(t.Context())
	}
	if got := websocket.CloseStatus(err); got != websocket.StatusTryAgainLater {
		t.Errorf("close code = %d (%v), want %d", got, err, websocket.StatusTryAgainLater)
	}
}

// A peer that does not answer pings is cut; one that does is left alone.
func TestSync_CutsWhoDoesNotAnswerPings(t *testing.T) {
	ch := newChannel(t, syncTimed(syncTimes{hello: time.Minute, silent: 40 * time.Millisecond, pong: 500 * time.Millisecond, write: time.Hour}), nil)
	alive := newBrowser(t, ch, "c1", "ada") // its reader answers
	alive.untilLive()
	dead := ch.dial(t, nil) // nobody reads from it
	write(t, dead, websocket.MessageBinary, wire.Encode(&wire.Hello{Version: wire.Version, Client: "dead"}))
	waitFor(t, "both", func() bool { return ch.catalog.Watches() == 2 })
	waitFor(t, "the silent one's end", func() bool { return ch.Guard().Open() == 1 })
	if alive.status.State.String() != "live" || len(alive.inputs) > 0 && len(alive.codes) > 0 {
		t.Errorf("the other one is %v", alive.status.State)
	}
}
