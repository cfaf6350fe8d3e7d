package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Load is a load to put on a server: connections that each send the next request as soon as the last one is answered.
// It writes ready-made bytes and reads no further than it must, so that it takes little of the machine that it shares
// with the server.
type Load struct {
	Addr        string // host:port
	Path        string
	Bodies      [][]byte // of POST requests with JSON, in turn
	Connections int
	Gzip        bool          // ask for compressed answers, as browsers and Go's own client do; wrk and ab do not
	Warm, For   time.Duration // For is what counts, at least one answer a connection; Warm comes before
}

// LoadFigures are what a Load measured.
type LoadFigures struct {
	Sent     int     `json:"sent"`     // all requests, those of the warming up too
	Requests int     `json:"requests"` // those that counted
	PerS     float64 `json:"requests_per_s"`
	P50      float64 `json:"p50_us"`
	P99      float64 `json:"p99_us"`
	Bytes    float64 `json:"bytes"` // of an answer's body, mean
}

func (f LoadFigures) figures() map[string]float64 {
	return map[string]float64{"requests_per_s": f.PerS, "p50_us": f.P50, "p99_us": f.P99, "bytes": f.Bytes}
}

// Run puts the load on. An answer other than 200 is an error.
func (l Load) Run(ctx context.Context) (LoadFigures, error) {
	if len(l.Bodies) == 0 || l.Connections < 1 || l.For <= 0 {
		return LoadFigures{}, errors.New("a load needs requests, a connection and a time")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	begin := time.Now().Add(l.Warm)
	end := begin.Add(l.For)
	workers := make([]loader, l.Connections)
	errs := make([]error, l.Connections)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			if errs[i] = workers[i].run(ctx, l, i, begin, end); errs[i] != nil {
				cancel()
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return LoadFigures{}, err
	}
	var all []time.Duration
	var size int64
	sent, last := 0, begin
	for i := range workers {
		sent += workers[i].sent
		if workers[i].last.After(last) {
			last = workers[i].last
		}
		all = append(all, workers[i].took...)
		size += workers[i].bytes
	}
	slices.Sort(all)
	return LoadFigures{
		Sent: sent, Requests: len(all), PerS: float64(len(all)) / last.Sub(begin).Seconds(),
		P50: micros(percentile(all, .5)), P99: micros(percentile(all, .99)), Bytes: float64(size) / float64(len(all)),
	}, nil
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// loader is one connection of a Load.
type loader struct {
	sent  int
	took  []time.Duration
	bytes int64
	last  time.Time // when the last answer came
}

func (w *loader) run(ctx context.Context, l Load, first int, begin, end time.Time) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	in := bufio.NewReaderSize(conn, 64<<10)
	accept := ""
	if l.Gzip {
		accept = "Accept-Encoding: gzip\r\n"
	}
	requests := make([][]byte, len(l.Bodies))
	for i, body := range l.Bodies {
		requests[i] = fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s",
			l.Path, l.Addr, accept, len(body), body)
	}
	for i := first; ; i++ {
		start := time.Now()
		if !start.Before(end) && len(w.took) > 0 {
			return nil
		}
		if _, err := conn.Write(requests[i%len(requests)]); err != nil {
			return cause(ctx, fmt.Errorf("send a request: %w", err))
		}
		n, err := readAnswer(in)
		if err != nil {
			return cause(ctx, fmt.Errorf("read an answer: %w", err))
		}
		w.sent++
		if !start.Before(begin) {
			w.last = time.Now()
			w.took = append(w.took, w.last.Sub(start))
			w.bytes += n
		}
	}
}

// cause is the reason why a connection broke off, if it was broken off here.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// readAnswer reads one HTTP/1.1 answer with the status 200 and returns how long its body is.
func readAnswer(in *bufio.Reader) (int64, error) {
	status, err := in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	ok := bytes.HasPrefix(status, []byte("HTTP/1.1 200 "))
	said := string(bytes.TrimSpace(status))
	length, chunked := int64(-1), false
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		name, value, more := bytes.Cut(bytes.TrimSpace(line), []byte(":"))
		if !more {
			break
		}
		switch value = bytes.TrimSpace(value); {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.ParseInt(string(value), 10, 64); err != nil {
				return 0, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = bytes.EqualFold(value, []byte("chunked"))
		}
	}
	switch {
	case !ok:
		body, _ := io.ReadAll(io.LimitReader(in, min(max(length, 0), 1000)))
		return 0, fmt.Errorf("the answer is %s: %s", said, body)
	case chunked:
		return readChunks(in)
	case length < 0:
		return 0, fmt.Errorf("an answer without a length: %w", http.ErrNotSupported)
	}
	_, err = in.Discard(int(length))
	return length, err
}

func readChunks(in *bufio.Reader) (total int64, err error) {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return total, err
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil || size < 0 {
			return total, fmt.Errorf("a chunk of size %q", bytes.TrimSpace(line))
		}
		if _, err := in.Discard(int(size) + 2); err != nil { // and its end of line
			return total, err
		}
		if total += size; size == 0 {
			return total, nil
		}
	}
}
