package learn

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"

	"nigh/core"
	"nigh/core/text"
)

// Policy is how a catalog learns and ranks, as people write it: the JSON form of a policy file. DefaultPolicy is what
// nigh uses without one.
type Policy struct {
	// Language of the texts, a BCP 47 primary subtag; "und" for folding alone.
	Language string `json:"language"`
	// Languages are what items may have as their own language besides: readers' words are read in each of them, too.
	Languages []string `json:"languages,omitempty"`

	// A profile is made of the last Window items, the r-th counting (1+r)^-RecencyPower (W and p of DESIGN.md).
	Window       int     `json:"window"`
	RecencyPower float64 `json:"recency_power"`
	// Focus makes short histories a matter of their most recent item: each other one of n counts n/(n+Focus) of that.
	Focus float64 `json:"focus"`
	// Sigma is what the opposite direction of a transition counts; Lambda damps sources that are seldom seen; Rho is how
	// much of the credit that an item's sources have in common is counted once only, 0 for none. Lambda and Rho are in
	// units of κ, so that the same values serve short sessions and long histories: see the package comment.
	Sigma  float64 `json:"sigma"`
	Lambda float64 `json:"lambda"`
	Rho    float64 `json:"rho"`
	// EvidenceHalfLifeDays fades what was learnt; 0 keeps it for ever.
	EvidenceHalfLifeDays float64 `json:"evidence_half_life_days"`

	// ContentWeight is what a content neighbour of cosine 1 counts against a certain transition, between items that
	// nobody has met. It fades as the source is met (Lambda) and to a half when its item had ContentFade contacts.
	ContentWeight float64 `json:"content_weight"`
	ContentFade   float64 `json:"content_fade"`

	// SelfWeight is what an item of the profile says for itself, where Repeat lets it come again.
	SelfWeight float64 `json:"self_weight"`

	// Kinds of event by name.
	Kinds map[string]Kind `json:"kinds"`
	// Preferences: what a standing wish of weight 1 counts against a fresh view.
	Preferences PreferenceWeights `json:"preferences"`

	// The prior: PriorWeight for every octave of popularity, PriorSpan octaves deep, halved every PriorHalfLifeDays;
	// a new item starts as if it had had FreshContacts contacts when it was published.
	PriorWeight       float64 `json:"prior_weight"`
	PriorSpan         int     `json:"prior_span"`
	PriorHalfLifeDays float64 `json:"prior_half_life_days"`
	FreshContacts     float64 `json:"fresh_contacts"`

	// Repeat is "allow", "drop-current" or "drop-seen". What it keeps out may be listed again SeenAgainDays after the last
	// visit, unless the reader turned it down; 0 for never.
	Repeat        string  `json:"repeat"`
	SeenAgainDays float64 `json:"seen_again_days"`

	// DiversityPenalty, as a share of the best score, for every tag or author shared with one of the last
	// DiversityWindow places.
	DiversityPenalty float64 `json:"diversity_penalty"`
	DiversityWindow  int     `json:"diversity_window"`
	// NearDuplicate is the share of their features in which two items coincide that must not stand side by side; 0 lets
	// everything.
	NearDuplicate float64 `json:"near_duplicate"`

	// ExploreShare of the places of a list hold a new item: one published within ExploreDays that had, as its heat tells,
	// no more than about ExploreContacts contacts. 0 turns that off.
	ExploreShare    float64 `json:"explore_share"`
	ExploreDays     float64 `json:"explore_days"`
	ExploreContacts float64 `json:"explore_contacts"`
}

// Kind is what one kind of event says about its item.
type Kind struct {
	Weight float64 `json:"weight"`
	// A kind with a scale counts Weight·(value-Neutral)/(Full-Neutral), within ±Weight.
	Neutral float64 `json:"neutral,omitempty"`
	Full    float64 `json:"full,omitempty"`
}

// PreferenceWeights are the weights of standing wishes by what they are about.
type PreferenceWeights struct {
	Text     float64 `json:"text"`
	Tag      float64 `json:"tag"`
	Category float64 `json:"category"`
	Author   float64 `json:"author"`
	Item     float64 `json:"item"`
}

