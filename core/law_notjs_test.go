//go:build !js

package core_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// inModule is what may be linked into the browser's module, each with its reason. Packages of Go's own internal/ come
// with these and are not listed.
var inModule = map[string]string{
	"nigh/wasm":               "the shell",
	"nigh/core":               "ranking",
	"nigh/core/text":          "the reader's words are read in the browser",
	"nigh/core/text/snowball": "stemming",
	"nigh/core/wire":          "the messages",
	"nigh/core/wire/pack":     "MessagePack without reflection",
	"nigh/core/replica":       "the sync machine",
	"runtime":                 "every program has it",
	"unsafe":                  "of runtime",
	"sync/atomic":             "of sync",
	"sync":                    "of io and syscall/js",
	"syscall/js":              "the border to JavaScript",
	"io":                      "the interfaces of the decoder's source",
	"errors":                  "sentinels",
	"cmp":                     "orders",
	"slices":                  "sorting and searching by types, without reflection",
	"iter":                    "of slices",
	"math/bits":               "of runtime and math",
	"unicode/utf8":            "reading text; the tables of unicode are not linked",
}

func TestLaw_ModuleLinksTheAllowListOnly(t *testing.T) {
	linked := list(t, "js", "-deps", "-f", "{{.ImportPath}}", "nigh/wasm")
	for _, p := range linked {
		if strings.HasPrefix(p, "internal/") {
			continue
		}
		if _, ok := inModule[p]; !ok {
			t.Errorf("the module links %s, which is not on the list; it costs every reader its size", p)
		}
	}
	for p := range inModule {
		if !slices.Contains(linked, p) {
			t.Errorf("%s is on the list but not linked; take it off", p)
		}
	}
}

// inward says what a package of core may import of nigh. A package that is not named may not exist.
var inward = map[string][]string{
	"nigh/core":               {"nigh/core/text"},
	"nigh/core/text":          {"nigh/core/text/snowball"},
	"nigh/core/text/snowball": {},
	"nigh/core/wire":          {"nigh/core", "nigh/core/wire/pack"},
	"nigh/core/wire/pack":     {},
	"nigh/core/replica":       {"nigh/core", "nigh/core/text", "nigh/core/wire"},
	"nigh/core/learn":         {"nigh/core", "nigh/core/text"},
	"nigh/wasm":               {"nigh/core", "nigh/core/replica", "nigh/core/wire"},
}

// home says where a driver may be imported: its own folder, and no other.
var home = map[string][]string{
	"modernc.org/sqlite":                {"nigh/server/store/sqlite"},
	"github.com/pressly/goose/v3":       {"nigh/server/store/sqlite", "nigh/server/store/postgres"},
	"github.com/jackc/pgx":              {"nigh/server/store/postgres"},
	"github.com/nats-io":                {"nigh/server/bus/natsbus"},
	"github.com/vmihailenco/msgpack/v5": {"nigh/core/wire"},
	"github.com/coder/websocket":        {"nigh/server", "nigh/server/client", "nigh/server/bench"}, // bench: the bare yardstick
	"github.com/spf13/cobra":            {"nigh/server/cmd/nigh"},
	"github.com/danielgtaylor/huma/v2":  {"nigh/server"},
}

func TestLaw_ImportsPointInward(t *testing.T) {
	for _, goos := range []string{"js", "linux"} {
		lines := list(t, goos, "-e", "-f", "{{.ImportPath}}{{range .Imports}} {{.}}{{end}}", "nigh/...")
		if len(lines) < len(inward) {
			t.Fatalf("%s: %d packages, want at least %d", goos, len(lines), len(inward))
		}
		for _, line := range lines {
			p, imports, _ := strings.Cut(line, " ")
			allowed, known := inward[p]
			if !known && below(p, "nigh/core") {
				t.Errorf("%s: package %s is not in the house's plan; say there what it may import", goos, p)
			}
			for _, i := range strings.Fields(imports) {
				if known && below(i, "nigh") && !slices.Contains(allowed, i) {
					t.Errorf("%s: %s imports %s, want only %v", goos, p, i, allowed)
				}
				if below(i, "nigh/server") && !below(p, "nigh/server") {
					t.Errorf("%s: %s imports %s; nothing outside the server does", goos, p, i)
				}
				for driver, homes := range home {
					if below(i, driver) && !slices.Contains(homes, p) {
						t.Errorf("%s: %s imports %s, which belongs in %v", goos, p, i, homes)
					}
				}
			}
		}
	}
}

// ranking are the folders on whose arithmetic two machines must agree.
var ranking = []string{".", "text", "wire", "wire/pack", "replica"}

func TestLaw_NoFloatInRanking(t *testing.T) {
	for file, f := range sources(t) {
		for _, i := range f.Imports {
			name, _ := strconv.Unquote(i.Path.Value)
			switch {
			case name == "time", path.Dir(name) == "math" && name != "math/bits", name == "math" && !strings.HasPrefix(file, "text/"):
				t.Errorf("%s imports %s: no clock, no chance, no floats in ranking", file, name)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				if slices.Contains([]string{"float32", "float64", "complex64", "complex128"}, n.Name) {
					t.Errorf("%s uses %s", file, n.Name)
				}
			case *ast.BasicLit:
				if n.Kind == token.FLOAT || n.Kind == token.IMAG {
					t.Errorf("%s has the number %s", file, n.Value)
				}
			case *ast.GoStmt:
				t.Errorf("%s starts a goroutine", file)
			case *ast.SelectStmt:
				t.Errorf("%s selects, which chance decides", file)
			}
			return true
		})
	}
}

// heavy are packages that bring reflection, the operating system or tables with them. codec_notjs.go, which is not in
// the module, is held by TestLaw_ImportsPointInward.
var heavy = []string{"fmt", "reflect", "net", "os", "time", "encoding", "strings", "bytes", "strconv", "sort", "unicode"}

func TestLaw_CoreImportsNothingHeavy(t *testing.T) {
	for file, f := range sources(t) {
		for _, i := range f.Imports {
			name, _ := strconv.Unquote(i.Path.Value)
			for _, h := range heavy {
				if below(name, h) && name != "unicode/utf8" {
					t.Errorf("%s imports %s", file, name)
				}
			}
		}
	}
}

// sources parses what the folders of ranking hold but for tests.
func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	out := map[string]*ast.File{}
	for _, dir := range ranking {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
				continue
			}
			name := filepath.Join(dir, e.Name())
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			out[filepath.ToSlash(name)] = f
		}
	}
	if len(out) < 20 {
		t.Fatalf("%d files found, want all of core", len(out))
	}
	return out
}

// below tells whether p is a package or lies in its folder.
func below(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

// list runs go list for an operating system and returns its lines.
func list(t *testing.T, goos string, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	arch := "amd64"
	if goos == "js" {
		arch = "wasm"
	}
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+arch)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &errs)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}
