package bench

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"nigh/core"
	"nigh/core/learn"
)

// RankOptions say what Rank ranks.
type RankOptions struct {
	Sizes     []int // items of the catalogs
	History   int   // items in a reader's history
	Questions int   // how many are timed, of each size
	Scans     int   // how many of them the yardsticks answer
	Progress  Progress
}

// Rank measures one ranking of 20 places in the index, for a reader with a history, in made-up catalogs whose items have
// all the in-edges and terms that they may have. It has two yardsticks, a case each: a scan that holds every record
// against the profile, which is the answer by brute force, and a plain pass over the bytes that such a scan reads, which
// nothing that looks at all records can beat.
func Rank(ctx context.Context, opt RankOptions) (*Result, error) {
	r := newResult("rank")
	for _, size := range opt.Sizes {
		opt.Progress.tell("ranking among %d items", size)
		records := madeUp(size)
		questions, policy := readers(size, opt.History)
		figures := rankIndex(records, questions, opt.Questions)
		opt.Progress.tell("scanning %d items", size)
		scan := measure(opt.Scans, func(i int) { scan(records, questions[i%len(questions)].Profile) })
		flat := flatten(records)
		var sum uint64
		pass := measure(opt.Scans, func(int) {
			for _, v := range flat {
				sum += v
			}
		})
		runtime.KeepAlive(sum)
		runtime.KeepAlive(policy)
		name := fmt.Sprintf("items=%d", size)
		r.Cases = append(r.Cases,
			Case{name, figures, Yardstick{"brute-force scan of all records", scan}, scan["p50_us"] / figures["p50_us"]},
			Case{name + "/memory", figures, Yardstick{fmt.Sprintf("plain pass over the records' %d MB", len(flat)*8>>20), pass},
				pass["p50_us"] / figures["p50_us"]})
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// rankIndex times rankings in an index of the records.
func rankIndex(records []*core.Record, questions []core.Query, n int) map[string]float64 {
	x := core.NewIndex()
	for _, r := range records {
		x.Put(r)
	}
	var s core.Scratch
	for _, q := range questions { // so that the working memory is there, as in a server that runs
		x.Rank(&s, q)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range n {
		x.Rank(&s, questions[i%len(questions)])
	}
	runtime.ReadMemStats(&after)
	figures := measure(n, func(i int) { x.Rank(&s, questions[i%len(questions)]) })
	figures["allocs"] = float64(after.Mallocs-before.Mallocs) / float64(n)
	return figures
}

// measure calls do n times and returns how long it took: p50_us and p99_us.
func measure(n int, do func(i int)) map[string]float64 {
	took := make([]time.Duration, max(n, 1))
	for i := range took {
		start := time.Now()
		do(i)
		took[i] = time.Since(start)
	}
	return latency(took)
}

// latency sorts durations and returns their middle and their 99th percentile in µs.
func latency(took []time.Duration) map[string]float64 {
	slices.Sort(took)
	return map[string]float64{"p50_us": max(micros(percentile(took, .5)), .001), "p99_us": max(micros(percentile(took, .99)), .001)}
}

// scan adds up every record's products with the profile and returns the 20 best, as the obvious program would.
func scan(records []*core.Record, p *core.Profile) []core.Ranked {
	weights := make(map[core.Feature]int64, len(p.Weights))
	for _, w := range p.Weights {
		weights[w.Feature] = int64(w.Weight)
	}
	var best []core.Ranked
	for _, r := range records {
		sum := int64(0)
		for _, e := range r.Edges {
			sum += weights[core.ItemFeature(e.From)] * int64(e.Weight.Value())
		}
		for _, f := range r.Features {
			sum += weights[f.Feature] * int64(f.Weight.Value())
		}
		if len(best) < scanPlaces || sum > best[len(best)-1].Score {
			at, _ := slices.BinarySearchFunc(best, sum, func(b core.Ranked, s int64) int { return cmp.Compare(s, b.Score) })
			best = slices.Insert(best, at, core.Ranked{Num: r.Num, Score: sum})
			best = best[:min(len(best), scanPlaces)]
		}
	}
	return best
}

const scanPlaces = 20

// flatten puts all features and weights of the records into one piece of memory.
func flatten(records []*core.Record) []uint64 {
	var out []uint64
	for _, r := range records {
		for _, e := range r.Edges {
			out = append(out, uint64(e.From)<<8|uint64(e.Weight))
		}
		for _, f := range r.Features {
			out = append(out, uint64(f.Feature)^uint64(f.Weight))
		}
	}
	return out
}

// madeUp makes records as a learner leaves them: every item has 64 in-edges, half from its neighbourhood and half from
// anywhere, the popular ones more often; 24 terms of a vocabulary in which few are common; tags and an author.
func madeUp(items int) []*core.Record {
	rnd := rand.New(rand.NewPCG(1, uint64(items)))
	skewed := func(n int) int { return int(float64(n) * rnd.Float64() * rnd.Float64() * rnd.Float64()) }
	out := make([]*core.Record, items)
	for i := range out {
		r := &core.Record{Num: core.ItemNum(i + 1), ID: core.ItemID(fmt.Sprint("item-", i)), Heat: core.Heat(370_000 + rnd.IntN(3000))}
		for len(r.Edges) < min(core.MaxEdges, items-1) {
			from := core.ItemNum(1 + (i+rnd.IntN(200))%items)
			if len(r.Edges)%2 == 0 || rnd.IntN(8) == 0 {
				from = core.ItemNum(1 + rnd.IntN(1+skewed(items)))
			}
			if rnd.IntN(32) == 0 {
				from = core.ItemNum(1 + rnd.IntN(items))
			}
			if from != r.Num && !slices.ContainsFunc(r.Edges, func(e core.Edge) bool { return e.From == from }) {
				r.Edges = append(r.Edges, core.Edge{From: from, Weight: core.Weight(180 - 2*len(r.Edges))})
			}
		}
		features := map[core.Feature]bool{core.LabelFeature(core.KindAuthor, fmt.Sprint(rnd.IntN(1+items/5))): true}
		for range 24 {
			features[core.TermFeature(fmt.Sprint(skewed(5000+items)))] = true
		}
		for range 6 {
			features[core.LabelFeature(core.KindTag, fmt.Sprint(skewed(300+items/100)))] = true
		}
		for f := range features {
			r.Features = append(r.Features, core.Weighted{Feature: f, Weight: 150})
		}
		slices.SortFunc(r.Features, func(a, b core.Weighted) int { return cmp.Compare(a.Feature, b.Feature) })
		out[i] = r
	}
	return out
}

// readers makes the questions of 64 readers, under the default policy.
func readers(items, history int) ([]core.Query, *core.Policy) {
	p := learn.DefaultPolicy()
	policy := p.Compile()
	rnd := rand.New(rand.NewPCG(2, 2))
	out := make([]core.Query, 64)
	for i := range out {
		var h core.History
		for at := range history {
			h = h.Record(core.Visit{Item: core.ItemNum(1 + rnd.IntN(items)), Strength: core.ProfileOne, At: int64(at)})
		}
		profile := core.NewProfile(h, nil, policy, nil, nil)
		out[i] = core.Query{Profile: &profile, Policy: policy, Hour: 490_000, Limit: 20}
	}
	return out, policy
}
