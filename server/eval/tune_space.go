package eval

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"nigh/core/learn"
)

// dimension is one field of a policy that Tune chooses, by its name in the JSON form.
type dimension struct {
	field string
	grid  []float64 // ascending; the first round tries them all
	log   bool      // between two values of the grid lies their geometric mean, not the arithmetic one
	off   bool      // 0 is no value of the scale but its end: nothing fades
	words []string  // instead of grid: all are tried in every round
	// joint: several fields at once, since they make up for each other; the first round tries all of their values together.
	joint []dimension
	// days: values are half-lives, of which a log cannot tell those beyond half of its own length: what it says for them
	// is what it says for any slow drift, of its days of the week too. Taken is one on clear evidence alone (see better).
	days bool
	// ranking: the field is looked at only when a list is made, so what was learnt serves for all its values.
	ranking bool
	// when tells whether the field says anything about this log under this policy; nil: always.
	when func(s *shape, p *learn.Policy) bool
}

// space is what Tune chooses, in the order in which it does. A new field of learn.Policy that should be tuned is a line
// here. Not here is what is not there for being hit (diversity, exploring, standing wishes), and fresh_contacts, whose
// effects others have too.
var space = []dimension{
	{field: "repeat", words: []string{"drop-seen", "drop-current", "allow"}, ranking: true, when: func(s *shape, _ *learn.Policy) bool { return s.repeats }},
	{field: "window", grid: []float64{50, 100, 200}, log: true, when: func(s *shape, _ *learn.Policy) bool { return s.long }},
	// Focus, p and σ each lose from where the other two are: on yoochoose-100k no step of one leads from p 1, focus 1, σ .4
	// to p 1, focus 0, σ .5, which hits more on every part of the log (HR@20 by .3 %).
	{field: "recency_power, focus, sigma", joint: []dimension{
		{field: "recency_power", grid: []float64{0.5, 0.7, 1, 1.4}},
		{field: "focus", grid: []float64{0, 1}},
		{field: "sigma", grid: []float64{0.3, 0.5, 0.7}},
	}},
	{field: "recency_power", grid: []float64{0, 0.3, 0.5, 0.7, 0.85, 1, 1.3, 1.7, 2.5}},
	{field: "focus", grid: []float64{0, 1, 2, 4, 8}},
	{field: "lambda", grid: []float64{3, 6, 12, 25, 50, 100}, log: true},
	{field: "rho", grid: []float64{0, 0.1, 0.2, 0.35, 0.6}},
	{field: "sigma", grid: []float64{0, 0.15, 0.3, 0.5, 0.75, 1}},
	{field: "self_weight", grid: []float64{0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5}, ranking: true,
		when: func(_ *shape, p *learn.Policy) bool { return p.Repeat != "drop-seen" }},
	{field: "evidence_half_life_days", grid: []float64{3, 7, 14, 30, 90, 365, 3650}, log: true, off: true, days: true,
		when: func(s *shape, _ *learn.Policy) bool { return s.days > 1 }},
	{field: "content_weight", grid: []float64{0, 0.02, 0.05, 0.1, 0.2, 0.4}, log: true, when: hasTexts},
	{field: "content_fade", grid: []float64{0.5, 2, 8, 30}, log: true, when: hasTexts},
	{field: "prior_weight", grid: []float64{0, 0.0003, 0.001, 0.003, 0.01, 0.03}, ranking: true},
	{field: "prior_half_life_days", grid: []float64{1, 3, 7, 14, 30, 90, 365}, log: true,
		when: func(s *shape, p *learn.Policy) bool { return s.days > 1 && p.PriorWeight > 0 }},
}

// kindGrid is tried for the weight of every kind of event of the log but the most frequent, which the others are
// measured by; with the sign that the kind has.
var kindGrid = []float64{0.25, 0.5, 1, 1.5, 2, 3, 5, 8}

func hasTexts(s *shape, _ *learn.Policy) bool { return s.texts }

// shape is what of a log decides how a policy is chosen on it.
type shape struct {
	texts   bool    // items have texts
	repeats bool    // what may come again is to be chosen
	kinds   bool    // kinds of event make a difference
	long    bool    // readers have long histories
	shorter bool    // the exams of earlier times ask readers of shorter histories
	days    float64 // from the first event to the last
	names   []string
}

