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

// FuzzMerge gives a machine what it is told to be a guest's store, which a page's scripts can write: it must not panic,
// and what it makes of that the wire must be able to carry.
func FuzzMerge(f *testing.F) {
	f.Add("reader", []byte("x"), "op/0000000000000002", []byte("y"))
	op := func(n byte) []byte { // client, number, tab, its number, the op
		b := append([]byte("\x05first"), n, 0, 0)
		return append(b, wire.Encode(&wire.Ops{First: uint64(n), Ops: []wire.Op{{Event: true, Kind: "like", Item: "sea", AtMillis: began}}})...)
	}
	f.Add("op/0000000000000002", op(2), "op/0000000000000009", op(9))
	f.Fuzz(func(t *testing.T, key1 string, value1 []byte, key2 string, value2 []byte) {
		b := newBench(t).live()
		b.step(replica.Merge{Entries: []replica.Entry{
			{Key: "guest/7/" + key1, Value: replica.Seal(key1, value1).Value}, {Key: "guest/7/" + key2, Value: replica.Seal(key2, value2).Value},
		}})
		for _, m := range b.merges() {
			if m.Client == "" || len(m.Ops) > wire.MaxOps {
				t.Fatalf("merge of %q with %d ops", m.Client, len(m.Ops))
			}
		}
	})
}
