package wire

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"nigh/core"
)

// odd are records that break careless columns: with everything, with nothing, with labels that fold to nothing or into each
// other, with labels that do not follow from the card, with URLs that hold the id twice, long, or not at all.
func odd() []*core.Record {
	label := func(k core.Kind, s string, w core.Weight) core.Weighted {
		return core.Weighted{Feature: core.LabelFeature(k, s), Weight: w}
	}
	sorted := func(r core.Record) *core.Record {
		slices.SortFunc(r.Features, func(a, b core.Weighted) int {
			if a.Feature < b.Feature {
				return -1
			}
			return 1
		})
		return &r
	}
	return []*core.Record{
		full, small, placed, boosted,
		sorted(core.Record{Num: 9, ID: "c", Features: []core.Weighted{
			label(core.KindTag, "sea", 9), label(core.KindTag, "salt", 8), label(core.KindCategory, "x", 7), label(core.KindAuthor, "Ann", 6),
			label(core.KindAttribute, "y=1", 0), {Feature: core.TermFeature("sea"), Weight: 3},
		}, Card: core.Card{
			Author: "Ann", Tags: []string{"Sea ", "sea", "\u00ad", "", "salt"}, Categories: []string{"x"},
			Attributes: []core.Attribute{{Name: "y", Value: "1"}}, URL: "/c/c", Image: "https://img/c.jpg",
		}}),
		sorted(core.Record{Num: 8, ID: "d", Features: []core.Weighted{label(core.KindAttribute, "y=1", 5), label(core.KindAuthor, "Ann", 0)},
			Card: core.Card{Author: "Ann", Attributes: []core.Attribute{{Name: "y", Value: "1"}}, URL: "/" + strings.Repeat("x", maxPattern) + "d", Image: "/" + strings.Repeat("x", maxPattern-1) + "d"}}),
		sorted(core.Record{Num: 7, ID: "e", Features: []core.Weighted{label(core.KindTag, "elsewhere", 5)}, Card: core.Card{URL: "//e", Image: "e"}}),
		{Num: 6, ID: "f", Card: core.Card{Tags: []string{"no features"}}},
		{Num: 1 << 31, ID: core.ItemID(strings.Repeat("i", core.MaxIDBytes)), Edges: []core.Edge{{From: 1<<32 - 1, Weight: 1}}},
	}
}

// random are n records of a small world, in which much is alike.
func random(rnd *rand.Rand, n int) []*core.Record {
	word := func() string { return fmt.Sprint("w", rnd.IntN(40)) }
	out := make([]*core.Record, n)
	for i := range out {
		r := &core.Record{Num: core.ItemNum(rnd.Uint32N(1<<20) + 1), ID: core.ItemID(fmt.Sprint("id-", i)), Heat: core.Heat(rnd.Int32N(1 << 20)), Damp: core.Damp(rnd.IntN(core.DampOctave + 1))}
		r.Hidden = rnd.IntN(4) == 0
		for _, h := range []*core.Hour{&r.From, &r.Until, &r.Published} {
			if rnd.IntN(2) == 0 {
				*h = core.Hour(rnd.Uint32())
			}
		}
		if rnd.IntN(3) == 0 {
			r.Pinned, r.Boost = uint8(rnd.IntN(core.MaxPinned+1)), core.Boost(rnd.IntN(2*int(core.MaxBoost)+1)-int(core.MaxBoost))
		}
		c := &r.Card
		c.Title, c.Summary = word()+" "+word(), strings.Repeat(word()+" ", rnd.IntN(9))
		switch rnd.IntN(3) {
		case 0:
			c.URL, c.Image = "https://example.org/"+string(r.ID)+"/", "/i/"+string(r.ID)+".jpg"
		case 1:
			c.URL = "/" + word()
		}
		if rnd.IntN(3) > 0 {
			c.Author = word()
		}
		for range rnd.IntN(5) {
			c.Tags = append(c.Tags, word())
		}
		for range rnd.IntN(3) {
			c.Categories = append(c.Categories, word())
		}
		for _, name := range []string{"a", "b", "c"} {
			if rnd.IntN(2) == 0 {
				c.Attributes = append(c.Attributes, core.Attribute{Name: name, Value: word()})
			}
		}
		labels := cardLabels(nil, c)
		if rnd.IntN(5) == 0 && len(labels) > 0 {
			labels = labels[1:] // not those of the card
		}
		terms := map[core.Feature]bool{}
		for range rnd.IntN(32) {
			terms[core.TermFeature(word())] = true
		}
		for f := range terms {
			labels = addLabel(labels, f)
		}
		for _, f := range labels {
			w := core.Weighted{Feature: f, Weight: core.Weight(rnd.IntN(256))}
			if f.Kind() == core.KindAttribute && rnd.IntN(9) > 0 {
				w.Weight = 0
			}
			r.Features = append(r.Features, w)
		}
		last := core.ItemNum(0)
		for range rnd.IntN(core.MaxEdges + 1) {
			if last += core.ItemNum(rnd.IntN(300) + 1); last != r.Num {
				r.Edges = append(r.Edges, core.Edge{From: last, Weight: core.Weight(rnd.IntN(256))})
			}
		}
		out[i] = r
	}
	return out
}

