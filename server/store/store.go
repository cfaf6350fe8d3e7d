package store

import (
	"context"
	"errors"
	"math"
	"time"

	"nigh/core"
)

// Seq is a position in the catalog's history: the number of the commit that changed a record, from 1, without gaps in
// meaning (a commit that changes no record takes none).
type Seq = uint64

// Item is a piece of content as its owner gave it. It is plain text: nothing in it is ever read as markup.
type Item struct {
	ID          string         `json:"id" doc:"Name of the item, 1 to 512 bytes" example:"moby-dick"`
	Title       string         `json:"title,omitempty" doc:"Title, plain text" example:"Moby-Dick"`
	Description string         `json:"description,omitempty" doc:"Description or body, plain text"`
	URL         string         `json:"url,omitempty" doc:"Where it is: http, https or relative. Other schemes are stored but never shown"`
	Image       string         `json:"image,omitempty" doc:"A picture of it: http, https or relative"`
	Author      string         `json:"author,omitempty"`
	Language    string         `json:"language,omitempty" doc:"Language of its text, a BCP 47 tag of which the first part counts; the catalog's if absent" example:"en"`
	Tags        []string       `json:"tags,omitempty" nullable:"false"`
	Categories  []string       `json:"categories,omitempty" nullable:"false"`
	Attributes  map[string]any `json:"attributes,omitempty" doc:"Flat map: each value a string, a number or a boolean"`
	PublishedAt *time.Time     `json:"published_at,omitempty" doc:"Not shown before; newer items start fresher"`
	ExpiresAt   *time.Time     `json:"expires_at,omitempty" doc:"Not shown from then on"`
	Hidden      bool           `json:"hidden,omitempty" doc:"Kept, learnt from, but never recommended"`
	Pinned      int            `json:"pinned,omitempty" minimum:"0" maximum:"10" doc:"The place that it has in readers' lists, 1 to 10, until they have had it; 0 for none"`
	Boost       float64        `json:"boost,omitempty" doc:"Factor on its score in readers' lists, 0.125 to 8; 0 or 1 for none"`
	Vector      Vector         `json:"vector,omitempty" doc:"Embedding of any model, of the same length in every item that has one: at most 4096 dimensions. Neighbours come from it instead of the text. Given back with the item; in no list, and never on the channel to browsers"`
}

// Event is what a reader did.
type Event struct {
	User  string    `json:"user" doc:"Name of the reader, 1 to 256 bytes" example:"ada"`
	Item  string    `json:"item" doc:"Id of the item" example:"moby-dick"`
	Kind  string    `json:"kind" doc:"What the reader did; kinds and their weights are policy" example:"like"`
	Value float64   `json:"value,omitempty" doc:"For kinds with a scale, such as rating"`
	At    time.Time `json:"at,omitzero" doc:"When; now if absent. RFC 3339"`
	ID    string    `json:"id,omitempty" doc:"Idempotency key, at most 256 bytes: an event whose key is known already is acknowledged and not counted again"`
}

// Op is an event or a change of preference that a browser numbered.
type Op struct {
	Client string // who numbered it
	Number uint64 // consecutive per client, from 1
}

// StoredItem is an item with its number, which it keeps as long as it is there.
//
// It comes back as it was given, with these liberties of JSON: an empty list or map as nil, a number among Attributes
// as float64, a time as the same instant, and text but for the ID with U+FFFD for what is not UTF-8.
type StoredItem struct {
	Item
	Num core.ItemNum
}

// StoredRecord is one entry of the log of changes: an item's record, or its tombstone.
type StoredRecord struct {
	Seq     Seq
	Num     core.ItemNum
	ID      string // set on tombstones too
	Deleted bool
	// Record is the wire form of the record (wire.EncodeRecord); nil on a tombstone. The store does not look into it.
	Record []byte
}

// StoredEvent is an event with its place in the order of commits.
type StoredEvent struct {
	// Row ascends in the order of commits, from 1. The store gives it: the first event of a batch has Info.LastRow+1,
	// the next one more, and so on.
	Row  int64
	Num  core.ItemNum
	User string
	Kind string
	// Value in thousandths; At in Unix milliseconds.
	ValueMilli, AtMillis int64
}

// NewEvent is an event on its way into the store. Events carry the item's number as the catalog resolved it.
type NewEvent struct {
	StoredEvent        // Row is not looked at
	Key         string // idempotency key; "" for none
	Op          Op     // Client "" for none
}

// PreferenceChange sets (or, with weight 0, removes) a preference of a reader.
type PreferenceChange struct {
	User       string
	Preference core.Preference
	Op         Op
}

// Merge makes the events of From, as they are with row and key, those of Into. From's preferences and name are gone after
// that; what of them is to be Into's stands in the same batch, and so does what clients are bound to Into. A From who is
// not known, or is Into, changes nothing.
type Merge struct{ From, Into string }

// Client is what the store knows of a browser.
type Client struct {
	User   string // the one reader whom it belongs to
	LastOp uint64 // highest op number applied
}

