package wire

import "nigh/core"

// Version of the wire format. A server refuses a hello of another one with ResetVersion.
const Version = 3

// Subprotocol is the WebSocket subprotocol of the channel.
const Subprotocol = "nigh.v1"

// Limits of frames, in bytes. What a client sends is small; what it gets may be a chunk of a snapshot.
const (
	MaxClientFrame = 64 << 10
	MaxServerFrame = 4 << 20
	// MaxOps is how many ops stand in one frame.
	MaxOps = 100
)

// Close codes. 4000 to 4499: connect again, with jittered backoff; 4500 to 4999: do not.
const (
	CloseGoingAway  = 4001 // the server shuts down
	CloseProtocol   = 4002 // a frame that the other side could not read, or out of order
	CloseTimeout    = 4003 // an answer that did not come in time
	CloseSlow       = 4008 // the client did not read what was queued for it
	CloseExpired    = 4009 // the reader's token has ended: connect again, with a fresh one
	CloseVersion    = 4501 // the versions do not fit: load a newer page
	CloseForbidden  = 4503 // wrong token, another reader's name, or a client id of another reader
	firstFinalClose = 4500
)

// Reconnects tells whether a client that was closed with a code should connect again.
func Reconnects(code int) bool { return code < firstFinalClose || code > 4999 }

// Message is one frame.
type Message interface {
	code() uint64
	encode(*writer)
	decode(*parser)
}

// Hello opens a session: who is there and what they hold.
type Hello struct {
	Version uint64
	Client  string // id of this browser's op numbers
	User    string // reader; "" for one without a name: see Reader
	Token   string
	Epoch   uint64 // of the catalog that the client holds, 0 for none
	Seq     uint64 // position in it
	LastOp  uint64 // highest op number that the client ever gave
	// Inflates says that the client reads deflated frames, see Deflated.
	Inflates bool
}

// Reader names whose profile and lists these are: someone without a name is who their browser is.
func (m *Hello) Reader() string {
	if m.User == "" {
		return "~" + m.Client
	}
	return m.User
}

// Guest returns the reader who the browser of a client id is as long as it has no name.
func Guest(client string) string { return (&Hello{Client: client}).Reader() }

// Welcome answers Hello.
type Welcome struct {
	Version     uint64
	LastOp      uint64 // highest op of this client that the server holds
	NowMillis   int64  // the server's clock
	Epoch, Seq  uint64 // position of the catalog, captured before what follows was read
	Policy      core.Policy
	Items       uint64 // in the catalog
	MaxFrame    uint64 // bytes a client may send in one frame
	PingSeconds uint64
}

// Snapshot is a chunk of the whole catalog at one position. What it holds is shown only after the last chunk.
type Snapshot struct {
	Epoch, Seq, Learned uint64
	Chunk               uint64 // from 0
	Last                bool
	Items               uint64   // of the whole snapshot
	Sum                 uint64   // of all Records up to here: see Sum
	Records             [][]byte // each the columnar form of many: see AppendRecords
}

// Delta leads from one position to another.
type Delta struct {
	From, To uint64   // seq; a client that is not at From has missed something
	Learned  uint64   // revision of the learned weights that the new position holds
	Records  [][]byte // each the columnar form of many
	Weights  [][]byte // likewise, see AppendAllWeights
	Deleted  []core.ItemNum
}

// Op is one thing that a reader did, with the number that the client gave it.
type Op struct {
	Event      bool   // an event; else a preference
	Kind       string // of the event
	Item       string // id
	ValueMilli int64  // in thousandths
	AtMillis   int64  // Unix
	Preference core.Preference
}

// Ops are consecutive ops, the first numbered First.
type Ops struct {
	First uint64
	Ops   []Op
}

// Refusal is an op that will never be applied, and why.
type Refusal struct {
	Op           uint64
	Reason, Hint string
}

// Ack says that all ops up to Op are decided: applied and on disk, or refused for good.
type Ack struct {
	Op      uint64
	Refused []Refusal
}

