package core

import (
	"cmp"
	"maps"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// twin is the slow, obvious index: records in a map, every score from the formula of doc.go, and a sort.
type twin map[ItemNum]*Record

func (tw twin) put(r *Record) bool {
	for n, old := range tw {
		if old.ID == r.ID && n != r.Num {
			return false
		}
	}
	tw[r.Num] = r
	return true
}

// parts returns the products that make up an item's score, by feature, before they are scaled.
func (tw twin) parts(r *Record, p *Profile, pol *Policy) map[Feature]int64 {
	weights, plain := map[Feature]int64{}, map[Feature]int64{}
	for _, w := range p.Weights {
		plain[w.Feature] = int64(w.Weight)
		weights[w.Feature] = int64(w.Weight)
		if source := tw[w.Feature.Item()]; source != nil { // rounded down
			weights[w.Feature] = int64(math.Floor(float64(w.Weight) * math.Round(65536*math.Exp2(-float64(source.Damp)/64)) / 65536))
		}
	}
	out := map[Feature]int64{}
	add := func(f Feature, w Weight) {
		if pw, ok := weights[f]; ok && w > 0 {
			out[f] = int64(w.Value()) * pw
		}
	}
	for _, w := range r.Features {
		add(w.Feature, w.Weight)
	}
	for _, e := range r.Edges {
		add(ItemFeature(e.From), e.Weight)
	}
	if pw, ok := plain[ItemFeature(r.Num)]; ok && pol.SelfWeight != 0 {
		out[ItemFeature(r.Num)] = int64(pol.SelfWeight) * pw
	}
	return out
}

// floor65536 is v/65536 rounded down.
func floor65536(v int64) int64 {
	q := v / 65536
	if v%65536 < 0 {
		q--
	}
	return q
}

func slowPrior(p *Policy, h Heat, hour Hour) int64 {
	octaves256 := int64(h) - int64(hour)*256/int64(p.HalfLifeHours) + int64(p.PriorSpan)*256
	if h <= 0 || octaves256 <= 0 {
		return 0
	}
	return octaves256 * int64(p.PriorWeight) / 256
}

// ranking is the twin's list in the making.
type ranking struct {
	q      Query
	all    []slow // not in the list, best first
	placed []*Record
	out    []Ranked
}

type slow struct {
	rec   *Record
	score int64
}

// slowLift is a score times 2^(b/16), divided by it below 0, rounded down.
func slowLift(b Boost, score int64) int64 {
	if b == 0 {
		return score
	}
	if score < 0 {
		b = -b
	}
	n := new(big.Int).Mul(big.NewInt(score), big.NewInt(int64(octave[(b+48)%16])))
	n.Lsh(n, uint(b+48)/16)
	return n.Rsh(n, 19).Int64()
}

// score is nothing of an item that may not be listed.
func (tw twin) score(r *Record, q Query) (int64, bool) {
	keepsOut := func(n ItemNum) bool {
		for _, s := range q.Profile.Seen {
			if s.Item == n && (q.Policy.SeenAgainHours == 0 || s.At == TurnedDown || int(q.Hour)-int(s.At) < int(q.Policy.SeenAgainHours)) {
				return true
			}
		}
		return false
	}
	has := func(f Feature) bool {
		return slices.ContainsFunc(r.Features, func(w Weighted) bool { return w.Feature == f })
	}
	drop := r.Hidden || r.From > q.Hour || r.Until != 0 && r.Until <= q.Hour || slices.Contains(q.Exclude, r.Num)
	drop = drop || q.Policy.Repeat == RepeatDropCurrent && r.Num == q.Profile.Current && keepsOut(r.Num)
	drop = drop || q.Policy.Repeat == RepeatDropSeen && keepsOut(r.Num)
	for _, group := range q.Filter.Groups {
		drop = drop || !slices.ContainsFunc(group, has)
	}
	drop = drop || slices.ContainsFunc(q.Filter.Not, has)
	drop = drop || q.Filter.Since > 0 && (r.Published == 0 || r.Published < q.Filter.Since)
	drop = drop || q.Filter.Until > 0 && (r.Published == 0 || r.Published >= q.Filter.Until)
	sum := int64(0)
	for _, v := range tw.parts(r, q.Profile, q.Policy) {
		sum += v
	}
	score := floor65536(sum) + slowPrior(q.Policy, r.Heat, q.Hour)
	if q.Matched {
		return score, !drop && floor65536(sum) > 0
	}
	return slowLift(r.Boost, score), !drop
}

func slowNew(r *Record, p *Policy, now Hour) bool {
	contacts256 := int64(r.Heat) - int64(r.Published)*256/int64(p.HalfLifeHours)
	return r.Published > 0 && r.Published <= now && now < r.Published+Hour(p.ExploreHours) && contacts256 <= int64(p.ExploreHeat)
}

func (tw twin) rank(q Query) []Ranked {
	l := ranking{q: q}
	var newest []*Record
	var pins []slow
	for _, r := range tw {
		if r.Published != 0 {
			newest = append(newest, r)
		}
		score, ok := tw.score(r, q)
		own := int64(0)
		for _, w := range q.Profile.Weights {
			if w.Feature == ItemFeature(r.Num) {
				own = int64(w.Weight)
			}
		}
		switch {
		case !ok:
		case r.Pinned != 0 && own >= 0 && !q.Matched:
			pins = append(pins, slow{r, score})
		default:
			l.all = append(l.all, slow{r, score})
		}
	}
	slices.SortFunc(pins, func(a, b slow) int {
		return cmp.Or(cmp.Compare(a.rec.Pinned, b.rec.Pinned), cmp.Compare(b.rec.Num, a.rec.Num))
	})
	if len(pins) > MaxPinned { // too many pins: the others are items as any
		l.all = append(l.all, pins[MaxPinned:]...)
		pins = pins[:MaxPinned]
	}
	slices.SortFunc(l.all, func(a, b slow) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.rec.Heat, a.rec.Heat), cmp.Compare(b.rec.Num, a.rec.Num))
	})
	rest := l.all // new items may come from outside of the pool
	l.all = slices.Clone(l.all[:min(len(l.all), poolSize)])
	slices.SortFunc(newest, func(a, b *Record) int {
		return cmp.Or(cmp.Compare(b.Published, a.Published), cmp.Compare(b.Num, a.Num))
	})
	newest = newest[:min(len(newest), exploreNewest)]
	top := int64(0)
	if len(l.all) > 0 {
		top = l.all[0].score
	}
	for len(l.all)+len(pins) > 0 && len(l.out) < min(q.Limit, MaxLimit) {
		at := q.Before + len(l.out)
		if len(pins) > 0 && (len(l.all) == 0 || int(pins[0].rec.Pinned) <= at+1) {
			l.put(pins[0])
			pins = pins[1:]
			continue
		}
		c := l.next(top)
		if !q.Matched && q.Policy.explores(q.Seed, q.Hour, at) && !slowNew(c.rec, q.Policy, q.Hour) {
			lowest := uint64(0)
			for _, r := range newest {
				i := slices.IndexFunc(rest, func(c slow) bool { return c.rec == r })
				if i < 0 || slices.Contains(l.placed, r) || !slowNew(r, q.Policy, q.Hour) || tw.evidence(r, q) < 0 {
					continue
				}
				if lot := lot(q.Seed, q.Hour, r.Num); lowest == 0 || lot < lowest {
					lowest, c = lot, rest[i]
				}
			}
		}
		l.put(c)
	}
	return l.out
}

