package ingest

import (
	"bufio"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"nigh/server/store"
)

// seeds adds the files of testdata that match to f, which fails if there are none.
func seeds(f *testing.F, pattern string) {
	f.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds at %s (%v)", pattern, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
}

// checkReading fails if a row or refusal of text is not what readers promise.
func checkReading(t *testing.T, text string, format Format) {
	lastLine := 1 + strings.Count(text, "\n")
	for row, err := range Items(t.Context(), "-", Options{Format: format, Stdin: strings.NewReader(text)}) {
		if e, ok := err.(*RowError); ok && e.Reason == "" {
			t.Errorf("a refusal without a reason: %+v", e)
		}
		if row.Place.Line > lastLine {
			t.Errorf("a row at line %d of %d", row.Place.Line, lastLine)
		}
		if err == nil && row.Value.ID == "" {
			t.Errorf("an item without id: %+v", row)
		}
		if err == nil && !utf8.ValidString(row.Value.ID+row.Value.Title+row.Value.Description) {
			t.Errorf("an item that is not UTF-8: %+v", row)
		}
	}
}

func FuzzJSONLines(f *testing.F) {
	seeds(f, "testdata/*.jsonl")
	f.Fuzz(func(t *testing.T, text string) { checkReading(t, text, FormatJSONL) })
}

func FuzzJSONValues(f *testing.F) {
	seeds(f, "testdata/*.json")
	f.Fuzz(func(t *testing.T, text string) { checkReading(t, text, FormatJSON) })
}

func FuzzFeed(f *testing.F) {
	seeds(f, "testdata/feed.*")
	f.Fuzz(func(t *testing.T, text string) { checkReading(t, text, FormatFeed) })
}

func FuzzFrontMatter(f *testing.F) {
	seeds(f, "testdata/jekyll/_posts/*.md")
	seeds(f, "testdata/hugo/content/posts/*.md")
	seeds(f, "testdata/hugo/content/posts/*/*.md")
	f.Fuzz(func(t *testing.T, text string) { checkReading(t, text, FormatMarkdown) })
}

// FuzzCSV compares the splitter with encoding/csv, wherever that finds nothing wrong.
func FuzzCSV(f *testing.F) {
	seeds(f, "testdata/*.csv")
	f.Fuzz(func(t *testing.T, text string) {
		checkReading(t, text, FormatCSV)

		twin := csv.NewReader(strings.NewReader(text))
		twin.FieldsPerRecord = -1
		want, err := twin.ReadAll()
		// The splitter leaves lines of blanks out, and a \r that is in quotes stays where encoding/csv drops it.
		if err != nil || !utf8.ValidString(text) || strings.Contains(text, "\r") || strings.HasPrefix(text, "\ufeff") || hasBlankRow(text) {
			return
		}
		in := &input{name: "-", Reader: bufio.NewReader(strings.NewReader(text))}
		s := &csvSplitter{lines: newLineReader(in), separator: ','}
		for i := 0; ; i++ {
			got, err := s.next()
			if err == io.EOF {
				if i != len(want) {
					t.Errorf("%d rows of %q, want %d", i, text, len(want))
				}
				return
			}
			if err != nil || i >= len(want) || !slices.Equal(got, want[i]) {
				t.Fatalf("row %d of %q = %q, %v; want %q", i, text, got, err, want)
			}
		}
	})
}

func hasBlankRow(text string) bool {
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			return true
		}
	}
	return false
}

// FuzzPlainText: what comes out is tidy, and reading it again changes nothing unless it looks like markup.
func FuzzPlainText(f *testing.F) {
	f.Add("<p>A &amp; <b>b</b></p>")
	f.Add("a < b, <T>, <script>x</script> <svg><title>t</title></svg>")
	f.Fuzz(func(t *testing.T, s string) {
		got := plainText(s)
		if tidy := tidyText(got); tidy != got {
			t.Errorf("plainText(%q) = %q, which is not tidy: %q", s, got, tidy)
		}
	})
}

// FuzzEvents reads events in every format that holds them.
func FuzzEvents(f *testing.F) {
	seeds(f, "testdata/events.*")
	f.Fuzz(func(t *testing.T, text string) {
		for _, format := range []Format{FormatAuto, FormatCSV, FormatJSONL, FormatJSON} {
			for row, err := range Events(t.Context(), "-", Options{Format: format, Stdin: strings.NewReader(text)}) {
				if err == nil && (row.Value == store.Event{} || row.Value.User == "" || row.Value.Item == "" || row.Value.Kind == "") {
					t.Errorf("an event that says nothing: %+v", row)
				}
			}
		}
	})
}
