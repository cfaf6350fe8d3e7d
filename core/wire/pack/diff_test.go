package pack_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"

	"nigh/core/wire/pack"
)

// encoder and decoder are what core/wire uses of either package; that both have it is half of the proof.
type encoder interface {
	EncodeArrayLen(int) error
	EncodeMapLen(int) error
	EncodeUint(uint64) error
	EncodeInt(int64) error
	EncodeString(string) error
	EncodeBytes([]byte) error
	EncodeBool(bool) error
	EncodeNil() error
}

type decoder interface {
	DecodeArrayLen() (int, error)
	DecodeMapLen() (int, error)
	DecodeUint64() (uint64, error)
	DecodeInt64() (int64, error)
	DecodeString() (string, error)
	DecodeBytes() ([]byte, error)
	DecodeBool() (bool, error)
	DecodeNil() error
	PeekCode() (byte, error)
	Skip() error
}

var (
	_ encoder = (*msgpack.Encoder)(nil)
	_ encoder = (*pack.Encoder)(nil)
	_ decoder = (*msgpack.Decoder)(nil)
	_ decoder = (*pack.Decoder)(nil)
)

// What a step of a program encodes or decodes.
const (
	opArrayLen = iota
	opMapLen
	opUint
	opInt
	opString
	opBytes
	opBool
	opNil
	opPeek
	opSkip
	ops
)

// step is one value of a program.
type step struct {
	op    int
	n     uint64
	bytes []byte
}

// program makes steps of fuzz input: a byte for the op and the width of its operand, then the operand. Texts and bytes
// repeat a letter, so that the lengths at which the form changes (32, 256, 65536) are in reach of three bytes.
func program(in []byte) (steps []step) {
	for len(in) > 0 && len(steps) < 40 {
		c := in[0]
		in = in[1:]
		s := step{op: int(c&15) % opPeek}
		for range min(1<<(c>>6), len(in)) {
			s.n = s.n<<8 | uint64(in[0])
			in = in[1:]
		}
		if c&0x10 != 0 {
			s.n = -s.n
		}
		if (s.op == opBytes || s.op == opString) && c&0x20 == 0 {
			s.bytes = bytes.Repeat([]byte{byte('a' + s.n%26)}, int(s.n%70000))
		}
		steps = append(steps, s)
	}
	return steps
}

// length is n as a length that MessagePack can state.
func (s step) length() int { return int(s.n & 0xffffffff) }

func (s step) encode(e encoder) error {
	switch s.op {
	case opArrayLen:
		return e.EncodeArrayLen(s.length())
	case opMapLen:
		return e.EncodeMapLen(s.length())
	case opUint:
		return e.EncodeUint(s.n)
	case opInt:
		return e.EncodeInt(int64(s.n))
	case opString:
		return e.EncodeString(string(s.bytes))
	case opBytes:
		return e.EncodeBytes(s.bytes)
	case opBool:
		return e.EncodeBool(s.n&1 == 1)
	}
	return e.EncodeNil()
}

// value is what decoding the encoded step must give.
func (s step) value() any {
	switch s.op {
	case opArrayLen, opMapLen:
		return s.length()
	case opUint:
		return s.n
	case opInt:
		return int64(s.n)
	case opString:
		return string(s.bytes)
	case opBytes:
		return s.bytes
	case opBool:
		return s.n&1 == 1
	}
	return nil
}

// decode reads one value with d.
func decode(op int, d decoder) (any, error) {
	switch op {
	case opArrayLen:
		return d.DecodeArrayLen()
	case opMapLen:
		return d.DecodeMapLen()
	case opUint:
		return d.DecodeUint64()
	case opInt:
		return d.DecodeInt64()
	case opString:
		return d.DecodeString()
	case opBytes:
		return d.DecodeBytes()
	case opBool:
		return d.DecodeBool()
	case opPeek:
		return d.PeekCode()
	case opSkip:
		return nil, d.Skip()
	}
	return nil, d.DecodeNil()
}

