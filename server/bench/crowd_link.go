package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// CrowdProcess starts a process that runs RunCrowd; Close ends it. nil is RunCrowd in this process, for tests: its figures
// are not worth much.
type CrowdProcess func(context.Context) (io.ReadWriteCloser, error)

// crowdLink is a bench's end of a crowd.
type crowdLink struct {
	process io.ReadWriteCloser
	orders  *json.Encoder
	news    chan crowdNews
	failed  error // why news was closed
}

// startCrowd starts the process and reads its news. A crowd of so many clients must be allowed so many open files.
func startCrowd(ctx context.Context, start CrowdProcess, clients int) (*crowdLink, error) {
	if err := allowFiles(clients); err != nil {
		return nil, err
	}
	if start == nil {
		start = crowdHere
	}
	process, err := start(ctx)
	if err != nil {
		return nil, fmt.Errorf("start the clients' process: %w", err)
	}
	l := &crowdLink{process: process, orders: json.NewEncoder(process), news: make(chan crowdNews, 8192)}
	go func() {
		defer close(l.news)
		lines := json.NewDecoder(bufio.NewReaderSize(process, 64<<10))
		for {
			var n crowdNews
			if l.failed = lines.Decode(&n); l.failed != nil {
				return
			}
			l.news <- n
		}
	}()
	return l, nil
}

func (l *crowdLink) order(o crowdOrder) error {
	if err := l.orders.Encode(o); err != nil {
		return fmt.Errorf("order the clients: %w", err)
	}
	return nil
}

// errQuiet ends a wait for news that do not come.
var errQuiet = errors.New("the clients do not answer")

// next returns the next news, or an error: the crowd's own, or that none came for a long time.
func (l *crowdLink) next(ctx context.Context) (crowdNews, error) {
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	select {
	case n, ok := <-l.news:
		switch {
		case !ok:
			return n, fmt.Errorf("the clients' process ended: %w", l.failed)
		case n.Error != "":
			return n, fmt.Errorf("the clients: %s", n.Error)
		}
		return n, nil
	case <-late.C:
		return crowdNews{}, errQuiet
	case <-ctx.Done():
		return crowdNews{}, ctx.Err()
	}
}

// connect orders and waits until all are ready.
func (l *crowdLink) connect(ctx context.Context, o crowdOrder) (crowdNews, error) {
	o.Do = "connect"
	if err := l.order(o); err != nil {
		return crowdNews{}, err
	}
	for {
		n, err := l.next(ctx)
		if err != nil || n.Ready > 0 {
			return n, err
		}
	}
}

func (l *crowdLink) close() {
	_ = l.order(crowdOrder{Do: "close"}) // it may be gone
	_ = l.process.Close()
	for range l.news { // so that nobody waits to tell
	}
}

// crowdHere runs a crowd in this process.
func crowdHere(ctx context.Context) (io.ReadWriteCloser, error) {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		outW.CloseWithError(cmpEOF(RunCrowd(ctx, inR, outW)))
		_ = inR.Close()
	}()
	return &herePipes{outR, inW, done}, nil
}

func cmpEOF(err error) error {
	if err != nil {
		return err
	}
	return io.EOF
}

type herePipes struct {
	*io.PipeReader
	in   *io.PipeWriter
	done chan struct{}
}

func (p *herePipes) Write(b []byte) (int, error) { return p.in.Write(b) }

func (p *herePipes) Close() error {
	_ = p.in.Close()
	_ = p.PipeReader.Close()
	<-p.done
	return nil
}
