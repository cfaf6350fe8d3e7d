package client

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nigh/core/replica"
)

// contents are a store's entries as a map.
func contents(t *testing.T, s Store) map[string]string {
	t.Helper()
	entries, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		out[e.Key] = string(e.Value)
	}
	return out
}

func apply(t *testing.T, s Store, transactions ...replica.Store) {
	t.Helper()
	for _, tr := range transactions {
		if err := s.Apply(tr); err != nil {
			t.Fatal(err)
		}
	}
}

func put(key, value string) replica.Entry { return replica.Entry{Key: key, Value: []byte(value)} }

// story is a few transactions of every kind.
var story = []replica.Store{
	{Puts: []replica.Entry{put("a", "1"), put("op/1", "like"), put("c/1", "x"), put("c/2", "")}},
	{Deletes: []string{"a", "nothing"}, Puts: []replica.Entry{put("b", strings.Repeat("2", 130))}},
	{Clear: []string{"c/"}, Deletes: []string{"op/1"}, Puts: []replica.Entry{put("c/3", "y")}},
	{},
}

func TestFile_HoldsWhatMemoryHolds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "replica")
	memory := NewMemory()
	for i, tr := range story {
		f, err := OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		apply(t, memory, tr)
		apply(t, f, tr)
		if got, want := contents(t, f), contents(t, memory); !maps.Equal(got, want) {
			t.Errorf("after %d: %v, want %v", i, got, want)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Wherever a crash tore the file, what is read is a whole number of transactions, and the file goes on from there.
func TestFile_CutsATornEndOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "replica")
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	memory := NewMemory()
	states := []map[string]string{contents(t, f)}
	for _, tr := range story {
		apply(t, f, tr)
		apply(t, memory, tr)
		states = append(states, contents(t, memory))
	}
	_ = f.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) + 1 {
		for _, tail := range []string{"", "\x00\x00\x00\x00\x00\x00\x00\x00", "\xff\xff\xff\x7fgarbage"} {
			if tail != "" && n < len(fileHead) {
				continue // which no crash writes
			}
			if err := os.WriteFile(path, append(bytes.Clone(whole[:n]), tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := OpenFile(path)
			if err != nil {
				t.Fatalf("%d bytes: %v", n, err)
			}
			if got := contents(t, f); !slices.ContainsFunc(states, func(s map[string]string) bool { return maps.Equal(s, got) }) {
				t.Errorf("%d bytes and %q: %v, which never was", n, tail, got)
			}
			apply(t, f, replica.Store{Puts: []replica.Entry{put("z", "9")}})
			_ = f.Close()
			if f, err = OpenFile(path); err != nil || contents(t, f)["z"] != "9" {
				t.Errorf("%d bytes and %q: what came behind a torn end is lost, %v", n, tail, err)
			}
			_ = f.Close()
		}
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-20] ^= 1 // within the last transaction but one
	if err := os.WriteFile(path, flipped, 0o600); err != nil {
		t.Fatal(err)
	}
	if f, err = OpenFile(path); err != nil || !maps.Equal(contents(t, f), states[2]) {
		t.Errorf("with a bit changed: %v, %v, want the state before", contents(t, f), err)
	}
	_ = f.Close()
}

func TestFile_IsWrittenAnewWhenMostOfItIsOfNoUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "replica")
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	value := strings.Repeat("v", 10_000)
	for i := range 500 { // 5 MB, of which 10 entries count
		apply(t, f, replica.Store{Puts: []replica.Entry{put(fmt.Sprint("k", i%10), value+fmt.Sprint(i))}})
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() > 2*rewriteAt {
		t.Errorf("the file has %v bytes, %v, want it written anew", info.Size(), err)
	}
	want := contents(t, f)
	if want["k9"] != value+"499" || len(want) != 10 {
		t.Errorf("%d entries are held, want the last 10", len(want))
	}
	if _, err := OpenFile(path); err == nil {
		t.Error("a second one opens the file that was written anew")
	}
	_ = f.Close()
	if f, err = OpenFile(path); err != nil || !maps.Equal(contents(t, f), want) {
		t.Errorf("opened again it differs: %v", err)
	}
	_ = f.Close()
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestOpenFile_SaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "letter")
	if err := os.WriteFile(foreign, []byte("Dear Ada"), 0o600); err != nil {
		t.Fatal(err)
	}
	taken := filepath.Join(dir, "taken")
	f, err := OpenFile(taken)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for path, want := range map[string]string{foreign: "another one", taken: "of its own", filepath.Join(dir, "no", "such"): "no such"} {
		if _, err := OpenFile(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("OpenFile(%s) = %v, want %q in it", path, err, want)
		}
	}
	if b, _ := os.ReadFile(foreign); string(b) != "Dear Ada" {
		t.Error("a foreign file was changed")
	}
}

// A write that fails leaves the file whole.
func TestFile_EndsWithAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "replica")
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	apply(t, f, story[0])
	want := contents(t, f)
	_ = f.f.Close() // the disk is gone
	for range 2 {
		if err := f.Apply(story[1]); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Apply = %v, want an error that names the file", err)
		}
	}
	if f, err = OpenFile(path); err != nil || !maps.Equal(contents(t, f), want) {
		t.Errorf("afterwards: %v, %v, want what was there", contents(t, f), err)
	}
	_ = f.Close()
}

// Any bytes are read without a fault, and take no more room than they have; what is read is written as it was.
func FuzzDecodeTransaction(f *testing.F) {
	for _, tr := range story {
		f.Add(encodeRecord(tr)[8:])
	}
	f.Add([]byte("\xff\xff\xff\xff\x0f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		tr, ok := decodeTransaction(b)
		if n := len(tr.Clear) + len(tr.Deletes) + len(tr.Puts); n > len(b) {
			t.Fatalf("%d entries in %d bytes", n, len(b))
		}
		if !ok {
			return
		}
		again, ok := decodeTransaction(encodeRecord(tr)[8:])
		if !ok || !slices.Equal(again.Clear, tr.Clear) || !slices.Equal(again.Deletes, tr.Deletes) || !slices.EqualFunc(again.Puts, tr.Puts,
			func(a, b replica.Entry) bool { return a.Key == b.Key && bytes.Equal(a.Value, b.Value) }) {
			t.Fatalf("read again it is %+v, want %+v", again, tr)
		}
	})
}
