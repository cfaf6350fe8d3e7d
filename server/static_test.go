package server

import (
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"nigh/server/access"
)

var dist = fstest.MapFS{
	"index.html":              {Data: []byte("a template")},
	"recipe.html":             {Data: []byte("<script src=\"/recipe.js\"></script>")},
	"nigh.js":                 {Data: []byte("plain js")},
	"nigh.js.br":              {Data: []byte("br js")},
	"nigh.js.gz":              {Data: []byte("gz js")},
	"assets/nigh-abc.wasm":    {Data: []byte("plain wasm")},
	"assets/nigh-abc.wasm.gz": {Data: []byte("gz wasm")},
	"assets/data.gz":          {Data: []byte("not a form of anything")},
	"docs/index.html":         {Data: []byte("docs")},
	"docs/swagger-ui.css":     {Data: []byte("css")},
	".gitkeep":                {Data: nil},
}

func TestStatic_ServesTheBestForm(t *testing.T) {
	tests := []struct {
		path, accept string
		want, coding string
		kind, cache  string
	}{
		{"/nigh.js", "gzip, deflate, br, zstd", "br js", "br", "text/javascript; charset=utf-8", cacheShort},
		{"/nigh.js", "", "plain js", "", "text/javascript; charset=utf-8", cacheShort},
		{"/nigh.js", "gzip", "gz js", "gzip", "text/javascript; charset=utf-8", cacheShort},
		{"/nigh.js", "br;q=0, gzip", "gz js", "gzip", "text/javascript; charset=utf-8", cacheShort},
		{"/nigh.js", "br;q=0.2, gzip;q=0.9", "gz js", "gzip", "text/javascript; charset=utf-8", cacheShort},
		{"/nigh.js", "br;q=0, gzip;q=0, *;q=0", "plain js", "", "text/javascript; charset=utf-8", cacheShort},
		{"/nigh.js", "*", "br js", "br", "text/javascript; charset=utf-8", cacheShort},
		{"/nigh.js", "identity;q=1, br;q=0.5", "plain js", "", "text/javascript; charset=utf-8", cacheShort},
		{"/nigh.js", "brotli-like, x-gzip", "gz js", "gzip", "text/javascript; charset=utf-8", cacheShort},
		{"/nigh.js", "br;q=high", "plain js", "", "text/javascript; charset=utf-8", cacheShort},
		{"/assets/nigh-abc.wasm", "br, gzip", "gz wasm", "gzip", "application/wasm", cacheForever},
		{"/assets/data.gz", "gzip", "not a form of anything", "", "application/octet-stream", cacheForever},
		{"/docs/", "", "docs", "", "text/html; charset=utf-8", cacheShort},
		{"/docs/swagger-ui.css", "", "css", "", "text/css; charset=utf-8", cacheShort},
	}
	s := newTestServer(t, newFake(), func(o *Options) { o.Dist = dist })
	for _, tt := range tests {
		w := call(t, s, get, tt.path, "", "Accept-Encoding", tt.accept)
		h := w.Header()
		if w.Code != 200 || w.Body.String() != tt.want || h.Get("Content-Encoding") != tt.coding ||
			h.Get("Content-Type") != tt.kind || h.Get("Cache-Control") != tt.cache || h.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s with %q = %d %q %v, want %+v", tt.path, tt.accept, w.Code, w.Body, h, tt)
		}
		again := call(t, s, get, tt.path, "", "Accept-Encoding", tt.accept, "If-None-Match", h.Get("Etag"))
		if again.Code != http.StatusNotModified || again.Body.Len() > 0 || again.Header().Get("Vary") == "" {
			t.Errorf("%s again = %d %v, want 304", tt.path, again.Code, again.Header())
		}
	}
	plain := call(t, s, get, "/nigh.js", "").Header().Get("Etag")
	if w := call(t, s, get, "/nigh.js", "", "Accept-Encoding", "br", "If-None-Match", plain); w.Code != 200 {
		t.Errorf("another form with the plain one's tag = %d, want 200", w.Code)
	}
	if w := call(t, s, http.MethodHead, "/nigh.js", "", "Accept-Encoding", "br"); w.Code != 200 || w.Header().Get("Content-Length") != "5" {
		t.Errorf("HEAD = %d %v, want the length of the brotli form", w.Code, w.Header())
	}
}

func TestStatic_KeepsToItself(t *testing.T) {
	s := newTestServer(t, newFake(), func(o *Options) { o.Dist = dist })
	for _, path := range []string{"/assets/none.js", "/assets/", "/assets/..%2Findex.html", "/index.html", "/recipe.html", "/.gitkeep", "/docs/none.js"} {
		wantStatus(t, call(t, s, get, path, ""), 404)
	}
	if w := call(t, s, get, "/docs", ""); w.Code != 308 || w.Header().Get("Location") != "/docs/" {
		t.Errorf("/docs = %d to %q, want 308 to /docs/", w.Code, w.Header().Get("Location"))
	}
}

