package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"nigh/core"
	"nigh/server/catalog"
)

// Preferences are what a reader asks for, as JSON: {"text": "sailing", "tags": {"sea": 1, "horror": -1}}. Each part is
// a map to weights, or a list (each of weight 1, "-horror" of -1), or one text. The whole may be a list or a text too:
// words of weight 1, with commas between them in a text.
type Preferences core.Preferences

// parts are the fields of preferences and the kind that each of them is; "terms" are words, as "text" is.
var parts = []struct {
	name string
	kind core.PreferenceKind
}{
	{"text", core.PreferText}, {"tags", core.PreferTag}, {"terms", core.PreferText}, {"authors", core.PreferAuthor},
	{"items", core.PreferItem}, {"categories", core.PreferCategory},
}

// UnmarshalJSON reads preferences. Its errors are *catalog.InputError.
func (p *Preferences) UnmarshalJSON(data []byte) error {
	weights := map[prefKey]float64{}
	switch jsonType(data) {
	case 'n':
	case '"', '[':
		list, err := words("preferences", data, true)
		if err != nil {
			return err
		}
		for key, weight := range list {
			weights[prefKey{core.PreferText, key}] += weight
		}
	case '{':
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(data, &fields); err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			i := slices.IndexFunc(parts, func(part struct {
				name string
				kind core.PreferenceKind
			}) bool {
				return part.name == name
			})
			if i < 0 {
				return &catalog.InputError{Field: "preferences", Reason: fmt.Sprintf("have no part %q", clip(name)),
					Hint: "their parts are text, tags, terms, authors, items, categories"}
			}
			list, err := words("preferences."+name, fields[name], false)
			if err != nil {
				return err
			}
			for key, weight := range list {
				weights[prefKey{parts[i].kind, key}] += weight
			}
		}
	default:
		return &catalog.InputError{Field: "preferences", Reason: "are neither an object nor a list nor a text",
			Hint: `send {"text": {"sailing": 1}}, ["sailing"] or "sailing"`}
	}
	return p.set(weights)
}

type prefKey struct {
	kind core.PreferenceKind
	key  string
}

// set makes p of weights, in the order that core.Preferences have.
func (p *Preferences) set(weights map[prefKey]float64) error {
	if len(weights) > core.MaxPreferences {
		return &catalog.InputError{Field: "preferences", Reason: fmt.Sprintf("are %d", len(weights)),
			Hint: fmt.Sprintf("send at most %d", core.MaxPreferences)}
	}
	var out core.Preferences
	for k, weight := range weights {
		units := math.Round(weight * core.ProfileOne)
		if math.Abs(units) > core.MaxPreferenceWeight {
			return &catalog.InputError{Field: "preferences", Reason: fmt.Sprintf("give %q the weight %g", clip(k.key), weight),
				Hint: fmt.Sprintf("use weights from -%d to %[1]d", core.MaxPreferenceWeight/core.ProfileOne)}
		}
		if len(k.key) > core.MaxPreferenceBytes {
			return &catalog.InputError{Field: "preferences", Reason: fmt.Sprintf("hold a text of %d bytes", len(k.key)),
				Hint: fmt.Sprintf("use at most %d bytes each", core.MaxPreferenceBytes)}
		}
		out = out.Set(core.Preference{Kind: k.kind, Key: k.key, Weight: int32(units)})
	}
	*p = Preferences(out)
	return nil
}

// words reads one part: a map to weights, a list or a text. split cuts a text at commas and reads a leading minus, as
// in ?preferences=go,-horror; without it a text is what a person typed into a box, and kept as it is.
func words(field string, data []byte, split bool) (map[string]float64, error) {
	fault := &catalog.InputError{Field: field, Reason: "is neither a map to weights nor a list of texts nor a text",
		Hint: `send {"sailing": 1, "horror": -1}`}
	out := map[string]float64{}
	switch jsonType(data) {
	case 'n':
	case '"':
		var s string
		if json.Unmarshal(data, &s) != nil {
			return nil, fault
		}
		if split {
			return weigh(splitList(s)), nil
		}
		if s = strings.TrimSpace(s); s != "" {
			out[s] = 1
		}
	case '[':
		var list []string
		if json.Unmarshal(data, &list) != nil {
			return nil, fault
		}
		return weigh(list), nil
	case '{':
		var list map[string]float64
		if json.Unmarshal(data, &list) != nil {
			return nil, fault
		}
		for key, weight := range list {
			if key = strings.TrimSpace(key); key != "" {
				out[key] += weight
			}
		}
	default:
		return nil, fault
	}
	return out, nil
}

// weigh gives each text the weight 1, or -1 if it begins with a minus. An item's id may begin with one: map it.
func weigh(list []string) map[string]float64 {
	out := map[string]float64{}
	for _, s := range list {
		s = strings.TrimSpace(s)
		weight := 1.0
		if rest, ok := strings.CutPrefix(s, "-"); ok {
			s, weight = strings.TrimSpace(rest), -1
		}
		if s != "" {
			out[s] = weight
		}
	}
	return out
}

// jsonType returns the first byte of a JSON value; 'n' stands for null and for nothing.
func jsonType(data []byte) byte {
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return 'n'
	}
	return data[0]
}

// Schema describes preferences to the OpenAPI document.
func (Preferences) Schema(huma.Registry) *huma.Schema {
	text := &huma.Schema{Type: huma.TypeString}
	list := &huma.Schema{Type: huma.TypeArray, Items: text}
	part := func(doc string) *huma.Schema {
		return &huma.Schema{Description: doc, OneOf: []*huma.Schema{
			{Type: huma.TypeObject, AdditionalProperties: &huma.Schema{Type: huma.TypeNumber}}, list, text}}
	}
	return &huma.Schema{
		Description: "What the reader asks for. Weights from -100 to 100, 1 is usual, negative ones push away",
		OneOf: []*huma.Schema{
			{Type: huma.TypeObject, AdditionalProperties: false, Properties: map[string]*huma.Schema{
				"text": part("Words, as a person types them"), "tags": part("Tags"), "terms": part("Words, as text"),
				"authors": part("Authors"), "items": part("Ids of items"), "categories": part("Categories"),
			}}, list, text,
		},
	}
}
