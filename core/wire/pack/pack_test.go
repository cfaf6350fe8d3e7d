package pack_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"nigh/core/wire/pack"
)

func Example() {
	var b bytes.Buffer
	e := pack.NewEncoder(&b)
	e.EncodeArrayLen(2)
	e.EncodeString("near")
	e.EncodeInt(-1)

	d := pack.NewDecoder(&b)
	n, _ := d.DecodeArrayLen()
	s, _ := d.DecodeString()
	v, err := d.DecodeInt64()
	fmt.Println(n, s, v, err)
	// Output: 2 near -1 <nil>
}

// lies are heads that claim much more than follows.
var lies = map[string]string{
	"bytes of 4 GB":       "\xc6\xff\xff\xff\xffabc",
	"bytes of 64 KB":      "\xc5\xff\xffabc",
	"text of 4 GB":        "\xdb\xff\xff\xff\xffabc",
	"extension of 4 GB":   "\xc9\xff\xff\xff\xff\x01abc",
	"array of 4 G values": "\xdd\xff\xff\xff\xff\x01",
	"map of 4 G pairs":    "\xdf\xff\xff\xff\xff\x01\x01",
}

func TestDecoder_BelievesALengthOnlyAsFarAsBytesAreThere(t *testing.T) {
	const most = 32 << 10
	for name, data := range lies {
		for kind := range readers(nil) {
			for _, op := range []int{opBytes, opString, opSkip} {
				d := pack.NewDecoder(readers([]byte(data))[kind])
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, err := decode(op, d)
				runtime.ReadMemStats(&after)
				if err == nil {
					t.Errorf("%s, %s, op %d: no error", name, kind, op)
				}
				if got := after.TotalAlloc - before.TotalAlloc; got > most {
					t.Errorf("%s, %s, op %d: %d bytes allocated, want at most %d", name, kind, op, got, most)
				}
			}
		}
	}
}

func TestDecoder_ReadsLongValuesFromEveryReader(t *testing.T) {
	for _, n := range []int{0, 1, 31, 32, 255, 256, 4095, 4096, 4097, 65535, 65536, 1 << 20} {
		long := strings.Repeat("x", n)
		var b bytes.Buffer
		e := pack.NewEncoder(&b)
		if err := errors.Join(e.EncodeString(long), e.EncodeBytes([]byte(long)), e.EncodeString(long), e.EncodeBool(true)); err != nil {
			t.Fatal(err)
		}
		for kind, r := range readers(b.Bytes()) {
			d := pack.NewDecoder(r)
			s, err1 := d.DecodeString()
			v, err2 := d.DecodeBytes()
			err3 := d.Skip()
			last, err4 := d.DecodeBool()
			if err := errors.Join(err1, err2, err3, err4); err != nil || s != long || string(v) != long || !last {
				t.Errorf("%s, %d bytes: got %d and %d bytes, %v, %v, want all", kind, n, len(s), len(v), last, err)
			}
		}
	}
}

func TestDecoder_SkipsDeepNestingInConstantMemory(t *testing.T) {
	const depth = 1 << 20
	data := strings.Repeat("\x91", depth) + "\xc0\xc3"
	d := pack.NewDecoder(strings.NewReader(data))
	if err := d.Skip(); err != nil {
		t.Fatalf("Skip of %d arrays in each other: %v", depth, err)
	}
	if v, err := d.DecodeBool(); !v || err != nil {
		t.Errorf("after Skip: %v, %v, want true", v, err)
	}
}

func TestDecoder_TellsTheEndFromACut(t *testing.T) {
	values := []string{
		"\x93\x01\x02\x03", "\x81\xa1a\x01", "\xcd\x01\x02", "\xd3\x00\x00\x00\x00\x00\x00\x00\x01", "\xa3abc", "\xd9\x03abc",
		"\xc4\x02ab", "\xc7\x02\x01ab", "\xd5\x01ab", "\xca\x00\x00\x00\x00", "\xdc\x00\x01\xc0", "\xde\x00\x01\xc0\xc0",
	}
	for _, v := range values {
		for cut := range len(v) + 1 {
			want := io.ErrUnexpectedEOF
			switch cut {
			case 0:
				want = io.EOF
			case len(v):
				want = nil
			}
			for kind, r := range readers([]byte(v[:cut])) {
				if err := pack.NewDecoder(r).Skip(); err != want {
					t.Errorf("%s: Skip of %x: %v, want %v", kind, v[:cut], err, want)
				}
			}
		}
	}
}

func TestDecoder_RefusesWhatWouldWrapAround(t *testing.T) {
	for _, c := range []struct {
		op   int
		data string
		want error
	}{
		{opUint, "\xff", pack.ErrRange},
		{opUint, "\xd0\x80", pack.ErrRange},
		{opUint, "\xd3\xff\xff\xff\xff\xff\xff\xff\xff", pack.ErrRange},
		{opUint, "\xd3\x7f\xff\xff\xff\xff\xff\xff\xff", nil},
		{opInt, "\xcf\x80\x00\x00\x00\x00\x00\x00\x00", pack.ErrRange},
		{opInt, "\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", nil},
		{opInt, "\xa0", pack.ErrCode},
		{opUint, "\xc1", pack.ErrCode},
		{opNil, "\xc2", pack.ErrCode},
		{opBool, "\x01", pack.ErrCode},
		{opString, "\x90", pack.ErrCode},
		{opArrayLen, "\x80", pack.ErrCode},
		{opMapLen, "\xc7\x01\x01\x80", pack.ErrCode},
		{opSkip, "\xc1", pack.ErrCode},
	} {
		if _, err := decode(c.op, pack.NewDecoder(strings.NewReader(c.data))); err != c.want {
			t.Errorf("op %d of %x: %v, want %v", c.op, c.data, err, c.want)
		}
	}
}

func TestEncoder_RefusesLengthsThatCannotBeStated(t *testing.T) {
	e := pack.NewEncoder(io.Discard)
	for _, n := range []int{-1, 1 << 32} {
		if err := e.EncodeArrayLen(n); err != pack.ErrLength {
			t.Errorf("EncodeArrayLen(%d) = %v, want ErrLength", n, err)
		}
		if err := e.EncodeMapLen(n); err != pack.ErrLength {
			t.Errorf("EncodeMapLen(%d) = %v, want ErrLength", n, err)
		}
	}
}

type failing struct{ after int }

var errFull = errors.New("full")

func (f *failing) Write(p []byte) (int, error) {
	if f.after -= len(p); f.after < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestEncoder_ReturnsTheErrorOfItsWriter(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for after := range 1003 {
		if err := pack.NewEncoder(&failing{after}).EncodeString(long); err != errFull {
			t.Fatalf("EncodeString into %d bytes: %v, want %v", after, err, errFull)
		}
		if err := pack.NewEncoder(&failing{after}).EncodeBytes([]byte(long)); err != errFull {
			t.Fatalf("EncodeBytes into %d bytes: %v, want %v", after, err, errFull)
		}
	}
}

func TestEncoder_DoesNotAllocate(t *testing.T) {
	e := pack.NewEncoder(io.Discard)
	long := strings.Repeat("x", 1000)
	n := testing.AllocsPerRun(100, func() {
		e.EncodeArrayLen(3)
		e.EncodeUint(1 << 40)
		e.EncodeString(long)
		e.EncodeBool(true)
	})
	if n != 0 {
		t.Errorf("allocations = %v, want 0", n)
	}
}
