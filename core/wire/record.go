package wire

import (
	"cmp"
	"slices"

	"nigh/core"
)

// The packed form of a record, all integers varints (LEB128) unless stated otherwise:
//
//	num  flags(1 byte)  from  until  heat  id
//	title summary url image author  tags… categories… attributes(name value)…
//	features: count, then kind(1) hash(5, big-endian) weight(1) each, ascending by feature
//	edges:    128 + count, damp(1), then source's step up from the one before (from 0) and weight(1) each, ascending by source
//	if their flags say so: published  pinned(1 byte)  boost(1 byte, its sign in the lowest bit)
//
// Version 1 wrote edges as count, then source and weight's step down from the one before (from 255) each, strongest
// first, without a damp; stores hold such records, and they are read.
//
// Flags: bit 0 hidden; since version 2 bits 1 to 3 for the last line's three, which are not 0 then; the others 0.
// A text is its length and its bytes; a list is its length and its entries. Each record has one packed form (and, without
// a damp, that of version 1): a varint in more bytes than it needs is none.

// AppendRecord appends the packed form of r.
func AppendRecord(b []byte, r *core.Record) []byte {
	b = appendUint(b, uint64(r.Num))
	var flags byte
	for bit, set := range [4]bool{r.Hidden, r.Published != 0, r.Pinned != 0, r.Boost != 0} {
		if set {
			flags |= 1 << bit
		}
	}
	b = append(b, flags)
	b = appendUint(b, uint64(r.From))
	b = appendUint(b, uint64(r.Until))
	b = appendUint(b, uint64(r.Heat))
	b = appendText(b, string(r.ID))
	c := &r.Card
	for _, s := range []string{c.Title, c.Summary, c.URL, c.Image, c.Author} {
		b = appendText(b, s)
	}
	for _, l := range [][]string{c.Tags, c.Categories} {
		b = appendUint(b, uint64(len(l)))
		for _, s := range l {
			b = appendText(b, s)
		}
	}
	b = appendUint(b, uint64(len(c.Attributes)))
	for _, a := range c.Attributes {
		b = appendText(appendText(b, a.Name), a.Value)
	}
	b = appendUint(b, uint64(len(r.Features)))
	for _, w := range r.Features {
		f := w.Feature
		b = append(b, byte(f>>56), byte(f>>32), byte(f>>24), byte(f>>16), byte(f>>8), byte(f), byte(w.Weight))
	}
	b = appendEdges(b, r.Damp, r.Edges)
	if r.Published != 0 {
		b = appendUint(b, uint64(r.Published))
	}
	if r.Pinned != 0 {
		b = append(b, r.Pinned)
	}
	if r.Boost != 0 {
		b = append(b, byte(r.Boost<<1)^byte(r.Boost>>7))
	}
	return b
}

// AppendWeights appends the packed form of w: num, heat, edges.
func AppendWeights(b []byte, w core.Weights) []byte {
	b = appendUint(b, uint64(w.Num))
	b = appendUint(b, uint64(w.Heat))
	return appendEdges(b, w.Damp, w.Edges)
}

func appendEdges(b []byte, damp core.Damp, edges []core.Edge) []byte {
	b = appendUint(b, edgesAscend+uint64(len(edges)))
	b = append(b, byte(damp))
	last := core.ItemNum(0)
	for _, e := range edges {
		b = appendUint(b, uint64(e.From-last))
		b = append(b, byte(e.Weight))
		last = e.From
	}
	return b
}

// Inlined, these two would make AppendRecord, which the module has for its store, three times as long.

//go:noinline
func appendUint(b []byte, v uint64) []byte {
	for ; v >= 0x80; v >>= 7 {
		b = append(b, byte(v)|0x80)
	}
	return append(b, byte(v))
}

//go:noinline
func appendText(b []byte, s string) []byte { return append(appendUint(b, uint64(len(s))), s...) }

