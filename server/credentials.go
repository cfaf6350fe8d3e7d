package server

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"nigh/server/access"
)

// tokenProtocol prefixes a key or token in a WebSocket's list of subprotocols: a browser's WebSocket has no headers.
const tokenProtocol = "nigh.token."

// inAddress are query parameters by which people hand secrets over elsewhere.
var inAddress = []string{"token", "access_token", "api_key", "apikey", "key", "jwt", "authorization"}

// errTwoCredentials: which of them is meant?
var errTwoCredentials = errors.New("the request has several keys or tokens")

// credentials returns the key or token that a request carries, "" for none: as `Authorization: Bearer …`, or as a
// subprotocol nigh.token.… beside the real one. Of other schemes it knows nothing, for they may be a proxy's.
func credentials(h http.Header) (text string, err error) {
	add := func(s string) {
		if s = strings.TrimSpace(s); text != "" && s != text {
			err = errTwoCredentials
		} else {
			text = s
		}
	}
	for _, value := range h.Values("Authorization") {
		if scheme, rest, _ := strings.Cut(strings.TrimSpace(value), " "); strings.EqualFold(scheme, "Bearer") {
			if rest = strings.TrimSpace(rest); rest == "" {
				return "", access.ErrBad
			}
			add(rest)
		}
	}
	for _, list := range h.Values("Sec-Websocket-Protocol") {
		for name := range strings.SplitSeq(list, ",") {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(name), tokenProtocol); ok {
				if rest == "" {
					return "", access.ErrBad
				}
				add(rest)
			}
		}
	}
	if err != nil || len(text) > access.MaxToken {
		return "", cmpErr(err, access.ErrBad)
	}
	return text, nil
}

// secretInAddress tells whether a request has a key or token where every proxy on the way would log it.
func secretInAddress(r *http.Request) bool {
	if r.URL.RawQuery == "" {
		return false
	}
	for name, values := range r.URL.Query() {
		for _, secret := range inAddress {
			if strings.EqualFold(name, secret) {
				return true
			}
		}
		for _, v := range values {
			if access.IsKey(v) {
				return true
			}
		}
	}
	return false
}

// closed tells whether this server asks who somebody is: it was told how (readers' tokens), or its store holds a key or
// ever did. Until then everybody who reaches it may do everything, and Run lets only this machine reach it, unless
// Options.Open is set. That keys cannot be read just now opens nothing.
func (g *Guard) closed(ctx context.Context) bool {
	if g.tokens != nil || g.noAnonymous || g.keys == nil {
		return g.tokens != nil || g.noAnonymous
	}
	if g.closedFor.Load() {
		return true
	}
	any, err := g.keys.Any(ctx)
	if any && !g.closedFor.Swap(true) {
		g.log.Info("there are API keys: whoever has none may do what an anonymous reader may")
		for _, s := range g.open() {
			s.Cut() // admitted when nobody was asked; whoever may come in comes again
		}
	}
	return any || err != nil
}

// identify returns who a key or token ("" for none) says that it is of.
func (g *Guard) identify(ctx context.Context, text string) (access.Caller, error) {
	switch {
	case !g.closed(ctx):
		return access.Caller{Scopes: access.All, Trusted: true}, nil
	case text == "":
		return access.Caller{Trusted: g.trustNames}, nil
	case access.IsKey(text):
		if g.keys == nil {
			return access.Caller{}, access.ErrBad
		}
		return g.keys.Caller(ctx, text)
	case g.tokens == nil:
		return access.Caller{}, access.ErrBad
	}
	return g.tokens.Caller(ctx, text)
}

// caller returns who sent a request.
func (g *Guard) caller(r *http.Request) (access.Caller, error) {
	if secretInAddress(r) {
		return access.Caller{}, errInAddress
	}
	text, err := credentials(r.Header)
	if err != nil {
		return access.Caller{}, err
	}
	return g.identify(r.Context(), text)
}

// holds tells whether what admitted a caller still does: a key that was revoked since does not.
func (g *Guard) holds(ctx context.Context, c access.Caller) bool {
	return c.Key == "" || g.keys.Holds(ctx, c.Key)
}
