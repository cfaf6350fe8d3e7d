package ingest

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"nigh/server/store"
)

// fieldError is what is wrong with a row; it becomes a RowError where the place is known.
type fieldError struct {
	field, reason, hint string
}

func (e *fieldError) Error() string {
	if e.field == "" {
		return e.reason
	}
	return e.field + " " + e.reason
}

// spec is what a kind of row consists of.
type spec struct {
	fields     []string
	required   []string
	attributes bool // any "attributes.NAME" is a field too
}

var itemSpec = &spec{
	fields: []string{"id", "title", "description", "url", "image", "author", "language", "tags", "categories", "attributes",
		"published_at", "expires_at", "hidden", "pinned", "boost", "vector"},
	required:   []string{"id"},
	attributes: true,
}

var eventSpec = &spec{
	fields:   []string{"user", "item", "kind", "value", "at", "id"},
	required: []string{"user", "item"},
}

const attributePrefix = "attributes."

func (s *spec) has(field string) bool {
	return slices.Contains(s.fields, field) || s.attributes && strings.HasPrefix(field, attributePrefix) && len(field) > len(attributePrefix)
}

// fold returns the field that a column of this name stands for, in any case, or "".
func (s *spec) fold(column string) string {
	for _, f := range s.fields {
		if strings.EqualFold(f, column) {
			return f
		}
	}
	if s.attributes && len(column) > len(attributePrefix) && strings.EqualFold(column[:len(attributePrefix)], attributePrefix) {
		return attributePrefix + column[len(attributePrefix):]
	}
	return ""
}

// CheckMap returns an error if m, an Options.Map for items or else for events, names a field that there is not.
func CheckMap(m map[string]string, items bool) error {
	sp, what := itemSpec, "items"
	if !items {
		sp, what = eventSpec, "events"
	}
	for field := range m {
		if !sp.has(field) {
			return fmt.Errorf("%s have no field %q; use one of %s", what, field, strings.Join(sp.fields, ", "))
		}
	}
	return nil
}

// mappedNames returns the names that m gives to fields.
func mappedNames(m map[string]string) map[string]bool {
	names := make(map[string]bool, len(m))
	for _, name := range m {
		names[name] = true
	}
	return names
}

// value returns what a row holds for a field, under the mapped name or its own. One name may serve two fields.
func (r *reader) value(fields map[string]any, field string) any {
	if name := r.opt.Map[field]; name != "" {
		return fields[name]
	}
	return fields[field]
}

// noteUnknown counts the fields of a row that nothing knows.
func (r *reader) noteUnknown(p Place, fields map[string]any) {
	for name := range fields {
		if r.mapped[name] || r.spec.has(name) && r.opt.Map[name] == "" {
			continue
		}
		u := r.unknown[name]
		if u == nil {
			if len(r.unknown) >= 1000 { // hostile rows must not fill the memory with names
				continue
			}
			u = &unknownField{first: p}
			r.unknown[name] = u
		}
		u.rows++
	}
}

func (r *reader) reportUnknown() {
	if r.opt.Notice == nil {
		return
	}
	names := make([]string, 0, len(r.unknown))
	for name := range r.unknown {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		u := r.unknown[name]
		hint := "name a field for it with --map FIELD=" + name
		if r.spec.attributes {
			hint = "keep it with --map " + attributePrefix + name + "=" + name
		}
		r.opt.Notice(u.first, fmt.Sprintf("the field %q is unknown and was left out of %s; %s", name, plural(u.rows, "row"), hint))
	}
}

