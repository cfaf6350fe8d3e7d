//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"nigh/core/wire"
	"nigh/server/store"
)

func putItems(t *testing.T, url string) {
	t.Helper()
	var items []store.Item
	for i := range 20 {
		items = append(items, store.Item{ID: fmt.Sprint("item", i), Title: fmt.Sprint("Story ", i), Tags: []string{fmt.Sprint("tag", i%3)}})
	}
	if err := post(t.Context(), url+"/v1/items", items); err != nil {
		t.Fatal(err)
	}
}

func post(ctx context.Context, url string, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", res.StatusCode)
	}
	return json.NewDecoder(res.Body).Decode(&struct{}{})
}

// perEvent is by how many thousandths the value of the n-th event of a poster or page is above that of the one before.
const perEvent = 1000

// poster sends events with ids, most at a time. What was not acknowledged it sends again in the server's next life.
type poster struct {
	t     *testing.T
	name  string
	most  int64 // events in a body
	acked int64 // all up to here
}

func (p *poster) work(ctx context.Context, url string, acked func(rows int)) {
	for {
		var events []store.Event
		for tag := p.acked + 1; tag <= p.acked+p.most; tag++ {
			events = append(events, store.Event{
				User: p.name, Item: fmt.Sprint("item", tag%20), Kind: "view", Value: float64(tag), ID: fmt.Sprint(p.name, "-", tag),
			})
		}
		if post(ctx, url+"/v1/events", events) != nil {
			return // killed, or about to stop
		}
		p.acked += int64(len(events))
		acked(len(events))
	}
}

// page speaks the channel: ops numbered through all of the server's lives. Unlike a device it does not listen to what the
// server says at the welcome: whatever was not acknowledged it sends again, though the server may hold it.
type page struct {
	t     *testing.T
	name  string
	acked uint64
}

func (p *page) work(ctx context.Context, url string, acked func(rows int)) {
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(url, "http")+"/v1/sync",
		&websocket.DialOptions{Subprotocols: []string{wire.Subprotocol}})
	if err != nil {
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(wire.MaxServerFrame)
	send := func(m wire.Message) bool { return conn.Write(ctx, websocket.MessageBinary, wire.Encode(m)) == nil }
	if !send(&wire.Hello{Version: wire.Version, Client: p.name, User: p.name, LastOp: p.acked}) {
		return
	}
	next := uint64(0)
	for {
		_, b, err := conn.Read(ctx)
		if err != nil {
			return
		}
		m, err := wire.Decode(b)
		if err != nil {
			p.t.Errorf("%s: %v", p.name, err)
			return
		}
		switch m := m.(type) {
		case *wire.Welcome:
			if m.LastOp < p.acked {
				p.t.Errorf("%s: the server holds ops up to %d, %d were acknowledged", p.name, m.LastOp, p.acked)
			}
			next = p.acked + 1
		case *wire.Ack:
			if len(m.Refused) > 0 {
				p.t.Errorf("%s: refused: %+v", p.name, m.Refused)
			}
			acked(int(m.Op - p.acked))
			p.acked = m.Op
			next = m.Op + 1
		case *wire.Reset:
			p.t.Errorf("%s: reset: %s", p.name, m.Reason)
		default:
			continue
		}
		ops := &wire.Ops{First: next}
		for n := next; n < next+2; n++ {
			ops.Ops = append(ops.Ops, wire.Op{
				Event: true, Kind: "view", Item: fmt.Sprint("item", n%20), ValueMilli: int64(n) * perEvent, AtMillis: time.Now().UnixMilli(),
			})
		}
		if !send(ops) {
			return
		}
	}
}
