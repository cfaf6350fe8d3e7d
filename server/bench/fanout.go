package bench

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"nigh/core/wire"
	"nigh/server"
	"nigh/server/catalog"
	"nigh/server/store"
)

// FanoutOptions say what Fanout sends, and to whom.
type FanoutOptions struct {
	Clients  []int // a case each
	Bytes    int   // of a delta, about
	InFlight int   // deltas that not all clients have yet, at most
	Rounds   int   // how often nigh and the yardstick take turns
	For      time.Duration
	Crowd    CrowdProcess // of the clients
	Progress Progress
}

// Bounds of FanoutOptions.Bytes: what is larger is deflated, and hard to make of a size.
const (
	MinDelta = 150
	MaxDelta = 1000
)

// Fanout measures how changes of the catalog reach thousands of readers: deliveries a second while many changes are on
// their way, and how long one change takes to the last of them. Each change is an edit of an item and goes the whole way:
// text, commit, index, channel. With many on their way the store is in memory, for the disk would be what is measured;
// with one at a time it is on disk. The yardstick is a loop that writes as many bytes to plain TCP connections, one write
// each.
func Fanout(ctx context.Context, opt FanoutOptions) (*Result, error) {
	if len(opt.Clients) == 0 || opt.InFlight < 1 || opt.Rounds < 1 || opt.For <= 0 || opt.Bytes < MinDelta || opt.Bytes > MaxDelta {
		return nil, errors.New("a fan-out needs clients, deltas of 150 to 1,000 bytes, some in flight, rounds and a time")
	}
	r := newResult("fanout")
	for _, n := range opt.Clients {
		for _, measure := range []struct {
			memory bool
			run    func(*fanout, context.Context) ([]Case, error)
		}{{true, (*fanout).many}, {false, (*fanout).single}} {
			f, err := openFanout(ctx, opt, n, measure.memory)
			if err != nil {
				return nil, err
			}
			cases, err := measure.run(f, ctx)
			f.close()
			if err != nil {
				return nil, err
			}
			r.Cases = append(r.Cases, cases...)
		}
	}
	return r, nil
}

// fanout is one case: a server and the same number of clients at it and at a plain loop.
type fanout struct {
	opt     FanoutOptions
	clients int
	live    *liveServer
	commits *commitClock
	plain   *plainLoop
	crowd   *crowdLink
	edits   int
	pad     int // letters of an edit's title, so that its delta has opt.Bytes
	bytes   int // of a delta on the wire
	sync    progressOf
	tcp     progressOf
}

// progressOf is how far all clients of one kind are.
type progressOf struct {
	round, bytes      uint64
	wire, first, last time.Time // of the last round, as crowdNews
}

func openFanout(ctx context.Context, opt FanoutOptions, clients int, memory bool) (_ *fanout, err error) {
	f := &fanout{opt: opt, clients: clients}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	opt.Progress.tell("connecting %d clients", clients)
	f.live, err = openLiveWith(ctx, liveOptions{memory: memory, change: manyClients(clients), around: func(s store.Store) store.Store {
		f.commits = &commitClock{Store: s}
		return f.commits
	}})
	if err != nil {
		return nil, err
	}
	if err := f.live.fill(ctx, editable(), nil); err != nil {
		return nil, err
	}
	if err := f.calibrate(ctx); err != nil {
		return nil, err
	}
	if f.plain, err = listenPlain(); err != nil {
		return nil, err
	}
	if f.crowd, err = startCrowd(ctx, opt.Crowd, 2*clients); err != nil {
		return nil, err
	}
	if _, err = f.crowd.connect(ctx, crowdOrder{Kind: crowdSync, Addr: f.live.addr, N: clients}); err != nil {
		return nil, err
	}
	accepted := make(chan error, 1)
	go func() { accepted <- f.plain.accept(clients) }()
	if _, err = f.crowd.connect(ctx, crowdOrder{Kind: crowdTCP, Addr: f.plain.addr(), N: clients, Bytes: f.bytes}); err != nil {
		return nil, err
	}
	f.sync.round = uint64(f.live.catalog.Version().Seq)
	return f, <-accepted
}

