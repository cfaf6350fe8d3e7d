package client_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"nigh/core"
	"nigh/core/replica"
	"nigh/core/wire"
	"nigh/server"
	"nigh/server/catalog"
	"nigh/server/client"
	"nigh/server/store"
	"nigh/server/store/sqlite"
)

// serve starts a server with a small library.
func serve(ctx context.Context, change func(*server.Options)) (url string, c *catalog.Catalog, stop func()) {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	db, err := sqlite.OpenMemory(ctx)
	must(err)
	quiet := slog.New(slog.DiscardHandler)
	c, err = catalog.Open(ctx, db, catalog.Options{Logger: quiet, FlushEvery: 10 * time.Millisecond})
	must(err)
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- c.Run(running) }()
	_, err = c.PutItems(ctx, []store.Item{
		{ID: "moby-dick", Title: "Moby-Dick, or the whale", Tags: []string{"sea"}},
		{ID: "nautilus", Title: "Twenty thousand leagues under the sea", Tags: []string{"sea"}},
		{ID: "dracula", Title: "Dracula", Tags: []string{"horror"}},
	})
	must(err)
	must(c.Settle(ctx))
	o := server.Options{Catalog: server.Live(c), Logger: quiet, Sync: server.Sync(c, 0)}
	if change != nil {
		change(&o)
	}
	s, err := server.New(o)
	must(err)
	hs := httptest.NewServer(s.Handler())
	return hs.URL, c, func() {
		_ = s.Close()
		hs.Close()
		cancel()
		must(<-done)
		must(db.Close())
	}
}

// start runs a client until the test ends, or stop is called.
func start(t *testing.T, opt client.Options) (c *client.Client, stop func() error) {
	t.Helper()
	c, err := client.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = stop() })
	return c, stop
}

func until(t *testing.T, c *client.Client, what string, holds func(*client.Client) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := c.Until(ctx, holds); err != nil {
		t.Fatalf("%s: %v; %+v", what, err, c.Status())
	}
}

func Example() {
	ctx := context.Background()
	url, _, stop := serve(ctx, nil) // any nigh server
	defer stop()

	c, err := client.New(client.Options{URL: url, User: "ada"})
	if err != nil {
		fmt.Println(err)
		return
	}
	running, cancel := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- c.Run(running) }()

	c.Ask(replica.Question{Name: "next", Limit: 1})
	_ = c.Until(ctx, client.Live) // the copy is here
	if err := c.Record(ctx, "like", "moby-dick", 0); err != nil {
		fmt.Println(err)
	}
	_ = c.Until(ctx, client.Live) // the server has the like
	next, _ := c.List("next")
	fmt.Println(next.Items[0].Record.ID)

	cancel()
	fmt.Println(<-done)
	// Output:
	// nautilus
	// <nil>
}

func TestClient_FollowsTheCatalogAndTheReader(t *testing.T) {
	url, cat, stop := serve(t.Context(), nil)
	defer stop()
	var mu sync.Mutex
	var profiles []replica.ProfileChanged
	c, _ := start(t, client.Options{URL: url, User: "ada", OnProfile: func(p replica.ProfileChanged) {
		mu.Lock()
		defer mu.Unlock()
		profiles = append(profiles, p)
	}})
	until(t, c, "live", client.Live)
	c.Ask(replica.Question{Name: "all", Limit: 10})
	if _, err := cat.PutItems(t.Context(), []store.Item{{ID: "new", Title: "A new whale"}}); err != nil {
		t.Fatal(err)
	}
	until(t, c, "the new item", func(c *client.Client) bool { l, _ := c.List("all"); return len(l.Items) == 4 })
	if err := c.Prefer(t.Context(), core.Preference{Kind: core.PreferTag, Key: "sea", Weight: core.ProfileOne}); err != nil {
		t.Fatal(err)
	}
	if err := c.Record(t.Context(), "like", "", 0); err == nil {
		t.Error("an event without an item is taken")
	}
	until(t, c, "the wish acknowledged", client.Live)
	c.Drop("all")
	_, prefs, err := cat.Profile(t.Context(), "ada")
	if err != nil || len(prefs) != 1 {
		t.Errorf("the server's wishes of ada = %v, %v, want one", prefs, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(profiles) == 0 || len(profiles[len(profiles)-1].Preferences) != 1 {
		t.Errorf("profiles told = %+v, want the wish in the last", profiles)
	}
}

// What was recorded without a connection survives the process in a file, and is counted once.
func TestClient_KeepsWhatWasRecordedOverLives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ada.replica")
	life := func(url string, live bool) {
		t.Helper()
		file, err := client.OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		c, stop := start(t, client.Options{URL: url, User: "ada", Store: file})
		defer func() { _ = stop() }()
		if err := c.Record(t.Context(), "like", "moby-dick", 0); err != nil {
			t.Fatal(err)
		}
		if live {
			until(t, c, "live", client.Live)
		}
	}
	life("http://127.0.0.1:1", false) // nobody is there
	life("http://127.0.0.1:1", false)
	url, cat, stop := serve(t.Context(), nil)
	defer stop()
	life(url, true)
	life(url, true)
	h, _, err := cat.Profile(t.Context(), "ada")
	if err != nil || len(h) != 1 {
		t.Fatalf("history = %v, %v, want the one item", h, err)
	}
	events := 0
	file, err := client.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	c, _ := start(t, client.Options{URL: url, User: "ada", Store: file})
	until(t, c, "live", client.Live)
	if s := c.Status(); s.Items != 3 || s.Pending != 0 {
		t.Errorf("status = %+v (%d events), want all items and nothing pending", s, events)
	}
}

func TestClient_GoesOnInTheSameProcessWithMemory(t *testing.T) {
	url, _, stop := serve(t.Context(), nil)
	defer stop()
	memory := client.NewMemory()
	c, end := start(t, client.Options{URL: url, User: "ada", Store: memory})
	until(t, c, "live", client.Live)
	full := c.Status().BytesIn
	if err := end(); err != nil {
		t.Fatal(err)
	}
	snapshots := 0
	again, _ := start(t, client.Options{URL: url, User: "ada", Store: memory, OnFrame: func(b []byte) {
		if m, err := wire.Decode(b); err == nil {
			if _, ok := m.(*wire.Snapshot); ok {
				snapshots++
			}
		}
	}})
	until(t, again, "live again", client.Live)
	if got := again.Status(); got.BytesIn >= full || got.Items != 3 {
		t.Errorf("the second life took %d bytes for %d items, want fewer than %d", got.BytesIn, got.Items, full)
	}
}

func TestClient_ComesBackAfterACut(t *testing.T) {
	url, _, stop := serve(t.Context(), nil)
	defer stop()
	var mu sync.Mutex
	var open []net.Conn
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		mu.Lock()
		defer mu.Unlock()
		open = append(open, conn)
		return conn, err
	}}
	faults := make(chan error, 100)
	c, _ := start(t, client.Options{URL: url, HTTPClient: &http.Client{Transport: transport}, OnError: func(err error) { faults <- err }})
	for i := range 3 {
		until(t, c, "live", client.Live)
		mu.Lock()
		_ = open[len(open)-1].Close()
		mu.Unlock()
		until(t, c, "the cut", func(c *client.Client) bool { return c.Status().State != replica.Live })
		if err := c.Record(t.Context(), "view", "dracula", 0); err != nil {
			t.Errorf("record %d without a connection: %v", i, err)
		}
		c.Online()
	}
	until(t, c, "live", client.Live)
	if len(faults) == 0 {
		t.Error("nobody was told of the cuts")
	}
}

