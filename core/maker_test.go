package core

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"testing"
)

// maker makes random records and queries over a small vocabulary, so that ties, shared labels and edges that lead
// nowhere are common.
type maker struct {
	*rand.Rand
	items int
}

func (g *maker) num() ItemNum { return ItemNum(1 + g.IntN(g.items)) }
func (g *maker) hour() Hour   { return Hour(1000 + g.IntN(20)) }

func (g *maker) feature(kinds ...Kind) Feature {
	return LabelFeature(kinds[g.IntN(len(kinds))], strconv.Itoa(g.IntN(8)))
}

func (g *maker) weight() Weight {
	switch g.IntN(5) {
	case 0:
		return 0
	case 1:
		return WeightOne
	}
	return Weight(g.Uint32())
}

func (g *maker) heat() Heat {
	if g.IntN(3) == 0 {
		return 0
	}
	return Heat(g.IntN(12) * 5000)
}

func (g *maker) edges(self ItemNum) (out []Edge) {
	for range g.IntN(8) {
		from := g.num()
		if from != self && !slices.ContainsFunc(out, func(e Edge) bool { return e.From == from }) {
			out = append(out, Edge{from, g.weight()})
		}
	}
	slices.SortFunc(out, func(a, b Edge) int { return int(a.From) - int(b.From) })
	return out
}

func (g *maker) damp() Damp { return Damp(g.IntN(2) * g.IntN(DampOctave+1)) }

func (g *maker) record() *Record {
	r := &Record{Num: g.num(), Hidden: g.IntN(20) == 0, Heat: g.heat()}
	r.ID = ItemID(strconv.Itoa(int(r.Num)))
	switch g.IntN(20) {
	case 0:
		r.ID = ItemID(strconv.Itoa(int(g.num()))) // perhaps another item's
	case 1:
		r.ID = ItemID("again " + strconv.Itoa(g.IntN(5)))
	case 2:
		r.From = g.hour()
	case 3:
		r.Until = g.hour()
	}
	features := map[Feature]Weight{}
	for range g.IntN(9) {
		features[g.feature(KindTerm, KindTerm, KindTag, KindTag, KindCategory, KindAuthor, KindAttribute)] = g.weight()
	}
	if g.IntN(3) == 0 { // a text that others have too, nearly
		for i := range 10 {
			w := Weight(180 + g.IntN(2))
			if g.IntN(12) == 0 {
				w = 0
			}
			features[TermFeature("common "+strconv.Itoa(i))] = w
		}
	}
	for f, w := range features {
		r.Features = append(r.Features, Weighted{f, w})
	}
	slices.SortFunc(r.Features, func(a, b Weighted) int {
		if a.Feature < b.Feature {
			return -1
		}
		return 1
	})
	r.Damp, r.Edges = g.damp(), g.edges(r.Num)
	if g.IntN(2) == 0 {
		r.Published = g.hour()
	}
	if g.IntN(3) == 0 {
		r.Boost = Boost(g.IntN(5)-2) * 24
	}
	if g.IntN(15) == 0 {
		r.Pinned = uint8(1 + g.IntN(MaxPinned))
	}
	return r
}

// change does one random thing to both indexes.
func (g *maker) change(t *testing.T, x *Index, tw twin) {
	t.Helper()
	var got, want bool
	switch g.IntN(6) {
	case 0:
		n := g.num()
		_, want = tw[n]
		delete(tw, n)
		got = x.Delete(n)
	case 1:
		w := Weights{Num: g.num(), Heat: g.heat(), Damp: g.damp()}
		w.Edges = g.edges(w.Num)
		if tw[w.Num] != nil {
			tw[w.Num], want = tw[w.Num].With(w), true
		}
		got = x.Reweigh(w)
	default:
		r := g.record()
		got, want = x.Put(r), tw.put(r)
	}
	if got != want {
		t.Fatalf("a change was taken: %v, want %v", got, want)
	}
}

