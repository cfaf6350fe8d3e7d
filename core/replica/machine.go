package replica

import (
	"slices"

	"nigh/core"
	"nigh/core/text"
	"nigh/core/wire"
)

// Config is who the machine speaks for.
type Config struct {
	Client string // id of this machine's op numbers; no other machine may ever use it with this server. A restored one wins
	User   string // the reader; "" for one without a name
	Token  string
	// TokenLater: the token is still to come, as an input. Until then the machine works without a connection.
	TokenLater bool
	// Guests are browsers' ids that the reader was anonymous under before they signed in: what was done under them is
	// to become theirs. User must have a name.
	Guests []Guest
	Seed   uint64 // for the jitter of reconnects
	Stores bool   // the shell carries out Store
	Budget uint64 // packed bytes of records that the machine may hold; 0: the whole catalog
	// Private: nothing about the reader leaves the machine; see private.go. Client is then best another one each time.
	Private bool
	// Inflates says that the shell inflates deflated frames (wire.Deflated) before it tells of them.
	Inflates bool
}

// Machine is one client. Its methods are for one goroutine.
type Machine struct {
	cfg    Config
	nobody string // who a private machine says it is
	now    int64  // Unix milliseconds, as of the last Step
	random uint64

	catalog                // in view
	next     *catalog      // of another epoch, until it is whole enough to take the other's place
	parts    []*wire.Delta // of a step whose end has not come
	arranged bool          // shelves were announced on this connection
	overdue  bool          // and what was missed of those kept has not come
	stepped  bool          // a delta came on this connection
	cards    *core.Index   // items that stand on no shelf, for their cards and damps; nil for none
	policy   *core.Policy
	analyzer *text.Analyzer
	scratch  core.Scratch
	reasons  []core.Reason // of the item in hand
	told     wire.Check    // what the server does not know yet of lists that were compared

	// The reader.
	base     profile // as the server confirmed it, up to op baseOp
	baseOp   uint64
	shown    profile    // base and all later ops
	overlay  []numbered // a private machine's history
	tidyAt   int        // how long that may become: see tidy
	outbox   []numbered // not decided by the server
	acked    uint64     // highest number decided by the server; outbox holds those from acked+1 to last
	last     uint64     // highest number given
	sentUpTo uint64     // highest number sent on this connection

	restored uint64   // highest number given in an earlier life, until the first welcome
	met      bool     // welcomed once in this life
	taken    []Origin // what each tab said last, who was silent longest first

	keeping  keeping
	restores []Entry // until the first other input
	began    bool

	questions []*question
	asked     uint64 // questions so far

	// The connection.
	state     State
	tries     int    // since the machine was last Live and the server took what it was sent
	retryAt   int64  // next try, 0 for none
	deadline  int64  // by when the server must have sent something, 0 for never
	welcomed  bool   // on this connection
	target    uint64 // seq at which this connection counts as live
	skew      int64  // server's clock minus ours
	status    Status
	reported  Status
	lastFault string

	tokenless bool    // no connection is tried before a fresh token comes
	guests    []guest // not merged yet

	out []Effect
}

// question is a standing question. On the wire it has a name that is never used again: an answer to a former question
// of the same name may still be on its way.
type question struct {
	Question
	wireName string
	shown    []core.Ranked // what was last shown
	known    bool          // shown was shown
	server   bool          // and is the server's list
	said     []core.Ranked // the server's last word on this connection, made of op saidOp; nil for none
	saidOp   uint64
}

// Timeouts in milliseconds.
const (
	connectTimeout = 10_000
	answerTimeout  = 15_000 // of silence while something is expected: welcome, catalog, acknowledgements
	firstRetry     = 250
	longestRetry   = 30_000
)

// New returns a machine that has done nothing yet.
func New(cfg Config) *Machine {
	m := &Machine{
		cfg: cfg, nobody: cfg.Client, random: cfg.Seed | 1, tokenless: cfg.TokenLater && !cfg.Private,
		keeping: keeping{on: cfg.Stores, bounds: defaultBounds},
	}
	if cfg.Private {
		return m // who tells nothing
	}
	for _, g := range cfg.Guests {
		g.Ops = slices.Clone(g.Ops)
		m.guests = append(m.guests, guest{Guest: g})
	}
	return m
}

