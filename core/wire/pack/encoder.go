package pack

import "io"

// Encoder writes MessagePack values to a writer, each in its shortest form. Its methods are those of msgpack.Encoder of
// the same names. They fail only if the writer fails or a length is none that MessagePack can state.
type Encoder struct {
	w   io.Writer
	buf [256]byte // a value's head, and its text as far as there is room: short values take one Write
}

// NewEncoder returns an Encoder that writes to w. It keeps nothing back: after a method returns, w has all of its value.
func NewEncoder(w io.Writer) *Encoder { return &Encoder{w: w} }

// EncodeNil writes nil.
func (e *Encoder) EncodeNil() error { return e.write1(codeNil) }

// EncodeBool writes a bool.
func (e *Encoder) EncodeBool(v bool) error {
	if v {
		return e.write1(codeTrue)
	}
	return e.write1(codeFalse)
}

// EncodeUint writes v in 1, 2, 3, 5 or 9 bytes.
func (e *Encoder) EncodeUint(v uint64) error {
	switch {
	case v <= 0x7f:
		return e.write1(byte(v))
	case v <= 0xff:
		return e.write(e.head(codeUint8, v, 1))
	case v <= 0xffff:
		return e.write(e.head(codeUint16, v, 2))
	case v <= 0xffffffff:
		return e.write(e.head(codeUint32, v, 4))
	}
	return e.write(e.head(codeUint64, v, 8))
}

// EncodeInt writes v in 1, 2, 3, 5 or 9 bytes; what is not negative as EncodeUint does.
func (e *Encoder) EncodeInt(v int64) error {
	switch {
	case v >= 0:
		return e.EncodeUint(uint64(v))
	case v >= -32:
		return e.write1(byte(v))
	case v >= -1<<7:
		return e.write(e.head(codeInt8, uint64(v), 1))
	case v >= -1<<15:
		return e.write(e.head(codeInt16, uint64(v), 2))
	case v >= -1<<31:
		return e.write(e.head(codeInt32, uint64(v), 4))
	}
	return e.write(e.head(codeInt64, uint64(v), 8))
}

// EncodeArrayLen writes the head of an array of n values, which the caller writes next.
func (e *Encoder) EncodeArrayLen(n int) error {
	return e.writeLen(n, codeFixedArray, 15, codeArray16)
}

// EncodeMapLen writes the head of a map of n pairs, which the caller writes next: key, value, key, value.
func (e *Encoder) EncodeMapLen(n int) error {
	return e.writeLen(n, codeFixedMap, 15, codeMap16)
}

// EncodeString writes a text. It does not look whether v is UTF-8.
func (e *Encoder) EncodeString(v string) error {
	var h int
	switch n := uint64(len(v)); {
	case n <= 31:
		e.buf[0], h = codeFixedString|byte(n), 1
	case n <= 0xff:
		h = e.head(codeString8, n, 1)
	case n <= 0xffff:
		h = e.head(codeString16, n, 2)
	case n <= 0xffffffff:
		h = e.head(codeString32, n, 4)
	default:
		return ErrLength
	}
	for {
		n := copy(e.buf[h:], v)
		if err := e.write(h + n); err != nil {
			return err
		}
		if v = v[n:]; v == "" {
			return nil
		}
		h = 0
	}
}

// EncodeBytes writes bytes; nil as nil, so that DecodeBytes gives nil again.
func (e *Encoder) EncodeBytes(v []byte) error {
	var h int
	switch n := uint64(len(v)); {
	case v == nil:
		return e.EncodeNil()
	case n <= 0xff:
		h = e.head(codeBin8, n, 1)
	case n <= 0xffff:
		h = e.head(codeBin16, n, 2)
	case n <= 0xffffffff:
		h = e.head(codeBin32, n, 4)
	default:
		return ErrLength
	}
	n := 0
	if len(v) <= len(e.buf)-h {
		n = copy(e.buf[h:], v)
	}
	if err := e.write(h + n); err != nil || n == len(v) {
		return err
	}
	_, err := e.w.Write(v)
	return err
}

// writeLen writes the head of an array or map: fixed|n up to most, else the code of the 16 bit form or the one after.
func (e *Encoder) writeLen(n int, fixed byte, most int, code16 byte) error {
	switch {
	case n < 0 || uint64(n) > 0xffffffff:
		return ErrLength
	case n <= most:
		return e.write1(fixed | byte(n))
	case n <= 0xffff:
		return e.write(e.head(code16, uint64(n), 2))
	}
	return e.write(e.head(code16+1, uint64(n), 4))
}

// head puts a code and the low size bytes of v, the highest first, into buf and returns their number.
func (e *Encoder) head(code byte, v uint64, size int) int {
	e.buf[0] = code
	for i := size; i > 0; i-- {
		e.buf[i] = byte(v)
		v >>= 8
	}
	return size + 1
}

func (e *Encoder) write1(c byte) error {
	e.buf[0] = c
	return e.write(1)
}

// write writes the first n bytes of buf.
func (e *Encoder) write(n int) error {
	_, err := e.w.Write(e.buf[:n])
	return err
}
