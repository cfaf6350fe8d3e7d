package webapp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func page(t *testing.T, p Page) string {
	t.Helper()
	var out bytes.Buffer
	if err := Render(&out, p); err != nil {
		t.Fatalf("Render: %v", err)
	}
	return out.String()
}

func TestRender_ShowsContentBeforeAnyScript(t *testing.T) {
	work := Card{ID: "moby-dick", Title: "Moby-Dick", Summary: "A whaler hunts one white whale.", Author: "Herman Melville",
		Tags: []string{"sea"}, Categories: []string{"novel"}, Attributes: map[string]string{"year": "1851"}}
	for name, c := range map[string]struct {
		page Page
		want []string
	}{
		"home": {Page{Items: []Card{work}, Topics: []string{"sea"}}, []string{"Moby-Dick", "Herman Melville", `href="/works/moby-dick"`}},
		"work": {Page{Work: &work, Similar: []Card{{ID: "typee", Title: "Typee", Why: "Both: sea"}}}, []string{"A whaler hunts one white whale.", "Typee", "Both: sea"}},
		"none": {Page{NotFound: true}, []string{"Not on the shelves"}},
	} {
		got := page(t, c.page)
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("the %s page does not hold %q:\n%s", name, want, got)
			}
		}
	}
}

func TestRender_ShowsMarkupAsText(t *testing.T) {
	evil := Card{ID: `"><script>alert(1)</script>`, Title: `<img src=x onerror=alert(1)>`, Summary: `{{.}}</p><script>`,
		URL: "javascript:alert(1)", Author: `" onmouseover="alert(1)`, Tags: []string{"<b>"}, Why: "<i>"}
	for name, p := range map[string]Page{
		"home": {Title: "<b>", Items: []Card{evil}, Topics: []string{`"><script>`}},
		"work": {Work: &evil, Similar: []Card{evil}},
	} {
		got := page(t, p)
		for _, bad := range []string{"<img", "<script>", "javascript:", `onmouseover="`, "<b>", "<i>"} {
			if strings.Contains(got, bad) {
				t.Errorf("the %s page holds %q as markup", name, bad)
			}
		}
	}
}

func TestRender_PutsIdsIntoAddressesWhole(t *testing.T) {
	got := page(t, Page{Items: []Card{{ID: "a/b?c#d e", Title: "odd"}}})
	if want := `href="/works/a%2Fb%3Fc%23d%20e"`; !strings.Contains(got, want) {
		t.Errorf("the page does not hold %s", want)
	}
}

// The page's own policy forbids inline script and style, so a template that had any would show a broken page.
func TestRender_HoldsNothingInline(t *testing.T) {
	work := Card{ID: "x", Title: "x"}
	for _, p := range []Page{{Items: []Card{work}}, {Work: &work}, {NotFound: true}} {
		got := strings.ToLower(page(t, p))
		for _, bad := range []string{" style=", "<style", " onclick=", "<script>"} {
			if strings.Contains(got, bad) {
				t.Errorf("the page holds %q", bad)
			}
		}
	}
}

func TestDemoCatalog_IsWhole(t *testing.T) {
	names, err := fs.Glob(DemoCatalog(), "*.jsonl")
	if err != nil || len(names) == 0 {
		t.Fatalf("Glob = %v, %v, want files", names, err)
	}
	seen, films := map[string]string{}, 0
	for _, name := range names {
		f, err := DemoCatalog().Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		for n := 1; lines.Scan(); n++ {
			where := fmt.Sprintf("%s:%d", name, n)
			var w struct {
				ID, Title, Author, Description string
				Tags, Categories               []string
				Attributes                     struct {
					Medium string
					Year   int
				}
			}
			if err := json.Unmarshal(lines.Bytes(), &w); err != nil {
				t.Fatalf("%s: %v", where, err)
			}
			if w.ID == "" || w.Title == "" || w.Author == "" || w.Description == "" || len(w.Categories) != 1 || w.Attributes.Year == 0 {
				t.Errorf("%s: %s lacks something", where, w.ID)
			}
			if len(w.Tags) < 3 || len(w.Tags) > 8 {
				t.Errorf("%s: %s has %d tags, want 3 to 8", where, w.ID, len(w.Tags))
			}
			if first, ok := seen[w.ID]; ok {
				t.Errorf("%s: %s is at %s too", where, w.ID, first)
			}
			seen[w.ID] = where
			if w.Attributes.Medium == "film" {
				films++
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if len(seen) < 600 || films < 100 || films > len(seen)-100 {
		t.Errorf("the catalog has %d works, %d of them films; want at least 600, of both media", len(seen), films)
	}
}

// What a card looks like is worked out here and in demo/src/card.ts, whose test reads the same golden file.
func TestGolden_CardsLookTheSameOnBothSides(t *testing.T) {
	data, err := os.ReadFile("testdata/cards.json")
	if err != nil {
		t.Fatal(err)
	}
	var cards []Card
	if err := json.Unmarshal(data, &cards); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	for _, c := range cards {
		fmt.Fprintf(&got, "%s | %s | %s | %s\n", workPath(c.ID), coverClasses(&c), genre(&c), byline(&c))
	}
	const golden = "testdata/cards.golden"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("cards =\n%s, want\n%s; make golden rewrites it", got.String(), want)
	}
}