func (tw twin) evidence(r *Record, q Query) int64 {
	sum := int64(0)
	for _, v := range tw.parts(r, q.Profile, q.Policy) {
		sum += v
	}
	return floor65536(sum)
}

func (l *ranking) put(c slow) {
	l.out = append(l.out, Ranked{c.rec.Num, c.score})
	l.placed = append(l.placed, c.rec)
	l.all = slices.DeleteFunc(l.all, func(other slow) bool { return other.rec == c.rec })
}

// next returns the best by score less penalties, but no near-duplicate of the last item, unless the best eight are.
func (l *ranking) next(top int64) slow {
	if l.q.Matched {
		return l.all[0]
	}
	type penalised struct {
		slow
		score int64
	}
	var order []penalised
	for _, c := range l.all {
		p := penalised{c, c.score}
		unit := max(top, One/16) * int64(l.q.Policy.DiversityPenalty) / 256
		for _, r := range l.placed[max(0, len(l.placed)-int(l.q.Policy.DiversityWindow)):] {
			p.score -= unit * int64(common(r, c.rec))
		}
		order = append(order, p)
	}
	slices.SortStableFunc(order, func(a, b penalised) int { return cmp.Compare(b.score, a.score) })
	if len(l.placed) == 0 || l.q.Policy.NearDuplicate == 0 {
		return order[0].slow
	}
	for _, c := range order[:min(len(order), maxRefused)] {
		if !slowNear(l.placed[len(l.placed)-1], c.rec, l.q.Policy.NearDuplicate) {
			return c.slow
		}
	}
	return order[0].slow
}

