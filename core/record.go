package core

import "slices"

// Hour counts hours since 1970-01-01 00:00 UTC; 0 stands for "not set".
type Hour uint32

// Weighted is a feature of an item and how much it says.
type Weighted struct {
	Feature Feature
	Weight  Weight // 0: a label for filters only, no part in the sum
}

// Edge is an in-edge of an item: a reader who had contact with From tends to want the item that holds the edge.
type Edge struct {
	From   ItemNum
	Weight Weight
}

// Damp is how much less than its edges' weights a source counts, by how often it was met: its edges count 2^(-Damp/64) of
// their weight. Being met changes what a source's edges are divided by, d + λ; they hold it rounded down to a power of
// two, and the rest stands here, once: so an event changes the record of its source instead of those of all its targets.
type Damp uint8

// DampOctave is a Damp of one half, the largest.
const DampOctave = 64

// dampOne is the factor of Damp 0.
const dampOne = 1 << 16

// dampFactor holds 2^(-i/64) in units of 1/65536, rounded: numbers, so that every machine has the same. weight_test.go
// holds them against math.Exp2.
var dampFactor = [DampOctave + 1]uint32{
	65536, 64830, 64132, 63441, 62757, 62081, 61413, 60751,
	60097, 59449, 58809, 58176, 57549, 56929, 56316, 55709,
	55109, 54515, 53928, 53347, 52773, 52204, 51642, 51085,
	50535, 49991, 49452, 48920, 48393, 47871, 47356, 46846,
	46341, 45842, 45348, 44859, 44376, 43898, 43425, 42958,
	42495, 42037, 41584, 41136, 40693, 40255, 39821, 39392,
	38968, 38548, 38133, 37722, 37316, 36914, 36516, 36123,
	35734, 35349, 34968, 34591, 34219, 33850, 33486, 33125,
	32768,
}

// Bounds of a record. What makes records keeps to them; what reads them refuses more.
const (
	MaxEdges    = 64 // K: in-edges of one item
	MaxFeatures = 96 // terms (at most 32), tags, categories, author and attributes of one item
	MaxPinned   = 10 // the last place that an item can be pinned to
)

// Record is everything that ranking knows of one item, and the Card to show it by. A Record is immutable once it is
// made: the index, the wire and subscribers share it.
type Record struct {
	Num    ItemNum
	ID     ItemID
	Hidden bool
	From   Hour // not shown before this hour; 0: at once
	Until  Hour // not shown from this hour on; 0: for ever
	Heat   Heat // decayed popularity and freshness, see Heat
	// Published is when the item appeared: the date that its owner gave it, or when the catalog first had it. 0: unknown;
	// such an item is never new, and a filter by time keeps it out.
	Published Hour
	Pinned    uint8 // the place of readers' lists that it stands at, 1 to MaxPinned; 0: none
	Boost     Boost
	// Features ascend by Feature and are distinct; none is of KindItem.
	Features []Weighted
	// Damp is what an edge from this item to another counts less than its weight says, see Damp.
	Damp Damp
	// Edges ascend by source; sources are distinct and never the item itself.
	Edges []Edge
	Card  Card
}

// Card is what a list shows of an item. It is text, never markup; URL and Image are what SafeURL let through.
type Card struct {
	Title, Summary, URL, Image, Author string
	Tags, Categories                   []string
	Attributes                         []Attribute // ascending by Name
}

// Attribute is one named value of an item, as text.
type Attribute struct{ Name, Value string }

// Weights are the parts of a record that learning changes, for an item whose content stayed as it was.
type Weights struct {
	Num   ItemNum
	Heat  Heat
	Damp  Damp
	Edges []Edge
}

// Weights returns the parts of r that learning changes.
func (r *Record) Weights() Weights {
	return Weights{Num: r.Num, Heat: r.Heat, Damp: r.Damp, Edges: r.Edges}
}

// Same tells whether w is what r holds.
func (r *Record) Same(w Weights) bool {
	return r.Heat == w.Heat && r.Damp == w.Damp && slices.Equal(r.Edges, w.Edges)
}

// With returns a copy of r that holds w instead of its own heat and edges.
func (r *Record) With(w Weights) *Record {
	c := *r
	c.Heat, c.Damp, c.Edges = w.Heat, w.Damp, w.Edges
	return &c
}

// Has tells whether f is one of the item's own features (not an edge).
func (r *Record) Has(f Feature) bool {
	i := r.from(f)
	return i < len(r.Features) && r.Features[i].Feature == f
}

// from returns the place of r's first feature that is not below f.
func (r *Record) from(f Feature) int {
	lo, hi := 0, len(r.Features)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if r.Features[m].Feature < f {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}

// SafeURL returns s if a page may link to it or load it: http, https or a relative reference; otherwise "".
// Control characters and blanks, which browsers drop while they read a scheme, count as unsafe.
func SafeURL(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] == '\\' || s[i] == 0x7f {
			return ""
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ':':
			if scheme := lowerASCII(s[:i]); scheme == "http" || scheme == "https" {
				return s
			}
			return ""
		case c == '/' || c == '?' || c == '#':
			return s // no scheme before the first of these
		}
	}
	return s
}

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
