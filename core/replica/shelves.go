package replica

import (
	"nigh/core"
	"nigh/core/wire"
)

// catching returns the catalog that the server's frames are about: the one in view, or one of another epoch that is
// built aside.
func (m *Machine) catching() *catalog {
	if m.next != nil {
		return m.next
	}
	return &m.catalog
}

// adopt begins a catalog of another epoch than that in view. Item numbers mean other items in it, so it takes the place
// of what is in view whole.
func (m *Machine) adopt(epoch uint64) {
	switch {
	case epoch == m.epoch:
		m.next = nil
	case m.index == nil:
		m.takeOver(&catalog{epoch: epoch})
	case m.next == nil || m.next.epoch != epoch:
		m.next = &catalog{epoch: epoch}
	}
}

func (m *Machine) takeOver(c *catalog) {
	if c.epoch != m.epoch { // item numbers mean other items now
		m.base, m.baseOp = profile{preferences: m.base.preferences}, 0
		m.cards = nil
	}
	m.catalog, m.next = *c, nil
	m.link()
	m.keepCatalog()
	m.keepReader() // whose numbers are of this epoch now
}

// link lets items of the history that stand on no shelf count with the damp that their card tells.
func (m *Machine) link() {
	if m.index != nil {
		m.index.Beside(m.cards)
	}
	if m.cards != nil {
		m.cards.Beside(m.index)
	}
}

// arrange obeys the server's choice of shelves.
func (m *Machine) arrange(s *wire.Shelves) {
	c := m.catching()
	gone, ok := c.rearrange(s)
	m.overdue = m.overdue || !m.arranged && len(s.Keep) > 0
	m.arranged = true
	if !ok {
		m.abandon(wire.CloseProtocol, "the server keeps a shelf that is not held")
		return
	}
	if c != &m.catalog {
		return
	}
	if c.index == nil && len(s.Enter) == 0 {
		c.index = core.NewIndex()
		m.link()
	}
	m.keepItems(gone)
	if len(gone) > 0 {
		m.rebuild()
		m.answerAll(false)
	}
}

// snapshot takes a chunk of a shelf that enters.
func (m *Machine) snapshot(s *wire.Snapshot) {
	c := m.catching()
	to := c.find(s.Shelf)
	if to == nil || !to.entering || s.Epoch != c.epoch || s.UpTo < s.After {
		m.abandon(wire.CloseProtocol, "a snapshot of a shelf that was not announced")
		return
	}
	if m.overdue || len(m.parts) > 0 || m.stepped && c.behind(s.Seq) {
		m.abandon(wire.CloseProtocol, "a delta before a snapshot is missing")
		return
	}
	if s.After == 0 {
		to.coming = &coming{records: map[core.ItemNum]*core.Record{}}
	}
	b := to.coming
	if b == nil || b.upTo != s.After || s.Seq < b.seq {
		to.coming = nil
		m.abandon(wire.CloseProtocol, "a chunk of a snapshot is missing")
		return
	}
	for _, n := range s.Deleted {
		b.delete(n)
	}
	for _, columns := range s.Records {
		records, err := wire.ReadRecords(columns)
		for _, r := range records {
			if r.Num > s.UpTo || !s.Shelf.Holds(wire.KeyOf(r)) {
				err = wire.ErrTorn
				break
			}
			b.put(r)
		}
		if err != nil {
			to.coming = nil
			m.abandon(wire.CloseProtocol, "a record of a snapshot is torn, or of another shelf")
			return
		}
	}
	b.seq, b.learned, b.upTo = s.Seq, s.Learned, s.UpTo
	m.makeRoom(c)
	if !s.Last {
		return
	}
	if b.sum != s.Sum || uint64(len(b.records)) != s.Items {
		to.coming = nil
		m.abandon(wire.CloseProtocol, "a shelf's checksum does not hold")
		return
	}
	m.enter(c, to)
}

