package access

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

// Bounds of tokens and of what they are checked with.
const (
	MaxToken  = 8 << 10 // bytes
	MaxReader = 256     // bytes of a sub
	MinSecret = 32      // bytes of an HS256 secret: RFC 7518, section 3.2
	leeway    = time.Minute

	jwksEvery   = time.Hour
	jwksUnknown = 10 * time.Second // between two looks for a key that is not known
	jwksTimeout = 5 * time.Second
	jwksBytes   = 1 << 20
)

// TokenConfig says whose tokens are trusted. At least one of the keys is needed.
type TokenConfig struct {
	Secret    []byte // HS256
	PublicKey []byte // EdDSA: a PEM "PUBLIC KEY" of Ed25519
	JWKS      string // RS256 and ES256: the address of a JSON Web Key Set, https unless it is this machine's

	Audience, Issuer string // if set, a token must have them

	Logger *slog.Logger     // for trouble with the JWKS; nil: slog.Default()
	Now    func() time.Time // nil: time.Now
}

// Set tells whether any key is given.
func (c *TokenConfig) Set() bool { return len(c.Secret) > 0 || len(c.PublicKey) > 0 || c.JWKS != "" }

// Tokens answers for signed tokens. Its methods may be called from any goroutine.
type Tokens struct {
	keys   map[string]func(context.Context) jwt.Keyfunc // by algorithm
	parser *jwt.Parser
	now    func() time.Time
}

// NewTokens returns what checks tokens. With a JWKS it reads that, and again until ctx is done; a JWKS that cannot be
// read is logged and tried again.
func NewTokens(ctx context.Context, c TokenConfig) (*Tokens, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	t := &Tokens{keys: map[string]func(context.Context) jwt.Keyfunc{}, now: c.Now}
	fixed := func(key any) func(context.Context) jwt.Keyfunc {
		return func(context.Context) jwt.Keyfunc { return func(*jwt.Token) (any, error) { return key, nil } }
	}
	if len(c.Secret) > 0 {
		if len(c.Secret) < MinSecret {
			return nil, fmt.Errorf("the secret of tokens has %d bytes, HS256 needs %d; make one with nigh token secret", len(c.Secret), MinSecret)
		}
		t.keys["HS256"] = fixed(c.Secret)
	}
	if len(c.PublicKey) > 0 {
		key, err := publicKey(c.PublicKey)
		if err != nil {
			return nil, err
		}
		t.keys["EdDSA"] = fixed(key)
	}
	if c.JWKS != "" {
		set, err := openJWKS(ctx, c)
		if err != nil {
			return nil, err
		}
		t.keys["RS256"], t.keys["ES256"] = set.KeyfuncCtx, set.KeyfuncCtx
	}
	if len(t.keys) == 0 {
		return nil, errors.New("tokens need a key to be checked with; give a secret, a public key or a JWKS")
	}
	var methods []string
	for alg := range t.keys {
		methods = append(methods, alg)
	}
	options := []jwt.ParserOption{
		jwt.WithValidMethods(methods), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway),
		jwt.WithTimeFunc(c.Now), jwt.WithStrictDecoding(),
	}
	if c.Audience != "" {
		options = append(options, jwt.WithAudience(c.Audience))
	}
	if c.Issuer != "" {
		options = append(options, jwt.WithIssuer(c.Issuer))
	}
	t.parser = jwt.NewParser(options...)
	return t, nil
}

// Caller returns for whom a token speaks, or ErrExpired, or ErrBad with the reason.
func (t *Tokens) Caller(ctx context.Context, text string) (Caller, error) {
	if len(text) > MaxToken {
		return Caller{}, fmt.Errorf("%w: a token has at most %d bytes", ErrBad, MaxToken)
	}
	if strings.ContainsAny(text, "\r\n") { // which base64 in Go passes over: one token would have many forms
		return Caller{}, fmt.Errorf("%w: it is no JWT", ErrBad)
	}
	var claims jwt.RegisteredClaims
	_, err := t.parser.ParseWithClaims(text, &claims, func(token *jwt.Token) (any, error) {
		key := t.keys[token.Method.Alg()] // the parser has refused all other algorithms
		if key == nil {
			return nil, ErrBad
		}
		return key(ctx)(token)
	})
	switch {
	case errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return Caller{}, ErrExpired
	case err != nil:
		return Caller{}, fmt.Errorf("%w: %s", ErrBad, reason(err))
	case !claims.ExpiresAt.After(t.now()):
		return Caller{}, ErrExpired // within the leeway that nbf and iat have
	case !IsName(claims.Subject) || len(claims.Subject) > MaxReader:
		return Caller{}, fmt.Errorf("%w: its sub is no name of a reader", ErrBad)
	}
	return Caller{Reader: claims.Subject, Until: claims.ExpiresAt.Time}, nil
}

