package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"nigh/server/access"
	"nigh/server/store"
)

// page is the client's side of /ws/recommendations/.
type page struct {
	*websocket.Conn
	t *testing.T
}

// dial connects to s over a real network connection.
func dial(t *testing.T, url string, o *websocket.DialOptions) *page {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, res, err := websocket.Dial(ctx, strings.Replace(url, "http", "ws", 1)+"/ws/recommendations/", o)
	if err != nil {
		t.Fatalf("dial: %v (%v)", err, res)
	}
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &page{conn, t}
}

func (p *page) send(message string) {
	p.t.Helper()
	if err := p.Write(p.t.Context(), websocket.MessageText, []byte(message)); err != nil {
		p.t.Fatalf("send %.100s: %v", message, err)
	}
}

// next returns the next answer as it came.
func (p *page) next() (data []byte, err error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), 10*time.Second)
	defer cancel()
	_, data, err = p.Read(ctx)
	return data, err
}

// want returns the next answer, which must be one that can be read.
func (p *page) want() (a struct {
	Recommendations
	Error, Hint string
}) {
	p.t.Helper()
	data, err := p.next()
	if err != nil {
		p.t.Fatalf("read: %v", err)
	}
	if err := json.Unmarshal(data, &a); err != nil {
		p.t.Fatalf("answer %s: %v", data, err)
	}
	return a
}

func (p *page) wantClose(want websocket.StatusCode) {
	p.t.Helper()
	for {
		if _, err := p.next(); err != nil {
			if got := websocket.CloseStatus(err); got != want {
				p.t.Errorf("close status = %d (%v), want %d", got, err, want)
			}
			return
		}
	}
}

func startTestServer(t *testing.T, c Catalog, change func(*Options)) (*Server, string) {
	t.Helper()
	s := newTestServer(t, c, change)
	hs := httptest.NewServer(s.Handler())
	t.Cleanup(hs.Close)
	return s, hs.URL
}

// eventually waits for a condition that another goroutine makes true.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	deadline := time.After(10 * time.Second)
	for !holds() {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("%s: not within 10 s", what)
		}
	}
}

func TestLive_AnswersAtOnceAndAfterEachChange(t *testing.T) {
	f := newFake(library...)
	_, url := startTestServer(t, f, nil)
	p := dial(t, url, nil)
	p.send(`{"preferences": ["go", "websockets"]}`)
	if got, want := ids(p.want().Recommendations), []string{"go-book", "dracula", "moby-dick"}; !slices.Equal(got, want) {
		t.Fatalf("list = %v, want %v", got, want)
	}
	// A new item.
	_, _ = f.PutItems(t.Context(), []store.Item{{ID: "ws", Title: "websockets in go"}})
	if got, want := ids(p.want().Recommendations), []string{"ws", "go-book", "dracula", "moby-dick"}; !slices.Equal(got, want) {
		t.Fatalf("after a new item = %v, want %v", got, want)
	}
	// An event that moves no item is not news; the one after it is.
	_, _ = f.RecordEvents(t.Context(), []store.Event{{Item: "ws"}})
	_, _ = f.RecordEvents(t.Context(), []store.Event{{Item: "moby-dick"}})
	if got, want := ids(p.want().Recommendations), []string{"ws", "go-book", "moby-dick", "dracula"}; !slices.Equal(got, want) {
		t.Fatalf("after a click = %v, want %v", got, want)
	}
	// A changed card, though the order stays.
	_, _ = f.PutItems(t.Context(), []store.Item{{ID: "ws", Title: "websockets in go, 2nd edition"}})
	if got := p.want().Recommendations.Recommendations[0].Item.Title; got != "websockets in go, 2nd edition" {
		t.Fatalf("title = %q, want the new one", got)
	}
	// Another question.
	p.send(`{"preferences": "horror", "limit": 1}`)
	if got, want := ids(p.want().Recommendations), []string{"dracula"}; !slices.Equal(got, want) {
		t.Fatalf("another question = %v, want %v", got, want)
	}
	// The same question is answered, though nothing changed.
	p.send(`{"preferences": {"tags": {"horror": 1}}, "limit": 1, "user": "ada"}`)
	if got, want := ids(p.want().Recommendations), []string{"dracula"}; !slices.Equal(got, want) {
		t.Fatalf("the same = %v, want %v", got, want)
	}
	if f.open() != 1 {
		t.Errorf("watches = %d, want that of the last reader alone", f.open())
	}
}

