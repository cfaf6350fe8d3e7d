package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestFanout_StandsBesideAPlainLoop(t *testing.T) {
	r, err := Fanout(t.Context(), FanoutOptions{Clients: []int{3, 5}, Bytes: 512, InFlight: 4, Rounds: 1, For: 50 * time.Millisecond})
	wantShape(t, r, err, 6)
	for i, figures := range [][]string{{"deliveries_per_s"}, {"first_p99_ms", "last_p99_ms"}, {"first_p50_ms", "last_p50_ms"}} {
		for _, c := range []Case{r.Cases[i], r.Cases[i+3]} {
			for _, name := range figures {
				if !(c.Figures[name] > 0) || !(c.Yardstick.Figures[name] > 0) {
					t.Errorf("%s: %s = %v, of the yardstick %v, want both above 0", c.Name, name, c.Figures[name], c.Yardstick.Figures[name])
				}
			}
		}
	}
	if _, err := Fanout(t.Context(), FanoutOptions{}); err == nil {
		t.Error("Fanout to nobody gives no error")
	}
}

// Deltas have the size that was asked for, or the yardstick would not write the same bytes.
func TestFanout_SendsDeltasOfTheSizeAskedFor(t *testing.T) {
	for _, size := range []int{200, 512, 1000} {
		f, err := openFanout(t.Context(), FanoutOptions{Bytes: size}, 1, true)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.bytes - frameHead(f.bytes); got < size*9/10 || got > size*11/10 {
			t.Errorf("a delta has %d bytes, want about %d", got, size)
		}
		f.close()
	}
}

func TestIdle_StandsBesideABareSocket(t *testing.T) {
	r, err := Idle(t.Context(), IdleOptions{Clients: 20})
	if err != nil {
		t.Fatal(err)
	}
	c := r.Cases[0]                                // of 20 connections the rest of the process hides what is resident
	if got := c.Figures["goroutines"]; got > 2.9 { // the clients are in this process here: one that reads, on each side
		t.Errorf("a silent connection has %v goroutines with its client, want 2", got)
	}
	if got := c.Yardstick.Figures["goroutines"]; got < 2.5 {
		t.Errorf("the yardstick has %v goroutines a connection with its client, want 3", got)
	}
	if _, err := Idle(t.Context(), IdleOptions{}); err == nil {
		t.Error("Idle of nobody gives no error")
	}
}

func TestResume_StandsBesideWhoWasThere(t *testing.T) {
	r, err := Resume(t.Context(), ResumeOptions{Items: []int{150}, Edits: 10, Clients: 8})
	wantShape(t, r, err, 2)
	storm := r.Cases[1].Figures
	if storm["resets"] != 0 || storm["snapshots"] != 0 || !(storm["seconds"] > 0) || storm["bytes_a_client"] >= storm["first_sync_bytes_a_client"] {
		t.Errorf("after a cut: %v, want no resets, no snapshots and few bytes", storm)
	}
	if _, err := Resume(t.Context(), ResumeOptions{}); err == nil {
		t.Error("Resume of nothing gives no error")
	}
}

func TestOps_StandBesideTheStore(t *testing.T) {
	r, err := Ops(t.Context(), OpsOptions{Clients: 3, Pace: 100, Items: 100, Rounds: 1, For: 60 * time.Millisecond})
	wantShape(t, r, err, 2, "ops_per_s", "p50_ms", "p99_ms")
	if _, err := Ops(t.Context(), OpsOptions{}); err == nil {
		t.Error("Ops of nobody gives no error")
	}
}

func TestCrowd_SaysWhatIsWrong(t *testing.T) {
	for order, want := range map[string]string{
		`{"do":"dance"}`: "dance",
		`{`:              "order",
		`{"do":"connect","kind":"tcp","addr":"127.0.0.1:1","n":2,"bytes":9}`: "connect 2 clients",
	} {
		var out bytes.Buffer
		if err := RunCrowd(t.Context(), strings.NewReader(order), &out); order != "{" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s = %v, want %q in it", order, err, want)
		}
	}
	// A server that closes is told of.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err == nil {
			_ = conn.Close()
		}
	}()
	in, write := io.Pipe()
	out, lines := io.Pipe()
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- RunCrowd(ctx, in, lines); _ = lines.Close() }()
	_ = json.NewEncoder(write).Encode(crowdOrder{Do: "connect", Kind: crowdTCP, Addr: l.Addr().String(), N: 1, Bytes: 9})
	news := json.NewDecoder(out)
	var n crowdNews
	for n.Error == "" {
		if err := news.Decode(&n); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	_ = write.Close()
	if err := <-done; err != nil {
		t.Errorf("RunCrowd = %v, want nil when its input ends", err)
	}
}

func TestSoak_TellsWhatGrew(t *testing.T) {
	r, err := Soak(t.Context(), SoakOptions{For: 400 * time.Millisecond, Clients: 3, Items: 50})
	if r == nil {
		t.Fatal(err)
	}
	wantShape(t, r, nil, 1, "heap_bytes", "goroutines")
	flat := make([]memory, soakLooks)
	for i := range flat {
		flat[i] = memory{heap: 100 << 20, goroutines: 100}
	}
	s := &soak{}
	if _, err := s.result(flat); err != nil {
		t.Errorf("what is flat = %v, want no error", err)
	}
	for name, grow := range map[string]func(*memory, float64){
		"heap":       func(m *memory, by float64) { m.heap *= by },
		"goroutines": func(m *memory, by float64) { m.goroutines *= by },
	} {
		grown := append([]memory(nil), flat...)
		for i := range grown {
			grow(&grown[i], 1+float64(i)/soakLooks)
		}
		if _, err := s.result(grown); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s that doubled = %v, want an error that names it", name, err)
		}
	}
	if _, err := Soak(t.Context(), SoakOptions{}); err == nil {
		t.Error("a soak of no time gives no error")
	}
}
