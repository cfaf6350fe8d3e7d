package access

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

var (
	secret      = []byte("0123456789abcdef0123456789abcdef")
	start       = time.Unix(1_800_000_000, 0)
	edPublic, _ = pemOf(edKey.Public())
	edKey       = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
)

func pemOf(key crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
}

// sign makes a token of claims, with a key's id if there is one.
func sign(t testing.TB, method jwt.SigningMethod, key any, kid string, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	if kid != "" {
		token.Header["kid"] = kid
	}
	s, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ada(change ...any) jwt.MapClaims {
	c := jwt.MapClaims{"sub": "ada", "exp": start.Add(time.Hour).Unix(), "aud": "nigh", "iss": "site"}
	for i := 0; i < len(change); i += 2 {
		if change[i+1] == nil {
			delete(c, change[i].(string))
		} else {
			c[change[i].(string)] = change[i+1]
		}
	}
	return c
}

func newTokens(t testing.TB, c TokenConfig) *Tokens {
	t.Helper()
	c.Logger = slog.New(slog.DiscardHandler)
	if c.Now == nil {
		c.Now = func() time.Time { return start }
	}
	ts, err := NewTokens(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return ts
}

func TestTokens_HoldForTheirReader(t *testing.T) {
	hs := func(claims jwt.MapClaims) string { return sign(t, jwt.SigningMethodHS256, secret, "", claims) }
	at := func(d time.Duration) int64 { return start.Add(d).Unix() }
	tests := []struct {
		name, token string
		want        error
		says        string
	}{
		{"a token", hs(ada()), nil, ""},
		{"EdDSA", sign(t, jwt.SigningMethodEdDSA, edKey, "", ada()), nil, ""},
		{"a list of audiences", hs(ada("aud", []string{"x", "nigh"})), nil, ""},
		{"a clock that is a little ahead", hs(ada("nbf", at(50*time.Second), "iat", at(50*time.Second))), nil, ""},
		{"ended", hs(ada("exp", at(-time.Hour))), ErrExpired, ""},
		{"ended just now: an end has no leeway", hs(ada("exp", at(-time.Second))), ErrExpired, ""},
		{"ends now", hs(ada("exp", at(0))), ErrExpired, ""},
		{"without an end", hs(ada("exp", nil)), ErrBad, "lacks exp"},
		{"not yet", hs(ada("nbf", at(2*time.Minute))), ErrBad, "only later"},
		{"issued in the future", hs(ada("iat", at(2*time.Minute))), ErrBad, "in the future"},
		{"another audience", hs(ada("aud", "shop")), ErrBad, "another audience"},
		{"no audience", hs(ada("aud", nil)), ErrBad, "lacks"},
		{"another issuer", hs(ada("iss", "evil")), ErrBad, "another issuer"},
		{"no issuer", hs(ada("iss", nil)), ErrBad, "lacks"},
		{"no reader", hs(ada("sub", nil)), ErrBad, "no name"},
		{"an anonymous reader", hs(ada("sub", "~0123456789abcdef")), ErrBad, "no name"},
		{"too long a name", hs(ada("sub", strings.Repeat("x", 257))), ErrBad, "no name"},
		{"another secret", sign(t, jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), "", ada()), ErrBad, "signature"},
		{"ended, with another secret", sign(t, jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), "", ada("exp", at(-time.Hour))), ErrBad, "signature"},
		{"another algorithm of the same secret", sign(t, jwt.SigningMethodHS512, secret, "", ada()), ErrBad, "algorithm"},
		{"none", sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "", ada()), ErrBad, "algorithm"},
		{"none, in other letters", swapAlg(hs(ada()), "nOnE"), ErrBad, "key"},
		{"alg confusion: the public key as a secret", sign(t, jwt.SigningMethodHS256, edPublic, "", ada()), ErrBad, "signature"},
		{"alg confusion: its raw bytes", sign(t, jwt.SigningMethodHS256, []byte(edKey.Public().(ed25519.PublicKey)), "", ada()), ErrBad, "signature"},
		{"alg confusion: EdDSA that was signed with the secret", swapAlg(hs(ada()), "EdDSA"), ErrBad, "signature"},
		{"RS256, of which there is no key", swapAlg(hs(ada()), "RS256"), ErrBad, "algorithm"},
		{"a changed reader", swapClaims(hs(ada()), `{"sub":"bob","exp":4000000000,"aud":"nigh","iss":"site"}`), ErrBad, "signature"},
		{"no JWT", "s3cret", ErrBad, "no JWT"},
		{"nothing", "", ErrBad, "no JWT"},
		{"too long", strings.Repeat("x", MaxToken+1), ErrBad, "bytes"},
	}
	ts := newTokens(t, TokenConfig{Secret: secret, PublicKey: edPublic, Audience: "nigh", Issuer: "site"})
	for _, tt := range tests {
		c, err := ts.Caller(t.Context(), tt.token)
		if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: Caller = %+v, %v, want %v that says %q", tt.name, c, err, tt.want, tt.says)
		}
		if want := (Caller{Reader: "ada", Until: start.Add(time.Hour)}); err == nil && c != want {
			t.Errorf("%s: Caller = %+v, want %+v", tt.name, c, want)
		}
		if err != nil && (c != Caller{} || tt.token != "" && strings.Contains(err.Error(), tt.token)) {
			t.Errorf("%s: Caller = %+v with the error %v", tt.name, c, err)
		}
	}
}

