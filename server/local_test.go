package server

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"nigh/server/access"
)

// What a page can make a browser send to a server on the reader's own machine, by letting its own name lead there.
func TestGuard_RefusesForeignNamesOnThisMachine(t *testing.T) {
	for _, c := range []struct {
		addr    string
		key     bool
		origins []string
		host    string
		want    int
	}{
		{addr: "localhost:8080", host: "localhost:8080", want: http.StatusOK},
		{addr: "localhost:8080", host: "127.0.0.1:8080", want: http.StatusOK},
		{addr: "127.0.0.1:0", host: "[::1]:8080", want: http.StatusOK},
		{addr: "localhost:8080", host: "shop.localhost:8080", want: http.StatusOK},
		{addr: "localhost:8080", host: "evil.example:8080", want: http.StatusMisdirectedRequest},
		{addr: "localhost:8080", host: "localhost.evil.example", want: http.StatusMisdirectedRequest},
		{addr: "[::1]:8080", host: "127.0.0.1.evil.example", want: http.StatusMisdirectedRequest},
		{addr: "localhost:8080", host: "site.example", origins: []string{"https://site.example"}, want: http.StatusOK},
		{addr: "localhost:8080", host: "evil.example", origins: []string{"https://site.example"}, want: http.StatusMisdirectedRequest},
		{addr: "localhost:8080", key: true, host: "evil.example", want: http.StatusOK}, // who has no key gets no more than anybody on the internet
		{addr: ":8080", host: "site.example", want: http.StatusOK},
	} {
		o := Options{Catalog: newFake(), Addr: c.addr, Origins: c.origins}
		if c.key {
			_, o.Keys = testKeys(t, access.All)
		}
		s, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "/healthz", nil)
		r.Host = c.host
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("listening on %s (origins %v), asked as %s: %d, want %d", c.addr, c.origins, c.host, w.Code, c.want)
		}
	}
}