func TestStatic_PoliciesAreStrict(t *testing.T) {
	s := newTestServer(t, newFake(library...), func(o *Options) { o.Dist = dist; o.Demo = true; o.DemoItems = fstest.MapFS{} })
	tests := []struct {
		path      string
		has, lack []string
	}{
		{"/", []string{"default-src 'none'", "script-src 'self' 'wasm-unsafe-eval';", "connect-src 'self' ws://example.com wss://example.com;",
			"base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"}, []string{"unsafe-inline", " 'unsafe-eval'"}},
		{"/docs/", []string{"style-src 'self' 'unsafe-inline'", "script-src 'self' 'wasm-unsafe-eval';"}, nil},
		{"/recipe", []string{"script-src 'self' 'wasm-unsafe-eval';"}, []string{"unsafe-inline"}},
		{"/v1/items", []string{nothingPolicy}, []string{"script-src"}},
		{"/openapi.json", []string{nothingPolicy}, nil},
	}
	for _, tt := range tests {
		w := call(t, s, get, tt.path, "")
		policy := w.Header().Get("Content-Security-Policy")
		for _, want := range tt.has {
			if w.Code != 200 || !strings.Contains(policy, want) {
				t.Errorf("%s = %d %s, want %s in it", tt.path, w.Code, policy, want)
			}
		}
		for _, bad := range tt.lack {
			if strings.Contains(policy, bad) {
				t.Errorf("%s = %s, want no %s in it", tt.path, policy, bad)
			}
		}
	}
	for path, want := range map[string]string{"/nigh.js": "*", "/assets/nigh-abc.wasm": "*", "/": ""} {
		h := call(t, s, get, path, "").Header()
		if got := h.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s: Access-Control-Allow-Origin = %q, want %q", path, got, want)
		}
	}
}

func TestPages_AreRenderedFromTheCatalog(t *testing.T) {
	s := newTestServer(t, newFake(library...), func(o *Options) { o.Dist = dist; o.Demo = true; o.DemoItems = fstest.MapFS{} })
	tests := []struct {
		path string
		want int
		says string
	}{
		{"/", 200, "Moby-Dick sea whale"},
		{"/?q=horror&topic=gothic&category=novel", 200, "Dracula horror"},
		{"/?q=" + strings.Repeat("x", 5000), 200, "Dracula horror"},
		{"/works/moby-dick", 200, "Moby-Dick sea whale"},
		{"/works/nothing", 404, "<html"},
		{"/nothing", 404, "<html"},
	}
	for _, tt := range tests {
		w := call(t, s, get, tt.path, "", "Accept", "text/html,*/*")
		if w.Code != tt.want || !strings.Contains(w.Body.String(), tt.says) || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s = %d %v: %.300s, want %d with %q", tt.path, w.Code, w.Header(), w.Body, tt.want, tt.says)
		}
	}
	wantStatus(t, call(t, s, get, "/nothing", "", "Accept", "*/*"), 404) // a problem for programs
	_, keys := testKeys(t, access.All)
	asking := newTestServer(t, newFake(library...), func(o *Options) { o.Demo = true; o.DemoItems = fstest.MapFS{}; o.Keys = keys })
	for name, server := range map[string]*Server{"open": s, "with keys": asking} {
		w := call(t, server, get, "/", "")
		if got, want := strings.Contains(w.Body.String(), "data-anonymous"), server == asking; w.Code != 200 || got != want {
			t.Errorf("%s: / = %d, its reader is anonymous: %v, want %v", name, w.Code, got, want)
		}
	}
}

func TestDemo_FillsAnEmptyCatalogOnly(t *testing.T) {
	works := fstest.MapFS{"a.jsonl": {Data: []byte("{\"id\":\"é/1\",\"title\":\"A\"}\n\n{\"id\":\"two\",\"url\":\"https://x.example\"}\n")}}
	log := newTestServer(t, newFake(), nil).log
	f := newFake()
	if err := loadDemo(t.Context(), f, works, log); err != nil {
		t.Fatal(err)
	}
	if got, want := f.items["é/1"].URL, "/works/%C3%A9%2F1"; len(f.items) != 2 || got != want {
		t.Errorf("items = %v, want 2, the first with url %s", f.items, want)
	}
	f = newFake(library...)
	if err := loadDemo(t.Context(), f, works, log); err != nil || len(f.items) != len(library) {
		t.Errorf("items = %v, %v, want those that were there", f.items, err)
	}
	var bad fs.FS = fstest.MapFS{"a.jsonl": {Data: []byte("{\"id\":\"x\"}\n{")}}
	if err := loadDemo(t.Context(), newFake(), bad, log); err == nil || !strings.Contains(err.Error(), "a.jsonl:2") {
		t.Errorf("error = %v, want file and line", err)
	}
}