func TestColumns_AreTheRecordsThatWentIn(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	sets := [][]*core.Record{nil, odd()}
	for _, r := range odd() {
		sets = append(sets, []*core.Record{r})
	}
	for range 60 {
		sets = append(sets, random(rnd, rnd.IntN(80)))
	}
	for i, want := range sets {
		columns := AppendRecords([]byte("head"), want)[4:]
		got, err := ReadRecords(columns)
		if err != nil || len(got) != len(want) {
			t.Fatalf("set %d: ReadRecords = %d records, %v, want %d", i, len(got), err, len(want))
		}
		if again := AppendRecords(nil, got); !bytes.Equal(again, columns) {
			t.Errorf("set %d: the same records have two columnar forms", i)
		}
		clear(columns) // they share no memory with the frame
		for j, r := range want {
			// The packed form is the twin: both must be equal to what came in, and to each other.
			if !reflect.DeepEqual(got[j], r) || !bytes.Equal(AppendRecord(nil, got[j]), AppendRecord(nil, r)) {
				t.Fatalf("set %d, record %d = %+v, want %+v", i, j, got[j], r)
			}
		}
	}
}

func TestColumns_CarryRecordsOfVersion1(t *testing.T) {
	packed, err := lines("record")
	if err != nil || len(packed) < 3 {
		t.Fatalf("%d packed records, %v", len(packed), err)
	}
	for _, p := range packed {
		want, err := ReadRecord(p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadRecords(AppendRecords(nil, []*core.Record{want}))
		if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], want) {
			t.Errorf("%x comes back as %+v, %v, want %+v", p, got, err, want)
		}
	}
}

func TestColumns_OfWeights(t *testing.T) {
	var want []core.Weights
	for _, r := range append(odd(), random(rand.New(rand.NewPCG(3, 4)), 300)...) {
		want = append(want, r.Weights())
	}
	for _, want := range [][]core.Weights{want[:0], want[:1], want} {
		columns := AppendAllWeights(nil, want)
		got, err := ReadAllWeights(columns)
		if err != nil || len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%d weights come back as %d, %v, or changed", len(want), len(got), err)
		}
		for n := range columns[:min(len(columns), 2000)] {
			if got, err := ReadAllWeights(columns[:n]); err != ErrTorn || got != nil {
				t.Fatalf("the first %d of %d bytes = %v, %v, want ErrTorn", n, len(columns), got, err)
			}
		}
		if _, err := ReadAllWeights(append(columns, 0)); err != ErrTorn {
			t.Errorf("a byte too many = %v, want ErrTorn", err)
		}
	}
}