func same(a, b any) bool {
	x, isBytes := a.([]byte)
	if !isBytes {
		return a == b
	}
	y, isBytes := b.([]byte)
	return isBytes && bytes.Equal(x, y) && (x == nil) == (y == nil)
}

// encodeSeeds reach every op in every width; each number is on both sides of a change of form.
func encodeSeeds() (seeds [][]byte) {
	var all []byte
	for op := byte(0); op < opPeek; op++ {
		for width := byte(0); width < 4; width++ {
			for _, sign := range []byte{0, 0x10} {
				for _, v := range []byte{0, 1, 0x0f, 0x10, 0x1f, 0x20, 0x21, 0x7f, 0x80, 0x81, 0xff} {
					head, zeros := []byte{op | sign | width<<6}, make([]byte, 1<<width-1)
					low := slices.Concat(head, zeros, []byte{v})
					high := slices.Concat(head, []byte{v}, zeros)
					seeds = append(seeds, low, high)
					all = slices.Concat(all, low, high)
				}
			}
		}
		seeds = append(seeds, []byte{op | 0x20, 0})
	}
	for chunk := range slices.Chunk(all, 100) {
		seeds = append(seeds, chunk)
	}
	return append(seeds,
		[]byte{opString | 1<<6, 0, 31, opString | 1<<6, 0, 32, opString | 1<<6, 0, 255, opString | 1<<6, 1, 0},
		[]byte{opString | 1<<6, 255, 255, opString | 2<<6, 0, 1, 0, 0, opBytes | 1<<6, 255, 255, opBytes | 2<<6, 0, 1, 0, 0},
		[]byte{opBytes | 1<<6, 0, 253, opBytes | 1<<6, 0, 254, opBytes | 1<<6, 0, 255, opBytes | 1<<6, 1, 0},
	)
}

func FuzzEncodeMatchesLibrary(f *testing.F) {
	seeds := encodeSeeds()
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var ours, theirs bytes.Buffer
		a, b := pack.NewEncoder(&ours), msgpack.NewEncoder(&theirs)
		steps := program(in)
		for i, s := range steps {
			was := ours.Len()
			errA, errB := s.encode(a), s.encode(b)
			if errA != nil || errB != nil {
				t.Fatalf("step %d, op %d of %d: errors %v and %v, want none", i, s.op, s.n, errA, errB)
			}
			if got, want := ours.Bytes()[was:], theirs.Bytes()[was:]; !bytes.Equal(got, want) {
				t.Fatalf("step %d, op %d of %d: wrote %.20x, the library %.20x", i, s.op, s.n, got, want)
			}
		}
		// What the library wrote, pack reads: as the values that went in.
		for name, r := range readers(theirs.Bytes()) {
			d := pack.NewDecoder(r)
			for i, s := range steps {
				got, err := decode(s.op, d)
				if want := s.value(); err != nil || !same(got, want) {
					t.Fatalf("%s: step %d, op %d: got %.40v, %v, want %.40v", name, i, s.op, got, err, want)
				}
			}
			if _, err := d.PeekCode(); err != io.EOF {
				t.Fatalf("%s: after the last value: %v, want io.EOF", name, err)
			}
			d = pack.NewDecoder(bytes.NewReader(theirs.Bytes()))
			for i, s := range steps {
				if s.op == opArrayLen || s.op == opMapLen {
					break // their values are not there
				}
				if err := d.Skip(); err != nil {
					t.Fatalf("%s: step %d, op %d: Skip: %v", name, i, s.op, err)
				}
			}
		}
	})
}

// readers are the kinds of reader that a Decoder treats differently: one that knows its length, one that does not, one
// that cannot even take a byte back.
func readers(b []byte) map[string]io.Reader {
	return map[string]io.Reader{
		"length known": bytes.NewReader(b),
		"scanner":      struct{ scanner }{bytes.NewReader(b)},
		"plain":        struct{ io.Reader }{bytes.NewReader(b)},
	}
}

type scanner interface {
	io.Reader
	io.ByteScanner
}

