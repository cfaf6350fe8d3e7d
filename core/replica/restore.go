package replica

import (
	"nigh/core"
	"nigh/core/text"
	"nigh/core/wire"
)

// restore takes up what Restore brought. What is torn or foreign is left out and taken out of the store: of a catalog
// all of it, for it is whole or nothing; of ops the one.
func (m *Machine) restore() {
	entries := m.restores
	m.restores, m.began = nil, true
	sortEntries(entries) // and with them ops and deltas, whose numbers stand in their keys
	var reader readerState
	var ops []numbered
	var guests []Entry
	clients := map[uint64]string{}
	catalog, k := stored{}, &m.keeping
	known, isKnown := false, false
	for _, e := range entries {
		if hasPrefix(e.Key, guestPrefix) {
			guests = append(guests, e)
			continue
		}
		payload, _, ok := unseal(e)
		switch {
		case e.Key == readerKey:
			if ok {
				reader, known = readReader(payload)
			}
		case e.Key == policyKey:
			if ok {
				m.policy, m.skew, isKnown = readPolicy(payload)
			}
			if isKnown {
				k.policy = string(payload)
			}
		case hasPrefix(e.Key, opPrefix):
			n, client := numbered{}, ""
			if ok {
				n, client, ok = readOp(payload)
			}
			if ok = ok && e.Key == opKey(n.n); ok {
				ops = append(ops, n)
				clients[n.n] = client
			} else {
				k.delete(e.Key)
			}
		case hasPrefix(e.Key, catalog0):
			catalog.take(e.Key[len(catalog0):], e)
		default:
			k.delete(e.Key)
		}
	}
	m.restoreReader(reader, known, ops, clients)
	m.takeGuests(guests)
	if m.policy != nil {
		m.analyzer = text.NewAnalyzer(m.policy.Language, m.policy.Languages...)
	}
	if m.policy == nil || !m.restoreCatalog(&catalog) {
		if len(catalog.blocks)+len(catalog.log)+len(catalog.head) > 0 || catalog.torn {
			k.clear(catalog0)
		}
	}
	if len(entries) > 0 {
		m.rebuild()
		m.answerAll(true)
	}
	m.commit()
}

// sortEntries sorts by key, by insertion: a store gives its entries in order, and slices.SortFunc is 20 kB of module.
func sortEntries(all []Entry) {
	for i, e := range all {
		for ; i > 0 && all[i-1].Key > e.Key; i-- {
			all[i] = all[i-1]
		}
		all[i] = e
	}
}

func hasPrefix(s, prefix string) bool { return len(s) >= len(prefix) && s[:len(prefix)] == prefix }

// restoreReader takes up the reader and the outbox. Without the reader's entry its ops alone tell who gave them.
func (m *Machine) restoreReader(s readerState, known bool, ops []numbered, clients map[uint64]string) {
	switch {
	case known:
		m.cfg.Client, m.acked, m.baseOp, m.epoch, m.base, m.taken = s.client, s.acked, s.baseOp, s.epoch, s.base, s.taken
	case len(ops) > 0:
		m.cfg.Client = clients[ops[0].n]
		m.acked = ops[0].n - 1
		m.baseOp = m.acked
	}
	m.last = m.acked
	for _, n := range ops {
		if n.n <= m.acked || clients[n.n] != m.cfg.Client || !m.cfg.Private && n.n-m.last > MaxOutbox {
			m.dropOp(n.n)
			continue
		}
		if !m.hasTaken(n.origin) {
			m.take(n.origin)
		}
		if m.cfg.Private { // whose numbers need not follow on each other
			m.last = n.n
			m.overlay = append(m.overlay, n)
			continue
		}
		// A number that is missing was an op that the store lost. The server must be told something under it, or it
		// would wait for it: this wish changes nothing.
		for m.last++; m.last < n.n; m.last++ {
			void := wire.Op{AtMillis: n.op.AtMillis, Preference: core.Preference{Kind: core.PreferTag, Key: "nigh:lost"}}
			m.outbox = append(m.outbox, numbered{n: m.last, op: void})
			m.keepOp(m.outbox[len(m.outbox)-1])
		}
		m.outbox = append(m.outbox, n)
	}
	m.restored = m.last
	for _, n := range m.outbox {
		if n.n > m.baseOp {
			m.overlay = append(m.overlay, n)
		}
	}
	if !known {
		m.keepReader()
	}
}

// restoreCatalog makes an index of what is stored and shows it; false if it is not whole, not at one position, or there
// is none.
func (m *Machine) restoreCatalog(t *stored) bool {
	u := unpacker{b: t.head}
	at := position{u.uint(), u.uint(), u.uint()}
	items, blocks, sums, deltas := u.uint(), u.uint(), u.uint(), u.uint()
	c := catalog{epoch: at.epoch, seq: at.seq, learned: at.learned, total: u.uint(), of: u.uint()}
	shelves := readShelves(&u)
	if t.torn || !u.whole() || uint64(len(t.blocks)) != blocks || uint64(len(t.log)) != deltas || at.epoch != m.epoch && m.epoch != 0 {
		return false
	}
	s := shelfStore{prefix: catalog0, blocks: map[core.ItemNum]*storedBlock{}}
	late, ok := s.readLog(t.log, at)
	if !ok {
		return false
	}
	for i := range shelves {
		c.shelves = append(c.shelves, &shelf{id: shelves[i].id, shown: true, seq: shelves[i].seq})
	}
	in := restoring{catalog: &c, records: make([]*core.Record, 0, min(items, 64*blocks))}
	for _, part := range t.blocks {
		if !s.readBlock(part, at, late, &in) {
			return false
		}
	}
	for n, l := range late {
		if !s.putLate(n, l, &in) {
			return false
		}
	}
	c.index = core.NewIndex()
	if s.sums != sums || uint64(len(in.records)) != items || !c.index.Fill(in.records) {
		return false
	}
	for i, of := range c.shelves {
		want := &shelves[i]
		of.followed = want.followed
		if want.followed && (of.items != want.items || of.sum != want.sum || of.bytes != want.bytes) {
			return false
		}
	}
	m.catalog = c
	m.keeping.catalog = s
	return true
}

