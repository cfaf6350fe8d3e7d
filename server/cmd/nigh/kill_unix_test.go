//go:build unix

package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"nigh/server/store"
	"nigh/server/store/sqlite"
)

var kills = flag.Int("kills", 10, "how often the server is killed under load")

// process is a running `nigh serve`.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	log  strings.Builder
	url  string
	done chan error
}

func serveProcess(t *testing.T, dir string) *process {
	t.Helper()
	p := &process{t: t, done: make(chan error, 1)}
	p.cmd = exec.Command(os.Args[0], "serve", "--addr", "localhost:0", "--data", dir)
	p.cmd.Env = append(os.Environ(), asCommand+"=1")
	p.cmd.Stderr = &p.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	for p.url == "" && lines.Scan() {
		_, p.url, _ = strings.Cut(lines.Text(), "nigh is at ")
	}
	go func() {
		for lines.Scan() { // Wait closes the pipe when all is read
		}
		p.done <- p.cmd.Wait()
	}()
	if p.url == "" {
		t.Fatalf("the server did not start: %v\n%s", <-p.done, &p.log)
	}
	return p
}

// load is what readers and pages do to the server, over all its lives.
type load struct {
	t     *testing.T
	posts []*poster
	pages []*page
	acks  atomic.Int64
}

// round lets everybody work until n acknowledgements have come, then calls end, and returns when all have noticed.
func (l *load) round(url string, n int64, end func()) {
	ctx, cancel := context.WithTimeout(l.t.Context(), 60*time.Second)
	defer cancel()
	l.acks.Store(0)
	enough := make(chan struct{})
	var once sync.Once
	acked := func() {
		if l.acks.Add(1) >= n {
			once.Do(func() { close(enough) })
		}
	}
	var wg sync.WaitGroup
	for _, p := range l.posts {
		wg.Go(func() { p.work(ctx, url, acked) })
	}
	for _, p := range l.pages {
		wg.Go(func() { p.work(ctx, url, acked) })
	}
	select {
	case <-enough:
	case <-ctx.Done():
		l.t.Errorf("%d of %d acknowledgements in a minute", l.acks.Load(), n)
	}
	end()
	wg.Wait()
}

func TestServe_LosesNothingAcknowledgedWhenItIsKilled(t *testing.T) {
	dir := t.TempDir()
	l := &load{t: t}
	for i := range 2 {
		l.posts = append(l.posts, &poster{t: t, name: fmt.Sprint("poster", i)})
		l.pages = append(l.pages, &page{t: t, name: fmt.Sprint("page", i)})
	}
	rng := rand.New(rand.NewPCG(1, uint64(*kills)))
	for range *kills {
		p := serveProcess(t, dir)
		putItems(t, p.url)
		l.round(p.url, 5+rng.Int64N(60), func() {
			if err := p.cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
		})
		if err := <-p.done; err == nil || p.cmd.ProcessState.ExitCode() != -1 {
			t.Fatalf("a killed server ended with %v\n%s", err, &p.log)
		}
	}

	// The last life ends as an operator ends it: under load too, and in time.
	p := serveProcess(t, dir)
	var asked time.Time
	l.round(p.url, 40, func() {
		asked = time.Now()
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	})
	if err := <-p.done; err != nil {
		t.Errorf("exit after SIGTERM = %v, want 0\n%s", err, &p.log)
	}
	if took := time.Since(asked); took > 5*time.Second {
		t.Errorf("the end took %v, want at most 5 s", took)
	}
	l.check(dir)
}

// check opens the store that is left and looks for everything that was acknowledged.
func (l *load) check(dir string) {
	l.t.Helper()
	db, err := sqlite.Open(l.t.Context(), dir)
	if err != nil {
		l.t.Fatal(err)
	}
	defer db.Close()
	of := map[string][]int64{} // values by reader, in the order of commits
	err = db.EachEvent(l.t.Context(), 0, func(e store.StoredEvent) error {
		of[e.User] = append(of[e.User], e.ValueMilli)
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	total := 0
	for _, p := range l.posts {
		seen := map[int64]int{}
		for _, v := range of[p.name] {
			seen[v/1000]++
		}
		for tag, n := range seen {
			if n != 1 {
				l.t.Errorf("%s: event %d is stored %d times", p.name, tag, n)
			}
		}
		for tag := int64(1); tag <= p.acked; tag++ {
			if seen[tag] != 1 {
				l.t.Errorf("%s: event %d was acknowledged and is stored %d times", p.name, tag, seen[tag])
			}
		}
		total += int(p.acked)
	}
	for _, p := range l.pages {
		var want []int64
		for n := range int64(len(of[p.name])) {
			want = append(want, n+1)
		}
		if !slices.Equal(of[p.name], want) {
			l.t.Errorf("%s: ops in the store = %v, want 1, 2, 3 and so on, each once", p.name, of[p.name])
		}
		if uint64(len(want)) < p.acked {
			l.t.Errorf("%s: %d ops are stored, %d were acknowledged", p.name, len(want), p.acked)
		}
		total += int(p.acked)
	}
	l.t.Logf("%d kills, %d acknowledged events and ops, all of them there once", *kills, total)
}
