package ingest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"nigh/core"
	"nigh/server/store"
)

// describe says what a value is, for errors.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return quote(v)
	case bool:
		return strconv.FormatBool(v)
	case json.Number, int, int64, uint64, float64:
		return fmt.Sprint(v)
	case []any:
		return "a list"
	case time.Time:
		return "a time"
	}
	return "an object"
}

// quote returns s in quotes, its beginning if it is long.
func quote(s string) string {
	if len(s) > 40 {
		cut := 40
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return strconv.Quote(s)
}

// plain returns v as text if it is one value.
func plain(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return strings.TrimSpace(v), true
	case json.Number:
		return v.String(), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case uint64:
		return strconv.FormatUint(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(v), true
	case time.Time:
		return v.Format(time.RFC3339), true
	}
	return "", false
}

func (c *converter) text(field string) string {
	v := c.r.value(c.fields, field)
	s, ok := plain(v)
	if !ok {
		c.fail(field, "is "+describe(v), "give one text")
	}
	return s
}

// author is a text, a list of them, or objects with a name, as sites write it.
func (c *converter) author(field string) string {
	v := c.r.value(c.fields, field)
	names, ok := authorNames(v)
	if !ok {
		c.fail(field, "is "+describe(v), "give a name")
	}
	return strings.Join(names, ", ")
}

func authorNames(v any) ([]string, bool) {
	switch v := v.(type) {
	case []any:
		var names []string
		for _, x := range v {
			n, ok := authorNames(x)
			if !ok {
				return nil, false
			}
			names = append(names, n...)
		}
		return names, true
	case map[string]any:
		return authorNames(v["name"])
	case map[any]any: // what YAML makes
		return authorNames(v["name"])
	}
	s, ok := plain(v)
	if s == "" {
		return nil, ok
	}
	return []string{s}, ok
}

// labels is a list, or one text that splits at | if there is one and else at ;.
func (c *converter) labels(field string) []string {
	v := c.r.value(c.fields, field)
	var parts []string
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			s, ok := plain(x)
			if !ok {
				c.fail(field, "holds "+describe(x), "give a list of texts")
				return nil
			}
			parts = append(parts, s)
		}
	default:
		s, ok := plain(v)
		if !ok {
			c.fail(field, "is "+describe(v), "give a list of texts")
			return nil
		}
		parts = splitList(s)
	}
	return tidyLabels(parts)
}

// splitList cuts a cell of CSV into labels. Commas stay: labels contain them.
func splitList(s string) []string {
	if strings.Contains(s, "|") {
		return strings.Split(s, "|")
	}
	return strings.Split(s, ";")
}

