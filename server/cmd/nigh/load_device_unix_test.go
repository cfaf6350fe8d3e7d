//go:build unix

package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"nigh/core"
	"nigh/core/replica"
	"nigh/core/wire"
	"nigh/server/client"
)

// way leads to the server, whichever life it is in: who dials while there is none waits for the next.
type way struct {
	client *http.Client

	mu   sync.Mutex
	addr string
	up   chan struct{} // closed while there is an address
}

func newWay() *way {
	w := &way{up: make(chan struct{})}
	w.client = &http.Client{Transport: &http.Transport{DialContext: w.dial}}
	return w
}

func (w *way) open(url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.addr = strings.TrimPrefix(url, "http://")
	close(w.up)
}

func (w *way) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.up = make(chan struct{})
}

func (w *way) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	w.mu.Lock()
	up := w.up
	w.mu.Unlock()
	select {
	case <-up:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	w.mu.Lock()
	addr := w.addr
	w.mu.Unlock()
	return (&net.Dialer{}).DialContext(ctx, network, addr)
}

// deviceTags is how many ops a device may record: an op's value in thousandths says whose it is and which.
const deviceTags = 1_000_000

// device is a native client with a file, which outlives the client as it outlives the server. It records whether or not
// there is a server.
type device struct {
	t    *testing.T
	user string
	tag  int64 // of its op 0
	path string
	way  *way
	rng  *rand.Rand
	// patient: it waits as long as a client does between connections.
	patient bool

	recorded int64  // ops that Record returned for: they are in the file
	acked    uint64 // ops that the server has acknowledged
	unheard  int    // how often it held more than it had said
}

// live has one client after the other until ctx is done.
func (d *device) live(ctx context.Context) {
	for ctx.Err() == nil && !d.t.Failed() {
		d.life(ctx, func(c *client.Client) {
			for range 20 + d.rng.IntN(400) {
				// Not without end: what it may keep is bounded.
				if c.Until(ctx, func(c *client.Client) bool { return c.Status().Pending < 100 }) != nil {
					return
				}
				d.record(c)
			}
		})
	}
}

// rest has a last client until nothing is left to be acknowledged, and the copy is the server's.
func (d *device) rest() {
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	d.life(ctx, func(c *client.Client) {
		d.record(c)
		if err := c.Until(ctx, client.Live); err != nil {
			d.t.Errorf("%s is not live again: %v; %+v", d.user, err, c.Status())
		}
		if s := c.Status(); s.Differ > 0 || uint64(s.Items) != s.AllItems {
			d.t.Errorf("%s: %d lists differ from the server's, %d of %d items are held", d.user, s.Differ, s.Items, s.AllItems)
		}
	})
	if d.acked != uint64(d.recorded) {
		d.t.Errorf("%s: %d ops are acknowledged at the end, %d were recorded", d.user, d.acked, d.recorded)
	}
}

func (d *device) record(c *client.Client) {
	n := d.recorded + 1
	item := core.ItemID("item" + string(rune('0'+n%10)))
	if err := c.Record(context.Background(), "view", item, float64(d.tag+n)/1000); err != nil {
		d.t.Errorf("%s: record op %d: %v", d.user, n, err)
		return
	}
	d.recorded = n
}

// life is one client's.
func (d *device) life(ctx context.Context, work func(*client.Client)) {
	// A process that is being started holds every open file until it runs its own program, a file's lock too.
	file, err := client.OpenFile(d.path)
	for late := time.Now().Add(10 * time.Second); errors.Is(err, syscall.EWOULDBLOCK) && time.Now().Before(late); {
		<-time.After(time.Millisecond)
		file, err = client.OpenFile(d.path)
	}
	if err != nil {
		d.t.Error(err)
		return
	}
	defer file.Close()
	var c *client.Client
	c, err = client.New(client.Options{
		URL: "http://localhost", User: d.user, Store: file, HTTPClient: d.way.client, OnFrame: d.heard,
		OnStatus: func(s replica.Status) {
			if s.State == replica.Offline && !d.patient {
				c.Online() // the way waits for the server
			}
			if s.Error != "" {
				d.t.Errorf("%s: %s", d.user, s.Error)
			}
		},
	})
	if err != nil {
		d.t.Error(err)
		return
	}
	c.Ask(replica.Question{Name: "you", Limit: 5})
	running, end := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- c.Run(running) }()
	work(c)
	end()
	if err := <-done; err != nil {
		d.t.Errorf("%s: %v", d.user, err)
	}
}

// heard takes note of what the server says that it holds.
func (d *device) heard(frame []byte) {
	m, err := wire.Decode(frame)
	if err != nil {
		d.t.Errorf("%s: %v", d.user, err)
		return
	}
	switch m := m.(type) {
	case *wire.Welcome:
		if m.LastOp < d.acked {
			d.t.Errorf("%s: the server holds ops up to %d, %d were acknowledged", d.user, m.LastOp, d.acked)
		}
		if m.LastOp > d.acked {
			d.unheard++
		}
		d.acked = max(d.acked, m.LastOp)
	case *wire.Ack:
		if len(m.Refused) > 0 {
			d.t.Errorf("%s: refused: %+v", d.user, m.Refused)
		}
		d.acked = max(d.acked, m.Op)
	case *wire.Reset:
		d.t.Errorf("%s: reset: %s", d.user, m.Reason)
	}
}
