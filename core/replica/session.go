package replica

import (
	"errors"
	"slices"

	"nigh/core"
	"nigh/core/text"
	"nigh/core/wire"
)

// building is a snapshot on its way: it takes the index's place when it is whole.
type building struct {
	index               *core.Index
	epoch, seq, learned uint64
	chunk               uint64
	sum                 uint64
}

func (m *Machine) frame(b []byte) {
	if m.state != Syncing && m.state != Live {
		return // a frame of a connection that was given up
	}
	msg, err := wire.Decode(b)
	switch {
	case errors.Is(err, wire.ErrType): // from a newer server
	case err != nil:
		m.abandon(wire.CloseProtocol, err.Error())
	default:
		m.message(msg)
	}
	m.expect()
}

func (m *Machine) message(msg wire.Message) {
	if !m.welcomed {
		switch msg.(type) {
		case *wire.Welcome, *wire.Reset, *wire.Error:
		default:
			m.abandon(wire.CloseProtocol, "the first frame was not welcome")
			return
		}
	}
	switch msg := msg.(type) {
	case *wire.Welcome:
		m.welcome(msg)
	case *wire.Snapshot:
		m.snapshot(msg)
	case *wire.Delta:
		m.delta(msg)
	case *wire.Ack, *wire.Profile, *wire.Recs, *wire.Expiry, *wire.Merged:
		if !m.cfg.Private { // else it is about nobody
			m.aboutReader(msg)
		}
	case *wire.Reset:
		m.reset(msg)
	case *wire.Error:
		m.lastFault = msg.Reason
	}
}

func (m *Machine) aboutReader(msg wire.Message) {
	switch msg := msg.(type) {
	case *wire.Ack:
		m.ack(msg)
	case *wire.Profile:
		m.profile(msg)
	case *wire.Recs:
		m.recs(msg)
	case *wire.Expiry:
		m.emit(NeedToken{})
	case *wire.Merged:
		m.merged(msg)
	}
}

func (m *Machine) welcome(w *wire.Welcome) {
	m.lastFault = ""
	m.skew = w.NowMillis - m.now
	m.welcomed, m.target = true, w.Seq
	if m.policy == nil || m.policy.Language != w.Policy.Language || !slices.Equal(m.policy.Languages, w.Policy.Languages) {
		m.analyzer = text.NewAnalyzer(w.Policy.Language, w.Policy.Languages...)
	}
	policy := w.Policy
	m.policy = &policy
	m.keepPolicy()
	if !m.cfg.Private {
		m.settle(w.LastOp)
		for _, q := range m.questions {
			m.send(q.wire())
		}
		m.mergeGuests()
		m.flush()
	} else {
		m.rebuild() // by what this policy says of kinds
	}
	if m.index != nil && !m.suspect && m.epoch == w.Epoch && m.seq == w.Seq {
		m.caughtUp()
	}
	m.answerAll(false)
}

// settle makes of the outbox what the server does not hold.
func (m *Machine) settle(held uint64) {
	// Numbers that this client id can have sent: before the first welcome of a life those of the life before.
	given, before := m.last, m.restored
	if !m.met {
		given = before
	}
	m.met, m.restored = true, 0
	switch {
	case held > given:
		// Another life of this client id gave those numbers, and the store does not tell of it: it failed, or there is
		// none. What was restored that life sent; what was done since is not among what the server holds.
		m.decided(before, nil)
		m.renumber(held)
	case held < m.acked:
		m.renumber(held) // the server lost what it had acknowledged (an older backup): the outbox it has not
	default:
		m.decided(held, nil) // their acknowledgement was lost
	}
}

func (m *Machine) snapshot(s *wire.Snapshot) {
	if s.Chunk == 0 {
		m.building = &building{
			index: core.NewIndex(), epoch: s.Epoch, seq: s.Seq, learned: s.Learned, sum: wire.SumStart,
		}
	}
	b := m.building
	if b == nil || s.Chunk != b.chunk || s.Epoch != b.epoch || s.Seq != b.seq {
		m.abandon(wire.CloseProtocol, "a chunk of the snapshot is missing")
		return
	}
	b.chunk++
	b.sum = wire.Sum(b.sum, s.Records)
	for _, columns := range s.Records {
		records, err := wire.ReadRecords(columns)
		for _, r := range records {
			if !b.index.Put(r) {
				err = wire.ErrTorn
				break
			}
		}
		if err != nil {
			m.abandon(wire.CloseProtocol, "a record of the snapshot is torn")
			return
		}
	}
	if !s.Last {
		return
	}
	if b.sum != s.Sum || uint64(b.index.Len()) != s.Items {
		m.abandon(wire.CloseProtocol, "the snapshot's checksum does not hold")
		return
	}
	if b.epoch != m.epoch { // item numbers mean other items now
		m.base, m.baseOp = profile{preferences: m.base.preferences}, 0
	}
	m.index, m.epoch, m.seq, m.learned, m.building, m.suspect = b.index, b.epoch, b.seq, b.learned, nil, false
	m.keepCatalog()
	m.keepReader() // whose numbers are of this epoch now
	m.caughtUp()
	m.rebuild()
	m.answerAll(false)
}

