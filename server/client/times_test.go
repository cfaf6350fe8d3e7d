package client_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"nigh/core/wire"
)

// An op of weeks ago keeps its time; one of the future, or of a clock that was never set, happened when it came.
func TestServer_KeepsTheTimesOfOpsWithinBounds(t *testing.T) {
	url, cat, stop := serve(t.Context(), nil)
	defer stop()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(url, "http")+"/v1/sync", &websocket.DialOptions{Subprotocols: []string{wire.Subprotocol}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	conn.SetReadLimit(wire.MaxServerFrame)
	before := time.Now().UnixMilli()
	weeks := before - 40*24*3_600_000
	frames := []wire.Message{
		&wire.Hello{Version: wire.Version, Client: "times", User: "ada"},
		&wire.Ops{First: 1, Ops: []wire.Op{
			{Event: true, Kind: "like", Item: "moby-dick", AtMillis: weeks},
			{Event: true, Kind: "like", Item: "nautilus", AtMillis: before + 365*24*3_600_000},
			{Event: true, Kind: "like", Item: "dracula", AtMillis: 1000},
		}},
	}
	for _, m := range frames {
		if err := conn.Write(ctx, websocket.MessageBinary, wire.Encode(m)); err != nil {
			t.Fatal(err)
		}
	}
	for acked := false; !acked; {
		_, b, err := conn.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		m, _ := wire.Decode(b)
		_, acked = m.(*wire.Ack)
	}
	h, _, err := cat.Profile(ctx, "ada")
	if err != nil || len(h) != 3 {
		t.Fatalf("history = %v, %v, want three items", h, err)
	}
	kept, now := 0, 0
	for _, v := range h {
		switch {
		case v.At == weeks:
			kept++
		case v.At >= before && v.At <= time.Now().UnixMilli():
			now++
		}
	}
	if kept != 1 || now != 2 {
		t.Errorf("history = %+v, want one of %d and two of now", h, weeks)
	}
}
