package eval

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"nigh/core/learn"
)

// Tuning is what Tune found: the object that --json prints.
type Tuning struct {
	Protocol string `json:"protocol"`
	Repeats  string `json:"repeats,omitempty"` // of sessions
	Events   int    `json:"events"`
	Readers  int    `json:"readers"`
	Items    int    `json:"items"`

	// Validation is what the policy was chosen by, Final what choosing has not seen.
	Validation Comparison `json:"validation"`
	Final      Comparison `json:"final"`

	Changes []Change     `json:"changes"`
	Policy  learn.Policy `json:"policy"`

	Tried   int      `json:"tried"` // candidates
	Rounds  int      `json:"rounds"`
	TimeUp  bool     `json:"time_up"` // the budget ended the search
	Seconds float64  `json:"seconds"`
	Notes   []string `json:"notes,omitempty"`
}

// Comparison is how policies did on one part of a log.
type Comparison struct {
	N       int             `json:"n"`
	Unit    string          `json:"unit"`
	Metrics []string        `json:"metrics"`
	Rows    []ComparisonRow `json:"rows"`  // the present policy first, the tuned one last
	Gains   []Gain          `json:"gains"` // of the last over the first
}

// ComparisonRow is how one policy did.
type ComparisonRow struct {
	Name    string             `json:"name"`
	Metrics map[string]float64 `json:"metrics"`
}

// Gain is a difference in a metric, with its standard error over readers; Relative ones are shares of the first row's.
type Gain struct {
	Metric        string  `json:"metric"`
	Difference    float64 `json:"difference"`
	Error         float64 `json:"error"`
	Relative      float64 `json:"relative"`
	RelativeError float64 `json:"relative_error"`
}

// Change is a field of the policy that the tuned one sets otherwise.
type Change struct {
	Field string `json:"field"`
	From  any    `json:"from"`
	To    any    `json:"to"`
}

// fewQuestions is below what number of questions a choice is mostly chance.
const fewQuestions = 200

// note adds what a reader of the figures should know.
func (t *Tuning) note(d *Data, p parts) {
	t.Notes = append(t.Notes, d.Notes...)
	add := func(format string, args ...any) { t.Notes = append(t.Notes, fmt.Sprintf(format, args...)) }
	if n := min(t.Validation.N, t.Final.N); n < fewQuestions {
		add("only %d %s to choose or judge by: much of what was chosen may be chance", n, t.Validation.Unit)
	}
	if t.Events > maxLessons {
		add("choosing learnt at most the %s events before the validation part, of %s; judging on the final part learnt all", comma(maxLessons), comma(t.Events))
	}
	if t.TimeUp {
		add("the time was up before nothing better was found; more --minutes may find more")
	}
	if g := t.Final.Gains[0]; len(t.Changes) > 0 && g.Difference <= 0 {
		add("the tuned policy is not better on the final part: the present one is as good a choice")
	}
}

// JSON writes t as one object.
func (t *Tuning) JSON(w io.Writer) error {
	data, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// Table writes t for people.
func (t *Tuning) Table(w io.Writer) error {
	protocol := t.Protocol
	if t.Repeats != "" {
		protocol += ", repeats " + t.Repeats
	}
	fmt.Fprintf(w, "tune: %s; %s events of %s readers on %s items; %s policies tried in %d rounds\n\n",
		protocol, comma(t.Events), comma(t.Readers), comma(t.Items), comma(t.Tried), t.Rounds)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	t.Validation.table(tw, "validation, chosen by")
	fmt.Fprintln(tw)
	t.Final.table(tw, "final, not seen in choosing")
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if len(t.Changes) == 0 {
		fmt.Fprintln(w, "nothing better than the present policy was found")
	}
	for _, c := range t.Changes {
		fmt.Fprintf(w, "  %s: %v → %v\n", c.Field, c.From, c.To)
	}
	for _, note := range t.Notes {
		fmt.Fprintf(w, "\nnote: %s", note)
	}
	_, err := fmt.Fprintf(w, "\n%.1f s\n", t.Seconds)
	return err
}

func (c *Comparison) table(w io.Writer, title string) {
	fmt.Fprintf(w, "%s (%s %s)\t", title, comma(c.N), c.Unit)
	for _, name := range c.Metrics {
		fmt.Fprint(w, name+"\t")
	}
	fmt.Fprintln(w)
	for _, r := range c.Rows {
		fmt.Fprint(w, r.Name+"\t")
		for _, name := range c.Metrics {
			fmt.Fprintf(w, "%.4f\t", r.Metrics[name])
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "gain over "+c.Rows[0].Name+"\t")
	for _, g := range c.Gains {
		if c.Rows[0].Metrics[g.Metric] > 0 {
			fmt.Fprintf(w, "%+.1f %% ± %.1f\t", 100*g.Relative, 100*g.RelativeError)
		} else {
			fmt.Fprintf(w, "%+.4f ± %.4f\t", g.Difference, g.Error)
		}
	}
	fmt.Fprintln(w)
}
