package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"nigh/core"
	"nigh/server/catalog"
	"nigh/server/store"
)

// Every endpoint and every way to misuse it: what is answered, and that it is a whole problem if it is an error.
func TestAPI_AnswersEachRequest(t *testing.T) {
	long := strings.Repeat("x", 1000)
	tests := []struct {
		name, method, path, body, contentType string
		want                                  int
		says                                  string // in the answer
	}{
		{"put new", put, "/v1/items/a", `{"title":"A"}`, "application/json", 201, `"created":true`},
		{"put again", put, "/v1/items/dracula", `{"title":"A"}`, "", 200, `"created":false`},
		{"put with its id", put, "/v1/items/a", `{"id":"a"}`, "", 201, `"id":"a"`},
		{"put with another id", put, "/v1/items/a", `{"id":"b"}`, "", 422, "leave it out of the body"},
		{"put a slash", put, "/v1/items/a%2Fb", `{}`, "", 201, `"id":"a/b"`},
		{"put a slash unencoded", put, "/v1/items/a/b", `{}`, "", 404, "%2F"},
		{"put odd characters", put, "/v1/items/%E2%82%AC%20%3F%23%25%2B%22", `{}`, "", 201, `€ ?#%+\"`},
		{"put without id", put, "/v1/items/", `{}`, "", 404, "/v1/items/ID"},
		{"put an id of 1,000 characters", put, "/v1/items/" + long, `{}`, "", 422, "512 bytes"},
		{"put nothing", put, "/v1/items/a", ``, "", 400, "the body is empty"},
		{"put broken JSON", put, "/v1/items/a", "{\n \"title\": \"A\",,\n}", "", 400, "line 2, column 15"},
		{"put null", put, "/v1/items/dracula", ` null `, "", 422, "item is null"},
		{"put a number beyond all bounds", put, "/v1/items/a", `{"vector": [1e999]}`, "", 422, "item.vector holds 1e999 at place 1"},
		{"put a vector of something else", put, "/v1/items/a", `{"vector": [1, null]}`, "", 422, "item.vector holds null at place 2"},
		{"put a vector that is a text", put, "/v1/items/a", `{"vector": "AACAPwAAAEA="}`, "", 201, `"id":"a"`},
		{"put half", put, "/v1/items/a", `{"title": "A`, "", 400, "ends too early"},
		{"put two", put, "/v1/items/a", `{} {}`, "", 400, "column 4"},
		{"put a list", put, "/v1/items/a", `[]`, "", 422, "item is an array"},
		{"put a number as title", put, "/v1/items/a", `{"title": 1}`, "", 422, "item.title is a number"},
		{"put an unknown field", put, "/v1/items/a", `{"titel": "A"}`, "", 422, `no field \"titel\"`},
		{"put a bad time", put, "/v1/items/a", `{"published_at": "yesterday"}`, "", 422, "item.published_at is not a time"},
		{"put a form", put, "/v1/items/a", `title=A`, "application/x-www-form-urlencoded", 415, "Content-Type: application/json"},
		{"put 10 MB", put, "/v1/items/a", `{"title": "` + strings.Repeat("x", 10<<20) + `"}`, "", 413, "at most 1 MiB"},

		{"get", get, "/v1/items/dracula", "", "", 200, `"title":"Dracula horror"`},
		{"get an unknown one", get, "/v1/items/nothing", "", "", 404, "no such item"},
		{"get an id of 1,000 characters", get, "/v1/items/" + long, "", "", 404, "no such item"},
		{"delete", del, "/v1/items/dracula", "", "", 204, ""},
		{"delete an unknown one", del, "/v1/items/nothing", "", "", 404, "no such item"},
		{"patch", http.MethodPatch, "/v1/items/dracula", `{}`, "", 405, "PATCH is not possible"},

		{"list", get, "/v1/items", "", "", 200, `"items":[`},
		{"list none", get, "/v1/items?limit=0", "", "", 422, "limit"},
		{"list too many", get, "/v1/items?limit=1001", "", "", 422, "limit"},
		{"list a word", get, "/v1/items?limit=many", "", "", 422, "limit"},
		{"list with a strange cursor", get, "/v1/items?cursor=!", "", "", 422, "cursor of the page before"},

		{"bulk array", post, "/v1/items", `[{"id":"a"},{"id":"dracula"}]`, "application/json", 200, `{"accepted":2,"created":1,"rejected":[],"rejected_total":0}`},
		{"bulk lines", post, "/v1/items", "{\"id\":\"a\"}\n\n{\"id\":\"b\"}", "application/x-ndjson", 200, `"accepted":2`},
		{"bulk lines without a type", post, "/v1/items", "{\"id\":\"a\"}\n{\"id\":\"b\"}\n", "", 200, `"accepted":2`},
		{"bulk one", post, "/v1/items", `{"id":"a"}`, "application/json", 200, `"accepted":1`},
		{"bulk none", post, "/v1/items", `[]`, "", 200, `"accepted":0`},
		{"bulk nothing", post, "/v1/items", ``, "", 400, "the body is empty"},
		{"bulk with a bad row", post, "/v1/items", `[{"id":"a"},{"id":""},{"id":"c","titel":"x"},7]`, "", 200, `"rejected_total":3`},
		{"bulk with a bad row before a refused one", post, "/v1/items", `[{"id":""},7]`, "", 200, `"rejected":[{"index":0,`},
		{"bulk lines with a broken one", post, "/v1/items", "{\"id\":\"a\"}\n{\"id\":\n{\"id\":\"c\"}", "application/x-ndjson", 200, `at line 2, column 7`},
		{"bulk array that breaks", post, "/v1/items", `[{"id":"a"},{"id":]`, "", 400, `"accepted":1`},
		{"bulk array that ends early", post, "/v1/items", `[{"id":"a"}`, "", 400, "ends too early"},
		{"bulk array and more", post, "/v1/items", `[{"id":"a"}] []`, "", 400, "after the end"},
		{"bulk array of lines", post, "/v1/items", `[{"id":"a"}]`, "application/x-ndjson", 200, "item is an array"},

		{"event", post, "/v1/events", `{"user":"u","item":"dracula","kind":"like"}`, "", 200, `{"accepted":1,"duplicates":0,"rejected":[],"rejected_total":0}`},
		{"event of an unknown item", post, "/v1/events", `{"user":"u","item":"x","kind":"like"}`, "", 422, "event.item is unknown"},
		{"event with a bad field", post, "/v1/events", `{"usr":"u"}`, "", 422, `no field \"usr\"`},
		{"event with a bad time", post, "/v1/events", `{"user":"u","at":"noon"}`, "", 422, "event.at is not a time"},
		{"events", post, "/v1/events", `[{"item":"dracula","id":"1"},{"item":"dracula","id":"1"},{"item":"x"}]`, "", 200,
			`{"accepted":2,"duplicates":1,"rejected":[{"index":2,"id":"x",`},
		{"event lines", post, "/v1/events", "{\"item\":\"dracula\"}\n{\"item\":\"x\"}", "application/x-ndjson", 200, `"rejected_total":1`},
		{"one event line", post, "/v1/events", `{"item":"x"}`, "application/x-ndjson", 200, `"rejected_total":1`},
		{"events broken", post, "/v1/events", `{"item":`, "", 400, "ends too early"},

		{"events that break", post, "/v1/events", `[{"item":"dracula"},{"item":`, "", 400, `"accepted":1,"duplicates":0`},

		{"recommend", post, "/v1/recommendations", `{}`, "", 200, `"version":{"epoch":7,"seq":0,"learned":0,"policy":"8000000000000001","hour":9}`},
		{"recommend with all", post, "/v1/recommendations", `{"user":"u","history":[{"item":"dracula","kind":"like","at":"2026-01-31T12:00:00Z"}],
			"preferences":{"text":"sea","tags":{"horror":-1},"terms":["whale"],"authors":{},"items":{"go-book":0.5},"categories":null},
			"limit":2,"exclude":["moby-dick"],"filter":{"tags":"go","categories":["a"],"attributes":{"year":[1851,true,"x"]}},"explain":true}`, "", 200, `"reasons":[`},
		{"recommend with a bad limit", post, "/v1/recommendations", `{"limit":201}`, "", 422, "use 1 to 200"},
		{"recommend with a limit that is no integer", post, "/v1/recommendations", `{"limit":1e2}`, "", 422, "request.limit is 1e2"},
		{"recommend with a bad weight", post, "/v1/recommendations", `{"preferences":{"tags":{"a":101}}}`, "", 422, "from -100 to 100"},
		{"recommend with an overflow", post, "/v1/recommendations", `{"preferences":{"tags":{"a":1e999}}}`, "", 422, "preferences.tags"},
		{"recommend with a bad part", post, "/v1/recommendations", `{"preferences":{"colour":{"a":1}}}`, "", 422, "text, tags, terms"},
		{"recommend with bad preferences", post, "/v1/recommendations", `{"preferences":7}`, "", 422, "neither"},
		{"recommend with a bad filter", post, "/v1/recommendations", `{"filter":{"tags":{"a":1}}}`, "", 422, "filter"},
		{"recommend from an unknown item, which is skipped", post, "/v1/recommendations", `{"history":[{"item":"x"}]}`, "", 200, `"recommendations":[{`},
		{"recommend from an unknown kind", post, "/v1/recommendations", `{"history":[{"item":"dracula","kind":"eat"}]}`, "", 422, "history[0].kind is"},
		{"recommend simply", get, "/v1/recommendations?user=u&limit=1&tags=sea,-horror&text=whale&explain=true", "", "", 200, `"id":"moby-dick"`},
		{"recommend simply, too many", get, "/v1/recommendations?limit=500", "", "", 422, "limit"},
		{"similar", get, "/v1/items/dracula/similar?limit=1", "", "", 200, `"recommendations":[{`},
		{"similar to nothing", get, "/v1/items/nothing/similar", "", "", 404, "no such item"},

		{"the recipe", get, "/recommendations/?preferences=go,websockets", "", "", 200, `{"recommendations":[{"id":"go-book"`},
		{"the recipe, pushed away", get, "/recommendations/?preferences=-horror", "", "", 200, `"recommendations":[{"id":"go-book"`},
		{"the recipe, nothing", get, "/recommendations/", "", "", 200, `"recommendations":[{`},
		{"the recipe without its slash", get, "/recommendations?preferences=go", "", "", 308, ""},
		{"below the recipe", get, "/recommendations/x", "", "", 404, "nothing at this address"},

		{"no WebSocket", get, "/ws/recommendations/", "", "", 426, "WebSocket"},
		{"no route", get, "/v2/items", "", "", 404, "/docs"},
		{"no route below v1", get, "/v1/nothing", "", "", 404, "/docs"},
		{"health", get, "/healthz", "", "", 200, "ok"},
		{"ready", get, "/readyz", "", "", 200, "ok"},
		{"health, posted", post, "/healthz", "{}", "", 405, "use GET"},
		{"root", get, "/", "", "", 200, "/docs/"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newTestServer(t, newFake(library...), nil)
			w := call(t, s, tt.method, tt.path, tt.body, "Content-Type", tt.contentType)
			wantStatus(t, w, tt.want)
			if !strings.Contains(w.Body.String(), tt.says) {
				t.Errorf("answer = %s, want %s in it", w.Body, tt.says)
			}
			if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Content-Security-Policy") == "" {
				t.Errorf("headers = %v, want nosniff and a policy", w.Header())
			}
		})
	}
}

