package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

// Format is a way of writing items or events down.
type Format string

// The formats. FormatFeed is RSS, Atom and JSON Feed; FormatCSV finds its separator (comma, semicolon, tab) in the
// header; FormatJSON is one array, or values one after the other, over as many lines as they like.
const (
	FormatAuto     Format = ""
	FormatJSONL    Format = "jsonl"
	FormatJSON     Format = "json"
	FormatCSV      Format = "csv"
	FormatFeed     Format = "feed"
	FormatMarkdown Format = "markdown"
)

const formatList = "jsonl, json, csv, feed or markdown"

// formatNames are all names that ParseFormat takes, and the extensions of files.
var formatNames = map[string]Format{
	"jsonl": FormatJSONL, "ndjson": FormatJSONL,
	"json": FormatJSON,
	"csv":  FormatCSV, "tsv": FormatCSV,
	"feed": FormatFeed, "rss": FormatFeed, "atom": FormatFeed, "xml": FormatFeed, "jsonfeed": FormatFeed,
	"markdown": FormatMarkdown, "md": FormatMarkdown, "mkd": FormatMarkdown, "mdown": FormatMarkdown,
}

// ParseFormat returns the format called name, in any case: one of the formats, or a usual extension for it.
func ParseFormat(name string) (Format, error) {
	if name == "" || strings.EqualFold(name, "auto") {
		return FormatAuto, nil
	}
	if f, ok := formatNames[strings.ToLower(name)]; ok {
		return f, nil
	}
	return "", fmt.Errorf("unknown format %q; use %s", name, formatList)
}

// formatOfName guesses from a file's name or a URL's path.
func formatOfName(name string) Format {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	return formatNames[strings.TrimPrefix(path.Ext(name), ".")]
}

// formatOfType guesses from a Content-Type. text/plain and application/json say too little.
func formatOfType(contentType string) Format {
	t, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	switch strings.TrimSpace(t) {
	case "application/rss+xml", "application/atom+xml", "application/feed+json":
		return FormatFeed
	case "application/x-ndjson", "application/jsonl", "application/x-jsonlines":
		return FormatJSONL
	case "text/csv", "text/tab-separated-values":
		return FormatCSV
	case "text/markdown":
		return FormatMarkdown
	}
	return FormatAuto
}

// formatOfContent guesses from the first bytes, whose BOM is off. FormatAuto: no idea.
func formatOfContent(head []byte) Format {
	trimmed := bytes.TrimLeft(head, " \t\r\n")
	if len(trimmed) == 0 {
		return FormatAuto
	}
	firstLine, _, whole := bytes.Cut(trimmed, []byte("\n"))
	firstLine = bytes.TrimRight(firstLine, "\r ")
	switch {
	case trimmed[0] == '<':
		return FormatFeed
	case isJSONFeed(trimmed):
		return FormatFeed
	case trimmed[0] == '[':
		return FormatJSON
	case trimmed[0] == '{':
		// One whole object on the first line is JSON Lines, and so is a line too long to see its end.
		if !whole && len(head) >= headBytes || json.Valid(firstLine) {
			return FormatJSONL
		}
		return FormatJSON
	case string(firstLine) == "---" || string(firstLine) == "+++":
		return FormatMarkdown
	case bytes.ContainsAny(firstLine, ",;\t"):
		return FormatCSV
	}
	return FormatAuto
}

// isJSONFeed tells whether head opens an object whose version names jsonfeed.org.
func isJSONFeed(head []byte) bool {
	return len(head) > 0 && head[0] == '{' &&
		(bytes.Contains(head, []byte("//jsonfeed.org/version")) || bytes.Contains(head, []byte(`\/\/jsonfeed.org\/version`)))
}
