package catalog

import (
	"errors"
	"fmt"
	"time"

	"nigh/core"
	"nigh/server/store"
)

// Request asks for recommendations. A reader is described by what the catalog knows of User, or by History, or by
// both (History counts as the more recent), and by Preferences on top of the standing ones.
type Request struct {
	User        string
	History     []HistoryEntry
	Preferences core.Preferences
	Limit       int      // 1 to MaxLimit; 0 means DefaultLimit
	Exclude     []string // ids that must not be in the list
	Filter      core.Filter
	After       string // Result.Next of the page before; "" for the first
	Explain     bool   // fill Recommendation.Reasons
}

// Limits of a request.
const (
	DefaultLimit = 20
	MaxLimit     = 200
	MaxExclude   = 1000
)

// HistoryEntry is something that the reader of a request did, the most recent last unless At says otherwise.
type HistoryEntry struct {
	Item  string
	Kind  string // "" counts as "view"
	Value float64
	At    time.Time // zero: in the order given
}

// Recommendation is one place of a list.
type Recommendation struct {
	ID      string
	Score   int64 // in units of 1/65536
	Reasons []Reason
	Record  *core.Record
}

// Reason is one part of a score, the largest first: why an item is in a list.
type Reason struct {
	Kind  string // "item", "term", "tag", "category", "author", "popular", "pinned", "boosted", "new"
	Value string // the id of the item, the reader's own word, or the label
	Title string // of the item, for kind "item"
	Score int64
}

// Result is a list with the state of the catalog it was made from.
type Result struct {
	Recommendations []Recommendation
	Next            string // for Request.After; "" if nothing follows
	Version         Version
}

// Version names a state: equal versions and equal questions give equal lists.
type Version struct {
	Epoch   uint64
	Seq     store.Seq // last committed change of a record
	Learned uint64    // revision of the learned weights, which are live before they are in a commit
	Policy  uint64
	Hour    core.Hour

	committed uint64 // the learned revision that Seq holds
}

// ItemResult says what became of one item of a PutItems.
type ItemResult struct {
	ID      string
	Created bool
	Err     error // an *InputError, if this item was refused; the others went in
}

// EventResult says what became of one event of a RecordEvents.
type EventResult struct {
	Duplicate bool  // its idempotency key was known: acknowledged, not counted again
	Err       error // an *InputError, if this event was refused; the others went in
}

// InputError is the fault of whoever sent the input: what is wrong with which field, and what to do.
type InputError struct {
	Field  string // "item.id", "event.kind"…
	Reason string // "is 1,000 bytes long"
	Hint   string // "use at most 512 bytes"
}

// Error returns the field, what is wrong with it and what to do, in one line.
func (e *InputError) Error() string {
	if e.Hint == "" {
		return fmt.Sprintf("%s %s", e.Field, e.Reason)
	}
	return fmt.Sprintf("%s %s; %s", e.Field, e.Reason, e.Hint)
}

// Errors of a catalog. Those of the store come through wrapped: store.ErrNotFound, store.ErrReadOnly.
var (
	// ErrClosed: the catalog is shutting down; nothing of the call was kept.
	ErrClosed = errors.New("the server is shutting down")
)

// Limits of what an item may hold; an item beyond them is refused with an *InputError.
const (
	MaxTitleBytes       = 2_000
	MaxDescriptionBytes = 1 << 20
	MaxURLBytes         = 4_000
	MaxLabels           = 256 // tags, categories and attributes, each
	MaxLabelBytes       = 200
	MaxVector           = 4096 // dimensions
	MaxUserBytes        = 256
	MaxKindBytes        = 64
	MaxKeyBytes         = 256
)
