package replica

import (
	"nigh/core"
	"nigh/core/wire"
)

// Input is something that happened to the machine.
type Input interface{ input() }

// The inputs. Opened, Frame and Closed speak of the connection that the last Connect asked for: the shell tells nothing
// more of one after Close, or after a new Connect.
type (
	// Restore brings entries of what Store effects left of an earlier life, in any order and in as many Restores as the
	// shell likes, all before any other input. The machine keeps the slices.
	Restore struct{ Entries []Entry }
	// Start begins: the machine takes up what was restored and asks for a connection. Also after a close code that does
	// not reconnect.
	Start struct{}
	// StoreLost: the store takes nothing any more; the machine goes on in memory and asks for no Store again.
	StoreLost struct{}
	// Opened: the connection asked for is there.
	Opened struct{}
	// Frame came over the connection. Size is how many bytes it took there if it came deflated, else 0.
	Frame struct {
		Bytes []byte
		Size  int
	}
	// Closed: the connection ended, or could not be made (code 1006).
	Closed struct{ Code int }
	// Tick: the time of the last Wake has come. An early or late one does no harm.
	Tick struct{}
	// Online: the network seems to be back; do not wait for the backoff.
	Online struct{}
	// Record: the reader did something with an item.
	Record struct {
		Kind       string
		Item       core.ItemID
		ValueMilli int64 // in thousandths, for kinds with a scale
		Origin     Origin
		More       bool // another one follows at once, and goes to the server in the same frame
	}
	// Prefer: a standing wish; weight 0 takes it back.
	Prefer struct {
		Preference core.Preference
		Origin     Origin
	}
	// Ask: a standing question; a second one of the same name replaces the first.
	Ask struct{ Question Question }
	// Drop ends a standing question.
	Drop struct{ Name string }
	// Token is a fresh token of the same reader; NeedToken asks for it, but it may come at any time.
	Token struct{ Token string }
	// Merge: the reader was anonymous in this browser and has signed in. Clients are ids that they were known under;
	// Entries are what the shell moved here of their stores (see store.go), by the transaction that moved it.
	Merge struct {
		Clients []string
		Entries []Entry
	}
	// Export asks for all that is kept of the reader.
	Export struct{}
)

func (Restore) input()   {}
func (StoreLost) input() {}
func (Start) input()     {}
func (Opened) input()    {}
func (Frame) input()     {}
func (Closed) input()    {}
func (Tick) input()      {}
func (Online) input()    {}
func (Record) input()    {}
func (Prefer) input()    {}
func (Ask) input()       {}
func (Export) input()    {}
func (Drop) input()      {}
func (Token) input()     {}
func (Merge) input()     {}

// Origin names a Record or Prefer, so that a page that cannot know whether it was heard may say it again: what was taken
// is not taken twice. Numbers of a tab ascend. The zero Origin is of who says everything once.
type Origin struct {
	Tab    string // at most MaxTabBytes
	Number uint64
}

// size is how many bytes the frame took on its way.
func (f Frame) size() int {
	if f.Size > 0 {
		return f.Size
	}
	return len(f.Bytes)
}

// Question is a list that the page wants to have and to keep.
type Question struct {
	Name    string
	Similar core.ItemID // "more like this"; "" for the reader's own list
	Limit   int         // 1 to core.MaxLimit; 0 means DefaultLimit
	Exclude []core.ItemID
	Filter  core.Filter
	After   string // List.Next of the page before; "" for the first
	Bare    bool   // items and scores alone: no reasons, and no cards in what the page is told
}

// DefaultLimit is the length of a list that does not say.
const DefaultLimit = 20

// Effect is something to be done, in the order returned. Store takes time that lists need not wait for: the shell may
// go on with the effects behind it, but for Send and Recorded, which must wait until every Store before them is done.
type Effect interface{ effect() }

