//go:build !js

package main

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
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

// run runs a module in node. It returns what the program wrote to its output, and to its error output.
func run(t *testing.T, module []byte, args ...string) (out, trace string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.wasm")
	if err := os.WriteFile(path, module, 0o644); err != nil {
		t.Fatal(err)
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", append([]string{filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec_node.js"), path}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")} // more than 8 kB of it does not fit
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && len(args) == 0 {
		t.Fatalf("run the module in node (the tests need Node 20 or newer): %v\n%s%s", err, &stdout, &stderr)
	}
	return stdout.String(), stderr.String()
}

func slimmed(t testing.TB, module []byte) []byte {
	t.Helper()
	slim, err := Slim(module)
	if err != nil {
		t.Fatal(err)
	}
	return slim
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
	before := bytes.Clone(module)
	slim := slimmed(t, module)
	if !bytes.Equal(module, before) {
		t.Error("Slim changed the module it was given")
	}
	want, _ := run(t, module)
	if got, _ := run(t, slim); got != want {
		t.Errorf("the slim program prints\n%s\nwant\n%s", got, want)
	}
	if !strings.Contains(want, "main.caught") {
		t.Errorf("the probe names no function: %s", want)
	}
	if again := slimmed(t, slim); !bytes.Equal(again, slim) {
		t.Error("Slim of a slim module changed it, want the same")
	}
}

func TestSlim_TraceNamesTheFunctions(t *testing.T) {
	module := build(t, "./testdata/probe")
	named := func(trace string) (out []string) { // the functions of a trace, in its order
		for line := range strings.Lines(trace) {
			if name, _, call := strings.Cut(line, "("); call && !strings.HasPrefix(line, "\t") {
				out = append(out, name)
			}
		}
		return out
	}
	_, full := run(t, module, "fall")
	_, trace := run(t, slimmed(t, module), "fall")
	want := []string{"main.(*tree).fall", "main.main"}
	for _, trace := range []string{full, trace} {
		if !strings.Contains(trace, "panic: runtime error: index out of range [7] with length 0") {
			t.Errorf("the trace does not say what went wrong:\n%s", trace)
		}
		for _, name := range want {
			if !strings.Contains(trace, name) {
				t.Errorf("the trace does not name %s:\n%s", name, trace)
			}
		}
	}
	if got, want := named(trace), named(full); !slices.Equal(got, want) {
		t.Errorf("the slim program's trace goes through %q, want %q", got, want)
	}
}

func TestSlim_ModuleIsAFifthSmaller(t *testing.T) {
	module := build(t, "nigh/wasm")
	slim := slimmed(t, module)
	if before, after := deflated(t, module), deflated(t, slim); after > before*4/5 {
		t.Errorf("deflated %d bytes of %d, want a fifth less; this is %s: does its table hold what slim takes out?",
			after, before, runtime.Version())
	}
}