// ReadRecord reads a packed record. What is not one — torn, out of order, beyond core's bounds, with a URL that
// core.SafeURL refuses — gives ErrTorn: an index and a page may rely on what a Record promises. It shares no memory with b.
func ReadRecord(b []byte) (*core.Record, error) {
	u := unpacker{b: b}
	r := &core.Record{Num: u.num()}
	flags := u.byte()
	r.Hidden = flags&1 != 0
	r.From, r.Until = core.Hour(u.uint32()), core.Hour(u.uint32())
	r.Heat = u.heat()
	r.ID = core.ItemID(u.text())
	for _, s := range []*string{&r.Card.Title, &r.Card.Summary, &r.Card.URL, &r.Card.Image, &r.Card.Author} {
		*s = u.text()
	}
	r.Card.Tags, r.Card.Categories = u.texts(), u.texts()
	if n := u.count(2); n > 0 {
		r.Card.Attributes = make([]core.Attribute, n)
		for i := range r.Card.Attributes {
			r.Card.Attributes[i] = core.Attribute{Name: u.text(), Value: u.text()}
			if i > 0 && r.Card.Attributes[i-1].Name >= r.Card.Attributes[i].Name {
				u.fail()
				break
			}
		}
	}
	r.Features = u.features()
	r.Damp, r.Edges = u.edges(r.Num)
	if flags&2 != 0 {
		r.Published = core.Hour(u.uint32())
	}
	if flags&4 != 0 {
		r.Pinned = u.byte()
	}
	if flags&8 != 0 {
		r.Boost = u.boost()
	}
	if flags > 15 || flags&2 != 0 != (r.Published != 0) || flags&4 != 0 != (r.Pinned != 0) || flags&8 != 0 != (r.Boost != 0) ||
		r.Pinned > core.MaxPinned || r.Boost > core.MaxBoost || r.Boost < -core.MaxBoost {
		u.fail()
	}
	if u.bad || len(u.b) != 0 || r.Num == 0 || r.ID == "" || len(r.ID) > core.MaxIDBytes {
		return nil, ErrTorn
	}
	for _, url := range []string{r.Card.URL, r.Card.Image} {
		if core.SafeURL(url) != url {
			return nil, ErrTorn
		}
	}
	return r, nil
}

// ReadWeights reads packed weights.
func ReadWeights(b []byte) (core.Weights, error) {
	u := unpacker{b: b}
	w := core.Weights{Num: u.num()}
	w.Heat = u.heat()
	w.Damp, w.Edges = u.edges(w.Num)
	if u.bad || len(u.b) != 0 || w.Num == 0 {
		return core.Weights{}, ErrTorn
	}
	return w, nil
}

// unpacker reads from the front of b; after the first fault everything it returns is zero.
type unpacker struct {
	b   []byte
	bad bool
}

func (u *unpacker) fail() { u.bad, u.b = true, nil }

func (u *unpacker) byte() byte {
	if len(u.b) == 0 {
		u.fail()
		return 0
	}
	c := u.b[0]
	u.b = u.b[1:]
	return c
}

func (u *unpacker) uint() (v uint64) {
	if len(u.b) > 0 && u.b[0] < 0x80 { // most are
		v = uint64(u.b[0])
		u.b = u.b[1:]
		return v
	}
	for shift := 0; shift < 64; shift += 7 {
		c := u.byte()
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			if u.bad || shift == 63 && c > 1 || shift > 0 && c == 0 {
				break
			}
			return v
		}
	}
	u.fail()
	return 0
}

func (u *unpacker) uint32() uint32 {
	v := u.uint()
	if v != uint64(uint32(v)) {
		u.fail()
		return 0
	}
	return uint32(v)
}

func (u *unpacker) num() core.ItemNum { return core.ItemNum(u.uint32()) }

func (u *unpacker) heat() core.Heat {
	v := u.uint32()
	if v > 1<<31-1 {
		u.fail()
		return 0
	}
	return core.Heat(v)
}

