package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"nigh/core/replica"
	"nigh/core/wire"
	"nigh/server/client"
	"nigh/server/store"
)

// stormNews are what a crowd of real clients tells when all of them are live again.
type stormNews struct {
	Live      int     `json:"live,omitempty"`
	Seconds   float64 `json:"seconds,omitempty"` // from the cut to the last one
	P50       float64 `json:"p50_s,omitempty"`
	Bytes     int64   `json:"bytes,omitempty"` // that all got since the cut
	Resets    int64   `json:"resets,omitempty"`
	Snapshots int64   `json:"snapshots,omitempty"`
}

// storm is a crowd of real clients (package client), whose connections can be cut all at once.
type storm struct {
	clients int
	tell    func(crowdNews)

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	live  map[int]bool
	cutAt time.Time
	lost  map[int]bool // since the cut, not live again
	took  []float64    // seconds from the cut, of those that are live again

	bytes, resets, snapshots atomic.Int64
}

// stormConn is a connection that the storm forgets when it is closed.
type stormConn struct {
	net.Conn
	storm *storm
}

// Close implements net.Conn.
func (c *stormConn) Close() error {
	c.storm.mu.Lock()
	delete(c.storm.conns, c.Conn)
	c.storm.mu.Unlock()
	return c.Conn.Close()
}

// connectReal starts the clients and tells when all are live.
func (c *crowd) connectReal(o crowdOrder) error {
	s := &storm{clients: o.N, tell: c.tell, conns: map[net.Conn]struct{}{}, live: map[int]bool{}, lost: map[int]bool{}}
	c.real = s
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.conns[conn] = struct{}{}
		return &stormConn{conn, s}, nil
	}}
	err := each(o.N, 64, func(i int) error {
		one, err := client.New(client.Options{
			URL: "http://" + o.Addr, HTTPClient: &http.Client{Transport: transport},
			OnStatus: func(st replica.Status) { s.status(i, st) }, OnFrame: s.frame,
		})
		if err != nil {
			return err
		}
		c.wg.Go(func() {
			if err := one.Run(c.ctx); err != nil {
				c.tell(crowdNews{Error: err.Error()})
			}
		})
		return one.Until(c.ctx, client.Live)
	})
	return err
}

// status follows one client.
func (s *storm) status(i int, st replica.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was, is := s.live[i], st.State == replica.Live
	s.live[i] = is
	switch {
	case s.cutAt.IsZero():
		if is && !was && s.allLive() {
			s.tell(crowdNews{Ready: s.clients, Bytes: s.bytes.Load()})
		}
	case is && s.lost[i]:
		delete(s.lost, i)
		s.took = append(s.took, time.Since(s.cutAt).Seconds())
		if len(s.lost) == 0 {
			s.tell(crowdNews{Storm: stormNews{
				Live: s.clients, Seconds: s.took[len(s.took)-1], P50: s.took[len(s.took)/2], Bytes: s.bytes.Load(),
				Resets: s.resets.Load(), Snapshots: s.snapshots.Load(),
			}})
		}
	}
}

func (s *storm) allLive() bool {
	for i := range s.clients {
		if !s.live[i] {
			return false
		}
	}
	return true
}

func (s *storm) frame(b []byte) {
	s.bytes.Add(int64(len(b)))
	m, err := wire.Decode(b)
	if err != nil {
		return
	}
	switch m.(type) {
	case *wire.Reset:
		s.resets.Add(1)
	case *wire.Snapshot:
		s.snapshots.Add(1)
	}
}

// cutReal cuts all connections at once.
func (c *crowd) cutReal() {
	s := c.real
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cutAt = time.Now()
	s.bytes.Store(0)
	s.resets.Store(0)
	s.snapshots.Store(0)
	for i := range s.clients {
		s.lost[i] = true
	}
	for conn := range s.conns {
		_ = conn.Close()
	}
}

// ResumeOptions say what Resume does.
type ResumeOptions struct {
	Items    []int // of the catalogs, a case each
	Edits    int   // that a reader misses
	Clients  int   // that are cut off at once; 0 for none
	Crowd    CrowdProcess
	Progress Progress
}

// Resume measures coming back: the bytes that a reader gets who missed some edits, in catalogs of several sizes, and how
// long thousands take that are cut off at once. The yardsticks are what a reader got who was there all the time, and as
// many bare WebSockets that connect as fast as they can.
func Resume(ctx context.Context, opt ResumeOptions) (*Result, error) {
	if len(opt.Items) == 0 || opt.Edits < 1 {
		return nil, errors.New("resume needs items and edits")
	}
	r := newResult("resume")
	for _, n := range opt.Items {
		c, err := opt.missed(ctx, n)
		if err != nil {
			return nil, err
		}
		r.Cases = append(r.Cases, c)
	}
	if opt.Clients > 0 {
		c, err := opt.storm(ctx)
		if err != nil {
			return nil, err
		}
		r.Cases = append(r.Cases, c)
	}
	return r, nil
}