// DefaultPolicy is a policy that serves a library, a blog or a shop decently before anything was tuned: round numbers
// between what is best for short sessions (p 1, σ .5, ρ 0) and for long histories (p 0.6, σ .3, window 200); Focus and the
// unit κ of λ and ρ bridge what lies between them. server/eval/testdata/stats.txt
// tells what it is worth.
func DefaultPolicy() Policy {
	return Policy{
		Language:             "en",
		Window:               100,
		RecencyPower:         0.65,
		Focus:                1,
		Sigma:                0.4,
		Lambda:               10,
		Rho:                  0.25,
		EvidenceHalfLifeDays: 0,
		ContentWeight:        0.1,
		ContentFade:          2,
		SelfWeight:           0.5,
		Kinds: map[string]Kind{
			"view":     {Weight: 1},
			"click":    {Weight: 1},
			"like":     {Weight: 3},
			"bookmark": {Weight: 2},
			"share":    {Weight: 2},
			"purchase": {Weight: 3},
			"rating":   {Weight: 3, Neutral: 2.5, Full: 5},
			"dismiss":  {Weight: -1},
			"dislike":  {Weight: -3},
		},
		Preferences:       PreferenceWeights{Text: 0.5, Tag: 0.75, Category: 0.25, Author: 0.5, Item: 3},
		PriorWeight:       0.001,
		PriorSpan:         12,
		PriorHalfLifeDays: 14,
		FreshContacts:     2,
		Repeat:            "drop-seen",
		DiversityPenalty:  0.01,
		DiversityWindow:   3,
		NearDuplicate:     0.8,
		ExploreShare:      0.05,
		ExploreDays:       14,
		ExploreContacts:   5,
	}
}

// maxLanguages bounds what each word of a reader is read in.
const maxLanguages = 16

var repeats = map[string]core.Repeat{
	"allow":        core.RepeatAllow,
	"drop-current": core.RepeatDropCurrent,
	"drop-seen":    core.RepeatDropSeen,
}

// Validate returns an error, mostly a *FieldError, that names the first field, by name, whose value makes no sense, and
// its bounds.
func (p *Policy) Validate() error {
	bounds := p.bounds()
	slices.SortStableFunc(bounds, func(a, b bound) int { return cmp.Compare(a.name, b.name) })
	for _, b := range bounds {
		if !(b.v >= b.lo && b.v <= b.hi) || b.aboveLower && b.v == b.lo {
			if b.aboveLower {
				return &FieldError{Field: b.name, Reason: fmt.Sprintf("is %v; it must be above %v, at most %v", b.v, b.lo, b.hi)}
			}
			return &FieldError{Field: b.name, Reason: fmt.Sprintf("is %v; it must lie between %v and %v", b.v, b.lo, b.hi)}
		}
	}
	if _, ok := p.Kinds[core.KindForget]; ok {
		return &FieldError{Field: "kinds." + core.KindForget, Reason: "is built in; choose another name"}
	}
	if _, ok := p.Kinds[""]; ok {
		return errors.New("policy: a kind of event has no name; give it one")
	}
	for i, tag := range append([]string{p.Language}, p.Languages...) {
		if _, ok := text.ParseLanguage(tag); !ok || tag == "" {
			field := "language"
			if i > 0 {
				field = "languages"
			}
			return fmt.Errorf("policy: %s has %q; use a code such as en or de, or und for folding alone", field, tag)
		}
	}
	if len(p.Languages) > maxLanguages {
		return fmt.Errorf("policy: languages has %d entries; use at most %d", len(p.Languages), maxLanguages)
	}
	if _, ok := repeats[p.Repeat]; !ok {
		return &FieldError{Field: "repeat", Reason: fmt.Sprintf("is %q; it must be allow, drop-current or drop-seen", p.Repeat)}
	}
	return nil
}

// bound is what one number of a policy may be.
type bound struct {
	name       string
	v, lo, hi  float64
	aboveLower bool // lo itself is none of its values
}

// bounds are those of all numbers of p.
func (p *Policy) bounds() []bound {
	bounds := []bound{
		{"window", float64(p.Window), 1, core.MaxHistory, false},
		{"recency_power", p.RecencyPower, 0, 4, false},
		{"focus", p.Focus, 0, 1000, false},
		{"sigma", p.Sigma, 0, 1, false},
		{"lambda", p.Lambda, 0, 1e6, true},
		{"rho", p.Rho, 0, 10, false},
		{"evidence_half_life_days", p.EvidenceHalfLifeDays, 0, 36500, false},
		{"content_weight", p.ContentWeight, 0, 10, false},
		{"self_weight", p.SelfWeight, 0, 10, false},
		{"content_fade", p.ContentFade, 0, 1e9, true},
		{"preferences.text", p.Preferences.Text, -100, 100, false},
		{"preferences.tag", p.Preferences.Tag, -100, 100, false},
		{"preferences.category", p.Preferences.Category, -100, 100, false},
		{"preferences.author", p.Preferences.Author, -100, 100, false},
		{"preferences.item", p.Preferences.Item, -100, 100, false},
		{"prior_weight", p.PriorWeight, 0, 1, false},
		{"prior_span", float64(p.PriorSpan), 0, 64, false},
		{"prior_half_life_days", p.PriorHalfLifeDays, 1.0 / 24, 36500, false},
		{"fresh_contacts", p.FreshContacts, 0, 1e6, false},
		{"diversity_penalty", p.DiversityPenalty, 0, 10, false},
		{"diversity_window", float64(p.DiversityWindow), 0, 50, false},
		{"near_duplicate", p.NearDuplicate, 0, 1, false},
		{"explore_share", p.ExploreShare, 0, 0.5, false},
		{"explore_days", p.ExploreDays, 0, 36500, false},
		{"explore_contacts", p.ExploreContacts, 0, 1e6, false},
		{"seen_again_days", p.SeenAgainDays, 0, 36500, false},
	}
	for name, k := range p.Kinds {
		bounds = append(bounds,
			bound{"kinds." + name + ".weight", k.Weight, -100, 100, false},
			bound{"kinds." + name + ".neutral", k.Neutral, -1e6, 1e6, false},
			bound{"kinds." + name + ".full", k.Full, -1e6, 1e6, false})
	}
	return bounds
}

