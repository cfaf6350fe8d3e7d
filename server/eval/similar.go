package eval

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"nigh/core"
	"nigh/core/learn"
	"nigh/core/text"
	"nigh/server/store"
)

// Similar's bounds: how many items are asked for, how long the lists are, and how many tags an item needs to be asked for.
const (
	similarItems = 1000
	similarK     = 10
	similarTags  = 3
)

// Similar asks how well texts alone find related items. Of the items with at least 3 tags it takes the 1,000 whose ids
// have the smallest FNV-1a (64 bit) and ranks 10 neighbours of each by title and description; tags, categories and
// authors are hidden; an item's vector counts as its text. P@10 is the share of neighbours with the same first category (over items that have one), J@10 the mean
// Jaccard index of the tags over the neighbours that have some.
//
// Neighbours are those that are served: the quantised edges of the records, which hold for each item its 64 strongest
// sources. What learn.Content finds for an item itself, before that, is the baseline "content"; "all-terms" is the
// cosine of BM25-weighted vectors that are not cut to their strongest terms.
func Similar(ctx context.Context, d *Data, opt Options) (*Result, error) {
	if len(d.Items) == 0 {
		return nil, errors.New("the catalog is empty; give items with --items")
	}
	asked := askedItems(d)
	if len(asked) == 0 {
		return nil, errors.New("no item has three tags; the protocol needs them to judge by")
	}
	r, err := newRun(ctx, d, opt, "similar", "items")
	if err != nil {
		return nil, err
	}
	if opt.Policy.ContentWeight == 0 {
		return nil, errors.New("content_weight is 0, so texts have no part in recommendations; set it above 0")
	}
	bare := make([]store.Item, len(d.Items))
	for i, it := range d.Items {
		bare[i] = textAlone(it)
	}
	start := time.Now()
	r.addItems(bare)
	r.timed(func() { r.sys.Build(0) })
	r.res.Learning = time.Since(start).Seconds()

	r.res.Outcome = r.neighbours(asked, r.res.Outcome, func(n core.ItemNum) []core.ItemNum {
		var list []core.ItemNum
		r.timed(func() { list = r.sys.Similar(n, similarK, 0) })
		return list
	})
	if len(opt.Baselines) == 1 && opt.Baselines[0] == "none" {
		return r.finish(len(asked))
	}
	var f learn.Finder
	found := r.neighbours(asked, Outcome{Name: "content"}, func(n core.ItemNum) []core.ItemNum {
		var list []core.ItemNum
		for _, nb := range r.sys.content.Find(&f, n) {
			list = append(list, nb.Item)
		}
		return list[:min(len(list), similarK)]
	})
	start = time.Now()
	terms := newAllTerms(bare, r.sys.analyzer, opt.Progress)
	all := Outcome{Name: "all-terms", Learning: time.Since(start).Seconds()}
	all = r.neighbours(asked, all, func(n core.ItemNum) []core.ItemNum { return terms.similar(n, similarK) })
	r.res.Baselines = []Outcome{found, all}
	return r.finish(len(asked))
}

// textAlone is an item without what Similar judges by.
func textAlone(it store.Item) store.Item {
	return store.Item{ID: it.ID, Title: it.Title, Description: it.Description, Vector: it.Vector}
}

// askedItems chooses the sample.
func askedItems(d *Data) []core.ItemNum {
	type hashed struct {
		n core.ItemNum
		h uint64
	}
	var all []hashed
	for i := range d.Items {
		if len(d.Items[i].Tags) >= similarTags {
			all = append(all, hashed{core.ItemNum(i + 1), hashID(d.Items[i].ID)})
		}
	}
	slices.SortFunc(all, func(a, b hashed) int {
		if c := cmp.Compare(a.h, b.h); c != 0 {
			return c
		}
		return cmp.Compare(a.n, b.n)
	})
	var out []core.ItemNum
	for _, h := range all[:min(len(all), similarItems)] {
		out = append(out, h.n)
	}
	return out
}

