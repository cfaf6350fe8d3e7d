package eval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"nigh/core/learn"
)

// TuneOptions say how Tune chooses.
type TuneOptions struct {
	Policy   learn.Policy  // the present one: the search starts there, and the gain is over it
	Protocol string        // "sessions", "holdout", "replay"; "auto" or "": by the shape of the log
	Repeats  string        // of sessions: a repeat policy; "auto" or "": it is chosen too, and every step counts
	Rounds   int           // at most so many; 0: MaxRounds
	Budget   time.Duration // for choosing; 0: none. What is found depends on the machine's speed if it ends the search
	Workers  int           // candidates that are evaluated at a time; 0: one a processor
	Progress Progress      // may be nil
}

// MaxRounds bounds the rounds of Tune: each after the first looks around what the ones before found.
const MaxRounds = 5

// Tune chooses a policy on a log. It looks at the first part of it alone (see cut): there it tries values for one field
// after the other, learns what was before the validation part and keeps what predicts that part best. Then it tells
// what the chosen policy gains over the present one there, and on the final part, which choosing has not seen.
//
// The objective is the mean of two metrics, each relative to the default policy's: HR@20 and MRR@20 for sessions and
// replay, NDCG@10 and Recall@20 for holdout. The same log, policy and rounds give the same policy, on any number of
// workers, unless Budget ends the search.
func Tune(ctx context.Context, d *Data, log []Event, opt TuneOptions) (*Tuning, error) {
	started := time.Now()
	if len(log) == 0 {
		return nil, errors.New("the log holds no events; import some, or name a log that has some")
	}
	if err := opt.Policy.Validate(); err != nil {
		return nil, err
	}
	out := &Tuning{Protocol: opt.Protocol, Events: len(log), Readers: len(d.Users), Items: len(d.Items)}
	if out.Protocol == "" || out.Protocol == "auto" {
		out.Protocol = protocolOf(d, log)
	}
	present, sh, err := prepare(d, log, out, &opt)
	if err != nil {
		return nil, err
	}
	repeat, _ := RepeatOf(present.Repeat)
	p, err := cut(d, log, out.Protocol, repeat, sh.repeats)
	if err != nil {
		return nil, err
	}

	// Texts and their neighbours are found once, whatever the policies say of them.
	catalog := present
	catalog.ContentWeight = 1
	base := NewSystem(catalog, opt.Progress)
	base.AddItems(1, d.Items)
	base.progress = nil // from here on in several goroutines

	s := &search{base: base, exam: p.choose, known: p.known, shape: sh, workers: opt.Workers, tried: map[uint64]bool{}, progress: opt.Progress}
	if s.workers < 1 {
		s.workers = defaultWorkers()
	}
	if opt.Rounds < 1 {
		opt.Rounds = MaxRounds
	}
	within, stop := ctx, func() {}
	if opt.Budget > 0 {
		within, stop = context.WithTimeout(ctx, opt.Budget)
	}
	defer stop()

	// The default is the yardstick. With the present repeat policy: another one is another question.
	yardstick := learn.DefaultPolicy()
	yardstick.Language, yardstick.Repeat, yardstick.Kinds = present.Language, present.Repeat, present.Kinds
	s.weigh(s.evaluate(ctx, yardstick, nil))
	s.tried[present.Compile().Version] = true
	best, rounds := s.run(within, present, opt.Rounds)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("choose a policy: %w", err)
	}
	out.Rounds, out.Tried, out.TimeUp = rounds, s.count, within.Err() != nil
	out.Policy = best.policy
	out.Changes = changes(present, best.policy, sh.dimensions(&best.policy))

	rows := policiesToCompare(present, best.policy, sh.repeats || out.Protocol != "sessions")
	out.Validation = s.compare(ctx, rows, p.choose, p.known)
	out.Final = s.compare(ctx, rows, p.judge, nil)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("judge a policy: %w", err)
	}
	out.note(d, p)
	out.Seconds = time.Since(started).Seconds()
	return out, nil
}

