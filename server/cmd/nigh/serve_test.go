package main

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"nigh/server/store/sqlite"
)

// notices is an output in which a test can wait for a line.
type notices struct {
	mu    sync.Mutex
	all   bytes.Buffer
	lines chan string
}

func (n *notices) Write(data []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all.Write(data)
	select {
	case n.lines <- string(data):
	default:
	}
	return len(data), nil
}

func (n *notices) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.all.String()
}

func TestServe_PrintsWhereItIsAndEndsWhenTold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	for round := range 2 { // the second finds the first one's catalog, unlocked
		ctx, stop := context.WithCancel(t.Context())
		out, errOut := &notices{lines: make(chan string, 1)}, &notices{lines: make(chan string, 1)}
		code := make(chan int, 1)
		go func() {
			code <- run(ctx, []string{"serve", "--addr", "localhost:0", "--data", dir, "--demo", "--log-format", "json"}, nil, out, errOut)
		}()
		var url string
		select {
		case line := <-out.lines:
			url = strings.TrimSpace(strings.TrimPrefix(line, "nigh is at "))
		case <-code:
			t.Fatalf("round %d: serve ended: %s", round, errOut)
		}
		for path, want := range map[string]string{"/": "<html", "/works/moby-dick": "Moby-Dick", "/v1/items/moby-dick": `"url":"/works/moby-dick"`,
			"/v1/items/moby-dick/similar": `"recommendations":[{`, "/recommendations/?preferences=sailing": `"recommendations":[{`, "/readyz": "ok"} {
			status, body := fetch(t, url+path)
			again := time.NewTicker(20 * time.Millisecond)
			for deadline := time.Now().Add(10 * time.Second); !strings.Contains(body, want) && time.Now().Before(deadline); <-again.C {
				status, body = fetch(t, url+path) // the catalog finds neighbours behind the first answers
			}
			again.Stop()
			if status != 200 || !strings.Contains(body, want) {
				t.Errorf("GET %s = %d %.200s, want %q in it", path, status, body, want)
			}
		}
		start := time.Now()
		stop()
		if c := <-code; c != 0 || time.Since(start) > 5*time.Second {
			t.Errorf("exit code = %d after %v, want 0 within 5 s: %s", c, time.Since(start), errOut)
		}
		if strings.Contains(errOut.String(), "loaded the demo's works") != (round == 0) {
			t.Errorf("round %d: log = %s, want the demo loaded once", round, errOut)
		}
	}
}

func fetch(t *testing.T, url string) (status int, body string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(data)
}

func TestServe_TellsWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()
	temp := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(temp, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	locked := filepath.Join(temp, "locked")
	db, err := sqlite.Open(t.Context(), locked)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	tests := []struct {
		name        string
		args        []string
		code        int
		error, hint string
	}{
		{"port taken", []string{"--addr", addr}, 1, " is taken", "try --addr "},
		{"folder is a file", []string{"--data", write("file", "x")}, 1, "cannot be written", "choose another folder"},
		{"folder below a file", []string{"--data", filepath.Join(write("file2", "x"), "data")}, 1, "cannot be written", "choose another folder"},
		{"folder in use", []string{"--data", locked}, 1, "another process is using", "stop it"},
		{"newer database", []string{"--data", newerFolder(t)}, 1, "newer version of nigh", "install the newer nigh"},
		{"no secret", []string{"--readers-secret", filepath.Join(temp, "none")}, 1, "read the secret", "--readers-secret"},
		{"short secret", []string{"--readers-secret", write("short", "two words\n")}, 1, "has 9 bytes", "nigh token secret"},
		{"no public key", []string{"--readers-key", write("key", "two words\n")}, 1, "no PEM file", "openssl"},
		{"an open JWKS", []string{"--readers-jwks", "http://example.org/keys"}, 1, "no https address", "replace"},
		{"an audience of nothing", []string{"--readers-audience", "x"}, 2, "nothing says", "--readers-secret"},
		{"names and tokens", []string{"--trust-names", "--readers-secret", write("long", strings.Repeat("two words ", 9))}, 1, "proved by tokens", "leave one"},
		{"every machine", []string{"--addr", ":0"}, 1, "could read every reader's profile", "nigh key create"},
		{"origin", []string{"--origin", "example.org"}, 1, "is not an origin", "https://example.org"},
		{"log format", []string{"--log-format", "xml"}, 2, `no log format "xml"`, "text or json"},
		{"language", []string{"--language", "klingon"}, 2, `language "klingon"`, "en or de"},
		{"simulated readers of what", []string{"--readers", "5"}, 2, "simulated readers read the demo", "add --demo"},
		{"too many simulated readers", []string{"--demo", "--readers", "5000"}, 2, "cannot be 5000", "--readers 0 to 500"},
		{"unknown flag", []string{"--dmeo"}, 2, "--dmeo", "--help"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"serve", "--data", filepath.Join(t.TempDir(), "data"), "--addr", "localhost:0"}, tt.args...)
			var out, errOut bytes.Buffer
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // it must fail, not serve
			defer cancel()
			code := run(ctx, args, nil, &out, &errOut)
			var says, hint string
			for line := range strings.Lines(errOut.String()) {
				if s, ok := strings.CutPrefix(line, "error: "); ok {
					says = s
				}
				if s, ok := strings.CutPrefix(line, "hint: "); ok {
					hint = s
				}
			}
			if code != tt.code || !strings.Contains(says, tt.error) || !strings.Contains(hint, tt.hint) {
				t.Errorf("exit %d, error %q, hint %q; want %d, %q, %q", code, says, hint, tt.code, tt.error, tt.hint)
			}
			if strings.Contains(errOut.String(), "two words") {
				t.Errorf("output = %s, want nothing of the token", &errOut)
			}
		})
	}
}

// newerFolder makes a data folder as a later version of nigh would leave it.
func newerFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	db, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)"); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestServe_RefusesLimitsThatMakeNoSense(t *testing.T) {
	for says, args := range map[string][]string{
		"there is no limit":     {"--limit", "opps=3"},
		"asks=100/2000":         {"--limit", "asks=many"},
		"--max-sockets":         {"--max-sockets", "0"},
		"--max-address-sockets": {"--max-address-sockets", "-2"},
	} {
		if _, errOut, code := runNigh(t, "", append([]string{"serve", "--data", t.TempDir()}, args...)...); code != 2 || !strings.Contains(errOut, says) {
			t.Errorf("serve %v = %d, %s, want 2 and %s", args, code, errOut, says)
		}
	}
	if _, errOut, code := runNigh(t, "", "serve", "--data", t.TempDir(), "--trusted-proxy", "proxy"); code == 0 || !strings.Contains(errOut, "10.0.0.0/8") {
		t.Errorf("serve behind a proxy without an address = %d, %s", code, errOut)
	}
}
