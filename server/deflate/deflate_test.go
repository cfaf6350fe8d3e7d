package deflate

import (
	"bytes"
	"compress/flate"
	"math/rand/v2"
	"runtime"
	"testing"

	"nigh/core/wire"
)

func TestFrame_ComesBackAndIsSmaller(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, 5000)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	for name, c := range map[string]struct {
		plain   []byte
		smaller bool
	}{
		"nothing": {nil, false}, "small": {bytes.Repeat([]byte("a"), Least-1), false}, "noise": {noise, false},
		"text": {bytes.Repeat([]byte("the sea "), 200), true}, "the largest": {make([]byte, wire.MaxServerFrame), true},
		"too large": {make([]byte, wire.MaxServerFrame+1), false},
	} {
		got := Frame(c.plain)
		if smaller := len(got) < len(c.plain); smaller != c.smaller {
			t.Errorf("%s: %d bytes of %d, want smaller: %v", name, len(got), len(c.plain), c.smaller)
		}
		if back, err := Inflate(got); err != nil || !bytes.Equal(back, c.plain) {
			t.Errorf("%s: Inflate = %d bytes, %v, want the %d that went in", name, len(back), err, len(c.plain))
		}
	}
}

func TestInflate_RefusesWhatIsNotAsLargeAsItClaims(t *testing.T) {
	body := func(n int) []byte {
		var b bytes.Buffer
		w, _ := flate.NewWriter(&b, Level)
		_, _ = w.Write(make([]byte, n))
		_ = w.Close()
		return b.Bytes()
	}
	good := Frame(make([]byte, 5000))
	for name, frame := range map[string][]byte{
		"a bomb":                    append(wire.AppendDeflatedHead(nil, 5000), body(16<<20)...),
		"a claim beyond the limit":  append(wire.AppendDeflatedHead(nil, wire.MaxServerFrame+1), body(wire.MaxServerFrame+1)...),
		"more than claimed, by one": append(wire.AppendDeflatedHead(nil, 4999), good[wire.DeflatedHead:]...),
		"less than claimed, by one": append(wire.AppendDeflatedHead(nil, 5001), good[wire.DeflatedHead:]...),
		"the head alone":            good[:wire.DeflatedHead],
		"half a head":               good[:3],
		"torn":                      good[:len(good)-2],
		"bytes behind the end":      append(bytes.Clone(good), 0),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, err := Inflate(frame)
		runtime.ReadMemStats(&after)
		if err != wire.ErrTorn || got != nil {
			t.Errorf("%s: Inflate = %d bytes, %v, want ErrTorn", name, len(got), err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 200<<10 {
			t.Errorf("%s: %d bytes of memory, want a reader and what was claimed", name, took)
		}
	}
}

func FuzzInflate(f *testing.F) {
	f.Add(Frame(make([]byte, 5000)))
	f.Add([]byte{0xc1, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, frame []byte) {
		got, err := Inflate(frame)
		if err != nil {
			return
		}
		if size, deflated, _ := wire.Deflated(frame); deflated && len(got) != size || !deflated && !bytes.Equal(got, frame) {
			t.Fatalf("Inflate(%x) = %d bytes", frame, len(got))
		}
		if again, err := Inflate(Frame(got)); err == nil && !bytes.Equal(again, got) {
			t.Fatalf("%d bytes do not come back", len(got))
		}
	})
}
