package learn

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestSetPolicy_ChangesOneField(t *testing.T) {
	p := DefaultPolicy()
	for _, s := range []string{"lambda=5", "recency_power=1", "kinds.like.weight=7", "kinds.play.weight=2", "preferences.tag=4", "repeat=allow", "language=de", "window=20"} {
		if err := SetPolicy(&p, s); err != nil {
			t.Fatalf("SetPolicy(%q): %v", s, err)
		}
	}
	want := DefaultPolicy()
	want.Lambda, want.RecencyPower, want.Preferences.Tag, want.Repeat, want.Language, want.Window = 5, 1, 4, "allow", "de", 20
	if p.Lambda != want.Lambda || p.RecencyPower != want.RecencyPower || p.Preferences != want.Preferences ||
		p.Repeat != want.Repeat || p.Language != want.Language || p.Window != want.Window {
		t.Errorf("policy = %+v, want %+v", p, want)
	}
	if p.Kinds["like"].Weight != 7 || p.Kinds["play"].Weight != 2 || p.Kinds["rating"] != want.Kinds["rating"] {
		t.Errorf("kinds = %+v, want like of 7, play of 2 and the others as they were", p.Kinds)
	}
	if DefaultPolicy().Kinds["like"].Weight == 7 {
		t.Error("the default's own map was changed")
	}
}

func TestSetPolicy_RefusesNonsense(t *testing.T) {
	for _, c := range []struct{ set, want string }{
		{"lamda=5", `lamda is no field of a policy; the fields are content_fade`},
		{"kinds.like.wieght=1", `kinds.like.wieght is no field of a policy; the fields are full, neutral, weight`},
		{"lambda=-1", "lambda is -1; it must be above 0"},
		{"lambda=NaN", "finite number"},
		{"lambda=many", "lambda is a string; give a number"},
		{"window=1.5", "window is a number 1.5; give a whole number"},
		{"kinds.like.weight=1000", "kinds.like.weight is 1000; it must lie between"},
		{"kinds.like.weight=Inf", "finite number"},
		{"repeat=never", "repeat is"},
		{"lambda", "write FIELD=VALUE"},
		{"=5", "write FIELD=VALUE"},
	} {
		p := DefaultPolicy()
		err := SetPolicy(&p, c.set)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("SetPolicy(%q) = %v, want it to say %q", c.set, err, c.want)
		}
		if p.Lambda != DefaultPolicy().Lambda {
			t.Errorf("SetPolicy(%q) changed the policy", c.set)
		}
	}
}

func TestDecodePolicy_LaysAFileOverTheDefault(t *testing.T) {
	p, err := DecodePolicy([]byte(`{"lambda": 5, "kinds": {"play": {"weight": 2}, "rating": {"weight": 1}}}`))
	want := DefaultPolicy()
	want.Lambda, want.Kinds["play"] = 5, Kind{Weight: 2}
	rating := want.Kinds["rating"]
	rating.Weight = 1 // its scale stays
	want.Kinds["rating"] = rating
	if err != nil || !reflect.DeepEqual(p, want) {
		t.Errorf("DecodePolicy = %+v, %v; want %+v", p, err, want)
	}
	again, err := DecodePolicy(EncodePolicy(want))
	if err != nil || !reflect.DeepEqual(again, want) {
		t.Errorf("what EncodePolicy wrote is read back as %+v, %v; want %+v", again, err, want)
	}
}

