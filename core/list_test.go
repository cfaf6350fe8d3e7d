package core

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// shelf is an index of items made by hand; ids are "1", "2"…
func shelfOf(records ...*Record) *Index {
	x := NewIndex()
	for i, r := range records {
		r.Num, r.ID = ItemNum(i+1), ItemID(fmt.Sprint(i+1))
		slices.SortFunc(r.Features, func(a, b Weighted) int {
			if a.Feature < b.Feature {
				return -1
			}
			return 1
		})
		x.Put(r)
	}
	return x
}

// ask returns the list for q in numbers, "3 1 2".
func ask(x *Index, q Query) string {
	if q.Profile == nil {
		q.Profile = &Profile{}
	}
	if q.Limit == 0 {
		q.Limit = 20
	}
	var out []string
	for _, r := range x.Rank(new(Scratch), q) {
		out = append(out, fmt.Sprint(r.Num))
	}
	return strings.Join(out, " ")
}

func tagged(tags ...string) *Record {
	r := &Record{}
	for _, tag := range tags {
		r.Features = append(r.Features, Weighted{LabelFeature(KindTag, tag), WeightOne})
	}
	return r
}

func TestBoost_LiftShowsItsArithmetic(t *testing.T) {
	for _, c := range []struct {
		boost       Boost
		score, want int64
	}{
		{0, 1000, 1000}, {16, 1000, 2000}, {-16, 1000, 500}, {48, 1000, 8000}, {-48, 1000, 125},
		{8, One, 92682},                                      // √2 in units of 1/65536
		{16, -1000, -500}, {-16, -1000, -2000}, {16, -1, -1}, // raised, rounded down
		{48, math.MaxInt64, 8 << 45}, {-48, math.MinInt64, -8 << 45},
	} {
		if got := c.boost.lift(c.score); got != c.want {
			t.Errorf("Boost(%d).lift(%d) = %d, want %d", c.boost, c.score, got, c.want)
		}
	}
	for b := -MaxBoost; b < MaxBoost; b++ {
		for _, score := range []int64{-One, -1000, 0, 1000, One} {
			if b.lift(score) > (b+1).lift(score) || b.lift(score) > b.lift(score+1) {
				t.Errorf("Boost(%d).lift(%d) does not rise with boost and score", b, score)
			}
		}
	}
	for factor, want := range map[int64]Boost{0: 0, -5: 0, One: 0, 2 * One: 16, One / 2: -16, 8 * One: 48, 1 << 40: 48, 1: -48, One * 3 / 2: 9} {
		if got := QuantizeBoost(factor); got != want {
			t.Errorf("QuantizeBoost(%d) = %d, want %d", factor, got, want)
		}
	}
}

func TestBoost_RaisesInTheListAndNotInMoreLikeThis(t *testing.T) {
	plain, boosted := tagged("sea"), tagged("sea")
	plain.Features[0].Weight++
	boosted.Boost = 16
	plain.Edges, boosted.Edges = []Edge{{9, 100}}, []Edge{{9, 99}}
	x := shelfOf(plain, boosted)
	p := Profile{Weights: []FeatureWeight{{Feature: LabelFeature(KindTag, "sea"), Weight: One, Label: "sea"}}}
	q := Query{Profile: &p, Policy: &Policy{}}
	if got := ask(x, q); got != "2 1" {
		t.Errorf("list = %s, want 2, whose score is doubled, first", got)
	}
	like := ItemProfile(9)
	if got := ask(x, Query{Profile: &like, Policy: &Policy{}, Matched: true}); got != "1 2" {
		t.Errorf("more like this = %s, want no boost in it", got)
	}
	want := []Reason{{LabelFeature(KindTag, "sea"), "sea", One}, {Feature: Boosted, Score: One}}
	if got := x.Explain(2, q, 3); !slices.Equal(got, want[:]) && !slices.Equal(got, []Reason{want[1], want[0]}) {
		t.Errorf("Explain = %v, want %v", got, want)
	}
}