// makeRoom takes former states out of view where there is no room for them beside what takes their place: how large they
// are the server does not know.
func (m *Machine) makeRoom(c *catalog) {
	if m.cfg.Budget == 0 || c.index == nil {
		return
	}
	var gone []core.ItemNum
	for _, s := range c.shelves {
		if _, bytes := c.held(); uint64(bytes) <= m.cfg.Budget {
			break
		}
		if !s.shown || s.followed {
			continue
		}
		s.shown, s.items, s.sum, s.bytes = false, 0, 0, 0
		c.index.Each(func(r *core.Record) bool {
			if s.id.Holds(wire.KeyOf(r)) {
				gone = append(gone, r.Num)
			}
			return true
		})
	}
	for _, n := range gone {
		c.index.Delete(n)
	}
	if len(gone) > 0 && c == &m.catalog {
		m.keepItems(gone)
		m.rebuild()
		m.answerAll(false)
	}
}

// enter brings a shelf into view whose checksum holds.
func (m *Machine) enter(c *catalog, s *shelf) {
	if c.index == nil {
		c.index = core.NewIndex()
		if c == &m.catalog {
			m.link()
		}
	}
	b := s.coming
	var changed []core.ItemNum
	if s.shown { // a former state of it
		c.index.Each(func(r *core.Record) bool {
			if b.records[r.Num] == nil && s.id.Holds(wire.KeyOf(r)) {
				changed = append(changed, r.Num)
			}
			return true
		})
	}
	for _, n := range changed {
		c.index.Delete(n)
	}
	s.items, s.sum, s.bytes = uint64(len(b.records)), b.sum, b.bytes
	all := make([]*core.Record, 0, len(b.records))
	for _, r := range b.records {
		all = append(all, r)
	}
	filled := c.index.Fill(all) // a first snapshot
	for n, r := range b.records {
		changed = append(changed, n)
		if filled {
			continue
		}
		if old := c.index.Get(n); old != nil { // which counted for another shelf before it moved here
			if of := c.shelfOf(wire.KeyOf(old)); of != nil && of != s && of.shown {
				of.count(old, false)
			}
		}
		if was, ok := c.index.NumOf(r.ID); ok && was != n { // a former item of the id, on a shelf that is not followed
			changed = append(changed, was)
			c.remove(c.index.Get(was))
		}
		c.index.Put(r)
	}
	s.shown, s.followed, s.entering, s.seq, s.coming = true, true, false, b.seq, nil
	if c != &m.catalog {
		return
	}
	m.keepItems(changed)
	m.rebuild()
	m.answerAll(false)
}

// cardsCame keeps records of items beside the shelves. They are in no list of the machine's own.
func (m *Machine) cardsCame(msg *wire.Cards) {
	var records []*core.Record
	for _, columns := range msg.Records {
		some, err := wire.ReadRecords(columns)
		if err != nil {
			m.abandon(wire.CloseProtocol, "a card is torn")
			return
		}
		records = append(records, some...)
	}
	if m.cards == nil || msg.Reset {
		m.cards = core.NewIndex()
	}
	for _, r := range records {
		if n, ok := m.cards.NumOf(r.ID); ok && n != r.Num {
			m.cards.Delete(n)
		}
		m.cards.Put(r)
	}
	if m.cards.Len() > wire.MaxCards {
		m.abandon(wire.CloseProtocol, "more cards than a client keeps")
		m.cards = nil
	}
	m.link()
	m.rebuild()
	m.answerAll(false)
}

// record returns what is known of an item, on a shelf or beside.
func (m *Machine) record(n core.ItemNum) *core.Record {
	if m.index != nil {
		if r := m.index.Get(n); r != nil {
			return r
		}
	}
	if m.cards != nil {
		return m.cards.Get(n)
	}
	return nil
}

func (m *Machine) numOf(id core.ItemID) (core.ItemNum, bool) {
	if m.index != nil {
		if n, ok := m.index.NumOf(id); ok {
			return n, true
		}
	}
	if m.cards != nil {
		return m.cards.NumOf(id)
	}
	return 0, false
}
