//go:build unix

package main

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// noRoom runs a command whose files may not grow beyond nothing: as on a full disk, and for root too.
const noRoom = `ulimit -f 0 && exec "$0" "$@"`

func TestServe_SaysWhatToDoWhereItCannotWrite(t *testing.T) {
	filled := t.TempDir()
	p, url := serveProcess(t, filled)
	putItems(t, url)
	p.kill(t)
	p.killed(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{
		"a new folder on a full disk": t.TempDir(), "a store on a full disk": filled, "a folder that is a file": file,
	} {
		p := startCommand(t, exec.Command("/bin/sh", "-c", noRoom, os.Args[0], "serve", "--addr", "localhost:0", "--data", dir))
		if url, started := <-p.url; started {
			t.Errorf("%s: the server is at %s", name, url)
			p.kill(t)
		}
		err := <-p.done
		if p.cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("%s: the end = %v, want status 1", name, err)
		}
		for _, want := range []string{"error: ", "the data folder cannot be written", "make room in " + dir, "or choose another folder"} {
			if !strings.Contains(p.log.String(), want) {
				t.Errorf("%s: the server said %q, want %q in it", name, &p.log, want)
			}
		}
	}
	// And nothing of the store is lost by that.
	p, url = serveProcess(t, filled)
	if status, _ := request(t, "GET", url+"/v1/items/item1", ""); status != 200 {
		t.Errorf("an item of the store when there is room = %d, want 200", status)
	}
	p.kill(t)
	p.killed(t)
}

// request returns the status and the body of the answer.
func request(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(body, "}\n{") {
		r.Header.Set("Content-Type", "application/x-ndjson")
	} else if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}
