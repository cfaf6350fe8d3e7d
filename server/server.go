package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// Times of connections. A slow client costs one goroutine and a few kilobytes, for at most this long.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = time.Minute // of a whole request; bulk requests have bulkTimeout
	writeTimeout  = time.Minute
	idleTimeout   = 2 * time.Minute
	drainTimeout  = 3 * time.Second // for requests and WebSockets to end; the rest of five seconds is the catalog's
)

// Server is nigh's edges around one catalog.
type Server struct {
	opt   Options
	log   *slog.Logger
	guard *Guard
	files files
	pages *pages
	root  http.Handler
}

// New makes a server. It does not listen: use Run, or serve Handler and run the catalog yourself.
func New(opt Options) (*Server, error) {
	if err := opt.check(); err != nil {
		return nil, err
	}
	built, err := readFiles(opt.Dist)
	if err != nil {
		return nil, err
	}
	s := &Server{opt: opt, log: opt.Logger, guard: newGuard(opt), files: built}
	s.pages = &pages{catalog: opt.Catalog, guard: s.guard, simulated: opt.Simulated}
	if s.root, err = s.routes(); err != nil {
		return nil, err
	}
	return s, nil
}

// Handler answers all of the server's requests.
func (s *Server) Handler() http.Handler { return s.root }

// Guard returns what decides who may come in.
func (s *Server) Guard() *Guard { return s.guard }

// Close ends the WebSockets at once. Whoever serves Handler without Run calls it at the end; the catalog and its store
// belong to the caller.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	s.guard.shutdown(ctx)
	return nil
}

// Run listens and answers until ctx is done, then ends within five seconds: it stops accepting, says goodbye to
// WebSockets (1001), lets requests finish, and last of all the catalog commit what is queued. It returns nil then.
func (s *Server) Run(ctx context.Context) error {
	if err := s.guard.mayListen(ctx, &s.opt); err != nil {
		return err
	}
	listener, err := listen(s.opt.Addr)
	if err != nil {
		return err
	}
	// The catalog outlives ctx: what requests in flight write is kept.
	catalogCtx, stopCatalog := context.WithCancel(context.WithoutCancel(ctx))
	defer stopCatalog()
	catalogDone := make(chan error, 1)
	go func() { catalogDone <- s.opt.Catalog.Run(catalogCtx) }()

	if s.opt.Demo {
		if err := loadDemo(ctx, s.opt.Catalog, s.opt.DemoItems, s.log); err != nil {
			_ = listener.Close()
			stopCatalog()
			<-catalogDone
			return err
		}
	}

	hs := &http.Server{
		Handler:           s.root,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: 64 << 10,
		ErrorLog:       slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- hs.Serve(listener) }()
	address := "http://" + clickable(s.opt.Addr, listener.Addr())
	s.guard.announce(ctx, &s.opt, address)
	if s.opt.Ready != nil {
		s.opt.Ready(address)
	}

	var failed error
	catalogEnded := false
	select {
	case <-ctx.Done():
	case err := <-served:
		failed = fmt.Errorf("serve %s: %w", s.opt.Addr, err)
	case err := <-catalogDone:
		catalogEnded = true
		failed = fmt.Errorf("the catalog stopped: %w", cmpErr(err, errors.New("without an error")))
	}

	s.log.Info("stopping")
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	sockets := make(chan struct{})
	go func() { defer close(sockets); s.guard.shutdown(drain) }()
	if err := hs.Shutdown(drain); err != nil {
		s.log.Warn("requests did not finish in time", "error", err)
		_ = hs.Close()
	}
	<-sockets
	stopCatalog()
	if !catalogEnded {
		if err := <-catalogDone; err != nil && !errors.Is(err, context.Canceled) {
			failed = errors.Join(failed, fmt.Errorf("commit what was queued: %w", err))
		}
	}
	return failed
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// listen opens addr; its errors end in what to do.
func listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err == nil {
		return l, nil
	}
	host, port, splitErr := net.SplitHostPort(addr)
	if splitErr != nil {
		return nil, fmt.Errorf("%q is not an address; write host and port, such as localhost:8080 or :8080", addr)
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("port %s is taken; try --addr %s", port, net.JoinHostPort(host, nextPort(port)))
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("port %s is for the system's own services; try --addr %s", port, net.JoinHostPort(host, "8080"))
	}
	return nil, fmt.Errorf("listen on %s: %w; try --addr localhost:8080", addr, err)
}

func nextPort(port string) string {
	if n, err := net.LookupPort("tcp", port); err == nil && n > 0 && n < 65535 {
		return fmt.Sprint(n + 1)
	}
	return "8081"
}

// clickable is the address that a person can open: the host that was asked for, localhost for every host, and the port
// that it became.
func clickable(asked string, got net.Addr) string {
	host, _, err := net.SplitHostPort(asked)
	if err != nil {
		return got.String()
	}
	_, port, err := net.SplitHostPort(got.String())
	if err != nil {
		return got.String()
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), port)
}
