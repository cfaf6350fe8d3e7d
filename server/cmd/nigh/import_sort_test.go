package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nigh/core/wire"
	"nigh/server/ingest"
	"nigh/server/store"
)

func TestSorter_SortsAsIfAllWereInMemory(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir)
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{0, 1, 9, 10, 11, 20, 157} {
		s := newSorter(eventKind.when, 10)
		var want []ingest.Row[store.Event]
		for i := range n {
			row := ingest.Row[store.Event]{Place: ingest.Place{Source: "log.csv", Line: i + 2},
				Value: store.Event{User: fmt.Sprint("u", i), Item: strings.Repeat("x", i%3), Value: float64(i % 2), At: time.UnixMilli(int64(r.IntN(40))).UTC()}}
			if i%17 == 0 {
				row.Value.At = time.Time{}
			}
			want = append(want, row)
			if err := s.add(row); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortStableFunc(want, func(a, b ingest.Row[store.Event]) int {
			return cmp.Compare(eventKind.when(&a.Value), eventKind.when(&b.Value))
		})
		var got []ingest.Row[store.Event]
		for row, err := range s.all() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, row)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d rows: got %v, want %v", n, got, want)
		}
		if files, _ := os.ReadDir(dir); len(files) != max(0, n-1)/10 {
			t.Errorf("%d rows: %d files, want a file for every 10 but the last", n, len(files))
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("files %v, %v were left", files, err)
	}
}

func TestSorter_TellsThatAFileIsTorn(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := newSorter(eventKind.when, 5)
	for i := range 12 {
		if err := s.add(ingest.Row[store.Event]{Value: store.Event{User: "ada", Item: fmt.Sprint(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	defer s.close()
	if err := os.Truncate(s.runs[1], 150); err != nil {
		t.Fatal(err)
	}
	var last error
	for _, err := range s.all() {
		last = err
	}
	if last == nil {
		t.Error("a torn run was read without an error")
	}
}

// A log teaches the same whatever order its rows stand in.
func TestImport_TakesALogInAnyOrder(t *testing.T) {
	var items strings.Builder
	items.WriteString("id,title\n")
	for i := range 30 {
		fmt.Fprintf(&items, "i%d,Item\n", i)
	}
	r := rand.New(rand.NewPCG(2, 3))
	var lines []string
	for i := range 600 {
		lines = append(lines, fmt.Sprintf("u%d,i%d,view,%d", r.IntN(20), r.IntN(30), 1_700_000_000+60*i))
	}
	shuffled := slices.Clone(lines)
	r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	const header = "user,item,kind,at\n"
	records := func(logs ...[]string) map[string]string {
		dir := filepath.Join(t.TempDir(), "data")
		if _, errOut, code := runNigh(t, items.String(), "import", "items", "-", "--data", dir); code != 0 {
			t.Fatal(errOut)
		}
		args := []string{"import", "events", "--data", dir}
		for i, log := range logs {
			args = append(args, writeInput(t, fmt.Sprint("log", i, ".csv"), header+strings.Join(log, "\n")+"\n"))
		}
		out, errOut, code := runNigh(t, "", args...)
		if code != 0 || !strings.HasPrefix(out, "600 events imported, 0 rows refused") {
			t.Fatalf("import: %d, %s%s", code, out, errOut)
		}
		_, db, _ := openData(t, dir)
		all := map[string]string{}
		err := db.EachRecord(context.Background(), 0, func(rec store.StoredRecord) error {
			read, err := wire.ReadRecord(rec.Record)
			if err == nil {
				all[rec.ID] = fmt.Sprint(read.Heat, read.Edges)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	want := records(lines)
	for name, got := range map[string]map[string]string{"shuffled": records(shuffled), "in two files": records(shuffled[:300], shuffled[300:])} {
		different := 0
		for id, rec := range want {
			if got[id] != rec {
				different++
			}
		}
		if different > 0 || len(got) != len(want) {
			t.Errorf("%s: %d of %d records differ from those of the log in order", name, different, len(want))
		}
	}
}
