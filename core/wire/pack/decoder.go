package pack

import "io"

// Decoder reads MessagePack values from a reader. Its methods are those of msgpack.Decoder of the same names; see doc.go
// for where it refuses what that one takes.
//
// Where a value is cut off, the error is io.ErrUnexpectedEOF; where none begins, io.EOF. After an error the position in
// the reader is not defined.
type Decoder struct {
	r       io.Reader
	s       io.ByteScanner
	left    interface{ Len() int } // nil: the reader does not know how much is left
	buf     [8]byte
	scratch []byte // of DecodeString and Skip
}

// NewDecoder returns a Decoder that reads from r, and from r never more than the values asked for. If r has a method
// Len() int that tells how many bytes are left (as bytes.Reader has), lengths are held against it before anything is
// allocated. PeekCode needs one byte of its own if r is no io.ByteScanner.
func NewDecoder(r io.Reader) *Decoder {
	d := &Decoder{r: r}
	d.left, _ = r.(interface{ Len() int })
	s, ok := r.(io.ByteScanner)
	if !ok {
		p := &peeker{r: r}
		d.r, s = p, p
	}
	d.s = s
	return d
}

// PeekCode returns the first byte of the next value and leaves it in the reader.
func (d *Decoder) PeekCode() (byte, error) {
	c, err := d.s.ReadByte()
	if err != nil {
		return 0, err
	}
	return c, d.s.UnreadByte()
}

// DecodeNil reads a nil.
func (d *Decoder) DecodeNil() error {
	c, err := d.s.ReadByte()
	if err == nil && c != codeNil {
		err = ErrCode
	}
	return err
}

// DecodeBool reads a bool; nil is false.
func (d *Decoder) DecodeBool() (bool, error) {
	c, err := d.s.ReadByte()
	if err != nil {
		return false, err
	}
	if c != codeNil && c != codeFalse && c != codeTrue {
		return false, ErrCode
	}
	return c == codeTrue, nil
}

// DecodeUint64 reads a number that is not negative; nil is 0.
func (d *Decoder) DecodeUint64() (uint64, error) {
	v, negative, err := d.number()
	if err == nil && negative {
		return 0, ErrRange
	}
	return v, err
}

// DecodeInt64 reads a number below 2^63; nil is 0.
func (d *Decoder) DecodeInt64() (int64, error) {
	v, negative, err := d.number()
	if err == nil && !negative && v > 1<<63-1 {
		return 0, ErrRange
	}
	return int64(v), err
}

// number reads a number: v is its two's complement if it is negative.
func (d *Decoder) number() (v uint64, negative bool, err error) {
	c, err := d.s.ReadByte()
	switch {
	case err != nil:
		return 0, false, err
	case c <= 0x7f:
		return uint64(c), false, nil
	case c >= codeNegative:
		return uint64(int8(c)), true, nil
	case c == codeNil:
		return 0, false, nil
	case codeUint8 <= c && c <= codeUint64:
		v, err = d.fixed(1 << (c - codeUint8))
		return v, false, err
	case codeInt8 <= c && c <= codeInt64:
		size := 1 << (c - codeInt8)
		v, err = d.fixed(size)
		unused := 64 - 8*size
		signed := int64(v<<unused) >> unused
		return uint64(signed), signed < 0, err
	}
	return 0, false, ErrCode
}

// DecodeArrayLen reads the head of an array and returns the number of values that follow, -1 for nil. The number is
// what the sender claims: hold it against something before you allocate by it.
func (d *Decoder) DecodeArrayLen() (int, error) {
	return d.length(codeFixedArray, codeArray16)
}

// DecodeMapLen reads the head of a map and returns the number of pairs that follow, -1 for nil. As with DecodeArrayLen,
// it is a claim.
func (d *Decoder) DecodeMapLen() (int, error) {
	return d.length(codeFixedMap, codeMap16)
}

func (d *Decoder) length(fixed, code16 byte) (int, error) {
	c, err := d.s.ReadByte()
	switch {
	case err != nil:
		return 0, err
	case c == codeNil:
		return -1, nil
	case c&0xf0 == fixed:
		return int(c & 0x0f), nil
	case c == code16:
		return d.fixedInt(2)
	case c == code16+1:
		return d.fixedInt(4)
	}
	return 0, ErrCode
}

// DecodeString reads a text, or bytes as one; nil is "". It does not look whether it is UTF-8.
func (d *Decoder) DecodeString() (string, error) {
	n, err := d.bytesLen()
	if err != nil || n <= 0 {
		return "", err
	}
	if d.scratch, err = d.read(d.scratch[:0], n); err != nil {
		return "", err
	}
	s := string(d.scratch)
	if cap(d.scratch) > keepScratch {
		d.scratch = nil
	}
	return s, nil
}

