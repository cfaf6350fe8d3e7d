package eval

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"nigh/core/learn"
)

func TestSetPolicy_ChangesOneField(t *testing.T) {
	p := learn.DefaultPolicy()
	for _, s := range []string{"lambda=5", "recency_power=1", "kinds.like.weight=7", "kinds.play.weight=2", "preferences.tag=4", "repeat=allow", "language=de", "window=20"} {
		if err := SetPolicy(&p, s); err != nil {
			t.Fatalf("SetPolicy(%q): %v", s, err)
		}
	}
	want := learn.DefaultPolicy()
	want.Lambda, want.RecencyPower, want.Preferences.Tag, want.Repeat, want.Language, want.Window = 5, 1, 4, "allow", "de", 20
	if p.Lambda != want.Lambda || p.RecencyPower != want.RecencyPower || p.Preferences != want.Preferences ||
		p.Repeat != want.Repeat || p.Language != want.Language || p.Window != want.Window {
		t.Errorf("policy = %+v, want %+v", p, want)
	}
	if p.Kinds["like"].Weight != 7 || p.Kinds["play"].Weight != 2 || p.Kinds["rating"] != want.Kinds["rating"] {
		t.Errorf("kinds = %+v, want like of 7, play of 2 and the others as they were", p.Kinds)
	}
	if learn.DefaultPolicy().Kinds["like"].Weight == 7 {
		t.Error("the default's own map was changed")
	}
}

func TestSetPolicy_RefusesNonsense(t *testing.T) {
	for _, c := range []struct{ set, want string }{
		{"lamda=5", `there is no field "lamda"; the fields are content_fade`},
		{"kinds.like.wieght=1", `there is no field "wieght"; the fields are full, neutral, weight`},
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
		p := learn.DefaultPolicy()
		err := SetPolicy(&p, c.set)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("SetPolicy(%q) = %v, want it to say %q", c.set, err, c.want)
		}
		if p.Lambda != learn.DefaultPolicy().Lambda {
			t.Errorf("SetPolicy(%q) changed the policy", c.set)
		}
	}
}

func TestReadPolicy(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"lambda": 5, "kinds": {"play": {"weight": 2}}}`, ""},
		{`{"lamda": 5}`, `there is no field "lamda"`},
		{`{"lambda": 0}`, "lambda is 0; it must be above 0"},
		{`{"lambda": 5} {}`, "follows the policy's last brace"},
		{`{"lambda": `, "policy is no JSON object"},
		{``, "policy is no JSON object"},
		{`{"kinds": {"forget": {"weight": 1}}}`, "built in"},
	} {
		file := filepath.Join(t.TempDir(), "policy.json")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := ReadPolicy(file)
		switch {
		case c.want == "" && (err != nil || p.Lambda != 5 || p.Kinds["play"].Weight != 2 || p.Sigma != learn.DefaultPolicy().Sigma):
			t.Errorf("ReadPolicy(%s) = %+v, %v; want λ 5, play 2 and defaults", c.text, p, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("ReadPolicy(%s) = %v, want it to say %q", c.text, err, c.want)
		}
	}
	if _, err := ReadPolicy(filepath.Join(t.TempDir(), "none.json")); err == nil {
		t.Error("a file that is not there: no error")
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
		p := learn.DefaultPolicy()
		if decodePolicy([]byte(file), &p) == nil {
			if err := p.Validate(); err != nil {
				t.Errorf("%q was read as a policy that is not valid: %v", file, err)
			}
		}
		q := learn.DefaultPolicy()
		if SetPolicy(&q, set) == nil {
			if err := q.Validate(); err != nil {
				t.Errorf("--set %q made a policy that is not valid: %v", set, err)
			}
			data, err := json.Marshal(q)
			if err != nil {
				t.Fatal(err)
			}
			again := learn.DefaultPolicy()
			if err := decodePolicy(data, &again); err != nil || !reflect.DeepEqual(again, q) {
				t.Errorf("--set %q: the policy is read back as %+v, %v; want %+v", set, again, err, q)
			}
		}
	})
}
