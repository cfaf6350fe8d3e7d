package access

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
	"time"

	"nigh/server/store"
	"nigh/server/store/storetest"
)

// counted counts reads, which fail if fails is set.
type counted struct {
	model *storetest.Model
	reads int
	fails error
}

func (c *counted) Keys(ctx context.Context) ([]store.Key, error) {
	c.reads++
	if c.fails != nil {
		return nil, c.fails
	}
	return c.model.Keys(ctx)
}

func (c *counted) AddKey(ctx context.Context, k store.Key) error { return c.model.AddKey(ctx, k) }

func (c *counted) RevokeKey(ctx context.Context, id string, at time.Time) error {
	return c.model.RevokeKey(ctx, id, at)
}

func TestKeys_HoldUntilTheyAreRevoked(t *testing.T) {
	now := time.Unix(1000, 0)
	s := &counted{model: storetest.NewModel()}
	keys := NewKeys(s, func() time.Time { return now })
	if any, err := keys.Any(t.Context()); any || err != nil {
		t.Fatalf("Any of no keys = %v, %v", any, err)
	}
	text, k := NewKey("shop", Read|Write, now)
	if err := s.AddKey(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	now = now.Add(keysFor)
	c, err := keys.Caller(t.Context(), text)
	if want := (Caller{Scopes: Read | Write, Key: k.ID}); err != nil || c != want {
		t.Fatalf("Caller = %+v, %v, want %+v", c, err, want)
	}
	other, _ := NewKey("x", All, now)
	for _, bad := range []string{"", "nigh_", text[:len(text)-1], text + "x", other, strings.ToUpper(text),
		text[:len(text)-43] + other[len(other)-43:], keyPrefix + k.ID + "_" + string(make([]byte, 43))} {
		if c, err := keys.Caller(t.Context(), bad); !errors.Is(err, ErrBad) || c != (Caller{}) {
			t.Errorf("Caller(%q) = %+v, %v, want ErrBad", bad, c, err)
		}
	}
	reads := s.reads
	for range 100 {
		_, _ = keys.Caller(t.Context(), text)
	}
	if s.reads != reads {
		t.Errorf("%d reads within a second, want none", s.reads-reads)
	}
	if err := s.RevokeKey(t.Context(), k.ID, now); err != nil {
		t.Fatal(err)
	}
	now = now.Add(keysFor)
	if _, err := keys.Caller(t.Context(), text); !errors.Is(err, ErrBad) || keys.Holds(t.Context(), k.ID) {
		t.Errorf("Caller of a revoked key = %v, want ErrBad", err)
	}
	if any, err := keys.Any(t.Context()); !any || err != nil {
		t.Errorf("Any of revoked keys = %v, %v: a server would open for everybody", any, err)
	}
	s.fails = errors.New("the disk is gone")
	now = now.Add(keysFor)
	if _, err := keys.Caller(t.Context(), text); err == nil || errors.Is(err, ErrBad) {
		t.Errorf("Caller without a disk = %v, want the store's error", err)
	}
}

func TestNewKey_KeepsNoSecret(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		text, k := NewKey("n", Read, time.Unix(1, 0))
		secret := text[len(text)-43:]
		if len(text) != keyLength || seen[secret] || keyID(text) != k.ID || strings.Contains(string(k.Hash[:]), secret) {
			t.Fatalf("NewKey = %q, %+v", text, k)
		}
		seen[secret] = true
	}
}

func TestScope_SurvivesItsNames(t *testing.T) {
	for s := Scope(1); s <= All; s++ {
		if got, err := ParseScope(s.String()); err != nil || got != s {
			t.Errorf("ParseScope(%q) = %v, %v", s, got, err)
		}
	}
	for _, bad := range []string{"", "read,", "root", "read write"} {
		if s, err := ParseScope(bad); err == nil {
			t.Errorf("ParseScope(%q) = %v, want an error", bad, s)
		}
	}
}

// Secrets are compared in constant time, and in no other way: no == of hashes in this package, one call of subtle.
func TestKeys_CompareInConstantTime(t *testing.T) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "keys.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	constant := 0
	secret := func(e ast.Expr) bool {
		found := false
		ast.Inspect(e, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && (id.Name == "hash" || id.Name == "Hash") {
				found = true
			}
			return true
		})
		return found
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			_, call := n.X.(*ast.CallExpr)
			if (n.Op == token.EQL || n.Op == token.NEQ) && !call && (secret(n.X) || secret(n.Y)) {
				t.Errorf("%v: hashes are compared with %v", fset.Position(n.Pos()), n.Op)
			}
		case *ast.SelectorExpr:
			if n.Sel.Name == "ConstantTimeCompare" {
				constant++
			}
			if x, ok := n.X.(*ast.Ident); ok && (x.Name == "bytes" || x.Name == "slices") && n.Sel.Name == "Equal" {
				t.Errorf("%v: %s.Equal", fset.Position(n.Pos()), x.Name)
			}
		}
		return true
	})
	if constant != 1 {
		t.Errorf("%d calls of ConstantTimeCompare, want one", constant)
	}
}

func TestCaller_MayBeItself(t *testing.T) {
	const guest = "~0123456789abcdef"
	for name, tc := range map[string]struct {
		c      Caller
		reader string
		scope  Scope
		want   error
	}{
		"nobody for nobody":                 {Caller{}, "", Read, nil},
		"nobody for a guest they know":      {Caller{}, guest, Read, nil},
		"nobody for a guest who is guessed": {Caller{}, "~1", Read, ErrNone},
		"nobody for a name":                 {Caller{}, "ada", Read, ErrNone},
		"trusted for a name":                {Caller{Trusted: true}, "ada", Read, nil},
		"a token for its reader":            {Caller{Reader: "ada"}, "ada", Admin, nil},
		"a token for another":               {Caller{Reader: "ada"}, "bob", Read, ErrReader},
		"a token for a guest":               {Caller{Reader: "ada"}, guest, Read, ErrReader},
		"a key with the scope":              {Caller{Key: "k", Scopes: Read}, "ada", Read, nil},
		"a key without":                     {Caller{Key: "k", Scopes: Write}, "ada", Read, ErrScope},
		"a key without, for a guest":        {Caller{Key: "k", Scopes: Write}, guest, Read, ErrScope},
	} {
		if err := tc.c.Be(tc.reader, tc.scope); !errors.Is(err, tc.want) || (tc.want == nil) != (err == nil) {
			t.Errorf("%s: Be = %v, want %v", name, err, tc.want)
		}
	}
}