// decodeSeeds are pairs of a program of ops and what it decodes.
func decodeSeeds() (seeds [][2][]byte) {
	add := func(program string, data string) { seeds = append(seeds, [2][]byte{[]byte(program), []byte(data)}) }
	for code := 0; code < 256; code++ { // every first byte, for every op, with enough and with too little behind it
		for op := byte(0); op < ops; op++ {
			add(string([]byte{opPeek, op, opPeek}), string([]byte{byte(code)})+"\x00\x00\x00\x01\xff\xff\xff\x80abcdefghijklmnopqrstuvwxyz0123456789")
			add(string(op), string([]byte{byte(code)})+"\xff")
		}
	}
	deep := strings.Repeat("\x91", 1000) // the library recurses; a browser's stack ends before 10,000
	add(string(byte(opSkip)), deep+"\xc0")
	add(string(byte(opSkip)), deep)
	add(string(byte(opSkip)), "\x83\xa1a\x01\xa1b\x92\x01\x02\xa1c\x81\xc0\xc0")
	add(string(byte(opSkip)), "\xdd\xff\xff\xff\xff\x00")
	add(string(byte(opBytes)), "\xc6\xff\xff\xff\xffabc")
	add(string(byte(opString)), "\xdb\x7f\xff\xff\xffabc")
	add(string(byte(opMapLen)), "\xc7\x00\x05\x81")
	return seeds
}

func FuzzDecodeMatchesLibrary(f *testing.F) {
	seeds := decodeSeeds()
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, program, data []byte) {
		for name, r := range readers(data) {
			ours := pack.NewDecoder(r)
			source := bytes.NewReader(data)
			theirs := msgpack.NewDecoder(source)
			for i, c := range program {
				op := int(c) % ops
				rest := data[len(data)-source.Len():]
				got, errA := decode(op, ours)
				if op == opBytes && claims(rest) > len(rest) {
					// The library would allocate what is claimed, up to 4 GB, before it looks for it.
					if errA != io.ErrUnexpectedEOF {
						t.Fatalf("%s: step %d: DecodeBytes of %.20x: %v, want io.ErrUnexpectedEOF", name, i, rest, errA)
					}
					return
				}
				want, errB := decode(op, theirs)
				if errA != nil && errB == nil && !stricter(op, rest, errA) {
					t.Fatalf("%s: step %d, op %d of %.20x: %v, the library reads %.40v", name, i, op, rest, errA, want)
				}
				if errA == nil && errB != nil {
					t.Fatalf("%s: step %d, op %d of %.20x: read %.40v, the library %v", name, i, op, rest, got, errB)
				}
				if ended(errB) != ended(errA) && !stricter(op, rest, errA) {
					t.Fatalf("%s: step %d, op %d of %.20x: %v, the library %v", name, i, op, rest, errA, errB)
				}
				if errA != nil {
					return
				}
				if !same(got, want) {
					t.Fatalf("%s: step %d, op %d of %.20x: read %.40v, the library %.40v", name, i, op, rest, got, want)
				}
				if a, ok := r.(interface{ Len() int }); ok && a.Len() != source.Len() {
					t.Fatalf("%s: step %d, op %d of %.20x: %d bytes are left, the library leaves %d", name, i, op, rest, a.Len(), source.Len())
				}
			}
		}
	})
}

func ended(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// claims is the length that the head of bytes or a text states, 0 if data has none.
func claims(data []byte) int {
	n, err := msgpack.NewDecoder(bytes.NewReader(data)).DecodeBytesLen()
	if err != nil {
		return 0
	}
	return n
}

// stricter tells whether err is one of the refusals that doc.go lists.
func stricter(op int, data []byte, err error) bool {
	if len(data) == 0 {
		return false
	}
	n, _ := msgpack.NewDecoder(bytes.NewReader(data)).DecodeInt64()
	switch op {
	case opUint:
		return err == pack.ErrRange && n < 0 && data[0] != msgpcode.Uint64
	case opInt:
		return err == pack.ErrRange && n < 0 && data[0] == msgpcode.Uint64
	case opMapLen:
		return err == pack.ErrCode && msgpcode.IsExt(data[0])
	}
	return false
}
