package access

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Scope is a set of what a caller may do.
type Scope uint32

// The scopes. Each is a bit in the store: their values stay.
const (
	Read   Scope = 1 << iota // any reader's recommendations, items as they were given
	Events                   // record what any reader did
	Write                    // change items
	Admin                    // erase readers
	All    = Read | Events | Write | Admin
)

var scopeNames = []struct {
	scope Scope
	name  string
}{{Read, "read"}, {Events, "events"}, {Write, "write"}, {Admin, "admin"}}

// String returns the names of the scopes, with commas.
func (s Scope) String() string {
	var names []string
	for _, n := range scopeNames {
		if s&n.scope != 0 {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, ",")
}

// ParseScope reads names of scopes, with commas between them.
func ParseScope(s string) (Scope, error) {
	var out Scope
next:
	for name := range strings.SplitSeq(s, ",") {
		for _, n := range scopeNames {
			if n.name == strings.TrimSpace(name) {
				out |= n.scope
				continue next
			}
		}
		return 0, fmt.Errorf("there is no scope %q; use some of %v, with commas", name, All)
	}
	return out, nil
}

// Errors of credentials. Others mean that they could not be checked.
var (
	// ErrNone: nothing was given, and something is needed.
	ErrNone = errors.New("a key or a reader's token is needed")
	// ErrBad: what was given is no key of this server, or no token that it can trust.
	ErrBad = errors.New("the key or token does not hold")
	// ErrExpired: the token has ended.
	ErrExpired = errors.New("the token has ended")
	// ErrScope: the key or token holds, and does not give this.
	ErrScope = errors.New("the key or token does not give this")
	// ErrReader: this is another reader's.
	ErrReader = errors.New("this belongs to another reader")
)

// Caller is who asks, and what they may. The zero Caller is anonymous.
type Caller struct {
	Scopes Scope
	Reader string    // whom a token speaks for; "" for none
	Until  time.Time // when a token ends; zero: it does not
	Key    string    // ID of the key; "" for none
	// Trusted callers may call themselves by any name: where the server asks nobody for anything, or takes readers'
	// word for who they are.
	Trusted bool
}

// Anonymous tells whether the caller brought neither key nor token.
func (c Caller) Anonymous() bool { return c.Key == "" && c.Reader == "" && c.Scopes == 0 }

// May returns why the caller may not do what needs a scope: ErrNone or ErrScope.
func (c Caller) May(s Scope) error {
	switch {
	case c.Scopes&s == s:
		return nil
	case c.Anonymous():
		return ErrNone
	}
	return ErrScope
}

// Be returns why the caller may not act as a reader ("" for nobody in particular): whoever has the scope is any reader;
// a token is its own; everybody is the anonymous reader of a browser whose id they know, which is a secret.
func (c Caller) Be(reader string, s Scope) error {
	switch {
	case c.May(s) == nil, reader == "", c.Trusted && c.Key == "":
		return nil
	case c.Reader != "":
		if reader == c.Reader {
			return nil
		}
		return ErrReader
	case c.Key == "" && IsAnonymous(reader):
		return nil
	}
	return c.May(s)
}

// anonymous begins the names of readers who are who their browser is: wire.Hello.Reader.
const anonymous = "~"

// minSecret is how many bytes a browser's id has at least where it is the secret of an anonymous reader. The SDK's have
// 32, hexadecimal: 128 bits.
const minSecret = 16

// IsAnonymous tells whether a name is one of an anonymous reader, whose browser's id nobody guesses.
func IsAnonymous(reader string) bool {
	id, ok := strings.CutPrefix(reader, anonymous)
	return ok && len(id) >= minSecret
}

// IsName tells whether a name is none of the anonymous ones: what a token may say, and a page may call its reader.
func IsName(reader string) bool { return reader != "" && !strings.HasPrefix(reader, anonymous) }