func TestAPI_ErrorsFollowTheTable(t *testing.T) {
	tests := []struct {
		err  error
		want int
	}{
		{fmt.Errorf("read: %w", store.ErrNotFound), 404},
		{catalog.ErrClosed, 503},
		{fmt.Errorf("commit: %w", store.ErrReadOnly), 503},
		{store.ErrLocked, 503},
		{store.ErrNewer, 503},
		{&catalog.InputError{Field: "a", Reason: "b"}, 422},
		{errors.New("disk I/O error at /secret/path"), 500},
	}
	for _, tt := range tests {
		f := newFake()
		f.err = tt.err
		s := newTestServer(t, f, nil)
		for _, r := range [][3]string{{get, "/v1/items/a", ""}, {put, "/v1/items/a", "{}"}, {post, "/v1/events", "[{}]"},
			{post, "/v1/recommendations", "{}"}, {get, "/recommendations/", ""}, {get, "/v1/items/a/similar", ""}, {del, "/v1/items/a", ""}} {
			w := call(t, s, r[0], r[1], r[2])
			wantStatus(t, w, tt.want)
			if strings.Contains(w.Body.String(), "secret") {
				t.Errorf("%s %s tells %s, want nothing of the inside", r[0], r[1], w.Body)
			}
		}
	}
	f := newFake()
	f.err = errors.New("disk I/O error")
	wantStatus(t, call(t, newTestServer(t, f, nil), get, "/readyz", ""), 503)
}

