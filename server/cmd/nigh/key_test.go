package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"nigh/server/access"
)

// Keys come and go while a server runs; a page's reader brings a token of "nigh token".
func TestKeyAndToken_WhileAServerRuns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	nigh := func(args ...string) (out, errOut string) {
		t.Helper()
		out, errOut, code := runNigh(t, "", args...)
		if code != 0 {
			t.Fatalf("nigh %v = %d: %s", args, code, errOut)
		}
		return strings.TrimSpace(out), errOut
	}
	secret, _ := nigh("token", "secret")
	secretFile := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secretFile, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	out, errOut := &notices{lines: make(chan string, 1)}, &notices{lines: make(chan string, 1)}
	ctx, stop := context.WithCancel(t.Context())
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"serve", "--addr", "localhost:0", "--data", dir, "--readers-secret", secretFile, "--readers-audience", "nigh"}, nil, out, errOut)
	}()
	t.Cleanup(func() {
		stop()
		if c := <-code; c != 0 {
			t.Errorf("serve = %d: %s", c, errOut)
		}
	})
	url := strings.TrimSpace(strings.TrimPrefix(<-out.lines, "nigh is at "))
	if !strings.Contains(errOut.String(), `readers="are anonymous, or have a token"`) {
		t.Errorf("log = %s, want it to say who may what", errOut)
	}
	status := func(method, path, credentials string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if credentials != "" {
			r.Header.Set("Authorization", "Bearer "+credentials)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	key, says := nigh("key", "create", "--data", dir, "--name", "shop", "--scope", "write, read")
	if !access.IsKey(key) || strings.Contains(says, key) || !strings.Contains(says, "not shown again") {
		t.Fatalf("key create = %q, %q", key, says)
	}
	waitFor(t, func() bool { return status(http.MethodPut, "/v1/items/a", key) == http.StatusCreated })
	if got := status(http.MethodPut, "/v1/items/b", ""); got != 401 {
		t.Errorf("without the key = %d, want 401", got)
	}
	list, _ := nigh("key", "list", "--data", dir)
	if !regexp.MustCompile(`(?m)^`+key[5:13]+`  shop +read,write +20\d\d-\d\d-\d\d \d\d:\d\d  -$`).MatchString(list) || strings.Contains(list, key[14:]) {
		t.Errorf("key list = %s, want the key without its secret", list)
	}
	token, _ := nigh("token", "--secret", secretFile, "--user", "ada", "--audience", "nigh", "--for", "5m")
	foreign, _ := nigh("token", "--secret", secretFile, "--user", "ada", "--audience", "other")
	for credentials, want := range map[string]int{token: 200, foreign: 401, key: 200, "": 401} {
		if got := status(http.MethodGet, "/v1/recommendations?user=ada", credentials); got != want {
			t.Errorf("ada's list with %.20q = %d, want %d", credentials, got, want)
		}
	}
	nigh("key", "revoke", key, "--data", dir)
	waitFor(t, func() bool { return status(http.MethodGet, "/v1/items", key) == 401 })
	if got := status(http.MethodGet, "/v1/items", ""); got != 401 {
		t.Errorf("without any key left = %d, want 401: a server does not open again", got)
	}
	for _, secret := range []string{key, token, secret} {
		if strings.Contains(errOut.String(), secret) {
			t.Errorf("the log tells a secret: %s", errOut)
		}
	}
}

func TestToken_SignsWithAPrivateKey(t *testing.T) {
	dir := t.TempDir()
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "key.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	der, err = x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := access.NewTokens(t.Context(), access.TokenConfig{PublicKey: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), Issuer: "site"})
	if err != nil {
		t.Fatal(err)
	}
	out, errOut, code := runNigh(t, "", "token", "--key", file, "--user", "ada", "--issuer", "site", "--for", "10m")
	c, err := tokens.Caller(t.Context(), strings.TrimSpace(out))
	if code != 0 || err != nil || c.Reader != "ada" || time.Until(c.Until) > 10*time.Minute || time.Until(c.Until) < 9*time.Minute {
		t.Errorf("token = %d %s: %+v, %v", code, errOut, c, err)
	}
}

func TestKeyAndToken_SayWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		args  []string
		code  int
		error string
	}{
		{[]string{"key", "create", "--name", "x"}, 2, "there is no scope"},
		{[]string{"key", "create", "--name", "x", "--scope", "root"}, 2, "read,events,write,admin"},
		{[]string{"key", "create", "--scope", "read"}, 2, "--name shop"},
		{[]string{"key", "create", "--scope", "read", "--name", "a\nb"}, 2, "on one line"},
		{[]string{"key", "revoke", "nobody", "--data", dir}, 1, "nigh key list"},
		{[]string{"key", "revoke"}, 2, "--help"},
		{[]string{"token", "--user", "ada"}, 2, "--secret FILE"},
		{[]string{"token", "--user", "~ada", "--secret", "x"}, 2, "does not begin with ~"},
		{[]string{"token", "--user", "ada", "--secret", filepath.Join(dir, "none")}, 1, "check the path"},
		{[]string{"token", "--user", "ada", "--key", filepath.Join(dir, "none")}, 1, "check the path"},
		{[]string{"token", "--user", "ada", "--for", "0s", "--secret", "x"}, 2, "--for"},
	} {
		var out, errOut bytes.Buffer
		if code := run(t.Context(), tt.args, nil, &out, &errOut); code != tt.code || !strings.Contains(errOut.String(), tt.error) || out.Len() > 0 {
			t.Errorf("nigh %v = %d, %s%s, want %d with %q", tt.args, code, &out, &errOut, tt.code, tt.error)
		}
	}
}

// waitFor waits for what the server sees within a second or two.
func waitFor(t *testing.T, holds func() bool) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(10 * time.Second); !holds(); <-again.C {
		if time.Now().After(deadline) {
			t.Fatal("it does not come about within 10 s")
		}
	}
}