// restoring is a catalog whose records are being read.
type restoring struct {
	catalog *catalog
	records []*core.Record
}

// put adds a record that is so large and has such a checksum; false if it is of no shelf.
func (in *restoring) put(r *core.Record, sum uint64, size int) bool {
	of := in.catalog.shelfOf(wire.KeyOf(r))
	if of == nil {
		return false
	}
	of.items, of.sum, of.bytes = of.items+1, of.sum+sum, of.bytes+size
	in.records = append(in.records, r)
	return true
}

// readShelves reads what head wrote of shelves; those that contain each other are not of it.
func readShelves(u *unpacker) (out []shelf) {
	for len(u.b) > 0 && !u.bad {
		s := shelf{id: wire.Shelf(u.uint()), followed: u.uint() == 1, seq: u.uint(), items: u.uint(), sum: u.uint(), bytes: int(u.uint())}
		for i := range out {
			if out[i].id.Contains(s.id) || s.id.Contains(out[i].id) {
				u.bad = true
			}
		}
		if !s.id.Valid() {
			u.bad = true
		}
		out = append(out, s)
	}
	return out
}

// lateItem is an item that the log speaks of: as its block has it, nil if that does not, and what came after.
type lateItem struct {
	record  *core.Record
	changes []change
}

// change is what one delta did to an item: it has no other record or weights than these now.
type change struct {
	at      uint64 // position that the delta led to
	record  *core.Record
	weights *core.Weights // nil both: it was deleted
}

// readLog reads the deltas, which must follow on each other up to the position, by the items that they speak of.
func (s *shelfStore) readLog(log []storedPart, at position) (map[core.ItemNum]*lateItem, bool) {
	late := map[core.ItemNum]*lateItem{}
	for i, part := range log {
		msg, err := wire.Decode(part.payload)
		d, isDelta := msg.(*wire.Delta)
		if err != nil || !isDelta || d.To != part.key || d.From >= d.To || i > 0 && d.From != log[i-1].key {
			return nil, false
		}
		c, err := readChanges(d)
		if err != nil {
			return nil, false
		}
		add := func(n core.ItemNum, c change) {
			if late[n] == nil {
				late[n] = &lateItem{}
			}
			late[n].changes = append(late[n].changes, c)
		}
		for _, n := range c.deleted {
			add(n, change{at: d.To})
		}
		for _, r := range c.records {
			add(r.Num, change{at: d.To, record: r})
		}
		for j := range c.weights {
			add(c.weights[j].Num, change{at: d.To, weights: &c.weights[j]})
		}
		s.log = append(s.log, storedDelta{d.To, part.size})
		s.logSize += part.size
	}
	return late, len(log) == 0 || log[len(log)-1].key == at.seq
}

// readBlock puts the items of a block into the catalog but for those that the log speaks of.
func (s *shelfStore) readBlock(part storedPart, at position, late map[core.ItemNum]*lateItem, in *restoring) bool {
	u := unpacker{b: part.payload}
	epoch, seq, number := u.uint(), u.uint(), u.uint()
	n := core.ItemNum(number)
	if u.bad || epoch != at.epoch || number != part.key || uint64(n) != number || seq > at.seq || s.blocks[n] != nil {
		return false
	}
	s.blocks[n] = &storedBlock{sum: part.sum, size: part.size, at: seq}
	s.bytes += part.size
	s.sums ^= part.sum
	for len(u.b) > 0 {
		packed := u.bytes()
		r, err := wire.ReadRecord(packed)
		if err != nil || r.Num>>blockBits != n {
			return false
		}
		if l := late[r.Num]; l != nil {
			l.record = r
		} else if !in.put(r, wire.RecordSum(packed), len(packed)) {
			return false
		}
	}
	return !u.bad
}

// putLate puts an item into the catalog as it is after all of the log that its block does not know.
func (s *shelfStore) putLate(n core.ItemNum, l *lateItem, in *restoring) bool {
	known := uint64(0)
	if b := s.blocks[n>>blockBits]; b != nil {
		known = b.at
	}
	r := l.record
	for _, c := range l.changes {
		if c.at <= known {
			continue
		}
		s.touch(n, c.at)
		switch {
		case c.weights == nil:
			r = c.record
		case r != nil: // else the block that held it is gone with its last item, and the log tells so further on
			r = r.With(*c.weights)
		}
	}
	if r == nil {
		return true
	}
	sum, size := weigh(r)
	return in.put(r, sum, size)
}
