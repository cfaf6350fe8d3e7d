package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
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
	round, bytes uint64
	first, last  time.Time // of the last round
}

// commitClock notes when the last commit was on disk.
type commitClock struct {
	store.Store
	at atomic.Int64 // Unix nanoseconds
}

// Commit implements store.Store.
func (c *commitClock) Commit(ctx context.Context, b store.Batch) error {
	err := c.Store.Commit(ctx, b)
	c.at.Store(time.Now().UnixNano())
	return err
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
	p.first, p.last = time.Unix(0, n.First), time.Unix(0, n.Last)
	return nil
}

// burst is what came of deltas that were kept in flight for a while.
type burst struct{ rate, cpu []float64 }

func (b *burst) figures() map[string]float64 {
	out := map[string]float64{"deliveries_per_s": median(b.rate)}
	if c := median(b.cpu); c > 0 {
		out["cpu_us"] = c
	}
	return out
}

// measure keeps deltas in flight for opt.For: deliveries a second, and what of the processor each took in this process.
func (b *burst) measure(ctx context.Context, f *fanout, p *progressOf, send func() (uint64, error)) error {
	begin, end, cpu := time.Now(), time.Now().Add(f.opt.For), cpuTime()
	var out []uint64 // rounds that not all have
	sent := 0
	last := begin
	for time.Now().Before(end) || len(out) > 0 {
		for len(out) > 0 && out[0] <= p.round {
			out, last = out[1:], p.last
		}
		switch {
		case len(out) < f.opt.InFlight && time.Now().Before(end):
			round, err := send()
			if err != nil {
				return err
			}
			out = append(out, round)
			sent++
			for len(f.crowd.news) > 0 {
				if err := f.wait(ctx); err != nil {
					return err
				}
			}
		case len(out) > 0:
			if err := f.wait(ctx); err != nil {
				return err
			}
		}
	}
	deliveries := float64(sent) * float64(f.clients)
	b.rate = append(b.rate, deliveries/last.Sub(begin).Seconds())
	b.cpu = append(b.cpu, micros(cpuTime()-cpu)/deliveries)
	return nil
}

// plainWrite is one round of the yardstick.
func (f *fanout) plainWrite() (uint64, error) { return f.plain.write(make([]byte, f.bytes)) }

// many measures with many deltas on their way, nigh and its yardstick in turn.
func (f *fanout) many(ctx context.Context) ([]Case, error) {
	var nigh, plain burst
	for i := range f.opt.Rounds {
		f.opt.Progress.tell("%d clients, %d deltas in flight: round %d of %d", f.clients, f.opt.InFlight, i+1, f.opt.Rounds)
		if err := nigh.measure(ctx, f, &f.sync, func() (uint64, error) { return f.edit(ctx) }); err != nil {
			return nil, err
		}
		if err := plain.measure(ctx, f, &f.tcp, f.plainWrite); err != nil {
			return nil, err
		}
	}
	return []Case{{
		Name:      fmt.Sprintf("clients=%d/bytes=%d/in-flight=%d", f.clients, f.opt.Bytes, f.opt.InFlight),
		Figures:   nigh.figures(),
		Yardstick: Yardstick{"a loop of one TCP write each, the same bytes", plain.figures()},
		Ratio:     median(nigh.rate) / median(plain.rate),
	}}, nil
}

// single measures one delta at a time.
func (f *fanout) single(ctx context.Context) (cases []Case, err error) {
	for _, pace := range []int{10, 100} {
		f.opt.Progress.tell("%d clients, one delta at a time, %d a second", f.clients, pace)
		c, err := f.paced(ctx, pace, f.plainWrite)
		if err != nil {
			return nil, err
		}
		cases = append(cases, c)
	}
	return cases, nil
}

// paced sends one delta at a time, and between two of them one by the yardstick.
func (f *fanout) paced(ctx context.Context, pace int, plain func() (uint64, error)) (Case, error) {
	var first, last, plainFirst, plainLast []time.Duration
	n := max(int(f.opt.For.Seconds()*float64(f.opt.Rounds*pace)), 3)
	tick := time.NewTicker(time.Second / time.Duration(2*pace))
	defer tick.Stop()
	for range n {
		round, err := f.edit(ctx)
		if err != nil {
			return Case{}, err
		}
		sent := time.Unix(0, f.commits.at.Load())
		for f.sync.round < round {
			if err := f.wait(ctx); err != nil {
				return Case{}, err
			}
		}
		first, last = append(first, f.sync.first.Sub(sent)), append(last, f.sync.last.Sub(sent))
		<-tick.C
		sent = time.Now()
		if round, err = plain(); err != nil {
			return Case{}, err
		}
		for f.tcp.round < round {
			if err := f.wait(ctx); err != nil {
				return Case{}, err
			}
		}
		plainFirst, plainLast = append(plainFirst, f.tcp.first.Sub(sent)), append(plainLast, f.tcp.last.Sub(sent))
		<-tick.C
	}
	figures := func(first, last []time.Duration) map[string]float64 {
		slices.Sort(first)
		slices.Sort(last)
		return map[string]float64{
			"first_p50_ms": millis(percentile(first, .5)), "first_p99_ms": millis(percentile(first, .99)),
			"last_p50_ms": millis(percentile(last, .5)), "last_p99_ms": millis(percentile(last, .99)),
		}
	}
	c := Case{
		Name:      fmt.Sprintf("clients=%d/bytes=%d/deltas_per_s=%d", f.clients, f.opt.Bytes, pace),
		Figures:   figures(first, last),
		Yardstick: Yardstick{"a loop of one TCP write each, in between", figures(plainFirst, plainLast)},
	}
	c.Ratio = c.Yardstick.Figures["last_p99_ms"] / c.Figures["last_p99_ms"]
	return c, nil
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}

// plainLoop is the yardstick: connections, and a write to each.
type plainLoop struct {
	listener net.Listener
	conns    []net.Conn
	rounds   uint64
}

func listenPlain() (*plainLoop, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &plainLoop{listener: l}, nil
}

func (p *plainLoop) addr() string { return p.listener.Addr().String() }

func (p *plainLoop) accept(n int) error {
	for range n {
		conn, err := p.listener.Accept()
		if err != nil {
			return err
		}
		p.conns = append(p.conns, conn)
	}
	return nil
}

func (p *plainLoop) write(b []byte) (uint64, error) {
	for _, conn := range p.conns {
		if _, err := conn.Write(b); err != nil {
			return 0, err
		}
	}
	p.rounds++
	return p.rounds, nil
}

func (p *plainLoop) close() {
	_ = p.listener.Close()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
}