func TestReadRecords_RefusesWhatNoIndexMayHold(t *testing.T) {
	columns := AppendRecords(nil, odd())
	for n := range columns {
		if got, err := ReadRecords(columns[:n]); err != ErrTorn || got != nil {
			t.Fatalf("the first %d of %d bytes = %v, %v, want ErrTorn", n, len(columns), got, err)
		}
	}
	if _, err := ReadRecords(append(columns, 0)); err != ErrTorn {
		t.Errorf("a byte too many = %v, want ErrTorn", err)
	}
	many := &core.Record{Num: 1, ID: "a"}
	for i := range core.MaxFeatures + 1 {
		many.Features = append(many.Features, core.Weighted{Feature: core.Feature(core.KindTerm)<<56 | core.Feature(i)})
	}
	tags := &core.Record{Num: 1, ID: "a", Features: many.Features[:core.MaxFeatures]}
	tags.Card.Tags = []string{"a"}
	tags.Features = append(slices.Clone(tags.Features), core.Weighted{Feature: core.LabelFeature(core.KindTag, "a")})
	edges := &core.Record{Num: 1, ID: "a"}
	for i := range core.MaxEdges + 1 {
		edges.Edges = append(edges.Edges, core.Edge{From: core.ItemNum(i + 2), Weight: 9})
	}
	for name, r := range map[string]*core.Record{
		"number 0":                 {ID: "a"},
		"no id":                    {Num: 1},
		"an id too long":           {Num: 1, ID: core.ItemID(strings.Repeat("x", core.MaxIDBytes+1))},
		"a negative heat":          {Num: 1, ID: "a", Heat: -1},
		"an item as a feature":     {Num: 1, ID: "a", Features: []core.Weighted{{Feature: core.ItemFeature(5)}}},
		"an unknown kind":          {Num: 1, ID: "a", Features: []core.Weighted{{Feature: 7 << 56}}},
		"a hash of 41 bits":        {Num: 1, ID: "a", Features: []core.Weighted{{Feature: 2<<56 | 1<<40}}},
		"a feature twice":          {Num: 1, ID: "a", Features: []core.Weighted{{Feature: 2 << 56}, {Feature: 2 << 56}}},
		"too many features":        many,
		"too many with labels":     tags,
		"too many edges":           edges,
		"an edge from itself":      {Num: 1, ID: "a", Edges: []core.Edge{{From: 1}}},
		"an edge from nothing":     {Num: 1, ID: "a", Edges: []core.Edge{{From: 0}}},
		"an edge twice":            {Num: 1, ID: "a", Edges: []core.Edge{{From: 2}, {From: 2}}},
		"edges out of order":       {Num: 1, ID: "a", Edges: []core.Edge{{From: 3}, {From: 2}}},
		"a damp beyond its octave": {Num: 1, ID: "a", Damp: core.DampOctave + 1},
		"a script as URL":          {Num: 1, ID: "x", Card: core.Card{URL: "javascript:alert()"}},
		"a script around the id":   {Num: 1, ID: "x", Card: core.Card{URL: "javascript:x()"}},
		"a script as image":        {Num: 1, ID: "a", Card: core.Card{Image: "data:x"}},
		"an attribute twice":       {Num: 1, ID: "a", Card: core.Card{Attributes: []core.Attribute{{Name: "a", Value: "1"}, {Name: "a", Value: "2"}}}},
		"attributes out of order":  {Num: 1, ID: "a", Card: core.Card{Attributes: []core.Attribute{{Name: "b"}, {Name: "a"}}}},
		"pinned to place 11":       {Num: 1, ID: "a", Pinned: core.MaxPinned + 1},
		"a boost beyond bounds":    {Num: 1, ID: "a", Boost: core.MaxBoost + 1},
	} {
		for _, set := range [][]*core.Record{{r}, {small, r, placed}} {
			if got, err := ReadRecords(AppendRecords(nil, set)); err != ErrTorn || got != nil {
				t.Errorf("%s: ReadRecords = %+v, %v, want ErrTorn", name, got, err)
			}
		}
	}
	least := AppendRecords(nil, []*core.Record{small})
	if len(least) < leastRecord {
		t.Fatalf("a record takes %d bytes; leastRecord is too large", len(least))
	}
	for i, c := range map[int]byte{2: 0x80, 3: 0x80} { // of the flags and the heat
		torn := bytes.Clone(least)
		torn[i] = c
		if got, err := ReadRecords(torn); err != ErrTorn {
			t.Errorf("byte %d as %x = %+v, %v, want ErrTorn", i, c, got, err)
		}
	}
	for flag := byte(flagFrom); flag < flagLabels; flag <<= 1 { // a flag for nothing
		torn := slices.Insert(bytes.Clone(least), 3, 0)
		torn[2] = flag
		if got, err := ReadRecords(torn); err != ErrTorn {
			t.Errorf("flag %x for nothing = %+v, %v, want ErrTorn", flag, got, err)
		}
	}
}

