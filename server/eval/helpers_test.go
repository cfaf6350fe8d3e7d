package eval

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nigh/core"
	"nigh/core/learn"
	"nigh/server/ingest"
)

var update = flag.Bool("update", false, "rewrite golden files")

// readData reads a catalog ("" for none) and logs, all of testdata.
func readData(t *testing.T, items string, logs ...string) (*Data, [][]Event) {
	t.Helper()
	d := NewData()
	if items != "" {
		if err := d.ReadItems(t.Context(), filepath.Join("testdata", items), ingest.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	var out [][]Event
	for _, file := range logs {
		log, err := d.ReadLog(t.Context(), filepath.Join("testdata", file), ingest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, log)
	}
	return d, out
}

// logOf reads a log given as lines without their header.
func logOf(t *testing.T, d *Data, lines ...string) ([]Event, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "log.csv")
	if err := os.WriteFile(file, []byte("user,item,kind,value,at\n"+strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return d.ReadLog(t.Context(), file, ingest.Options{})
}

func mustLog(t *testing.T, d *Data, lines ...string) []Event {
	t.Helper()
	log, err := logOf(t, d, lines...)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func testOptions(baselines ...string) Options {
	return Options{Policy: learn.DefaultPolicy(), Baselines: baselines}
}

func checkGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run make golden", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got\n%s\nwant\n%s", file, got, want)
	}
}

func set(ns ...core.ItemNum) map[core.ItemNum]bool {
	out := map[core.ItemNum]bool{}
	for _, n := range ns {
		out[n] = true
	}
	return out
}
