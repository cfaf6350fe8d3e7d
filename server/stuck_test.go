package server

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"nigh/core/wire"
	"nigh/server/store"
)

var stuck = flag.Int("stuck", 500, "clients that read nothing; `go test ./server -run Stuck -stuck 5000` takes two seconds; the race detector bears no more than 8,000 goroutines")

// Clients that read nothing cost what is on its way to each, not what was sent: deltas are the same bytes for all. When
// their bound is passed they are cut off, and nothing of them is left.
func TestSync_StaysSmallUnderManyStuckClients(t *testing.T) {
	clients := *stuck
	ch := newChannel(t, syncTimed(patient), nil)
	// Little room on this side, so that what is not read soon waits on the other.
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(8 << 10)
		}
		return conn, err
	}}
	defer transport.CloseIdleConnections()
	conns := make([]*websocket.Conn, clients)
	var dialing sync.WaitGroup
	for i := range conns {
		dialing.Go(func() {
			conn, _, err := websocket.Dial(t.Context(), ch.url, &websocket.DialOptions{
				Subprotocols: []string{wire.Subprotocol}, HTTPClient: &http.Client{Transport: transport}})
			if err != nil {
				t.Errorf("dial: %v", err)
				return
			}
			conns[i] = conn
			hello := wire.Encode(&wire.Hello{Version: wire.Version, Client: fmt.Sprint("stuck-", i)})
			err = conn.Write(t.Context(), websocket.MessageBinary, hello)
			for range 3 {
				if _, _, failed := conn.Read(t.Context()); failed != nil {
					err = failed
				}
			}
			if err != nil {
				t.Errorf("say hello: %v", err)
			}
		})
	}
	dialing.Wait()
	if t.Failed() {
		t.FailNow()
	}
	items := make([]store.Item, 6)
	put := func(round int) {
		t.Helper()
		for i := range items { // 12 KB a delta: small enough to be copied when several go out together
			items[i] = store.Item{ID: fmt.Sprint("filler-", i), Title: strings.Repeat(string(rune('a'+round%26)), 2000), Hidden: true}
		}
		if _, err := ch.catalog.PutItems(t.Context(), items); err != nil {
			t.Fatal(err)
		}
	}
	put(0)
	before := heap()
	round := 1
	for ; round < 80; round++ { // 0.96 MB: they bear it, just
		put(round)
	}
	bound := int64(clients)*(mergeBytes+8<<10) + 4*maxQueued
	if grown := heap() - before; grown > bound {
		t.Errorf("%d stuck clients take %d bytes, want at most %d", clients, grown, bound)
	}
	if got := ch.Guard().Open(); got != clients {
		t.Errorf("%d of %d clients are connected, below their bound", got, clients)
	}
	for ; round < 180; round++ { // what the system's buffers hold, and more than the bound
		put(round)
	}
	if grown := heap() - before; grown > bound {
		t.Errorf("%d clients that were cut off take %d bytes, want at most %d", clients, grown, bound)
	}
	for _, conn := range conns {
		_ = conn.CloseNow()
	}
	waitFor(t, "their end", func() bool { return ch.Guard().Open() == 0 })
	if grown := heap() - before; grown > 8<<20 {
		t.Errorf("clients that are gone take %d bytes", grown)
	}
}

// heap is what is in use, without garbage.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
