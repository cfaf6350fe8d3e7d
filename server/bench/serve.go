package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"nigh/server"
	"nigh/server/catalog"
	"nigh/server/store"
	"nigh/server/store/sqlite"
)

// ServeOptions say what Serve serves, and how it is asked.
type ServeOptions struct {
	Items       []store.Item
	Events      []store.Event // of those items, in order of time
	History     int           // items in a question's history
	Connections int
	Gzip        bool // ask for compressed answers
	For         time.Duration
	// Loader puts a load on; nil is Load.Run in this process. To be honest it is a process of its own: a loader within
	// the server's would share its scheduler and its garbage.
	Loader   func(context.Context, Load) (LoadFigures, error)
	Progress Progress
}

// Serve measures POST /v1/recommendations: answers a second and how long one takes, with the load on the same machine.
// The yardstick is a bare net/http handler that answers as many bytes under the same load.
func Serve(ctx context.Context, opt ServeOptions) (*Result, error) {
	if len(opt.Items) == 0 {
		return nil, errors.New("there are no items to recommend; name a file that has some")
	}
	live, err := openLive(ctx)
	if err != nil {
		return nil, err
	}
	defer live.close()
	opt.Progress.tell("putting %d items in", len(opt.Items))
	if err := live.fill(ctx, opt.Items, opt.Events); err != nil {
		return nil, err
	}
	load := Load{
		Addr: live.addr, Path: "/v1/recommendations", Bodies: questions(opt.Items, opt.History),
		Connections: opt.Connections, Gzip: opt.Gzip, For: opt.For, Warm: opt.For / 5,
	}
	opt.Progress.tell("asking for recommendations")
	got, cpu, err := opt.load(ctx, load)
	if err != nil {
		return nil, fmt.Errorf("put a load on nigh: %w", err)
	}
	bare, stop, err := bareServer(int(got.Bytes))
	if err != nil {
		return nil, err
	}
	defer stop()
	opt.Progress.tell("asking a bare server")
	load.Addr = bare
	base, bareCPU, err := opt.load(ctx, load)
	if err != nil {
		return nil, fmt.Errorf("put a load on a bare server: %w", err)
	}
	figures, baseFigures := got.figures(), base.figures()
	if cpu > 0 && bareCPU > 0 {
		figures["cpu_us"], baseFigures["cpu_us"] = cpu, bareCPU
	}
	r := newResult("serve")
	r.Cases = []Case{{
		Name:      fmt.Sprintf("items=%d/history=%d/connections=%d", len(opt.Items), opt.History, opt.Connections),
		Figures:   figures,
		Yardstick: Yardstick{"bare net/http, the same number of bytes", baseFigures},
		Ratio:     got.PerS / base.PerS,
	}}
	return r, nil
}

// load puts a load on and returns, beside its figures, the processor time in µs that this process took for an answer; 0
// if it is not known, or is not the server's alone.
func (o *ServeOptions) load(ctx context.Context, l Load) (LoadFigures, float64, error) {
	if o.Loader == nil {
		got, err := l.Run(ctx)
		return got, 0, err
	}
	before := cpuTime()
	got, err := o.Loader(ctx, l)
	if err != nil {
		return got, 0, err
	}
	return got, micros(cpuTime()-before) / float64(got.Sent), nil
}

// maxQuestions is how many different questions a load has.
const maxQuestions = 1000

// questions returns requests for recommendations after some items each, by chance but always the same.
func questions(items []store.Item, history int) [][]byte {
	type visited struct {
		Item string `json:"item"`
	}
	rnd := rand.New(rand.NewPCG(1, 10))
	out := make([][]byte, maxQuestions)
	for i := range out {
		var q struct {
			History []visited `json:"history"`
		}
		for range history {
			q.History = append(q.History, visited{items[rnd.IntN(len(items))].ID})
		}
		out[i], _ = json.Marshal(q) // texts alone
	}
	return out
}

// bareServer answers every request with size bytes, and does nothing else. stop ends it.
func bareServer(size int) (addr string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	answer := make([]byte, size)
	hs := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, _ = w.Write(answer)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = hs.Serve(l) }()
	return l.Addr().String(), func() { _ = hs.Close(); <-done }, nil
}

// liveServer is a server on a free port of this machine, with a catalog on disk in a folder of its own.
type liveServer struct {
	catalog *catalog.Catalog
	addr    string
	parts   *parts // of the owner's work
	end     func() error
}

// openLive starts a server with an empty catalog.
func openLive(ctx context.Context) (_ *liveServer, err error) {
	dir, err := os.MkdirTemp("", "nigh-bench-")
	if err != nil {
		return nil, err
	}
	undo := func() error { return os.RemoveAll(dir) }
	defer func() {
		if err != nil {
			_ = undo()
		}
	}()
	db, err := sqlite.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	undo = func() error { return errors.Join(db.Close(), os.RemoveAll(dir)) }
	quiet := slog.New(slog.DiscardHandler)
	work := &parts{took: map[catalog.Part][]time.Duration{}}
	c, err := catalog.Open(ctx, db, catalog.Options{Logger: quiet, Timing: work.add})
	if err != nil {
		return nil, err
	}
	ready := make(chan string, 1)
	// A log is written as nigh serve does: to nowhere, but line by line.
	lines := slog.New(slog.NewTextHandler(io.Discard, nil))
	s, err := server.New(server.Options{
		Catalog: server.Live(c), Logger: lines, Addr: "127.0.0.1:0", Ready: func(url string) { ready <- url[len("http://"):] },
		Sync: server.Sync(c, 0),
	})
	if err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- s.Run(run) }()
	l := &liveServer{catalog: c, parts: work, end: func() error { stop(); return errors.Join(<-done, undo()) }}
	select {
	case l.addr = <-ready:
		return l, nil
	case err := <-done:
		stop()
		return nil, err
	}
}

func (l *liveServer) close() error { return l.end() }

// fillBatch is how many rows one call of fill brings in.
const fillBatch = 2000

// fill brings items and events in and waits until all of it is learnt.
func (l *liveServer) fill(ctx context.Context, items []store.Item, events []store.Event) error {
	for at := 0; at < len(items); at += fillBatch {
		results, err := l.catalog.PutItems(ctx, items[at:min(at+fillBatch, len(items))])
		if err != nil {
			return err
		}
		for _, r := range results {
			if r.Err != nil {
				return r.Err
			}
		}
	}
	for at := 0; at < len(events); at += fillBatch {
		results, err := l.catalog.RecordEvents(ctx, events[at:min(at+fillBatch, len(events))])
		if err != nil {
			return err
		}
		for _, r := range results {
			if r.Err != nil {
				return r.Err
			}
		}
	}
	return l.catalog.Settle(ctx)
}
