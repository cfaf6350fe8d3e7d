//go:build !js

package main

import (
	"bytes"
	"compress/flate"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// build makes a module of a package of this module and returns its bytes.
func build(t testing.TB, pkg string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "m.wasm")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, pkg)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, b)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func run(t *testing.T, module []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.wasm")
	if err := os.WriteFile(path, module, 0o644); err != nil {
		t.Fatal(err)
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec_node.js"), path)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")} // more than 8 kB of it does not fit
	b, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("run the module in node (the tests need Node 20 or newer): %v\n%s", err, b)
	}
	return string(b)
}

func deflated(t *testing.T, b []byte) int {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, 9)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(b) // into memory
	_ = w.Close()
	return out.Len()
}

func TestSlim_ProgramRunsAsBefore(t *testing.T) {
	module := build(t, "./testdata/probe")
	want := run(t, module)
	if err := Slim(module); err != nil {
		t.Fatal(err)
	}
	if got := run(t, module); got != want {
		t.Errorf("the slim program prints\n%s\nwant\n%s", got, want)
	}
	if !strings.Contains(want, "main.caught") {
		t.Errorf("the probe names no function: %s", want)
	}
	again := bytes.Clone(module)
	if err := Slim(again); err != nil || !bytes.Equal(again, module) {
		t.Errorf("Slim of a slim module changed it (error %v), want the same", err)
	}
}

func TestSlim_ModuleIsATenthSmaller(t *testing.T) {
	module := build(t, "nigh/wasm")
	slim := bytes.Clone(module)
	if err := Slim(slim); err != nil {
		t.Fatal(err)
	}
	if len(slim) != len(module) {
		t.Errorf("length %d, want %d", len(slim), len(module))
	}
	if before, after := deflated(t, module), deflated(t, slim); after > before*9/10 {
		t.Errorf("deflated %d bytes of %d, want a tenth less; this is %s: does its table hold what slim takes out?",
			after, before, runtime.Version())
	}
}

func TestSlim_RefusesWhatItDoesNotKnow(t *testing.T) {
	module := build(t, "./testdata/probe")
	im, err := readImage(module)
	if err != nil {
		t.Fatal(err)
	}
	table := bytes.Index(im.memory, magic)
	file := func(address int) int { // where a byte of memory stands in the module
		for _, s := range im.segments {
			if address >= s.address && address < s.address+s.length {
				return s.file + address - s.address
			}
		}
		t.Fatalf("memory at %d is in no segment", address)
		return 0
	}
	for _, c := range []struct {
		name  string
		spoil func(m []byte) []byte
	}{
		{"empty", func([]byte) []byte { return nil }},
		{"text", func([]byte) []byte { return []byte("<!doctype html>") }},
		{"torn", func(m []byte) []byte { return m[:len(m)/2] }},
		{"another magic", func(m []byte) []byte { m[file(table)] = 0xf2; return m }},
		{"pointers of 4 bytes", func(m []byte) []byte { m[file(table+7)] = 4; return m }},
		{"tables before names", func(m []byte) []byte { m[file(table+headerTables)+1], m[file(table+headerTables)+2] = 0, 0; return m }},
		{"too many functions", func(m []byte) []byte { m[file(table+headerFunctions)+1] = 0xff; return m }},
	} {
		t.Run(c.name, func(t *testing.T) {
			broken := c.spoil(bytes.Clone(module))
			before := bytes.Clone(broken)
			if err := Slim(broken); err == nil {
				t.Error("Slim took it, want an error")
			}
			if !bytes.Equal(broken, before) {
				t.Error("Slim changed what it refused")
			}
		})
	}
}

func FuzzSlim_NeverPanics(f *testing.F) {
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x0b\x10\x01\x00\x41\x08\x0b\x0a\xf1\xff\xff\xff\x00\x00\x01\x08\x00\x00"))
	header := make([]byte, headerSize+80)
	copy(header, magic)
	header[headerFunctions] = 1
	for i, at := range []int{headerNames, headerUnits, headerFiles, headerTables, headerFuncs} {
		header[at] = byte(headerSize + 4*i)
	}
	header[headerSize+16+4] = 8
	f.Add(append([]byte("\x00asm\x01\x00\x00\x00\x0b\x9f\x01\x01\x00\x41\x08\x0b\x98\x01"), header...))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		if Slim(b) != nil && !bytes.Equal(b, before) {
			t.Error("Slim changed what it refused")
		}
	})
}