// manyClients lets in as many as a bench makes, all of one address.
func manyClients(n int) func(*server.Options) {
	return func(o *server.Options) { o.MaxSockets, o.Limits = n+100, server.NoLimits() }
}

func (f *fanout) close() {
	if f.crowd != nil {
		f.crowd.close()
	}
	if f.plain != nil {
		f.plain.close()
	}
	if f.live != nil {
		_ = f.live.close() // a folder in the system's own place for what is temporary
	}
}

// editableItems is how many items are edited in turn.
const editableItems = 50

func editable() []store.Item {
	items := make([]store.Item, editableItems)
	for i := range items {
		items[i] = store.Item{ID: fmt.Sprintf("item-%d", i), Title: "An item that is edited", Hidden: true}
	}
	return items
}

// edit commits one change, and returns the position of the catalog that holds it. What changes is hidden: nothing else
// is learnt or related because of it.
func (f *fanout) edit(ctx context.Context) (uint64, error) {
	f.edits++
	const digits = 16
	title := fmt.Sprintf("%0*x", digits, uint64(f.edits)*0x9e3779b97f4a7c15)
	for len(title) < f.pad { // letters that no compression makes much shorter
		title += fmt.Sprintf("%0*x", digits, (uint64(f.edits)+uint64(len(title)))*0xbf58476d1ce4e5b9)
	}
	item := store.Item{ID: fmt.Sprintf("item-%d", f.edits%editableItems), Title: title[:max(f.pad, 1)], Hidden: true}
	res, err := f.live.catalog.PutItems(ctx, []store.Item{item})
	if err != nil {
		return 0, err
	}
	return uint64(f.live.catalog.Version().Seq), res[0].Err
}

// measured is where a session's frames go that only looks at the size of the last one.
type measured struct{ bytes atomic.Int64 }

// Send, SendShared and Close implement catalog.Outlet.
func (m *measured) Send(frame []byte)   { m.bytes.Store(int64(len(frame))) }
func (m *measured) SendShared([][]byte) {}
func (m *measured) Close(int, string)   {}

var _ catalog.Outlet = (*measured)(nil)

// calibrate finds the edits whose deltas have opt.Bytes.
func (f *fanout) calibrate(ctx context.Context) error {
	m := &measured{}
	session := catalog.NewSession(f.live.catalog, m)
	defer session.Close()
	if err := session.Frame(ctx, wire.Encode(&wire.Hello{Version: wire.Version, Client: "calibrate", Inflates: true})); err != nil {
		return err
	}
	f.pad = f.opt.Bytes
	for range 6 {
		for range 3 { // all of a shape: a title that is not the first one's
			if _, err := f.edit(ctx); err != nil {
				return err
			}
		}
		f.bytes = int(m.bytes.Load())
		if f.bytes == 0 {
			return errors.New("an edit made no delta")
		}
		if f.bytes == f.opt.Bytes {
			break
		}
		f.pad = min(max(1, f.pad+f.opt.Bytes-f.bytes), catalog.MaxTitleBytes)
	}
	f.bytes += frameHead(f.bytes)
	return nil
}

// frameHead is how long the head of a WebSocket frame is.
func frameHead(n int) int {
	if n < 126 {
		return 2
	}
	return 4
}

// wait takes the crowd's news until one of them changes how far it is.
func (f *fanout) wait(ctx context.Context) error {
	n, err := f.crowd.next(ctx)
	if err != nil {
		return err
	}
	p := &f.sync
	if n.Kind == crowdTCP {
		p = &f.tcp
	}
	p.round, p.bytes = n.Round, uint64(n.Bytes)
	p.wire, p.first, p.last = time.Unix(0, n.Wire), time.Unix(0, n.First), time.Unix(0, n.Last)
	return nil
}