// swapAlg puts another algorithm into a token's head, and leaves its signature.
func swapAlg(token, alg string) string {
	_, rest, _ := strings.Cut(token, ".")
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"`+alg+`","typ":"JWT"}`)) + "." + rest
}

func swapClaims(token, claims string) string {
	parts := strings.Split(token, ".")
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(claims))
	return strings.Join(parts, ".")
}

func TestNewTokens_RefusesKeysThatProtectNothing(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsaPEM, _ := pemOf(rsaKey.Public())
	for says, c := range map[string]TokenConfig{
		"need a key":      {},
		"nigh token":      {Secret: secret[:31]},
		"openssl":         {PublicKey: []byte("x")},
		"JWKS":            {PublicKey: rsaPEM},
		"no https":        {JWKS: "http://example.org/keys"},
		"could replace":   {JWKS: "file:///etc/keys"},
		"is no https add": {JWKS: "localhost:80"},
	} {
		if _, err := NewTokens(t.Context(), c); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("NewTokens(%+v) = %v, want %q in it", c, err, says)
		}
	}
}

// keyServer is a JWKS that a test changes.
type keyServer struct {
	mu    sync.Mutex
	keys  []map[string]any
	down  bool
	asked int
	url   string
}

func newKeyServer(t *testing.T) *keyServer {
	k := &keyServer{}
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.asked++; k.down {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": k.keys})
	}))
	t.Cleanup(hs.Close)
	k.url = hs.URL
	return k
}

func (k *keyServer) set(down bool, keys ...map[string]any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys, k.down = keys, down
}

func rsaJWK(kid string, key *rsa.PublicKey, more ...string) map[string]any {
	b := base64.RawURLEncoding.EncodeToString
	out := map[string]any{"kty": "RSA", "kid": kid, "n": b(key.N.Bytes()), "e": b(big.NewInt(int64(key.E)).Bytes())}
	for i := 0; i < len(more); i += 2 {
		out[more[i]] = more[i+1]
	}
	return out
}

func TestTokens_FollowAKeySet(t *testing.T) {
	newRSA := func() *rsa.PrivateKey {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	one, two, three := newRSA(), newRSA(), newRSA()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := ec.PublicKey.ECDH()
	if err != nil {
		t.Fatal(err)
	}
	b := base64.RawURLEncoding.EncodeToString
	raw := point.Bytes()
	ecJWK := map[string]any{"kty": "EC", "kid": "ec", "crv": "P-256", "x": b(raw[1:33]), "y": b(raw[33:])}
	oct := map[string]any{"kty": "oct", "kid": "oct", "k": b(secret)}

	server := newKeyServer(t)
	server.set(false, rsaJWK("one", &one.PublicKey), rsaJWK("for-encryption", &three.PublicKey, "use", "enc"), ecJWK, oct)
	ts := newTokens(t, TokenConfig{JWKS: server.url})
	holds := func(what, token string, want bool) {
		t.Helper()
		if c, err := ts.Caller(t.Context(), token); (err == nil) != want || err != nil && !errors.Is(err, ErrBad) {
			t.Errorf("%s: Caller = %+v, %v, want it to hold: %v", what, c, err, want)
		}
	}
	rs := func(key *rsa.PrivateKey, kid string) string { return sign(t, jwt.SigningMethodRS256, key, kid, ada()) }
	holds("RS256", rs(one, "one"), true)
	holds("ES256", sign(t, jwt.SigningMethodES256, ec, "ec", ada()), true)
	holds("RS256 by another key's id", rs(one, "ec"), false)
	holds("RS256 by another key", rs(two, "one"), false)
	holds("a key that is for encryption", rs(three, "for-encryption"), false)
	holds("another algorithm of the key", sign(t, jwt.SigningMethodRS512, one, "one", ada()), false)
	holds("HS256 by the set's own symmetric key", sign(t, jwt.SigningMethodHS256, secret, "oct", ada()), false)
	public, _ := pemOf(one.Public())
	holds("HS256 by the public key", sign(t, jwt.SigningMethodHS256, public, "one", ada()), false)

	// Rotation: a token of a new key is believed at once, without a start. The look for it is the only one for a while,
	// whatever keys tokens name.
	server.set(false, rsaJWK("two", &two.PublicKey))
	holds("a key that came", rs(two, "two"), true)
	holds("a key that went", rs(one, "one"), false)
	asked := server.asked
	for range 20 {
		holds("a key that nobody has", rs(three, "nobody's"), false)
	}
	if server.asked > asked+1 {
		t.Errorf("%d looks for keys that are not there, want at most one", server.asked-asked)
	}
	// Outage: what is known goes on to hold.
	server.set(true)
	holds("a known key in an outage", rs(two, "two"), true)

	// A start in an outage.
	ts = newTokens(t, TokenConfig{JWKS: server.url})
	server.set(false, rsaJWK("one", &one.PublicKey, "alg", "PS256"), rsaJWK("two", &two.PublicKey))
	holds("after a start in an outage", rs(two, "two"), true)
	holds("a key that is for another algorithm", rs(one, "one"), false)

	long := newKeyServer(t)
	long.set(false, rsaJWK("one", &one.PublicKey), map[string]any{"kid": strings.Repeat("x", jwksBytes)})
	ts = newTokens(t, TokenConfig{JWKS: long.url})
	holds("a key of a set that never ends", rs(one, "one"), false)
}

func FuzzTokens_Caller(f *testing.F) {
	ts := newTokens(f, TokenConfig{Secret: secret, PublicKey: edPublic})
	good := sign(f, jwt.SigningMethodHS256, secret, "", ada())
	for _, seed := range []string{good, swapAlg(good, "none"), swapAlg(good, "EdDSA"), swapClaims(good, `{"exp":1e400}`), "..", "a.b.c",
		"eyJhbGciOiJIUzI1NiJ9..", good + "=", " " + good, good + "\n", sign(f, jwt.SigningMethodEdDSA, edKey, "k", ada())} {
		f.Add(seed)
	}
	known := map[string]bool{good: true, sign(f, jwt.SigningMethodEdDSA, edKey, "k", ada()): true}
	f.Fuzz(func(t *testing.T, token string) {
		c, err := ts.Caller(context.Background(), token)
		if err == nil && !known[token] {
			t.Fatalf("%q is a token of %+v, which nobody signed", token, c)
		}
		if err != nil && !errors.Is(err, ErrBad) && !errors.Is(err, ErrExpired) {
			t.Fatalf("Caller(%q) = %v, want the sender's fault", token, err)
		}
	})
}
