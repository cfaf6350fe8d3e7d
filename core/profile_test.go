package core_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"nigh/core"
	"nigh/core/text"
)

func ExampleIndex_Rank() {
	x := core.NewIndex()
	x.Put(&core.Record{Num: 1, ID: "moby-dick"})
	x.Put(&core.Record{Num: 2, ID: "whalers", Edges: []core.Edge{{From: 1, Weight: core.WeightOne}}})
	x.Put(&core.Record{Num: 3, ID: "pirates", Features: []core.Weighted{{Feature: core.LabelFeature(core.KindTag, "sea"), Weight: core.WeightOne - 16}}})

	policy := &core.Policy{Recency: []int32{core.RecencyOne}, TagWeight: core.ProfileOne, HalfLifeHours: 24, Repeat: core.RepeatDropSeen}
	read := core.History{{Item: 1, Strength: core.ProfileOne}}
	asked := core.Preferences{{Kind: core.PreferTag, Key: "Sea", Weight: core.ProfileOne}}
	p := core.NewProfile(read, asked, policy, text.NewAnalyzer("en"), x.NumOf)

	var scratch core.Scratch
	q := core.Query{Profile: &p, Policy: policy, Limit: 10}
	for _, place := range x.Rank(&scratch, q) {
		why := x.Explain(place.Num, q, 1)[0]
		fmt.Printf("%s %.2f %s %q\n", x.Get(place.Num).ID, float64(place.Score)/core.One, why.Feature.Kind(), why.Label)
	}
	// Output:
	// whalers 1.00 item ""
	// pirates 0.50 tag "Sea"
}

func TestNewProfile_ShowsItsArithmetic(t *testing.T) {
	policy := &core.Policy{
		Recency:    []int32{4096, 2048},
		TextWeight: 512, TagWeight: 768, CategoryWeight: 256, AuthorWeight: 128, ItemWeight: 256,
	}
	h := core.History{{Item: 9, Strength: 256, At: 4*3_600_000 - 1}, {Item: 3, Strength: -101, At: 9_000_000}, {Item: 5, Strength: 256, At: 7_200_000}}
	ps := core.Preferences{
		{Kind: core.PreferText, Key: "sailing boats, sailing", Weight: 256},
		{Kind: core.PreferTag, Key: " SEA ", Weight: -128},
		{Kind: core.PreferTag, Key: "sea", Weight: 256},
		{Kind: core.PreferCategory, Key: "novel", Weight: 1},
		{Kind: core.PreferAuthor, Key: "Méliès", Weight: 256},
		{Kind: core.PreferItem, Key: "nine", Weight: -256},
		{Kind: core.PreferItem, Key: "unknown", Weight: 256},
	}
	numOf := func(id core.ItemID) (core.ItemNum, bool) { return 9, id == "nine" }
	got := core.NewProfile(h, ps, policy, text.NewAnalyzer("en"), numOf)
	want := core.Profile{
		Weights: []core.FeatureWeight{
			{Feature: core.ItemFeature(3), Weight: -12928}, // 2048/4096 · -101/256 of 65536
			// item 9: 4096/4096 · 256/256 from the history - 256/256 · 256/256 as a wish = 0: not there; item 5 is beyond Recency
			{Feature: core.TermFeature("boat"), Weight: 2 << 16, Label: "sailing boats, sailing"},
			{Feature: core.TermFeature("sail"), Weight: 4 << 16, Label: "sailing boats, sailing"},        // twice
			{Feature: core.LabelFeature(core.KindTag, "sea"), Weight: (-384 + 768) << 8, Label: " SEA "}, // one tag
			{Feature: core.LabelFeature(core.KindCategory, "novel"), Weight: 256, Label: "novel"},        // 1·256
			{Feature: core.LabelFeature(core.KindAuthor, "melies"), Weight: 128 << 8, Label: "Méliès"},   // 256·128
		},
		Seen:    []core.Seen{{Item: 3, At: core.TurnedDown}, {Item: 5, At: 2}, {Item: 9, At: 3}},
		Current: 9,
	}
	slices.SortFunc(want.Weights, func(a, b core.FeatureWeight) int {
		if a.Feature < b.Feature {
			return -1
		}
		return 1
	})
	if !slices.Equal(got.Weights, want.Weights) || !slices.Equal(got.Seen, want.Seen) || got.Current != want.Current {
		t.Errorf("NewProfile =\n%+v, want\n%+v", got, want)
	}
}

