package server

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"strings"
	"time"
)

// answerWriter remembers what was answered, for the log and for the recovery of panics.
type answerWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
	err    error // that made a 500
}

// Unwrap lets http.ResponseController and websocket.Accept find the connection below.
func (a *answerWriter) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader notes the status.
func (a *answerWriter) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes.
func (a *answerWriter) Write(data []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(data)
	a.bytes += int64(n)
	return n, err
}

type answerKey struct{}

// noteError keeps the error behind a 500 for the request's line in the log; the client is not told of it.
func noteError(ctx context.Context, err error) {
	if a, ok := ctx.Value(answerKey{}).(*answerWriter); ok {
		a.err = err
	}
}

// noteFault is noteError for an error that is a 500; what the client is told of needs no log.
func noteFault(ctx context.Context, err error) {
	if FaultOf(err).Status == http.StatusInternalServerError {
		noteError(ctx, err)
	}
}

// logged writes one line for every request: the route and not the address, because a query may hold what a reader
// searched for; never a header.
func logged(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		a := &answerWriter{ResponseWriter: w}
		r = r.WithContext(context.WithValue(r.Context(), answerKey{}, a))
		defer func() {
			level := slog.LevelInfo
			route := r.Pattern
			switch {
			case a.status >= 500 && a.err != nil:
				level = slog.LevelError
			case route == "GET /healthz" || route == "GET /readyz" || strings.HasPrefix(route, "GET /assets/"):
				level = slog.LevelDebug
			}
			if route == "" {
				route = "none"
			}
			attrs := []slog.Attr{
				slog.String("method", r.Method), slog.String("route", route), slog.Int("status", a.status),
				slog.Int64("bytes", a.bytes), slog.Int64("us", time.Since(start).Microseconds()),
				slog.String("remote", r.RemoteAddr),
			}
			if a.err != nil {
				attrs = append(attrs, slog.Any("error", a.err))
			}
			log.LogAttrs(r.Context(), level, "request", attrs...)
		}()
		next.ServeHTTP(a, r)
	})
}

// recovered answers a panic with a problem and logs its stack. If an answer had begun, it breaks the connection off.
func recovered(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &answerWriter{ResponseWriter: w}
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p)
			}
			log.Error("panic", "method", r.Method, "route", r.Pattern, "panic", p, "stack", string(debug.Stack()))
			if a.status != 0 {
				panic(http.ErrAbortHandler)
			}
			writeProblem(w, errPanic)
		}()
		next.ServeHTTP(a, r)
	})
}

// errPanic is not in the table of faults: it is a 500.
var errPanic = &Problem{
	Type: problemType + "internal", Title: http.StatusText(http.StatusInternalServerError), Status: http.StatusInternalServerError,
	Detail: "the server could not do its work", Hint: "see the server's log",
}

// Content-Security-Policies. Pages get pagePolicy with what differs for them; everything else may load nothing.
const (
	nothingPolicy = "default-src 'none'; frame-ancestors 'none'"
	pagePolicy    = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; " +
		"style-src 'self'; img-src 'self' https: data:; font-src 'self'; manifest-src 'self'; base-uri 'none'; " +
		"form-action 'self'; frame-ancestors 'none'"
)

// plainHost is a Host header that may stand in a policy as it is.
var plainHost = regexp.MustCompile(`^[A-Za-z0-9.\-]+(:[0-9]+)?$|^\[[0-9A-Fa-f:]+\](:[0-9]+)?$`)

// setPagePolicy sets the headers of a page. Browsers before CSP 3 do not count a WebSocket as 'self', so it is named.
func setPagePolicy(w http.ResponseWriter, r *http.Request) {
	policy := pagePolicy
	if plainHost.MatchString(r.Host) {
		policy = strings.Replace(policy, "connect-src 'self'", "connect-src 'self' ws://"+r.Host+" wss://"+r.Host, 1)
	}
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
}

// hardened sets the headers that every answer has; handlers of pages and files set their own in their place.
func hardened(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", nothingPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
