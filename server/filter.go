package server

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"nigh/core"
	"nigh/server/catalog"
)

// Filter says what may be in a list: of each part of Labels that is given, something; besides at least one of all that
// any names, everything that all names, nothing that not names; and what was published in time.
type Filter struct {
	Labels
	Any   Labels `json:"any,omitzero" doc:"At least one of all these"`
	All   Labels `json:"all,omitzero" doc:"Every one of these"`
	Not   Labels `json:"not,omitzero" doc:"None of these"`
	Since When   `json:"since,omitzero" doc:"Published then or later, to the hour; an item that gave no date counts from when it came"`
	Until When   `json:"until,omitzero" doc:"Published before then, to the hour"`
}

// When is a time: a day, or a time in RFC 3339.
type When struct{ time.Time }

// UnmarshalJSON reads a day or a time.
func (w *When) UnmarshalJSON(data []byte) (err error) {
	var s string
	if json.Unmarshal(data, &s) != nil || s == "" {
		s = string(data) // which is no time
	}
	*w, err = parseTime("filter", s)
	return err
}

// Schema describes times to the OpenAPI document.
func (When) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: "A day, or a time in RFC 3339", Examples: []any{"2026-06-01", "2026-06-01T12:00:00Z"}}
}

// Labels name what items have.
type Labels struct {
	Categories Texts            `json:"categories,omitempty"`
	Tags       Texts            `json:"tags,omitempty"`
	Authors    Texts            `json:"authors,omitempty"`
	Attributes map[string]Texts `json:"attributes,omitempty" doc:"Each attribute at one of its values"`
}

func (l *Labels) labels() core.Labels {
	out := core.Labels{Categories: l.Categories, Tags: l.Tags, Authors: l.Authors}
	if len(l.Attributes) > 0 {
		out.Attributes = map[string][]string{}
		for name, values := range l.Attributes {
			out.Attributes[name] = values
		}
	}
	return out
}

// filter is f as ranking takes it.
func (f *Filter) filter() core.Filter {
	w := core.Wanted{Labels: f.labels(), Any: f.Any.labels(), All: f.All.labels(), Not: f.Not.labels()}
	w.Since, w.Until = hourOf(f.Since.Time), hourOf(f.Until.Time)
	return w.Filter()
}

// hourOf is the hour that a time lies in; 0, no bound, for no time at all. What lies before 1970 counts as its first hour.
func hourOf(t time.Time) core.Hour {
	if t.IsZero() {
		return 0
	}
	return core.Hour(min(max(t.Unix()/3600, 1), 1<<32-1))
}

// labelKinds are the words before the colon of a label in a query, as in "tag:sea".
var labelKinds = []string{"category", "tag", "author", "attribute"}

// parseLabels reads a query's list of labels, as in "tag:sea,author:Melville,attribute:year=1851".
func parseLabels(field, list string) (l Labels, err error) {
	for _, s := range splitList(list) {
		kind, label, ok := strings.Cut(s, ":")
		name, value, paired := strings.Cut(label, "=")
		if !ok || label == "" || !slices.Contains(labelKinds, kind) || kind == "attribute" && !paired {
			return l, &catalog.InputError{Field: field, Reason: "has " + strconv.Quote(clip(s)),
				Hint: "send labels with their kind, such as tag:sea,author:Melville,category:novel,attribute:year=1851"}
		}
		switch kind {
		case "category":
			l.Categories = append(l.Categories, label)
		case "tag":
			l.Tags = append(l.Tags, label)
		case "author":
			l.Authors = append(l.Authors, label)
		default:
			if l.Attributes == nil {
				l.Attributes = map[string]Texts{}
			}
			l.Attributes[name] = append(l.Attributes[name], value)
		}
	}
	return l, nil
}

// parseTime reads a query's time: RFC 3339, or a day.
func parseTime(field, s string) (When, error) {
	if s == "" {
		return When{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return When{t}, nil
		}
	}
	return When{}, &catalog.InputError{Field: field, Reason: "says " + strconv.Quote(clip(s)) + " for a time",
		Hint: "send a day or a time in RFC 3339, such as 2026-06-01 or 2026-06-01T12:00:00Z"}
}

// Texts is a list of texts that may be given as one text, number or boolean, too.
type Texts []string

// UnmarshalJSON reads a value or a list of values.
func (t *Texts) UnmarshalJSON(data []byte) error {
	fault := &catalog.InputError{Field: "filter", Reason: "holds a value that is neither a text nor a list of texts",
		Hint: `send {"tags": ["sea"], "attributes": {"medium": "book"}}`}
	var list []json.RawMessage
	if jsonType(data) == '[' {
		if err := json.Unmarshal(data, &list); err != nil {
			return fault
		}
	} else if jsonType(data) != 'n' {
		list = []json.RawMessage{data}
	}
	*t = nil
	for _, value := range list {
		switch jsonType(value) {
		case '{', '[', 'n':
			return fault
		case '"':
			var s string
			if json.Unmarshal(value, &s) != nil {
				return fault
			}
			*t = append(*t, s)
		default: // a number or a boolean, as it is written
			*t = append(*t, string(bytes.TrimSpace(value)))
		}
	}
	return nil
}

// Schema describes texts to the OpenAPI document.
func (Texts) Schema(huma.Registry) *huma.Schema {
	one := []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeNumber}, {Type: huma.TypeBoolean}}
	return &huma.Schema{OneOf: append([]*huma.Schema{
		{Type: huma.TypeArray, Items: &huma.Schema{OneOf: one}}}, one...)}
}