// Columns are where few bytes may become many: numbers of a dictionary, patterns, claims of how many there are.
func TestReadRecords_TakesNoMoreMemoryThanItsBytesJustify(t *testing.T) {
	const most = 64 // bytes for one
	var wide []*core.Record
	for i := range 4000 {
		id := fmt.Sprint(i % 10)
		long := "/" + strings.Repeat("x", maxPattern-1)
		wide = append(wide, &core.Record{Num: core.ItemNum(i + 1), ID: core.ItemID(id), Card: core.Card{URL: long + id, Image: long + id}})
	}
	labelled := &core.Record{Num: 1, ID: "a"}
	for range 100_000 {
		labelled.Card.Tags = append(labelled.Card.Tags, "t")
	}
	labelled.Features = []core.Weighted{{Feature: core.LabelFeature(core.KindTag, "t")}}
	claims := bytes.Repeat([]byte{0xff, 0xff, 3}, 1000)
	for name, b := range map[string][]byte{
		"patterns": AppendRecords(nil, wide), "labels": AppendRecords(nil, []*core.Record{labelled}), "claims": claims,
		"a huge claim": {0xff, 0xff, 0xff, 0xff, 15, 1, 2, 3}, "columns": AppendRecords(nil, random(rand.New(rand.NewPCG(1, 1)), 2000)),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = ReadRecords(b)
		runtime.ReadMemStats(&after)
		if got := int(after.TotalAlloc - before.TotalAlloc); got > most*len(b)+20_000 {
			t.Errorf("%s: %d bytes take %d of memory, %d for one, want at most %d", name, len(b), got, got/len(b), most)
		}
	}
}

func FuzzReadRecords(f *testing.F) {
	seeds(f, "records")
	f.Add(AppendRecords(nil, odd()))
	f.Add(AppendRecords(nil, random(rand.New(rand.NewPCG(7, 7)), 9)))
	f.Fuzz(func(t *testing.T, b []byte) {
		costs(t, len(b), costByte, func() { ReadRecords(b) })
		before := bytes.Clone(b)
		got, err := ReadRecords(b)
		if !bytes.Equal(b, before) {
			t.Fatal("ReadRecords changed its bytes")
		}
		if err != nil {
			if got != nil || err != ErrTorn {
				t.Fatalf("ReadRecords = %+v, %v, want nothing and ErrTorn", got, err)
			}
			return
		}
		again, err := ReadRecords(AppendRecords(nil, got))
		if err != nil || len(got) > 0 && !reflect.DeepEqual(again, got) {
			t.Fatalf("%x becomes %v, %v", b, again, err)
		}
		for _, r := range got { // by the rules of ReadRecord
			if same, err := ReadRecord(AppendRecord(nil, r)); err != nil || !reflect.DeepEqual(same, r) {
				t.Fatalf("%+v is no record: %+v, %v", r, same, err)
			}
		}
	})
}

func FuzzReadAllWeights(f *testing.F) {
	seeds(f, "allweights")
	f.Fuzz(func(t *testing.T, b []byte) {
		costs(t, len(b), costByte, func() { ReadAllWeights(b) })
		got, err := ReadAllWeights(b)
		if err != nil {
			if got != nil || err != ErrTorn {
				t.Fatalf("ReadAllWeights = %+v, %v, want nothing and ErrTorn", got, err)
			}
			return
		}
		if again := AppendAllWeights(nil, got); !bytes.Equal(again, b) {
			t.Fatalf("%x becomes %x", b, again)
		}
		for _, w := range got {
			if same, err := ReadWeights(AppendWeights(nil, w)); err != nil || !reflect.DeepEqual(same, w) {
				t.Fatalf("%+v are no weights: %+v, %v", w, same, err)
			}
		}
	})
}
