package replica

import (
	"errors"
	"slices"

	"nigh/core/text"
	"nigh/core/wire"
)

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
	case *wire.Shelves:
		m.arrange(msg)
	case *wire.Cards:
		m.cardsCame(msg)
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
	m.adopt(w.Epoch)
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

func (m *Machine) caughtUp() {
	if m.state == Syncing && m.seq >= m.target {
		m.state = Live
		if len(m.outbox)+len(m.guests) == 0 {
			m.tries = 0
		} // else with their acknowledgement: a server that lets everybody in may be unable to write
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
	if m.state == Live {
		m.tries = 0
	}
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
	default: // what is in view stays until snapshots have taken its place
		m.catching().forget()
	}
}
