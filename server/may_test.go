package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"

	"nigh/server/access"
	"nigh/server/store/storetest"
)

var readerSecret = []byte("a secret of tests that has 32 bytes")

// token signs a reader's token that ends after d.
func token(t testing.TB, reader string, d time.Duration) string {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": reader, "exp": time.Now().Add(d).Unix()}).SignedString(readerSecret)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func readers(t testing.TB) *access.Tokens {
	t.Helper()
	ts, err := access.NewTokens(t.Context(), access.TokenConfig{Secret: readerSecret})
	if err != nil {
		t.Fatal(err)
	}
	return ts
}

const testGuest = "~0123456789abcdef"

// Every operation of the API and every credential there is: what is answered.
func TestNeeds_RouteByCredential(t *testing.T) {
	keys := storetest.NewModel()
	make := func(s access.Scope) string {
		text, k := access.NewKey(s.String(), s, time.Unix(1, 0))
		if err := keys.AddKey(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		return text
	}
	revoked := make(access.All)
	if err := keys.RevokeKey(t.Context(), revoked[5:13], time.Unix(2, 0)); err != nil {
		t.Fatal(err)
	}
	credentials := []struct{ name, text string }{
		{"nothing", ""}, {"read", make(access.Read)}, {"events", make(access.Events)}, {"write", make(access.Write)},
		{"admin", make(access.Admin)}, {"all", make(access.All)}, {"ada", token(t, "ada", time.Hour)},
		{"ended", token(t, "ada", -time.Hour)}, {"revoked", revoked},
	}
	// The columns are the credentials above. 1: it may; 0: 401; x: 403.
	routes := []struct {
		id, method, path, body string
		want                   string
	}{
		{"put-item", put, "/v1/items/new", `{}`, "0xx1x1x00"},
		{"put-items", post, "/v1/items", `[]`, "0xx1x1x00"},
		{"delete-item", del, "/v1/items/dracula", "", "0xx1x1x00"},
		{"get-item", get, "/v1/items/dracula", "", "01xxx1x00"},
		{"list-items", get, "/v1/items", "", "01xxx1x00"},
		{"similar-items", get, "/v1/items/dracula/similar", "", "11xxx1100"},
		{"recommend", post, "/v1/recommendations", `{}`, "11xxx1100"},
		{"recommend, ada", post, "/v1/recommendations", `{"user":"ada"}`, "01xxx1100"},
		{"recommend, bob", post, "/v1/recommendations", `{"user":"bob"}`, "01xxx1x00"},
		{"recommend, a guest", post, "/v1/recommendations", `{"user":"` + testGuest + `"}`, "11xxx1x00"},
		{"recommend, a guest who is guessed", post, "/v1/recommendations", `{"user":"~1"}`, "01xxx1x00"},
		{"recommend-simply, ada", get, "/v1/recommendations?user=ada", "", "01xxx1100"},
		{"recommend-simply, bob", get, "/v1/recommendations?user=bob", "", "01xxx1x00"},
		{"recipe", get, "/recommendations/?preferences=sea", "", "11xxx1100"},
		{"recipe, bob", get, "/recommendations/?user=bob", "", "01xxx1x00"},
		{"record-events, ada", post, "/v1/events", `{"user":"ada","item":"dracula","kind":"view"}`, "0x1xx1100"},
		{"record-events, bob", post, "/v1/events", `{"user":"bob","item":"dracula","kind":"view"}`, "0x1xx1x00"},
		{"record-events, both", post, "/v1/events", `[{"user":"ada","item":"dracula","kind":"view"},{"user":"bob","item":"dracula","kind":"view"}]`, "0x1xx1x00"},
		{"record-events, a guest", post, "/v1/events", `{"user":"` + testGuest + `","item":"dracula","kind":"view"}`, "1x1xx1x00"},
		{"erase-user, ada", del, "/v1/users/ada", "", "0xxx11100"},
		{"erase-user, bob", del, "/v1/users/bob", "", "0xxx11x00"},
		{"erase-user, a guest", del, "/v1/users/" + testGuest, "", "1xxx11x00"},
		{"live", get, "/ws/recommendations/", "", "11xxx1100"},
		{"sync", get, "/v1/sync", "", "1xxxx1100"},
		// Public, whatever comes with the request.
		{"", get, "/healthz", "", "111111111"},
		{"", get, "/openapi.json", "", "111111111"},
		{"", get, "/", "", "111111111"},
	}
	covered := map[string]bool{}
	for _, r := range routes {
		id, _, _ := strings.Cut(r.id, ",")
		covered[id] = true
		for i, c := range credentials {
			f := newFake(library...)
			s := newTestServer(t, f, func(o *Options) {
				o.Keys, o.Readers = keys, readers(t)
				o.Sync = func(g *Guard) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if socket, err := g.Accept(w, r, AcceptOptions{Operation: "sync"}); err == nil {
							socket.Release()
						}
					})
				}
			})
			var headers []string
			if c.text != "" {
				headers = []string{"Authorization", "Bearer " + c.text}
			}
			w := call(t, s, r.method, r.path, r.body, headers...)
			got := "1"
			switch {
			case w.Code == 401:
				got = "0"
			case w.Code == 403:
				got = "x"
			case w.Code >= 400 && w.Code != http.StatusUpgradeRequired: // a recorder is no WebSocket
				got = w.Result().Status
			}
			if got != string(r.want[i]) {
				t.Errorf("%s %s %s with %s = %s: %s, want %c", r.method, r.path, r.body, c.name, got, w.Body, r.want[i])
			}
			if w.Code == 401 || w.Code == 403 {
				if p := wantProblem(t, w); p.Hint == "" || strings.Contains(w.Body.String(), c.text) && c.text != "" {
					t.Errorf("%s with %s = %+v, want a hint and no secret", r.path, c.name, p)
				}
				if f.seq != 0 || len(f.asked) > 0 {
					t.Errorf("%s with %s was refused and reached the catalog", r.path, c.name)
				}
			}
		}
	}
	for id := range needs {
		if !covered[id] {
			t.Errorf("needs has a row %q that no route above has", id)
		}
	}
}

