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
	h := core.History{{Item: 9, Strength: 256}, {Item: 3, Strength: -101}, {Item: 5, Strength: 256}}
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
			{Feature: core.ItemFeature(3), Weight: -50}, // 2048/4096 · -101, towards zero
			// item 9: 4096/4096·256 from the history - 256·256/256 as a wish = 0: not there; item 5 is beyond Recency
			{Feature: core.TermFeature("boat"), Weight: 512, Label: "sailing boats, sailing"},
			{Feature: core.TermFeature("sail"), Weight: 1024, Label: "sailing boats, sailing"},    // twice
			{Feature: core.LabelFeature(core.KindTag, "sea"), Weight: -384 + 768, Label: " SEA "}, // one tag
			{Feature: core.LabelFeature(core.KindCategory, "novel"), Weight: 1, Label: "novel"},   // 1·256/256
			{Feature: core.LabelFeature(core.KindAuthor, "melies"), Weight: 128, Label: "Méliès"}, // 256·128/256
		},
		Seen:    []core.ItemNum{3, 5, 9},
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
		want := int32(1 << 22)
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

func TestLabelFilter_KeepsAnyOfEachPart(t *testing.T) {
	x := core.NewIndex()
	put := func(n core.ItemNum, labels ...core.Feature) {
		r := &core.Record{Num: n, ID: core.ItemID(fmt.Sprint(n))}
		slices.Sort(labels)
		for _, f := range labels {
			r.Features = append(r.Features, core.Weighted{Feature: f})
		}
		x.Put(r)
	}
	category := func(s string) core.Feature { return core.LabelFeature(core.KindCategory, s) }
	tag := func(s string) core.Feature { return core.LabelFeature(core.KindTag, s) }
	attribute := func(s string) core.Feature { return core.LabelFeature(core.KindAttribute, s) }
	put(1, category("film"), tag("sea"), attribute("year=1984"))
	put(2, category("film"), tag("war"), attribute("year=1985"))
	put(3, category("novel"), tag("sea"), tag("war"))
	for _, c := range []struct {
		filter core.Filter
		want   []core.ItemNum
	}{
		{core.LabelFilter(nil, nil, nil), []core.ItemNum{3, 2, 1}},
		{core.LabelFilter([]string{"Film"}, nil, nil), []core.ItemNum{2, 1}},
		{core.LabelFilter([]string{"film", "novel"}, []string{"sea"}, nil), []core.ItemNum{3, 1}},
		{core.LabelFilter(nil, []string{"sea", "war"}, map[string][]string{"year": {"1984", "1985"}}), []core.ItemNum{2, 1}},
		{core.LabelFilter(nil, []string{"sea"}, map[string][]string{"year": {"1984"}, "medium": {"film"}}), nil},
	} {
		p := core.Profile{}
		var got []core.ItemNum
		for _, r := range x.Rank(new(core.Scratch), core.Query{Profile: &p, Policy: &core.Policy{}, Filter: c.filter, Limit: 9}) {
			got = append(got, r.Num)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("filter %v keeps %v, want %v", c.filter, got, c.want)
		}
	}
}
