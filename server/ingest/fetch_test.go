package ingest

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func feedServer(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/feed", func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.UserAgent(), "nigh/") {
			t.Errorf("User-Agent = %q, want nigh/…", r.UserAgent())
		}
		w.Header().Set("Content-Type", "application/rss+xml")
		data, err := os.ReadFile("testdata/feed.rss")
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(data)
	})
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html>"))
	})
	mux.HandleFunc("/items.csv", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("id\na\nb\n"))
	})
	mux.Handle("/once", http.RedirectHandler("/feed", http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.HandleFunc("/cut.jsonl", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte(`{"id":"a"}` + "\n"))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestItems_FetchAddresses(t *testing.T) {
	s := feedServer(t)
	for _, c := range []struct {
		path string
		ids  int
		want string // in the error
	}{
		{"/feed", 2, ""},
		{"/once", 2, ""},
		{"/items.csv", 2, ""},
		{"/page", 0, "it is a web page, not a feed"},
		{"/loop", 0, "more than 5 redirects"},
		{"/nothing", 0, "the answer is 404"},
		{"/cut.jsonl", 1, "cut off"},
	} {
		var ids []string
		var end error
		for row, err := range Items(t.Context(), s.URL+c.path, Options{UserAgent: "nigh/test"}) {
			if _, ok := err.(*RowError); !ok && err != nil {
				end = err
			}
			if err == nil {
				ids = append(ids, row.Value.ID)
			}
		}
		if len(ids) != c.ids || (end == nil) != (c.want == "") || end != nil && !strings.Contains(end.Error(), c.want) {
			t.Errorf("%s: ids %q, error %v; want %d ids, %q", c.path, ids, end, c.ids, c.want)
		}
	}
}

func TestItems_NameAServerThatIsNotThere(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	for _, err := range Items(t.Context(), s.URL, Options{}) {
		if err == nil || !strings.Contains(err.Error(), "check the address") {
			t.Errorf("error = %v, want one that says to check the address", err)
		}
	}
}

func TestSpool_GivesTheSameRowsTwice(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := feedServer(t)
	spool := NewSpool()
	read := func(source string) (ids []string) {
		opt := Options{UserAgent: "nigh/test", Spool: spool, Stdin: strings.NewReader("")}
		if len(spool.copies) == 0 {
			opt.Stdin = strings.NewReader("id,title\na,A\nb,B\n")
		}
		for row, err := range Items(t.Context(), source, opt) {
			if _, ok := err.(*RowError); !ok && err != nil {
				t.Error(err)
			}
			ids = append(ids, row.Value.ID)
		}
		return ids
	}
	for _, source := range []string{"-", s.URL + "/feed"} {
		first := read(source)
		if source != "-" {
			s.Close()
		}
		if second := read(source); len(first) == 0 || !slices.Equal(first, second) {
			t.Errorf("%s: the second reading = %q, want %q", source, second, first)
		}
	}
	if err := spool.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "nigh-import-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
