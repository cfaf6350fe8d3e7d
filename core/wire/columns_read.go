package wire

import "nigh/core"

// ReadRecords reads the columnar form of records. What is not one gives ErrTorn, by the same rules as ReadRecord. The
// records share no memory with b; see above for what they share with each other.
//
// A claim of how many there are is believed only as far as b has room for them: no byte becomes more than 64 of memory,
// and of real records 4.
func ReadRecords(b []byte) ([]*core.Record, error) {
	r := &columnReader{unpacker: unpacker{b: b}}
	for _, part := range []func(){r.heads, r.texts, r.labels, r.features, r.edges} {
		if part(); r.bad {
			return nil, ErrTorn
		}
	}
	if len(r.b) != 0 {
		return nil, ErrTorn
	}
	return r.records, nil
}

// ReadAllWeights reads the columnar form of weights.
func ReadAllWeights(b []byte) ([]core.Weights, error) {
	r := &columnReader{unpacker: unpacker{b: b}}
	all := make([]core.Weights, r.count(4))
	last := core.ItemNum(0)
	for i := range all {
		last = r.step(last)
		all[i].Num = last
	}
	for i := range all {
		all[i].Heat = r.heat()
	}
	r.edgeColumns(len(all), func(i int) (core.ItemNum, *core.Damp, *[]core.Edge) {
		return all[i].Num, &all[i].Damp, &all[i].Edges
	})
	if r.bad || len(r.b) != 0 {
		return nil, ErrTorn
	}
	return all, nil
}

// columnReader reads columns, a part at a time; after a fault no other part may be read.
type columnReader struct {
	unpacker
	records []*core.Record
	flags   []byte

	dictionaries [dicts][]string
	pairs        []core.Attribute
	// The numbers of labels that records have.
	authors []uint32
	lists   [listKinds]numbers
}

// The lists of labels that a record has.
const (
	listTags = iota
	listCategories
	listAttributes
	listKinds
)

// numbers are lists of all records; that of record i is all[ends[i-1]:ends[i]].
type numbers struct {
	all  []uint32
	ends []int
}

func (n *numbers) of(i int) []uint32 {
	if i == 0 {
		return n.all[:n.ends[0]]
	}
	return n.all[n.ends[i-1]:n.ends[i]]
}

// leastRecord is what a record takes of the columns, in bytes.
const leastRecord = 16

// step reads an item's number as a step from another's.
func (r *columnReader) step(from core.ItemNum) core.ItemNum {
	v := int64(from) + unzigzag(r.uint())
	if v <= 0 || v > 1<<32-1 {
		r.fail()
		return 0
	}
	return core.ItemNum(v)
}

func (r *columnReader) heads() {
	n := r.count(leastRecord)
	r.records = make([]*core.Record, n)
	r.flags = make([]byte, n)
	last := core.ItemNum(0)
	for i := range r.records {
		last = r.step(last)
		if r.bad {
			r.records, r.flags = nil, nil
			return
		}
		r.records[i] = &core.Record{Num: last}
	}
	for i := range r.flags {
		r.flags[i] = r.byte()
		if r.flags[i] >= flagLabels<<1 {
			r.fail()
		}
		r.records[i].Hidden = r.flags[i]&flagHidden != 0
	}
	// What a flag speaks of is not 0: there is one form without.
	flagged := func(flag byte, read func(*core.Record) bool) {
		for i, rec := range r.records {
			if r.flags[i]&flag != 0 && !read(rec) {
				r.fail()
			}
		}
	}
	flagged(flagFrom, func(rec *core.Record) bool { rec.From = core.Hour(r.uint32()); return rec.From != 0 })
	flagged(flagUntil, func(rec *core.Record) bool { rec.Until = core.Hour(r.uint32()); return rec.Until != 0 })
	hour := core.ItemNum(0) // which are as wide
	flagged(flagPublished, func(rec *core.Record) bool {
		hour = r.step(hour)
		rec.Published = core.Hour(hour)
		return hour != 0
	})
	flagged(flagPinned, func(rec *core.Record) bool {
		rec.Pinned = r.byte()
		return rec.Pinned != 0 && rec.Pinned <= core.MaxPinned
	})
	flagged(flagBoost, func(rec *core.Record) bool {
		rec.Boost = r.boost()
		return rec.Boost != 0 && rec.Boost <= core.MaxBoost && rec.Boost >= -core.MaxBoost
	})
	for _, rec := range r.records {
		rec.Heat = r.heat()
	}
}

// cutter cuts a text into pieces of known lengths.
type cutter struct {
	text    string
	lengths []uint32
}

func (c *cutter) next() string {
	n := c.lengths[0]
	s := c.text[:n]
	c.text, c.lengths = c.text[n:], c.lengths[1:]
	return s
}

// number reads a number below n.
func (r *columnReader) number(n int) uint32 {
	v := r.uint()
	if v >= uint64(n) {
		r.fail()
		return 0
	}
	return uint32(v)
}

func (r *columnReader) edges() {
	r.edgeColumns(len(r.records), func(i int) (core.ItemNum, *core.Damp, *[]core.Edge) {
		rec := r.records[i]
		return rec.Num, &rec.Damp, &rec.Edges
	})
}

// edgeColumns reads damps and edges of n items into where of says.
func (r *columnReader) edgeColumns(n int, of func(i int) (core.ItemNum, *core.Damp, *[]core.Edge)) {
	for i := range n {
		_, damp, _ := of(i)
		if *damp = core.Damp(r.byte()); *damp > core.DampOctave {
			r.fail()
		}
	}
	counts := make([]uint8, n)
	total := 0
	for i := range counts {
		c := r.number(core.MaxEdges + 1)
		counts[i] = uint8(c)
		total += 2 * int(c)
	}
	if r.bad || total > len(r.b) {
		r.fail()
		return
	}
	at := 0
	for i := range counts {
		self, _, edges := of(i)
		if counts[i] == 0 {
			continue
		}
		out := make([]core.Edge, counts[i])
		last := core.ItemNum(0)
		for j := range out {
			var step uint64
			step, at = uintAt(r.b, at)
			from := uint64(last) + step
			if at < 0 || step == 0 || step > 1<<32-1 || from > 1<<32-1 || core.ItemNum(from) == self {
				r.fail()
				return
			}
			last = core.ItemNum(from)
			out[j].From = last
		}
		*edges = out
	}
	r.b = r.b[at:]
	if len(r.b) < total/2 {
		r.fail()
		return
	}
	at = 0
	for i := range n {
		_, _, edges := of(i)
		for j := range *edges {
			(*edges)[j].Weight = core.Weight(r.b[at])
			at++
		}
	}
	r.b = r.b[at:]
}

// uintAt reads the number at b[i:] and returns where it ends, -1 if there is none. It keeps no place in a reader: where
// there are 60 numbers a record, that is a third of the time.
func uintAt(b []byte, i int) (v uint64, end int) {
	if i < len(b) && b[i] < 0x80 {
		return uint64(b[i]), i + 1
	}
	u := unpacker{b: b[i:]}
	if v = u.uint(); u.bad {
		return 0, -1
	}
	return v, len(b) - len(u.b)
}
