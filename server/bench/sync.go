package bench

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"nigh/core"
	"nigh/core/replica"
	"nigh/core/wire"
	"nigh/server/deflate"
	"nigh/server/store"
)

// SyncOptions say what Sync brings to a client.
type SyncOptions struct {
	Items    []store.Item
	Events   []store.Event // of those items, in order of time
	Rounds   int           // clients that come one after the other
	Progress Progress
}

// Sync measures what a client without a catalog gets until it has one that it may show: bytes of the connection, in both
// directions, and the time from dialling on, with inflating, reading and indexing. The client is core/replica in this
// process. The yardsticks are the same records as gzipped JSON, and the same number of bytes written to a TCP connection.
func Sync(ctx context.Context, opt SyncOptions) (*Result, error) {
	if len(opt.Items) == 0 {
		return nil, errors.New("there are no items to bring to a client; name a file that has some")
	}
	live, err := openLive(ctx)
	if err != nil {
		return nil, err
	}
	defer live.close()
	opt.Progress.tell("putting %d items and %d events in", len(opt.Items), len(opt.Events))
	if err := live.fill(ctx, opt.Items, opt.Events); err != nil {
		return nil, err
	}
	opt.Progress.tell("syncing")
	cold, err := syncOnce(ctx, live.addr)
	if err != nil {
		return nil, fmt.Errorf("sync: %w", err)
	}
	n := float64(cold.index.Len())
	packed, err := gzippedJSON(cold.index)
	if err != nil {
		return nil, err
	}
	warm := make([]synced, opt.Rounds)
	plain := make([]time.Duration, opt.Rounds)
	for i := range warm {
		if warm[i], err = syncOnce(ctx, live.addr); err != nil {
			return nil, fmt.Errorf("sync: %w", err)
		}
		if plain[i], err = writeTCP(ctx, warm[i].bytes); err != nil {
			return nil, fmt.Errorf("write the same bytes: %w", err)
		}
	}
	slices.SortFunc(warm, func(a, b synced) int { return cmp.Compare(a.took, b.took) })
	slices.Sort(plain)
	tcp := plain[len(plain)/2]
	r := newResult("sync")
	timed := func(name string, s synced) {
		figures := map[string]float64{"to_checkpoint_ms": millis(s.took)}
		if s.cpu > 0 {
			figures["cpu_both_ends_ms"] = millis(s.cpu)
		}
		r.Cases = append(r.Cases, Case{
			Name:      fmt.Sprintf("items=%d/%s", len(opt.Items), name),
			Figures:   figures,
			Yardstick: Yardstick{"a TCP connection, as many bytes", map[string]float64{"read_ms": millis(tcp)}},
			Ratio:     float64(tcp) / float64(s.took),
		})
	}
	r.Cases = append(r.Cases, Case{
		Name:      fmt.Sprintf("items=%d/size", len(opt.Items)),
		Figures:   map[string]float64{"item_bytes": float64(cold.bytes) / n, "inflated_item_bytes": float64(cold.inflated) / n},
		Yardstick: Yardstick{"the records as gzipped JSON", map[string]float64{"item_bytes": float64(packed) / n}},
		Ratio:     float64(packed) / float64(cold.bytes),
	})
	timed("first client", cold)
	timed("another", warm[len(warm)/2])
	return r, nil
}

func millis(d time.Duration) float64 { return micros(d) / 1e3 }

// synced is what a sync took.
type synced struct {
	index    *core.Index
	bytes    int64 // of the connection, both ways
	inflated int64 // of frames that came
	took     time.Duration
	cpu      time.Duration // of this process meanwhile: client and server; 0 if it is not known
}

// syncOnce is a client's first sync, until it is live.
func syncOnce(ctx context.Context, addr string) (s synced, err error) {
	began, cpu := time.Now(), cpuTime()
	conn, err := dialSocket(ctx, addr, 64<<10)
	if err != nil {
		return s, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := conn.upgrade(addr, "/v1/sync", wire.Subprotocol); err != nil {
		return s, err
	}
	m := replica.New(replica.Config{Client: "bench-" + fmt.Sprint(began.UnixNano()), Seed: 1, Inflates: true})
	status := replica.Status{}
	step := func(in replica.Input) error {
		for _, e := range m.Step(in, time.Now().UnixMilli()) {
			switch e := e.(type) {
			case replica.Send:
				if err := conn.send(e.Bytes); err != nil {
					return err
				}
			case replica.Close:
				return fmt.Errorf("the client ended the connection with %d: %s", e.Code, e.Reason)
			case replica.Status:
				status = e
			}
		}
		return nil
	}
	if err := errors.Join(step(replica.Start{}), step(replica.Opened{})); err != nil {
		return s, err
	}
	for status.State != replica.Live {
		frame, err := conn.next()
		if err != nil {
			return s, err
		}
		frame = bytes.Clone(frame) // the replica may keep it
		plain, err := deflate.Inflate(frame)
		if err != nil {
			return s, err
		}
		s.inflated += int64(len(plain))
		if err := step(replica.Frame{Bytes: plain, Size: len(frame)}); err != nil {
			return s, err
		}
	}
	s.took, s.cpu, s.index, s.bytes = time.Since(began), cpuTime()-cpu, m.Index(), conn.bytes.Load()
	return s, nil
}

// gzippedJSON returns how many bytes the records of an index take as JSON, gzipped.
func gzippedJSON(x *core.Index) (int, error) {
	var all []*core.Record
	x.Each(func(r *core.Record) bool { all = append(all, r); return true })
	slices.SortFunc(all, func(a, b *core.Record) int { return cmp.Compare(a.Num, b.Num) })
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if err := json.NewEncoder(w).Encode(all); err != nil {
		return 0, err
	}
	err := w.Close()
	return out.Len(), err
}

// writeTCP returns how long n bytes take through a new TCP connection on this machine.
func writeTCP(ctx context.Context, n int64) (time.Duration, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	sent := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			_, err = conn.Write(make([]byte, n))
			err = errors.Join(err, conn.Close())
		}
		sent <- err
	}()
	began := time.Now()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	got, err := io.Copy(io.Discard, conn)
	took := time.Since(began)
	if err = errors.Join(err, <-sent); err == nil && got != n {
		err = io.ErrUnexpectedEOF
	}
	return took, err
}
