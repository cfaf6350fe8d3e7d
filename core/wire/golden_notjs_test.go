//go:build !js

package wire

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the vectors of this version")

// golden tells whether it wrote page as the vectors of this version; those of others stay.
func golden(t *testing.T, page string) bool {
	if !*update {
		return false
	}
	var old strings.Builder
	for l := range strings.Lines(vectors) {
		if !strings.HasPrefix(l, fmt.Sprintf("%d ", Version)) {
			old.WriteString(l)
		}
	}
	if err := os.WriteFile("testdata/vectors.txt", []byte(old.String()+page), 0o644); err != nil {
		t.Fatal(err)
	}
	return true
}