// The client of a 500 is sent to the log, so the log has the error; what a client did wrong is no error of the server.
func TestAPI_LogsWhatIsBehindA500(t *testing.T) {
	for _, r := range [][3]string{{put, "/v1/items/a", "{}"}, {post, "/v1/items", "[{}]"}, {post, "/v1/events", "[{}]"},
		{get, "/v1/items/a", ""}} {
		var out strings.Builder
		f := newFake()
		s := newTestServer(t, f, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&out, nil)) })
		f.err = errors.New("disk I/O error")
		wantStatus(t, call(t, s, r[0], r[1], r[2]), 500)
		if !strings.Contains(out.String(), "level=ERROR") || !strings.Contains(out.String(), `error="disk I/O error"`) {
			t.Errorf("%s %s: log = %s, want the error in it", r[0], r[1], &out)
		}
		out.Reset()
		f.err = nil
		wantStatus(t, call(t, s, post, r[1], "[{"), map[bool]int{true: 405, false: 400}[r[1] == "/v1/items/a"])
		if strings.Contains(out.String(), "error=") {
			t.Errorf("%s %s: log = %s, want no error", r[0], r[1], &out)
		}
	}
}

func TestAPI_PanicsBecomeProblems(t *testing.T) {
	f := newFake()
	f.panics = "at the disco"
	for _, coding := range []string{"", "gzip"} {
		w := call(t, newTestServer(t, f, nil), get, "/v1/items/a", "", "Accept-Encoding", coding)
		wantStatus(t, w, 500)
		if strings.Contains(w.Body.String(), "disco") {
			t.Errorf("answer tells of the panic: %s", w.Body)
		}
	}
}