func TestDecodePolicy_NamesFieldBoundsAndLine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"{\n\"lamda\": 5}", "line 2: lamda is no field of a policy; the fields are content_fade"},
		{`{"plain": {}}`, "line 1: plain is no field of a policy"},
		{"{\"sigma\": 0.5,\n\n\"lambda\": 0}", "line 3: lambda is 0; it must be above 0, at most 1e+06"},
		{"{\n\"kinds\": {\n\"like\": {\"weight\": 1000}}}", "line 3: kinds.like.weight is 1000; it must lie between -100 and 100"},
		{"{\n\"kinds\": {\n\"like\": {\"wait\": 1}}}", "line 3: kinds.like.wait is no field of a policy; the fields are full, neutral, weight"},
		{"{\n\"lambda\": \"5\"}", "line 2: lambda is a string; give a number"},
		{`{"window": 2.5}`, "line 1: window is a number 2.5; give a whole number"},
		{`{"lambda": null}`, "line 1: lambda is null; leave it out for the default"},
		{`{"lambda": [5]}`, "line 1: lambda is a list; give one value"},
		{`{"kinds": {"like": 3}}`, "line 1: kinds.like is a number; give a object"},
		{`{"preferences": {"tag": "much"}}`, "line 1: preferences.tag is a string; give a number"},
		{"{\"lambda\": 5,\n\"Lambda\": 6}", "line 2: Lambda stands twice; keep one"},
		{`{"repeat": "never"}`, `line 1: repeat is "never"; it must be allow, drop-current or drop-seen`},
		{"{\"lambda\": 5}\n{}", "line 2: something follows the policy's last brace"},
		{"{\n\"lambda\": ", "line 2: it is no JSON object (unexpected EOF); start from what `nigh policy` prints"},
		{"{\"lambda\": 5,\n}", "it is no JSON object"},
		{``, "it is no JSON object"},
		{`[]`, "it is no JSON object (it is a list)"},
		{`5`, "it is no JSON object (it is 5)"},
		{`{"kinds": {"forget": {"weight": 1}}}`, "line 1: kinds.forget is built in"},
	} {
		if _, err := DecodePolicy([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("DecodePolicy(%s) = %v, want it to say %q", c.text, err, c.want)
		}
	}
}

func TestPolicyField_ReadsWhatSetPolicyWrites(t *testing.T) {
	p := DefaultPolicy()
	for name, want := range map[string]any{"lambda": 7.5, "kinds.like.weight": 2.0, "kinds.play.weight": -1.0, "repeat": "allow", "window": 9.0} {
		if err := SetPolicy(&p, fmt.Sprint(name, "=", want)); err != nil {
			t.Fatal(err)
		}
		if got, ok := PolicyField(p, name); !ok || got != want {
			t.Errorf("PolicyField(%s) = %v, %v; want %v", name, got, ok, want)
		}
	}
	for _, name := range []string{"", "kinds", "kinds.like", "lambda.x", "none"} {
		if got, ok := PolicyField(p, name); ok {
			t.Errorf("PolicyField(%q) = %v, want none", name, got)
		}
	}
}

// FuzzPolicy: whatever a policy file says, what is read is valid or an error, and a policy that was read is read back.
func FuzzPolicy(f *testing.F) {
	f.Add(`{"lambda": 5, "kinds": {"play": {"weight": 2}}}`, "kinds.like.weight=3")
	f.Add(`{"window": 1e9}`, "window=5")
	f.Add(`[]`, "=")
	f.Add(`{"kinds": null}`, "kinds..weight=1")
	f.Add(`{"preferences": {"tag": 1}}`, "preferences.tag=true")
	f.Fuzz(func(t *testing.T, file, set string) {
		if p, err := DecodePolicy([]byte(file)); err == nil {
			if err := p.Validate(); err != nil {
				t.Errorf("%q was read as a policy that is not valid: %v", file, err)
			}
		}
		q := DefaultPolicy()
		if SetPolicy(&q, set) == nil {
			if err := q.Validate(); err != nil {
				t.Errorf("--set %q made a policy that is not valid: %v", set, err)
			}
			if again, err := DecodePolicy(EncodePolicy(q)); err != nil || !reflect.DeepEqual(again, q) {
				t.Errorf("--set %q: the policy is read back as %+v, %v; want %+v", set, again, err, q)
			}
		}
	})
}
