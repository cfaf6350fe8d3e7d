package replica_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"nigh/core"
	"nigh/core/replica"
	"nigh/core/wire"
)

// BenchmarkRestore begins a life over catalogs as they are: 40 edges, 25 terms and a card of 200 bytes each.
func BenchmarkRestore(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			entries, bytes := bigStore(n)
			b.SetBytes(int64(bytes))
			b.ReportAllocs()
			for b.Loop() {
				m := replica.New(replica.Config{Client: "c", User: "ada", Stores: true})
				m.Step(replica.Restore{Entries: entries}, began)
				m.Step(replica.Start{}, began)
				if m.Index() == nil || m.Index().Len() != n {
					b.Fatal("not restored")
				}
			}
		})
	}
}

// BenchmarkStoreSnapshot takes a snapshot of one frame, and stores it.
func BenchmarkStoreSnapshot(b *testing.B) {
	const n = 10_000
	frame := wire.Encode(bigSnapshot(n))
	for _, stores := range []bool{false, true} {
		b.Run(fmt.Sprint(n, "/stores=", stores), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m := replica.New(replica.Config{Client: "c", User: "ada", Stores: stores})
				m.Step(replica.Start{}, began)
				m.Step(replica.Opened{}, began)
				m.Step(replica.Frame{Bytes: wire.Encode(welcome(5, 0))}, began)
				m.Step(replica.Frame{Bytes: frame}, began)
				if m.Index() == nil || m.Index().Len() != n {
					b.Fatal("not taken")
				}
			}
		})
	}
}

func bigSnapshot(n int) *wire.Snapshot {
	rnd := rand.New(rand.NewPCG(1, 2))
	card := make([]byte, 180)
	var all []*core.Record
	for i := range n {
		r := &core.Record{Num: core.ItemNum(i + 1), ID: core.ItemID(fmt.Sprint("item-", i)), Heat: core.Heat(i)}
		for j := range card {
			card[j] = 'a' + byte(rnd.IntN(26))
		}
		r.Card = core.Card{Title: string(card[:30]), Summary: string(card[30:]), URL: "/" + fmt.Sprint(i), Tags: []string{"sea"}}
		from := core.ItemNum(0)
		for range 40 {
			if from += 1 + core.ItemNum(rnd.IntN(n/50)); from != r.Num {
				r.Edges = append(r.Edges, core.Edge{From: from, Weight: core.Weight(rnd.IntN(256))})
			}
		}
		feature := core.Feature(core.KindTag) << 56
		for range 25 { // of a vocabulary of 20,000
			feature += core.Feature(1+rnd.IntN(1599)) << 15
			r.Features = append(r.Features, core.Weighted{Feature: feature, Weight: 9})
		}
		all = append(all, r)
	}
	s := snapshot(5, wire.AppendRecords(nil, all))
	s.Items = uint64(n)
	return s
}

func bigStore(n int) (entries []replica.Entry, bytes int) {
	m := replica.New(replica.Config{Client: "c", User: "ada", Stores: true})
	store := twinStore{}
	for _, in := range []replica.Input{
		replica.Start{}, replica.Opened{}, replica.Frame{Bytes: wire.Encode(welcome(5, 0))}, replica.Frame{Bytes: wire.Encode(bigSnapshot(n))},
	} {
		for _, e := range m.Step(in, began) {
			if s, ok := e.(replica.Store); ok {
				store.do(s)
			}
		}
	}
	for key, value := range store {
		entries = append(entries, replica.Entry{Key: key, Value: value})
		bytes += len(value)
	}
	return entries, bytes
}
