package server

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nigh/server/access"
	"nigh/server/store"
	"nigh/server/store/storetest"
)

var library = []store.Item{
	{ID: "moby-dick", Title: "Moby-Dick sea whale", Tags: []string{"sea", "whaling"}, URL: "/works/moby-dick"},
	{ID: "dracula", Title: "Dracula horror", Tags: []string{"horror", "gothic"}},
	{ID: "go-book", Title: "The Go book", Tags: []string{"go", "programming"}},
}

// testKeys keeps a key with scopes, which it returns, and those that the test adds.
func testKeys(t testing.TB, scopes access.Scope) (text string, keys store.Keys) {
	t.Helper()
	text, k := access.NewKey("test", scopes, time.Unix(1, 0))
	keys = storetest.NewModel()
	if err := keys.AddKey(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	return text, keys
}

// newTestServer makes a server around c with options that the test changes.
func newTestServer(t testing.TB, c Catalog, change func(*Options)) *Server {
	t.Helper()
	opt := Options{Catalog: c, Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&opt)
	}
	s, err := New(opt)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// call sends one request to s without a network. headers are pairs of name and value.
func call(t *testing.T, s *Server, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, path, in)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// wantStatus fails unless the answer has the status; an error must be a whole problem.
func wantStatus(t *testing.T, w *httptest.ResponseRecorder, want int) {
	t.Helper()
	if w.Code != want {
		t.Fatalf("status = %d, want %d: %s", w.Code, want, w.Body)
	}
	if want >= 400 {
		wantProblem(t, w)
	}
}

func wantProblem(t testing.TB, w *httptest.ResponseRecorder) Problem {
	t.Helper()
	if got, want := w.Header().Get("Content-Type"), "application/problem+json"; got != want {
		t.Fatalf("Content-Type = %q, want %q: %s", got, want, w.Body)
	}
	var p Problem
	decodeAnswer(t, w, &p)
	if p.Status != w.Code || p.Title == "" || p.Detail == "" || !strings.HasPrefix(p.Type, problemType) {
		t.Fatalf("problem = %+v, want it whole with status %d", p, w.Code)
	}
	if strings.Contains(w.Body.String(), "goroutine") || strings.Contains(w.Body.String(), ".go:") {
		t.Fatalf("problem tells of the server's insides: %s", w.Body)
	}
	return p
}

func decodeAnswer(t testing.TB, w *httptest.ResponseRecorder, v any) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
		t.Fatalf("answer is not JSON: %v: %s", err, w.Body)
	}
}

func ids(l Recommendations) []string {
	var out []string
	for _, r := range l.Recommendations {
		out = append(out, r.ID)
	}
	return out
}

const (
	get, put, post, del = http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete
)