func TestSlim_RefusesWhatItDoesNotKnow(t *testing.T) {
	module := build(t, "./testdata/probe")
	im, err := readImage(module)
	if err != nil {
		t.Fatal(err)
	}
	header := bytes.Index(im.memory, magic)
	at := func(field int) int { return header + int(get(im.memory, header+field)) }
	function := at(headerFuncs) + int(get(im.memory, at(headerFuncs)+8*100+4)) // the hundredth
	moduledata := bytes.Index(im.memory, binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(header)), uint64(at(headerNames))))
	find := int(get(im.memory, moduledata+moduleFind))
	changed := func(at int, v uint32) func([]byte) []byte {
		return func([]byte) []byte {
			im, err := readImage(module)
			if err != nil {
				t.Fatal(err)
			}
			put(im.memory, at, v)
			return im.module()
		}
	}
	for _, c := range []struct {
		name  string
		spoil func(m []byte) []byte
	}{
		{"empty", func([]byte) []byte { return nil }},
		{"text", func([]byte) []byte { return []byte("<!doctype html>") }},
		{"torn", func(m []byte) []byte { return m[:len(m)/2] }},
		{"another magic", changed(header, 0xfffffff2)},
		{"pointers of 4 bytes", changed(header+4, 0x04010000)},
		{"tables before names", changed(header+headerTables, headerSize)},
		{"too many functions", changed(header+headerFunctions, 1<<20)},
		{"no moduledata", changed(moduledata, 0)},
		{"text elsewhere", changed(moduledata+moduleText, 1<<16)},
		{"functions not in a row", changed(at(headerFuncs)+8*100, 1<<20)},
		{"a function behind the table", changed(at(headerFuncs)+8*100+4, 1<<30)},
		{"a function found too late", changed(find+findStep*100, 101)},
		{"a name behind the names", changed(function+funcName, 1<<30)},
		{"a table behind the tables", changed(function+funcPCSP, 1<<30)},
		{"tables of a kind unknown", changed(function+funcNPCData, mostPCData+1)},
		{"data of a kind unknown", changed(function+funcNData-3, (mostData+1)<<24)},
		{"an object behind the data", changed(function+funcSize+4*int(get(im.memory, function+funcNPCData)), 1<<30)},
	} {
		t.Run(c.name, func(t *testing.T) {
			broken := c.spoil(module)
			before := bytes.Clone(broken)
			if _, err := Slim(broken); err == nil {
				t.Error("Slim took it, want an error")
			}
			if !bytes.Equal(broken, before) {
				t.Error("Slim changed what it refused")
			}
		})
	}
}

// tiny is a module with no more in it than what Slim looks at: a function, and one of everything it can have.
func tiny() []byte {
	const (
		base                                                = 64
		names, units, files, tables, funcs, data, find, end = 72, 80, 84, 88, 96, 192, 264, 272
	)
	memory := make([]byte, base+end+8+moduleSize)
	table, module := memory[base:], memory[base+end+8:]
	u64 := func(b []byte, at int, v uint64) { binary.LittleEndian.PutUint64(b[at:], v) }
	copy(table, magic)
	for field, v := range map[int]uint64{headerFunctions: 1, headerNames: names, headerUnits: units, headerFiles: files, headerTables: tables, headerFuncs: funcs} {
		u64(table, field, v)
	}
	for field, v := range map[int]uint64{0: base, 8: base + names, moduleFind: base + find, moduleMin: 16 << 16, moduleData: base + data, moduleEnd: base + end} {
		u64(module, field, v)
	}
	copy(table[names:], "\x00f\x00")
	copy(table[tables:], "\x00\x02\x01\x00")
	put(table, funcs, 16)
	put(table, funcs+4, 16)
	put(table, funcs+8, 17)
	f := table[funcs+16:]
	for at, v := range map[int]uint32{funcEntry: 16, funcName: 1, funcPCSP: 1, funcNPCData: 2, funcNData - 3: dataKinds << 24, funcSize + 4: 1} {
		put(f, at, v)
	}
	for kind, at := range []uint32{argsMap: 0, localsMap: 16, stackObjects: 32, 3: none, openDefers: 64} {
		put(f, funcSize+8+4*kind, at)
	}
	copy(table[data:], []byte{0: 1, 4: 3, 8: 5, 16: 1, 20: 9, 24: 0xff, 25: 1, 32: 1, 40: 8, 44: 8, 48: 8, 64: 0x81, 65: 1, 66: 2})
	return (&image{memory: memory, from: base, before: []byte("\x00asm\x01\x00\x00\x00")}).module()
}

func FuzzSlim_NeverPanicsAndEnds(f *testing.F) {
	if _, err := Slim(tiny()); err != nil {
		f.Fatalf("the seed is refused: %v", err)
	}
	f.Add(tiny())
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x0b\x10\x01\x00\x41\x08\x0b\x0a\xf1\xff\xff\xff\x00\x00\x01\x08\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		slim, err := Slim(b)
		if !bytes.Equal(b, before) {
			t.Error("Slim changed what it was given")
		}
		if err != nil {
			return
		}
		if again, err := Slim(slim); err != nil || !bytes.Equal(again, slim) {
			t.Errorf("Slim of a slim module: %v, changed: %t; want the same", err, !bytes.Equal(again, slim))
		}
	})
}