func TestNewProfile_ClampsWhatIsHostile(t *testing.T) {
	policy := &core.Policy{Recency: []int32{math.MaxInt32}, TagWeight: math.MaxInt32}
	h := core.History{{Item: 1, Strength: math.MaxInt32}}
	ps := core.Preferences{{Kind: core.PreferTag, Key: "a", Weight: math.MinInt32}, {Kind: core.PreferTag, Key: "b", Weight: math.MaxInt32}}
	p := core.NewProfile(h, ps, policy, text.NewAnalyzer("en"), nil)
	for _, w := range p.Weights {
		want := int32(1 << 30)
		if w.Label == "a" {
			want = -want
		}
		if w.Weight != want {
			t.Errorf("%s counts %d, want %d", w.Label, w.Weight, want)
		}
	}
	if len(p.Weights) != 3 {
		t.Errorf("%d features, want 3", len(p.Weights))
	}
}

func TestWanted_Table(t *testing.T) {
	x := core.NewIndex()
	put := func(n core.ItemNum, published core.Hour, labels ...core.Feature) {
		r := &core.Record{Num: n, ID: core.ItemID(fmt.Sprint(n)), Published: published}
		slices.Sort(labels)
		for _, f := range labels {
			r.Features = append(r.Features, core.Weighted{Feature: f})
		}
		x.Put(r)
	}
	category := func(s string) core.Feature { return core.LabelFeature(core.KindCategory, s) }
	tag := func(s string) core.Feature { return core.LabelFeature(core.KindTag, s) }
	author := func(s string) core.Feature { return core.LabelFeature(core.KindAuthor, s) }
	attribute := func(s string) core.Feature { return core.LabelFeature(core.KindAttribute, s) }
	put(1, 100, category("film"), tag("sea"), attribute("year=1984"), author("melville"))
	put(2, 200, category("film"), tag("war"), attribute("year=1985"))
	put(3, 0, category("novel"), tag("sea"), tag("war"))
	type labels = core.Labels
	for name, c := range map[string]struct {
		want core.Wanted
		keep []core.ItemNum
	}{
		"nothing":                       {core.Wanted{}, []core.ItemNum{3, 2, 1}},
		"empty parts":                   {core.Wanted{Labels: labels{Tags: []string{}}, Any: labels{Tags: []string{}}}, []core.ItemNum{3, 2, 1}},
		"a category in any case":        {core.Wanted{Labels: labels{Categories: []string{"Film"}}}, []core.ItemNum{2, 1}},
		"one of each part":              {core.Wanted{Labels: labels{Categories: []string{"film", "novel"}, Tags: []string{"sea"}}}, []core.ItemNum{3, 1}},
		"an attribute's values":         {core.Wanted{Labels: labels{Tags: []string{"sea", "war"}, Attributes: map[string][]string{"year": {"1984", "1985"}}}}, []core.ItemNum{2, 1}},
		"two attributes, one is absent": {core.Wanted{Labels: labels{Attributes: map[string][]string{"year": {"1984"}, "medium": {"film"}}}}, nil},
		"an author":                     {core.Wanted{Labels: labels{Authors: []string{"Melville"}}}, []core.ItemNum{1}},
		"any, over parts":               {core.Wanted{Any: labels{Authors: []string{"Melville"}, Categories: []string{"novel"}}}, []core.ItemNum{3, 1}},
		"all":                           {core.Wanted{All: labels{Tags: []string{"sea", "war"}}}, []core.ItemNum{3}},
		"not":                           {core.Wanted{Not: labels{Tags: []string{"war"}}}, []core.ItemNum{1}},
		"not, over parts":               {core.Wanted{Not: labels{Authors: []string{"melville"}, Attributes: map[string][]string{"year": {"1985"}}}}, []core.ItemNum{3}},
		"any and not":                   {core.Wanted{Any: labels{Tags: []string{"sea"}}, Not: labels{Categories: []string{"novel"}}}, []core.ItemNum{1}},
		"since; no date is too old":     {core.Wanted{Since: 100}, []core.ItemNum{2, 1}},
		"since one hour later":          {core.Wanted{Since: 101}, []core.ItemNum{2}},
		"until, which is out":           {core.Wanted{Until: 200}, []core.ItemNum{1}},
		"since and until":               {core.Wanted{Since: 101, Until: 200}, nil},
	} {
		p := core.Profile{}
		var got []core.ItemNum
		for _, r := range x.Rank(new(core.Scratch), core.Query{Profile: &p, Policy: &core.Policy{}, Filter: c.want.Filter(), Limit: 9}) {
			got = append(got, r.Num)
		}
		if !slices.Equal(got, c.keep) {
			t.Errorf("%s: kept %v, want %v", name, got, c.keep)
		}
	}
	w := core.Wanted{Labels: labels{Tags: []string{"a"}}, All: labels{Authors: []string{"b", "c"}}, Not: labels{Tags: []string{"d"}}}
	if f := w.Filter(); f.Size() != 4 {
		t.Errorf("Size = %d, want 4", f.Size())
	}
}