func slowNear(a, b *Record, share int32) bool {
	weights := func(r *Record) map[Feature]int64 {
		out := map[Feature]int64{}
		for _, w := range r.Features {
			if w.Feature.Kind() != KindAttribute && w.Weight > 0 {
				out[w.Feature] = int64(w.Weight.Value())
			}
		}
		return out
	}
	v, w := weights(a), weights(b)
	least, most, shared := int64(0), int64(0), 0
	for f, x := range v {
		least, most = least+min(x, w[f]), most+max(x, w[f])
		if w[f] > 0 {
			shared++
		}
	}
	for f, y := range w {
		if v[f] == 0 {
			most += y
		}
	}
	return shared >= 8 && 256*least >= int64(share)*most
}

// common counts the tags and authors of both.
func common(a, b *Record) (n int) {
	for _, v := range a.Features {
		for _, w := range b.Features {
			if k := v.Feature.Kind(); v.Feature == w.Feature && (k == KindTag || k == KindAuthor) {
				n++
			}
		}
	}
	return n
}

func (tw twin) explain(num ItemNum, q Query, n int) []Reason {
	r := tw[num]
	if r == nil {
		return nil
	}
	var out []Reason
	all := tw.parts(r, q.Profile, q.Policy)
	wishes := map[string]Feature{} // the first feature of each wish
	for f := range all {
		if w, _ := q.Profile.weightOf(f); all[f] > 0 && w.Label != "" {
			key := f.Kind().String() + w.Label
			if first, ok := wishes[key]; !ok || f < first {
				wishes[key] = f
			}
		}
	}
	sums := map[Feature]int64{}
	for f, v := range all {
		if w, _ := q.Profile.weightOf(f); v > 0 {
			if first, ok := wishes[f.Kind().String()+w.Label]; ok && w.Label != "" {
				f = first
			}
			sums[f] += v / 65536
		}
	}
	for f, v := range sums {
		w, _ := q.Profile.weightOf(f)
		out = append(out, Reason{f, w.Label, v})
	}
	if p := slowPrior(q.Policy, r.Heat, q.Hour); p > 0 {
		out = append(out, Reason{Score: p})
	}
	var marks []Reason
	if !q.Matched {
		plain := tw.evidence(r, q) + slowPrior(q.Policy, r.Heat, q.Hour)
		if more := slowLift(r.Boost, plain) - plain; more > 0 {
			out = append(out, Reason{Boosted, "", more})
		}
		if own, _ := q.Profile.weightOf(ItemFeature(num)); r.Pinned > 0 && own.Weight >= 0 {
			marks = append(marks, Reason{Feature: Pinned})
		}
		if q.Policy.ExploreShare > 0 && slowNew(r, q.Policy, q.Hour) {
			marks = append(marks, Reason{Feature: New})
		}
	}
	slices.SortFunc(out, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Feature, b.Feature))
	})
	for len(out)+len(marks) > n {
		if len(out) > 0 {
			out = out[:len(out)-1]
		} else {
			marks = marks[:len(marks)-1]
		}
	}
	return append(out, marks...)
}

func TestIndex_RanksAsItsTwin(t *testing.T) {
	for _, size := range []struct{ items, rounds, changes, queries int }{
		{12, 60, 20, 6},
		{60, 60, 40, 6},
		{700, 3, 900, 5}, // above the pool of 256 and a chunk of 512
	} {
		for round := range size.rounds {
			seed := uint64(round)
			g := &maker{rand.New(rand.NewPCG(seed, uint64(size.items))), size.items}
			x, tw := NewIndex(), twin{}
			var s Scratch
			for range 4 {
				for i := range size.changes {
					g.change(t, x, tw)
					if i == size.changes/2 { // in use before and after
						x.Compact()
						if round%2 == 1 {
							x = filled(t, tw)
						}
					}
				}
				x.check(t)
				for range size.queries {
					q := g.query()
					got, want := x.Rank(&s, q), tw.rank(q)
					if !slices.Equal(got, want) {
						t.Fatalf("size %d, seed %d, %+v\n%+v:\nRank = %v\nwant   %v", size.items, seed, q, q.Policy, got, want)
					}
					compareHead(t, x, &s, q)
					for range 3 {
						n, most := g.num(), g.IntN(6)
						if got, want := x.Explain(n, q, most), tw.explain(n, q, most); !slices.Equal(got, want) {
							t.Fatalf("size %d, seed %d: Explain(%d) = %v, want %v", size.items, seed, n, got, want)
						}
					}
				}
			}
			g.empty(t, x, tw)
		}
	}
}

// filled is an index of the twin's records, made at once.
func filled(t *testing.T, tw twin) *Index {
	t.Helper()
	records := slices.Collect(maps.Values(tw))
	x := NewIndex()
	if !x.Fill(records) {
		t.Fatalf("Fill of %d records = false, want true", len(records))
	}
	x.check(t)
	return x
}