// The effects.
type (
	// Connect: open a connection.
	Connect struct{}
	// Send: write one binary frame.
	Send struct{ Bytes []byte }
	// Close the connection. Closed may be reported at once, with any code, or not at all.
	Close struct {
		Code   int
		Reason string
	}
	// Wake: call Tick at this time (Unix milliseconds); replaces the last Wake. 0: not at all.
	Wake struct{ AtMillis int64 }
	// Store changes what the next life is to be restored from, in one transaction. See store.go for what is stored.
	Store struct {
		Clear   []string // first, every key that begins with one of these
		Deletes []string // then these keys
		Puts    []Entry
		Durable bool // must be on the disk when it is done: it holds an op
	}
	// Recorded answers a Record or Prefer that has an Origin: it is taken, and kept if there is a store. Of what was
	// refused Fault says why.
	Recorded struct {
		Origin Origin
		Fault  string
	}
	// Exported answers Export: ops that are kept beside the profile, of which ProfileChanged tells just before.
	Exported struct {
		Client string // who gave the ops
		Ops    []wire.Op
	}
	// List is the present answer to a question.
	List struct {
		Question string
		Server   bool // the server's authoritative list; else the machine's own
		Bare     bool // as the question has it: the items' reasons are left out
		Items    []Listed
		About    *core.Record // the item of Question.Similar, if it is held and the question is not bare; else nil
		Next     string       // for Question.After: what comes behind this page; "" if nothing does
		Version  Version
		// Compared tells of a server list whether the machine could rank the very same state itself, Agrees whether
		// the result was equal.
		Compared, Agrees bool
	}
	// Status, whenever it changed.
	Status struct {
		State          State
		Items          int    // held
		AllItems       uint64 // of the server's catalog, as far as known
		Shelves        int    // held, each with a checksum that holds
		AllShelves     uint64
		Bytes          int // packed, of all records held or on their way: at most Config.Budget, if that is not 0
		Epoch, Seq     uint64
		Pending        int // ops that the server has not decided, a guest's among them
		Sent           int // of these, how many are on their way
		BytesIn        int64
		BytesOut       int64
		Agreed, Differ int64
		Error          string // what the server refused last; "" for nothing
	}
	// ProfileChanged: the reader's history or wishes changed.
	ProfileChanged struct {
		History     core.History
		IDs         []core.ItemID // of History's items; "" where the catalog does not hold one
		Preferences core.Preferences
	}
	// NeedToken: get a fresh token and give it as Token. The one held ends soon, or the server refused it because it had
	// ended; in that case, nothing is tried before Token.
	NeedToken struct{}
	// GuestMerged: all of a guest is the reader's now, at the server; nobody needs to remember its id any more.
	GuestMerged struct{ Client string }
)

func (Connect) effect()        {}
func (Send) effect()           {}
func (Close) effect()          {}
func (Wake) effect()           {}
func (Store) effect()          {}
func (Exported) effect()       {}
func (Recorded) effect()       {}
func (List) effect()           {}
func (Status) effect()         {}
func (ProfileChanged) effect() {}
func (NeedToken) effect()      {}
func (GuestMerged) effect()    {}

// Listed is one place of a list.
type Listed struct {
	Record  *core.Record
	Score   int64
	Reasons []Reason
}

// Reason is one part of a score.
type Reason struct {
	core.Reason
	Item *core.Record // the item of the history that it speaks of, nil for other kinds or if not held
}

// Version is all that a list depends on.
type Version struct {
	Epoch, Seq, Learned, Op, Policy uint64
	Hour                            core.Hour
}

// State is how the machine stands to the server.
type State uint8

// The states.
const (
	Offline    State = iota // no connection; waiting for the next try
	Connecting              // asked for one
	Syncing                 // connected, not yet at the server's position
	Live                    // at the server's position
)

// String returns the state's name.
func (s State) String() string {
	return [...]string{"offline", "connecting", "syncing", "live"}[s]
}

// wireVersion keeps the page and the module speaking of the same format.
const wireVersion = wire.Version
