package server

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"nigh/server/access"
)

func TestGuard_ChecksOriginAndKey(t *testing.T) {
	key, keys := testKeys(t, access.All)
	const self, friend, other = "http://example.com", "https://friend.example", "https://evil.example" // httptest's host is example.com
	tests := []struct {
		name         string
		method, path string
		headers      []string
		want         int
		allow        string // Access-Control-Allow-Origin
	}{
		{"no origin", post, "/v1/recommendations", []string{"Authorization", "Bearer " + key}, 200, ""},
		{"bearer in any case", post, "/v1/recommendations", []string{"Authorization", "bearer  " + key}, 200, ""},
		{"own page", post, "/v1/recommendations", []string{"Authorization", "Bearer " + key, "Origin", self}, 200, self},
		{"allowed page", post, "/v1/recommendations", []string{"Authorization", "Bearer " + key, "Origin", friend}, 200, friend},
		{"allowed page, shouting", post, "/v1/recommendations", []string{"Authorization", "Bearer " + key, "Origin", "https://FRIEND.example"}, 200, "https://FRIEND.example"},
		{"other page", post, "/v1/recommendations", []string{"Authorization", "Bearer " + key, "Origin", other}, 403, ""},
		{"a page without origin", post, "/v1/events", []string{"Authorization", "Bearer " + key, "Origin", "null", "Content-Type", "text/plain"}, 403, ""},
		{"other page reads", get, "/v1/recommendations", []string{"Authorization", "Bearer " + key, "Origin", other}, 200, ""},
		{"allowed page reads", get, "/recommendations/", []string{"Authorization", "Bearer " + key, "Origin", friend}, 200, friend},
		{"no key", put, "/v1/items/a", nil, 401, ""},
		{"no key, a foreign page", put, "/v1/items/a", []string{"Origin", other}, 403, ""},
		{"wrong key", post, "/v1/recommendations", []string{"Authorization", "Bearer " + key[:40]}, 401, ""},
		{"a proxy's scheme", put, "/v1/items/a", []string{"Authorization", "Basic " + key}, 401, ""},
		{"a key in the URL", get, "/v1/recommendations?token=" + key, nil, 400, ""},
		{"a key in the URL by another name", get, "/v1/recommendations?user=" + key, nil, 400, ""},
		{"two keys", get, "/v1/recommendations", []string{"Authorization", "Bearer " + key, "Sec-Websocket-Protocol", "nigh.token.another"}, 400, ""},
		{"a key as subprotocol", get, "/ws/recommendations/", []string{"Sec-Websocket-Protocol", "nigh.json, nigh.token." + key}, 426, ""},
		{"health without key", get, "/healthz", nil, 200, ""},
		{"preflight", http.MethodOptions, "/v1/items/a", []string{"Origin", friend, "Access-Control-Request-Method", "PUT"}, 204, friend},
		{"preflight of another page", http.MethodOptions, "/v1/items/a", []string{"Origin", other, "Access-Control-Request-Method", "PUT"}, 403, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newTestServer(t, newFake(library...), func(o *Options) { o.Keys = keys; o.Origins = []string{friend} })
			body := ""
			if tt.method == post || tt.method == put {
				body = "{}"
			}
			w := call(t, s, tt.method, tt.path, body, tt.headers...)
			wantStatus(t, w, tt.want)
			if got := w.Header().Get("Access-Control-Allow-Origin"); got != tt.allow {
				t.Errorf("Access-Control-Allow-Origin = %q, want %q", got, tt.allow)
			}
			if tt.want == 401 && w.Header().Get("Www-Authenticate") == "" {
				t.Errorf("401 without WWW-Authenticate")
			}
		})
	}
}

func TestGuard_StarAllowsEveryOrigin(t *testing.T) {
	s := newTestServer(t, newFake(), func(o *Options) { o.Origins = []string{"*"} })
	w := call(t, s, post, "/v1/recommendations", "{}", "Origin", "https://any.example")
	wantStatus(t, w, 200)
}

func TestOptions_AreChecked(t *testing.T) {
	tests := []struct {
		opt  Options
		want string
	}{
		{Options{}, "Catalog is nil"},
		{Options{Catalog: newFake(), Origins: []string{"example.org"}}, "https://example.org"},
		{Options{Catalog: newFake(), Origins: []string{"https://example.org/"}}, "scheme and host only"},
		{Options{Catalog: newFake(), NoAnonymous: true}, "how their tokens are checked"},
		{Options{Catalog: newFake(), Readers: &access.Tokens{}, TrustNames: true}, "proved by tokens"},
		{Options{Catalog: newFake(), Readers: &access.Tokens{}, Open: true}, "asks for no tokens"},
		{Options{Catalog: newFake(), Demo: true}, "DemoItems"},
	}
	for _, tt := range tests {
		_, err := New(tt.opt)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("New(%+v) = %v, want %q in it", tt.opt, err, tt.want)
		}
	}
}

func TestLog_TellsRouteAndNoSecrets(t *testing.T) {
	key, keys := testKeys(t, access.All)
	var log bytes.Buffer
	s := newTestServer(t, newFake(library...), func(o *Options) {
		o.Keys = keys
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	call(t, s, get, "/v1/items/dracula/similar?limit=3", "", "Authorization", "Bearer "+key)
	call(t, s, get, "/recommendations/?preferences=thought", "", "Authorization", "Bearer "+key)
	call(t, s, get, "/nothing/here?private=thought", "")
	call(t, s, get, "/v1/items?token="+key, "")
	for _, want := range []string{`route="GET /v1/items/{id}/similar"`, "status=200", "method=GET", "us=", "bytes=", "route=none status=404"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log = %s, want %s in it", &log, want)
		}
	}
	for _, secret := range []string{key, key[14:], "thought", "dracula"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("log = %s, want no %s in it", &log, secret)
		}
	}
}
