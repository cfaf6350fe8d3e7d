package wire

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"

	"nigh/core"
)

// full is a record with everything in it.
var full = &core.Record{
	Num: 300, ID: "moby-dick", Hidden: true, From: 495_000, Until: math.MaxUint32, Heat: math.MaxInt32,
	Features: []core.Weighted{
		{Feature: core.TermFeature("whale"), Weight: 200},
		{Feature: core.LabelFeature(core.KindTag, "sea"), Weight: 255},
		{Feature: core.LabelFeature(core.KindCategory, "novel"), Weight: 1},
		{Feature: core.LabelFeature(core.KindAuthor, "Herman Melville"), Weight: 2},
		{Feature: core.LabelFeature(core.KindAttribute, "year=1851")},
	},
	Edges: []core.Edge{{From: 1, Weight: 255}, {From: 2, Weight: 200}, {From: 7, Weight: 0}, {From: math.MaxUint32, Weight: 200}},
	Damp:  core.DampOctave,
	Card: core.Card{
		Title: "Moby-Dick <b>", Summary: "A \"white\" whale.\n", URL: "https://example.org/a?b=c", Image: "/i.jpg", Author: "Herman Melville",
		Tags: []string{"sea", ""}, Categories: []string{"novel"}, Attributes: []core.Attribute{{Name: "medium", Value: "book"}, {Name: "year", Value: "1851"}},
	},
}

var small = &core.Record{Num: 1, ID: "a"}

// placed is a record with what version 2 added.
var placed = &core.Record{Num: 2, ID: "b", Published: 494_000, Pinned: core.MaxPinned, Boost: -core.MaxBoost}

var boosted = &core.Record{Num: 2, ID: "b", Boost: core.MaxBoost}

func TestRecord_SurvivesTheWire(t *testing.T) {
	for _, r := range []*core.Record{small, full, placed, boosted} {
		packed := AppendRecord([]byte("head"), r)[4:]
		got, err := ReadRecord(packed)
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("ReadRecord = %+v, %v, want %+v", got, err, r)
		}
		for n := range packed {
			if got, err := ReadRecord(packed[:n]); err != ErrTorn {
				t.Errorf("the first %d of %d bytes = %+v, %v, want ErrTorn", n, len(packed), got, err)
			}
		}
		if _, err := ReadRecord(append(bytes.Clone(packed), 0)); err != ErrTorn {
			t.Errorf("a byte too many = %v, want ErrTorn", err)
		}
		clear(packed) // it shares no memory with the frame
		if !reflect.DeepEqual(got, r) {
			t.Errorf("after the frame was overwritten: %+v, want %+v", got, r)
		}
		w := r.Weights()
		weights := AppendWeights(nil, w)
		if got, err := ReadWeights(weights); err != nil || !reflect.DeepEqual(got, w) {
			t.Errorf("ReadWeights = %+v, %v, want %+v", got, err, w)
		}
		for n := range weights {
			if _, err := ReadWeights(weights[:n]); err != ErrTorn {
				t.Errorf("the first %d of %d bytes of weights = %v, want ErrTorn", n, len(weights), err)
			}
		}
	}
}

