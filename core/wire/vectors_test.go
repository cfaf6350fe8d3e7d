package wire

import (
	_ "embed"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// vectors are frames as they were committed, a line each: version of the format, type, frame in hex. Lines of old
// versions stay when the version moves: they must still decode.
//
//go:embed testdata/vectors.txt
var vectors string

// packedName are names of what is no frame.
var packedName = map[string]bool{"record": true, "weights": true, "records": true, "allweights": true}

// lines returns what the vectors hold for a name ("" for all).
func lines(name string) (out [][]byte, err error) {
	for _, l := range strings.Split(strings.TrimSpace(vectors), "\n") {
		if f := strings.Fields(l); len(f) == 3 && (f[1] == name || name == "" && !packedName[f[1]]) {
			b, err := hex.DecodeString(f[2])
			if err != nil {
				return nil, err
			}
			out = append(out, b)
		}
	}
	return out, nil
}

func nameOf(m Message) string {
	return strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", m), "*wire."))
}

func TestGolden_MessagesKeepTheirBytes(t *testing.T) {
	var page strings.Builder
	for _, m := range all() {
		fmt.Fprintf(&page, "%d %s %x\n", Version, nameOf(m), Encode(m))
	}
	for _, r := range packedSeeds() {
		fmt.Fprintf(&page, "%d %s %x\n", Version, r.name, r.bytes)
	}
	if golden(t, page.String()) {
		return
	}
	for _, l := range strings.Split(strings.TrimSpace(page.String()), "\n") {
		if !strings.Contains(vectors, l+"\n") {
			t.Errorf("testdata/vectors.txt lacks this line; has the format changed without a new Version?\n%s", l)
		}
	}
}

func TestVectors_StillDecode(t *testing.T) {
	frames, err := lines("")
	if err != nil || len(frames) < len(all()) {
		t.Fatalf("%d vectors, %v, want at least %d", len(frames), err, len(all()))
	}
	for _, f := range frames {
		m, err := Decode(f)
		if err != nil {
			t.Errorf("Decode(%x) = %v", f, err)
			continue
		}
		if again, err := Decode(Encode(m)); err != nil || !reflect.DeepEqual(again, m) {
			t.Errorf("%x: %+v becomes %+v, %v", f, m, again, err)
		}
	}
}
