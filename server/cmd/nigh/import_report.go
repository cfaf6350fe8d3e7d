package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"nigh/server/ingest"
)

// reportEvery is how often a long import says how far it is where there is no terminal.
const reportEvery = 5 * time.Second

// report counts what an import did and tells it: bad rows and progress to errOut, the summary to out.
type report struct {
	out, errOut io.Writer
	one, many   string
	now         func() time.Time

	accepted, created, duplicates, refused, failed int

	verb    string // what happens to the rows: "checked", "imported"
	started time.Time
	begun   time.Time // of the first batch of a pass: all may be read and sorted before
	told    time.Time // of the last line of progress
	read    int64     // bytes
	total   int64     // bytes; -1 if that is not known
	bar     *progressbar.ProgressBar
}

func newReport(out, errOut io.Writer, one, many string) *report {
	r := &report{out: out, errOut: errOut, one: one, many: many, now: time.Now}
	r.started = r.now()
	return r
}

// begin starts a pass over sources.
func (r *report) begin(sources []string, verb string) {
	r.verb, r.told, r.read, r.total = verb, r.now(), 0, 0
	r.begun = time.Time{}
	r.accepted, r.created, r.duplicates, r.refused, r.failed = 0, 0, 0, 0, 0
	for _, s := range sources {
		n := ingest.Size(s)
		if n < 0 {
			r.total = -1
			break
		}
		r.total += n
	}
	if f, ok := r.errOut.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		r.bar = progressbar.NewOptions64(max(r.total, -1),
			progressbar.OptionSetWriter(r.errOut),
			progressbar.OptionSetDescription(r.progress()),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetWidth(30),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetElapsedTime(true),
			progressbar.OptionSetPredictTime(r.total > 0),
		)
	}
}

// end takes the bar off the terminal.
func (r *report) end() {
	if r.bar != nil {
		_ = r.bar.Clear() // only decoration
		r.bar = nil
	}
}

// settle tells what is still to be learnt and to be related to the others.
func (r *report) settle(ctx context.Context, to sink) error {
	var bar *progressbar.ProgressBar
	doing, most := "", 0
	clear := func() {
		if bar != nil {
			_ = bar.Clear()
			bar = nil
		}
	}
	defer clear()
	return to.settle(ctx, func(what string, left int, of string) {
		if what != doing {
			clear()
			doing, most = what, 0
		}
		most = max(most, left)
		switch f, ok := r.errOut.(*os.File); {
		case bar != nil:
			_ = bar.Set(most - left)
		case ok && term.IsTerminal(int(f.Fd())):
			bar = progressbar.NewOptions(most, progressbar.OptionSetWriter(r.errOut), progressbar.OptionSetWidth(30),
				progressbar.OptionSetDescription(what), progressbar.OptionClearOnFinish())
		case r.now().Sub(r.told) >= reportEvery:
			r.told = r.now()
			fmt.Fprintf(r.errOut, "%s, %s %s to go\n", what, comma(left), of)
		}
	})
}

func (r *report) bytes(n int) {
	r.read += int64(n)
	if r.bar != nil {
		_ = r.bar.Add(n)
	}
}

func (r *report) accept(o outcome) {
	if r.begun.IsZero() {
		r.begun = r.now()
	}
	r.accepted++
	if o.created {
		r.created++
	}
	if o.duplicate {
		r.duplicates++
	}
}

// rows tells, after a batch, how far the import is.
func (r *report) rows() {
	if r.bar != nil {
		r.bar.Describe(r.progress())
		return
	}
	if now := r.now(); now.Sub(r.told) >= reportEvery {
		r.told = now
		line := r.progress()
		if r.total > 0 {
			line += fmt.Sprintf(" (%d %%)", min(100, r.read*100/r.total))
		}
		fmt.Fprintln(r.errOut, line)
	}
}

func (r *report) progress() string {
	return fmt.Sprintf("%s %s%s", count(r.accepted, r.one, r.many), r.verb, r.rate(r.begun))
}

func (r *report) refuse(e *ingest.RowError) {
	r.refused++
	r.line(e.Error())
}

func (r *report) fail(err error) {
	r.failed++
	r.line(err.Error())
}

func (r *report) notice(p ingest.Place, text string) { r.line(p.String() + ": note: " + text) }

func (r *report) line(s string) {
	if r.bar != nil {
		_ = r.bar.Clear()
	}
	fmt.Fprintln(r.errOut, s)
}

// faults counts what went wrong: "2 rows refused, 1 source not read".
func (r *report) faults(refused string) string {
	var parts []string
	if r.refused > 0 || r.failed == 0 {
		parts = append(parts, count(r.refused, "row", "rows")+" "+refused)
	}
	if r.failed > 0 {
		parts = append(parts, count(r.failed, "source", "sources")+" could not be read to the end")
	}
	return strings.Join(parts, ", ")
}

// summary writes the last line: "63,666 items imported (600 new), 2 rows refused in 12 s".
func (r *report) summary() {
	s := count(r.accepted-r.duplicates, r.one, r.many) + " imported"
	if r.created > 0 && r.created < r.accepted {
		s += " (" + comma(r.created) + " new)"
	}
	if r.duplicates > 0 {
		s += ", " + comma(r.duplicates) + " known already"
	}
	fmt.Fprintf(r.out, "%s, %s in %s%s\n", s, r.faults("refused"), duration(r.now().Sub(r.started)), r.rate(r.started))
}

// rateAfter is how long something must have gone on before its speed says anything.
const rateAfter = 10 * time.Second

// rate tells how many rows a second went in since a time.
func (r *report) rate(since time.Time) string {
	took := r.now().Sub(since)
	if since.IsZero() || took < rateAfter {
		return ""
	}
	return fmt.Sprintf(", %s/s", comma(int(float64(r.accepted)/took.Seconds())))
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return comma(n) + " " + many
}

// comma writes a number with commas between thousands.
func comma(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func duration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
}
