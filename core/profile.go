package core

import (
	"cmp"
	"slices"

	"nigh/core/text"
)

// FeatureWeight is one coordinate of a profile.
type FeatureWeight struct {
	Feature Feature
	Weight  int32  // in units of 1/65536 (One)
	Label   string // the reader's own words, for explanations; "" for items of the history
}

// Profile is a reader as a sparse vector over features, with what ranking must know of the history beside it.
type Profile struct {
	Weights []FeatureWeight // ascending by Feature, distinct, none 0
	Seen    []Seen          // items of the history, ascending
	Current ItemNum         // the most recent one, 0 for none
}

// Seen is an item of a reader's history, as a repeat policy looks at it.
type Seen struct {
	Item ItemNum
	At   Hour // of the last visit; TurnedDown if the reader did not want the item
}

// TurnedDown is an hour that never passes.
const TurnedDown Hour = 1<<32 - 1

// NewProfile makes a reader's profile of what they did and what they asked for.
//
// The r-th most recent item counts Recency[r]·Strength, less if it is one of few (Focus); a preference counts its weight times the policy's weight for
// its kind: both in units of One, for in those of ProfileOne the 50th item of a history, a twentieth or so, would lose a
// twentieth of that. A text counts every stem of it, as an item of its words. numOf finds the number of a preferred item;
// items it does not know are left out.
func NewProfile(h History, ps Preferences, p *Policy, a *text.Analyzer, numOf func(ItemID) (ItemNum, bool)) Profile {
	out := Profile{Seen: make([]Seen, len(h)), Weights: make([]FeatureWeight, 0, min(len(h), len(p.Recency))+4*len(ps))}
	of, from := p.others(len(h))
	if len(h) > 0 {
		out.Current = h[0].Item
	}
	var room [MaxHistory]uint64
	for i, k := range byItem(h, room[:0]) {
		r := int(uint32(k))
		v := &h[r]
		at := Hour(clamp(v.At/3_600_000, 0, int64(TurnedDown-1)))
		if v.Strength < 0 {
			at = TurnedDown
		}
		out.Seen[i] = Seen{v.Item, at}
		if r < len(p.Recency) {
			x := int64(p.Recency[r])
			if r > 0 && p.Focus > 0 {
				x = x * of / from
			}
			w := profileWeight(x * int64(v.Strength) / (RecencyOne * ProfileOne / One))
			out.Weights = append(out.Weights, FeatureWeight{Feature: ItemFeature(v.Item), Weight: w})
		}
	}
	for _, q := range ps {
		add := func(f Feature, policyWeight int32) {
			w := profileWeight(int64(q.Weight) * int64(policyWeight))
			out.Weights = append(out.Weights, FeatureWeight{Feature: f, Weight: w, Label: q.Key})
		}
		switch q.Kind {
		case PreferText:
			for _, stem := range a.Query(q.Key) {
				add(TermFeature(stem), p.TextWeight)
			}
		case PreferTag:
			add(LabelFeature(KindTag, q.Key), p.TagWeight)
		case PreferCategory:
			add(LabelFeature(KindCategory, q.Key), p.CategoryWeight)
		case PreferAuthor:
			add(LabelFeature(KindAuthor, q.Key), p.AuthorWeight)
		case PreferItem:
			if n, ok := numOf(ItemID(q.Key)); ok {
				add(ItemFeature(n), p.ItemWeight)
			}
		}
	}
	out.Weights = sumByFeature(out.Weights)
	return out
}

// byItem appends the places of h in the order of their items: the item in the high 32 bits, the place in the low ones. So
// one sort of plain numbers does for both halves of a profile, in a third of the time that it took to sort each.
func byItem(h History, out []uint64) []uint64 {
	for r := range h {
		out = append(out, uint64(h[r].Item)<<32|uint64(r))
	}
	slices.Sort(out)
	return out
}

// ItemProfile is the profile that holds one item alone: ranking with it is "more like this".
func ItemProfile(n ItemNum) Profile {
	return Profile{
		Weights: []FeatureWeight{{Feature: ItemFeature(n), Weight: One}},
		Seen:    []Seen{{n, TurnedDown}},
		Current: n,
	}
}

// sumByFeature sorts ws by feature, adds up equal ones (the first label stays) and drops zeros. Sums are clamped too,
// so that a hostile heap of preferences cannot wrap around.
func sumByFeature(ws []FeatureWeight) []FeatureWeight {
	byFeature := func(a, b FeatureWeight) int { return cmp.Compare(a.Feature, b.Feature) }
	if !slices.IsSortedFunc(ws, byFeature) { // as a history's are
		slices.SortStableFunc(ws, byFeature)
	}
	out := ws[:0]
	for i := 0; i < len(ws); {
		sum, j, label := int64(0), i, ""
		for ; j < len(ws) && ws[j].Feature == ws[i].Feature; j++ {
			sum += int64(ws[j].Weight)
			if label == "" {
				label = ws[j].Label
			}
		}
		if w := profileWeight(sum); w != 0 {
			out = append(out, FeatureWeight{Feature: ws[i].Feature, Weight: w, Label: label})
		}
		i = j
	}
	return out
}

// maxProfileWeight keeps a score within 63 bits. An item adds one product for each of its features and edges, at most
// MaxEdges + MaxFeatures < 2^8, of a profile's weight and one of its own, below 2^20: 2^58 together. What it says for
// itself (SelfWeight, below 2^31) adds less than 2^61.
const maxProfileWeight = 1 << 30

func profileWeight(w int64) int32 { return int32(clamp(w, -maxProfileWeight, maxProfileWeight)) }

// seen tells whether a repeat policy whose items may come again after so many hours still keeps n out.
func (p *Profile) seen(n ItemNum, now Hour, again int32) bool {
	i, ok := slices.BinarySearchFunc(p.Seen, n, func(s Seen, n ItemNum) int { return cmp.Compare(s.Item, n) })
	return ok && p.Seen[i].recent(now, again)
}

// recent tells whether fewer than again hours have passed since the visit. 0 hours: always.
func (s Seen) recent(now Hour, again int32) bool {
	return again <= 0 || s.At == TurnedDown || int64(now)-int64(s.At) < int64(again)
}

// weightOf returns the profile's coordinate for f, false if it has none.
func (p *Profile) weightOf(f Feature) (FeatureWeight, bool) {
	i, ok := p.find(f)
	if !ok {
		return FeatureWeight{}, false
	}
	return p.Weights[i], true
}

// find returns the place of the profile's coordinate for f, false if it has none.
func (p *Profile) find(f Feature) (int, bool) {
	return slices.BinarySearchFunc(p.Weights, f, func(w FeatureWeight, f Feature) int { return cmp.Compare(w.Feature, f) })
}