func TestAPI_PagesThroughAllItems(t *testing.T) {
	f := newFake()
	var want []string
	for i := range 25 {
		id := fmt.Sprintf("item/%02d", i)
		f.items[id] = store.Item{ID: id}
		want = append(want, id)
	}
	s := newTestServer(t, f, nil)
	var got []string
	for cursor, pages := "", 0; ; pages++ {
		w := call(t, s, get, "/v1/items?limit=10&cursor="+cursor, "")
		wantStatus(t, w, 200)
		var page ItemPage
		decodeAnswer(t, w, &page)
		for _, it := range page.Items {
			got = append(got, it.ID)
		}
		if cursor = page.Cursor; cursor == "" {
			if pages != 2 {
				t.Errorf("pages = %d, want 3", pages+1)
			}
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("items = %v, want %v", got, want)
	}
}

func TestAPI_StoresBulkInBatches(t *testing.T) {
	f := newFake()
	s := newTestServer(t, f, nil)
	var body strings.Builder
	for i := range 1201 {
		fmt.Fprintf(&body, "{\"id\":\"i%d\"}\n", i)
	}
	body.WriteString("{broken\n")
	w := call(t, s, post, "/v1/items", body.String(), "Content-Type", "application/x-ndjson")
	wantStatus(t, w, 200)
	var got BulkResult
	decodeAnswer(t, w, &got)
	if got.Accepted != 1201 || got.Created != 1201 || len(got.Rejected) != 1 || got.Rejected[0].Index != 1201 {
		t.Errorf("result = %+v, want 1201 accepted and row 1201 rejected", got)
	}
	if want := []int{500, 500, 201}; !slices.Equal(f.batches, want) {
		t.Errorf("batches = %v, want %v", f.batches, want)
	}
	// A list of rejections has an end, whatever is sent.
	w = call(t, s, post, "/v1/items", strings.Repeat("x\n", 5000), "Content-Type", "application/x-ndjson")
	decodeAnswer(t, w, &got)
	if len(got.Rejected) != maxListed || got.RejectedTotal != 5000 {
		t.Errorf("rejected = %d of %d, want %d of 5000", len(got.Rejected), got.RejectedTotal, maxListed)
	}
	// A line that is too long is one bad row.
	long := `{"id":"long","title":"` + strings.Repeat("x", maxRowBytes) + `"}`
	w = call(t, s, post, "/v1/items", long+"\n{\"id\":\"short\"}", "Content-Type", "application/x-ndjson")
	decodeAnswer(t, w, &got)
	if got.Accepted != 1 || got.RejectedTotal != 1 || !strings.Contains(got.Rejected[0].Error, "line 1 has") {
		t.Errorf("result = %+v, want the long line rejected alone", got)
	}
}

// A decoder keeps a whole row, several times over: four clients with 60 MB in one text took 1.2 GB.
func TestAPI_EndsBulkAtARowBeyond2MiB(t *testing.T) {
	full := `{"id":"b","description":"` + strings.Repeat("x", 1<<20) + `"}`
	long := `{"id":"c","description":"` + strings.Repeat("x", 3<<20) + `"}`
	blanks := strings.Repeat(" ", 400<<10)
	for name, body := range map[string]string{
		"an array":   `[{"id":"a"},` + blanks + full + blanks + `,` + full + blanks + `,` + long + `]`,
		"values":     `{"id":"a"}` + blanks + full + blanks + full + blanks + long,
		"one string": `[{"id":"a"},{"id":"b"},` + `{"id":"c"},"` + strings.Repeat("x", 3<<20) + `"]`,
	} {
		f := newFake()
		s := newTestServer(t, f, nil)
		w := call(t, s, post, "/v1/items", body)
		wantStatus(t, w, 413)
		var got Problem
		decodeAnswer(t, w, &got)
		if got.Accepted == nil || *got.Accepted != 3 || !strings.Contains(got.Detail, "row 3 (counted from 0) has more than 2 MiB") {
			t.Errorf("%s: problem = %+v, want 3 accepted and row 3 named", name, got)
		}
	}
}

func TestAPI_RefusesBulkBeyond64MiB(t *testing.T) {
	s := newTestServer(t, newFake(), nil)
	line := `{"id":"a","description":"` + strings.Repeat("x", 1<<20-100) + "\"}\n"
	w := call(t, s, post, "/v1/items", strings.Repeat(line, 65), "Content-Type", "application/x-ndjson")
	wantStatus(t, w, 413)
}

func TestAPI_KeepsTextAsText(t *testing.T) {
	f := newFake(store.Item{ID: "a", Title: "<script>alert(1)</script>", URL: "javascript:alert(1)", Image: "data:text/html,x"})
	w := call(t, newTestServer(t, f, nil), post, "/v1/recommendations", "{}")
	wantStatus(t, w, 200)
	var got Recommendations
	decodeAnswer(t, w, &got)
	if c := got.Recommendations[0].Item; c.Title != "<script>alert(1)</script>" || c.URL != "" || c.Image != "" {
		t.Errorf("card = %+v, want the title as text and no address", c)
	}
	if ct := w.Header().Get("Content-Type"); ct != "application/json" {
		t.Errorf("Content-Type = %q, want application/json", ct)
	}
}

func TestPreferences_ReadEachForm(t *testing.T) {
	text := func(key string, weight int32) core.Preference {
		return core.Preference{Kind: core.PreferText, Key: key, Weight: weight}
	}
	tests := []struct {
		in   string
		want core.Preferences
	}{
		{`null`, nil},
		{`{}`, nil},
		{`"go, -horror,"`, core.Preferences{text("go", 256), text("horror", -256)}},
		{`["go","- horror",""]`, core.Preferences{text("go", 256), text("horror", -256)}},
		{`{"text":"sailing boats, old"}`, core.Preferences{text("sailing boats, old", 256)}},
		{`{"text":{"go":0.5},"terms":{"go":1}}`, core.Preferences{text("go", 384)}}, // 0.5 + 1, in units of 1/256
		{`{"text":{"go":1},"terms":{"go":-1}}`, nil},
		{`{"tags":["sea"],"items":{"-1":-2},"authors":"Verne","categories":{"novel":1}}`, core.Preferences{
			{Kind: core.PreferTag, Key: "sea", Weight: 256}, {Kind: core.PreferCategory, Key: "novel", Weight: 256},
			{Kind: core.PreferAuthor, Key: "Verne", Weight: 256}, {Kind: core.PreferItem, Key: "-1", Weight: -512}}},
	}
	for _, tt := range tests {
		var got Preferences
		if err := json.Unmarshal([]byte(tt.in), &got); err != nil {
			t.Errorf("%s: %v", tt.in, err)
		} else if !slices.Equal(core.Preferences(got), tt.want) {
			t.Errorf("%s = %v, want %v", tt.in, got, tt.want)
		}
	}
}