// Step tells the machine what happened, at a time in Unix milliseconds, and returns what is to be done, in order.
func (m *Machine) Step(in Input, nowMillis int64) []Effect {
	m.out = nil
	m.setClock(nowMillis)
	if _, more := in.(Restore); !more && !m.began {
		m.restore()
	}
	switch in := in.(type) {
	case Restore:
		m.restores = append(m.restores, in.Entries...)
	case StoreLost:
		m.keeping = keeping{}
	case Start:
		if m.state == Offline {
			m.start()
		}
	case Online:
		if m.state == Offline && m.retryAt != 0 && !m.tokenless {
			m.connect()
		}
	case Opened:
		m.opened()
	case Frame:
		m.status.BytesIn += int64(in.size())
		m.frame(in.Bytes)
	case Closed:
		if m.state != Offline { // else it is the echo of a Close
			m.closed(in.Code)
		}
	case Tick:
		m.tick()
	case Record:
		m.do(wire.Op{Event: true, Kind: in.Kind, Item: string(in.Item), ValueMilli: in.ValueMilli}, in.Origin)
		if !in.More {
			m.flush()
		}
	case Prefer:
		m.do(wire.Op{Preference: in.Preference}, in.Origin)
		m.flush()
	case Export:
		m.export()
	case Ask:
		m.ask(in.Question)
	case Drop:
		m.drop(in.Name)
	case Token:
		m.token(in.Token)
	case Merge:
		m.merge(in)
	}
	m.commit()
	m.report()
	return m.out
}

// Index returns the catalog as shown, nil before the first snapshot. It is not to be changed.
func (m *Machine) Index() *core.Index { return m.index }

// Position returns the catalog's position as shown.
func (m *Machine) Position() (epoch, seq, learned uint64) { return m.epoch, m.seq, m.learned }

// Shelves returns what is in view or on its way, as the next hello would tell it.
func (m *Machine) Shelves() []wire.Held { return m.catalog.hold() }

// LastOp returns the highest op number ever given, in this life or an earlier one that was restored.
func (m *Machine) LastOp() uint64 { return m.last }

// History returns the reader's history as shown.
func (m *Machine) History() core.History { return m.shown.history }

// setClock takes over the time. What waits for a time is moved with a clock that was set back, which would otherwise
// keep the machine waiting for as long.
func (m *Machine) setClock(now int64) {
	back := m.now - now
	m.now = now
	if back <= 0 {
		return
	}
	for _, at := range []*int64{&m.retryAt, &m.deadline} {
		if *at != 0 {
			*at = max(1, *at-back)
			m.emit(Wake{*at})
		}
	}
}

func (m *Machine) emit(e Effect) { m.out = append(m.out, e) }

// send commits first: what a frame tells of is stored before the frame goes.
func (m *Machine) send(msg wire.Message) {
	m.commit()
	b := wire.Encode(msg)
	m.status.BytesOut += int64(len(b))
	m.emit(Send{b})
}

func (m *Machine) connect() {
	m.state, m.retryAt = Connecting, 0
	m.wake(m.now + connectTimeout)
	m.emit(Connect{})
}

func (m *Machine) wake(at int64) {
	m.deadline = at
	m.emit(Wake{at})
}

func (m *Machine) opened() {
	if m.state != Connecting {
		return
	}
	m.state, m.sentUpTo, m.parts, m.welcomed, m.arranged, m.overdue, m.stepped = Syncing, 0, nil, false, false, false, false
	for _, q := range m.questions {
		q.said = nil
	}
	h := &wire.Hello{
		Version: wireVersion, Client: m.cfg.Client, User: m.cfg.User, Token: m.cfg.Token, LastOp: m.last,
		Inflates: m.cfg.Inflates, Budget: m.cfg.Budget,
	}
	if m.cfg.Private {
		h = &wire.Hello{Version: wireVersion, Client: m.nobody, Inflates: m.cfg.Inflates, Budget: m.cfg.Budget}
	}
	c := m.catching()
	if m.cfg.Budget > 0 { // how large what it has of a shelf is, the server does not know: it comes again from its beginning
		for _, s := range c.shelves {
			s.coming = nil
		}
	}
	if c.index != nil || len(c.shelves) > 0 {
		h.Epoch, h.Seq, h.Shelves = c.epoch, c.seq, c.hold()
	}
	m.send(h)
	m.wake(m.now + answerTimeout)
}