func (u *unpacker) boost() core.Boost {
	c := u.byte()
	return core.Boost(c>>1) ^ -core.Boost(c&1)
}

// count reads how many entries follow, of at least size bytes each: more than the rest can hold is a fault.
func (u *unpacker) count(size int) int {
	n := u.uint()
	if n > uint64(len(u.b)/size) {
		u.fail()
		return 0
	}
	return int(n)
}

func (u *unpacker) text() string {
	n := u.count(1)
	s := string(u.b[:n])
	u.b = u.b[n:]
	return s
}

func (u *unpacker) texts() []string {
	n := u.count(1)
	if n == 0 {
		return nil
	}
	out := make([]string, n)
	for i := range out {
		out[i] = u.text()
	}
	return out
}

func (u *unpacker) features() []core.Weighted {
	n := u.count(7)
	if n > core.MaxFeatures {
		u.fail()
	}
	if n == 0 || u.bad {
		return nil
	}
	out := make([]core.Weighted, n)
	for i := range out {
		c := u.b[:7]
		f := core.Feature(c[0])<<56 | core.Feature(c[1])<<32 | core.Feature(c[2])<<24 | core.Feature(c[3])<<16 |
			core.Feature(c[4])<<8 | core.Feature(c[5])
		if k := f.Kind(); k <= core.KindItem || k > core.KindAttribute || i > 0 && f <= out[i-1].Feature {
			u.fail()
			return nil
		}
		out[i] = core.Weighted{Feature: f, Weight: core.Weight(c[6])}
		u.b = u.b[7:]
	}
	return out
}

// edgesAscend marks the present form of edges: it is added to their count, which is at most MaxEdges.
const edgesAscend = 128

func (u *unpacker) edges(self core.ItemNum) (core.Damp, []core.Edge) {
	n := u.uint()
	if n < edgesAscend {
		return 0, u.edgesFalling(int(n), self)
	}
	n -= edgesAscend
	damp := core.Damp(u.byte())
	if n > core.MaxEdges || damp > core.DampOctave || n > uint64(len(u.b)/2) {
		u.fail()
	}
	if n == 0 || u.bad {
		return damp, nil
	}
	out := make([]core.Edge, n)
	last := core.ItemNum(0)
	for i := range out {
		step := u.num()
		from := last + step
		if step == 0 || from < last || from == self {
			u.fail()
			return 0, nil
		}
		out[i] = core.Edge{From: from, Weight: core.Weight(u.byte())}
		last = from
	}
	return damp, out
}

// edgesFalling reads n edges of version 1.
func (u *unpacker) edgesFalling(n int, self core.ItemNum) []core.Edge {
	if n > core.MaxEdges || n > len(u.b)/2 {
		u.fail()
	}
	if n == 0 || u.bad {
		return nil
	}
	out := make([]core.Edge, n)
	last := core.Weight(255)
	for i := range out {
		from, step := u.num(), core.Weight(u.byte())
		if step > last || from == 0 || from == self {
			u.fail()
			return nil
		}
		last -= step
		out[i] = core.Edge{From: from, Weight: last}
		if i > 0 && step == 0 && out[i-1].From >= from {
			u.fail()
			return nil
		}
	}
	slices.SortFunc(out, func(a, b core.Edge) int { return cmp.Compare(a.From, b.From) })
	for i := 1; i < len(out); i++ {
		if out[i].From == out[i-1].From {
			u.fail()
			return nil
		}
	}
	return out
}

// Sum continues a checksum (64-bit FNV-1a, from SumStart) over pieces of bytes, in their order.
func Sum(sum uint64, records [][]byte) uint64 {
	for _, r := range records {
		for _, c := range r {
			sum = (sum ^ uint64(c)) * sumPrime
		}
	}
	return sum
}

// SumStart is the checksum of nothing.
const SumStart uint64 = 14695981039346656037

const sumPrime = 1099511628211
