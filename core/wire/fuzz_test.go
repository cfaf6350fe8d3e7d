package wire

import (
	"bytes"
	"reflect"
	"testing"

	"nigh/core"
)

type seed struct {
	name  string
	bytes []byte
}

func packedSeeds() []seed {
	return []seed{
		{"record", AppendRecord(nil, small)},
		{"record", AppendRecord(nil, full)},
		{"record", AppendRecord(nil, placed)},
		{"weights", AppendWeights(nil, core.Weights{Num: 1})},
		{"weights", AppendWeights(nil, full.Weights())},
		{"records", AppendRecords(nil, nil)},
		{"records", AppendRecords(nil, odd())},
		{"allweights", AppendAllWeights(nil, []core.Weights{full.Weights(), small.Weights(), placed.Weights()})},
	}
}

// seeds adds the vectors of a name and fails if there are none.
func seeds(f *testing.F, name string) {
	frames, err := lines(name)
	if err != nil || len(frames) == 0 {
		f.Fatalf("no seed for %q: %v", name, err)
	}
	for _, b := range frames {
		f.Add(b)
	}
}

func FuzzDecode(f *testing.F) {
	seeds(f, "")
	f.Fuzz(func(t *testing.T, b []byte) {
		costs(t, len(b), costByte, func() { Decode(b) })
		before := bytes.Clone(b)
		m, err := Decode(b)
		if !bytes.Equal(b, before) {
			t.Fatal("Decode changed the frame")
		}
		if err != nil {
			if m != nil || err != ErrTorn && err != ErrType {
				t.Fatalf("Decode = %+v, %v, want no message and a known error", m, err)
			}
			return
		}
		frame := Encode(m)
		again, err := Decode(frame)
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Fatalf("%+v becomes %+v, %v", m, again, err)
		}
		if !bytes.Equal(Encode(again), frame) {
			t.Fatalf("%+v has two encodings", m)
		}
	})
}

func FuzzReadRecord(f *testing.F) {
	seeds(f, "record")
	f.Fuzz(func(t *testing.T, b []byte) {
		costs(t, len(b), costByte, func() { ReadRecord(b) })
		r, err := ReadRecord(b)
		if err != nil {
			if r != nil || err != ErrTorn {
				t.Fatalf("ReadRecord = %+v, %v, want nothing and ErrTorn", r, err)
			}
			return
		}
		if again := AppendRecord(nil, r); !bytes.Equal(again, b) {
			// Unless b is of version 1, whose edges were in another form.
			if same, err := ReadRecord(again); r.Damp != 0 || err != nil || !reflect.DeepEqual(same, r) {
				t.Fatalf("%x becomes %x", b, again)
			}
		}
		x := core.NewIndex()
		if !x.Put(r) || !x.Put(&core.Record{Num: r.Num, ID: r.ID}) || !x.Put(r) {
			t.Fatalf("the index refuses %+v", r)
		}
		p := core.ItemProfile(r.Num)
		x.Rank(new(core.Scratch), core.Query{Profile: &p, Policy: &core.Policy{HalfLifeHours: 1}, Limit: 9})
		if !x.Delete(r.Num) || x.Len() != 0 {
			t.Fatalf("the index keeps %+v", r)
		}
	})
}

func FuzzReadWeights(f *testing.F) {
	seeds(f, "weights")
	f.Fuzz(func(t *testing.T, b []byte) {
		costs(t, len(b), costByte, func() { ReadWeights(b) })
		w, err := ReadWeights(b)
		if err != nil {
			return
		}
		if again := AppendWeights(nil, w); !bytes.Equal(again, b) {
			if same, err := ReadWeights(again); w.Damp != 0 || err != nil || !reflect.DeepEqual(same, w) {
				t.Fatalf("%x becomes %x", b, again)
			}
		}
		x := core.NewIndex()
		x.Put(&core.Record{Num: w.Num, ID: "a"})
		if !x.Reweigh(w) || !x.Delete(w.Num) {
			t.Fatalf("the index refuses %+v", w)
		}
	})
}
