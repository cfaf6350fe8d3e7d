package eval

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"nigh/core/learn"
)

// ReadPolicy reads a policy file: JSON with the fields of learn.Policy. Fields that are left out keep their default; an
// unknown field, or a value out of its range, is an error that names it.
func ReadPolicy(file string) (learn.Policy, error) {
	p := learn.DefaultPolicy()
	data, err := os.ReadFile(file)
	if err != nil {
		return p, fmt.Errorf("read policy: %w", err)
	}
	if err := decodePolicy(data, &p); err != nil {
		return p, fmt.Errorf("read policy %s: %w", file, err)
	}
	return p, nil
}

// SetPolicy changes one field of p, given as "lambda=5" or "kinds.like.weight=3".
func SetPolicy(p *learn.Policy, assignment string) error {
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
	scalar, parts := v, strings.Split(name, ".")
	for i := len(parts) - 1; i >= 0; i-- {
		v = map[string]any{parts[i]: v}
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("policy: %s is %s; give a finite number", name, value)
	}
	q := *p
	q.Kinds = maps.Clone(p.Kinds)
	if len(parts) == 3 && strings.EqualFold(parts[0], "kinds") { // else the map's entry would be replaced as a whole
		k := q.Kinds[parts[1]]
		inner, err := json.Marshal(map[string]any{parts[2]: scalar})
		if err != nil {
			return fmt.Errorf("policy: %s is %s; give a finite number", name, value)
		}
		if err := strict(inner, &k); err != nil {
			return err
		}
		if q.Kinds == nil {
			q.Kinds = map[string]learn.Kind{}
		}
		q.Kinds[parts[1]] = k
		data = []byte("{}")
	}
	if err := decodePolicy(data, &q); err != nil {
		return err
	}
	*p = q
	return nil
}

func decodePolicy(data []byte, p *learn.Policy) error {
	if err := strict(data, p); err != nil {
		return err
	}
	return p.Validate()
}

// strict decodes one JSON value and refuses fields that v does not have.
func strict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			return errors.New("something follows the policy's last brace; keep one JSON object")
		}
		return nil
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("policy: %s is a %s; give a %s", wrong.Field, wrong.Value, plainType[wrong.Type.Kind()])
	}
	if rest, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Errorf("policy: there is no field %s; the fields are %s", rest, strings.Join(fieldsOf(v), ", "))
	}
	return fmt.Errorf("policy is no JSON object (%w); start from the one that `nigh eval … --json` prints", err)
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
