package wire

import (
	"errors"

	"nigh/core"
)

// Errors of Decode. ErrType is that of a frame from a newer version: a reader may skip it.
var (
	ErrTorn = errors.New("wire: the frame is torn or not MessagePack of this format")
	ErrType = errors.New("wire: unknown type of message")
)

// Encode returns m as one frame.
func Encode(m Message) []byte {
	w := &writer{}
	w.e = newEncoder(&w.buf)
	w.uint(m.code())
	m.encode(w)
	// The fields are counted as they are written, so that no message can state a wrong number of them.
	head := &buffer{}
	must(newEncoder(head).EncodeArrayLen(w.fields))
	return append(head.b, w.buf.b...)
}

// Decode reads one frame.
func Decode(frame []byte) (Message, error) {
	p := newParser(frame)
	n := p.length()
	if p.bad || n < 1 {
		return nil, ErrTorn
	}
	p.fields = n
	code := p.uint()
	if p.bad {
		return nil, ErrTorn
	}
	m := newMessage(code)
	if m == nil {
		return nil, ErrType
	}
	m.decode(p)
	if p.bad {
		return nil, ErrTorn
	}
	return m, nil
}

// writer writes fields and counts those of the outermost array.
type writer struct {
	e      *encoder
	buf    buffer
	fields int
	depth  int // elements of inner arrays still to come are not fields
}

func (w *writer) field() {
	if w.depth == 0 {
		w.fields++
	}
}

// must: an encoder fails only if its writer does, and a buffer does not.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (w *writer) uint(v uint64)   { w.field(); must(w.e.EncodeUint(v)) }
func (w *writer) int(v int64)     { w.field(); must(w.e.EncodeInt(v)) }
func (w *writer) string(v string) { w.field(); must(w.e.EncodeString(v)) }
func (w *writer) bool(v bool)     { w.field(); must(w.e.EncodeBool(v)) }
func (w *writer) bytes(v []byte) {
	w.field()
	if v == nil {
		v = []byte{}
	}
	must(w.e.EncodeBytes(v))
}
func (w *writer) array(n int) { w.field(); must(w.e.EncodeArrayLen(n)) }

// list writes an array of n entries, each written by f.
func (w *writer) list(n int, f func(i int)) {
	w.array(n)
	w.depth++
	for i := range n {
		f(i)
	}
	w.depth--
}

func (w *writer) strings(v []string) { w.list(len(v), func(i int) { w.string(v[i]) }) }
func (w *writer) blobs(v [][]byte)   { w.list(len(v), func(i int) { w.bytes(v[i]) }) }
func (w *writer) shelves(v []Shelf)  { w.list(len(v), func(i int) { w.uint(uint64(v[i])) }) }
func (w *writer) nums(v []core.ItemNum) {
	w.list(len(v), func(i int) { w.uint(uint64(v[i])) })
}

// parser reads fields; after the first fault everything it returns is zero. fields is how many of the outermost array
// are left: those that an older sender did not write are zero too.
type parser struct {
	r      reader
	d      *decoder
	bad    bool
	fields int
	depth  int
}

func newParser(frame []byte) *parser {
	p := &parser{r: reader{b: frame}}
	p.d = newDecoder(&p.r)
	return p
}

// next tells whether a value is to be read.
func (p *parser) next() bool {
	if p.bad {
		return false
	}
	if p.depth > 0 {
		return true
	}
	p.fields--
	return p.fields >= 0
}

func (p *parser) uint() uint64 {
	if !p.next() {
		return 0
	}
	signed := p.code()&^3 == 0xd0 || p.code() >= 0xe0
	v, err := p.d.DecodeUint64()
	p.bad = p.bad || signed && int64(v) < 0 // which the library wraps around, and core/wire/pack refuses
	return keep(p, v, err)
}

func (p *parser) int() int64 {
	if !p.next() {
		return 0
	}
	unsigned := p.code() == 0xcf
	v, err := p.d.DecodeInt64()
	p.bad = p.bad || unsigned && v < 0
	return keep(p, v, err)
}

func (p *parser) bool() bool {
	if !p.next() {
		return false
	}
	v, err := p.d.DecodeBool()
	return keep(p, v, err)
}

func (p *parser) string() string {
	if !p.next() || !p.whole() {
		return ""
	}
	v, err := p.d.DecodeString()
	return keep(p, v, err)
}

func (p *parser) bytes() []byte {
	if !p.next() || !p.whole() {
		return nil
	}
	v, err := p.d.DecodeBytes()
	if v == nil {
		v = []byte{} // no bytes have one form, as in writer.bytes
	}
	return keep(p, v, err)
}

// code returns the first byte of the next value, 0xc1 (no value's) at the end.
func (p *parser) code() byte {
	if b := p.r.rest(); len(b) > 0 {
		return b[0]
	}
	return 0xc1
}

// whole tells whether the text or the bytes that begin here are there to their end; if not it is a fault. The library's
// DecodeBytes would allocate what a head claims before it looks: 4 GB for five bytes.
func (p *parser) whole() bool {
	size := 0 // of the length that follows the code
	switch c := p.code(); c {
	case 0xc4, 0xc5, 0xc6: // bin
		size = 1 << (c - 0xc4)
	case 0xd9, 0xda, 0xdb: // str
		size = 1 << (c - 0xd9)
	default:
		return true // at most 31 bytes, or nothing that has a length
	}
	b := p.r.rest()[1:]
	n := uint64(0)
	if len(b) >= size {
		for _, c := range b[:size] {
			n = n<<8 | uint64(c)
		}
		n += uint64(size)
	}
	if len(b) < size || n > uint64(len(b)) {
		p.bad = true
	}
	return !p.bad
}

func keep[T any](p *parser, v T, err error) T {
	if err != nil || p.bad {
		p.bad = true
		var zero T
		return zero
	}
	return v
}

// length reads an array's head. A length that the rest of the frame cannot hold, at a byte an entry, is a fault.
func (p *parser) length() int {
	n, err := p.d.DecodeArrayLen()
	if err != nil || n < 0 || n > p.r.Len() {
		p.bad = true
		return 0
	}
	return n
}

// list reads an array whose entries f reads.
func list[T any](p *parser, f func() T) []T {
	if !p.next() {
		return nil
	}
	n := p.length()
	if p.bad || n == 0 {
		return nil
	}
	p.depth++
	// An entry of T may be larger than its bytes in the frame; growing by append keeps what a lie costs within a
	// small factor of the frame.
	out := make([]T, 0, min(n, 64))
	for range n {
		out = append(out, f())
		if p.bad {
			return nil
		}
	}
	p.depth--
	return out
}

func (p *parser) strings() []string { return list(p, p.string) }
func (p *parser) blobs() [][]byte   { return list(p, p.bytes) }
func (p *parser) num() core.ItemNum { return core.ItemNum(narrow[uint32](p, p.uint())) }
func (p *parser) shelf() Shelf      { return Shelf(p.uint()) }
func (p *parser) int32() int32      { return int32(narrowInt(p, p.int())) }

func narrow[T uint8 | uint32](p *parser, v uint64) T {
	if uint64(T(v)) != v {
		p.bad = true
		return 0
	}
	return T(v)
}

func narrowInt(p *parser, v int64) int64 {
	if int64(int32(v)) != v {
		p.bad = true
		return 0
	}
	return v
}