func TestLive_CoalescesChanges(t *testing.T) {
	f := newFake(library...)
	_, url := startTestServer(t, f, nil)
	p := dial(t, url, nil)
	p.send(`{"preferences": "go"}`)
	p.want()
	start := time.Now()
	const changes = 300
	for i := range changes {
		_, _ = f.PutItems(t.Context(), []store.Item{{ID: fmt.Sprintf("new-%03d", i), Title: "go"}})
	}
	_, _ = f.PutItems(t.Context(), []store.Item{{ID: "a-last", Title: "go"}})
	answers := 0
	for ids(p.want().Recommendations)[0] != "a-last" {
		answers++
	}
	if most := 2 + int(time.Since(start)/liveSpacing); answers > most {
		t.Errorf("%d answers for %d changes in %v, want at most %d", answers, changes, time.Since(start), most)
	}
}

func TestLive_TellsWhatIsWrongAndStays(t *testing.T) {
	f := newFake(library...)
	_, url := startTestServer(t, f, nil)
	p := dial(t, url, nil)
	for message, want := range map[string]string{
		`{"preferences": [`:                  "ends too early",
		`hello`:                              "broken JSON",
		``:                                   "the body is empty",
		`{"preferences": 7}`:                 "neither",
		`{"preferences": "go", "limit": -1}`: "limit is -1",
		`{"prefs": "go"}`:                    `no field "prefs"`,
		`{"history": [{"item": "dracula", "kind": "eat"}]}`: "history[0].kind is",
	} {
		p.send(message)
		if got := p.want(); !strings.Contains(got.Error, want) || got.Recommendations.Recommendations != nil {
			t.Errorf("%s = %+v, want the error %q alone", message, got, want)
		}
	}
	p.send(`{"preferences": "go"}`)
	if got := p.want(); got.Error != "" || len(got.Recommendations.Recommendations) != 3 {
		t.Errorf("after them = %+v, want a list", got)
	}
}

func TestLive_ClosesOnAMessageThatIsTooLong(t *testing.T) {
	f := newFake(library...)
	s, url := startTestServer(t, f, nil)
	p := dial(t, url, nil)
	p.send(`{"preferences": "` + strings.Repeat("x", 900) + `"}`)
	p.want()
	p.send(`{"preferences": "` + strings.Repeat("x", 2*MaxFrame) + `"}`)
	p.wantClose(websocket.StatusMessageTooBig)
	eventually(t, "the connection is cleaned up", func() bool { return s.Guard().Open() == 0 && f.open() == 0 })
}

func TestLive_CleansUp(t *testing.T) {
	f := newFake(library...)
	s, url := startTestServer(t, f, nil)
	warm := dial(t, url, nil)
	warm.send(`{}`)
	warm.want()
	before := runtime.NumGoroutine()
	var pages []*page
	for range 20 {
		p := dial(t, url, nil)
		p.send(`{"preferences": "go"}`)
		p.want()
		pages = append(pages, p)
	}
	if f.open() != 21 || s.Guard().Open() != 21 {
		t.Fatalf("watches, sockets = %d, %d, want 21", f.open(), s.Guard().Open())
	}
	for i, p := range pages {
		if i%2 == 0 {
			_ = p.Close(websocket.StatusNormalClosure, "")
		} else {
			_ = p.CloseNow()
		}
	}
	eventually(t, "watches and sockets are closed", func() bool { return f.open() == 1 && s.Guard().Open() == 1 })
	eventually(t, "goroutines have ended", func() bool { return runtime.NumGoroutine() <= before })
}