func TestPins_HaveTheirPlacesUnlessTheReaderOrTheRequestSaysNo(t *testing.T) {
	pin := func(place uint8) *Record { r := tagged("sea"); r.Pinned = place; return r }
	x := shelfOf(tagged("sea"), tagged("sea"), tagged("sea"), pin(2), pin(2), pin(9)) // unpinned: 3 2 1, the newest first
	sea, space := LabelFeature(KindTag, "sea"), LabelFeature(KindTag, "space")
	for name, c := range map[string]struct {
		q    Query
		want string
	}{
		"in their places, the newer first":        {Query{}, "3 5 4 2 1 6"}, // the last is due at 9: behind what there is
		"not in a list too short":                 {Query{Limit: 1}, "3"},
		"on a later page, first":                  {Query{Before: 5, Exclude: []ItemNum{3}}, "5 4 2 6 1"},
		"excluded":                                {Query{Exclude: []ItemNum{5}}, "3 4 2 1 6"},
		"filtered":                                {Query{Filter: Filter{Groups: [][]Feature{{space}}}}, ""},
		"seen":                                    {Query{Policy: &Policy{Repeat: RepeatDropSeen}, Profile: &Profile{Seen: []Seen{{4, 0}}}}, "3 5 2 1 6"},
		"seen, where that does not matter":        {Query{Profile: &Profile{Seen: []Seen{{4, 0}}}}, "3 5 4 2 1 6"},
		"turned down":                             {Query{Profile: &Profile{Weights: []FeatureWeight{{Feature: ItemFeature(5), Weight: -1}}}}, "5 4 3 2 1 6"},
		"not in more like this":                   {Query{Matched: true, Profile: &Profile{Weights: []FeatureWeight{{Feature: sea, Weight: 1}}}}, "6 5 4 3 2 1"},
		"not the reader's taste, but the owner's": {Query{Profile: &Profile{Weights: []FeatureWeight{{Feature: sea, Weight: -9}}}}, "3 5 4 2 1 6"},
	} {
		if c.q.Policy == nil {
			c.q.Policy = &Policy{}
		}
		if got := ask(x, c.q); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	hidden := *x.Get(5)
	hidden.Hidden = true
	x.Put(&hidden)
	if got := ask(x, Query{Policy: &Policy{}}); got != "3 4 2 1 6" {
		t.Errorf("with a hidden pin: %s, want it gone", got)
	}
	if got := x.Explain(4, Query{Policy: &Policy{}, Profile: &Profile{}}, 3); !slices.Equal(got, []Reason{{Feature: Pinned}}) {
		t.Errorf("Explain = %v, want pinned", got)
	}
}

func TestSeenAgain_Table(t *testing.T) {
	x := shelfOf(tagged("a"), tagged("b"), tagged("c"))
	h := History{
		{Item: 3, Strength: ProfileOne, At: 1000 * 3_600_000},
		{Item: 2, Strength: ProfileOne, At: 900 * 3_600_000},
		{Item: 1, Strength: -ProfileOne, At: 100 * 3_600_000}, // turned down: never again
	}
	for _, c := range []struct {
		repeat Repeat
		after  int32
		now    Hour
		want   string
	}{
		{RepeatDropSeen, 0, 100_000, ""},
		{RepeatDropSeen, 48, 1000, "2"},
		{RepeatDropSeen, 100, 999, ""}, // 99 hours
		{RepeatDropSeen, 100, 1000, "2"},
		{RepeatDropSeen, 100, 1100, "3 2"},
		{RepeatDropSeen, 100, 900, ""}, // a clock that was set back
		{RepeatDropCurrent, 0, 100_000, "2 1"},
		{RepeatDropCurrent, 100, 1099, "2 1"},
		{RepeatDropCurrent, 100, 1100, "3 2 1"},
		{RepeatAllow, 100, 1000, "3 2 1"},
	} {
		policy := &Policy{Repeat: c.repeat, SeenAgainHours: c.after}
		p := NewProfile(h, nil, policy, nil, nil)
		p.Weights = nil
		if got := ask(x, Query{Profile: &p, Policy: policy, Hour: c.now}); got != c.want {
			t.Errorf("repeat %d, again after %d, at %d: %q, want %q", c.repeat, c.after, c.now, got, c.want)
		}
	}
}

// prose is a text of so many words from a number on.
func prose(from, words int) *Record {
	r := &Record{}
	for i := range words {
		r.Features = append(r.Features, Weighted{TermFeature(fmt.Sprint("word", from+i)), WeightOne})
	}
	return r
}

func TestNear_ShowsItsArithmetic(t *testing.T) {
	whole := Weighted{LabelFeature(KindTag, "x"), WeightOne}
	half := Weighted{whole.Feature, WeightOne - 16}
	with := func(r *Record, more ...Weighted) *Record { r.Features = append(r.Features, more...); return r }
	for _, c := range []struct {
		a, b  *Record
		share int32
		want  bool
	}{
		{prose(0, 10), prose(0, 10), 256, true},
		{prose(0, 7), prose(0, 7), 1, false},    // too little is known
		{prose(0, 12), prose(4, 8), 170, true},  // 8 of 12
		{prose(0, 12), prose(4, 8), 171, false}, // 2/3 of 256 is 170.7
		{prose(0, 12), prose(4, 12), 128, true}, // 8 of 16
		{prose(0, 12), prose(4, 12), 129, false},
		{prose(0, 8), with(prose(0, 8), Weighted{LabelFeature(KindAttribute, "size=9"), 0}), 256, true},
		{prose(0, 8), with(prose(0, 8), whole), 256, false},
		{with(prose(0, 8), half), with(prose(0, 8), whole), 241, true}, // 8.5 of 9 is 241.8 of 256
		{with(prose(0, 8), half), with(prose(0, 8), whole), 242, false},
	} {
		shelfOf(c.a, c.b) // sorts
		if got, back := near(c.a, c.b, c.share), near(c.b, c.a, c.share); got != c.want || got != back {
			t.Errorf("near(%d, %d features, %d) = %v and %v, want %v", len(c.a.Features), len(c.b.Features), c.share, got, back, c.want)
		}
	}
}

func TestNearDuplicates_DoNotStandSideBySide(t *testing.T) {
	var records []*Record
	for i := range 24 {
		r := prose(i/4*100, 12) // six texts, four times each
		r.Heat = Heat(1000 - i)
		records = append(records, r)
	}
	x := shelfOf(records...)
	q := Query{Profile: &Profile{}, Policy: &Policy{NearDuplicate: 200}, Limit: 24}
	list := x.Rank(new(Scratch), q)
	if len(list) != 24 {
		t.Fatalf("%d places, want all 24", len(list))
	}
	for i := 1; i < 20; i++ { // towards the end only copies are left
		if near(x.Get(list[i-1].Num), x.Get(list[i].Num), 200) {
			t.Errorf("places %d and %d are near-duplicates: %v", i-1, i, list)
		}
	}
	if list[0].Num != 1 || list[1].Num != 5 {
		t.Errorf("the list begins with %v, want the first and then the best that is no copy of it", list[:2])
	}
	q.Policy = &Policy{}
	if got := ask(x, q); !strings.HasPrefix(got, "1 2 3 4 5 ") {
		t.Errorf("without the rule: %s, want the order of heat", got)
	}
	same := shelfOf(prose(0, 12), prose(0, 12), prose(0, 12))
	if got := ask(same, Query{Policy: &Policy{NearDuplicate: 200}}); got != "3 2 1" {
		t.Errorf("a shelf of copies: %s, want all of them all the same", got)
	}
}

// explorers is a catalog in which old items are met and the last ones are new.
func explorers(old, young int) (*Index, *Policy) {
	policy := &Policy{
		HalfLifeHours: 336, PriorWeight: 131, PriorSpan: 12,
		ExploreShare: One / 10, ExploreHours: 336, ExploreHeat: 2 * HeatUnit,
	}
	var records []*Record
	at := func(published Hour, octaves int) Heat {
		return Heat(int64(published)*HeatUnit/int64(policy.HalfLifeHours)) + Heat(octaves*HeatUnit)
	}
	for i := range old {
		published := Hour(400_000 + i)
		records = append(records, &Record{Published: published, Heat: at(490_000, 3)})
	}
	for i := range young {
		published := Hour(489_900 + i%100)
		records = append(records, &Record{Published: published, Heat: at(published, 1)})
	}
	return shelfOf(records...), policy
}

func TestExplore_GivesNewItemsTheirShareAndNoMore(t *testing.T) {
	const old, young, limit, readers = 200, 30, 50, 400
	x, policy := explorers(old, young)
	s := &Scratch{}
	places, at := 0, map[int]int{}
	met := map[ItemNum]int{}
	for reader := range readers {
		q := Query{Profile: &Profile{}, Policy: policy, Hour: 490_000, Limit: limit, Seed: Seed(fmt.Sprint("reader", reader))}
		list := x.Rank(s, q)
		mine := 0
		for i, r := range list {
			if r.Num > old {
				mine++
				at[i]++
				met[r.Num]++
			}
		}
		places += mine
		if mine > limit/10+1 { // a tenth, from anywhere on
			t.Fatalf("reader %d: %d of %d places hold new items, want at most %d", reader, mine, limit, limit/10+1)
		}
		if again := x.Rank(s, q); !slices.Equal(again, list) {
			t.Fatalf("reader %d: another list the second time", reader)
		}
		for _, r := range list {
			marked := slices.Contains(x.Explain(r.Num, q, 3), Reason{Feature: New})
			if marked != (r.Num > old) {
				t.Fatalf("item %d is called new: %v", r.Num, marked)
			}
		}
	}
	if want := readers * limit / 10; places < want*9/10 || places > want*11/10 {
		t.Errorf("%d places hold new items, want about %d", places, want)
	}
	if at[0] != 0 || len(at) < limit-2 {
		t.Errorf("new items stand at %d different places, %d times at the first; want all but the first", len(at), at[0])
	}
	if len(met) != young {
		t.Errorf("%d of %d new items were shown, want all", len(met), young)
	}
}

func TestExplore_IsAnotherForOthersAndTomorrow(t *testing.T) {
	x, policy := explorers(200, 30)
	list := func(reader string, hour Hour) string {
		return ask(x, Query{Policy: policy, Hour: hour, Limit: 50, Seed: Seed(reader)})
	}
	const midnight = 490_008 // a multiple of 24
	if list("ada", midnight) != list("ada", midnight+23) {
		t.Error("the places of new items move within a day")
	}
	if list("ada", midnight) == list("ada", midnight+24) || list("ada", midnight) == list("ben", midnight) {
		t.Error("two days or two readers have the same new items in the same places")
	}
}

func TestExplore_LeavesAloneWhatIsNewAlreadyOldOrUnwanted(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *Record, p *Policy)
		want   bool
	}{
		"as they are":           {func(*Record, *Policy) {}, true},
		"turned off":            {func(_ *Record, p *Policy) { p.ExploreShare = 0 }, false},
		"met by many":           {func(r *Record, _ *Policy) { r.Heat += 2 * HeatUnit }, false},
		"published long ago":    {func(_ *Record, p *Policy) { p.ExploreHours = 1 }, false},
		"published some day":    {func(r *Record, _ *Policy) { r.Published = 0 }, false},
		"not yet published":     {func(r *Record, _ *Policy) { r.Published, r.From = 490_001, 490_001 }, false},
		"hidden":                {func(r *Record, _ *Policy) { r.Hidden = true }, false},
		"like what is disliked": {func(r *Record, _ *Policy) { r.Edges = []Edge{{1, WeightOne}} }, false},
	} {
		x, policy := explorers(200, 5)
		for n := ItemNum(201); n <= 205; n++ {
			r := *x.Get(n)
			c.change(&r, policy)
			x.Put(&r)
		}
		p := Profile{Weights: []FeatureWeight{{Feature: ItemFeature(1), Weight: -One}}}
		found := false
		for _, r := range x.Rank(new(Scratch), Query{Profile: &p, Policy: policy, Hour: 490_000, Limit: 50, Seed: 1}) {
			found = found || r.Num > 200
		}
		if found != c.want {
			t.Errorf("%s: new items in the list: %v, want %v", name, found, c.want)
		}
	}
	x, policy := explorers(0, 40) // where all is new nothing is moved
	with := ask(x, Query{Policy: policy, Hour: 490_000, Limit: 40, Seed: 1})
	policy.ExploreShare = 0
	if without := ask(x, Query{Policy: policy, Hour: 490_000, Limit: 40, Seed: 1}); with != without {
		t.Errorf("a catalog of new items is listed as\n%s, want\n%s", with, without)
	}
}

func TestRank_AllocatesItsAnswerAlone(t *testing.T) {
	var records []*Record
	for i := range 600 {
		r := prose(i%50, 12)
		r.Edges, r.Published, r.Boost = []Edge{{ItemNum(i%7 + 1000), 100}}, 490_000, Boost(i%3)
		records = append(records, r)
	}
	x := shelfOf(records...)
	p := Profile{Weights: []FeatureWeight{{Feature: ItemFeature(1000), Weight: One / 30}, {Feature: TermFeature("word20"), Weight: -One / 90}}}
	p.Weights = sumByFeature(p.Weights)
	q := Query{
		Profile: &p, Policy: &Policy{HalfLifeHours: 336, ExploreShare: One / 4, ExploreHours: 99, DiversityPenalty: 9, DiversityWindow: 3, NearDuplicate: 200},
		Hour: 490_000, Limit: 50, Filter: Filter{Not: []Feature{TermFeature("word3")}},
	}
	s := &Scratch{}
	x.Rank(s, q)
	if n := testing.AllocsPerRun(50, func() { x.Rank(s, q) }); n > 1 {
		t.Errorf("%.0f allocations a ranking, want 1", n)
	}
}
