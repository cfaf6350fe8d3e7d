package eval

import (
	"fmt"
	"io"
)

// Figures writes what stays the same on every run: metrics and exposure, no times. It is the form in which results
// stand under version control.
func (r *Result) Figures(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s: %s %s; %s items, %s events learnt\n", r.Protocol, comma(r.N), r.Unit, comma(r.Data.Items), comma(r.Data.Events))
	if err != nil {
		return err
	}
	for _, o := range append([]Outcome{r.Outcome}, r.Baselines...) {
		fmt.Fprintf(w, "  %-12s", o.Name)
		for _, m := range metricNames(o.Metrics) {
			fmt.Fprintf(w, " %s %.4f", m, o.Metrics[m])
		}
		if o.Exposure != nil {
			fmt.Fprintf(w, "  coverage %.3f head %.3f", o.Exposure.Coverage, o.Exposure.Head)
		}
		for i, m := range metricNames(o.Cold) {
			if i == 0 {
				fmt.Fprintf(w, "  cold (%d):", o.ColdN)
			}
			fmt.Fprintf(w, " %s %.4f", m, o.Cold[m])
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	return nil
}