// DecodeBytes reads bytes, or a text as bytes; nil is nil. They are the caller's.
func (d *Decoder) DecodeBytes() ([]byte, error) {
	n, err := d.bytesLen()
	if err != nil || n < 0 {
		return nil, err
	}
	b, err := d.read(nil, n)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// bytesLen reads the head of a text or of bytes, -1 for nil.
func (d *Decoder) bytesLen() (int, error) {
	c, err := d.s.ReadByte()
	switch {
	case err != nil:
		return 0, err
	case c == codeNil:
		return -1, nil
	case c&0xe0 == codeFixedString:
		return int(c & 0x1f), nil
	case codeBin8 <= c && c <= codeBin32:
		return d.fixedInt(1 << (c - codeBin8))
	case codeString8 <= c && c <= codeString32:
		return d.fixedInt(1 << (c - codeString8))
	}
	return 0, ErrCode
}

// Skip reads one value with all that is in it. It takes no more memory for deep nesting: all it has to know is how many
// values are still to come.
func (d *Decoder) Skip() error {
	for first, todo := true, uint64(1); todo > 0; first = false {
		todo--
		more, err := d.skipOne()
		if err == io.EOF && !first {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		todo += more
	}
	return nil
}

// skipOne reads one value, of an array or map only the head, and returns how many values are in it.
func (d *Decoder) skipOne() (uint64, error) {
	c, err := d.s.ReadByte()
	if err != nil {
		return 0, err
	}
	n := 0 // bytes to skip
	switch {
	case c <= 0x7f || c >= codeNegative || c == codeNil || c == codeFalse || c == codeTrue:
		return 0, nil
	case c&0xf0 == codeFixedArray:
		return uint64(c & 0x0f), nil
	case c&0xf0 == codeFixedMap:
		return 2 * uint64(c&0x0f), nil
	case c&0xe0 == codeFixedString:
		n = int(c & 0x1f)
	case c == codeArray16 || c == codeArray32:
		return d.fixed(2 << (c - codeArray16))
	case c == codeMap16 || c == codeMap32:
		v, err := d.fixed(2 << (c - codeMap16))
		return 2 * v, err
	case codeBin8 <= c && c <= codeBin32:
		n, err = d.fixedInt(1 << (c - codeBin8))
	case codeString8 <= c && c <= codeString32:
		n, err = d.fixedInt(1 << (c - codeString8))
	case codeExt8 <= c && c <= codeExt32:
		n, err = d.fixedInt(1 << (c - codeExt8))
		n++ // the kind of extension
	case c == codeFloat32 || c == codeFloat64:
		n = 4 << (c - codeFloat32)
	case codeUint8 <= c && c <= codeUint64:
		n = 1 << (c - codeUint8)
	case codeInt8 <= c && c <= codeInt64:
		n = 1 << (c - codeInt8)
	case codeFixedExt1 <= c && c <= codeFixedExt16:
		n = 1<<(c-codeFixedExt1) + 1
	default:
		err = ErrCode
	}
	for n > 0 && err == nil {
		step := min(n, firstRead)
		d.scratch, err = d.read(d.scratch[:0], step)
		n -= step
	}
	return 0, err
}

// fixed reads a number of size bytes, at most 8, the highest first.
func (d *Decoder) fixed(size int) (uint64, error) {
	if err := d.readFull(d.buf[:size]); err != nil {
		return 0, err
	}
	v := uint64(0)
	for _, c := range d.buf[:size] {
		v = v<<8 | uint64(c)
	}
	return v, nil
}

// fixedInt is fixed for a length. One of 32 bits may not fit an int where that has 32.
func (d *Decoder) fixedInt(size int) (int, error) {
	v, err := d.fixed(size)
	if err == nil && int(v) < 0 {
		err = ErrLength
	}
	return int(v), err
}

const (
	firstRead   = 4 << 10  // what a length is believed without evidence, in bytes
	keepScratch = 64 << 10 // a larger scratch buffer is not kept
)

// read appends n bytes to b. If it cannot know that they are there, it believes n step by step: never more at once than
// firstRead or what has been read before.
func (d *Decoder) read(b []byte, n int) ([]byte, error) {
	if d.left != nil && n > d.left.Len() {
		return b, io.ErrUnexpectedEOF
	}
	if b == nil && n == 0 {
		return []byte{}, nil
	}
	for done := 0; done < n; {
		step := n - done
		if d.left == nil {
			step = min(step, max(done, firstRead))
		}
		b = append(b, make([]byte, step)...)
		if err := d.readFull(b[len(b)-step:]); err != nil {
			return b, err
		}
		done += step
	}
	return b, nil
}

// readFull fills p, which lies within a value.
func (d *Decoder) readFull(p []byte) error {
	for len(p) > 0 {
		n, err := d.r.Read(p)
		p = p[n:]
		if err != nil && len(p) > 0 {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// peeker is a reader that can take back its last byte.
type peeker struct {
	r    io.Reader
	last [1]byte
	back bool // last is to be read again
}

func (p *peeker) Read(b []byte) (int, error) {
	if p.back && len(b) > 0 {
		p.back = false
		b[0] = p.last[0]
		return 1, nil
	}
	return p.r.Read(b)
}

func (p *peeker) ReadByte() (byte, error) {
	if p.back {
		p.back = false
		return p.last[0], nil
	}
	for {
		n, err := p.r.Read(p.last[:])
		if n == 1 {
			return p.last[0], nil
		}
		if err != nil {
			return 0, err
		}
	}
}

func (p *peeker) UnreadByte() error {
	p.back = true
	return nil
}