// A new operation that says nothing of who may use it would be for nobody, or for everybody: it has to say.
func TestNeeds_CoverEveryOperation(t *testing.T) {
	var doc spec
	decodeAnswer(t, call(t, newTestServer(t, newFake(), nil), get, "/openapi.json", ""), &doc)
	seen := 0
	for path, methods := range doc.Paths {
		for _, op := range methods {
			if n, ok := needs[op.OperationID]; !ok || n.scope == 0 {
				t.Errorf("%s (%s) has no row in needs", path, op.OperationID)
			}
			seen++
		}
	}
	if seen != len(needs) {
		t.Errorf("%d operations and %d rows of needs", seen, len(needs))
	}
}

// A reader's token that names nobody speaks for its reader.
func TestNeeds_ATokenSpeaksForItsReader(t *testing.T) {
	f := newFake(library...)
	s := newTestServer(t, f, func(o *Options) { o.Readers = readers(t) })
	bearer := []string{"Authorization", "Bearer " + token(t, "ada", time.Hour)}
	wantStatus(t, call(t, s, post, "/v1/recommendations", `{}`, bearer...), 200)
	if got := f.asked[0].User; got != "ada" {
		t.Errorf("asked for %q, want ada", got)
	}
	wantStatus(t, call(t, s, post, "/v1/events", `{"item":"dracula","kind":"view"}`, bearer...), 200)
}

func TestNeeds_ReadersMayHaveToSignIn(t *testing.T) {
	strict := newTestServer(t, newFake(library...), func(o *Options) { o.Readers, o.NoAnonymous = readers(t), true })
	trusting := newTestServer(t, newFake(library...), func(o *Options) { _, o.Keys = testKeys(t, access.All); o.TrustNames = true })
	for _, tt := range []struct {
		path             string
		strict, trusting int
	}{
		{"/recommendations/", 401, 200},
		{"/v1/recommendations?user=ada", 401, 200},
		{"/v1/items/dracula/similar", 401, 200},
		{"/ws/recommendations/", 401, 426},
		{"/v1/items", 401, 401},
		{"/docs", 308, 308},
	} {
		if w := call(t, strict, get, tt.path, ""); w.Code != tt.strict {
			t.Errorf("%s without anonymous readers = %d, want %d", tt.path, w.Code, tt.strict)
		}
		if w := call(t, trusting, get, tt.path, ""); w.Code != tt.trusting {
			t.Errorf("%s where names are trusted = %d, want %d", tt.path, w.Code, tt.trusting)
		}
	}
}