// Ask is a standing question; a second one of the same name replaces it.
type Ask struct {
	Name             string
	Similar          string // id of an item: "more like this"; "" for the reader's own list
	Limit            uint64
	Exclude          []string
	Categories, Tags []string // what Filter says since version 2: any of each
	Filter           core.Filter
	After            string // a core.Cursor: the page behind it; "" for the first
}

// Drop ends a standing question.
type Drop struct{ Name string }

// Recs is the server's answer to the question Name, tagged with all that it depends on.
type Recs struct {
	Name                string
	Epoch, Seq, Learned uint64
	Op                  uint64 // last op of this client that it knows of
	Policy              uint64
	Hour                core.Hour
	Items               []core.Ranked
}

// Profile is what the server knows of the reader.
type Profile struct {
	Op          uint64 // last op of this client that it knows of
	History     core.History
	Preferences core.Preferences
}

// ResetCode says why the client's state cannot be continued.
type ResetCode uint64

// The reasons of a reset.
const (
	ResetUnknownClient ResetCode = 1 // ops before the client's are missing here: connect again, the welcome tells where to go on
	ResetVersion       ResetCode = 2 // wire versions do not fit
	ResetTooOld        ResetCode = 3 // the log does not reach back to the client's position
	ResetEpoch         ResetCode = 4 // the catalog's history was rewritten
	ResetChecksum      ResetCode = 5 // what arrived is not what was sent
)

// Renew brings a fresh token of the same reader.
type Renew struct{ Token string }

// Expiry says when the reader's token ends, shortly before it does: the client answers with Renew, or is closed then.
type Expiry struct{ AtMillis int64 }

// Merge gives the account what its reader did before they signed in, as Guest(Client): the id of that browser is what
// proves that it was theirs. Ops are those of it that it was not told to be decided, if any, the first numbered First.
// A client says it again until it is Merged; whoever says it later changes nothing.
type Merge struct {
	Client string
	First  uint64
	Ops    []Op
}

// Merged says that a Merge is on disk, or was before: Op is the last op of that client that is decided.
type Merged struct {
	Client string
	Op     uint64
}

// Reset tells the client that what it holds cannot be continued. A snapshot follows, but for ResetUnknownClient and
// ResetVersion: after the one the client connects again, after the other it does not.
type Reset struct {
	Code   ResetCode
	Reason string
}

// Error tells of a fault in what the client sent; the connection goes on unless a close follows.
type Error struct {
	Reason, Hint string
}

func (*Hello) code() uint64    { return 1 }
func (*Ops) code() uint64      { return 2 }
func (*Ask) code() uint64      { return 3 }
func (*Drop) code() uint64     { return 4 }
func (*Renew) code() uint64    { return 8 }
func (*Merge) code() uint64    { return 9 }
func (*Welcome) code() uint64  { return 16 }
func (*Snapshot) code() uint64 { return 17 }
func (*Delta) code() uint64    { return 18 }
func (*Ack) code() uint64      { return 19 }
func (*Recs) code() uint64     { return 20 }
func (*Profile) code() uint64  { return 21 }
func (*Reset) code() uint64    { return 22 }
func (*Error) code() uint64    { return 23 }
func (*Expiry) code() uint64   { return 28 }
func (*Merged) code() uint64   { return 29 }

func newMessage(code uint64) Message {
	switch code {
	case 1:
		return &Hello{}
	case 2:
		return &Ops{}
	case 3:
		return &Ask{}
	case 4:
		return &Drop{}
	case 8:
		return &Renew{}
	case 9:
		return &Merge{}
	case 16:
		return &Welcome{}
	case 17:
		return &Snapshot{}
	case 18:
		return &Delta{}
	case 19:
		return &Ack{}
	case 20:
		return &Recs{}
	case 21:
		return &Profile{}
	case 22:
		return &Reset{}
	case 23:
		return &Error{}
	case 28:
		return &Expiry{}
	case 29:
		return &Merged{}
	}
	return nil
}
