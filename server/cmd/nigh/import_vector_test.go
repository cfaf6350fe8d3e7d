package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nigh/server/catalog"
)

const vectorsJSONL = `{"id":"north","title":"One","vector":[0, 2]}
{"id":"northwest","title":"Two","vector":"0.1 1"}
{"id":"nan","vector":[NaN, 1]}
{"id":"short","vector":[1]}
{"id":"zero","vector":[0, 0]}
{"id":"word","vector":["far", 1]}
{"id":"west","title":"Three","vector":"AACAPwAAAAA="}
{"id":"none","title":"One of many whales at sea"}
`

func TestImport_TakesVectorsAndRefusesWhatIsNone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	file := writeInput(t, "items.jsonl", vectorsJSONL)
	want := file + ":3: NaN is not a JSON number; write null, or leave the field out\n" +
		file + ":4: vector has 1 dimensions, those of 2 other items have 2; use one model for all; to change it, put the items without vectors first, then with the new ones\n" +
		file + ":5: vector holds nothing but zeros, which is like nothing; leave it out where the model has nothing to say\n" +
		file + `:6: vector holds "far" at place 1; give finite numbers` + "\n"

	out, errOut, code := runNigh(t, "", "import", "items", file, "--data", dir, "--strict")
	if code != 1 || out != "" || !strings.Contains(errOut, ":4: vector has 1 dimensions, the first one has 2; ") || !strings.Contains(errOut, "error: 4 rows would be refused") {
		t.Errorf("strict: %q, %q, %d; want 4 rows refused and nothing written", out, errOut, code)
	}
	out, errOut, code = runNigh(t, "", "import", "items", file, "--data", dir)
	lines := strings.SplitAfter(errOut, "\n")
	slices.Sort(lines) // the catalog's refusals come after the reader's
	checkRun(t, out, strings.Join(lines, ""), code, "4 items imported, 4 rows refused\n", want, 1)

	csv := "id,vector\neast,\"[-1, 0.1]\"\nnortheast,-0.4 1\nempty,\n"
	out, errOut, code = runNigh(t, csv, "import", "items", "-", "--format", "csv", "--data", dir)
	checkRun(t, out, errOut, code, "3 items imported, 0 rows refused\n", "", 0)

	c, _, _ := openData(t, dir)
	if it, err := c.Item(t.Context(), "northwest"); err != nil || len(it.Vector) != 2 || it.Vector[1] != 1 {
		t.Errorf("northwest = %+v, %v, want it with its vector", it, err)
	}
	if err := c.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"north": "northwest", "northeast": "north", "none": "north"} {
		res, err := c.Similar(t.Context(), id, catalog.Request{Limit: 1})
		if err != nil || len(res.Recommendations) != 1 || res.Recommendations[0].ID != want {
			t.Errorf("similar to %s = %v, %v, want %s", id, res.Recommendations, err, want)
		}
	}
}
