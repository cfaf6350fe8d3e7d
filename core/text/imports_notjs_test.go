//go:build !js

package text_test

import (
	"os/exec"
	"strings"
	"testing"
)

// What is linked into the module must not bring the big packages with it.
func TestImports_AreSmall(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "nigh/core/text").Output()
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{"unsafe": true, "math": true, "math/bits": true, "unicode/utf8": true}
	for _, p := range strings.Fields(string(out)) {
		if !allowed[p] && !strings.HasPrefix(p, "internal/") && !strings.HasPrefix(p, "nigh/core/text") {
			t.Errorf("core/text needs %s, want only %v", p, allowed)
		}
	}
}
