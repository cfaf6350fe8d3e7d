package core

import (
	"cmp"
	"slices"
)

// Reason is one part of an item's score.
type Reason struct {
	Feature Feature // 0: the prior, that is popularity and freshness
	Label   string  // the reader's own words, if the feature came from them
	Score   int64   // in units of 1/65536 (One)
}

// Explain returns the parts of the score of an item that raised it, the largest first, at most n; equal ones ascend by
// feature. The words of one wish are one reason, under the first of their features. The parts of a score and its
// negative ones add up to it but for their rounding down. Behind them, and among the n, stand those of Pinned and New
// that hold, with no score.
func (x *Index) Explain(num ItemNum, q Query, n int) []Reason {
	r := x.Get(num)
	if r == nil {
		return nil
	}
	var out []Reason
	q.Profile.meet(r, func(pw *FeatureWeight, w Weight) {
		if pw.Weight > 0 {
			out = addReason(out, Reason{pw.Feature, pw.Label, int64(w.Value()) * x.damped(pw) >> sumShift})
		}
	})
	if pw, ok := q.Profile.weightOf(ItemFeature(num)); ok {
		if score := int64(q.Policy.SelfWeight) * int64(pw.Weight) >> sumShift; score > 0 {
			out = append(out, Reason{ItemFeature(num), pw.Label, score})
		}
	}
	if prior := q.Policy.Prior(r.Heat, q.Hour); prior > 0 {
		out = append(out, Reason{Score: prior})
	}
	if r.Boost != 0 && !q.Matched {
		if plain := x.unlifted(r, q); r.Boost.lift(plain) > plain {
			out = append(out, Reason{Feature: Boosted, Score: r.Boost.lift(plain) - plain})
		}
	}
	slices.SortFunc(out, func(a, b Reason) int {
		if a.Score != b.Score {
			return cmp.Compare(b.Score, a.Score)
		}
		return cmp.Compare(a.Feature, b.Feature)
	})
	return withMarks(out, marks(r, q), n)
}

// marks returns what has brought an item into a list besides its score.
func marks(r *Record, q Query) (out []Reason) {
	if q.Matched {
		return nil
	}
	if r.Pinned != 0 {
		if w, ok := q.Profile.weightOf(ItemFeature(r.Num)); !ok || w.Weight >= 0 {
			out = append(out, Reason{Feature: Pinned})
		}
	}
	if q.Policy.ExploreShare > 0 && q.Policy.isNew(r.Published, r.Heat, q.Hour) {
		out = append(out, Reason{Feature: New})
	}
	return out
}

// withMarks returns the first n of parts and marks: a mark has no score but must not be missed, so marks take the last places.
func withMarks(parts, marks []Reason, n int) []Reason {
	n = max(n, 0)
	marks = marks[:min(n, len(marks))]
	return append(parts[:min(n-len(marks), len(parts))], marks...)
}

// addReason appends r, or adds it to the reason of the same kind and the same words of the reader.
func addReason(out []Reason, r Reason) []Reason {
	for i := range out {
		if r.Label != "" && out[i].Label == r.Label && out[i].Feature.Kind() == r.Feature.Kind() {
			out[i].Score += r.Score
			return out
		}
	}
	return append(out, r)
}

// meet calls f with each coordinate of the profile that r has a weight for, ascending by feature. Both sides ascend, so it
// is one walk: to look each of 90 features up took a quarter of a list's time in the browser.
func (p *Profile) meet(r *Record, f func(*FeatureWeight, Weight)) {
	ws := p.Weights
	at := func(feature Feature, w Weight) {
		for len(ws) > 0 && ws[0].Feature < feature {
			ws = ws[1:]
		}
		if w > 0 && len(ws) > 0 && ws[0].Feature == feature {
			f(&ws[0], w)
		}
	}
	for _, e := range r.Edges {
		at(ItemFeature(e.From), e.Weight)
	}
	for _, w := range r.Features { // of kinds above KindItem
		at(w.Feature, w.Weight)
	}
}

// unlifted is an item's score before its boost.
func (x *Index) unlifted(r *Record, q Query) int64 {
	sum := int64(0)
	q.Profile.meet(r, func(pw *FeatureWeight, w Weight) { sum += int64(w.Value()) * x.damped(pw) })
	if pw, ok := q.Profile.weightOf(ItemFeature(r.Num)); ok {
		sum += int64(q.Policy.SelfWeight) * int64(pw.Weight)
	}
	return sum>>sumShift + q.Policy.Prior(r.Heat, q.Hour)
}

// Similarity is the score of item b for a profile that holds only item a, without the prior: the weight of the edge
// from a to b, damped as a is, in units of 1/65536; 0 if b has none.
func Similarity(a, b *Record) int64 {
	for _, e := range b.Edges {
		if e.From == a.Num {
			return int64(e.Weight.Value()) * damped(One, a.Damp) >> sumShift
		}
	}
	return 0
}