// The first key closes a server that runs, and cuts off who came in before.
func TestGuard_ClosesWithTheFirstKey(t *testing.T) {
	keys := storetest.NewModel()
	s, url := startTestServer(t, newFake(library...), func(o *Options) { o.Keys = keys })
	p := dial(t, url, nil)
	p.send(`{"user":"ada"}`)
	p.want()
	text, k := access.NewKey("first", access.Read, time.Unix(1, 0))
	if err := keys.AddKey(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server asks for keys", func() bool { return call(t, s, get, "/v1/items", "").Code == 401 })
	wantStatus(t, call(t, s, get, "/v1/items", "", "Authorization", "Bearer "+text), 200)
	eventually(t, "who came in before is cut off", func() bool { return s.Guard().Open() == 0 })
	if err := keys.RevokeKey(t.Context(), k.ID, time.Now()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the key is revoked", func() bool {
		return call(t, s, get, "/v1/items", "", "Authorization", "Bearer "+text).Code == 401
	})
	wantStatus(t, call(t, s, get, "/v1/items", ""), 401) // and the server is not open again
}

func TestLive_EndsWithItsKeyAndItsToken(t *testing.T) {
	text, keys := testKeys(t, access.Read)
	s, url := startTestServer(t, newFake(library...), func(o *Options) { o.Keys, o.Readers = keys, readers(t) })
	header := func(text string) http.Header { return http.Header{"Authorization": {"Bearer " + text}} }
	withKey, withToken := dial(t, url, &websocket.DialOptions{HTTPHeader: header(text)}), dial(t, url, &websocket.DialOptions{HTTPHeader: header(token(t, "ada", time.Hour))})
	withToken.send(`{"user":"bob"}`)
	if got := withToken.want(); !strings.Contains(got.Error, "another reader") || got.Hint == "" || len(got.Recommendations.Recommendations) > 0 {
		t.Errorf("ada's page that asks for bob = %+v, want it refused", got)
	}
	withToken.send(`{}`)
	withToken.want()
	if !s.Guard().sweep(time.Now()) {
		t.Errorf("sweep = false, want it to look after both")
	}
	if err := keys.RevokeKey(t.Context(), text[5:13], time.Now()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the key ends its connection", func() bool { s.Guard().sweep(time.Now()); return s.Guard().Open() == 1 })
	withKey.wantClose(4009)
	s.Guard().sweep(time.Now().Add(2 * time.Hour))
	withToken.wantClose(4009)
	eventually(t, "both are released", func() bool { return s.Guard().Open() == 0 })
	if s.Guard().sweep(time.Now()) {
		t.Errorf("sweep = true, want nothing left to look after")
	}
}

// FuzzGuard_Credentials: whatever stands in the headers that carry keys and tokens, a request is refused with a problem or
// gets what an anonymous reader may, and never more.
func FuzzGuard_Credentials(f *testing.F) {
	text, keys := testKeys(f, access.All)
	good := token(f, "ada", time.Hour)
	for _, seed := range [][2]string{{"Bearer x", ""}, {"bearer  nigh_", "nigh.token."}, {"Basic x", "nigh.json, nigh.token.a, nigh.token.b"},
		{"", "nigh.v1,,nigh.token.nigh_00000000_"}, {"Bearer", ", ,"}, {"Bearer \x00", "nigh.token.a b"}, {"Bearer " + text[:len(text)-1], ""},
		{"Bearer " + good[:len(good)-1], "nigh.token." + good + "."}} {
		f.Add(seed[0], seed[1])
	}
	s := newTestServer(f, newFake(library...), func(o *Options) { o.Keys, o.Readers = keys, readers(f) })
	f.Fuzz(func(t *testing.T, authorization, protocols string) {
		if strings.Contains(authorization+protocols, text) || strings.Contains(authorization+protocols, good) {
			return
		}
		r := httptest.NewRequest(get, "/v1/items", nil).WithContext(context.Background())
		r.Header["Authorization"] = []string{authorization}
		r.Header["Sec-Websocket-Protocol"] = strings.Split(protocols, "\n")
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != 401 && w.Code != 400 {
			t.Fatalf("%q, %q = %d %s, want it refused", authorization, protocols, w.Code, w.Body)
		}
		wantProblem(t, w)
	})
}