// empty takes everything out again, in random order.
func (g *maker) empty(t *testing.T, x *Index, tw twin) {
	t.Helper()
	for n := range tw {
		if r := x.Get(n); !reflect.DeepEqual(r, tw[n]) || x.Lookup(r.ID) != r {
			t.Fatalf("Get(%d) = %v, want %v", n, r, tw[n])
		}
		if !x.Delete(n) {
			t.Fatalf("Delete(%d) = false, want true", n)
		}
	}
	x.check(t)
	if x.Len() != 0 || len(x.postings) != 0 || len(x.byID) != 0 || len(x.hottest) != 0 || len(x.newest.chunks) != 0 || len(x.pinned) != 0 || len(x.free) != len(x.slots) {
		t.Fatalf("left over: %d items, %d lists, %d ids, %d chunks, %d of %d slots free",
			x.Len(), len(x.postings), len(x.byID), len(x.hottest)+len(x.newest.chunks)+len(x.pinned), len(x.free), len(x.slots))
	}
}

func (g *maker) policy() *Policy {
	return &Policy{
		HalfLifeHours: int32(1 + g.IntN(200)), PriorWeight: int32(g.IntN(3000)), PriorSpan: int32(g.IntN(30)),
		SelfWeight: int32(g.IntN(2) * (g.IntN(3*One) - One)), Repeat: Repeat(g.IntN(3)),
		SeenAgainHours:   int32(g.IntN(2) * g.IntN(20)),
		DiversityPenalty: int32(g.IntN(4) * g.IntN(60)), DiversityWindow: int32(g.IntN(5)),
		NearDuplicate: int32(g.IntN(2) * (150 + g.IntN(110))),
		ExploreShare:  int32(g.IntN(2) * g.IntN(One)), ExploreHours: int32(g.IntN(20)), ExploreHeat: int32(g.IntN(60_000)),
	}
}

func (g *maker) query() Query {
	q := Query{Policy: g.policy(), Hour: g.hour(), Limit: g.IntN(40), Matched: g.IntN(4) == 0}
	if g.IntN(10) == 0 {
		q.Limit = MaxLimit + 10
	}
	p := Profile{}
	for range g.IntN(6) {
		n := g.num()
		at := g.hour()
		if g.IntN(4) == 0 {
			at = TurnedDown
		}
		p.Seen = append(p.Seen, Seen{n, at})
		p.Current = n
		p.Weights = append(p.Weights, FeatureWeight{Feature: ItemFeature(n), Weight: int32(g.IntN(256_000) - 76_800)})
	}
	for range g.IntN(6) {
		f := g.feature(KindTerm, KindTag, KindCategory, KindAuthor)
		p.Weights = append(p.Weights, FeatureWeight{f, int32(g.IntN(256_000) - 76_800), strconv.Itoa(g.IntN(3))})
	}
	slices.SortFunc(p.Seen, func(a, b Seen) int { return int(a.Item) - int(b.Item) })
	p.Seen = slices.CompactFunc(p.Seen, func(a, b Seen) bool { return a.Item == b.Item })
	p.Weights = sumByFeature(p.Weights)
	q.Profile = &p
	for range g.IntN(3) * g.IntN(2) {
		var group []Feature
		for range 1 + g.IntN(5) {
			group = append(group, g.feature(KindTag, KindCategory, KindAttribute))
		}
		q.Filter.Groups = append(q.Filter.Groups, group)
	}
	for range g.IntN(4) * g.IntN(2) {
		q.Filter.Not = append(q.Filter.Not, g.feature(KindTerm, KindTag, KindCategory, KindAttribute))
	}
	if g.IntN(6) == 0 {
		q.Filter.Since = g.hour()
	}
	if g.IntN(6) == 0 {
		q.Filter.Until = g.hour()
	}
	if g.IntN(3) == 0 {
		q.Before = g.IntN(40)
	}
	q.Seed = uint64(g.IntN(3))
	for range g.IntN(4) {
		q.Exclude = append(q.Exclude, ItemNum(g.IntN(2*g.items)))
	}
	return q
}

