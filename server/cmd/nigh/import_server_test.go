package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nigh/server/store"
)

// scripted is a server that answers a post of n rows with what each of its steps says, and then accepts all.
func scripted(t *testing.T, steps ...func(w http.ResponseWriter, rows []string) bool) (*serverSink, *[]string) {
	t.Helper()
	var seen []string
	next := 0
	var mu sync.Mutex // requests come over several connections, though one at a time
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var rows []string
		lines := bufio.NewScanner(r.Body)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			rows = append(rows, lines.Text())
		}
		seen = append(seen, fmt.Sprintf("%s %s %s %d", r.Method, r.URL.Path, r.Header.Get("Content-Type"), len(rows)))
		if next < len(steps) {
			if next++; steps[next-1](w, rows) {
				return
			}
		}
		_, _ = fmt.Fprintf(w, `{"accepted":%d,"created":1,"rejected":[]}`, len(rows))
	}))
	t.Cleanup(web.Close)
	s, err := newServerSink(web.URL, "secret")
	if err != nil {
		t.Fatal(err)
	}
	s.wait = func(context.Context, time.Duration) error { return nil }
	return s, &seen
}

// answerStatus is a step that answers with an error.
func answerStatus(code int, body string) func(http.ResponseWriter, []string) bool {
	return func(w http.ResponseWriter, _ []string) bool {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
		return true
	}
}

func someItems(n int) []store.Item {
	items := make([]store.Item, n)
	for i := range items {
		items[i].ID = fmt.Sprint("i", i)
	}
	return items
}

func TestServerSink_LaysRefusalsOverTheRows(t *testing.T) {
	s, seen := scripted(t, func(w http.ResponseWriter, rows []string) bool {
		_, _ = io.WriteString(w, `{"accepted":2,"created":1,"rejected":[{"index":1,"id":"i1","error":"bad","hint":"mend it"}]}`)
		return true
	})
	got, err := s.putItems(t.Context(), someItems(3))
	want := []outcome{{created: true}, {reason: "bad", hint: "mend it"}, {}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("outcomes = %+v, %v; want %+v", got, err, want)
	}
	if want := []string{"POST /v1/items application/x-ndjson 3"}; !slices.Equal(*seen, want) {
		t.Errorf("requests = %q, want %q", *seen, want)
	}
}

func TestServerSink_TriesAgainWhenTheServerIsBusy(t *testing.T) {
	s, seen := scripted(t, answerStatus(503, ""), answerStatus(429, ""), func(http.ResponseWriter, []string) bool { panic(http.ErrAbortHandler) })
	got, err := s.putItems(t.Context(), someItems(1))
	if err != nil || len(got) != 1 || got[0].reason != "" || len(*seen) != 4 {
		t.Errorf("outcomes = %+v, %v after %q; want one accepted at the fourth try", got, err, *seen)
	}
}

func TestServerSink_HalvesWhatIsTooLarge(t *testing.T) {
	s, seen := scripted(t, answerStatus(413, ""), answerStatus(413, ""), answerStatus(413, ""))
	got, err := s.putItems(t.Context(), someItems(4)) // 4, then 2, then 1 (too large alone), 1, and 2
	if err != nil || len(got) != 4 || got[0].reason == "" || got[1].reason != "" || got[2].reason != "" || got[3].reason != "" {
		t.Errorf("outcomes = %+v, %v; want the first refused alone", got, err)
	}
	if len(*seen) != 5 {
		t.Errorf("requests = %q, want 5", *seen)
	}
}

func TestServerSink_GivesEveryEventAKey(t *testing.T) {
	var keys []string
	s, _ := scripted(t, func(_ http.ResponseWriter, rows []string) bool {
		for _, row := range rows {
			var ev store.Event
			if err := json.Unmarshal([]byte(row), &ev); err != nil {
				t.Error(err)
			}
			keys = append(keys, ev.ID)
		}
		return false
	})
	if _, err := s.putEvents(t.Context(), []store.Event{{User: "a", Item: "b"}, {User: "a", Item: "b", ID: "own"}}); err != nil {
		t.Fatal(err)
	}
	if len(keys) != 2 || !strings.HasPrefix(keys[0], "import-") || keys[1] != "own" {
		t.Errorf("keys = %q, want a made one and own", keys)
	}
}

func TestServerSink_StopsAtAnAnswerThatMakesNoSense(t *testing.T) {
	for _, c := range []struct {
		code       int
		body, want string
	}{
		{200, `<html>`, "is it a nigh server?"},
		{200, `{}`, "0 rows accepted and 0 rejected of 2"},
		{200, `{"accepted":1,"rejected":[{"index":2,"error":"x"}]}`, "it rejects row 2 of 2"},
		{404, `404 page not found`, "404: Not Found"},
		{500, `{"title":"Internal Server Error","detail":"it broke"}`, "500: it broke"},
	} {
		s, _ := scripted(t, answerStatus(c.code, c.body))
		if _, err := s.putItems(t.Context(), someItems(2)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d %s: error = %v, want %q in it", c.code, c.body, err, c.want)
		}
	}
}

func TestServerSink_NamesAServerThatIsNotThere(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	s, err := newServerSink(web.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	web.Close()
	s.wait = func(context.Context, time.Duration) error { return nil }
	_, err = s.putItems(t.Context(), someItems(1))
	var b strings.Builder
	if err != nil {
		printError(&b, err)
	}
	if !strings.Contains(b.String(), "hint: is the server running there?") {
		t.Errorf("error = %q, want a hint", b.String())
	}
}

func TestReport_CountsInThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 63666: "63,666", 1234567: "1,234,567"} {
		if got := comma(n); got != want {
			t.Errorf("comma(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestReport_TellsEveryFiveSecondsWithoutATerminal(t *testing.T) {
	var b strings.Builder
	now := time.Unix(0, 0)
	r := newReport(&b, &b, "item", "items")
	r.now = func() time.Time { return now }
	r.begin([]string{"-"}, "imported")
	r.total = 200
	for range 6 {
		r.accept(outcome{})
		r.bytes(10)
		r.rows()
		now = now.Add(2 * time.Second)
	}
	if got, want := b.String(), "4 items imported (20 %)\n"; got != want {
		t.Errorf("progress = %q, want %q", got, want)
	}
}
