//go:build !js

package core_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"nigh/core"
	"nigh/core/learn"
	"nigh/core/text"
	"nigh/core/wire"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// records returns the packed demo catalog; with -update it is made anew.
func records(t testing.TB) []byte {
	t.Helper()
	if !*update {
		return demoRecords
	}
	b := makeDemo(t)
	write(t, "demo.records", b)
	return b
}

// page returns what was committed; with -update what is made now, after writing it.
func page(t testing.TB, name, committed string, make func(*demo) string) string {
	t.Helper()
	if !*update {
		return committed
	}
	now := make(readDemo(t, records(t)))
	write(t, name, []byte(now))
	return now
}

func write(t testing.TB, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join("testdata", name), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// What learning makes of the demo catalog is golden too. Only on one architecture: others may fuse a multiplication and
// an addition of floats, and a weight may then be one step off. That is allowed, since records are made once.
func TestGolden_LearnerMakesTheCommittedRecords(t *testing.T) {
	want := records(t)
	got := makeDemo(t)
	if runtime.GOARCH == "amd64" && !bytes.Equal(got, want) {
		t.Error("the learner makes other records than testdata/demo.records; if the change is a better one: make golden")
	}
	if len(want) > 700_000 {
		t.Errorf("demo.records is of %d bytes, want at most 700,000", len(want))
	}
}

// makeDemo learns the demo catalog from its texts and from synthetic readers, each of whom follows a tag for a while.
func makeDemo(t testing.TB) []byte {
	t.Helper()
	type item struct {
		ID, Title, Author, Description string
		Tags, Categories               []string
		Attributes                     map[string]any
	}
	files, err := filepath.Glob("../webapp/demo/catalog/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("demo catalog: %v, %d files", err, len(files))
	}
	var items []item
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
			var it item
			if err := json.Unmarshal(lines.Bytes(), &it); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			items = append(items, it)
		}
	}
	policy := learn.DefaultPolicy()
	compiled := policy.Compile()
	analyzer := text.NewAnalyzer(policy.Language)
	content, learner := learn.NewContent(analyzer), learn.NewLearner(policy)
	byTag := map[string][]core.ItemNum{}
	for i, it := range items {
		txt := learn.Text{Title: it.Title, Description: it.Description, Author: it.Author, Tags: it.Tags, Categories: it.Categories}
		for _, name := range slices.Sorted(maps.Keys(it.Attributes)) {
			txt.Attributes = append(txt.Attributes, core.Attribute{Name: name, Value: fmt.Sprint(it.Attributes[name])})
		}
		p := learn.Parse(analyzer, txt)
		content.Weigh(p)
		content.Put(core.ItemNum(i+1), p)
		for _, tag := range it.Tags {
			byTag[tag] = append(byTag[tag], core.ItemNum(i+1))
		}
	}
	content.Reweigh()
	var finder learn.Finder
	for _, n := range content.Nums() {
		content.SetNeighbours(n, content.Find(&finder, n))
	}
	tags := slices.Sorted(maps.Keys(byTag))
	r := random(1)
	const readers, steps = 150, 30
	for reader := range readers {
		var h core.History
		tag := tags[r.next(len(tags))]
		for step := range steps {
			if r.next(12) == 0 {
				tag = tags[r.next(len(tags))]
			}
			n := byTag[tag][r.next(len(byTag[tag]))]
			kind := compiled.Kinds[r.next(len(compiled.Kinds))]
			strength := kind.Strength(int64(r.next(11)) * 500)
			at := (int64(demoHour)-int64(readers*steps)+int64(reader*steps+step))*3_600_000 + int64(r.next(1000))
			learner.Observe(h, n, strength, at)
			h = h.Record(core.Visit{Item: n, Strength: strength, At: at})
		}
	}
	out := entry(nil, wire.Encode(&wire.Welcome{Version: wire.Version, Policy: *compiled, Items: uint64(len(items))}))
	for i, it := range items {
		n := core.ItemNum(i + 1)
		rec := &core.Record{Num: n, ID: core.ItemID(it.ID), Features: content.Features(n)}
		rec.Card = core.Card{Title: it.Title, Author: it.Author, Tags: it.Tags, Categories: it.Categories}
		published := (int64(demoHour) - int64(r.next(5000))) * 3_600_000
		rec = rec.With(learner.Weights(n, content.Neighbours(n), published, float64(demoHour)))
		rec.Published = core.Hour(published / 3_600_000)
		switch { // what an owner does with a few
		case i == 99:
			rec.Pinned = 9
		case i%40 == 0:
			rec.Boost = core.Boost(i/40%3-1) * 16
		}
		out = entry(out, wire.AppendRecord(nil, rec))
	}
	return out
}

func entry(b, e []byte) []byte { return append(binary.BigEndian.AppendUint32(b, uint32(len(e))), e...) }
