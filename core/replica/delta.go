package replica

import (
	"nigh/core"
	"nigh/core/wire"
)

// step is what a delta and its parts change, read whole before any of it is applied.
type step struct {
	deleted []*core.Record // as they are held
	put     []*core.Record
	log     wire.Delta // all of it in one, as it is stored; of what is deleted only what was held
}

// delta takes a part of a step, or its end, at which all of it is applied.
func (m *Machine) delta(d *wire.Delta) {
	m.parts = append(m.parts, d)
	if d.Part {
		return
	}
	parts := m.parts
	m.parts, m.overdue, m.stepped = nil, false, true
	c := m.catching()
	if c.epoch == 0 || d.From != c.seq || d.To < d.From {
		m.abandon(wire.CloseProtocol, "a delta does not follow on the position held")
		return
	}
	s, fault := c.read(parts)
	if fault == "" {
		fault = c.check(s, d)
	}
	if fault != "" {
		m.abandon(wire.CloseProtocol, fault)
		return
	}
	c.apply(s, d)
	if c == m.next {
		m.takeOver(c)
	} else {
		m.keepDelta(&s)
		m.makeRoom(c)
	}
	m.caughtUp()
	m.rebuild()
	m.answerAll(false)
}

// read reads a step's parts; fault says what is wrong with them.
func (c *catalog) read(parts []*wire.Delta) (s step, fault string) {
	end := parts[len(parts)-1]
	s.log = wire.Delta{From: end.From, To: end.To, Learned: end.Learned}
	put := map[core.ItemNum]int{}
	for _, d := range parts {
		if d.To != end.To {
			return s, "parts of two deltas are mixed"
		}
		for _, columns := range d.Records {
			records, err := wire.ReadRecords(columns)
			if err != nil {
				return s, "a record of a delta is torn"
			}
			for _, r := range records {
				if _, twice := put[r.Num]; twice {
					return s, "a delta has an item twice"
				}
				put[r.Num] = len(s.put)
				s.put = append(s.put, r)
			}
			s.log.Records = append(s.log.Records, columns)
		}
	}
	if c.index == nil {
		if len(s.put) > 0 {
			return s, "a delta to nothing"
		}
		return s, ""
	}
	gone := map[core.ItemNum]bool{}
	for _, d := range parts {
		for _, n := range d.Deleted {
			if _, again := put[n]; again || gone[n] {
				continue // it moved from a shelf to another
			}
			if r := c.index.Get(n); r != nil {
				gone[n] = true
				s.deleted, s.log.Deleted = append(s.deleted, r), append(s.log.Deleted, n)
			}
		}
	}
	for _, d := range parts {
		for _, columns := range d.Weights {
			weights, err := wire.ReadAllWeights(columns)
			if err != nil {
				return s, "the weights of a delta are torn"
			}
			for _, w := range weights {
				i, also := put[w.Num]
				r := c.index.Get(w.Num)
				if also {
					r = s.put[i]
				}
				if r == nil || gone[w.Num] {
					c.doubt()
					return s, "a delta speaks of items that are not there"
				}
				if r = r.With(w); also {
					s.put[i] = r
				} else {
					put[w.Num] = len(s.put)
					s.put = append(s.put, r)
				}
			}
			s.log.Weights = append(s.log.Weights, columns)
		}
	}
	ids := map[core.ItemID]bool{}
	for _, r := range s.put {
		n, held := c.index.NumOf(r.ID)
		if held && n != r.Num && !gone[n] {
			old := c.index.Get(n)
			if of := c.shelfOf(wire.KeyOf(old)); of == nil || of.followed {
				c.doubt()
				return s, "a delta gives an id to two items"
			}
			gone[n] = true // of a former state that is in view until a snapshot takes its place
			s.deleted, s.log.Deleted = append(s.deleted, old), append(s.log.Deleted, n)
		}
		if ids[r.ID] {
			c.doubt()
			return s, "a delta gives an id to two items"
		}
		ids[r.ID] = true
	}
	if c.index.Len()+len(s.put) > core.MaxItems {
		return s, "more items than a catalog can hold"
	}
	return s, ""
}

// doubt lets go of all shelves: what is in view stays, and the next hello asks for it anew.
func (c *catalog) doubt() {
	for _, s := range c.shelves {
		s.followed = false
	}
}

// check tells whether a step leads every shelf to its checkpoint.
func (c *catalog) check(s step, d *wire.Delta) (fault string) {
	after := map[*shelf]*shelf{}
	at := func(r *core.Record) *shelf {
		of := c.shelfOf(wire.KeyOf(r))
		if of == nil || !of.shown {
			return nil
		}
		if after[of] == nil {
			after[of] = &shelf{items: of.items, sum: of.sum}
		}
		return after[of]
	}
	for _, r := range s.deleted {
		if of := at(r); of != nil {
			of.count(r, false)
		}
	}
	for _, r := range s.put {
		if old := c.index.Get(r.Num); old != nil {
			if of := at(old); of != nil {
				of.count(old, false)
			}
		}
		of := at(r)
		if of == nil {
			return "a delta brings an item of a shelf that is not held"
		}
		of.count(r, true)
	}
	for _, p := range d.Checkpoints {
		of := c.find(p.Shelf)
		if of == nil || !of.shown || !of.followed || of.seq > d.To {
			continue
		}
		got := after[of]
		if got == nil {
			got = of
		}
		if got.items != p.Items || got.sum != p.Sum {
			of.followed = false
			fault = "a shelf's checksum does not hold"
		}
		delete(after, of)
	}
	for of := range after {
		if of.followed && of.seq < d.To {
			of.followed = false
			fault = "a delta changes a shelf without its checkpoint"
		}
	}
	return fault
}

// apply carries out what was read and checked.
func (c *catalog) apply(s step, d *wire.Delta) {
	for _, r := range s.deleted {
		c.remove(r)
	}
	for _, r := range s.put { // ids may go from one of these to another
		if old := c.index.Get(r.Num); old != nil && old.ID != r.ID {
			c.remove(old)
		}
	}
	for _, r := range s.put {
		if old := c.index.Get(r.Num); old != nil {
			if of := c.shelfOf(wire.KeyOf(old)); of != nil && of.shown {
				of.count(old, false)
			}
		}
		c.shelfOf(wire.KeyOf(r)).count(r, true)
		c.index.Put(r)
	}
	c.seq, c.learned, c.total = d.To, d.Learned, d.Items
	for _, of := range c.shelves {
		if of.shown && of.followed {
			of.seq = max(of.seq, d.To)
		}
	}
}