// tidyLabels trims labels and drops empty ones and repetitions, in place.
func tidyLabels(labels []string) []string {
	out := labels[:0]
	for _, l := range labels {
		if l = strings.TrimSpace(l); l != "" && !slices.Contains(out, l) {
			out = append(out, l)
		}
		if len(out) > 1000 { // far beyond what a catalog takes, so its own refusal will name the limit
			break
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func (c *converter) bool(field string) bool {
	v := c.r.value(c.fields, field)
	s, _ := plain(v)
	switch strings.ToLower(s) {
	case "true", "1", "yes", "y":
		return true
	case "false", "0", "no", "n":
		return false
	case "":
		if v == nil || v == "" {
			return false
		}
	}
	c.fail(field, "is "+describe(v), "give true or false")
	return false
}

func (c *converter) number(field string) float64 {
	v := c.r.value(c.fields, field)
	s, ok := plain(v)
	if ok && s == "" {
		return 0
	}
	f, err := strconv.ParseFloat(s, 64)
	if !ok || err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		c.fail(field, "is "+describe(v), "give a finite number")
		return 0
	}
	return f
}

// place reads the place that an item is pinned to; "true" is the first.
func (c *converter) place(field string) int {
	v := c.r.value(c.fields, field)
	s, ok := plain(v)
	switch strings.ToLower(s) {
	case "true", "yes":
		return 1
	case "false", "no":
		return 0
	case "":
		if ok || v == nil {
			return 0
		}
	}
	n, err := strconv.Atoi(s)
	if !ok || err != nil || n < 0 || n > core.MaxPinned {
		c.fail(field, "is "+describe(v), "give a place from 1 to "+strconv.Itoa(core.MaxPinned)+", or true for the first")
		return 0
	}
	return n
}

// vector is a list of numbers, or a text that store.ParseVector reads.
func (c *converter) vector(field string) store.Vector {
	v := c.r.value(c.fields, field)
	if s, ok := v.(string); ok {
		out, err := store.ParseVector(s)
		if e, ok := errors.AsType[*store.VectorError](err); ok {
			c.fail(field, e.Reason, e.Hint)
		}
		return out
	}
	list, ok := v.([]any)
	if !ok {
		if v != nil {
			c.fail(field, "is "+describe(v), "give a list of numbers")
		}
		return nil
	}
	out := make(store.Vector, len(list))
	for i, x := range list {
		s, ok := plain(x)
		f, err := strconv.ParseFloat(s, 32)
		if !ok || err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			c.fail(field, fmt.Sprintf("holds %s at place %d", describe(x), i+1), "give finite numbers")
			return nil
		}
		out[i] = float32(f)
	}
	return out
}

func (c *converter) time(field string) *time.Time {
	v := c.r.value(c.fields, field)
	if t, ok := v.(time.Time); ok {
		t = t.UTC()
		return &t
	}
	s, ok := plain(v)
	if ok && s == "" {
		return nil
	}
	if year, err := strconv.Atoi(s); err == nil && len(s) == 4 && field != "at" {
		t := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) // a year, not 33 minutes after 1970
		return &t
	}
	t, err := parseTime(s)
	if !ok || err != nil {
		c.fail(field, "is "+describe(v), timeHint(err))
		return nil
	}
	t = t.UTC()
	return &t
}

func timeHint(err error) string {
	if err == errMillis {
		return "that looks like milliseconds: give seconds since 1970, decimals allowed"
	}
	return "give a time such as 2024-01-02T15:04:05Z, a day such as 2024-01-02, or seconds since 1970"
}

var timeLayouts = []string{
	time.RFC3339Nano,
	time.DateOnly,
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04:05 Z07:00",
	"2006-01-02 15:04:05 MST",
	"2006-01-02 15:04 -0700",
	"2006-01-02T15:04:05-0700",
	"2006-01-02T15:04:05",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04",
	time.DateTime,
	"2006-01-02 15:04",
	"2006-1-2 15:04:05",
	"2006-1-2",
	"2006/01/02",
	time.RFC1123Z,
	time.RFC1123,
}

var (
	errNoTime = fmt.Errorf("not a time")
	errMillis = fmt.Errorf("not seconds")
)

// parseTime reads a time as people and programs write it; without a zone it is UTC. A number is seconds since 1970,
// kept to the millisecond. The zone stays as it was written.
func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, errNoTime
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		switch {
		case math.IsNaN(f) || math.IsInf(f, 0):
			return time.Time{}, errNoTime
		case math.Abs(f) >= 1e11: // the year 5138; in milliseconds, 1973
			return time.Time{}, errMillis
		}
		return time.UnixMilli(int64(math.Round(f * 1000))).UTC(), nil
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			if y := t.UTC().Year(); y < 1 || y > 9999 {
				return time.Time{}, errNoTime
			}
			return t, nil
		}
	}
	return time.Time{}, errNoTime
}

// EventKey returns an idempotency key made of all that ev says: equal events have equal keys, on every machine. Keys
// ascend with the time of their events, to the millisecond: a log that comes in by its times adds to the end of the
// store's table of keys, instead of to ten thousand pages all over it.
func EventKey(ev store.Event) string {
	h := sha256.New()
	for _, s := range []string{ev.User, ev.Item, ev.Kind} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	fmt.Fprintf(h, "%x:%d", math.Float64bits(ev.Value), ev.At.UnixMilli())
	at := make([]byte, keyTime)
	for i, left := keyTime-1, uint64(ev.At.UnixMilli()+1<<46); i >= 0; i, left = i-1, left/32 { // years 1 to 9999 are positive
		at[i] = "0123456789abcdefghijklmnopqrstuv"[left%32]
	}
	return "import-" + string(at) + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:9])
}

// keyTime is how many characters of a key are the time: 50 bits.
const keyTime = 10
