package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"nigh/server/eval"
)

var update = flag.Bool("update", false, "rewrite golden files; server/eval/testdata/stats.txt only where NIGH_EVAL_DATA names the folder of the public data")

const statsFile = "../../eval/testdata/stats.txt"

const statsHead = `# What nigh's rankings are worth on public data, beside what people use today. Rewritten by
#
#	NIGH_EVAL_DATA=/folder/of/the/data make golden
#
# where the folder holds yoochoose-100k (train.csv, test.csv), ml-100k and ml-small (events.csv, items.jsonl) and debian
# (items.jsonl.gz) in the formats of "nigh eval --help". The data is for research and is not part of nigh. A change of
# ranking shows its price here; the commit tells what it is paid for.
# Policies given with --set are round numbers, chosen on the very part they are shown on, but for --cold: what "nigh tune"
# chooses without a look at it stands in the README.
`

// statsCommands are what stats.txt holds, in this order.
var statsCommands = []string{
	"nigh eval sessions --train $NIGH_EVAL_DATA/yoochoose-100k/train.csv --test $NIGH_EVAL_DATA/yoochoose-100k/test.csv --repeats allow",
	"nigh eval sessions --train $NIGH_EVAL_DATA/yoochoose-100k/train.csv --test $NIGH_EVAL_DATA/yoochoose-100k/test.csv --repeats allow --baselines none --set recency_power=1 --set focus=0 --set sigma=.5 --set lambda=8 --set rho=0",
	"nigh eval sessions --train $NIGH_EVAL_DATA/yoochoose-100k/train.csv --test $NIGH_EVAL_DATA/yoochoose-100k/test.csv --repeats drop-current",
	"nigh eval sessions --train $NIGH_EVAL_DATA/yoochoose-100k/train.csv --test $NIGH_EVAL_DATA/yoochoose-100k/test.csv --repeats drop-current --baselines none --set recency_power=1 --set focus=0 --set sigma=.5 --set lambda=8 --set rho=0",
	"nigh eval sessions --train $NIGH_EVAL_DATA/yoochoose-100k/train.csv --test $NIGH_EVAL_DATA/yoochoose-100k/test.csv --repeats drop-seen",
	"nigh eval sessions --train $NIGH_EVAL_DATA/yoochoose-100k/train.csv --test $NIGH_EVAL_DATA/yoochoose-100k/test.csv --repeats drop-seen --baselines none --set recency_power=1 --set focus=0 --set sigma=.5 --set lambda=8 --set rho=0",
	"nigh eval holdout --items $NIGH_EVAL_DATA/ml-100k/items.jsonl --events $NIGH_EVAL_DATA/ml-100k/events.csv",
	"nigh eval holdout --items $NIGH_EVAL_DATA/ml-100k/items.jsonl --events $NIGH_EVAL_DATA/ml-100k/events.csv --baselines none --set window=200 --set sigma=.5 --set lambda=20 --set content_weight=0",
	"nigh eval holdout --items $NIGH_EVAL_DATA/ml-small/items.jsonl --events $NIGH_EVAL_DATA/ml-small/events.csv",
	"nigh eval holdout --items $NIGH_EVAL_DATA/ml-small/items.jsonl --events $NIGH_EVAL_DATA/ml-small/events.csv --baselines none --set window=200 --set recency_power=.6 --set focus=0 --set sigma=.3 --set lambda=10 --set rho=.2 --set content_weight=0",
	"nigh eval holdout --items $NIGH_EVAL_DATA/ml-small/items.jsonl --events $NIGH_EVAL_DATA/ml-small/events.csv --cold 0.1",
	"nigh eval holdout --items $NIGH_EVAL_DATA/ml-small/items.jsonl --events $NIGH_EVAL_DATA/ml-small/events.csv --cold 0.1 --baselines none --set content_weight=0",
	"nigh eval replay --events $NIGH_EVAL_DATA/yoochoose-100k/train.csv",
	"nigh eval similar --items $NIGH_EVAL_DATA/debian/items.jsonl.gz",
}

// TestGolden_Stats rewrites stats.txt where the data is and -update is given. Everywhere else it holds that the page has
// the figures of exactly the commands above.
func TestGolden_Stats(t *testing.T) {
	data := os.Getenv("NIGH_EVAL_DATA")
	if *update && data != "" {
		var page bytes.Buffer
		page.WriteString(statsHead)
		for _, command := range statsCommands {
			fmt.Fprintf(&page, "\n$ %s\n%s", command, statsOf(t, command, data))
		}
		if err := os.WriteFile(statsFile, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(statsFile)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(page), "\n$ ")
	if parts[0] != statsHead {
		t.Errorf("stats.txt begins with %q, want %q; run make golden where the data is", parts[0], statsHead)
	}
	var got []string
	for _, part := range parts[1:] {
		command, figures, _ := strings.Cut(part, "\n")
		got = append(got, command)
		if !strings.Contains(figures, "\n  nigh ") {
			t.Errorf("no figures stand below %s", command)
		}
	}
	if g, w := strings.Join(got, "\n"), strings.Join(statsCommands, "\n"); g != w {
		t.Errorf("stats.txt holds the commands\n%s\nwant\n%s\nrun make golden where the data is", g, w)
	}
}

// statsOf runs a command and returns its figures.
func statsOf(t *testing.T, command, data string) string {
	t.Helper()
	args := strings.Fields(command)[1:]
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "$NIGH_EVAL_DATA", data)
	}
	out, errOut, code := runNigh(t, "", append(args, "--json")...)
	if code != 0 {
		t.Fatalf("%s: %s", command, errOut)
	}
	var r eval.Result
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.Figures(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
