package core

// Policy is how a catalog ranks: data, not code, and integers only. learn.Policy is its human form (p, σ, λ, half-lives
// in days); Compile makes this one of it, the server sends it to the browser in welcome.
type Policy struct {
	// Version names this policy: two lists are comparable only if it is the same.
	Version uint64

	// Language is how texts are read, a BCP 47 primary subtag: see text.NewAnalyzer.
	Language string
	// Languages are the other languages of items: a reader's words are read in each (text.Analyzer.Query).
	Languages []string

	// Recency[r] is the weight of the r-th most recent item of a history (0 = the last), in units of 1/4096. Its
	// length is W, the number of items that a profile is made of.
	Recency []int32
	// Focus is how much a short history is about its most recent item: each other one of n counts n/(n+Focus) of its
	// Recency. In units of 1/256 item. See Policy.others.
	Focus int32
	// Kinds are the kinds of event, ascending by name.
	Kinds []EventKind

	// What a preference of weight 1 counts, in units of 1/256, by what is preferred.
	TextWeight, TagWeight, CategoryWeight, AuthorWeight, ItemWeight int32

	// See Policy.Prior.
	HalfLifeHours int32
	PriorWeight   int32 // score units (One = 1.0) an octave
	PriorSpan     int32 // octaves

	// SelfWeight is what an item of the profile says for itself, as an edge from it to it would: in units of One. It
	// matters where a repeat policy lets items come again.
	SelfWeight int32

	// Repeat says which items of the reader's own history may be in a list.
	Repeat Repeat
	// SeenAgainHours after its last visit an item that Repeat keeps out may be listed again, unless the reader turned it
	// down; 0: never.
	SeenAgainHours int32

	// DiversityPenalty is taken off a candidate's score for every tag or author it shares with an item placed before
	// it among the last DiversityWindow: in units of 1/256 of the list's best score. 0 turns spreading off.
	DiversityPenalty int32
	DiversityWindow  int32

	// NearDuplicate is how much of two items' features must coincide for them to be near-duplicates, which do not stand
	// side by side: in units of 1/256, see near. 0 turns that off.
	NearDuplicate int32

	// ExploreShare of the places of readers' lists hold a new item: in units of 1/65536, at most a half. An item is new
	// in the first ExploreHours after it was published, while its Heat is at most ExploreHeat above that of a single
	// contact in the hour of its publication. See explore.go.
	ExploreShare, ExploreHours, ExploreHeat int32
}

// RecencyOne is a recency weight of 1.0.
const RecencyOne = 4096

// ProfileOne is a profile weight of 1.0.
const ProfileOne = 256

// EventKind is what one kind of event says about an item.
type EventKind struct {
	Name   string
	Weight int32 // in units of 1/256; negative pushes away what resembles the item
	// A kind with a scale (a rating) counts Weight·(value-Neutral)/(Full-Neutral), clamped to ±Weight; values in
	// thousandths. Full = Neutral means no scale: the event's value is not looked at.
	Neutral, Full int32
}

// Repeat is a repeat policy.
type Repeat uint8

// The repeat policies. Their numbers are part of the wire format.
const (
	RepeatAllow       Repeat = 0 // everything may come again
	RepeatDropCurrent Repeat = 1 // all but the most recent item of the history
	RepeatDropSeen    Repeat = 2 // nothing of the history
)

// KindForget is the built-in kind of event that takes an item out of the reader's history, whatever the policy.
const KindForget = "forget"

// others returns the share of its Recency that an item counts which is not the most recent one of a history of n items:
// its numerator and its denominator, both below 2^40.
func (p *Policy) others(n int) (of, from int64) {
	of = int64(min(n, len(p.Recency))) * ProfileOne
	return of, of + max(0, int64(p.Focus))
}

// Kind looks a kind of event up by its name.
func (p *Policy) Kind(name string) (EventKind, bool) {
	for _, k := range p.Kinds {
		if k.Name == name {
			return k, true
		}
	}
	return EventKind{}, false
}

// Strength is what an event of kind k with a value (in thousandths; 0 if it has none) says of its item, in units of
// 1/256. A rating without a value says that the item was met, and neither good nor bad of it: 0.
func (k EventKind) Strength(valueMilli int64) int32 {
	switch {
	case k.Full == k.Neutral:
		return k.Weight
	case valueMilli == 0:
		return 0
	}
	span := int64(k.Full) - int64(k.Neutral)
	// Clamped twice: first so that no value of a stranger wraps around in the subtraction.
	over := clamp(valueMilli, -1<<40, 1<<40) - int64(k.Neutral)
	return int32(int64(k.Weight) * clamp(over, -abs(span), abs(span)) / span)
}

func clamp(v, lo, hi int64) int64 { return min(max(v, lo), hi) }

func abs(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}
