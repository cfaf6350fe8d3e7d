package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"nigh/server/store"
)

func TestItems_SkipALongRowAndReadTheNext(t *testing.T) {
	long := strings.Repeat("x", MaxRow)
	for _, c := range []struct{ name, text string }{
		{"jsonl", `{"id":"a"}` + "\n" + `{"id":"` + long + `"}` + "\n" + `{"id":"b"}`},
		{"json", `[{"id":"a"},` + "\n" + `{"id":"` + long + `"},` + "\n" + `{"id":"b"}]`},
		{"csv", "id,title\na,1\n" + long + ",2\nb,3\n"},
		{"quoted csv", "id,title\na,1\n\"" + long + "\",2\nb,3\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ids, refused, err := readText(t, c.text, Options{})
			if err != nil || !slices.Equal(ids, []string{"a", "b"}) || len(refused) != 1 {
				t.Fatalf("ids, refused, error = %q, %.200q, %v; want a, b and one refusal", ids, refused, err)
			}
			if want := "the row is longer than 4 MiB"; !strings.Contains(refused[0], want) {
				t.Errorf("refusal = %q, want %q in it", refused[0], want)
			}
		})
	}
}

func TestItems_TakeARowOfAlmostFourMiB(t *testing.T) {
	id := strings.Repeat("x", MaxRow-len(`{"id":""}`))
	ids, refused, err := readText(t, `{"id":"`+id+`"}`+"\r\n", Options{Format: FormatJSONL})
	if err != nil || len(refused) != 0 || len(ids) != 1 || ids[0] != id {
		t.Errorf("%d ids, refused %.100q, error %v; want the one row", len(ids), refused, err)
	}
}

func TestItems_NeedNoMoreMemoryForABomb(t *testing.T) {
	// 40 MiB of one line in 40 KB: the reading must give up, holding one row at most.
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	mib := bytes.Repeat([]byte{'x'}, 1<<20)
	for range 40 {
		if _, err := z.Write(mib); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, format := range []Format{FormatJSONL, FormatJSON, FormatCSV, FormatFeed, FormatMarkdown} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, refused, err := readText(t, packed.String(), Options{Format: format})
		runtime.ReadMemStats(&after)
		if err == nil && len(refused) == 0 {
			t.Errorf("%s: the bomb was read without a word", format)
		}
		// A feed may have 64 MiB, in a buffer that doubled up to there.
		if got := (after.TotalAlloc - before.TotalAlloc) >> 20; got > 250 {
			t.Errorf("%s: %d MiB were allocated", format, got)
		}
	}
}

func TestItems_EndWhenQuotesNeverClose(t *testing.T) {
	// Every line opens a quote that every next line closes and opens again: without a bound each would be looked
	// ahead of for 4 MiB.
	text := "id,title\n" + strings.Repeat(`"x","`+strings.Repeat("y", 1<<10)+"\n", 1) + strings.Repeat(`y","`+"\n", 3<<20)
	_, refused, err := readText(t, text, Options{Format: FormatCSV})
	if err == nil || !strings.Contains(err.Error(), "quote") {
		t.Errorf("error = %v after %d refusals, want one about quotes", err, len(refused))
	}
}

func TestItems_ReadGzipAndBOMWhateverTheName(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name, text string
	}{
		{"a.jsonl.gz", "\ufeff{\"id\":\"a\"}\r\n"},
		{"b.csv", "\ufeffid\r\na"},
		{"noextension", `{"id":"a"}`},
		{"c.txt", "id,title\na,b\n"},
		{"tabs.tsv", "id\ttitle\na\tb,c\n"},
	} {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		if _, err := io.WriteString(z, c.text); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		for _, data := range [][]byte{packed.Bytes(), []byte(c.text)} {
			file := filepath.Join(dir, c.name)
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			var ids []string
			for row, err := range Items(t.Context(), file, Options{}) {
				if err != nil {
					t.Errorf("%s: %v", c.name, err)
				}
				ids = append(ids, row.Value.ID)
			}
			if !slices.Equal(ids, []string{"a"}) {
				t.Errorf("%s: ids = %q, want a", c.name, ids)
			}
		}
	}
}

