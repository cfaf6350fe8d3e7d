package replica

import (
	"slices"

	"nigh/core"
	"nigh/core/wire"
)

// MaxOutbox bounds what a client keeps for a server that it cannot reach. Beyond it a new op is refused at once, with
// Status.Error: nothing that was taken is ever dropped.
const MaxOutbox = 10_000

type profile struct {
	history     core.History
	preferences core.Preferences
}

// numbered is an op with its number.
type numbered struct {
	n      uint64
	op     wire.Op
	origin Origin
}

func (m *Machine) do(op wire.Op, from Origin) {
	if m.hasTaken(from) {
		m.recorded(from, "")
		return
	}
	fault := faultOf(op)
	switch {
	case len(from.Tab) > MaxTabBytes:
		fault = "a tab's name has at most 64 bytes; this was not kept"
	case len(m.outbox) >= MaxOutbox:
		fault = "too much is waiting for the server; this was not kept"
	}
	if fault != "" {
		m.lastFault = fault
		m.recorded(from, fault)
		return
	}
	op.AtMillis = m.now + m.skew
	m.last++
	n := numbered{m.last, op, from}
	m.take(from)
	if !m.cfg.Private {
		m.outbox = append(m.outbox, n)
	}
	m.keepOp(n)
	m.overlay = append(m.overlay, n)
	m.tidy()
	m.shown = m.apply(m.shown, op)
	if !m.idle(op) {
		m.profileChanged()
		m.answerAll(true) // which need not wait for the store
	}
	m.recorded(from, "")
}

// Bounds of origins. Beyond maxTabs the tab that was silent longest is forgotten.
const (
	MaxTabBytes = 64
	maxTabs     = 64
)

func (m *Machine) hasTaken(from Origin) bool {
	i := slices.IndexFunc(m.taken, func(o Origin) bool { return o.Tab == from.Tab })
	return from.Tab != "" && i >= 0 && m.taken[i].Number >= from.Number
}

func (m *Machine) take(from Origin) {
	if from.Tab == "" {
		return
	}
	m.taken = slices.DeleteFunc(m.taken, func(o Origin) bool { return o.Tab == from.Tab })
	m.taken = append(m.taken, from)
	m.taken = m.taken[max(0, len(m.taken)-maxTabs):]
}

// recorded says that an op is taken, once it is stored.
func (m *Machine) recorded(from Origin, fault string) {
	if from.Tab != "" {
		m.commit()
		m.emit(Recorded{from, fault})
	}
}

// idle tells whether an op changes no list, wherever it is applied.
func (m *Machine) idle(op wire.Op) bool {
	if m.policy == nil {
		return op.Event && op.Kind == core.KindShown
	}
	return op.Event && m.policy.Idle(op.Kind)
}

// needed is the op that a list of the server must know of to be shown: the last one that is not idle. What lies between
// it and the last op changes nothing, so the two are the same state.
func (m *Machine) needed() uint64 {
	for i := len(m.outbox) - 1; i >= 0; i-- {
		if !m.idle(m.outbox[i].op) {
			return m.outbox[i].n
		}
	}
	return m.acked
}

// faultOf says why an op cannot be kept, "" if it can.
func faultOf(op wire.Op) string {
	p := op.Preference
	switch {
	case op.Event && (op.Item == "" || len(op.Item) > core.MaxIDBytes):
		return "an item's id has 1 to 512 bytes; this event was not kept"
	case op.Event && (op.Kind == "" || len(op.Kind) > 64):
		return "a kind of event has 1 to 64 bytes; this event was not kept"
	case !op.Event && (p.Key == "" || len(p.Key) > core.MaxPreferenceBytes):
		return "a preference has 1 to 1000 bytes; this one was not kept"
	case !op.Event && (p.Kind < core.PreferText || p.Kind > core.PreferItem):
		return "a preference is for a text, tag, category, author or item; this one was not kept"
	}
	return ""
}

// apply returns p after an op. An event on an item that the catalog does not hold, or of an unknown kind, shows in the
// server's answer alone.
func (m *Machine) apply(p profile, op wire.Op) profile {
	if !op.Event {
		p.preferences = p.preferences.Set(op.Preference)
		return p
	}
	if m.index == nil || m.policy == nil {
		return p
	}
	n, ok := m.numOf(core.ItemID(op.Item))
	if !ok {
		return p
	}
	if op.Kind == core.KindForget {
		p.history = p.history.Forget(n)
		return p
	}
	if k, ok := m.policy.Kind(op.Kind); ok {
		p.history = p.history.Record(core.Visit{Item: n, Strength: k.Strength(op.ValueMilli), At: op.AtMillis})
	}
	return p
}

// rebuild makes shown of base and overlay.
func (m *Machine) rebuild() {
	p := m.base
	for _, n := range m.overlay {
		p = m.apply(p, n.op)
	}
	m.shown = p
	m.profileChanged()
}

func (m *Machine) profileChanged() {
	e := ProfileChanged{History: m.shown.history, Preferences: m.shown.preferences}
	for _, v := range m.shown.history {
		id := core.ItemID("")
		if r := m.record(v.Item); r != nil {
			id = r.ID
		}
		e.IDs = append(e.IDs, id)
	}
	m.emit(e)
}

// sent is how many of the outbox were sent on this connection; its numbers are consecutive.
func (m *Machine) sent() int {
	return int(min(max(m.sentUpTo, m.acked)-m.acked, uint64(len(m.outbox))))
}

// flush sends what was not sent on this connection yet.
func (m *Machine) flush() {
	if !m.welcomed {
		return
	}
	rest := m.outbox[m.sent():]
	ops := make([]wire.Op, len(rest))
	for i := range rest {
		ops[i] = rest[i].op
	}
	for len(ops) > 0 {
		n := batchLen(ops)
		batch := &wire.Ops{First: rest[0].n, Ops: ops[:n]}
		rest, ops = rest[n:], ops[n:]
		m.sentUpTo = batch.First + uint64(n) - 1
		m.send(batch)
	}
	if m.deadline == 0 {
		m.expect()
	}
}

// decided moves ops up to n from the overlay into the base, but for those refused, and out of the outbox.
func (m *Machine) decided(n uint64, refused map[uint64]bool) {
	i := 0
	for i < len(m.outbox) && m.outbox[i].n <= n {
		m.dropOp(m.outbox[i].n)
		i++
	}
	if n > m.acked || n > m.baseOp {
		m.keepReader()
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
	m.acked, m.baseOp = max(m.acked, n), max(m.baseOp, n)
}

// renumber numbers what is in the outbox anew, behind the last op that the server holds. Nothing of it was decided.
func (m *Machine) renumber(held uint64) {
	for _, n := range m.outbox {
		m.dropOp(n.n)
	}
	for i := range m.outbox {
		m.outbox[i].n = held + uint64(i) + 1
		m.keepOp(m.outbox[i])
	}
	m.keepReader()
	m.acked, m.baseOp, m.last, m.sentUpTo = held, held, held+uint64(len(m.outbox)), 0
	m.overlay = append([]numbered(nil), m.outbox...)
	m.rebuild()
}

// Outbox returns the ops that the server has not decided, the first numbered first: for the Guest that an anonymous
// reader becomes on signing in.
func (m *Machine) Outbox() (first uint64, ops []wire.Op) {
	for _, n := range m.outbox {
		ops = append(ops, n.op)
	}
	return m.acked + 1, ops
}
