package bench

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"nigh/core"
	"nigh/server/store"
)

// MemoryOptions say how large a catalog Memory measures.
type MemoryOptions struct {
	Items, Events int
	// Folder keeps the files and the data folder, and is used again where it has them: importing takes longest. "": a
	// temporary one.
	Folder string
	// Nigh runs nigh with arguments in a process of its own and returns what it wrote to standard output, and the most
	// memory that it had resident, in bytes (0: not known).
	Nigh     func(ctx context.Context, args ...string) (out []byte, peak int64, err error)
	Progress Progress
}

// Held is what a process holds, in MiB: resident (now, and at most since the last time), and Go's heap in use.
type Held struct {
	Resident float64 `json:"resident_mib"`
	Peak     float64 `json:"peak_mib"`
	Heap     float64 `json:"heap_mib"`
	Seconds  float64 `json:"seconds"`
}

func (h Held) figures() map[string]float64 {
	return map[string]float64{"resident_mib": h.Resident, "peak_mib": h.Peak, "heap_mib": h.Heap, "seconds": h.Seconds}
}

// MemoryHeld is what a process that holds the catalog tells: after it has learnt all, and after it has made a second
// learner because a reader was erased, the peak being that of this time.
type MemoryHeld struct{ Start, Erasure Held }

// Memory measures what a made-up catalog and log take. They are imported into a fresh data folder by nigh import, in
// processes of their own; then another one opens it as nigh serve does and waits until it has learnt, and once more after
// a reader was erased. The yardstick of the import is a bare table of SQLite; that of the memory is what the pairs of
// items take that the learner's counts are about, all of them, in a plain map in a process of its own.
func Memory(ctx context.Context, opt MemoryOptions) (_ *Result, err error) {
	dir := opt.Folder
	if dir == "" {
		if dir, err = os.MkdirTemp("", "nigh-bench-"); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	r := newResult("memory")
	size := fmt.Sprintf("items=%d/events=%d", opt.Items, opt.Events)
	data := filepath.Join(dir, "data")
	if _, err := os.Stat(data); opt.Folder == "" || errors.Is(err, os.ErrNotExist) {
		imported, err := opt.importAll(ctx, dir, data)
		if err != nil {
			return nil, err
		}
		imported.Name = "import/" + size
		r.Cases = append(r.Cases, *imported)
	}
	opt.Progress.tell("opening it, until all is learnt; then erasing a reader, until all is learnt again")
	out, _, err := opt.Nigh(ctx, "bench", "hold", "--data", data, "--erase", userName(1))
	if err != nil {
		return nil, err
	}
	var held MemoryHeld
	if err := json.Unmarshal(out, &held); err != nil {
		return nil, fmt.Errorf("read what the catalog holds: %w", err)
	}
	opt.Progress.tell("counting the pairs in a map")
	out, _, err = opt.Nigh(ctx, "bench", "pairs", "--items", strconv.Itoa(opt.Items), "--events", strconv.Itoa(opt.Events))
	if err != nil {
		return nil, err
	}
	var pairs PairsHeld
	if err := json.Unmarshal(out, &pairs); err != nil {
		return nil, fmt.Errorf("read what the pairs take: %w", err)
	}
	yardstick := Yardstick{"the same pairs in a map, and nothing else", map[string]float64{
		"heap_mib": pairs.Heap, "pairs": float64(pairs.Pairs), "plain_mib": float64(pairs.Pairs) * 12 / (1 << 20),
	}}
	for _, c := range []struct {
		name string
		held Held
	}{{"start/", held.Start}, {"erasure/", held.Erasure}} {
		figures := c.held.figures()
		figures["bytes_per_item"] = c.held.Resident * (1 << 20) / float64(opt.Items)
		figures["bytes_per_event"] = c.held.Resident * (1 << 20) / float64(opt.Events)
		r.Cases = append(r.Cases, Case{c.name + size, figures, yardstick, pairs.Heap / c.held.Resident})
	}
	return r, nil
}

// importAll makes the files and imports them.
func (o *MemoryOptions) importAll(ctx context.Context, dir, data string) (*Case, error) {
	o.Progress.tell("making %d items and %d events up", o.Items, o.Events)
	items, log := Stream(o.Items, o.Events)
	itemFile, eventFile := filepath.Join(dir, "items.jsonl"), filepath.Join(dir, "events.csv")
	if err := writeFile(itemFile, func(w *bufio.Writer) error {
		enc := json.NewEncoder(w)
		for i := range items {
			if err := enc.Encode(&items[i]); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if err := writeFile(eventFile, func(w *bufio.Writer) error { return writeEvents(w, log) }); err != nil {
		return nil, err
	}
	items = nil
	o.Progress.tell("importing the items")
	start := time.Now()
	_, itemPeak, err := o.Nigh(ctx, "import", "items", itemFile, "--data", data)
	if err != nil {
		return nil, err
	}
	itemsTook := time.Since(start)
	o.Progress.tell("importing the events")
	start = time.Now()
	_, peak, err := o.Nigh(ctx, "import", "events", eventFile, "--data", data)
	if err != nil {
		return nil, err
	}
	took := time.Since(start)
	o.Progress.tell("inserting events into a bare table")
	n := min(o.Events, bareEvents)
	bare, err := bareImport(ctx, n)
	if err != nil {
		return nil, err
	}
	perS, bareS := float64(o.Events)/took.Seconds(), float64(n)/bare.Seconds()
	return &Case{
		Figures: map[string]float64{
			"events_per_s": perS, "seconds": took.Seconds(), "peak_mib": float64(peak) / (1 << 20),
			"items_seconds": itemsTook.Seconds(), "items_peak_mib": float64(itemPeak) / (1 << 20),
		},
		Yardstick: Yardstick{fmt.Sprintf("%d rows into a bare SQLite table, 1000 a commit", n), map[string]float64{"events_per_s": bareS}},
		Ratio:     perS / bareS,
	}, nil
}

// bareEvents is how many rows the yardstick of an import inserts at most.
const bareEvents = 1_000_000

func bareImport(ctx context.Context, n int) (took time.Duration, err error) {
	b, err := openBare(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	start := time.Now()
	for at := 0; at < n; at += 1000 {
		if err := b.together(ctx, min(1000, n-at)); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

func writeFile(name string, write func(*bufio.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	return errors.Join(write(w), w.Flush(), f.Close())
}

func writeEvents(w *bufio.Writer, log iter.Seq[store.Event]) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"user", "item", "kind", "at"}); err != nil {
		return err
	}
	for e := range log {
		if err := out.Write([]string{e.User, e.Item, e.Kind, strconv.FormatInt(e.At.Unix(), 10)}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// PairsHeld is what a map of pairs takes.
type PairsHeld struct {
	Pairs int     `json:"pairs"`
	Heap  float64 `json:"heap_mib"`
}

// Pairs counts the pairs of a made-up log, each item of a session with those of the window before it, in a map.
func Pairs(items, events, window int) PairsHeld {
	all, log := Stream(items, events)
	nums := make(map[string]core.ItemNum, len(all))
	for i := range all {
		nums[all[i].ID] = core.ItemNum(i + 1)
		all[i] = store.Item{ID: all[i].ID}
	}
	before := Holds().Heap
	counts := map[[2]core.ItemNum]float32{}
	user, past := "", []core.ItemNum(nil)
	for e := range log { // one session after the other
		if e.User != user {
			user, past = e.User, past[:0]
		}
		n := nums[e.Item]
		for i, from := range past[max(0, len(past)-window):] {
			counts[[2]core.ItemNum{from, n}] += 1 / float32(len(past)-i)
		}
		past = append(past, n)
	}
	held := PairsHeld{Pairs: len(counts), Heap: Holds().Heap - before}
	runtime.KeepAlive(nums)
	runtime.KeepAlive(all)
	runtime.KeepAlive(counts)
	return held
}
