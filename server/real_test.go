package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"nigh/server/catalog"
	"nigh/server/store/sqlite"
)

// openCatalog runs a real catalog over a store in memory.
func openCatalog(t *testing.T) *catalog.Catalog {
	t.Helper()
	db, err := sqlite.OpenMemory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Open(t.Context(), db, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && ctx.Err() == nil {
			t.Errorf("catalog: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return c
}

// shelf is a small library with two kinds of book in it.
const shelf = `{"id":"moby-dick","title":"Moby-Dick","author":"Herman Melville","description":"A sailor hunts a white whale at sea.","tags":["sea","whaling"],"categories":["novel"],"attributes":{"year":1851}}
{"id":"treasure-island","title":"Treasure Island","author":"Robert Louis Stevenson","description":"A boy sails to an island for pirates' gold.","tags":["sea","pirates"],"categories":["novel"],"attributes":{"year":1883}}
{"id":"the-sea-wolf","title":"The Sea-Wolf","author":"Jack London","description":"A critic is taken aboard a sealing schooner.","tags":["sea","survival"],"categories":["novel"]}
{"id":"dracula","title":"Dracula","author":"Bram Stoker","description":"A count leaves his castle for London.","tags":["horror","vampires"],"categories":["novel"]}
{"id":"carmilla","title":"Carmilla","author":"Sheridan Le Fanu","description":"A guest in a castle who is no guest.","tags":["horror","vampires"],"categories":["short stories"]}
{"id":"a/b ?","title":"<b>odd</b>","url":"javascript:alert(1)"}
`

func TestReal_EachEndpointDoesItsWork(t *testing.T) {
	c := openCatalog(t)
	s := newTestServer(t, Live(c), nil)
	w := call(t, s, post, "/v1/items", shelf, "Content-Type", "application/x-ndjson")
	wantStatus(t, w, 200)
	var bulk BulkResult
	if decodeAnswer(t, w, &bulk); bulk.Accepted != 6 || bulk.Created != 6 {
		t.Fatalf("bulk = %+v, want 6 new items", bulk)
	}
	tests := []struct {
		name, method, path, body string
		want                     int
		says                     string
	}{
		{"get", get, "/v1/items/moby-dick", "", 200, `"attributes":{"year":1851}`},
		{"get with a slash", get, "/v1/items/a%2Fb%20%3F", "", 200, `"title":"<b>odd</b>"`},
		{"list", get, "/v1/items?limit=1", "", 200, `"cursor":"`},
		{"id of 1,000 characters", put, "/v1/items/" + strings.Repeat("x", 1000), "{}", 422, "512"},
		{"nested attributes", put, "/v1/items/a", `{"attributes":{"a":{"b":1}}}`, 422, "attributes"},
		{"no language tag", put, "/v1/items/a", `{"language":"German (AT)"}`, 422, "BCP 47"},
		{"a language", put, "/v1/items/a%2Fb%20%3F", `{"title":"<b>odd</b>","language":"de-AT"}`, 200, `"id":"a/b ?"`},
		{"get the language", get, "/v1/items/a%2Fb%20%3F", "", 200, `"language":"de-AT"`},
		{"unknown item in an event", post, "/v1/events", `{"user":"ada","item":"nothing","kind":"like"}`, 422, "nothing"},
		{"unknown kind of event", post, "/v1/events", `{"user":"ada","item":"dracula","kind":"liek"}`, 422, "like"},
		{"event without user", post, "/v1/events", `{"item":"dracula","kind":"like"}`, 422, "user"},
		{"similar to the unknown", get, "/v1/items/nothing/similar", "", 404, "no such item"},
		{"recommend after an unknown kind", post, "/v1/recommendations", `{"history":[{"item":"dracula","kind":"liek"}]}`, 422, "liek"},
	}
	for _, tt := range tests {
		w := call(t, s, tt.method, tt.path, tt.body)
		wantStatus(t, w, tt.want)
		if !strings.Contains(w.Body.String(), tt.says) {
			t.Errorf("%s = %s, want %s in it", tt.name, w.Body, tt.says)
		}
	}

	list := func(method, path, body string) []string {
		t.Helper()
		w := call(t, s, method, path, body)
		wantStatus(t, w, 200)
		var l Recommendations
		decodeAnswer(t, w, &l)
		if l.Version.Epoch == 0 || l.Version.Seq == 0 {
			t.Errorf("version = %+v, want epoch and seq", l.Version)
		}
		return ids(l)
	}
	// The catalog finds an item's neighbours behind the answer to its PUT.
	eventually(t, "similar to dracula is carmilla", func() bool {
		return slices.Equal(list(get, "/v1/items/dracula/similar?limit=1", ""), []string{"carmilla"})
	})
	if got := list(get, "/recommendations/?preferences=pirates&limit=1", ""); !slices.Equal(got, []string{"treasure-island"}) {
		t.Errorf("pirates = %v, want treasure-island", got)
	}
	if got := list(post, "/v1/recommendations", `{"preferences":{"tags":{"sea":1}},"exclude":["moby-dick"],"limit":2}`); len(got) != 2 || slices.Contains(got, "moby-dick") || slices.Contains(got, "dracula") {
		t.Errorf("sea without moby-dick = %v, want the two others", got)
	}
	if got := list(post, "/v1/recommendations", `{"filter":{"categories":["short stories"]}}`); !slices.Equal(got, []string{"carmilla"}) {
		t.Errorf("short stories = %v, want carmilla", got)
	}
	if got := list(post, "/v1/recommendations", `{"filter":{"attributes":{"year":1883}}}`); !slices.Equal(got, []string{"treasure-island"}) {
		t.Errorf("of 1883 = %v, want treasure-island", got)
	}
	// An event is counted once by its id, and the reader's list follows it.
	event := `{"user":"ada","item":"dracula","kind":"like","id":"key-1"}`
	for _, want := range []string{`"duplicates":0`, `"duplicates":1`} {
		if w := call(t, s, post, "/v1/events", event); !strings.Contains(w.Body.String(), want) {
			t.Errorf("event = %s, want %s", w.Body, want)
		}
	}
	eventually(t, "ada is recommended carmilla", func() bool {
		return slices.Equal(list(get, "/v1/recommendations?user=ada&limit=1", ""), []string{"carmilla"})
	})
	wantStatus(t, call(t, s, del, "/v1/items/carmilla", ""), 204)
	if got := list(get, "/v1/items/dracula/similar", ""); slices.Contains(got, "carmilla") {
		t.Errorf("similar after the delete = %v, want no carmilla", got)
	}
}

func TestReal_TakesVectors(t *testing.T) {
	c := openCatalog(t)
	s := newTestServer(t, Live(c), nil)
	w := call(t, s, post, "/v1/items", `{"id":"a","title":"One","vector":[0,1]}
{"id":"b","title":"Two","vector":[1,0]}
{"id":"nan","vector":[1,NaN]}
{"id":"long","vector":[1,2,3]}
{"id":"word","vector":["x"]}
{"id":"c","title":"Three","vector":"AAAAAAAAgD8="}
`, "Content-Type", "application/x-ndjson")
	wantStatus(t, w, 200)
	var bulk BulkResult
	decodeAnswer(t, w, &bulk)
	wants := []string{"line 3, column 25", "item.vector has 3 dimensions, those of 2 other items have 2", `item.vector holds "x" at place 1`}
	if bulk.Accepted != 3 || len(bulk.Rejected) != len(wants) {
		t.Fatalf("bulk = %+v, want 3 accepted, %d refused", bulk, len(wants))
	}
	for i, want := range wants {
		if got := bulk.Rejected[i]; !strings.Contains(got.Error, want) || got.Index != i+2 || got.Hint == "" {
			t.Errorf("refusal %d = %+v, want %q of row %d, and what to do", i, got, want, i+2)
		}
	}
	if got := bulk.Rejected[0].Hint; !strings.Contains(got, "NaN is not a JSON number") {
		t.Errorf("hint = %q, want it to name NaN", got)
	}
	if w := call(t, s, get, "/v1/items/c", ""); !strings.Contains(w.Body.String(), `"vector":[0,1]`) {
		t.Errorf("get = %s, want the vector: an item that is got and put again must not lose it", w.Body)
	}
	eventually(t, "similar to a is c, whose vector is the same", func() bool {
		w := call(t, s, get, "/v1/items/a/similar?limit=1", "")
		var l Recommendations
		decodeAnswer(t, w, &l)
		if strings.Contains(w.Body.String(), "vector") {
			t.Errorf("a list tells of vectors: %s", w.Body)
		}
		return slices.Equal(ids(l), []string{"c"})
	})
}

func TestReal_LiveListFollowsItemsAndClicks(t *testing.T) {
	c := openCatalog(t)
	_, url := startTestServer(t, Live(c), nil)
	send := func(method, path, body string) {
		t.Helper()
		r, err := http.NewRequest(method, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode >= 300 {
			t.Fatalf("%s %s = %d", method, path, res.StatusCode)
		}
	}
	send(post, "/v1/items", shelf)
	p := dial(t, url, nil)
	until := func(what string, holds func(ids []string) bool) {
		t.Helper()
		for !holds(ids(p.want().Recommendations)) {
		}
	}
	p.send(`{"preferences": ["pirates", "island"], "user": "ada", "limit": 3}`)
	until("the first list", func(l []string) bool { return len(l) > 0 && l[0] == "treasure-island" })
	send(put, "/v1/items/new", `{"title": "Pirates of the pirate island", "tags": ["pirates"]}`)
	until("the new item", func(l []string) bool { return slices.Contains(l, "new") })
	send(post, "/v1/events", `{"user": "ada", "item": "dracula", "kind": "like"}`)
	until("her click", func(l []string) bool { return slices.Contains(l, "carmilla") })
	send(del, "/v1/items/new", "")
	until("the delete", func(l []string) bool { return !slices.Contains(l, "new") })
}

// What was acknowledged before the server was told to stop is there when it starts again.
func TestReal_KeepsWhatItAcknowledged(t *testing.T) {
	dir := t.TempDir()
	open := func() (*catalog.Catalog, *sqlite.DB) {
		db, err := sqlite.Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		c, err := catalog.Open(t.Context(), db, catalog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return c, db
	}
	c, db := open()
	url, stop, end := startRun(t, Live(c), func(o *Options) { o.Sync = Sync(c, 0) })
	acknowledged := make(chan int, 1)
	started := make(chan struct{})
	go func() {
		n := 0
		defer func() { acknowledged <- n }()
		for ; ; n++ {
			res, err := http.Post(url+"/v1/items", "application/json", strings.NewReader(fmt.Sprintf(`[{"id":"i%06d"}]`, n)))
			if err != nil {
				return
			}
			res.Body.Close()
			if res.StatusCode != 200 {
				return
			}
			if n == 5 {
				close(started)
			}
		}
	}()
	<-started
	stop()
	if err := end(); err != nil {
		t.Fatalf("Run = %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	want := <-acknowledged
	c, db = open()
	defer db.Close()
	for i := range want {
		if _, err := c.Item(t.Context(), fmt.Sprintf("i%06d", i)); err != nil {
			t.Errorf("acknowledged item %d of %d: %v", i, want, err)
		}
	}
}

// A reader who is erased is unknown, whoever asks, and may come again.
func TestReal_ErasesAReader(t *testing.T) {
	c := openCatalog(t)
	s := newTestServer(t, Live(c), nil)
	wantStatus(t, call(t, s, post, "/v1/items", shelf, "Content-Type", "application/x-ndjson"), 200)
	const event = `{"user":"a/da","item":"moby-dick","kind":"like","id":"k"}`
	list := func() string {
		t.Helper()
		w := call(t, s, get, "/v1/recommendations?user=a%2Fda", "")
		wantStatus(t, w, 200)
		return w.Body.String()
	}
	for range 2 {
		if w := call(t, s, post, "/v1/events", event); !strings.Contains(w.Body.String(), `"duplicates":0`) {
			t.Errorf("the event of a reader who is not known = %s, want no duplicate", w.Body)
		}
		if got := list(); strings.Contains(got, `"id":"moby-dick"`) {
			t.Errorf("list = %s, want none of what was read", got)
		}
		for range 2 {
			wantStatus(t, call(t, s, del, "/v1/users/a%2Fda", ""), 204)
		}
		if got := list(); !strings.Contains(got, `"id":"moby-dick"`) {
			t.Errorf("list after the erasure = %s, want that of somebody new", got)
		}
	}
	for _, tt := range []struct {
		path string
		want int
		says string
	}{
		{"/v1/users/", 404, "/v1/users/NAME"},
		{"/v1/users/" + strings.Repeat("x", 1000), 422, "at most 256"},
		{"/v1/users/a%00b", 422, "control"},
		{"/v1/users/%FF", 422, "UTF-8"},
	} {
		w := call(t, s, del, tt.path, "")
		wantStatus(t, w, tt.want)
		if !strings.Contains(w.Body.String(), tt.says) {
			t.Errorf("DELETE %s = %s, want %s in it", tt.path, w.Body, tt.says)
		}
	}
}
