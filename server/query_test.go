package server

import (
	"strings"
	"testing"
)

func TestAPI_RefusesUnknownParameters(t *testing.T) {
	tests := []struct {
		method, path string
		want         int
		hint         string
	}{
		{get, "/v1/recommendations?usr=ada", 422, "did you mean user? The parameters here are user, limit, text, tags,"},
		{get, "/v1/recommendations?user=ada&Limit=3", 422, "did you mean limit?"},
		{get, "/v1/recommendations?q=sea", 422, "the parameters here are user,"},
		{post, "/v1/recommendations?user=ada", 422, "there are none here"},
		{get, "/v1/items/dracula/similar?explian=true", 422, "did you mean explain? The parameters here are any, all, not, since, until, exclude, after, limit, explain"},
		{get, "/v1/items?page=2", 422, "the parameters here are limit, cursor"},
		{get, "/v1/items/dracula?limit=1", 422, "there are none here"},
		{get, "/recommendations/?preference=go", 422, "did you mean preferences? The parameters here are preferences, user, limit"},
		{get, "/recommendations/?=", 422, "the parameters here are"},
		{get, "/recommendations/?preferences=go&preferences=sea&limit=3&user=u", 200, ""},
		{get, "/v1/recommendations?user=&limit=2&text=a&tags=b&categories=c&exclude=d&explain=1", 200, ""},
	}
	for _, tt := range tests {
		w := call(t, newTestServer(t, newFake(library...), nil), tt.method, tt.path, "{}")
		wantStatus(t, w, tt.want)
		if tt.want == 200 {
			continue
		}
		var got Problem
		decodeAnswer(t, w, &got)
		if got.Type != problemType+"invalid" || !strings.Contains(got.Detail, "is no query parameter") || !strings.HasPrefix(got.Hint, tt.hint) {
			t.Errorf("%s = %+v, want the hint %q", tt.path, got, tt.hint)
		}
		if ct := w.Header().Get("Content-Type"); ct != "application/problem+json" {
			t.Errorf("%s: Content-Type = %q, want a problem's", tt.path, ct)
		}
	}
}

// What a client sends as a name is short before anything is computed of it.
func TestAPI_ClipsUnknownParameters(t *testing.T) {
	w := call(t, newTestServer(t, newFake(), nil), get, "/v1/items?"+strings.Repeat("x", 100_000)+"=1", "")
	wantStatus(t, w, 422)
	if w.Body.Len() > 1000 {
		t.Errorf("answer has %d bytes, want a short one", w.Body.Len())
	}
}

func TestEdits_CountsChanges(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "user", 4}, {"usr", "user", 1}, {"user", "user", 0}, {"explian", "explain", 2}, {"kitten", "sitting", 3},
	} {
		if got := edits(tt.a, tt.b); got != tt.want || edits(tt.b, tt.a) != tt.want {
			t.Errorf("edits(%q, %q) = %d, want %d both ways", tt.a, tt.b, got, tt.want)
		}
	}
}
