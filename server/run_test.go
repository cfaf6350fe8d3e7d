package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"nigh/server/access"
	"nigh/server/store"
	"nigh/server/store/storetest"
)

// startRun runs a server at a free port until the test or stop ends it; end waits for Run's return.
func startRun(t *testing.T, c Catalog, change func(*Options)) (url string, stop func(), end func() error) {
	t.Helper()
	ready := make(chan string, 1)
	s := newTestServer(t, c, func(o *Options) {
		o.Addr = "localhost:0"
		o.Ready = func(url string) { ready <- url }
		if change != nil {
			change(o)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(cancel)
	select {
	case url = <-ready:
	case err := <-done:
		t.Fatalf("Run = %v, want it to listen", err)
	}
	return url, cancel, func() error {
		select {
		case err := <-done:
			return err
		case <-time.After(5 * time.Second):
			return errors.New("Run took longer than 5 s to end")
		}
	}
}

func TestRun_FinishesRequestsAndSaysGoodbye(t *testing.T) {
	f := newFake(library...)
	url, stop, end := startRun(t, f, nil)
	if !strings.HasPrefix(url, "http://localhost:") || strings.HasSuffix(url, ":0") {
		t.Errorf("url = %s, want one to click at", url)
	}
	p := dial(t, url, nil)
	p.send(`{}`)
	p.want()

	// A request that is being worked on when the server is told to stop.
	f.set(func() { f.hold, f.holding = make(chan struct{}), make(chan struct{}, 10) })
	answer := make(chan string, 1)
	go func() {
		res, err := http.Post(url+"/v1/events", "application/json", strings.NewReader(`{"item":"dracula"}`))
		if err != nil {
			answer <- err.Error()
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		answer <- fmt.Sprint(res.StatusCode, " ", string(body))
	}()
	<-f.holding
	stop()
	p.wantClose(websocket.StatusGoingAway)
	close(f.hold)
	if got := <-answer; !strings.HasPrefix(got, `200 {"accepted":1,`) {
		t.Errorf("the request in flight = %s, want it to be answered", got)
	}
	if err := end(); err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
	if _, err := http.Get(url + "/healthz"); err == nil {
		t.Error("the server still answers")
	}
}

func TestRun_EndsThoughAClientDoesNot(t *testing.T) {
	f := newFake(library...)
	url, stop, end := startRun(t, f, nil)
	// A WebSocket whose client never reads, and a request that is never sent to its end.
	dial(t, url, nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /v1/items HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n[{")
	stop()
	if err := end(); err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
}

type brokenCatalog struct{ *fakeCatalog }

func (brokenCatalog) Run(context.Context) error { return errors.New("the disk is gone") }

func TestRun_EndsWithTheCatalog(t *testing.T) {
	s := newTestServer(t, brokenCatalog{newFake()}, func(o *Options) { o.Addr = "localhost:0" })
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "the disk is gone") {
		t.Errorf("Run = %v, want the catalog's reason", err)
	}
}

func TestRun_TellsWhyItCannotListen(t *testing.T) {
	taken, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	for addr, want := range map[string]string{
		"localhost:" + port:      "port " + port + " is taken; try --addr localhost:",
		"8080":                   "is not an address; write host and port",
		"host.invalid:80":        "; try --addr localhost:8080",
		"localhost:no-such-port": "; try --addr localhost:8080",
	} {
		s := newTestServer(t, newFake(), func(o *Options) { o.Addr, o.Open = addr, true })
		if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Run at %q = %v, want %q in it", addr, err, want)
		}
	}
}

// Other machines are let in on purpose only.
func TestRun_ListensToThisMachineAloneUnlessToldWhoMay(t *testing.T) {
	_, keys := testKeys(t, access.All)
	for name, tc := range map[string]struct {
		addr string
		keys store.Keys
		open bool
		want string // of the error; "" listens
	}{
		"this machine":                {"localhost:0", nil, false, ""},
		"this machine, by number":     {"127.0.0.1:0", storetest.NewModel(), false, ""},
		"every machine":               {":0", nil, false, "--open"},
		"every machine, no key yet":   {":0", storetest.NewModel(), false, "nigh key create"},
		"every machine, with a key":   {":0", keys, false, ""},
		"every machine, open":         {":0", storetest.NewModel(), true, ""},
		"open, with a key":            {"localhost:0", keys, true, "leave it out"},
		"another name of the machine": {"0.0.0.0:0", nil, false, "--open"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		s := newTestServer(t, newFake(), func(o *Options) {
			o.Addr, o.Keys, o.Open = tc.addr, tc.keys, tc.open
			o.Ready = func(string) { cancel() }
		})
		err := s.Run(ctx)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: Run = %v, want %q", name, err, tc.want)
		}
		cancel()
	}
}

func TestClickable_NamesWhatABrowserCanOpen(t *testing.T) {
	got := &net.TCPAddr{IP: net.IPv6zero, Port: 4711}
	for asked, want := range map[string]string{
		":0": "localhost:4711", "0.0.0.0:0": "localhost:4711", "[::]:0": "localhost:4711",
		"example.org:0": "example.org:4711", "[::1]:0": "[::1]:4711", "localhost:http": "localhost:4711",
	} {
		if s := clickable(asked, got); s != want {
			t.Errorf("clickable(%q) = %q, want %q", asked, s, want)
		}
	}
}

func TestDelay_HoldsAnswersBack(t *testing.T) {
	const delay = 50 * time.Millisecond
	_, url := startTestServer(t, newFake(library...), func(o *Options) { o.Delay = delay })
	took := func(f func()) time.Duration { start := time.Now(); f(); return time.Since(start) }
	if d := took(func() {
		res, err := http.Get(url + "/v1/recommendations")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}); d < delay {
		t.Errorf("an answer took %v, want at least %v", d, delay)
	}
	p := dial(t, url, nil)
	if d := took(func() { p.send(`{}`); p.want() }); d < delay {
		t.Errorf("a message took %v, want at least %v", d, delay)
	}
}