// dimensions returns those of space that count for a log, with its kinds of event.
func (s *shape) dimensions(p *learn.Policy) []dimension {
	out := slices.Clone(space)
	if s.kinds {
		for _, name := range s.names[min(1, len(s.names)):] {
			grid := slices.Clone(kindGrid)
			if p.Kinds[name].Weight < 0 {
				slices.Reverse(grid)
				for i := range grid {
					grid[i] = -grid[i]
				}
			}
			out = append(out, dimension{field: "kinds." + name + ".weight", grid: grid, log: true})
		}
	}
	return out
}

// candidates returns the policies that a round tries for dimension d: the first all of the grid, the later ones what
// lies around the present value, half-way and a step away.
func (d *dimension) candidates(s *shape, p learn.Policy, round int) []learn.Policy {
	if d.when != nil && !d.when(s, &p) {
		return nil
	}
	if d.joint != nil {
		return d.together(p, round)
	}
	values := d.words
	if values == nil {
		now, ok := learn.PolicyField(p, d.field)
		v, isNumber := now.(float64)
		if !ok || !isNumber {
			return nil
		}
		for _, g := range d.around(v, round == 1) {
			if d.days && g > s.days/2 {
				continue
			}
			values = append(values, strconv.FormatFloat(g, 'g', -1, 64))
		}
	}
	var out []learn.Policy
	for _, value := range values {
		q := p
		if learn.SetPolicy(&q, d.field+"="+value) == nil { // a value out of range is none to try
			out = append(out, q)
		}
	}
	return out
}

// together returns all combinations of the values of joint fields, in the first round; none later, when each field for
// itself has been looked at more closely.
func (d *dimension) together(p learn.Policy, round int) []learn.Policy {
	if round > 1 {
		return nil
	}
	out := []learn.Policy{p}
	for _, f := range d.joint {
		var next []learn.Policy
		for _, q := range out {
			for _, v := range f.grid {
				if r := q; learn.SetPolicy(&r, fmt.Sprintf("%s=%v", f.field, v)) == nil {
					next = append(next, r)
				}
			}
		}
		out = next
	}
	return out
}

// around returns what to try beside v.
func (d *dimension) around(v float64, all bool) []float64 {
	var out []float64
	if all {
		out = slices.Clone(d.grid)
	} else {
		i, on := slices.BinarySearch(d.grid, v)
		if i > 0 {
			out = append(out, d.grid[i-1], d.between(d.grid[i-1], v))
		}
		if on {
			i++
		}
		if i < len(d.grid) {
			out = append(out, d.between(v, d.grid[i]), d.grid[i])
		}
	}
	return slices.DeleteFunc(out, func(g float64) bool { return g == v })
}

// apart is how many steps of the grid lie between two policies' values.
func (d *dimension) apart(a, b *learn.Policy) float64 {
	return math.Abs(d.place(a) - d.place(b))
}

// place is where a policy's value stands in the grid: 1.5 is between the second and the third.
func (d *dimension) place(p *learn.Policy) float64 {
	now, _ := learn.PolicyField(*p, d.field)
	v, isNumber := now.(float64)
	switch {
	case !isNumber:
		return 0
	case d.off && v == 0:
		return float64(len(d.grid))
	}
	i, on := slices.BinarySearch(d.grid, v)
	if on || i == 0 || i == len(d.grid) {
		return float64(i)
	}
	return float64(i) - 1 + (v-d.grid[i-1])/(d.grid[i]-d.grid[i-1])
}

// between is half-way from a to b, to two digits.
func (d *dimension) between(a, b float64) float64 {
	m := (a + b) / 2
	if d.log && a*b > 0 {
		m = math.Copysign(math.Sqrt(a*b), a)
	}
	r, err := strconv.ParseFloat(fmt.Sprintf("%.2g", m), 64)
	if err != nil || r <= min(a, b) || r >= max(a, b) {
		return m
	}
	return r
}

// sameLearning tells whether two policies learn the same, so that they differ in ranking alone.
func sameLearning(a, b learn.Policy) bool {
	for _, d := range space {
		if !d.ranking {
			continue
		}
		if v, ok := learn.PolicyField(a, d.field); ok {
			if learn.SetPolicy(&b, fmt.Sprintf("%s=%v", d.field, v)) != nil {
				return false
			}
		}
	}
	return a.Compile().Version == b.Compile().Version
}