func TestClient_EndsWhenItIsRefused(t *testing.T) {
	url, _, stop := serve(t.Context(), nil)
	defer stop()
	one, _ := start(t, client.Options{URL: url, User: "ada", Client: "mine"})
	until(t, one, "live", client.Live)
	if err := one.Record(t.Context(), "view", "dracula", 0); err != nil {
		t.Fatal(err)
	}
	until(t, one, "acknowledged", client.Live)
	other, end := start(t, client.Options{URL: url, User: "bob", Client: "mine"})
	err := other.Until(t.Context(), func(*client.Client) bool { return false })
	var refused *client.RefusedError
	if !errors.As(err, &refused) || refused.Code != wire.CloseForbidden || refused.Reason == "" {
		t.Errorf("Run = %v, want a refusal with %d", err, wire.CloseForbidden)
	}
	if err := end(); !errors.As(err, &refused) {
		t.Errorf("Run = %v, want the refusal", err)
	}
	if err := other.Record(t.Context(), "view", "dracula", 0); !errors.Is(err, client.ErrEnded) {
		t.Errorf("Record after the end = %v, want ErrEnded", err)
	}
	if err := other.Run(t.Context()); !errors.Is(err, client.ErrRunning) {
		t.Errorf("a second Run = %v, want ErrRunning", err)
	}
}

func TestClient_BringsItsTokenAndTellsOfARefusal(t *testing.T) {
	asked := make(chan string, 100)
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header.Get("Authorization")
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer hs.Close()
	faults := make(chan error, 100)
	_, stop := start(t, client.Options{URL: hs.URL, Token: "secret-1", OnError: func(err error) { faults <- err }})
	if got := <-asked; got != "Bearer secret-1" {
		t.Errorf("Authorization = %q, want the token", got)
	}
	if err := <-faults; err == nil {
		t.Error("nothing is told of the refusal")
	}
	_ = stop()
}

// A store that fails is no reason to stop.
func TestClient_BearsALostStore(t *testing.T) {
	url, _, stop := serve(t.Context(), nil)
	defer stop()
	faults := make(chan error, 100)
	c, _ := start(t, client.Options{URL: url, Store: brokenStore{}, OnError: func(err error) { faults <- err }})
	until(t, c, "live", client.Live)
	if err := c.Record(t.Context(), "view", "dracula", 0); err != nil {
		t.Errorf("Record = %v, want it taken in memory", err)
	}
	until(t, c, "acknowledged", client.Live)
	if len(faults) != 1 {
		t.Errorf("%d faults were told, want the store's", len(faults))
	}
}

type brokenStore struct{}

func (brokenStore) Load() ([]replica.Entry, error) { return nil, nil }
func (brokenStore) Apply(replica.Store) error      { return errors.New("the disk is full") }

func TestNew_RefusesWhatIsNoServer(t *testing.T) {
	for _, url := range []string{"", "example.org", "ftp://example.org", "http://", "::"} {
		if _, err := client.New(client.Options{URL: url}); err == nil {
			t.Errorf("New(%q) gives no error", url)
		}
	}
}