// reason says in few words, none of them the token's, why it does not hold.
func reason(err error) string {
	for _, r := range []struct {
		err  error
		says string
	}{
		{jwt.ErrTokenMalformed, "it is no JWT"},
		{jwt.ErrTokenUnverifiable, "it is signed by a key that is not known here"},
		{jwt.ErrTokenSignatureInvalid, "its signature or algorithm is not right"},
		{jwt.ErrTokenRequiredClaimMissing, "it lacks exp, aud or iss"},
		{jwt.ErrTokenInvalidAudience, "it is for another audience"},
		{jwt.ErrTokenInvalidIssuer, "it is of another issuer"},
		{jwt.ErrTokenNotValidYet, "it holds only later"},
		{jwt.ErrTokenUsedBeforeIssued, "it was issued in the future"},
	} {
		if errors.Is(err, r.err) {
			return r.says
		}
	}
	return "it cannot be read"
}

func publicKey(data []byte) (ed25519.PublicKey, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New(`the public key of tokens is no PEM file that begins with "-----BEGIN PUBLIC KEY-----"; write it with openssl pkey -pubout`)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read the public key of tokens: %w", err)
	}
	ed, ok := key.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("the public key of tokens is a %T; give one of Ed25519, or serve others as a JWKS", key)
	}
	return ed, nil
}

// openJWKS begins to follow a key set.
func openJWKS(ctx context.Context, c TokenConfig) (keyfunc.Keyfunc, error) {
	if err := checkJWKS(c.JWKS); err != nil {
		return nil, err
	}
	trouble := func(_ context.Context, err error) {
		c.Logger.Warn("the JWKS could not be read; the keys that are known go on to hold", "url", c.JWKS, "error", err)
	}
	client := &http.Client{
		Timeout: jwksTimeout, Transport: bounded{http.DefaultTransport},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > 3 {
				return errors.New("it redirects too often")
			}
			return checkJWKS(r.URL.String())
		},
	}
	set, err := jwkset.NewStorageFromHTTP(c.JWKS, jwkset.HTTPClientStorageOptions{
		Client: client, Ctx: ctx, HTTPTimeout: jwksTimeout, NoErrorReturnFirstHTTPReq: true,
		RefreshErrorHandler: trouble, RefreshInterval: jwksEvery,
	})
	if err != nil {
		return nil, fmt.Errorf("open JWKS: %w", err)
	}
	// Whoever asks for a key that is not known, when somebody else just did, is refused at once unless the next look is
	// that near: the limit is on both, the wait and the look.
	store, err := jwkset.NewHTTPClient(jwkset.HTTPClientOptions{
		HTTPURLs: map[string]jwkset.Storage{c.JWKS: set}, RateLimitWaitMax: jwksTimeout,
		RefreshUnknownKID: rate.NewLimiter(rate.Every(jwksUnknown), 1),
	})
	if err != nil {
		return nil, fmt.Errorf("open JWKS: %w", err)
	}
	return keyfunc.New(keyfunc.Options{Ctx: ctx, Storage: store, UseWhitelist: []jwkset.USE{jwkset.UseSig, ""}})
}

// checkJWKS refuses an address whose answer anybody on the way could replace.
func checkJWKS(address string) error {
	u, err := url.Parse(address)
	if err == nil && u.Host != "" {
		name := strings.ToLower(u.Hostname())
		ip := net.ParseIP(name)
		if u.Scheme == "https" || u.Scheme == "http" && (name == "localhost" || ip != nil && ip.IsLoopback()) {
			return nil
		}
	}
	return fmt.Errorf("the JWKS %q is no https address; whoever is on the way could replace its keys", address)
}

// bounded cuts answers off that are larger than a key set can be.
type bounded struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, jwksBytes), resp.Body}
	}
	return resp, err
}