// check holds the index against all that its parts promise each other.
func (x *Index) check(t *testing.T) {
	t.Helper()
	lists := map[Feature][]posting{}
	inUse := 0
	for i, sl := range x.slots {
		if sl.rec == nil {
			if !slices.Contains(x.free, uint32(i)) {
				t.Fatalf("slot %d is neither free nor used", i)
			}
			continue
		}
		inUse++
		r := sl.rec
		if want := (slot{r, r.Heat, r.Num, r.From, r.Until, r.Published, r.Hidden, r.Damp, r.Pinned, r.Boost}); sl != want {
			t.Fatalf("slot %d = %+v, want %+v", i, sl, want)
		}
		if s, ok := x.byNum.get(r.Num); !ok || s != uint32(i) || x.byID[r.ID] != uint32(i) {
			t.Fatalf("slot %d is not found by its number or its id", i)
		}
		for _, w := range r.posted() {
			lists[w.Feature] = append(lists[w.Feature], newPosting(uint32(i), w.Weight))
		}
	}
	if x.byNum.len() != inUse || len(x.byID) != inUse || len(x.free)+inUse != len(x.slots) {
		t.Fatalf("%d numbers, %d ids, %d free of %d slots, want %d in use", x.byNum.len(), len(x.byID), len(x.free), len(x.slots), inUse)
	}
	if len(x.postings) != len(lists) {
		t.Fatalf("%d lists, want %d", len(x.postings), len(lists))
	}
	for f, want := range lists {
		got := slices.Sorted(slices.Values(x.postings[f]))
		if !slices.Equal(got, want) {
			t.Fatalf("list of %#x = %v, want %v", uint64(f), got, want)
		}
	}
	all := 0
	for i, o := range x.hottest {
		if i > 0 && x.hottest[i-1].boost >= o.boost {
			t.Fatalf("boost %d behind %d", o.boost, x.hottest[i-1].boost)
		}
		slots := o.check(t, x, byHeat)
		for _, s := range slots {
			if x.slots[s].boost != o.boost {
				t.Fatalf("an item of boost %d among those of %d", x.slots[s].boost, o.boost)
			}
		}
		all += len(slots)
	}
	if all != inUse {
		t.Fatalf("%d items in order, want %d", all, inUse)
	}
	dated, pinned := 0, 0
	for _, sl := range x.slots {
		if sl.published != 0 {
			dated++
		}
		if sl.pinned != 0 {
			pinned++
		}
	}
	if n := len(x.newest.check(t, x, byDate)); dated > 0 && n != dated || dated == 0 && len(x.newest.chunks) != 0 {
		t.Fatalf("%d items by date, want %d", n, dated)
	}
	if len(x.pinned) != pinned || !slices.IsSortedFunc(x.pinned, func(a, b uint32) int { return byPlace(&x.slots[a], &x.slots[b]) }) {
		t.Fatalf("pinned are %v, want %d by their places", x.pinned, pinned)
	}
}

// check returns the slots in their order.
func (o *order) check(t *testing.T, x *Index, by func(a, b *slot) int) (all []uint32) {
	t.Helper()
	for _, c := range o.chunks {
		if len(c) == 0 || len(c) > maxChunk {
			t.Fatalf("a chunk of %d, want 1 to %d", len(c), maxChunk)
		}
		all = append(all, c...)
	}
	for i := 1; i < len(all); i++ {
		if by(&x.slots[all[i-1]], &x.slots[all[i]]) >= 0 {
			t.Fatalf("place %d of the order is not below the one before", i)
		}
	}
	return all
}

// posted returns all that takes part in sums, edges and features, ascending by feature.
func (r *Record) posted() []Weighted {
	out := make([]Weighted, 0, len(r.Features)+len(r.Edges))
	for _, e := range r.Edges {
		if e.Weight > 0 {
			out = append(out, Weighted{ItemFeature(e.From), e.Weight})
		}
	}
	for _, w := range r.Features { // of kinds above KindItem
		if w.Weight > 0 {
			out = append(out, w)
		}
	}
	return out
}