func TestReadRecord_RefusesWhatNoIndexMayHold(t *testing.T) {
	change := func(f func(r *core.Record)) []byte {
		r := *full
		r.Features, r.Edges = append([]core.Weighted{}, r.Features...), append([]core.Edge{}, r.Edges...)
		r.Card.Attributes = append([]core.Attribute{}, r.Card.Attributes...)
		f(&r)
		return AppendRecord(nil, &r)
	}
	rest := AppendRecord(nil, small)[1:]
	many := core.Record{Num: 1, ID: "a"}
	for i := range core.MaxFeatures + 1 {
		many.Features = append(many.Features, core.Weighted{Feature: core.Feature(core.KindTerm)<<56 | core.Feature(i)})
		many.Edges = append(many.Edges, core.Edge{From: core.ItemNum(i + 2), Weight: 9})
	}
	features, edges := many, many
	features.Edges, edges.Features = nil, nil
	for name, packed := range map[string][]byte{
		"number 0":                 change(func(r *core.Record) { r.Num = 0 }),
		"no id":                    change(func(r *core.Record) { r.ID = "" }),
		"an id too long":           change(func(r *core.Record) { r.ID = core.ItemID(strings.Repeat("x", core.MaxIDBytes+1)) }),
		"a negative heat":          change(func(r *core.Record) { r.Heat = -1 }),
		"features out of order":    change(func(r *core.Record) { r.Features[0], r.Features[1] = r.Features[1], r.Features[0] }),
		"a feature twice":          change(func(r *core.Record) { r.Features[1] = r.Features[0] }),
		"an item as a feature":     change(func(r *core.Record) { r.Features[0].Feature = core.ItemFeature(5) }),
		"an unknown kind":          change(func(r *core.Record) { r.Features[4].Feature = 7 << 56 }),
		"too many features":        AppendRecord(nil, &features),
		"too many edges":           AppendRecord(nil, &edges),
		"an edge from itself":      change(func(r *core.Record) { r.Edges[0].From = r.Num }),
		"an edge from nothing":     change(func(r *core.Record) { r.Edges[0].From = 0 }),
		"an edge twice":            change(func(r *core.Record) { r.Edges[1].From = 1 }),
		"a damp beyond its octave": change(func(r *core.Record) { r.Damp = core.DampOctave + 1 }),
		"edges out of order":       change(func(r *core.Record) { r.Edges[0], r.Edges[1] = r.Edges[1], r.Edges[0] }),
		"a script as URL":          change(func(r *core.Record) { r.Card.URL = "javascript:x" }),
		"a script as image":        change(func(r *core.Record) { r.Card.Image = "data:x" }),
		"an attribute twice":       change(func(r *core.Record) { r.Card.Attributes[1].Name = "medium" }),
		"attributes out of order":  change(func(r *core.Record) { r.Card.Attributes[1].Name = "a" }),
		"unknown flags":            append([]byte{1, 16}, rest[1:]...),
		"a flag for nothing":       append([]byte{1, 2}, append(bytes.Clone(rest[1:]), 0)...),
		"a flag without its field": append([]byte{1, 2}, rest[1:]...),
		"pinned to place 0":        append([]byte{1, 4}, append(bytes.Clone(rest[1:]), 0)...),
		"pinned to place 11":       change(func(r *core.Record) { r.Pinned = core.MaxPinned + 1 }),
		"a boost beyond bounds":    change(func(r *core.Record) { r.Boost = core.MaxBoost + 1 }),
		"a boost below bounds":     change(func(r *core.Record) { r.Boost = -core.MaxBoost - 1 }),
		"a number in two bytes":    append([]byte{0x81, 0}, rest...),
		"a number of 33 bits":      append([]byte{0x80, 0x80, 0x80, 0x80, 0x10}, rest...),
		"a number of 71 bits":      append([]byte{0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1}, rest...),
	} {
		if r, err := ReadRecord(packed); err != ErrTorn {
			t.Errorf("%s: ReadRecord = %+v, %v, want ErrTorn", name, r, err)
		}
	}
	for name, packed := range map[string][]byte{
		"number 0": {0, 0, 0}, "an edge from itself": {5, 0, 1, 5, 3}, "a byte too many": {5, 0, 0, 0},
		"a negative heat": {5, 0x80, 0x80, 0x80, 0x80, 8, 0}, "a number in two bytes": {0x85, 0, 0, 0},
	} {
		if w, err := ReadWeights(packed); err != ErrTorn {
			t.Errorf("%s: ReadWeights = %+v, %v, want ErrTorn", name, w, err)
		}
	}
}

func TestSum_ContinuesOverRecords(t *testing.T) {
	records := [][]byte{[]byte("ab"), nil, []byte("c")}
	got := Sum(Sum(SumStart, records[:1]), records[1:])
	if want := Sum(SumStart, records); got != want {
		t.Errorf("in two steps = %x, in one %x", got, want)
	}
	if want := uint64(0xe71fa2190541574b); got != want { // FNV-1a of "abc"
		t.Errorf("Sum = %x, want %x", got, want)
	}
}