func (m *Machine) delta(d *wire.Delta) {
	if m.index == nil || m.suspect || m.building != nil || d.From != m.seq || d.To < d.From {
		m.abandon(wire.CloseProtocol, "a delta does not follow on the position held")
		return
	}
	// Everything is read before anything is applied: a torn delta must not leave half of itself behind.
	c, err := readChanges(d)
	if err != nil {
		m.abandon(wire.CloseProtocol, "a record of a delta is torn")
		return
	}
	if !m.fits(c) { // the server knows items that this copy should hold and does not
		m.suspect = true
		m.abandon(wire.CloseProtocol, "a delta speaks of items that are not there")
		return
	}
	for _, n := range c.deleted {
		m.index.Delete(n)
	}
	for _, r := range c.records {
		m.index.Put(r)
	}
	for _, w := range c.weights {
		m.index.Reweigh(w)
	}
	m.seq, m.learned = d.To, d.Learned
	m.keepDelta(d, c)
	m.caughtUp()
	m.rebuild()
	m.answerAll(false)
}

// fits tells whether the index will take all of a delta: no id of two items, no weights without an item.
func (m *Machine) fits(c changes) bool {
	gone := make(map[core.ItemNum]bool, len(c.deleted))
	for _, n := range c.deleted {
		gone[n] = true
	}
	ids := make(map[core.ItemID]core.ItemNum, len(c.records))
	put := make(map[core.ItemNum]bool, len(c.records))
	for _, r := range c.records {
		if n, ok := m.index.NumOf(r.ID); ok && n != r.Num && !gone[n] {
			return false
		}
		if ids[r.ID] != 0 || put[r.Num] {
			return false
		}
		ids[r.ID], put[r.Num] = r.Num, true
	}
	for _, w := range c.weights {
		if !put[w.Num] && (gone[w.Num] || m.index.Get(w.Num) == nil) {
			return false
		}
	}
	return m.index.Len()+len(c.records) <= core.MaxItems
}

func (m *Machine) caughtUp() {
	if m.state == Syncing && m.seq >= m.target {
		m.state, m.tries = Live, 0
	}
}

func (m *Machine) ack(a *wire.Ack) {
	if a.Op > m.last {
		m.abandon(wire.CloseProtocol, "an acknowledgement of what was never sent")
		return
	}
	refused := map[uint64]bool{}
	for _, r := range a.Refused {
		refused[r.Op] = true
		m.lastFault = r.Reason
		if r.Hint != "" {
			m.lastFault += "; " + r.Hint
		}
	}
	m.decided(a.Op, refused)
	if len(refused) > 0 {
		m.rebuild()
		m.answerAll(false)
	}
}

// profile takes over what the server knows of the reader: the truth up to an op, on which later ones still lie.
func (m *Machine) profile(p *wire.Profile) {
	if p.Op < m.baseOp {
		return // older than what acknowledgements told
	}
	m.base, m.baseOp = profile{p.History, p.Preferences}, p.Op
	i := 0
	for i < len(m.overlay) && m.overlay[i].n <= p.Op {
		i++
	}
	m.overlay = append([]numbered(nil), m.overlay[i:]...)
	m.keepReader()
	m.rebuild()
	m.answerAll(false)
}

func (m *Machine) reset(r *wire.Reset) {
	m.lastFault = r.Reason
	switch r.Code {
	case wire.ResetVersion:
		m.abandon(wire.CloseVersion, r.Reason)
	case wire.ResetUnknownClient: // welcome tells which ops the server holds
		m.abandon(wire.CloseProtocol, r.Reason)
	default:
		m.building = nil // the old catalog is shown until the snapshot that follows is whole
	}
}