// closed waits for the next try: twice as long each time, somewhere in the upper half, so that readers cut off
// together do not come back together.
func (m *Machine) closed(code int) {
	m.state, m.parts, m.sentUpTo, m.deadline, m.welcomed = Offline, nil, 0, 0, false
	if !wire.Reconnects(code) {
		m.retryAt = 0
		if code == wire.CloseForbidden {
			m.lastFault = "the server does not let this reader in: check the token and the reader's name, and use a fresh client id"
		}
		m.emit(Wake{0})
		return
	}
	wait := int64(firstRetry) << min(m.tries, 7)
	wait = min(wait, longestRetry)
	m.tries++
	m.random ^= m.random << 13
	m.random ^= m.random >> 7
	m.random ^= m.random << 17
	wait = wait/2 + int64(m.random%uint64(wait/2+1))
	m.retryAt = m.now + wait
	if code == wire.CloseExpired {
		m.tokenless = true
		m.lastFault = "the reader's token has ended"
		m.emit(NeedToken{})
	}
	m.emit(Wake{m.retryAt})
}

func (m *Machine) tick() {
	switch {
	case m.state == Offline && m.tokenless: // token goes on
	case m.state == Offline && m.retryAt != 0 && m.now >= m.retryAt:
		m.connect()
	case m.state != Offline && m.deadline != 0 && m.now >= m.deadline:
		m.abandon(wire.CloseTimeout, "no answer in time")
	case m.state == Offline && m.retryAt != 0:
		m.emit(Wake{m.retryAt}) // woken early
	case m.deadline != 0:
		m.emit(Wake{m.deadline})
	}
}

// expect sets the deadline after a frame came or ops went: the server may be busy with what was asked before, so only
// its silence counts.
func (m *Machine) expect() {
	switch {
	case m.state == Offline:
	case m.state == Syncing, len(m.guests) > 0, len(m.outbox) > 0 && m.outbox[0].n <= m.sentUpTo:
		m.wake(m.now + answerTimeout)
	case m.deadline != 0:
		m.wake(0)
	}
}

// abandon closes a connection that is of no use and waits for the next try.
func (m *Machine) abandon(code int, reason string) {
	m.emit(Close{code, reason})
	m.closed(code)
}

func (m *Machine) report() {
	s := m.status
	s.State = m.state
	s.Items, s.AllItems, s.AllShelves = 0, m.total, m.of
	if m.index != nil {
		s.Items = m.index.Len()
	}
	s.Shelves, s.Bytes = m.held()
	s.Epoch, s.Seq = m.epoch, m.seq
	s.Pending = len(m.outbox)
	for _, g := range m.guests {
		s.Pending += len(g.Ops)
	}
	s.Sent = m.sent()
	s.Error = m.lastFault
	if s != m.reported {
		m.reported = s
		m.emit(s)
	}
}

func (m *Machine) ask(q Question) {
	if q.Limit <= 0 {
		q.Limit = DefaultLimit
	}
	q.Limit = min(q.Limit, core.MaxLimit)
	m.asked++
	next := &question{Question: q, wireName: decimal(m.asked)}
	i := slices.IndexFunc(m.questions, func(have *question) bool { return have.Name == q.Name })
	if i < 0 {
		m.questions = append(m.questions, next)
	} else {
		m.forgo(m.questions[i])
		m.questions[i] = next
	}
	m.answer(next, true)
	if m.welcomed && !m.cfg.Private {
		m.send(next.wire())
	}
}

// decimal is n in digits; strconv would do it, with tables that the module does not need.
func decimal(n uint64) string {
	var b [20]byte
	i := len(b)
	for {
		i--
		b[i] = '0' + byte(n%10)
		if n /= 10; n == 0 {
			return string(b[i:])
		}
	}
}

// forgo tells the server that a question needs no answer any more.
func (m *Machine) forgo(q *question) {
	if m.welcomed && !m.cfg.Private {
		m.send(&wire.Drop{Name: q.wireName})
	}
}

func (m *Machine) drop(name string) {
	m.questions = slices.DeleteFunc(m.questions, func(q *question) bool {
		if q.Name != name {
			return false
		}
		m.forgo(q)
		return true
	})
}

func (q *question) wire() *wire.Ask {
	a := &wire.Ask{
		Name: q.wireName, Similar: string(q.Similar), Limit: uint64(q.Limit), Filter: q.Filter, After: q.After,
	}
	for _, id := range q.Exclude {
		a.Exclude = append(a.Exclude, string(id))
	}
	return a
}
