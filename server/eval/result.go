package eval

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"nigh/core/learn"
)

// Result is what a protocol found: the object that --json prints.
type Result struct {
	Protocol string         `json:"protocol"`
	N        int            `json:"n"` // of what is averaged: steps, readers, events, items
	Unit     string         `json:"unit"`
	Settings map[string]any `json:"settings,omitempty"`
	Outcome                 // nigh's own
	Policy   learn.Policy   `json:"policy"`
	// Seconds nigh itself took, reading files and baselines left out.
	Seconds   float64   `json:"seconds"`
	Data      Counts    `json:"data"`
	Baselines []Outcome `json:"baselines,omitempty"`
	Notes     []string  `json:"notes,omitempty"`
}

// Counts says how large the data is.
type Counts struct {
	Items   int `json:"items"`
	Readers int `json:"readers,omitempty"`
	Events  int `json:"events,omitempty"` // learnt
}

// Outcome is what one way to recommend achieved.
type Outcome struct {
	Name    string             `json:"name"`
	Metrics map[string]float64 `json:"metrics"`
	// Cold are the metrics over cold targets alone, ColdN the readers that have some.
	Cold     map[string]float64   `json:"cold,omitempty"`
	ColdN    int                  `json:"cold_n,omitempty"`
	Curves   map[string][]float64 `json:"curves,omitempty"` // by metric, for k from 1
	Exposure *Exposure            `json:"exposure,omitempty"`
	Learning float64              `json:"learning_seconds"`
	Rank     *Latency             `json:"rank,omitempty"`
	Learn    *Latency             `json:"learn,omitempty"` // of one event, in Replay
}

// JSON writes r as one object.
func (r *Result) JSON(w io.Writer) error {
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// metricOrder is the order in which people read them.
var metricOrder = []string{"NDCG", "HR", "MRR", "Recall", "P", "J"}

// metricNames returns the names of metrics, the most telling first.
func metricNames(m map[string]float64) []string {
	place := func(name string) int {
		family, _, _ := strings.Cut(name, "@")
		if i := slices.Index(metricOrder, family); i >= 0 {
			return i
		}
		return len(metricOrder)
	}
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		if pa, pb := place(a), place(b); pa != pb {
			return pa - pb
		}
		return strings.Compare(a, b)
	})
}

// Table writes r for people.
func (r *Result) Table(w io.Writer) error {
	fmt.Fprintf(w, "%s: %s %s; %s items, %s events learnt", r.Protocol, comma(r.N), r.Unit, comma(r.Data.Items), comma(r.Data.Events))
	if s := r.settings(); s != "" {
		fmt.Fprintf(w, "; %s", s)
	}
	fmt.Fprint(w, "\n\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	all := append([]Outcome{r.Outcome}, r.Baselines...)
	r.metrics(t, all, "", func(o *Outcome) map[string]float64 { return o.Metrics })
	if r.Cold != nil {
		fmt.Fprintln(t)
		r.metrics(t, all, fmt.Sprintf("cold targets alone (%s %s)", comma(r.ColdN), r.Unit), func(o *Outcome) map[string]float64 { return o.Cold })
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, note := range r.Notes {
		fmt.Fprintf(w, "\nnote: %s", note)
	}
	_, err := fmt.Fprintf(w, "\n%.1f s\n", r.Seconds)
	return err
}

func (r *Result) metrics(t io.Writer, all []Outcome, title string, of func(*Outcome) map[string]float64) {
	names := metricNames(of(&r.Outcome))
	fmt.Fprint(t, title+"\t")
	for _, name := range names {
		fmt.Fprint(t, name+"\t")
	}
	first := title == ""
	if first {
		fmt.Fprint(t, "coverage\thead\trank p50\tp99\tlearning\t")
	}
	fmt.Fprintln(t)
	for i := range all {
		o := &all[i]
		fmt.Fprint(t, o.Name+"\t")
		for _, name := range names {
			if v, ok := of(o)[name]; ok {
				fmt.Fprintf(t, "%.4f\t", v)
			} else {
				fmt.Fprint(t, "-\t")
			}
		}
		if first {
			if o.Exposure != nil {
				fmt.Fprintf(t, "%.0f %%\t%.0f %%\t", 100*o.Exposure.Coverage, 100*o.Exposure.Head)
			} else {
				fmt.Fprint(t, "-\t-\t")
			}
			if o.Rank != nil {
				fmt.Fprintf(t, "%.0f µs\t%.0f µs\t", o.Rank.P50, o.Rank.P99)
			} else {
				fmt.Fprint(t, "-\t-\t")
			}
			if o.Learn != nil {
				fmt.Fprintf(t, "%.1f µs/event\t", o.Learn.Mean)
			} else {
				fmt.Fprintf(t, "%.1f s\t", o.Learning)
			}
		}
		fmt.Fprintln(t)
	}
}

func (r *Result) settings() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(r.Settings)) {
		parts = append(parts, fmt.Sprintf("%s %v", name, r.Settings[name]))
	}
	return strings.Join(parts, ", ")
}

// comma writes a number with commas between thousands.
func comma(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func indentJSON(v any) (string, error) {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return "", fmt.Errorf("encode the policy: %w", err)
	}
	return string(data), nil
}