// Compile makes the integer policy that ranking uses and browsers get. p must be valid.
func (p *Policy) Compile() *core.Policy {
	c := &core.Policy{
		Language:         p.Language,
		Languages:        slices.Clone(p.Languages),
		TextWeight:       fixed(p.Preferences.Text, core.ProfileOne),
		TagWeight:        fixed(p.Preferences.Tag, core.ProfileOne),
		CategoryWeight:   fixed(p.Preferences.Category, core.ProfileOne),
		AuthorWeight:     fixed(p.Preferences.Author, core.ProfileOne),
		ItemWeight:       fixed(p.Preferences.Item, core.ProfileOne),
		HalfLifeHours:    int32(p.priorHalfLifeHours()),
		PriorWeight:      fixed(p.PriorWeight, core.One),
		PriorSpan:        int32(p.PriorSpan),
		Repeat:           repeats[p.Repeat],
		DiversityPenalty: fixed(p.DiversityPenalty, 256),
		DiversityWindow:  int32(p.DiversityWindow),
		Focus:            fixed(p.Focus, core.ProfileOne),
		NearDuplicate:    fixed(p.NearDuplicate, 256),
		SeenAgainHours:   fixed(p.SeenAgainDays, 24),
		ExploreShare:     fixed(p.ExploreShare, core.One),
		ExploreHours:     fixed(p.ExploreDays, 24),
		// A dated item begins with FreshContacts; with none, its first contact still counts one.
		ExploreHeat: fixed(math.Log2(max(1, p.FreshContacts+p.ExploreContacts)), core.HeatUnit),
	}
	if p.SeenAgainDays > 0 { // so little that it rounds to never is still once an hour
		c.SeenAgainHours = max(1, c.SeenAgainHours)
	}
	if c.Repeat != core.RepeatDropSeen || c.SeenAgainHours > 0 {
		c.SelfWeight = fixed(p.SelfWeight, core.One)
	}
	for _, x := range p.recency() {
		c.Recency = append(c.Recency, fixed(x, core.RecencyOne))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Kinds)) {
		k := p.Kinds[name]
		c.Kinds = append(c.Kinds, core.EventKind{
			Name: name, Weight: fixed(k.Weight, core.ProfileOne), Neutral: fixed(k.Neutral, 1000), Full: fixed(k.Full, 1000),
		})
	}
	h := fnv.New64a()
	enc, err := json.Marshal(p)
	if err != nil {
		panic(err) // numbers, strings and a map of them: Validate refused NaN
	}
	h.Write(enc)
	c.Version = h.Sum64() & (1<<53 - 1) // JavaScript holds it exactly
	return c
}

// priorHalfLifeHours is the half-life of Heat in whole hours: the learner, which makes Heat, and core.Policy.Prior, which
// reads it, must divide by the same number, for hours count from 1970 and half an hour would be some octaves.
func (p *Policy) priorHalfLifeHours() float64 { return max(1, math.Round(p.PriorHalfLifeDays*24)) }

// recency returns x by recency rank.
func (p *Policy) recency() []float64 {
	x := make([]float64, p.Window)
	for r := range x {
		x[r] = math.Pow(1+float64(r), -p.RecencyPower)
	}
	return x
}

// others is what an item that is not the most recent one of a history of n counts of its recency: core.Policy has it in
// whole numbers.
func (p *Policy) others(n int) float64 {
	m := float64(min(n, p.Window))
	return m / (m + p.Focus)
}

func fixed(v float64, one int) int32 { return int32(math.Round(v * float64(one))) }
