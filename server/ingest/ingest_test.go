package ingest

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// transcript writes down everything that a reading yields: rows, refusals, notices, and how it ended.
func transcript[T any](read func(Options) iter.Seq2[Row[T], error], opt Options) string {
	var b strings.Builder
	opt.Notice = func(p Place, s string) { fmt.Fprintf(&b, "note    %s: %s\n", p, s) }
	for row, err := range read(opt) {
		if _, ok := err.(*RowError); ok {
			fmt.Fprintf(&b, "refused %v\n", err)
			continue
		}
		if err != nil {
			fmt.Fprintf(&b, "end     %v\n", err)
			continue
		}
		var value bytes.Buffer
		enc := json.NewEncoder(&value)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(row.Value); err != nil {
			fmt.Fprintf(&b, "not JSON: %v\n", err)
		}
		fmt.Fprintf(&b, "row     %s %s", row.Place, value.String())
	}
	return filepath.ToSlash(b.String())
}

func TestItems_ReadWhatTheGoldenPagesSay(t *testing.T) {
	for _, c := range []struct {
		name, source string
		opt          Options
	}{
		{name: "jekyll", source: "testdata/jekyll"},
		{name: "jekyll-base", source: "testdata/jekyll", opt: Options{BaseURL: "https://example.org/blog/"}},
		{name: "jekyll-posts", source: "testdata/jekyll/_posts"},
		{name: "hugo", source: "testdata/hugo"},
		{name: "hugo-map", source: "testdata/hugo/content", opt: Options{Map: map[string]string{"description": "Title", "attributes.changed": "lastmod"}}},
		{name: "notes", source: "testdata/notes"},
		{name: "rss", source: "testdata/feed.rss"},
		{name: "atom", source: "testdata/feed.atom"},
		{name: "jsonfeed", source: "testdata/feed.json"},
		{name: "csv", source: "testdata/items.csv"},
		{name: "csv-map", source: "testdata/mapped.csv", opt: Options{Map: map[string]string{"id": "Nr", "title": "Name", "tags": "Keywords", "attributes.year": "Jahr"}}},
		{name: "csv-no-id", source: "testdata/mapped.csv"},
		{name: "csv-no-column", source: "testdata/mapped.csv", opt: Options{Map: map[string]string{"id": "Number"}}},
		{name: "jsonl", source: "testdata/items.jsonl"},
		{name: "jsonl-map", source: "testdata/items.jsonl", opt: Options{Map: map[string]string{"attributes.year": "year", "title": "id"}}},
		{name: "json", source: "testdata/items.json"},
		{name: "json-values", source: "testdata/values.json"},
		{name: "json-cut-off", source: "testdata/cut.json"},
		{name: "no-such-file", source: "testdata/nothing.csv"},
		{name: "feed-map", source: "testdata/feed.rss", opt: Options{Map: map[string]string{"title": "name"}}},
		{name: "wrong-format", source: "testdata/items.csv", opt: Options{Format: FormatFeed}},
		{name: "folder-without-pages", source: "testdata/jekyll/_layouts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := transcript(itemsOf(t, c.source), c.opt)
			golden(t, "items-"+c.name, got)
		})
	}
}

func TestEvents_ReadWhatTheGoldenPagesSay(t *testing.T) {
	for _, c := range []struct{ name, source string }{
		{"csv", "testdata/events.csv"},
		{"jsonl", "testdata/events.jsonl"},
		{"feed", "testdata/feed.rss"},
		{"items", "testdata/mapped.csv"},
	} {
		t.Run(c.name, func(t *testing.T) {
			golden(t, "events-"+c.name, transcript(eventsOf(t, c.source), Options{}))
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s = \n%s\nwant\n%s", file, got, want)
	}
}
