package replica_test

import (
	"testing"

	"nigh/core"
	"nigh/core/replica"
	"nigh/core/wire"
)

// FuzzFrame gives a live machine two frames and a click. It must not panic, and its catalog must be one of those that
// frames led to whole: the number of postings it answers from fits its items.
func FuzzFrame(f *testing.F) {
	for _, m := range []wire.Message{
		welcome(5, 0), welcome(6, 9), snapshot(6, item(1, "sea", "sea")), &wire.Ack{Op: 1}, &wire.Ack{Op: 1, Refused: []wire.Refusal{{Op: 1}}},
		&wire.Delta{From: 5, To: 6, Learned: 2, Records: [][]byte{item(4, "new", "sea")}, Deleted: []core.ItemNum{1}},
		&wire.Delta{From: 5, To: 6, Weights: [][]byte{wire.AppendAllWeights(nil, []core.Weights{{Num: 2, Heat: 9, Edges: []core.Edge{{From: 1, Weight: 200}}}})}},
		&wire.Recs{Name: "1", Epoch: 1, Seq: 5, Learned: 1, Op: 1, Policy: policy.Version, Items: []core.Ranked{{Num: 3}, {Num: 99}}},
		&wire.Profile{Op: 1, History: core.History{{Item: 2, Strength: -9, At: 4}}, Preferences: core.Preferences{{Kind: 1, Key: "sea", Weight: 3}}},
		&wire.Reset{Code: wire.ResetEpoch}, &wire.Error{Reason: "no"}, &wire.Hello{},
	} {
		f.Add(wire.Encode(m), wire.Encode(&wire.Ack{Op: 1}))
	}
	f.Fuzz(func(t *testing.T, one, two []byte) {
		b := newBench(t).live()
		b.step(replica.Ask{Question: replica.Question{Name: "you", Limit: 3}})
		b.step(like("boat"))
		for _, frame := range [][]byte{one, two} {
			_, seq, _ := b.m.Position()
			before := b.m.Index()
			items := before.Len()
			b.step(replica.Frame{Bytes: frame})
			_, now, _ := b.m.Position()
			if _, closed := effect[replica.Close](b); closed && (b.m.Index() != before || before.Len() != items || now != seq) {
				t.Fatalf("a frame that closed the connection changed the catalog: %d items at %d, before %d at %d", b.m.Index().Len(), now, items, seq)
			}
			b.step(replica.Record{Kind: "view", Item: "moon"})
			for _, l := range b.lists["you"].Items {
				if l.Record == nil {
					t.Fatal("a place of a list without an item")
				}
			}
		}
		b.now += 100_000
		b.step(replica.Tick{})
	})
}
