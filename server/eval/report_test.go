package eval

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"nigh/core/learn"
)

// wellFormed fails unless data is XML from the first byte to the last; it returns how many elements of each name there are.
func wellFormed(t *testing.T, data []byte) map[string]int {
	t.Helper()
	out := map[string]int{}
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		if e, ok := tok.(xml.StartElement); ok {
			out[e.Name.Local]++
		}
	}
}

func TestReport_DrawsEveryMetricAndCurve(t *testing.T) {
	for _, r := range measureAll(t, testOptions()) {
		var svg, page bytes.Buffer
		if err := r.SVG(&svg); err != nil {
			t.Fatal(err)
		}
		if err := r.HTML(&page); err != nil {
			t.Fatal(err)
		}
		got := wellFormed(t, svg.Bytes())
		if want := len(r.Curves) * (1 + len(r.Baselines)); got["polyline"] != want {
			t.Errorf("%s: %d curves drawn, want %d", r.Protocol, got["polyline"], want)
		}
		for _, want := range append(metricNames(r.Metrics), "nigh", r.Baselines[0].Name, "Time of a ranking") {
			if !strings.Contains(svg.String(), want) || !strings.Contains(page.String(), want) {
				t.Errorf("%s: the report lacks %q", r.Protocol, want)
			}
		}
		if strings.Contains(page.String(), "<script") || strings.Contains(page.String(), "src=") {
			t.Errorf("%s: the page loads something", r.Protocol)
		}
		if n := strings.Count(page.String(), "<svg"); n != len(r.charts()) {
			t.Errorf("%s: %d charts on the page, want %d", r.Protocol, n, len(r.charts()))
		}
	}
}

func TestReport_ShowsStrangersTextAsText(t *testing.T) {
	const hostile = `</pre></svg><script>alert("1")</script><img src=x onerror=alert(2)>`
	d, logs := readData(t, "items.jsonl", "ratings.csv")
	d.note("an item is called %s", hostile)
	opt := testOptions("popularity")
	opt.Policy.Kinds[hostile] = learn.Kind{Weight: 1}
	r, err := Holdout(t.Context(), d, logs[0], 0, opt)
	if err != nil {
		t.Fatal(err)
	}
	r.Settings["file"] = hostile
	r.Baselines[0].Name = hostile
	var page, svg bytes.Buffer
	if err := r.HTML(&page); err != nil {
		t.Fatal(err)
	}
	if err := r.SVG(&svg); err != nil {
		t.Fatal(err)
	}
	wellFormed(t, svg.Bytes())
	for name, text := range map[string]string{"page": page.String(), "picture": svg.String()} {
		if strings.Contains(text, "<script") || strings.Contains(text, "<img") || !strings.Contains(text, "&lt;script&gt;") {
			t.Errorf("the %s does not show markup as text", name)
		}
	}
	if n := strings.Count(page.String(), "<pre>"); n != 2 || strings.Count(page.String(), "</pre>") != n {
		t.Errorf("%d preformatted parts, want 2 that end where they should", n)
	}
}

// TestReport_ShowsWhatWasAsked holds that all that a report is for is in it, with cold targets and without.
func TestReport_ShowsWhatWasAsked(t *testing.T) {
	d, logs := readData(t, "items.jsonl", "ratings.csv")
	r, err := Holdout(t.Context(), d, logs[0], .2, testOptions("popularity", "item-knn"))
	if err != nil {
		t.Fatal(err)
	}
	titles := map[string]chart{}
	for _, c := range r.charts() {
		titles[c.Title] = c
		if len(c.Title) > 64 {
			t.Errorf("%q is wider than its chart", c.Title)
		}
	}
	for _, want := range []struct {
		title       string
		bars, lines int
	}{
		{"NDCG@10", 3, 0}, {"HR@10", 3, 0}, {"Recall@20", 3, 0}, {"NDCG@10, cold targets alone", 3, 0},
		{"NDCG by length of the list", 0, 3}, {"Recall by length of the list", 0, 3},
		{"Coverage: share of the catalog that was recommended (%)", 3, 0},
		{"Popularity: places for the most popular tenth of the items (%)", 4, 0}, // and what readers wanted
	} {
		c, ok := titles[want.title]
		if !ok {
			t.Errorf("there is no chart %q", want.title)
			continue
		}
		if len(c.Lines) != want.lines || want.bars > 0 && len(c.Rects) != want.bars {
			t.Errorf("%s: %d bars and %d curves, want %d and %d", want.title, len(c.Rects), len(c.Lines), want.bars, want.lines)
		}
	}
}

func TestHistogram_KeepsItsLabelsApart(t *testing.T) {
	for _, columns := range []int{1, 3, 9, 14, 25} {
		c := histogram("", &Latency{Histogram: slices.Repeat([]int{5}, columns)})
		last := math.Inf(-1)
		for _, l := range c.Texts {
			if strings.HasSuffix(l.Text, "%") {
				continue
			}
			if l.X-last < 52 {
				t.Errorf("%d columns: labels at %.0f and %.0f overlap", columns, last, l.X)
			}
			last = l.X
		}
		if len(c.Rects) != columns {
			t.Errorf("%d columns drawn, want %d", len(c.Rects), columns)
		}
	}
}

func TestMicros_Table(t *testing.T) {
	for us, want := range map[float64]string{0: "0 µs", 2: "2 µs", 20.24: "20 µs", 363: "363 µs", 1024: "1 ms", 2048: "2 ms", 8192: "8.2 ms", 1.5e6: "1.5 s"} {
		if got := micros(us); got != want {
			t.Errorf("micros(%v) = %q, want %q", us, got, want)
		}
	}
}

func TestTable_ShowsFiguresAndNotes(t *testing.T) {
	d, logs := readData(t, "items.jsonl", "ratings.csv")
	d.note("something was odd")
	r, err := Holdout(t.Context(), d, logs[0], .2, testOptions("popularity"))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.Table(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"holdout: 20 readers; 40 items, 196 events learnt; cold 0.2\n", "NDCG@10", "popularity", "cold targets alone (11 readers)", "\nnote: something was odd\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &b)
		}
	}
}

func TestNiceAbove(t *testing.T) {
	for v, want := range map[float64]float64{0: 1, .13: .16, .2: .2, .226: .24, .51: .6, 3: 3, 7: 8, 9: 10, 10: 10} {
		if got := niceAbove(v); !near(got, want) {
			t.Errorf("niceAbove(%v) = %v, want %v", v, got, want)
		}
	}
}