// missed has one reader miss edits that another one gets.
func (o *ResumeOptions) missed(ctx context.Context, n int) (c Case, err error) {
	o.Progress.tell("%d edits missed, of %d items", o.Edits, n)
	live, err := openLive(ctx)
	if err != nil {
		return c, err
	}
	defer live.close()
	items, _ := Synthetic(n, 0)
	if err := live.fill(ctx, items, nil); err != nil {
		return c, err
	}
	there, here := client.NewMemory(), client.NewMemory()
	full, stop, err := o.reader(ctx, live, here)
	if err != nil {
		return c, err
	}
	defer func() { _ = stop() }()
	_, leave, err := o.reader(ctx, live, there)
	if err != nil {
		return c, err
	}
	if err := leave(); err != nil {
		return c, err
	}
	for i := range o.Edits {
		it := items[i*len(items)/o.Edits]
		it.Description += fmt.Sprintf(" edited%d", i) // a word, as edits mostly are
		res, err := live.catalog.PutItems(ctx, []store.Item{it})
		if err == nil {
			err = res[0].Err
		}
		if err != nil {
			return c, err
		}
	}
	if err := live.catalog.Settle(ctx); err != nil {
		return c, err
	}
	resumed, leave, err := o.reader(ctx, live, there)
	if err != nil {
		return c, err
	}
	if err := leave(); err != nil {
		return c, err
	}
	at := uint64(live.catalog.Version().Seq)
	if err := full.one.Until(ctx, func(c *client.Client) bool { return c.Status().Seq >= at }); err != nil {
		return c, err
	}
	deltas := float64(full.one.Status().BytesIn - full.bytes)
	c = Case{
		Name: fmt.Sprintf("items=%d/missed=%d", n, o.Edits),
		Figures: map[string]float64{
			"bytes": float64(resumed.bytes), "bytes_an_edit": float64(resumed.bytes) / float64(o.Edits), "first_sync_bytes": float64(full.bytes),
		},
		Yardstick: Yardstick{"a reader who was there all the time", map[string]float64{"bytes": deltas, "bytes_an_edit": deltas / float64(o.Edits)}},
		Ratio:     deltas / float64(resumed.bytes),
	}
	return c, nil
}

// liveReader is a client that has become live, and what that took.
type liveReader struct {
	one   *client.Client
	bytes int64
}

// reader starts a client and waits until it is live; stop ends it.
func (o *ResumeOptions) reader(ctx context.Context, live *liveServer, s client.Store) (*liveReader, func() error, error) {
	one, err := client.New(client.Options{URL: "http://" + live.addr, Store: s})
	if err != nil {
		return nil, nil, err
	}
	running, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- one.Run(running) }()
	stop := sync.OnceValue(func() error { cancel(); return <-done })
	if err := one.Until(ctx, client.Live); err != nil {
		ended := stop()
		return nil, nil, errors.Join(err, ended)
	}
	return &liveReader{one, one.Status().BytesIn}, stop, nil
}

// stormItems is the catalog of a storm: small, for each of thousands of clients in one process has a copy.
const stormItems = 20

// storm cuts thousands of clients off at once.
func (o *ResumeOptions) storm(ctx context.Context) (c Case, err error) {
	o.Progress.tell("%d readers", o.Clients)
	live, err := openLiveWith(ctx, liveOptions{change: manyClients(2 * o.Clients)})
	if err != nil {
		return c, err
	}
	defer live.close()
	items, _ := Synthetic(stormItems, 0)
	if err := live.fill(ctx, items, nil); err != nil {
		return c, err
	}
	crowd, err := startCrowd(ctx, o.Crowd, 2*o.Clients)
	if err != nil {
		return c, err
	}
	defer crowd.close()
	first, err := crowd.connect(ctx, crowdOrder{Kind: crowdReal, Addr: live.addr, N: o.Clients})
	if err != nil {
		return c, err
	}
	o.Progress.tell("cutting them off")
	if err := crowd.order(crowdOrder{Do: "cut"}); err != nil {
		return c, err
	}
	var news crowdNews
	for news.Storm.Live == 0 {
		if news, err = crowd.next(ctx); err != nil {
			return c, err
		}
	}
	bare, stop, err := bareSockets()
	if err != nil {
		return c, err
	}
	defer stop()
	o.Progress.tell("%d bare WebSockets", o.Clients)
	begin := time.Now()
	if _, err := crowd.connect(ctx, crowdOrder{Kind: crowdBare, Addr: bare, N: o.Clients}); err != nil {
		return c, err
	}
	base := time.Since(begin).Seconds()
	s := news.Storm
	return Case{
		Name: fmt.Sprintf("clients=%d/cut off at once", o.Clients),
		Figures: map[string]float64{
			"seconds": s.Seconds, "p50_s": s.P50, "resets": float64(s.Resets), "snapshots": float64(s.Snapshots),
			"bytes_a_client": float64(s.Bytes) / float64(o.Clients), "first_sync_bytes_a_client": float64(first.Bytes) / float64(o.Clients),
		},
		Yardstick: Yardstick{"bare WebSockets of coder/websocket, connected 64 at a time", map[string]float64{"seconds": base}},
		Ratio:     base / s.Seconds,
	}, nil
}
