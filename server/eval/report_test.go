package eval

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
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
	d, logs := readData(t, "items.jsonl", "ratings.csv")
	d.note("an item is called %s", `<script>alert("1")</script>`)
	r, err := Holdout(t.Context(), d, logs[0], 0, testOptions("none"))
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := r.HTML(&page); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page.String(), "<script>") || !strings.Contains(page.String(), "&lt;script&gt;") {
		t.Error("the note's markup is not shown as text")
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
	for v, want := range map[float64]float64{0: 1, .13: .2, .2: .2, .51: 1, 3: 5, 7: 10, 10: 10} {
		if got := niceAbove(v); !near(got, want) {
			t.Errorf("niceAbove(%v) = %v, want %v", v, got, want)
		}
	}
}
