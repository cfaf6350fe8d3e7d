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
	"path/filepath"
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

var (
	kills    = flag.Int("kills", 10, "how often the server is killed under load")
	killSeed = flag.Uint64("killseed", 0, "seed of the moments; 0: another one each time, which is printed")
)

// process is a running `nigh serve`.
type process struct {
	cmd  *exec.Cmd
	log  strings.Builder
	url  chan string // its address, when it answers; closed when it prints no more
	done chan error
}

func startProcess(t *testing.T, dir string) *process {
	t.Helper()
	return startCommand(t, exec.Command(os.Args[0], "serve", "--addr", "localhost:0", "--data", dir))
}

func startCommand(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, url: make(chan string, 1), done: make(chan error, 1)}
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
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); { // Wait closes the pipe when all is read
			if _, url, ok := strings.Cut(lines.Text(), "nigh is at "); ok {
				p.url <- url
			}
		}
		close(p.url)
		p.done <- p.cmd.Wait()
	}()
	return p
}

func serveProcess(t *testing.T, dir string) (*process, string) {
	t.Helper()
	p := startProcess(t, dir)
	url, ok := <-p.url
	if !ok {
		t.Fatalf("the server did not start: %v\n%s", <-p.done, &p.log)
	}
	return p, url
}

// kill ends the process where it stands.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
}

// killed waits for the end that kill made.
func (p *process) killed(t *testing.T) {
	t.Helper()
	if err := <-p.done; err == nil || p.cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("a killed server ended with %v\n%s", err, &p.log)
	}
}

// load is what readers, pages and editors do to the server, over all its lives.
type load struct {
	t       *testing.T
	way     *way
	posts   []*poster
	pages   []*page
	editors []*editor
	devices []*device
	acks    atomic.Int64
}

// round lets everybody work until moment has returned, then calls end, and returns when all have noticed. moment gets a
// channel that is closed when n rows (events, ops, items) are acknowledged.
func (l *load) round(url string, n int64, moment func(enough <-chan struct{}), end func()) {
	ctx, cancel := context.WithTimeout(l.t.Context(), 60*time.Second)
	defer cancel()
	l.acks.Store(0)
	enough := make(chan struct{})
	var once sync.Once
	acked := func(rows int) {
		if l.acks.Add(int64(rows)) >= n {
			once.Do(func() { close(enough) })
		}
	}
	context.AfterFunc(ctx, func() { once.Do(func() { close(enough) }) })
	var wg sync.WaitGroup
	for _, p := range l.posts {
		wg.Go(func() { p.work(ctx, url, acked) })
	}
	for _, p := range l.pages {
		wg.Go(func() { p.work(ctx, url, acked) })
	}
	for _, e := range l.editors {
		wg.Go(func() { e.work(ctx, url, acked) })
	}
	moment(enough)
	if ctx.Err() != nil {
		l.t.Errorf("%d of %d rows acknowledged in a minute", l.acks.Load(), n)
	}
	end()
	wg.Wait()
	if ctx.Err() != nil {
		l.t.Errorf("somebody did not notice the end for a minute")
	}
}