func TestLive_AdmitsByOriginKeyAndNumber(t *testing.T) {
	f := newFake(library...)
	key, keys := testKeys(t, access.Read)
	s, url := startTestServer(t, f, func(o *Options) {
		o.Origins = []string{"https://friend.example"}
		o.Keys = keys
		o.MaxSockets = 2
	})
	header := func(name, value string) http.Header { return http.Header{name: {value}} }
	refused := func(o *websocket.DialOptions, want int) {
		t.Helper()
		_, res, err := websocket.Dial(t.Context(), strings.Replace(url, "http", "ws", 1)+"/ws/recommendations/", o)
		if err == nil || res == nil || res.StatusCode != want || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("dial %+v = %v, %v, want a problem with status %d", o, res, err, want)
		}
	}
	token := []string{liveProtocol, tokenProtocol + key}
	refused(&websocket.DialOptions{Subprotocols: []string{liveProtocol, tokenProtocol + "wrong"}}, 401)
	refused(&websocket.DialOptions{Subprotocols: token, HTTPHeader: header("Origin", "https://evil.example")}, 403)
	refused(&websocket.DialOptions{Subprotocols: token, HTTPHeader: header("Origin", "null")}, 403)

	a := dial(t, url, &websocket.DialOptions{Subprotocols: token, HTTPHeader: header("Origin", "https://friend.example")})
	if got := a.Subprotocol(); got != liveProtocol {
		t.Errorf("subprotocol = %q, want %q and never the token", got, liveProtocol)
	}
	b := dial(t, url, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + key}, "Origin": {url}}})
	refused(&websocket.DialOptions{Subprotocols: token}, 503)
	_ = a.CloseNow()
	eventually(t, "a place is free", func() bool { return s.Guard().Open() == 1 })
	dial(t, url, &websocket.DialOptions{Subprotocols: token})
	b.send(`{}`)
	b.want()
}

func TestLive_SaysGoodbyeOnShutdown(t *testing.T) {
	s, url := startTestServer(t, newFake(library...), nil)
	asked, silent := dial(t, url, nil), dial(t, url, nil)
	asked.send(`{}`)
	asked.want()
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Close() }()
	asked.wantClose(websocket.StatusGoingAway)
	silent.wantClose(websocket.StatusGoingAway)
	<-done
	eventually(t, "sockets are closed", func() bool { return s.Guard().Open() == 0 })
	if _, _, err := websocket.Dial(t.Context(), strings.Replace(url, "http", "ws", 1)+"/ws/recommendations/", nil); err == nil {
		t.Error("a connection was accepted while closing")
	}
}

func FuzzLive_Message(f *testing.F) {
	for _, seed := range []string{`{"preferences":["go","-x"]}`, `{"preferences":{"tags":{"a":1e9}}}`, `{"filter":{"attributes":{"a":[1,true]}}}`,
		`{"history":[{"item":"a","at":"x"}]}`, `[`, `"`, `{"preferences":"` + "\xff" + `"}`, `{"limit":1e99}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var q Question
		if err := decode(data, &q, "message"); err != nil {
			if s := FaultOf(err); s.Status != 400 && s.Status != 422 || s.Detail == "" {
				t.Fatalf("%q = %+v, want the sender's fault and a reason", data, s)
			}
			return
		}
		if _, err := q.request(); err != nil && FaultOf(err).Status != 422 {
			t.Fatalf("%q: %v, want the sender's fault", data, err)
		}
		again, err := json.Marshal(Texts(q.Filter.Tags))
		if err != nil || bytes.Contains(again, []byte("\xff")) {
			t.Fatalf("%q: filter = %q, %v", data, again, err)
		}
	})
}

func FuzzHTTP_Bodies(f *testing.F) {
	paths := []string{"/v1/items", "/v1/events", "/v1/recommendations", "/v1/items/x"}
	for i := range paths {
		for _, seed := range []string{`[{"id":"a"},{`, "{\"id\":\"a\"}\n{x\n", `{"user":"u","item":"dracula","at":"2026-01-01T00:00:00Z"}`, "\xef\xbb\xbf[]", `[[[[`, `[1,null,"a",{}]`, "{}{}"} {
			f.Add(i, "application/x-ndjson", []byte(seed))
			f.Add(i, "application/json", []byte(seed))
		}
	}
	s := newTestServer(f, newFake(library...), nil)
	f.Fuzz(func(t *testing.T, i int, contentType string, body []byte) {
		if i < 0 || i >= len(paths) || strings.ContainsAny(contentType, "\r\n") {
			return
		}
		method := post
		if i == 3 {
			method = put
		}
		r := httptest.NewRequest(method, paths[i], bytes.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code >= 500 || !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%s %s %q = %d %s, want JSON and no fault of the server", method, paths[i], body, w.Code, w.Body)
		}
		if w.Code >= 400 {
			wantProblem(t, w)
		}
	})
}
