package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"nigh/core"
	"nigh/core/learn"
	"nigh/server/store"
)

// wantShape fails unless r says what EVAL.md asks of a bench: names, figures with their units, a yardstick and a ratio.
func wantShape(t *testing.T, r *Result, err error, cases int, figures ...string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Cases) != cases || r.Machine.CPU == "" || r.Machine.Cores < 1 || !strings.HasPrefix(r.Machine.Go, "go") {
		t.Fatalf("result = %+v, want %d cases and the machine", r, cases)
	}
	for _, c := range r.Cases {
		if c.Name == "" || c.Yardstick.Name == "" || len(c.Yardstick.Figures) == 0 || !(c.Ratio > 0) {
			t.Errorf("case = %+v, want a name, a yardstick with figures and a ratio above 0", c)
		}
		for _, name := range figures {
			if v, ok := c.Figures[name]; !ok || v < 0 {
				t.Errorf("%s: figure %s = %v, %v, want one of at least 0", c.Name, name, v, ok)
			}
		}
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var shape struct {
		Bench   string
		Machine struct {
			CPU, Go string
			Cores   int
		}
		Cases []struct {
			Name      string
			Figures   map[string]float64
			Yardstick struct {
				Name    string
				Figures map[string]float64
			}
			Ratio float64
		}
	}
	if err := json.Unmarshal(data, &shape); err != nil || shape.Bench != r.Bench || len(shape.Cases) != cases {
		t.Errorf("as JSON it is %s, %v", data, err)
	}
	var table strings.Builder
	if err := r.Table(&table); err != nil || !strings.Contains(table.String(), r.Cases[0].Yardstick.Name) {
		t.Errorf("table = %s, %v, want the yardstick in it", table.String(), err)
	}
}

func TestRank_StandsBesideScanAndMemory(t *testing.T) {
	r, err := Rank(t.Context(), RankOptions{Sizes: []int{100, 300}, History: 50, Questions: 20, Scans: 2})
	wantShape(t, r, err, 4, "p50_us", "p99_us", "allocs")
}

// The yardstick must do the work that it stands for: its sums are the index's.
func TestRank_ScanFindsWhatTheIndexFinds(t *testing.T) {
	records := madeUp(300)
	questions, _ := readers(300, 10)
	x := core.NewIndex()
	for _, r := range records {
		x.Put(r)
	}
	for _, q := range questions {
		free := *q.Policy
		free.Repeat, free.DiversityPenalty, free.PriorWeight = core.RepeatAllow, 0, 0
		q.Policy, q.Matched = &free, true
		var s core.Scratch
		want := x.Rank(&s, q)
		got := scan(records, q.Profile)
		for i := range want {
			if got[i].Score>>16 != want[i].Score {
				t.Fatalf("place %d of the scan has %d, want %d", i, got[i].Score>>16, want[i].Score)
			}
		}
	}
}

func TestLearn_StandsBesideAMapAndAFile(t *testing.T) {
	items, events := Synthetic(100, 500)
	r, err := Learn(t.Context(), LearnOptions{Items: items, Events: events, Policy: learn.DefaultPolicy(), Clicks: 5, Catalog: 50})
	wantShape(t, r, err, 2)
	for i, names := range [][]string{{"events_per_s"}, {"p50_us", "p99_us", "event_p99_us", "list_p99_us", "wait_p99_us", "commit_p99_us", "learn_p99_us", "publish_p99_us"}} {
		for _, name := range names {
			if r.Cases[i].Figures[name] <= 0 {
				t.Errorf("%s: %s = %v, want above 0", r.Cases[i].Name, name, r.Cases[i].Figures[name])
			}
		}
	}
	r, err = Learn(t.Context(), LearnOptions{Events: events[:50], Policy: learn.DefaultPolicy(), Clicks: 2}) // a log alone
	wantShape(t, r, err, 2)
	if _, err := Learn(t.Context(), LearnOptions{Items: items}); err == nil {
		t.Error("Learn without events gives no error")
	}
}

func TestImport_StandsBesideFTS(t *testing.T) {
	items, _ := Synthetic(150, 0)
	items = append(items, store.Item{ID: "bare"}, store.Item{ID: "odd", Title: `"quotes" OR AND NOT * ^ (`})
	r, err := Import(t.Context(), ImportOptions{Items: items, Asked: len(items)})
	wantShape(t, r, err, 1, "items_per_s", "seconds", "seconds_stored", "start_seconds")
	if _, err := Import(t.Context(), ImportOptions{}); err == nil {
		t.Error("Import without items gives no error")
	}
}

