package replica

import (
	"slices"

	"nigh/core"
	"nigh/core/wire"
)

// A private machine syncs the catalog and tells nothing: its hello is of nobody (an id that is not kept, no user, no
// token), it sends no op and no question. Lists are its own. The reader's profile is made of the ops alone, which stay
// in the overlay for ever and are stored as ops are; by ids and kinds, so that another catalog or policy is no loss.

// Bounds of what a private machine keeps.
const (
	maxPrivateOps   = 4000
	maxPrivateItems = 2 * core.MaxHistory
	firstTidy       = 128
)

// tidy takes the ops out of a private machine's overlay that change nothing any more, whenever it has doubled.
func (m *Machine) tidy() {
	if !m.cfg.Private || len(m.overlay) < max(m.tidyAt, firstTidy) {
		return
	}
	seen := superseded{said: map[string]bool{}, items: map[string]bool{}}
	kept := make([]numbered, 0, len(m.overlay))
	for i := len(m.overlay) - 1; i >= 0; i-- {
		if o := m.overlay[i]; len(kept) < maxPrivateOps && seen.counts(o.op) {
			kept = append(kept, o)
		} else {
			m.dropOp(o.n)
			m.keepReader() // the op was where its tab's number was kept
		}
	}
	slices.Reverse(kept)
	m.overlay, m.tidyAt = kept, 2*len(kept)
}

// superseded are what later ops said, looking from the last one back.
type superseded struct {
	said  map[string]bool // ops as bytes, without times
	items map[string]bool // false: forgotten
}

// counts tells whether an op still makes a difference to the profile: of a wish the last word, of an item whatever was
// said of it first among equals, for of its events the last of the strongest counts.
func (s *superseded) counts(op wire.Op) bool {
	op.AtMillis = 0
	last := true
	if op.Event {
		known, named := s.items[op.Item]
		switch {
		case named && !known, !named && len(s.items) == maxPrivateItems:
			return false
		case op.Kind == core.KindForget:
			s.items[op.Item] = false // what is earlier is void
			last = false
		default:
			s.items[op.Item] = true
		}
	} else {
		last = op.Preference.Weight != 0
		op.Preference.Weight = 0
	}
	key := string(wire.Encode(&wire.Ops{Ops: []wire.Op{op}}))
	if s.said[key] {
		return false
	}
	s.said[key] = true
	return last
}

// export tells all that is kept of the reader.
func (m *Machine) export() {
	m.profileChanged()
	e := Exported{Client: m.cfg.Client}
	for _, g := range m.guests {
		e.Ops = append(e.Ops, g.Ops...)
	}
	for _, n := range m.overlay {
		e.Ops = append(e.Ops, n.op)
	}
	m.emit(e)
}