// Batch is what one commit writes; it is applied whole or not at all, in the order of the fields and of their elements.
type Batch struct {
	// Items are inserted, or replace what has their number. New ones have numbers above Info.LastNum, as the catalog
	// gives them. When Deleted is applied too, no two items may have one id: a batch may delete an item and give its
	// id to a new number.
	Items   []StoredItem
	Deleted []core.ItemNum // remove item, record and neighbours; its events stay
	Records []StoredRecord // replace; a tombstone replaces its record. Seq as given by the catalog
	// Neighbours are the content neighbours of items, in the learner's own form; the store does not look into it.
	// No data removes them; those of a number without an item are dropped.
	Neighbours map[core.ItemNum][]byte

	// Erased are readers of whom nothing is to be left: their events with the keys of these, their preferences, the
	// clients that belong to them, their names. What the batch says of them itself comes after that. Rows are not given
	// again. A name that is not known is no error.
	Erased []string
	// Merged, after Erased, gives the events of one reader to another.
	Merged []Merge

	Events      []NewEvent
	Preferences []PreferenceChange
	// Policy, if not 0, becomes Info.Policy.
	Policy uint64
	// Clients are inserted or replaced: LastOp after this batch. Each Op of the batch must be above its client's LastOp
	// in the store, not above the one here, and there once: the last guard of exactly-once. A LastOp never falls, unless its client's reader is Erased.
	Clients map[string]Client
}

// Info is what a store says of itself when it is opened.
type Info struct {
	Epoch   uint64       // random at the store's birth, within 53 bits so that JavaScript can hold it; never 0
	LastSeq Seq          // highest seq ever given to a record or tombstone
	LastNum core.ItemNum // highest item number ever given
	LastRow int64        // highest event row ever given
	Items   int
	Events  int64
	// Policy is the version of the policy that all records were made under, as a Batch last said; 0 until then.
	Policy uint64
}

// Store keeps a catalog. The catalog that owns it is the only writer and calls Commit from one goroutine; the other
// methods may be called at the same time from any. What a method returns belongs to the caller, and what it was given
// is not kept. Errors other than this package's sentinels mean that the store could not do its work; after one from
// Commit nothing of the batch is in the store, and the store can be used again.
//
// Ids, users, kinds, keys and client ids are bytes: any string comes back as it was given, and only the same bytes are
// the same name. Their lengths are the catalog's to bound.
//
// A walk (EachItem and the like) sees one moment of the store, whatever is committed meanwhile. Its f may call the
// store's methods, Commit too.
type Store interface {
	// Info returns the store's counters as of the last commit.
	Info(ctx context.Context) (Info, error)

	// Commit writes b durably before it returns: what it acknowledged survives the death of process and machine.
	// It refuses the whole batch if the Key of an event is in the store or in the batch already: see KnownKeys. A ctx
	// that is done before the last write takes the batch back; the error is then ctx's.
	Commit(ctx context.Context, b Batch) error

	// Item returns an item, or ErrNotFound.
	Item(ctx context.Context, id string) (StoredItem, error)
	// Items returns up to limit items whose id is above after, ascending by id (bytewise); none if limit is below 1.
	Items(ctx context.Context, after string, limit int) ([]StoredItem, error)
	// EachItem calls f with every item, ascending by number, until f returns an error, which it returns.
	EachItem(ctx context.Context, f func(StoredItem) error) error
	// EachRecord calls f with every record and tombstone whose seq is above since, ascending by seq, then number.
	// The Record's bytes are f's only during the call.
	EachRecord(ctx context.Context, since Seq, f func(StoredRecord) error) error
	// EachNeighbours calls f with what Batch.Neighbours last gave every item, ascending by number. The bytes are f's
	// only during the call.
	EachNeighbours(ctx context.Context, f func(n core.ItemNum, data []byte) error) error
	// EachEvent calls f with every event whose row is above since, ascending by row.
	EachEvent(ctx context.Context, since int64, f func(StoredEvent) error) error

	// UserEvents returns the last limit events of a reader by time (ties by row), the most recent first, among those
	// whose row is at most upTo (AllRows: no bound); none if limit is below 1.
	UserEvents(ctx context.Context, user string, upTo int64, limit int) ([]StoredEvent, error)
	// Preferences returns a reader's standing wishes, ascending by kind, then key.
	Preferences(ctx context.Context, user string) (core.Preferences, error)
	// Client returns what is known of a browser, or ErrNotFound.
	Client(ctx context.Context, id string) (Client, error)
	// KnownKeys returns those of the idempotency keys that are in the store already.
	KnownKeys(ctx context.Context, keys []string) (map[string]bool, error)

	// Close releases what the store holds. No other method may be running.
	Close() error
}

// AllRows is above every row.
const AllRows = math.MaxInt64

// Errors of stores. Each implementation wraps them with what it was doing.
var (
	// ErrNotFound: there is no such thing.
	ErrNotFound = errors.New("not found")
	// ErrNewer: the data was written by a newer nigh than this one.
	ErrNewer = errors.New("the data folder was written by a newer version of nigh")
	// ErrLocked: another process has the data open.
	ErrLocked = errors.New("another process is using the data folder")
	// ErrReadOnly: the data cannot be written (permissions, read-only or full disk).
	ErrReadOnly = errors.New("the data folder cannot be written")
)
