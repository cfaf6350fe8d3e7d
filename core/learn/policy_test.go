package learn

import (
	_ "embed"
	"encoding/json"
	"flag"
	"math"
	"os"
	"strings"
	"testing"

	"nigh/core"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestPolicy_ValidateNamesTheField(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name   string // "" for a valid policy
		change func(p *Policy)
	}{
		{"", func(*Policy) {}},
		{"", func(p *Policy) { p.Kinds = nil }},
		{"", func(p *Policy) { p.Sigma, p.EvidenceHalfLifeDays, p.PriorWeight, p.DiversityPenalty = 0, 0, 0, 0 }},
		{"window", func(p *Policy) { p.Window = 0 }},
		{"window", func(p *Policy) { p.Window = core.MaxHistory + 1 }},
		{"recency_power", func(p *Policy) { p.RecencyPower = nan }},
		{"recency_power", func(p *Policy) { p.RecencyPower = -1 }},
		{"sigma", func(p *Policy) { p.Sigma = 1.1 }},
		{"lambda", func(p *Policy) { p.Lambda = 0 }},
		{"lambda", func(p *Policy) { p.Lambda = math.Inf(1) }},
		{"evidence_half_life_days", func(p *Policy) { p.EvidenceHalfLifeDays = -1 }},
		{"content_weight", func(p *Policy) { p.ContentWeight = 11 }},
		{"content_fade", func(p *Policy) { p.ContentFade = 0 }},
		{"preferences.tag", func(p *Policy) { p.Preferences.Tag = 101 }},
		{"preferences.item", func(p *Policy) { p.Preferences.Item = math.Inf(-1) }},
		{"prior_weight", func(p *Policy) { p.PriorWeight = -1 }},
		{"prior_span", func(p *Policy) { p.PriorSpan = 65 }},
		{"prior_half_life_days", func(p *Policy) { p.PriorHalfLifeDays = 0 }},
		{"fresh_contacts", func(p *Policy) { p.FreshContacts = nan }},
		{"diversity_penalty", func(p *Policy) { p.DiversityPenalty = nan }},
		{"diversity_window", func(p *Policy) { p.DiversityWindow = 51 }},
		{"near_duplicate", func(p *Policy) { p.NearDuplicate = 1.1 }},
		{"explore_share", func(p *Policy) { p.ExploreShare = 0.51 }},
		{"explore_share", func(p *Policy) { p.ExploreShare = nan }},
		{"explore_days", func(p *Policy) { p.ExploreDays = -1 }},
		{"explore_contacts", func(p *Policy) { p.ExploreContacts = math.Inf(1) }},
		{"seen_again_days", func(p *Policy) { p.SeenAgainDays = 36501 }},
		{"language", func(p *Policy) { p.Language = "" }},
		{"language", func(p *Policy) { p.Language = "de,en" }},
		{"languages", func(p *Policy) { p.Languages = []string{"de", "français"} }},
		{"languages", func(p *Policy) { p.Languages = make([]string, 17) }},
		{"kinds.x.weight", func(p *Policy) { p.Kinds["x"] = Kind{Weight: nan} }},
		{"kinds.x.weight", func(p *Policy) { p.Kinds["x"] = Kind{Weight: 101} }},
		{"kinds.x.neutral", func(p *Policy) { p.Kinds["x"] = Kind{Neutral: nan} }},
		{"kinds.x.full", func(p *Policy) { p.Kinds["x"] = Kind{Full: math.Inf(1)} }},
		{"kinds.x.full", func(p *Policy) { p.Kinds["x"] = Kind{Full: 2e6} }},
		{"kinds.a.full", func(p *Policy) { p.Kinds["b"], p.Kinds["a"] = Kind{Full: nan}, Kind{Full: nan} }}, // the first by name
		{"kinds.forget", func(p *Policy) { p.Kinds[core.KindForget] = Kind{} }},
		{"has no name", func(p *Policy) { p.Kinds[""] = Kind{} }},
		{"repeat", func(p *Policy) { p.Repeat = "never" }},
		{"repeat", func(p *Policy) { p.Repeat = "" }},
	} {
		p := DefaultPolicy()
		c.change(&p)
		err := p.Validate()
		if c.name == "" && err != nil || c.name != "" && (err == nil || !strings.Contains(err.Error(), c.name)) {
			t.Errorf("Validate = %v, want an error that names %q", err, c.name)
		}
		if err == nil {
			p.Compile() // does not panic
		}
	}
}

//go:embed testdata/policy.golden
var policyPage string

func TestGolden_DefaultPolicyCompiles(t *testing.T) {
	p := DefaultPolicy()
	got, err := json.MarshalIndent(p.Compile(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	page := string(got) + "\n"
	if *update {
		if err := os.WriteFile("testdata/policy.golden", []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if page != policyPage {
		t.Errorf("DefaultPolicy compiles to\n%s, want\n%s", page, policyPage)
	}
}

func TestCompile_NamesEachPolicyByItsContent(t *testing.T) {
	a, b := DefaultPolicy(), DefaultPolicy()
	if a.Compile().Version != b.Compile().Version {
		t.Error("the same policy has two versions")
	}
	b.Sigma = .25 // learning alone: the lists it makes are not comparable either
	if a.Compile().Version == b.Compile().Version {
		t.Error("two policies have one version")
	}
}
