package wire

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"nigh/core"
)

// catalog are n records of the size of the demo's: 30 terms of a large vocabulary, six tags, 60 edges, two lines of text.
func catalog(n int) []*core.Record {
	rnd := rand.New(rand.NewPCG(4, 4))
	words := rand.NewZipf(rnd, 1.1, 10, 20_000)
	out := make([]*core.Record, n)
	for i := range out {
		r := &core.Record{Num: core.ItemNum(i + 1), ID: core.ItemID(fmt.Sprint("item-", i)), Heat: core.Heat(rnd.Int32N(1 << 16)), Published: core.Hour(490_000 - i)}
		r.Card = core.Card{Title: fmt.Sprint("Title ", words.Uint64()), URL: "/works/" + string(r.ID), Author: fmt.Sprint("Author ", rnd.IntN(n/4+1))}
		for range 6 {
			r.Card.Tags = append(r.Card.Tags, fmt.Sprint("tag ", rnd.IntN(300)))
		}
		r.Card.Categories = []string{fmt.Sprint("category ", rnd.IntN(10))}
		var features []core.Feature
		var text []string
		for range 30 {
			w := fmt.Sprint("w", words.Uint64())
			features, text = addLabel(features, core.TermFeature(w)), append(text, w)
		}
		r.Card.Summary = strings.Join(text, " ")
		for _, f := range cardLabels(features, &r.Card) {
			r.Features = append(r.Features, core.Weighted{Feature: f, Weight: core.Weight(120 + rnd.IntN(60))})
		}
		last := core.ItemNum(0)
		for range 60 {
			if last += core.ItemNum(rnd.IntN(300) + 1); last != r.Num {
				r.Edges = append(r.Edges, core.Edge{From: last, Weight: core.Weight(120 + rnd.IntN(60))})
			}
		}
		out[i] = r
	}
	return out
}

func BenchmarkRecords(b *testing.B) {
	const n = 2000
	all := catalog(n)
	var packed [][]byte
	for _, r := range all {
		packed = append(packed, AppendRecord(nil, r))
	}
	columns := AppendRecords(nil, all)
	run := func(name string, f func()) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/n, "us/record")
		})
	}
	run("read/packed", func() {
		for _, p := range packed {
			if _, err := ReadRecord(p); err != nil {
				b.Fatal(err)
			}
		}
	})
	run("read/columns", func() {
		if got, err := ReadRecords(columns); err != nil || len(got) != n {
			b.Fatal(err)
		}
	})
	run("write/packed", func() {
		for _, r := range all {
			AppendRecord(nil, r)
		}
	})
	run("write/columns", func() { AppendRecords(nil, all) })
}