// neighbours asks for every item of the sample and completes o.
func (r *run) neighbours(asked []core.ItemNum, o Outcome, similar func(core.ItemNum) []core.ItemNum) Outcome {
	precision, jaccard := 0.0, 0.0
	withCategory, withTags := 0, 0
	took := make([]time.Duration, 0, len(asked))
	shown := map[core.ItemNum]bool{}
	for i, n := range asked {
		start := time.Now()
		list := similar(n)
		took = append(took, time.Since(start))
		it := &r.data.Items[n-1]
		p, j, tagged := judge(r.data, it, list)
		if len(it.Categories) > 0 {
			withCategory++
			precision += p
		}
		if tagged {
			withTags++
			jaccard += j
		}
		for _, m := range list {
			shown[m] = true
		}
		if i%16 == 0 {
			r.opt.Progress.tell(o.Name+": ranking", i, len(asked))
			if r.ctx.Err() != nil {
				break
			}
		}
	}
	o.Metrics = map[string]float64{"J@10": ratio(jaccard, len(asked))}
	if withCategory > 0 {
		o.Metrics["P@10"] = precision / float64(withCategory)
	}
	o.Rank = latencyOf(took)
	return o
}

// judge compares an item with its neighbours. p is of similarK places, so a short list is a worse one.
func judge(d *Data, it *store.Item, list []core.ItemNum) (p, j float64, tagged bool) {
	same, n := 0, 0
	for _, m := range list {
		other := &d.Items[m-1]
		if len(it.Categories) > 0 && len(other.Categories) > 0 && it.Categories[0] == other.Categories[0] {
			same++
		}
		if len(other.Tags) > 0 {
			n++
			j += jaccard(it.Tags, other.Tags)
		}
	}
	return float64(same) / similarK, ratio(j, n), n > 0
}

// jaccard is |a ∩ b| / |a ∪ b| of two sets without repetitions.
func jaccard(a, b []string) float64 {
	both := 0
	for _, t := range a {
		if slices.Contains(b, t) {
			both++
		}
	}
	return float64(both) / float64(len(a)+len(b)-both)
}

// allTerms is the plain form of what learn.Content does: cosine of BM25-weighted terms, all of them.
type allTerms struct {
	vectors  [][]weighted // by number
	postings map[string][]posted
	board    board
}

type weighted struct {
	term string
	w    float64
}

type posted struct {
	n core.ItemNum
	w float64
}

// newAllTerms weighs as learn.Content does (k1 = 1.2, b = 0.75, a word of the title counts three times).
func newAllTerms(items []store.Item, a *text.Analyzer, progress Progress) *allTerms {
	const k1, b, title = 1.2, .75, 3
	t := &allTerms{vectors: make([][]weighted, len(items)+1), postings: map[string][]posted{}, board: newBoard(len(items))}
	counts := make([]map[string]float64, len(items))
	lengths := make([]float64, len(items))
	df := map[string]float64{}
	mean := 0.0
	for i := range items {
		counts[i] = map[string]float64{}
		for _, s := range a.Terms(items[i].Title) {
			counts[i][s] += title
		}
		for _, s := range a.Terms(items[i].Description) {
			counts[i][s]++
		}
		for _, s := range sortedKeys(counts[i]) {
			lengths[i] += counts[i][s]
			df[s]++
		}
		mean += lengths[i] / float64(len(items))
		progress.tell("all-terms: reading texts", i, len(items))
	}
	for i := range items {
		norm, n := 0.0, core.ItemNum(i+1)
		var v []weighted
		for _, s := range sortedKeys(counts[i]) {
			c := counts[i][s]
			idf := math.Log1p((float64(len(items)) - df[s] + .5) / (df[s] + .5))
			w := idf * c * (k1 + 1) / (c + k1*(1-b+b*lengths[i]/max(mean, 1)))
			v = append(v, weighted{s, w})
			norm += w * w
		}
		norm = math.Sqrt(norm)
		for j := range v {
			v[j].w /= norm
			t.postings[v[j].term] = append(t.postings[v[j].term], posted{n, v[j].w})
		}
		t.vectors[n] = v
		counts[i] = nil
	}
	return t
}

func (t *allTerms) similar(n core.ItemNum, k int) []core.ItemNum {
	for _, w := range t.vectors[n] {
		for _, p := range t.postings[w.term] {
			t.board.add(p.n, w.w*p.w)
		}
	}
	return t.board.best(func(m core.ItemNum) bool { return m == n }, k)
}
