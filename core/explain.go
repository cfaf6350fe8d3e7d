package core

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
	return x.AppendReasons(nil, num, &q, n)
}

// AppendReasons appends to out what Explain returns.
func (x *Index) AppendReasons(out []Reason, num ItemNum, q *Query, n int) []Reason {
	r := x.Get(num)
	if r == nil {
		return out
	}
	var met [32]meeting
	var room [32]part
	parts := room[:0]
	ws := q.Profile.Weights
	for _, m := range q.Profile.meet(r, met[:0]) {
		if pw := &ws[m.at]; pw.Weight > 0 {
			parts = addPart(parts, ws, part{int64(m.weight.Value()) * x.damped(pw) >> sumShift, pw.Feature, m.at})
		}
	}
	if q.Policy.SelfWeight != 0 {
		if at, ok := q.Profile.find(ItemFeature(num)); ok {
			if score := int64(q.Policy.SelfWeight) * int64(ws[at].Weight) >> sumShift; score > 0 {
				parts = append(parts, part{score, ItemFeature(num), int32(at)})
			}
		}
	}
	if prior := q.Policy.Prior(r.Heat, q.Hour); prior > 0 {
		parts = append(parts, part{prior, 0, nobodys})
	}
	if r.Boost != 0 && !q.Matched {
		if plain := x.unlifted(r, q); r.Boost.lift(plain) > plain {
			parts = append(parts, part{r.Boost.lift(plain) - plain, Boosted, nobodys})
		}
	}
	marks := marks(r, q)
	marks = marks[:min(max(n, 0), len(marks))]             // a mark has no score but must not be missed: marks take the last places
	for i := range min(max(n, 0)-len(marks), len(parts)) { // of a dozen three are asked for: no need to sort the others
		best := i
		for j := i + 1; j < len(parts); j++ {
			if parts[j].before(&parts[best]) {
				best = j
			}
		}
		p := parts[best]
		parts[best] = parts[i]
		parts[i] = p
		label := ""
		if p.at != nobodys {
			label = ws[p.at].Label
		}
		out = append(out, Reason{p.feature, label, p.score})
	}
	return append(out, marks...)
}

// part is a Reason in the making.
type part struct {
	score   int64
	feature Feature
	at      int32 // the profile's coordinate that speaks, or nobodys
}

const nobodys = -1

func (p *part) before(other *part) bool {
	if p.score != other.score {
		return p.score > other.score
	}
	return p.feature < other.feature
}

// addPart appends p, or adds it to the part of the same kind and the same words of the reader.
func addPart(parts []part, ws []FeatureWeight, p part) []part {
	if label := ws[p.at].Label; label != "" {
		for i := range parts {
			if q := &parts[i]; ws[q.at].Label == label && q.feature.Kind() == p.feature.Kind() {
				q.score += p.score
				return parts
			}
		}
	}
	return append(parts, p)
}

// marks returns what has brought an item into a list besides its score.
func marks(r *Record, q *Query) (out []Reason) {
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

// meeting is a coordinate of a profile that an item has a weight for.
type meeting struct {
	at     int32 // in Profile.Weights
	weight Weight
}

// meet appends the coordinates of the profile that r has a weight for, ascending by feature. Both sides ascend, so it is
// one walk, which ends with the profile: to look each of 90 features up took a quarter of a list's time in the browser.
func (p *Profile) meet(r *Record, out []meeting) []meeting {
	ws, i := p.Weights, 0
	for _, e := range r.Edges {
		f := ItemFeature(e.From)
		for i < len(ws) && ws[i].Feature < f {
			i++
		}
		if i == len(ws) {
			return out
		}
		if ws[i].Feature == f && e.Weight > 0 {
			out = append(out, meeting{int32(i), e.Weight})
		}
	}
	for i < len(ws) && ws[i].Feature.Kind() == KindItem {
		i++
	}
	for _, w := range r.Features { // of kinds above KindItem
		for i < len(ws) && ws[i].Feature < w.Feature {
			i++
		}
		if i == len(ws) {
			return out
		}
		if ws[i].Feature == w.Feature && w.Weight > 0 {
			out = append(out, meeting{int32(i), w.Weight})
		}
	}
	return out
}

// unlifted is an item's score before its boost.
func (x *Index) unlifted(r *Record, q *Query) int64 {
	sum := int64(0)
	for _, m := range q.Profile.meet(r, nil) {
		sum += int64(m.weight.Value()) * x.damped(&q.Profile.Weights[m.at])
	}
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
