package learn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// FieldError is a policy's field whose value makes no sense.
type FieldError struct {
	Field  string // its name in the JSON form: "lambda", "kinds.like.weight"
	Reason string // "is -1; it must be above 0, at most 1e+06"
	Line   int    // where a policy file says so, from 1; 0 if no file does
}

// Error returns "policy: lambda is -1; it must be…", with the line if there is one.
func (e *FieldError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("line %d: %s %s", e.Line, e.Field, e.Reason)
	}
	return "policy: " + e.Field + " " + e.Reason
}

// DecodePolicy reads a policy file: JSON with the fields of Policy, laid over DefaultPolicy, so that what it leaves out
// (a field, a kind, a field of a kind) keeps its default. An unknown field, one that stands twice, a value of the wrong
// type or out of its range is an error that names the field, its bounds and its line.
func DecodePolicy(data []byte) (Policy, error) {
	p := DefaultPolicy()
	return p, p.lay(data, true)
}

// EncodePolicy returns p as a policy file, complete: DecodePolicy gives it back, but for kinds that DefaultPolicy has
// and p has not.
func EncodePolicy(p Policy) []byte {
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		panic(err) // numbers, strings and a map of them: a valid policy holds no NaN
	}
	return append(data, '\n')
}

// SetPolicy changes one field of p, given as "lambda=5" or "kinds.like.weight=3".
func SetPolicy(p *Policy, assignment string) error {
	name, value, ok := strings.Cut(assignment, "=")
	if !ok || name == "" {
		return fmt.Errorf("policy: %q sets nothing; write FIELD=VALUE, such as lambda=5", assignment)
	}
	if !utf8.ValidString(assignment) {
		return fmt.Errorf("policy: %q is no text; write it in UTF-8", assignment)
	}
	var v any = value
	if f, err := strconv.ParseFloat(value, 64); err == nil {
		v = f // "NaN" and "Inf" parse too, and fail below: JSON has no name for them
	} else if b, err := strconv.ParseBool(value); err == nil {
		v = b
	}
	for _, part := range slices.Backward(strings.Split(name, ".")) {
		v = map[string]any{part: v}
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("policy: %s is %s; give a finite number", name, value)
	}
	q := *p
	if err := q.lay(data, false); err != nil {
		return err
	}
	*p = q
	return nil
}

// PolicyField returns the value of a number or text field by its name in the JSON form, "lambda" or
// "kinds.like.weight"; ok is false if there is none.
func PolicyField(p Policy, name string) (value any, ok bool) {
	data, err := json.Marshal(p)
	if err != nil {
		return nil, false
	}
	var v any
	if json.Unmarshal(data, &v) != nil {
		return nil, false
	}
	for part := range strings.SplitSeq(name, ".") {
		m, isObject := v.(map[string]any)
		if v, ok = m[part]; !isObject || !ok {
			return nil, false
		}
	}
	_, isObject := v.(map[string]any)
	return v, !isObject
}

// lay decodes JSON over p and validates what comes out. Kinds that p shares with others are not changed in place.
func (p *Policy) lay(data []byte, lines bool) error {
	at, err := places(data)
	if err == nil {
		err = p.decode(data)
	}
	if err == nil {
		err = p.Validate()
	}
	if fault, ok := errors.AsType[*FieldError](err); ok && lines {
		fault.Line = at[placeKey(fault.Field)]
	}
	return err
}

func (p *Policy) decode(data []byte) error {
	type plain Policy // without methods, embedded without being named in errors
	over := struct {
		*plain
		Kinds map[string]json.RawMessage `json:"kinds"`
	}{plain: (*plain)(p)}
	if err := strict(data, &over, "", p); err != nil {
		return err
	}
	if len(over.Kinds) == 0 {
		return nil
	}
	kinds := maps.Clone(p.Kinds)
	if kinds == nil {
		kinds = map[string]Kind{}
	}
	for _, name := range slices.Sorted(maps.Keys(over.Kinds)) {
		k := kinds[name]
		if err := strict(over.Kinds[name], &k, "kinds."+name+".", &k); err != nil {
			return err
		}
		kinds[name] = k
	}
	p.Kinds = kinds
	return nil
}

