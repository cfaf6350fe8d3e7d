package core

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// benchCatalog is a catalog as a learner leaves it: every item has 64 in-edges, half from its neighbourhood and half
// from anywhere, the popular ones more often; 24 terms of a vocabulary in which few are common; tags and an author.
func benchCatalog(items int) []*Record {
	rnd := rand.New(rand.NewPCG(1, uint64(items)))
	skewed := func(n int) int { return int(float64(n) * rnd.Float64() * rnd.Float64() * rnd.Float64()) }
	out := make([]*Record, items)
	for i := range out {
		r := &Record{Num: ItemNum(i + 1), ID: ItemID(fmt.Sprint("item-", i)), Heat: Heat(370_000 + rnd.IntN(3000))}
		r.Published = Hour(490_000 - rnd.IntN(10_000))
		if i%1000 == 0 {
			r.Boost = 8
		}
		for len(r.Edges) < MaxEdges {
			from := ItemNum(1 + (i+rnd.IntN(200))%items)
			if len(r.Edges)%2 == 0 {
				from = ItemNum(1 + rnd.IntN(1+skewed(items)))
			}
			if from != r.Num && !slices.ContainsFunc(r.Edges, func(e Edge) bool { return e.From == from }) {
				r.Edges = append(r.Edges, Edge{from, Weight(180 - 2*len(r.Edges))})
			}
		}
		slices.SortFunc(r.Edges, func(a, b Edge) int { return int(a.From) - int(b.From) })
		r.Damp = Damp(rnd.IntN(DampOctave))
		features := map[Feature]bool{}
		for range 24 {
			features[TermFeature(fmt.Sprint(skewed(5000+items)))] = true
		}
		for range 6 {
			features[LabelFeature(KindTag, fmt.Sprint(skewed(300+items/100)))] = true
		}
		features[LabelFeature(KindAuthor, fmt.Sprint(rnd.IntN(1+items/5)))] = true
		for f := range features {
			r.Features = append(r.Features, Weighted{f, 150})
		}
		slices.SortFunc(r.Features, func(a, b Weighted) int {
			if a.Feature < b.Feature {
				return -1
			}
			return 1
		})
		out[i] = r
	}
	return out
}

// BenchmarkRank ranks 20 places for a reader with a history of 50 items; twin is a scan of all records with the profile
// in a map, in the same run.
func BenchmarkRank(b *testing.B) {
	for _, items := range []int{1000, 10_000, 100_000} {
		records := benchCatalog(items)
		x, tw := NewIndex(), twin{}
		for _, r := range records {
			x.Put(r)
			tw[r.Num] = r
		}
		policy := &Policy{HalfLifeHours: 336, PriorWeight: 131, PriorSpan: 12, Repeat: RepeatDropSeen, DiversityPenalty: 4, DiversityWindow: 3,
			NearDuplicate: 205, ExploreShare: One / 20, ExploreHours: 336, ExploreHeat: 900}
		rnd := rand.New(rand.NewPCG(2, 2))
		queries := make([]Query, 64)
		for i := range queries {
			var h History
			for r := range 50 {
				h = append(h, Visit{Item: ItemNum(1 + rnd.IntN(items)), Strength: ProfileOne, At: int64(-r)})
				policy.Recency = append(policy.Recency[:r], int32(RecencyOne/(r+1)))
			}
			p := NewProfile(h, nil, policy, nil, nil)
			queries[i] = Query{Profile: &p, Policy: policy, Hour: 490_000, Limit: 20, Seed: uint64(i)}
		}
		b.Run(fmt.Sprintf("items=%d/index", items), func(b *testing.B) {
			b.ReportAllocs()
			var s Scratch
			var took []int64
			for i := 0; b.Loop(); i++ {
				began := time.Now()
				x.Rank(&s, queries[i%len(queries)])
				took = append(took, time.Since(began).Nanoseconds())
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2])/1000, "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100])/1000, "p99-µs")
		})
		b.Run(fmt.Sprintf("items=%d/twin", items), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				tw.rank(queries[i%len(queries)])
			}
		})
	}
}

// BenchmarkReweigh changes what learning knows of one item: the cost of a click, in the index.
func BenchmarkReweigh(b *testing.B) {
	const items = 100_000
	x := NewIndex()
	for _, r := range benchCatalog(items) {
		x.Put(r)
	}
	rnd := rand.New(rand.NewPCG(3, 3))
	b.ReportAllocs()
	for b.Loop() {
		r := x.Get(ItemNum(1 + rnd.IntN(items)))
		edges := slices.Clone(r.Edges)
		edges[0].Weight++
		x.Reweigh(Weights{r.Num, r.Heat + Heat(rnd.IntN(256)), r.Damp, edges})
	}
}
