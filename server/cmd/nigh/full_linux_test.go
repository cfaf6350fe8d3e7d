package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"nigh/core/replica"
	"nigh/server/client"
	"nigh/server/store/sqlite"
)

// room bounds the files of a running process (prlimit): a disk that is full, and then is not. It binds root too.
func (p *process) room(t *testing.T, bytes uint64) {
	t.Helper()
	var limit unix.Rlimit
	err := unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, nil, &limit)
	if err == nil {
		limit.Cur = min(bytes, limit.Max)
		err = unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, &limit, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
}

const noBound = ^uint64(0)

// Who writes on a full disk is told so and what to do, who reads is served, and when there is room everything goes on:
// without a restart, nothing acknowledged lost, and what devices kept there once and in order.
func TestServe_GoesOnWhenTheDiskWasFull(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	p, url := serveProcess(t, dir)
	putItems(t, url)
	l := &load{t: t, way: newWay(),
		posts:   []*poster{{t: t, name: "poster0", most: 3}, {t: t, name: "poster1", most: 300}},
		pages:   []*page{{t: t, name: "page0"}},
		editors: []*editor{{t: t, name: "edited0"}, {t: t, name: "edited1", bulk: true}}}
	l.way.open(url)
	for i, user := range []string{"ada", "bob"} {
		l.devices = append(l.devices, &device{t: t, user: user, tag: int64(i+1) * deviceTags, way: l.way, patient: true,
			path: filepath.Join(t.TempDir(), "replica"), rng: rand.New(rand.NewPCG(1, uint64(i)))})
	}
	living, die := context.WithCancel(ctx)
	var devices sync.WaitGroup
	for _, d := range l.devices {
		devices.Go(func() { d.live(living) })
	}
	defer devices.Wait()
	defer die()
	cara := reader(t, url, "cara")
	if err := cara.Until(ctx, client.Live); err != nil {
		t.Fatal(err)
	}

	large := strings.Repeat(`{"title":"`+strings.Repeat("A story that does not fit. ", 30)+`"}`+"\n", 400)
	l.round(url, 400, func(enough <-chan struct{}) { <-enough }, func() {
		log, err := os.Stat(filepath.Join(dir, sqlite.FileName+"-wal"))
		if err != nil {
			t.Error(err)
			return
		}
		p.room(t, uint64(log.Size())+20_000)
		refusedWrite(t, http.MethodPost, url+"/v1/items", numbered(large)) // in the midst of its commit
		p.room(t, 0)
	}) // all of them were refused

	for range 2 {
		refusedWrite(t, http.MethodPost, url+"/v1/items", numbered(large))
		refusedWrite(t, http.MethodPut, url+"/v1/items/item1", `{"title":"Another story"}`)
		refusedWrite(t, http.MethodDelete, url+"/v1/items/item1", "")
		refusedWrite(t, http.MethodPost, url+"/v1/events", `[{"user":"dan","item":"item1","kind":"like"}]`)
		refusedWrite(t, http.MethodDelete, url+"/v1/users/poster0", "")
	}
	if err := cara.Record(ctx, "like", "item1", 0); err != nil {
		t.Error(err)
	}
	refused := func(c *client.Client) bool { s := c.Status(); return s.State == replica.Offline && s.Pending == 1 }
	if err := cara.Until(ctx, refused); err != nil {
		t.Errorf("a client whose op cannot be kept: %v; %+v, want it offline, with the op", err, cara.Status())
	}

	for _, r := range [][3]string{
		{http.MethodGet, "/v1/items/item1", ""}, {http.MethodGet, "/v1/items/item1/similar", ""}, {http.MethodGet, "/readyz", ""},
		{http.MethodPost, "/v1/recommendations", `{"user":"poster0"}`},
	} {
		if status, answer := request(t, r[0], url+r[1], r[2]); status != http.StatusOK {
			t.Errorf("%s %s on a full disk = %d %s, want 200", r[0], r[1], status, answer)
		}
	}
	eve := reader(t, url, "eve")
	listed := func(c *client.Client) bool { l, ok := c.List("you"); return ok && len(l.Items) == 5 && client.Live(c) }
	if err := eve.Until(ctx, listed); err != nil {
		t.Errorf("a new reader on a full disk: %v; %+v, want a list", err, eve.Status())
	}

	p.room(t, noBound)
	cara.Online()
	kept := func(c *client.Client) bool { s := c.Status(); return s.State == replica.Live && s.Pending == 0 }
	if err := cara.Until(ctx, kept); err != nil {
		t.Errorf("a client when there is room: %v; %+v, want its op kept", err, cara.Status())
	}
	die()
	devices.Wait()
	for _, d := range l.devices {
		d.rest()
	}
	l.round(url, 400, func(enough <-chan struct{}) { <-enough }, func() { p.kill(t) })
	p.killed(t)
	for _, want := range []string{"the data folder cannot be written", "make room in " + dir, "commits succeed again"} {
		if !strings.Contains(p.log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, &p.log)
		}
	}
	if n := strings.Count(p.log.String(), "a commit failed"); n > 10 {
		t.Errorf("the log says %d times that a commit failed, want it now and then", n)
	}
	t.Logf("%d events, ops and edits were acknowledged and looked for", l.check(dir))
}

// numbered gives each row an id.
func numbered(rows string) string {
	var b strings.Builder
	n := 0
	for row := range strings.Lines(rows) {
		n++
		fmt.Fprintf(&b, `{"id":"large%d",%s`, n, row[1:])
	}
	return b.String()
}

func reader(t *testing.T, url, user string) *client.Client {
	t.Helper()
	c, err := client.New(client.Options{URL: url, User: user})
	if err != nil {
		t.Fatal(err)
	}
	c.Ask(replica.Question{Name: "you", Limit: 5})
	ctx, end := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	t.Cleanup(func() {
		end()
		if err := <-done; err != nil {
			t.Errorf("%s: %v", user, err)
		}
	})
	return c
}

// refusedWrite asks for a change that there is no room for.
func refusedWrite(t *testing.T, method, url, body string) {
	t.Helper()
	status, answer := request(t, method, url, body)
	var p struct{ Type, Detail, Hint string }
	if err := json.Unmarshal([]byte(answer), &p); err != nil {
		t.Errorf("%s %s on a full disk = %d %s: %v", method, url, status, answer, err)
		return
	}
	if status != http.StatusServiceUnavailable || p.Type != "urn:nigh:problem:read-only" || !strings.Contains(p.Hint, "free space") {
		t.Errorf("%s %s on a full disk = %d %s, want 503 and what to do", method, url, status, answer)
	}
}
