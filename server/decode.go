package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"nigh/server/catalog"
	"nigh/server/store"
)

// decode reads the one JSON value of data into v, a pointer to a struct. what names it in errors: "item", "event".
// Broken JSON is a badBody with line and column; a value of a wrong type or an unknown field is an InputError.
func decode(data []byte, v any, what string) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return decodeError(data, v, what, err)
	}
	end := int(dec.InputOffset())
	if _, err := dec.Token(); err != io.EOF {
		at := skipBlank(data, end)
		return brokenJSON(data, at+1, "there is something after the end of the JSON value", "send one value")
	}
	if string(bytes.TrimSpace(data)) == "null" { // which leaves v as it was: a PUT would empty the item
		return &catalog.InputError{Field: what, Reason: "is null", Hint: "send an object"}
	}
	return nil
}

func skipBlank(data []byte, at int) int {
	for at < len(data) && bytes.IndexByte([]byte(" \t\r\n"), data[at]) >= 0 {
		at++
	}
	return at
}

// brokenJSON is the error for data that is not JSON; offset counts the bytes up to and with the one at fault.
func brokenJSON(data []byte, offset int, problem, hint string) error {
	before := data[:min(max(offset-1, 0), len(data))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := 1 + len(before) - (1 + bytes.LastIndexByte(before, '\n'))
	return &badBody{
		status: http.StatusBadRequest, code: "json", hint: hint,
		detail: fmt.Sprintf("broken JSON at line %d, column %d: %s", line, column, problem),
	}
}

const hintJSON = "check quotes, commas and brackets there"

// decodeError turns what encoding/json says into what a client is told.
func decodeError(data []byte, v any, what string, err error) error {
	if e, ok := errors.AsType[*catalog.InputError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*store.VectorError](err); ok {
		return &catalog.InputError{Field: what + ".vector", Reason: e.Reason, Hint: e.Hint}
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		hint := hintJSON
		for _, word := range []string{"NaN", "Infinity", "nan", "inf"} { // which some programs write
			if rest := data[min(max(int(e.Offset)-1, 0), len(data)):]; bytes.HasPrefix(rest, []byte(word)) {
				hint = word + " is not a JSON number: leave the field out, or send finite numbers"
			}
		}
		return brokenJSON(data, int(e.Offset), e.Error(), hint)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		if len(bytes.TrimSpace(data)) == 0 {
			return &badBody{
				status: http.StatusBadRequest, code: "json", detail: "the body is empty",
				hint: "send the " + what + " as JSON",
			}
		}
		return brokenJSON(data, len(data)+1, "it ends too early", "check that all of it was sent")
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field := what
		if e.Field != "" {
			field += "." + e.Field
		}
		if number, ok := strings.CutPrefix(e.Value, "number "); ok { // of the right kind, but it does not fit
			hint := "send a smaller number"
			if goKind(e.Type) == "integer" {
				hint = "send an integer, in digits alone"
			}
			return &catalog.InputError{Field: field, Reason: "is " + clip(number), Hint: hint}
		}
		return &catalog.InputError{Field: field, Reason: "is " + article(jsonKind(e.Value)), Hint: "send " + article(goKind(e.Type))}
	}
	// encoding/json has no type for this one.
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return &catalog.InputError{
			Field: what, Reason: "has no field " + name,
			Hint: "its fields are " + strings.Join(fieldsOf(v), ", "),
		}
	}
	if field := badTime(data, v); field != "" {
		return &catalog.InputError{
			Field: what + "." + field, Reason: "is not a time",
			Hint: "write it as in RFC 3339: 2026-01-31T12:00:00Z",
		}
	}
	return &catalog.InputError{Field: what, Reason: "cannot be read: " + err.Error(), Hint: "see /docs for its fields"}
}

// jsonKind keeps the first word of encoding/json's description of a value: "number 12" is a number.
func jsonKind(s string) string {
	if k, _, _ := strings.Cut(s, " "); k != "bool" {
		return k
	}
	return "boolean"
}

func goKind(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Map, reflect.Struct:
		return "object"
	case reflect.Float32, reflect.Float64:
		return "number"
	default:
		return "integer"
	}
}

func article(s string) string {
	if s != "" && strings.ContainsRune("aeiou", rune(s[0])) {
		return "an " + s
	}
	return "a " + s
}

// fieldsOf returns the JSON names of a struct's fields, in their order.
func fieldsOf(v any) []string {
	t := reflect.TypeOf(v).Elem()
	var names []string
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// badTime finds the field of v that is a time and cannot be read from data; "" if none is at fault.
func badTime(data []byte, v any) string {
	var raw map[string]json.RawMessage
	if json.Unmarshal(data, &raw) != nil {
		return ""
	}
	t := reflect.TypeOf(v).Elem()
	for i := range t.NumField() {
		ft := t.Field(i).Type
		if ft != reflect.TypeFor[time.Time]() && ft != reflect.TypeFor[*time.Time]() {
			continue
		}
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		var at *time.Time
		if value, ok := raw[name]; ok && json.Unmarshal(value, &at) != nil {
			return name
		}
	}
	return ""
}

// readBody reads a body of at most limit bytes.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, tooLarge(limit, r.ContentLength)
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return nil, readError(err)
	}
	return data, nil
}

// readError turns a failed read of a body into what a client is told.
func readError(err error) error {
	if e, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(e.Limit, -1)
	}
	return &badBody{
		status: http.StatusBadRequest, code: "body", detail: "the body could not be read to its end",
		hint: "check the connection and send it again",
	}
}

func tooLarge(limit, size int64) error {
	err := fmt.Errorf("%w: at most %d MiB are allowed here", errTooLarge, limit>>20)
	if size >= 0 {
		err = fmt.Errorf("%w: it has %d bytes, at most %d MiB are allowed here", errTooLarge, size, limit>>20)
	}
	hint := "send it in parts"
	if limit < MaxBulkBody {
		hint = "send less; for many at once there are POST /v1/items and POST /v1/events with up to 64 MiB"
	}
	return &hinted{err, hint}
}
