package store

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Vector is an embedding: finite numbers, as long as the model makes it. In JSON it is an array of numbers; read, it may
// be a string too, see ParseVector.
type Vector []float32

// VectorError says why something is no vector, in words that follow the name of its field.
type VectorError struct {
	Reason string // "holds NaN at place 3"
	Hint   string
}

func (e *VectorError) Error() string { return "vector " + e.Reason }

const vectorHint = "give finite numbers"

// ParseVector reads a vector from a text: a JSON array of numbers, or numbers with blanks or commas between them, or the
// base64 of little-endian float32. An empty text is no vector. The error is a *VectorError.
func ParseVector(s string) (Vector, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil, nil
	}
	if s[0] == '[' {
		return vectorOfJSON([]byte(s))
	}
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == ';' || r == '\t' || r == '\n' || r == '\r' })
	if len(parts) <= 1 {
		if v, ok := vectorOfBase64(s); ok {
			if err := v.check(); err != nil {
				return nil, err
			}
			return v, nil
		}
	}
	v := make(Vector, len(parts))
	for i, part := range parts {
		var err error
		if v[i], err = number(part, i); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// UnmarshalJSON reads an array of numbers, or a string as ParseVector does.
func (v *Vector) UnmarshalJSON(data []byte) (err error) {
	switch data = bytes.TrimSpace(data); {
	case string(data) == "null":
		return nil
	case len(data) > 0 && data[0] == '"':
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		*v, err = ParseVector(s)
	default:
		*v, err = vectorOfJSON(data)
	}
	return err
}

// vectorOfJSON cuts an array of numbers at its commas: in an array of anything else a part is no number.
func vectorOfJSON(data []byte) (Vector, error) {
	inner, open := bytes.CutPrefix(data, []byte{'['})
	inner, closed := bytes.CutSuffix(inner, []byte{']'})
	if !open || !closed || !json.Valid(data) {
		return nil, &VectorError{"is " + shortened(string(data)), "give an array of numbers such as [0.5, -1]"}
	}
	if len(bytes.TrimSpace(inner)) == 0 {
		return nil, nil
	}
	v := make(Vector, 0, bytes.Count(inner, []byte{','})+1)
	for part := range bytes.SplitSeq(inner, []byte{','}) {
		x, err := number(string(bytes.TrimSpace(part)), len(v))
		if err != nil {
			return nil, err
		}
		v = append(v, x)
	}
	return v, nil
}

// vectorOfBase64 takes a text of the shape that base64 gives to a whole number of dimensions: a lone number is none.
func vectorOfBase64(s string) (Vector, bool) {
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return nil, false
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b)%4 != 0 {
		return nil, false
	}
	v := make(Vector, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v, true
}

func number(s string, at int) (float32, error) {
	f, err := strconv.ParseFloat(s, 32)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, &VectorError{fmt.Sprintf("holds %s at place %d", shortened(s), at+1), vectorHint}
	}
	return float32(f), nil
}

// check returns a *VectorError for the first number that is not finite.
func (v Vector) check() error {
	for i, x := range v {
		if x != x || math.IsInf(float64(x), 0) {
			return &VectorError{fmt.Sprintf("holds %v at place %d", x, i+1), vectorHint}
		}
	}
	return nil
}

// Check returns a *VectorError if v cannot be compared with others: a number is not finite, all are 0, or there are more
// than most. An empty one is no vector, and fine.
func (v Vector) Check(most int) error {
	if len(v) > most {
		return &VectorError{fmt.Sprintf("has %d dimensions", len(v)), fmt.Sprintf("use at most %d", most)}
	}
	if err := v.check(); err != nil {
		return err
	}
	for _, x := range v {
		if x != 0 {
			return nil
		}
	}
	if len(v) > 0 {
		return &VectorError{"holds nothing but zeros, which is like nothing", "leave it out where the model has nothing to say"}
	}
	return nil
}

// shortened is a text as an error shows it.
func shortened(s string) string {
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}
