//go:build !js

package pack_test

import (
	"os/exec"
	"strings"
	"testing"
)

// What is linked into the module must not bring the big packages with it.
func TestImports_AreSmall(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{range .Imports}}{{.}} {{end}}", "nigh/core/wire/pack").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.TrimSpace(string(out)), "errors io"; got != want {
		t.Errorf("imports = %q, want %q", got, want)
	}
}
