package wire

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"
)

// What a frame costs in memory, whatever it claims: costFixed for decoder and message, and for each byte at most
// costByte. The worst byte is an empty entry of a list: 24 bytes of slice header, twice for growing, and the decoder's.
const (
	costFixed = 16 << 10
	costByte  = 160
)

// allocated returns how many bytes f allocates, on average.
func allocated(f func()) uint64 {
	const runs = 10
	f()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / runs
}

// costs fails if decoding n bytes allocates more than they justify: `most` for each, and a fixed part. What else goes on in
// the process counts too, so that a bad figure is looked at again.
func costs(t *testing.T, n, most int, decode func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	decode()
	runtime.ReadMemStats(&after)
	limit := uint64(costFixed + most*n)
	if after.TotalAlloc-before.TotalAlloc <= limit {
		return
	}
	if got := allocated(decode); got > limit {
		t.Fatalf("%d bytes allocated for %d, want at most %d", got, n, limit)
	}
}

func TestDecode_LyingLengthsCostLittle(t *testing.T) {
	huge := []byte{0xff, 0xff, 0xff, 0xff}
	for _, c := range []struct {
		name  string
		frame []byte
	}{
		{"4 GB of text", frame(2, 4, append([]byte{0xdb}, huge...))},
		{"4 GB of bytes for a text", frame(2, 4, append([]byte{0xc6}, huge...))},
		{"4 GB of a record", frame(9, 17, 1, 1, 1, 1, []byte{0xc3}, 1, 1, append([]byte{0x91, 0xc6}, huge...))},
		{"64 kB of text, one byte short", frame(2, 4, append([]byte{0xda, 0xff, 0xff}, make([]byte, 65_534)...))},
		{"2 GB of ops", frame(3, 2, 1, []byte{0xdd, 0x7f, 0xff, 0xff, 0xff})},
		{"4 G fields", []byte{0xdd, 0xff, 0xff, 0xff, 0xff, 4, 0xa0}},
		{"a list of lists of 4 G", frame(3, 2, 1, append([]byte{0x91, 0xdd}, huge...))},
		{"a full frame of empty records", frame(5, 18, 1, 2, 3, append([]byte{0xdd, 0, 0, 0xff, 0xff}, bytes.Repeat([]byte{0xc0}, 0xffff)...))},
		{"a full frame of empty texts", frame(5, 3, "", "", 1, append([]byte{0xdd, 0, 0, 0xff, 0xff}, bytes.Repeat([]byte{0xa0}, 0xffff)...))},
		{"a full frame of the smallest ops", frame(3, 2, 1, append([]byte{0xdd, 0, 0, 0x1c, 0x00},
			bytes.Repeat([]byte{0x98, 0xc2, 0xa0, 0xa0, 0, 0, 0, 0xa0, 0}, 0x1c00)...))},
	} {
		got := allocated(func() { Decode(c.frame) })
		if most := uint64(costFixed + costByte*len(c.frame)); got > most {
			t.Errorf("%s: %d bytes allocated for a frame of %d, want at most %d", c.name, got, len(c.frame), most)
		}
	}
}

func TestReadRecord_LyingLengthsCostLittle(t *testing.T) {
	packed := AppendRecord(nil, full)
	for at := range packed { // a length of 2^63 wherever one may stand
		lie := append(append(bytes.Clone(packed[:at]), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), packed[at:]...)
		check(t, fmt.Sprint("a lie at ", at), lie)
	}
	check(t, "many empty tags", append([]byte{1, 0, 0, 0, 0, 1, 'a', 0, 0, 0, 0, 0, 0x80, 0x80, 4}, make([]byte, 1<<16)...))
	check(t, "many empty attributes", append([]byte{1, 0, 0, 0, 0, 1, 'a', 0, 0, 0, 0, 0, 0, 0, 0x80, 0x80, 2}, make([]byte, 1<<16)...))
}

func check(t *testing.T, name string, packed []byte) {
	t.Helper()
	got := allocated(func() {
		ReadRecord(packed)
		ReadWeights(packed)
	})
	if most := uint64(costFixed + costByte*len(packed)); got > most {
		t.Errorf("%s: %d bytes allocated for %d, want at most %d", name, got, len(packed), most)
	}
}
