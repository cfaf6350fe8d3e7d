package eval

import (
	"context"
	"testing"

	"nigh/core/learn"
)

// fixedExam has the marks of each policy fixed: hits tells whether a question is answered right.
type fixedExam struct {
	n    int
	hits func(p *learn.Policy, question int) bool
}

func (x fixedExam) metrics() []string                           { return []string{"HR@20", "MRR@20"} }
func (x fixedExam) unit() string                                { return "steps" }
func (x fixedExam) size() int                                   { return x.n }
func (x fixedExam) group(i int) int32                           { return int32(i) }
func (x fixedExam) rerankable() bool                            { return false }
func (x fixedExam) sit(_ context.Context, sys *System) *sitting { return &sitting{sys: sys} }
func (x fixedExam) answer(s *sitting, question int) (m mark) {
	if x.hits(&s.sys.Policy, question) {
		m = mark{1, 1}
	}
	return m
}

// chosen is what one line of a search over a field takes, from the default policy with one setting.
func chosen(t *testing.T, x exam, field, from string, days float64) (value any) {
	t.Helper()
	p := learn.DefaultPolicy()
	if err := learn.SetPolicy(&p, field+"="+from); err != nil {
		t.Fatal(err)
	}
	s := &search{base: NewSystem(p, nil), exam: x, shape: &shape{days: days, long: true, shorter: true}, workers: 2, weights: [2]float64{.5, .5}, tried: map[uint64]bool{}}
	best := s.evaluate(t.Context(), p, nil)
	for i := range space {
		if space[i].field != field {
			continue
		}
		if next := s.line(t.Context(), &space[i], best, 1); next != nil {
			best = next
		}
	}
	value, _ = learn.PolicyField(best.policy, field)
	return value
}

func TestSearch_TakesTheSmallestChangeThatIsAsGoodAsTheBest(t *testing.T) {
	for _, c := range []struct {
		name      string
		won, lost int // by lambda 100, of what 12 and more hit or miss
		want      any
	}{
		// 40 of 400 questions more than 10 hits: .1 ± .015. 100 hits 2 more than 12, of 22 that differ: .005 ± .012.
		{"by chance", 12, 10, 12.0},
		// 20 more, none less: .05 ± .011.
		{"clearly better", 20, 0, 100.0},
	} {
		x := fixedExam{400, func(p *learn.Policy, i int) bool {
			switch {
			case p.Lambda == 100 && i < c.lost:
				return false
			case p.Lambda == 100 && i >= 100 && i < 100+c.won:
				return true
			}
			return p.Lambda >= 12 && i < 40
		}}
		if got := chosen(t, x, "lambda", "10", 100); got != c.want {
			t.Errorf("%s: lambda = %v, want %v", c.name, got, c.want)
		}
	}
}

func TestSearch_FadesOnClearEvidenceAlone(t *testing.T) {
	fades := func(right int) exam { // so many of 400 questions are right with fading alone, in 14 days best
		return fixedExam{400, func(p *learn.Policy, i int) bool {
			h := p.EvidenceHalfLifeDays
			return i >= 200 || h > 0 && (i < right || h == 14 && i < right+right/2)
		}}
	}
	worse := fixedExam{400, func(p *learn.Policy, i int) bool { return i >= 200 && (p.EvidenceHalfLifeDays == 0 || i >= 210) }}
	for _, c := range []struct {
		name string
		exam exam
		days float64
		want any
	}{
		{"better everywhere", folded{fades(40), fades(20)}, 60, 14.0},
		{"worse in one part of the log", folded{fades(40), worse}, 60, 0.0},
		{"1.4 standard errors", folded{fades(1), fades(1)}, 60, 0.0},
		{"longer than half the log", folded{fades(40), fades(20)}, 5, 0.0},
		{"the longest that the log can tell", folded{fades(40), fades(20)}, 15, 7.0},
	} {
		if got := chosen(t, c.exam, "evidence_half_life_days", "0", c.days); got != c.want {
			t.Errorf("%s: half-life = %v, want %v", c.name, got, c.want)
		}
	}
}

func TestSearch_TakesNoChangeThatHelpsWhereLessWasKnownAlone(t *testing.T) {
	gains := func(right, wrong int) exam { // of 400 questions, lambda 25 has so many more right, and so many more wrong
		return fixedExam{400, func(p *learn.Policy, i int) bool {
			if p.Lambda == 25 {
				return i < right || i >= 200+wrong
			}
			return i >= 200
		}}
	}
	for _, c := range []struct {
		name string
		late exam
		want any
	}{
		{"late, too", gains(20, 0), 25.0},
		{"early alone", gains(0, 0), 10.0},
		{"late by chance", gains(6, 4), 10.0}, // .005 ± .008
	} {
		if got := chosen(t, folded{c.late, gains(40, 0)}, "lambda", "10", 100); got != c.want {
			t.Errorf("%s: lambda = %v, want %v", c.name, got, c.want)
		}
	}
}
