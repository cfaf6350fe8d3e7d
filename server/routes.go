package server

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"
)

// readyTimeout is how long the catalog has to answer /readyz.
const readyTimeout = 2 * time.Second

// routes puts everything together.
func (s *Server) routes() (http.Handler, error) {
	c := s.opt.Catalog

	operations := http.NewServeMux()
	api := newAPI(operations, c, s.opt.Version, s.guard)
	spec, err := api.spec()
	if err != nil {
		return nil, err
	}
	// Answers are packed while a reader waits: the fastest level, for 6 % more bytes.
	pack, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.CompressionLevel(gzip.BestSpeed))
	if err != nil {
		return nil, fmt.Errorf("set up compression: %w", err)
	}

	mux := http.NewServeMux()
	guarded := s.guard.wrap(s.opt.Delay, s.known(operations))
	for _, path := range []string{"/v1/", "/recommendations/{$}"} {
		mux.Handle(path, pack(guarded))
	}
	mux.Handle("/recommendations", pack(s.guard.wrap(s.opt.Delay, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/recommendations/?"+r.URL.RawQuery, http.StatusPermanentRedirect)
	}))))
	// WebSockets delay their own messages, and cannot be packed.
	socket := s.guard.wrap(0, &liveHandler{catalog: c, guard: s.guard, delay: s.opt.Delay})
	mux.Handle("GET /ws/recommendations/{$}", socket)
	mux.Handle("GET /ws/recommendations", socket)
	if s.opt.Sync != nil {
		mux.Handle("GET /v1/sync", s.guard.wrap(0, s.opt.Sync(s.guard)))
	}

	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /openapi.json", pack(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", cacheNever)
		w.Header().Set("Access-Control-Allow-Origin", "*")
		_, _ = w.Write(spec)
	})))
	s.static(mux)
	switch {
	case s.opt.Demo:
		mux.Handle("GET /{$}", pack(http.HandlerFunc(s.pages.home)))
		mux.Handle("GET /works/{id}", pack(http.HandlerFunc(s.pages.work)))
		s.offline(mux, pack)
		for pattern, name := range map[string]string{"GET /recipe": "recipe.html", "GET /elements.html": "elements.html"} {
			if f := s.files[name]; f != nil {
				mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
					setPagePolicy(w, r)
					f.serve(w, r, cacheNever)
				})
			}
		}
	default:
		mux.HandleFunc("GET /{$}", plain("Its demo is not on: start it with --demo to see that."))
	}
	return logged(s.log, hardened(recovered(s.log, s.guard.sameMachine(s.known(mux))))), nil
}

// known serves what mux has a route for, and answers the rest with problems where mux has plain text.
func (s *Server) known(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		probe := &probeWriter{header: http.Header{}}
		h.ServeHTTP(probe, r)
		allow := probe.header.Get("Allow")
		if probe.status != http.StatusMethodNotAllowed || allow == "" {
			s.notFound(w, r)
			return
		}
		w.Header().Set("Allow", allow)
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		writeProblem(w, &badBody{status: http.StatusMethodNotAllowed, code: "method",
			detail: fmt.Sprintf("%s is not possible here", r.Method), hint: "use " + allow})
	})
}

// probeWriter takes an answer to look at it.
type probeWriter struct {
	header http.Header
	status int
}

// Header returns the answer's headers.
func (p *probeWriter) Header() http.Header { return p.header }

// Write drops the body.
func (p *probeWriter) Write(data []byte) (int, error) { return len(data), nil }

// WriteHeader notes the status.
func (p *probeWriter) WriteHeader(status int) { p.status = status }

// notFound answers a request for which there is no route: a page for a browser that looks for one, else a problem.
func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	hint := "see /docs for what there is"
	switch {
	case r.URL.Path == "/v1/items/":
		hint = "name the item: /v1/items/ID"
	case r.URL.Path == "/v1/users/":
		hint = "name the reader: /v1/users/NAME"
	case strings.HasPrefix(r.URL.Path, "/v1/items/"):
		hint = "a slash within an item's id is written %2F"
	case s.opt.Demo && !strings.HasPrefix(r.URL.Path, "/v1") &&
		(r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html"):
		s.pages.notFound(w, r)
		return
	}
	writeProblem(w, &badBody{status: http.StatusNotFound, code: "no-route", detail: "there is nothing at this address", hint: hint})
}

// healthz says that the process lives.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) { writeOK(w) }

// readyz says that the store answers and the catalog is loaded, and that the server is not about to stop.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	select {
	case <-s.guard.Closing():
		writeProblem(w, &hinted{errNotReady, "the server is shutting down"})
		return
	default:
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if _, err := s.opt.Catalog.Items(ctx, "", 1); err != nil {
		noteError(r.Context(), err)
		writeProblem(w, fmt.Errorf("%w", errNotReady))
		return
	}
	writeOK(w)
}

func writeOK(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("{\"status\":\"ok\"}\n"))
}