// What was acknowledged before the server was killed, at whatever moment, is there after it, once and in order; and what
// devices keep until it is acknowledged arrives, once and in order.
func TestServe_LosesNothingAcknowledgedWhenItIsKilled(t *testing.T) {
	dir, began := t.TempDir(), time.Now()
	seed := *killSeed
	if seed == 0 {
		seed = uint64(began.UnixNano())
	}
	t.Logf("to have the same moments again: -killseed %d -kills %d", seed, *kills)
	rng := rand.New(rand.NewPCG(seed, uint64(*kills)))
	l := &load{t: t, way: newWay()}
	for i := range 2 {
		l.posts = append(l.posts, &poster{t: t, name: fmt.Sprint("poster", i), most: []int64{3, 300}[i]})
		l.pages = append(l.pages, &page{t: t, name: fmt.Sprint("page", i)})
		l.editors = append(l.editors, &editor{t: t, name: fmt.Sprint("edited", i), bulk: i == 1})
	}
	for i, user := range []string{"ada", "ada", "bob"} {
		l.devices = append(l.devices, &device{t: t, user: user, tag: int64(i+1) * deviceTags, way: l.way,
			path: filepath.Join(t.TempDir(), "replica"), rng: rand.New(rand.NewPCG(seed, uint64(i)))})
	}
	// How long a start takes, and what events are about.
	p, url := serveProcess(t, dir)
	starting := time.Since(began)
	putItems(t, url)
	p.kill(t)
	p.killed(t)

	living, die := context.WithCancel(t.Context())
	var devices sync.WaitGroup
	for _, d := range l.devices {
		devices.Go(func() { d.live(living) })
	}
	defer devices.Wait()
	defer die()
	starts, loads := 0, 0
	for range *kills {
		p := startProcess(t, dir)
		if rng.IntN(4) == 0 { // while it starts, or right after
			<-time.After(time.Duration(rng.Int64N(int64(starting * 5 / 4))))
			p.kill(t)
			p.killed(t)
			starts++
			continue
		}
		url, ok := <-p.url
		if !ok {
			t.Fatalf("the server did not start again: %v\n%s", <-p.done, &p.log)
		}
		n := 1 + rng.Int64N(100)
		moment := rng.IntN(3)
		if moment == 0 {
			n *= 15 // mostly reached by what takes the store longest
		}
		wait := []time.Duration{
			0, // with an acknowledgement: what it tells of must be there
			time.Duration(rng.IntN(5000)) * time.Microsecond, // somewhere in the commits that follow it
			time.Duration(rng.IntN(250)) * time.Millisecond,  // whatever goes on, from the start on
		}[moment]
		l.way.open(url)
		l.round(url, n, func(enough <-chan struct{}) {
			if moment < 2 {
				<-enough
			}
			<-time.After(wait)
		}, func() {
			l.way.close()
			p.kill(t)
		})
		p.killed(t)
		loads++
	}

	// The last life: what the devices still have arrives, then the server ends as an operator ends it: under load too, and
	// in time.
	p, url = serveProcess(t, dir)
	l.way.open(url)
	die()
	devices.Wait()
	for _, d := range l.devices {
		d.rest()
	}
	var asked time.Time
	l.round(url, 400, func(enough <-chan struct{}) { <-enough }, func() {
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
	total := l.check(dir)
	unheard := 0
	for _, d := range l.devices {
		unheard += d.unheard
	}
	t.Logf("%d kills in %v, %d of them while it started: %d acknowledged events, ops and edits looked for; "+
		"%d times an acknowledgement of what was committed was lost with the server", *kills, time.Since(began).Round(time.Millisecond), starts, total, unheard)
	if *kills >= 50 && (starts == 0 || loads == 0 || unheard == 0) {
		t.Errorf("%d kills while starting, %d under load, %d between commit and acknowledgement: each should be met", starts, loads, unheard)
	}
}

// check opens the store that is left and looks for everything that was acknowledged; it returns how much that is.
func (l *load) check(dir string) (total int) {
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
	upTo := func(name string, acked int64) {
		l.t.Helper()
		var want []int64
		for n := range int64(len(of[name])) {
			want = append(want, (n+1)*perEvent)
		}
		if !slices.Equal(of[name], want) {
			l.t.Errorf("%s: the store has %v, want 1, 2, 3 and so on, each once", name, of[name])
		}
		if int64(len(want)) < acked {
			l.t.Errorf("%s: %d events are stored, %d were acknowledged", name, len(want), acked)
		}
		total += int(acked)
	}
	for _, p := range l.posts {
		upTo(p.name, p.acked)
	}
	for _, p := range l.pages {
		upTo(p.name, int64(p.acked))
	}
	for _, d := range l.devices {
		var got, want []int64
		for _, v := range of[d.user] { // two devices of one reader
			if v/deviceTags == d.tag/deviceTags {
				got = append(got, v)
			}
		}
		for n := range d.recorded {
			want = append(want, d.tag+n+1)
		}
		if !slices.Equal(got, want) {
			l.t.Errorf("%s: of a device that recorded %d ops the store has %v, want each once, in order", d.user, d.recorded, got)
		}
		total += len(want)
	}
	titles := map[string]string{}
	if err := db.EachItem(l.t.Context(), func(it store.StoredItem) error {
		titles[it.ID] = it.Title
		return nil
	}); err != nil {
		l.t.Fatal(err)
	}
	for _, e := range l.editors {
		total += e.check(titles)
	}
	return total
}
