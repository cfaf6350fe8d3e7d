package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nigh/server/bench"
)

func TestBench_PrintsATableOrJSON(t *testing.T) {
	t.Setenv(asCommand, "1") // bench serve starts this binary again for its load
	items := filepath.Join(t.TempDir(), "items.jsonl")
	events := filepath.Join(t.TempDir(), "events.csv")
	var rows strings.Builder
	for _, id := range []string{"a", "b", "c", "d"} {
		rows.WriteString(`{"id":"` + id + `","title":"A story of whale ` + id + `","tags":["sea"]}` + "\n")
	}
	if err := os.WriteFile(items, []byte(rows.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(events, []byte("user,item,kind,value,at\nu,a,view,,1000000000\nu,b,view,,1000000060\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"rank":   {"rank", "--sizes", "200", "--questions", "10", "--scans", "1"},
		"learn":  {"learn", "--events", events, "--items", items, "--clicks", "2", "--set", "lambda=5"},
		"import": {"import", "--items", items, "--asked", "2"},
		"sync":   {"sync", "--items", items, "--events", events, "--rounds", "1"},
		"serve":  {"serve", "--items", items, "--events", events, "--connections", "2", "--for", "50ms"},
	} {
		out, errOut, code := runNigh(t, "", append(append([]string{"bench"}, args...), "--json")...)
		var r bench.Result
		if code != 0 || json.Unmarshal([]byte(out), &r) != nil || r.Bench != name || len(r.Cases) == 0 || !(r.Cases[0].Ratio > 0) {
			t.Errorf("bench %s --json = %d, %s, %s", name, code, out, errOut)
		}
		if out, errOut, code = runNigh(t, "", append([]string{"bench"}, args...)...); code != 0 || !strings.Contains(out, "×") {
			t.Errorf("bench %s = %d, %s, %s", name, code, out, errOut)
		}
	}
}

func TestBench_RefusesWhatMakesNoSense(t *testing.T) {
	for says, args := range map[string][]string{
		"--sizes":       {"rank", "--sizes", "5"},
		"--clicks":      {"learn", "--clicks", "0"},
		"lamda":         {"learn", "--set", "lamda=5"},
		"--asked":       {"import", "--asked", "0"},
		"--rounds":      {"sync", "--rounds", "0"},
		"--connections": {"serve", "--connections", "0"},
		"--items":       {"serve", "--events", "clicks.csv"},
		"the load":      {"load"},
	} {
		if _, errOut, code := runNigh(t, "", append([]string{"bench"}, args...)...); code != 2 || !strings.Contains(errOut, says) {
			t.Errorf("bench %v = %d, %s, want 2 and %s", args, code, errOut, says)
		}
	}
}
