package core

// Visit is what a reader's history holds of one item.
type Visit struct {
	Item     ItemNum
	Strength int32 // what the reader's events say of the item, in units of 1/256; negative: disliked
	At       int64 // of the last event, Unix milliseconds
}

// History is a reader's distinct items, the most recent first.
type History []Visit

// MaxHistory bounds a history; older items leave it.
const MaxHistory = 200

// Record returns h after an event on v.Item at v.At: the item goes to the place that its time gives it (the front, as
// a rule). Its strength becomes the new event's unless that says less than what is known already: a view of an item
// once liked leaves the like, a dislike replaces it. h itself is not changed.
func (h History) Record(v Visit) History {
	return append(make(History, 0, min(len(h)+1, MaxHistory)), h...).RecordHere(v)
}

// RecordHere is Record in h's own memory, for whoever alone holds it: h is not to be used any more. A replay of ten
// million events would else leave 8 GB behind for the collector.
func (h History) RecordHere(v Visit) History {
	if i := h.index(v.Item); i >= 0 {
		old := h[i]
		if abs(int64(old.Strength)) > abs(int64(v.Strength)) {
			v.Strength = old.Strength
		}
		v.At = max(v.At, old.At)
		h = append(h[:i], h[i+1:]...)
	}
	h = h[:min(len(h), MaxHistory)]
	at := 0
	for at < len(h) && v.At < h[at].At {
		at++
	}
	switch {
	case at >= MaxHistory:
		return h
	case len(h) < MaxHistory:
		if len(h) == cap(h) { // by half, and not beyond what is ever needed
			h = append(make(History, 0, min(len(h)+len(h)/2+2, MaxHistory)), h...)
		}
		h = h[:len(h)+1]
	}
	copy(h[at+1:], h[at:])
	h[at] = v
	return h
}

// index returns the place of an item, -1 if h does not hold it.
func (h History) index(n ItemNum) int {
	for i := range h {
		if h[i].Item == n {
			return i
		}
	}
	return -1
}

// Before returns the part of h that lies before a time (Unix milliseconds) or at it: what an event of that time came
// after. It shares h's memory.
func (h History) Before(atMillis int64) History {
	for i, v := range h {
		if v.At <= atMillis {
			return h[i:]
		}
	}
	return nil
}

// Forget returns h without an item.
func (h History) Forget(n ItemNum) History {
	out := make(History, 0, len(h))
	for _, v := range h {
		if v.Item != n {
			out = append(out, v)
		}
	}
	return out
}

// Find returns the visit of an item.
func (h History) Find(n ItemNum) (Visit, bool) {
	if i := h.index(n); i >= 0 {
		return h[i], true
	}
	return Visit{}, false
}

// PreferenceKind tells what a Preference is about. The numbers are part of the wire format.
type PreferenceKind uint8

// The kinds of preference.
const (
	PreferText     PreferenceKind = 1 // words, as a person types them
	PreferTag      PreferenceKind = 2
	PreferCategory PreferenceKind = 3
	PreferAuthor   PreferenceKind = 4
	PreferItem     PreferenceKind = 5 // an item's id
)

// Preference is one thing that a reader asked for (Weight > 0) or asked to be spared (Weight < 0).
type Preference struct {
	Kind   PreferenceKind
	Key    string
	Weight int32 // in units of 1/256, within ±MaxPreferenceWeight
}

// Bounds of preferences.
const (
	MaxPreferences      = 100
	MaxPreferenceBytes  = 1000 // of a key
	MaxPreferenceWeight = 100 * ProfileOne
)

// Preferences are a reader's standing wishes, ascending by kind, then key; keys are distinct within a kind.
type Preferences []Preference

// Set returns ps with p in it, instead of what it held for the same kind and key; a weight of 0 takes it out. The
// result is ps itself, unchanged, if it would grow beyond MaxPreferences.
func (ps Preferences) Set(p Preference) Preferences {
	p.Weight = int32(clamp(int64(p.Weight), -MaxPreferenceWeight, MaxPreferenceWeight))
	out := make(Preferences, 0, len(ps)+1)
	placed := p.Weight == 0
	for _, q := range ps {
		if q.Kind == p.Kind && q.Key == p.Key {
			continue
		}
		if !placed && (q.Kind > p.Kind || q.Kind == p.Kind && q.Key > p.Key) {
			out, placed = append(out, p), true
		}
		out = append(out, q)
	}
	if !placed {
		out = append(out, p)
	}
	if len(out) > max(len(ps), MaxPreferences) {
		return ps
	}
	return out
}

// String returns the kind's name: "text", "tag", "category", "author" or "item".
func (k PreferenceKind) String() string {
	switch k {
	case PreferText:
		return "text"
	case PreferTag:
		return "tag"
	case PreferCategory:
		return "category"
	case PreferAuthor:
		return "author"
	case PreferItem:
		return "item"
	}
	return "none"
}