func TestItems_NameADamagedFile(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	for i := range 10000 {
		fmt.Fprintf(z, `{"id":"%d"}`+"\n", i*i)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, text, want string }{
		{"cut off", packed.String()[:packed.Len()/2], "cut off or damaged"},
		{"not gzip", "\x1f\x8b\xff\xff", "starts like gzip but is not"},
		{"UTF-16", "\xff\xfei\x00d\x00", "UTF-16"},
		{"unknown", "hello", "use --format"},
	} {
		if _, _, err := readText(t, c.text, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error = %v, want %q in it", c.name, err, c.want)
		}
	}
}

func TestItems_EmptyInputHasNoRows(t *testing.T) {
	for _, text := range []string{"", "\n\n", "\ufeff", "[]"} {
		for _, format := range []Format{FormatAuto, FormatJSONL, FormatJSON, FormatCSV} {
			if text == "[]" && format != FormatAuto && format != FormatJSON {
				continue
			}
			ids, refused, err := readText(t, text, Options{Format: format})
			if len(ids)+len(refused) > 0 || err != nil {
				t.Errorf("%q as %q: %q, %q, %v; want nothing", text, format, ids, refused, err)
			}
		}
	}
}

func TestItems_EndWithTheContextAndWithTheLoop(t *testing.T) {
	text := strings.Repeat(`{"id":"a"}`+"\n", 100_000)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rows, end := 0, error(nil)
	for _, err := range Items(ctx, "-", Options{Stdin: strings.NewReader(text)}) {
		if err != nil {
			end = err
		}
		if rows++; rows == 10 {
			cancel()
		}
	}
	if !errors.Is(end, context.Canceled) || rows != 11 {
		t.Errorf("%d rows, then %v; want 10 rows, then the end of the context", rows, end)
	}
	rows = 0
	for range Items(t.Context(), "-", Options{Stdin: strings.NewReader(text)}) {
		if rows++; rows == 3 {
			break
		}
	}
	if rows != 3 {
		t.Errorf("%d rows after break, want 3", rows)
	}
}

func TestEventKey_TellsEventsApart(t *testing.T) {
	text := "user,item,kind,value,at\n" +
		"a,b,view,,1\n" + "a,b,view,,1\n" + // alike
		"a,b,view,,1.001\n" + "a,b,like,,1\n" + "a,c,view,,1\n" + "ab,,view,,1\n" + "a,b,view,1,1\n" + "c,b,view,,1\n"
	keys := map[string]int{}
	for row, err := range Events(t.Context(), "-", Options{Stdin: strings.NewReader(text)}) {
		if err == nil {
			keys[row.Value.ID]++
		}
	}
	if len(keys) != 6 {
		t.Errorf("%d keys, want 6: %v", len(keys), keys)
	}
}

// A store's table of keys grows at its end when a log comes in by its times.
func TestEventKey_AscendsByTime(t *testing.T) {
	last := ""
	for _, at := range []int64{-62135596800000, -1, 0, 31, 32, 1 << 40, 1<<40 + 1, 253402300799999} { // years 1 to 9999
		key := EventKey(store.Event{User: "ada", Item: "b", Kind: "view", At: time.UnixMilli(at)})
		if key <= last {
			t.Errorf("the key of %d is %s, want one above %s", at, key, last)
		}
		last = key
	}
}

// Hugo's JSON front matter is the object that the file begins with; no blank line need follow it.
func TestSplitFrontMatter_ReadsJSON(t *testing.T) {
	for text, want := range map[string]string{
		"{\n \"Title\": \"A\"\n}\ntext":     "map[title:A] text",
		"\n{\n \"title\": \"A\"\n}\n\ntext": "map[title:A] text",
		"{\n \"title\": \"A\"\n}":           "map[title:A] ",
		"{\nis a brace":                     "map[] {\nis a brace",
	} {
		fields, body, err := splitFrontMatter([]byte(text))
		if got := fmt.Sprintf("%v %s", fields, bytes.TrimSpace(body)); got != want || err != nil {
			t.Errorf("%q = %q, %v, want %q", text, got, err, want)
		}
	}
}