// item makes an item of named values.
func (r *reader) item(fields map[string]any) (store.Item, error) {
	c := converter{r: r, fields: fields}
	it := store.Item{
		ID:          c.text("id"),
		Title:       c.text("title"),
		Description: c.text("description"),
		URL:         c.text("url"),
		Image:       c.text("image"),
		Author:      c.author("author"),
		Language:    c.text("language"),
		Tags:        c.labels("tags"),
		Categories:  c.labels("categories"),
		PublishedAt: c.time("published_at"),
		ExpiresAt:   c.time("expires_at"),
		Hidden:      c.bool("hidden"),
		Pinned:      c.place("pinned"),
		Boost:       c.number("boost"),
		Vector:      c.vector("vector"),
	}
	it.Attributes = c.attributes()
	if c.err == nil && it.ID == "" {
		c.err = &fieldError{reason: "the row has no id", hint: "give each item an id, or name the field that holds it with --map id=NAME"}
	}
	return it, c.error()
}

// event makes an event of named values.
func (r *reader) event(fields map[string]any) (store.Event, error) {
	c := converter{r: r, fields: fields}
	ev := store.Event{
		User:  c.text("user"),
		Item:  c.text("item"),
		Kind:  c.text("kind"),
		Value: c.number("value"),
		ID:    c.text("id"),
	}
	if at := c.time("at"); at != nil {
		ev.At = *at
	}
	if ev.Kind == "" {
		ev.Kind = "view"
	}
	switch {
	case c.err != nil:
	case ev.User == "":
		c.err = &fieldError{reason: "the row has no user", hint: "name who did it, or the session, or the field that holds it with --map user=NAME"}
	case ev.Item == "":
		c.err = &fieldError{reason: "the row has no item", hint: "name the item, or the field that holds it with --map item=NAME"}
	case ev.ID == "" && !ev.At.IsZero():
		ev.ID = EventKey(ev)
	}
	return ev, c.error()
}

// converter reads the values of a row; the first one that cannot be read is the row's error.
type converter struct {
	r      *reader
	fields map[string]any
	err    *fieldError
}

func (c *converter) error() error {
	if c.err == nil {
		return nil // and not a nil *fieldError in an error
	}
	return c.err
}

func (c *converter) fail(field, reason, hint string) {
	if c.err == nil {
		c.err = &fieldError{field, reason, hint}
	}
}

// attributes collects the attributes of the row: one map, and fields of their own names.
func (c *converter) attributes() map[string]any {
	var out map[string]any
	set := func(name string, v any) {
		if v = c.scalar(attributePrefix+name, v); v == nil || v == "" {
			return
		}
		if out == nil {
			out = map[string]any{}
		}
		out[name] = v
	}
	switch v := c.r.value(c.fields, "attributes").(type) {
	case nil:
	case map[string]any:
		for name, x := range v {
			set(name, x)
		}
	case string:
		if v == "" {
			break
		}
		var m map[string]any
		if fields, err := decodeObject([]byte(v)); err == nil {
			m = fields
		} else {
			c.fail("attributes", "is "+quote(v), `give an object such as {"year": 1902}, or a column attributes.year`)
		}
		for name, x := range m {
			set(name, x)
		}
	default:
		c.fail("attributes", "is "+describe(v), `give an object such as {"year": 1902}`)
	}
	for name, v := range c.fields {
		if strings.HasPrefix(name, attributePrefix) && !c.r.mapped[name] {
			set(name[len(attributePrefix):], v)
		}
	}
	for field, name := range c.r.opt.Map {
		if strings.HasPrefix(field, attributePrefix) {
			set(field[len(attributePrefix):], c.fields[name])
		}
	}
	return out
}

// scalar returns v as a string, float64 or bool.
func (c *converter) scalar(field string, v any) any {
	switch v := v.(type) {
	case nil, string, bool:
		return v
	case time.Time:
		return v.Format(time.RFC3339)
	case json.Number:
		f, err := v.Float64()
		if err != nil || math.Abs(f) > 1<<53 && f == math.Trunc(f) {
			return v.String() // too many digits for a number
		}
		return f
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			c.fail(field, "is "+describe(v), "give a finite number, or leave it out")
			return nil
		}
		return v
	}
	c.fail(field, "is "+describe(v), "give a text, a number, true or false")
	return nil
}
