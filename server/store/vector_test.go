package store_test

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"nigh/server/store"
)

func TestParseVector(t *testing.T) {
	for _, c := range []struct {
		text string
		want store.Vector
		err  string // part of it
	}{
		{"", nil, ""},
		{" [ ] ", nil, ""},
		{"[0.5, -1e2]", store.Vector{.5, -100}, ""},
		{"0.5 -1e2\t3", store.Vector{.5, -100, 3}, ""},
		{"0.5, 1;2", store.Vector{.5, 1, 2}, ""},
		{"12345678", store.Vector{12345678}, ""}, // which could be base64 as well
		{"AAAAPwAAgL8=", store.Vector{.5, -1}, ""},
		{"[1, null]", nil, "holds null at place 2"},
		{`[1, "2"]`, nil, `holds "2" at place 2`},
		{"[1, NaN]", nil, "give an array of numbers"},
		{"[1, 2", nil, "give an array of numbers"},
		{"[[1, 2]]", nil, "holds [1 at place 1"},
		{"1 NaN 2", nil, "holds NaN at place 2"},
		{"1 -Inf", nil, "holds -Inf at place 2"},
		{"1 1e39", nil, "holds 1e39 at place 2"}, // beyond float32
		{"AADAfw==", nil, "holds NaN at place 1"},
		{"AACAfw==", nil, "holds +Inf at place 1"},
		{"sea", nil, "holds sea at place 1"},
		{"AAAA", nil, "holds AAAA at place 1"}, // three bytes
	} {
		got, err := store.ParseVector(c.text)
		if !slices.Equal(got, c.want) {
			t.Errorf("ParseVector(%q) = %v, want %v", c.text, got, c.want)
		}
		fault, typed := errors.AsType[*store.VectorError](err)
		if err == nil && c.err != "" || err != nil && (c.err == "" || !typed || !strings.Contains(fault.Reason+"; "+fault.Hint, c.err)) {
			t.Errorf("ParseVector(%q): error %v, want one with %q", c.text, err, c.err)
		}
	}
}

func TestVector_IsReadFromJSONAsItIsWritten(t *testing.T) {
	var got struct{ Vector store.Vector }
	for text, want := range map[string]store.Vector{
		`{"vector": [1, 2.5]}`: {1, 2.5}, `{"vector": "AACAPwAAIEA="}`: {1, 2.5}, `{"vector": "1 2.5"}`: {1, 2.5}, `{"vector": null}`: nil,
	} {
		got.Vector = nil
		if err := json.Unmarshal([]byte(text), &got); err != nil || !slices.Equal(got.Vector, want) {
			t.Errorf("%s = %v, %v, want %v", text, got.Vector, err, want)
		}
	}
	for _, text := range []string{`{"vector": true}`, `{"vector": {"a": 1}}`, `{"vector": 5}`} {
		_, typed := errors.AsType[*store.VectorError](json.Unmarshal([]byte(text), &got))
		if !typed {
			t.Errorf("%s was read, want a *VectorError", text)
		}
	}
}

func TestVector_CheckRefusesWhatHasNoDirection(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for want, v := range map[string]store.Vector{
		"": {0, 0, 1}, "dimensions": {1, 2, 3, 4}, "zeros": {0, 0}, "NaN at place 2": {1, nan}, "-Inf at place 1": {inf},
	} {
		if err := v.Check(3); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v.Check(3) = %v, want one with %q", v, err, want)
		}
	}
	if err := store.Vector(nil).Check(3); err != nil {
		t.Errorf("no vector: Check = %v, want none", err)
	}
}

// FuzzParseVector holds that what is read is finite, and is read again the same from the JSON that it is written as.
func FuzzParseVector(f *testing.F) {
	for _, s := range []string{"", "[]", "[1,2e-3]", "1 2,3", "AAAAPwAAgL8=", "NaN", "[null]", "0x1p-2", "[1,,2]", "[\"1,2\"]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := store.ParseVector(s)
		if err != nil {
			if _, typed := errors.AsType[*store.VectorError](err); !typed {
				t.Fatalf("ParseVector(%q): %T, want a *VectorError", s, err)
			}
			return
		}
		for _, x := range v {
			if x-x != 0 {
				t.Fatalf("ParseVector(%q) holds %v", s, x)
			}
		}
		data, err := json.Marshal(v)
		var again store.Vector
		if err != nil || json.Unmarshal(data, &again) != nil || !slices.Equal(again, v) {
			t.Fatalf("%v, written as %s, is read as %v", v, data, again)
		}
	})
}