// prepare makes of the present policy the one that the search starts from, and finds out what the log is like.
func prepare(d *Data, log []Event, out *Tuning, opt *TuneOptions) (learn.Policy, *shape, error) {
	p := opt.Policy
	sh := &shape{days: float64(log[len(log)-1].At-log[0].At) / 86_400_000, kinds: out.Protocol != "holdout", long: protocolOf(d, log) == "holdout", shorter: out.Protocol == "holdout"}
	switch repeats := opt.Repeats; {
	case repeats != "" && repeats != "auto" && out.Protocol != "sessions":
		return p, nil, fmt.Errorf("--repeats is for --protocol sessions; %s asks for items that are new to their reader", out.Protocol)
	case repeats != "" && repeats != "auto":
		if _, ok := RepeatOf(repeats); !ok {
			return p, nil, fmt.Errorf("there is no repeat policy %q; use allow, drop-current, drop-seen or auto", repeats)
		}
		p.Repeat = repeats
		out.Repeats = repeats
	case out.Protocol == "sessions":
		sh.repeats = true
		out.Repeats = "auto"
	}
	for i := range d.Items {
		if t := textOf(&d.Items[i]); t.Title != "" || t.Description != "" || t.Author != "" || len(t.Tags)+len(t.Categories) > 0 {
			sh.texts = true
			break
		}
	}
	count := map[string]int{}
	for i := range log {
		count[log[i].Kind]++
	}
	sh.names = sortedKeys(count)
	slices.SortStableFunc(sh.names, func(a, b string) int { return count[b] - count[a] })
	for _, name := range sh.names {
		if _, ok := p.Kinds[name]; ok {
			continue
		}
		if err := learn.SetPolicy(&p, "kinds."+name+".weight=1"); err != nil {
			d.note("events of kind %q (%d of them) count as views; no policy can name that kind", name, count[name])
			continue
		}
		d.note("the policy did not know events of kind %q (%d of them); the new one does", name, count[name])
	}
	return p, sh, nil
}

// policiesToCompare names the policies of the table: the present one first, the tuned one last.
// Where the repeat policy is not open, that of the default is the present one too: another would be asked otherwise.
func policiesToCompare(present, tuned learn.Policy, open bool) []namedPolicy {
	rows := []namedPolicy{{"present", present}}
	d := learn.DefaultPolicy()
	d.Language, d.Kinds = present.Language, present.Kinds
	if !open {
		d.Repeat = present.Repeat
	}
	if d.Compile().Version == present.Compile().Version {
		rows[0].name = "default"
	} else {
		rows = append(rows, namedPolicy{"default", d})
	}
	if tuned.Repeat != present.Repeat { // what of the gain is the rest
		p := present
		p.Repeat = tuned.Repeat
		rows = append(rows, namedPolicy{rows[0].name + ", " + tuned.Repeat, p})
	}
	return append(rows, namedPolicy{"tuned", tuned})
}

type namedPolicy struct {
	name   string
	policy learn.Policy
}

// compare lets policies sit an exam, with nothing given up.
func (s *search) compare(ctx context.Context, rows []namedPolicy, x exam, known []bool) Comparison {
	judge := &search{base: s.base, exam: x, known: known}
	trials := make([]*trial, len(rows))
	out := Comparison{N: x.size(), Unit: x.unit(), Metrics: x.metrics()}
	for i, r := range rows {
		s.progress.tell("judging: "+r.name, i, len(rows))
		trials[i] = judge.evaluate(ctx, r.policy, nil)
		trials[i].state = nil
		row := ComparisonRow{Name: r.name, Metrics: map[string]float64{}}
		m := means(trials[i].marks)
		for j, name := range out.Metrics {
			row.Metrics[name] = m[j]
		}
		out.Rows = append(out.Rows, row)
	}
	first, last := trials[0], trials[len(trials)-1]
	for j, name := range out.Metrics {
		from := out.Rows[0].Metrics[name]
		gain, se := pairedDifference(x, last.marks, first.marks, func(m mark) float64 { return m[j] })
		g := Gain{Metric: name, Difference: gain, Error: se}
		if from > 0 {
			g.Relative, g.RelativeError = gain/from, se/from
		}
		out.Gains = append(out.Gains, g)
	}
	return out
}

// changes lists what the chosen policy says otherwise.
func changes(from, to learn.Policy, dims []dimension) []Change {
	var out []Change
	for _, d := range dims {
		if d.joint != nil {
			continue // each of them is a dimension too
		}
		a, _ := learn.PolicyField(from, d.field)
		b, _ := learn.PolicyField(to, d.field)
		if a != b {
			out = append(out, Change{d.field, a, b})
		}
	}
	return out
}
