package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"nigh/core/learn"
)

// clicks is a log of sessions on 40 items, the next of which follows from the last.
func clicks(sessions int) string {
	r := rand.New(rand.NewPCG(7, 8))
	var log strings.Builder
	log.WriteString("user,item,kind,value,at\n")
	for s := range sessions {
		at := r.IntN(40)
		for i := range 5 {
			fmt.Fprintf(&log, "s%d,i%d,view,,%d\n", s, at, 1_700_000_000+600*s+i)
			at = (at*7 + 3 + r.IntN(2)) % 40
		}
	}
	return log.String()
}

func TestTune_WritesAPolicyThatIsReadBackEqual(t *testing.T) {
	events := writeInput(t, "clicks.csv", clicks(300))
	file := filepath.Join(t.TempDir(), "policy.json")
	out, errOut, code := runNigh(t, "", "tune", "--events", events, "--rounds", "1", "--json", "--out", file)
	if code != 0 { // a busy machine may tell how far it is
		t.Fatalf("code %d, error output %q", code, errOut)
	}
	var got struct {
		Protocol string
		Policy   learn.Policy
		Final    struct{ N int }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || got.Protocol != "sessions" || got.Final.N == 0 {
		t.Fatalf("out = %s: %v", out, err)
	}
	written, err := readPolicy(file, nil)
	if err != nil || !reflect.DeepEqual(written, got.Policy) {
		t.Errorf("%s is read as %+v, %v; want %+v", file, written, err, got.Policy)
	}
	if reflect.DeepEqual(written, learn.DefaultPolicy()) {
		t.Error("nothing was chosen")
	}

	// A file that is there is not written over unasked; the tuned policy is the present one of the next run.
	before, _ := os.ReadFile(file)
	_, errOut, code = runNigh(t, "", "tune", "--events", events, "--rounds", "1", "--out", file)
	if code != 2 || !strings.Contains(errOut, "--force") {
		t.Errorf("onto a file that is there: code %d, %q; want it refused", code, errOut)
	}
	out, _, code = runNigh(t, "", "tune", "--events", events, "--rounds", "1", "--policy", file, "--out", file, "--force")
	after, _ := os.ReadFile(file)
	if code != 0 || !strings.Contains(out, "present") || !strings.Contains(out, "wrote "+file) || len(before) == 0 || len(after) == 0 {
		t.Errorf("with --force: code %d, out %s", code, out)
	}
}

func TestTune_ReadsADataFolderThatAServerUses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	var items strings.Builder
	items.WriteString("id,title\n")
	for i := range 40 {
		fmt.Fprintf(&items, "i%d,Item %d\n", i, i)
	}
	if _, errOut, code := runNigh(t, items.String(), "import", "items", "-", "--data", dir); code != 0 {
		t.Fatal(errOut)
	}
	if _, errOut, code := runNigh(t, clicks(120), "import", "events", "-", "--data", dir); code != 0 {
		t.Fatal(errOut)
	}
	_, _, end := openData(t, dir) // as a server does
	defer end()
	out, errOut, code := runNigh(t, "", "tune", "--data", dir, "--rounds", "1")
	if code != 0 || !strings.Contains(out, "600 events of 120 readers on 40 items") {
		t.Errorf("code %d, out %s, error output %s", code, out, errOut)
	}
}

func TestTune_WritesNothingWhenInterrupted(t *testing.T) {
	events := writeInput(t, "clicks.csv", clicks(200))
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errOut bytes.Buffer
	code := run(ctx, []string{"tune", "--events", events, "--out", filepath.Join(dir, "policy.json")}, nil, &out, &errOut)
	left, err := os.ReadDir(dir)
	if code != 1 || out.Len() > 0 || !strings.HasPrefix(errOut.String(), "error: interrupted; nothing was written\n") || err != nil || len(left) > 0 {
		t.Errorf("code %d, out %q, error output %q, files %v; want nothing but the word", code, out.String(), errOut.String(), left)
	}
}

func TestTune_TellsWhatIsWrong(t *testing.T) {
	events := writeInput(t, "clicks.csv", "user,item,at\na,x,1700000000\n")
	empty := writeInput(t, "empty.csv", "user,item,at\n")
	bad := writeInput(t, "policy.json", "{\n\"sigma\": 2}")
	dir := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		want string
		code int
	}{
		"no log":      {nil, "neither --events nor --data is given", 2},
		"both":        {[]string{"--events", events, "--data", dir}, "exclude each other", 2},
		"items":       {[]string{"--items", events, "--data", dir}, "--items and --map are for files", 2},
		"bounds":      {[]string{"--events", events, "--minutes", "1", "--rounds", "1"}, "exclude each other", 2},
		"minutes":     {[]string{"--events", events, "--minutes", "NaN"}, "--minutes is NaN; give a number above 0", 2},
		"rounds":      {[]string{"--events", events, "--rounds", "77"}, "--rounds is 77", 2},
		"folder":      {[]string{"--events", events, "--out", dir}, "is a folder; name a file", 2},
		"no folder":   {[]string{"--events", events, "--out", filepath.Join(dir, "no", "policy.json")}, "is not there; make it first", 2},
		"policy":      {[]string{"--events", events, "--policy", bad}, "line 2: sigma is 2; it must lie between 0 and 1", 2},
		"protocol":    {[]string{"--events", events, "--protocol", "similar"}, `no protocol "similar"`, 1},
		"repeats":     {[]string{"--events", events, "--repeats", "often"}, `no repeat policy "often"`, 1},
		"one event":   {[]string{"--events", events}, "too small to choose by", 1},
		"empty":       {[]string{"--events", empty}, "the log holds no events", 1},
		"no such log": {[]string{"--events", "none.csv"}, "none.csv", 1},
		"no store":    {[]string{"--data", dir}, "name the data folder of a server", 1},
	} {
		_, errOut, code := runNigh(t, "", append([]string{"tune"}, c.args...)...)
		if text := strings.ReplaceAll(errOut, "\nhint: ", "; "); code != c.code || !strings.Contains(text, c.want) {
			t.Errorf("%s: code %d, %q; want %d and %q", name, code, errOut, c.code, c.want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v were left; want nothing made", left, err)
	}
}
