package replica

import (
	"errors"

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
	if errors.Is(err, wire.ErrType) {
		return // from a newer server
	}
	if err != nil {
		m.abandon(wire.CloseProtocol, err.Error())
		return
	}
	if _, ok := msg.(*wire.Welcome); !ok && !m.welcomed {
		switch msg.(type) {
		case *wire.Reset, *wire.Error:
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
	case *wire.Ack:
		m.ack(msg)
	case *wire.Profile:
		m.profile(msg)
	case *wire.Recs:
		m.recs(msg)
	case *wire.Reset:
		m.reset(msg)
	case *wire.Error:
		m.lastFault = msg.Reason
	}
}

func (m *Machine) welcome(w *wire.Welcome) {
	m.tries, m.deadline, m.lastFault = 0, 0, ""
	m.emit(Wake{0})
	m.skew = w.NowMillis - m.now
	m.welcomed, m.target = true, w.Seq
	if m.policy == nil || m.policy.Language != w.Policy.Language {
		m.analyzer = text.NewAnalyzer(w.Policy.Language)
	}
	policy := w.Policy
	m.policy = &policy
	// Ops that the server holds were decided in an earlier life of the connection: their acknowledgement was lost.
	m.decided(w.LastOp, nil)
	m.last = max(m.last, w.LastOp)
	for _, q := range m.questions {
		m.send(q.wire())
	}
	m.flush()
	if m.index != nil && m.epoch == w.Epoch && m.seq == w.Seq {
		m.state = Live
	}
	m.answerAll(false)
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
	for _, packed := range s.Records {
		r, err := wire.ReadRecord(packed)
		if err != nil || !b.index.Put(r) {
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
	m.index, m.epoch, m.seq, m.learned, m.building = b.index, b.epoch, b.seq, b.learned, nil
	m.caughtUp()
	m.rebuild()
	m.answerAll(false)
}

func (m *Machine) delta(d *wire.Delta) {
	if m.index == nil || m.building != nil || d.From != m.seq {
		m.abandon(wire.CloseProtocol, "a delta does not follow on the position held")
		return
	}
	// Everything is read before anything is applied: a torn delta must not leave half of itself behind.
	var records []*core.Record
	var weights []core.Weights
	for _, packed := range d.Records {
		r, err := wire.ReadRecord(packed)
		if err != nil {
			m.abandon(wire.CloseProtocol, "a record of a delta is torn")
			return
		}
		records = append(records, r)
	}
	for _, packed := range d.Weights {
		w, err := wire.ReadWeights(packed)
		if err != nil {
			m.abandon(wire.CloseProtocol, "the weights of a delta are torn")
			return
		}
		weights = append(weights, w)
	}
	for _, n := range d.Deleted {
		m.index.Delete(n)
	}
	whole := true
	for _, r := range records {
		whole = m.index.Put(r) && whole
	}
	for _, w := range weights {
		whole = m.index.Reweigh(w) && whole
	}
	if !whole { // the server knows items that this copy should hold and does not: start anew
		m.index, m.epoch, m.seq = nil, 0, 0
		m.abandon(wire.CloseProtocol, "a delta speaks of items that are not there")
		return
	}
	m.seq, m.learned = d.To, d.Learned
	m.caughtUp()
	m.rebuild()
	m.answerAll(false)
}

func (m *Machine) caughtUp() {
	if m.state == Syncing && m.seq >= m.target {
		m.state = Live
	}
}

func (m *Machine) ack(a *wire.Ack) {
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

// decided moves ops up to n from the overlay into the base, but for those refused, and out of the outbox.
func (m *Machine) decided(n uint64, refused map[uint64]bool) {
	i := 0
	for i < len(m.outbox) && m.outbox[i].n <= n {
		i++
	}
	m.outbox = append([]numbered(nil), m.outbox[i:]...)
	i = 0
	for i < len(m.overlay) && m.overlay[i].n <= n {
		if o := m.overlay[i]; !refused[o.n] && o.n > m.baseOp {
			m.base = m.apply(m.base, o.op)
		}
		i++
	}
	m.overlay = append([]numbered(nil), m.overlay[i:]...)
	m.baseOp = max(m.baseOp, n)
	m.deadline = 0
	if len(m.outbox) > 0 && m.sentUpTo > n {
		m.wake(m.now + answerTimeout)
	} else {
		m.emit(Wake{0})
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
	m.rebuild()
	m.answerAll(false)
}

func (m *Machine) reset(r *wire.Reset) {
	m.lastFault = r.Reason
	switch r.Code {
	case wire.ResetVersion:
		m.abandon(wire.CloseVersion, r.Reason)
	case wire.ResetUnknownClient:
		// The server lost the numbers that it had acknowledged (an older backup): number what is left anew.
		for i := range m.outbox {
			m.outbox[i].n = uint64(i + 1)
		}
		m.last, m.baseOp, m.sentUpTo = uint64(len(m.outbox)), 0, 0
		m.overlay = append([]numbered(nil), m.outbox...)
		m.flush()
	default:
		m.building = nil // the old catalog is shown until the snapshot that follows is whole
	}
}
