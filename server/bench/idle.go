package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// IdleOptions say how many connections Idle makes.
type IdleOptions struct {
	Clients  int
	Crowd    CrowdProcess
	Progress Progress
}

// Idle measures what a reader who says nothing costs the server: memory resident for each connection, when all of them
// have been brought up to the catalog and the garbage of that was given back to the system. The yardstick is a bare
// WebSocket of the same library with a goroutine that reads and one that would write, without any of nigh.
func Idle(ctx context.Context, opt IdleOptions) (*Result, error) {
	if opt.Clients < 1 {
		return nil, errors.New("idle needs clients")
	}
	live, err := openLiveWith(ctx, liveOptions{memory: true, change: manyClients(opt.Clients)})
	if err != nil {
		return nil, err
	}
	defer live.close()
	if err := live.fill(ctx, editable(), nil); err != nil {
		return nil, err
	}
	opt.Progress.tell("%d readers of nigh", opt.Clients)
	nigh, err := opt.measure(ctx, crowdOrder{Kind: crowdSync, Addr: live.addr, N: opt.Clients})
	if err != nil {
		return nil, err
	}
	bare, stop, err := bareSockets()
	if err != nil {
		return nil, err
	}
	defer stop()
	opt.Progress.tell("%d bare WebSockets", opt.Clients)
	base, err := opt.measure(ctx, crowdOrder{Kind: crowdBare, Addr: bare, N: opt.Clients})
	if err != nil {
		return nil, err
	}
	r := newResult("idle")
	r.Cases = []Case{{
		Name:      fmt.Sprintf("clients=%d", opt.Clients),
		Figures:   nigh,
		Yardstick: Yardstick{"coder/websocket, a reading and a writing goroutine each", base},
		Ratio:     base["resident_bytes"] / nigh["resident_bytes"],
	}}
	return r, nil
}

// measure connects a crowd and returns what of this process grew with it, for each connection.
func (o *IdleOptions) measure(ctx context.Context, order crowdOrder) (map[string]float64, error) {
	crowd, err := startCrowd(ctx, o.Crowd, o.Clients)
	if err != nil {
		return nil, err
	}
	defer crowd.close()
	before := footprint()
	if _, err := crowd.connect(ctx, order); err != nil {
		return nil, err
	}
	time.Sleep(200 * time.Millisecond) // the last welcome is read before the server's side of it has ended
	peak := residentBytes()
	after := footprint()
	each := func(a, b float64) float64 { return (a - b) / float64(o.Clients) }
	return map[string]float64{
		"resident_bytes": each(after.resident, before.resident), "heap_bytes": each(after.heap, before.heap),
		"stack_bytes": each(after.stack, before.stack), "goroutines": each(after.goroutines, before.goroutines),
		"resident_at_once_bytes": each(peak, before.resident), // before the garbage of connecting is given back
	}, nil
}

// memory is what this process holds.
type memory struct{ resident, heap, stack, goroutines float64 }

// footprint gives back what is not needed, and measures the rest. Stacks shrink by half with each collection.
func footprint() memory {
	for range 3 {
		runtime.GC()
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memory{residentBytes(), float64(m.HeapAlloc), float64(m.StackInuse), float64(runtime.NumGoroutine())}
}

// residentBytes is what this process has of the machine's memory.
func residentBytes() float64 { return Holds().Resident * (1 << 20) }

// bareSockets is the yardstick: a WebSocket, a goroutine that reads, and one that waits for something to write.
func bareSockets() (addr string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var open sync.WaitGroup
	hs := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open.Add(1)
		defer open.Done()
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
		if err != nil {
			return
		}
		defer conn.CloseNow()
		out := make(chan []byte, 16)
		var writer sync.WaitGroup
		defer writer.Wait()
		ended, end := context.WithCancel(ctx)
		defer end()
		writer.Go(func() {
			for {
				select {
				case b := <-out:
					if conn.Write(ended, websocket.MessageBinary, b) != nil {
						return
					}
				case <-ended.Done():
					return
				}
			}
		})
		for {
			_, b, err := conn.Read(ended)
			if err != nil {
				return
			}
			out <- b
		}
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = hs.Serve(l) }()
	return l.Addr().String(), func() { cancel(); _ = hs.Close(); <-done; open.Wait() }, nil
}