func TestIndex_FillRefusesAndChangesNothing(t *testing.T) {
	a, b := &Record{Num: 1, ID: "a"}, &Record{Num: 2, ID: "b", Edges: []Edge{{1, WeightOne}}}
	for name, more := range map[string]*Record{"number": {Num: 2, ID: "c"}, "id": {Num: 3, ID: "b"}} {
		x := NewIndex()
		if x.Fill([]*Record{a, b, more}) || x.Len() != 0 {
			t.Errorf("Fill with a %s twice = true or left %d items, want false and none", name, x.Len())
		}
		x.check(t)
		if !x.Fill([]*Record{a, b}) || x.Len() != 2 {
			t.Errorf("Fill behind a refusal of one %s twice: %d items, want 2", name, x.Len())
		}
		if x.Fill([]*Record{{Num: 9, ID: "z"}}) || x.Len() != 2 {
			t.Error("Fill of an index that is not empty = true, want false")
		}
		x.check(t)
	}
	far := NewIndex() // edges from numbers too far apart for a table
	if !far.Fill([]*Record{{Num: 4_000_000_000, ID: "far", Edges: []Edge{{7, WeightOne}, {3_999_999_999, WeightOne}}}}) {
		t.Error("Fill of far numbers = false, want true")
	}
	far.check(t)
}

// compareHead holds the law of prefixes: a short list is the head of a long one.
func compareHead(t *testing.T, x *Index, s *Scratch, q Query) {
	q.Limit = 50
	long := x.Rank(s, q)
	q.Limit = 10
	if short := x.Rank(s, q); !slices.Equal(short, long[:min(10, len(long))]) {
		t.Fatalf("ten places = %v, want the head of %v", short, long)
	}
}

func TestSimilarity_IsTheScoreOfMoreLikeThis(t *testing.T) {
	g := &maker{rand.New(rand.NewPCG(7, 7)), 200}
	x, tw := NewIndex(), twin{}
	for range 800 {
		g.change(t, x, tw)
	}
	for n := range ItemNum(g.items) {
		p := ItemProfile(n)
		list := x.Rank(new(Scratch), Query{Profile: &p, Policy: &Policy{HalfLifeHours: 1}, Hour: g.hour(), Limit: MaxLimit, Matched: true})
		a := x.Get(n)
		if a == nil { // edges from it stay
			a = &Record{Num: n}
		}
		for _, r := range list {
			if got := Similarity(a, x.Get(r.Num)); got != r.Score {
				t.Fatalf("Similarity(%d, %d) = %d, want the score %d", n, r.Num, got, r.Score)
			}
		}
	}
}

func TestScratch_SurvivesItsGenerations(t *testing.T) {
	g := &maker{rand.New(rand.NewPCG(8, 8)), 60}
	x, tw := NewIndex(), twin{}
	for range 200 {
		g.change(t, x, tw)
	}
	s := &Scratch{}
	x.Rank(s, g.query())
	s.gen = 1<<32 - 6
	for range 10 { // over the wrap around
		q := g.query()
		if got, want := x.Rank(s, q), tw.rank(q); !slices.Equal(got, want) {
			t.Fatalf("generation %d: Rank = %v, want %v", s.gen, got, want)
		}
	}
	q := g.query() // and in an index that is larger, then in the first one again
	big := NewIndex()
	for n := range ItemNum(500) {
		big.Put(&Record{Num: n + 1, ID: ItemID(rune(n + 1))})
	}
	big.Rank(s, q)
	if got, want := x.Rank(s, q), tw.rank(q); !slices.Equal(got, want) {
		t.Fatalf("Rank after another index = %v, want %v", got, want)
	}
}

func TestIndex_TiesInFullPoolFallByHeat(t *testing.T) {
	x, tw := NewIndex(), twin{}
	tag := LabelFeature(KindTag, "sea")
	for n := range ItemNum(3 * poolSize) { // heat rises and falls, so that every order of arrival occurs
		r := &Record{Num: n + 1, ID: ItemID(rune(n + 1)), Heat: Heat(n * 7919 % 601), Features: []Weighted{{tag, WeightOne}}}
		x.Put(r)
		tw.put(r)
	}
	p := Profile{Weights: []FeatureWeight{{Feature: tag, Weight: One}}}
	for _, prior := range []int32{0, 50} {
		q := Query{Profile: &p, Policy: &Policy{HalfLifeHours: 1, PriorWeight: prior}, Limit: MaxLimit}
		if got, want := x.Rank(new(Scratch), q), tw.rank(q); !slices.Equal(got, want) {
			t.Errorf("prior %d: Rank = %v, want %v", prior, got, want)
		}
	}
}
