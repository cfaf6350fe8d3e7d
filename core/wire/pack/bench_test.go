package pack_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/vmihailenco/msgpack/v5"

	"nigh/core/wire/pack"
)

// writeMessage writes what a list of recommendations or a delta is made of: a few numbers, texts, packed records.
func writeMessage(e encoder) {
	e.EncodeArrayLen(5)
	e.EncodeUint(7)
	e.EncodeUint(1 << 50)
	e.EncodeInt(-1500)
	e.EncodeBool(true)
	e.EncodeArrayLen(len(records))
	for i, r := range records {
		e.EncodeArrayLen(3)
		e.EncodeString("the-left-hand-of-darkness")
		e.EncodeInt(int64(i) << 16)
		e.EncodeBytes(r)
	}
}

func readMessage(d decoder) {
	d.DecodeArrayLen()
	d.DecodeUint64()
	d.DecodeUint64()
	d.DecodeInt64()
	d.DecodeBool()
	n, _ := d.DecodeArrayLen()
	for range n {
		d.DecodeArrayLen()
		d.DecodeString()
		d.DecodeInt64()
		d.DecodeBytes()
	}
}

var records = func() (r [][]byte) {
	for i := range 50 {
		r = append(r, bytes.Repeat([]byte{byte(i)}, 200+i))
	}
	return r
}()

func message() []byte {
	var b bytes.Buffer
	writeMessage(pack.NewEncoder(&b))
	return b.Bytes()
}

func BenchmarkEncode(b *testing.B) {
	var buf bytes.Buffer
	for name, e := range map[string]encoder{"pack": pack.NewEncoder(&buf), "library": msgpack.NewEncoder(&buf)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(message())))
			b.ReportAllocs()
			for b.Loop() {
				buf.Reset()
				writeMessage(e)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	m := message()
	r := bytes.NewReader(m)
	for name, open := range map[string]func(io.Reader) decoder{
		"pack":    func(r io.Reader) decoder { return pack.NewDecoder(r) },
		"library": func(r io.Reader) decoder { return msgpack.NewDecoder(r) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(m)))
			b.ReportAllocs()
			for b.Loop() {
				r.Reset(m)
				readMessage(open(r))
			}
		})
	}
}

func BenchmarkSkip(b *testing.B) {
	m := message()
	r := bytes.NewReader(m)
	ours, theirs := pack.NewDecoder(r), msgpack.NewDecoder(r)
	for name, d := range map[string]decoder{"pack": ours, "library": theirs} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(m)))
			b.ReportAllocs()
			for b.Loop() {
				r.Reset(m)
				d.Skip()
			}
		})
	}
}
