// Package beside measures nigh beside bleve, the search engine that Go programs mostly embed. It is a module of its own:
// bleve would bring 27 modules into the project's, and 10 MB into its command, for a yardstick. Run it with make bench.
package beside

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/search/query"

	"nigh/core"
	"nigh/core/learn"
	"nigh/core/text"
	"nigh/server/bench"
	"nigh/server/store"
)

const (
	places = 20
	asked  = 64 // items, by turns
	words  = 25 // of a query for similar texts, as in Lucene's MoreLikeThis
)

// "More like this", for an item of a made-up catalog: nigh ranks for a profile of the item's own terms, bleve for a query
// of its weightiest words, both in memory.
func BenchmarkMoreLikeThis(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		items, _ := bench.Synthetic(n, 0)
		b.Run(fmt.Sprintf("nigh/items=%d", n), func(b *testing.B) {
			x, queries := ours(items)
			var s core.Scratch
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if len(x.Rank(&s, queries[i%asked])) != places {
					b.Fatal("a list is too short")
				}
			}
		})
		b.Run(fmt.Sprintf("bleve/items=%d", n), func(b *testing.B) {
			x, queries := theirs(b, items)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				res, err := x.Search(bleve.NewSearchRequestOptions(queries[i%asked], places, 0, false))
				if err != nil || len(res.Hits) != places {
					b.Fatalf("%v hits, %v", res, err)
				}
			}
		})
	}
}

// ours indexes the items' terms and asks for what is like some of them.
func ours(items []store.Item) (*core.Index, []core.Query) {
	a := text.NewAnalyzer("en")
	c := learn.NewContent(a)
	for i := range items {
		it := &items[i]
		c.Put(core.ItemNum(i+1), learn.Parse(a, learn.Text{Title: it.Title, Description: it.Description, Tags: it.Tags}))
	}
	c.Reweigh()
	p := learn.DefaultPolicy()
	policy := p.Compile()
	x := core.NewIndex()
	for i := range items {
		n := core.ItemNum(i + 1)
		x.Put(&core.Record{Num: n, ID: core.ItemID(items[i].ID), Features: c.Features(n)})
	}
	queries := make([]core.Query, asked)
	for i := range queries {
		n := core.ItemNum(i*len(items)/asked + 1)
		var profile core.Profile
		for _, f := range x.Get(n).Features {
			profile.Weights = append(profile.Weights, core.FeatureWeight{Feature: f.Feature, Weight: int32(f.Weight.Value())})
		}
		queries[i] = core.Query{Profile: &profile, Policy: policy, Limit: places, Matched: true, Exclude: []core.ItemNum{n}}
	}
	return x, queries
}

// theirs does the same with bleve.
func theirs(b *testing.B, items []store.Item) (bleve.Index, []query.Query) {
	m := bleve.NewIndexMapping()
	m.DefaultAnalyzer = en.AnalyzerName
	x, err := bleve.NewMemOnly(m)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = x.Close() })
	frequent := map[string]int{}
	for some := range slices.Chunk(items, 1000) {
		batch := x.NewBatch()
		for i := range some {
			it := &some[i]
			if err := batch.Index(it.ID, map[string]any{"text": it.Title + " " + it.Description + " " + strings.Join(it.Tags, " ")}); err != nil {
				b.Fatal(err)
			}
			seen := map[string]bool{}
			for _, w := range strings.Fields(it.Title + " " + it.Description) {
				if !seen[w] {
					seen[w] = true
					frequent[w]++
				}
			}
		}
		if err := x.Batch(batch); err != nil {
			b.Fatal(err)
		}
	}
	queries := make([]query.Query, asked)
	for i := range queries {
		it := &items[i*len(items)/asked]
		own := strings.Fields(it.Title + " " + it.Description)
		slices.Sort(own)
		own = slices.Compact(own)
		slices.SortStableFunc(own, func(a, b string) int { return frequent[a] - frequent[b] })
		q := bleve.NewMatchQuery(strings.Join(own[:min(len(own), words)], " "))
		q.SetField("text")
		queries[i] = q
	}
	return x, queries
}
