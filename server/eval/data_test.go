package eval

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nigh/server/ingest"
)

func TestReadLog_SortsByTimeAndKeepsEqualOnesInOrder(t *testing.T) {
	d := NewData()
	log := mustLog(t, d, "u,c,view,1,30", "u,a,view,1,10", "u,b,view,1,10", "u,d,view,1,20.5")
	var got []string
	for _, e := range log {
		got = append(got, d.Items[e.Item-1].ID)
	}
	if want := "a b d c"; strings.Join(got, " ") != want {
		t.Errorf("order = %v, want %s", got, want)
	}
	if log[2].At != 20500 {
		t.Errorf("20.5 seconds = %d ms, want 20500", log[2].At)
	}
	checkNote(t, d, "not in the order of their times")
}

func checkNote(t *testing.T, d *Data, want string) {
	t.Helper()
	if !strings.Contains(strings.Join(d.Notes, "\n"), want) {
		t.Errorf("notes = %q, want one that says %q", d.Notes, want)
	}
}

func TestReadLog_CountsBadRows(t *testing.T) {
	d := NewData()
	log := mustLog(t, d, "u,a,view,1,10", "u,b,view,1,", "u,,view,1,12", "u,c,view,x,13", "u,d,view,1,14")
	if len(log) != 2 {
		t.Errorf("%d events, want 2", len(log))
	}
	checkNote(t, d, "3 rows cannot be read and were left out; the first:")
	checkNote(t, d, "the event has no time")
}

func TestReadLog_RefusesAFileWithoutOneGoodRow(t *testing.T) {
	_, err := logOf(t, NewData(), "u,a,view,1,", "u,b,view,1,")
	if err == nil || !strings.Contains(err.Error(), "none of 2 rows can be read") {
		t.Errorf("error = %v, want that none of 2 rows can be read", err)
	}
	if _, err := NewData().ReadLog(t.Context(), filepath.Join(t.TempDir(), "none.csv"), ingest.Options{}); err == nil {
		t.Error("a file that is not there: no error")
	}
}

func TestReadLog_KnowsItemsThatTheCatalogDoesNot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "items.jsonl")
	text := `{"id": "a", "title": "old"}` + "\n" + `{"id": "b"}` + "\n" + `{"id": "a", "title": "new"}` + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d := NewData()
	if err := d.ReadItems(t.Context(), file, ingest.Options{}); err != nil {
		t.Fatal(err)
	}
	if d.Given != 2 || d.Items[0].Title != "new" {
		t.Errorf("given %d, first %+v; want 2 items, the later row of a", d.Given, d.Items[0])
	}
	log := mustLog(t, d, "u,b,view,1,1", "u,z,view,1,2", "v,z,view,1,3")
	if len(d.Items) != 3 || log[1].Item != 3 || log[2].Item != 3 {
		t.Errorf("items %d, events %+v; want z as item 3", len(d.Items), log)
	}
	checkNote(t, d, "1 items of the log are not among the items")
}

func TestProtocols_CountUnknownKindsAsViews(t *testing.T) {
	d := NewData()
	log := mustLog(t, d, "u,a,listen,1,1", "u,b,listen,1,2", "v,a,listen,1,3", "v,b,listen,1,4")
	r, err := Replay(t.Context(), d, log, testOptions("none"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Metrics["HR@20"] != .5 { // v's b was learnt from u
		t.Errorf("HR@20 = %v, want 0.5", r.Metrics["HR@20"])
	}
	checkNote(t, d, `kind "listen" (4 of them), which count as views`)
}