// The processes are those of nigh itself; here each is done in this one.
func TestMemory_StandsBesideAMap(t *testing.T) {
	var asked []string
	nigh := func(_ context.Context, args ...string) ([]byte, int64, error) {
		asked = append(asked, strings.Join(args[:2], " "))
		var said any
		switch args[1] {
		case "hold":
			said = MemoryHeld{Start: Holds(), Erasure: Holds()}
		case "pairs":
			said = Pairs(200, 3000, 50)
		case "events", "items":
			if info, err := os.Stat(args[2]); err != nil || info.Size() == 0 {
				t.Errorf("%v is to be imported: %v", args[2], err)
			}
		}
		data, err := json.Marshal(said)
		return data, 1 << 20, err
	}
	r, err := Memory(t.Context(), MemoryOptions{Items: 200, Events: 3000, Nigh: nigh})
	wantShape(t, r, err, 3)
	if want := []string{"import items", "import events", "bench hold", "bench pairs"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
	for _, c := range r.Cases[1:] {
		for _, name := range []string{"resident_mib", "peak_mib", "heap_mib", "bytes_per_item", "bytes_per_event"} {
			if c.Figures[name] <= 0 {
				t.Errorf("%s: %s = %v, want above 0", c.Name, name, c.Figures[name])
			}
		}
	}
	if r.Cases[0].Figures["peak_mib"] != 1 {
		t.Errorf("the import's peak is %v MiB, want the one of the process", r.Cases[0].Figures["peak_mib"])
	}
}

// The yardstick counts the pairs that there are: of sessions of items 1 2 3 and so on, all that one leads to another.
func TestPairs_AreThoseOfSessions(t *testing.T) {
	items, log := Synthetic(200, 3000)
	nums := map[string]int{}
	for i := range items {
		nums[items[i].ID] = i
	}
	want := map[[2]int]bool{}
	for i, e := range log {
		for _, before := range log[max(0, i-20):i] {
			if before.User == e.User {
				want[[2]int{nums[before.Item], nums[e.Item]}] = true
			}
		}
	}
	if got := Pairs(200, 3000, 50); got.Pairs != len(want) {
		t.Errorf("%d pairs, want %d", got.Pairs, len(want))
	}
}

func TestServe_StandsBesideABareServer(t *testing.T) {
	items, events := Synthetic(100, 200)
	for _, gzip := range []bool{false, true} {
		r, err := Serve(t.Context(), ServeOptions{Items: items, Events: events, History: 10, Connections: 2, Gzip: gzip,
			For: 50 * time.Millisecond})
		wantShape(t, r, err, 1, "requests_per_s", "p50_us", "p99_us", "bytes")
	}
	if _, err := Serve(t.Context(), ServeOptions{}); err == nil {
		t.Error("Serve without items gives no error")
	}
}

func TestSynthetic_IsTheSameEveryTime(t *testing.T) {
	items, events := Synthetic(300, 1000)
	again, log := Synthetic(300, 1000)
	same := func(a, b store.Item) bool { return a.ID == b.ID && a.Description == b.Description }
	if len(items) != 300 || len(events) != 1000 || !slices.EqualFunc(items, again, same) || !slices.Equal(events, log) {
		t.Error("two made-up catalogs of one size differ")
	}
	known := map[string]bool{}
	for _, it := range items {
		known[it.ID] = true
	}
	for i, e := range events {
		if !known[e.Item] || i > 0 && e.At.Before(events[i-1].At) {
			t.Fatalf("event %d is of %s at %v, want a known item, in order of time", i, e.Item, e.At)
		}
	}
}

func TestLoad_ReadsEveryKindOfAnswer(t *testing.T) {
	for answer, want := range map[string]int64{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc":                                       3,
		"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n": 5,
		"HTTP/1.1 503 Busy\r\nContent-Length: 3\r\n\r\nabc":                                     -1,
		"HTTP/1.1 200 OK\r\n\r\n":                                                               -1,
		"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n":                                       -1,
		"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc":                                      -1,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n":                          -1,
		"": -1,
	} {
		in := bufio.NewReader(strings.NewReader(answer))
		n, err := readAnswer(in)
		if want < 0 && err == nil || want >= 0 && (err != nil || n != want || in.Buffered() != 0) {
			t.Errorf("%q has %d bytes, %v, and %d are left; want %d", answer, n, err, in.Buffered(), want)
		}
	}
}

func TestLoad_EndsWithAReason(t *testing.T) {
	load := Load{Addr: "127.0.0.1:1", Path: "/", Bodies: [][]byte{{}}, Connections: 1, For: time.Minute}
	for name, l := range map[string]Load{"nothing to send": {}, "nobody there": load} {
		if _, err := l.Run(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan struct{})
	hs := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { // never answers
		close(asked)
		<-r.Context().Done()
	})}
	served := make(chan struct{})
	go func() { defer close(served); _ = hs.Serve(l) }()
	go func() { <-asked; cancel() }()
	load.Addr = l.Addr().String()
	if _, err := load.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a load that was called off = %v, want context.Canceled", err)
	}
	_ = hs.Close()
	<-served
}
