package core

import (
	"cmp"
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
func parts(r *Record, p *Profile, pol *Policy) map[Feature]int64 {
	weights := map[Feature]int64{}
	for _, w := range p.Weights {
		weights[w.Feature] = int64(w.Weight)
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
	if pw, ok := weights[ItemFeature(r.Num)]; ok && pol.SelfWeight != 0 {
		out[ItemFeature(r.Num)] = int64(pol.SelfWeight) * pw
	}
	return out
}

// floor256 is v/256 rounded down.
func floor256(v int64) int64 {
	q := v / 256
	if v%256 < 0 {
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

func (tw twin) rank(q Query) []Ranked {
	type candidate struct {
		rec   *Record
		score int64
	}
	var all []candidate
	for n, r := range tw {
		drop := r.Hidden || r.From > q.Hour || r.Until != 0 && r.Until <= q.Hour || slices.Contains(q.Exclude, n)
		drop = drop || q.Policy.Repeat == RepeatDropCurrent && n == q.Profile.Current
		drop = drop || q.Policy.Repeat == RepeatDropSeen && slices.Contains(q.Profile.Seen, n)
		for _, group := range q.Filter {
			has := false
			for _, f := range group {
				has = has || slices.ContainsFunc(r.Features, func(w Weighted) bool { return w.Feature == f })
			}
			drop = drop || !has
		}
		sum := int64(0)
		for _, v := range parts(r, q.Profile, q.Policy) {
			sum += v
		}
		if drop || q.Matched && floor256(sum) <= 0 {
			continue
		}
		all = append(all, candidate{r, floor256(sum) + slowPrior(q.Policy, r.Heat, q.Hour)})
	}
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.rec.Heat, a.rec.Heat), cmp.Compare(b.rec.Num, a.rec.Num))
	})
	all = all[:min(len(all), pool)]
	var out []Ranked
	var placed []*Record
	for len(all) > 0 && len(out) < min(q.Limit, MaxLimit) {
		best, bestScore := 0, int64(0)
		for i, c := range all {
			score := c.score
			if !q.Matched && q.Policy.DiversityWindow > 0 {
				top := all[0].score
				if len(out) > 0 {
					top = max(top, out[0].Score) // the first place has the best score, since nothing is before it
				}
				unit := max(top, One/16) * int64(q.Policy.DiversityPenalty) / 256
				for _, p := range placed[max(0, len(placed)-int(q.Policy.DiversityWindow)):] {
					score -= unit * int64(common(p, c.rec))
				}
			}
			if i == 0 || score > bestScore {
				best, bestScore = i, score
			}
		}
		out = append(out, Ranked{all[best].rec.Num, all[best].score})
		placed = append(placed, all[best].rec)
		all = slices.Delete(all, best, best+1)
	}
	return out
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
	all := parts(r, q.Profile, q.Policy)
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
			sums[f] += v / 256
		}
	}
	for f, v := range sums {
		w, _ := q.Profile.weightOf(f)
		out = append(out, Reason{f, w.Label, v})
	}
	if p := slowPrior(q.Policy, r.Heat, q.Hour); p > 0 {
		out = append(out, Reason{Score: p})
	}
	slices.SortFunc(out, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Feature, b.Feature))
	})
	return out[:min(n, len(out))]
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
				for range size.changes {
					g.change(t, x, tw)
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
		for _, r := range list {
			if got := Similarity(x.Get(n), x.Get(r.Num)); got != r.Score {
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
	for n := range ItemNum(3 * pool) { // heat rises and falls, so that every order of arrival occurs
		r := &Record{Num: n + 1, ID: ItemID(rune(n + 1)), Heat: Heat(n * 7919 % 601), Features: []Weighted{{tag, WeightOne}}}
		x.Put(r)
		tw.put(r)
	}
	p := Profile{Weights: []FeatureWeight{{Feature: tag, Weight: ProfileOne}}}
	for _, prior := range []int32{0, 50} {
		q := Query{Profile: &p, Policy: &Policy{HalfLifeHours: 1, PriorWeight: prior}, Limit: MaxLimit}
		if got, want := x.Rank(new(Scratch), q), tw.rank(q); !slices.Equal(got, want) {
			t.Errorf("prior %d: Rank = %v, want %v", prior, got, want)
		}
	}
}