// strict decodes one JSON value and refuses fields that v does not have; path names where v is, like has its fields.
func strict(data []byte, v any, path string, like any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		return nil
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		name := path + strings.TrimPrefix(wrong.Field, "plain.")
		return &FieldError{Field: strings.TrimSuffix(name, "."), Reason: fmt.Sprintf("is a %s; give a %s", wrong.Value, plainType[wrong.Type.Kind()])}
	}
	if rest, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		name, err := strconv.Unquote(rest)
		if err != nil {
			name = rest
		}
		return &FieldError{Field: path + name, Reason: "is no field of a policy; the fields are " + strings.Join(fieldsOf(like), ", ")}
	}
	return notJSON(err)
}

func notJSON(err error) error {
	return fmt.Errorf("it is no JSON object (%w); start from what `nigh policy` prints", err)
}

// placeKey folds the case of a field's path, which decoding does not look at, but not that of a kind's name.
func placeKey(field string) string {
	if first, kind, ok := strings.Cut(field, "."); ok && strings.EqualFold(first, "kinds") {
		return "kinds." + kind
	}
	return strings.ToLower(field)
}

// places returns the lines of all fields by their placeKey. It refuses what decoding would pass over in silence: two
// values, a field that stands twice, null.
func places(data []byte) (map[string]int, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	at := map[string]int{}
	if err := walk(d, data, "", at); err != nil {
		return at, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return at, fmt.Errorf("line %d: something follows the policy's last brace; keep one JSON object", lineOf(data, d))
	}
	return at, nil
}

func walk(d *json.Decoder, data []byte, path string, at map[string]int) error {
	t, err := d.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("line %d: %w", lineOf(data, d), notJSON(err))
	}
	switch {
	case t == json.Delim('{'):
		for d.More() {
			t, err := d.Token()
			name, ok := t.(string)
			if err != nil || !ok {
				return fmt.Errorf("line %d: %w", lineOf(data, d), notJSON(err))
			}
			field := name
			if path != "" {
				field = path + "." + name
			}
			key := placeKey(field)
			_, twice := at[key]
			at[key] = lineOf(data, d)
			if twice {
				return &FieldError{Field: field, Reason: "stands twice; keep one"}
			}
			if err := walk(d, data, field, at); err != nil {
				return err
			}
		}
		_, err := d.Token()
		if err != nil {
			return fmt.Errorf("line %d: %w", lineOf(data, d), notJSON(err))
		}
	case t == json.Delim('['):
		if path == "" {
			return notJSON(errors.New("it is a list"))
		}
		return &FieldError{Field: path, Reason: "is a list; give one value"}
	case path == "":
		return notJSON(fmt.Errorf("it is %v", t))
	case t == nil:
		return &FieldError{Field: path, Reason: "is null; leave it out for the default"}
	}
	return nil
}

// lineOf is the line that d has read to.
func lineOf(data []byte, d *json.Decoder) int {
	return 1 + bytes.Count(data[:min(int(d.InputOffset()), len(data))], []byte("\n"))
}

// plainType names the types of fields for people.
var plainType = map[reflect.Kind]string{
	reflect.Float64: "number", reflect.Int: "whole number", reflect.String: "text", reflect.Map: "object", reflect.Struct: "object",
}

// fieldsOf names the fields of a policy or a part of it.
func fieldsOf(v any) []string {
	var m map[string]any
	data, err := json.Marshal(v)
	if err == nil && json.Unmarshal(data, &m) == nil {
		if _, ok := m["weight"]; ok {
			m["neutral"], m["full"] = nil, nil // empty ones are not written
		}
		return slices.Sorted(maps.Keys(m))
	}
	return nil
}
