package replica

import (
	"nigh/core"
	"nigh/core/wire"
)

// catalog is what a machine holds of the server's.
type catalog struct {
	index               *core.Index // of all shelves in view; nil as long as there was none
	epoch, seq, learned uint64      // seq: where deltas led; a shelf that came later may be ahead of it
	total, of           uint64      // items and shelves of the server's whole catalog
	shelves             []*shelf    // none contains another
}

// shelf is a part of a catalog that is held, or on its way.
//
// Invariant: items, sum and bytes are of what the index holds of it.
type shelf struct {
	id       wire.Shelf
	shown    bool   // its items are in the index
	followed bool   // and deltas lead on from them. If not, they stay in view until a snapshot takes their place
	entering bool   // a snapshot was announced
	seq      uint64 // position of what is shown
	items    uint64
	sum      uint64
	bytes    int // packed
	coming   *coming
}

// coming is a snapshot on its way. It outlives connections: the next one goes on behind upTo.
type coming struct {
	seq, learned uint64
	upTo         core.ItemNum
	records      map[core.ItemNum]*core.Record
	sum          uint64
	bytes        int
}

// find returns the shelf of that name, nil if there is none.
func (c *catalog) find(id wire.Shelf) *shelf {
	for _, s := range c.shelves {
		if s.id == id {
			return s
		}
	}
	return nil
}

// around returns the shelf that contains id.
func (c *catalog) around(id wire.Shelf) *shelf {
	for _, s := range c.shelves {
		if s.id.Contains(id) {
			return s
		}
	}
	return nil
}

// shelfOf returns the shelf that a key belongs to.
func (c *catalog) shelfOf(k wire.Key) *shelf {
	for _, s := range c.shelves {
		if s.id.Holds(k) {
			return s
		}
	}
	return nil
}

// whole tells whether the catalog is all of the server's, at one position.
func (c *catalog) whole() bool {
	items := uint64(0)
	for _, s := range c.shelves {
		if !s.shown || !s.followed || s.seq > c.seq {
			return false
		}
		items += s.items
	}
	return c.index != nil && items == c.total
}

// behind tells whether shelves that are followed stand before a position: deltas up to it have not come.
func (c *catalog) behind(seq uint64) bool {
	for _, s := range c.shelves {
		if s.shown && s.followed && s.seq <= c.seq && seq > c.seq {
			return true
		}
	}
	return false
}

// held returns how many shelves are in view, and the packed bytes of all that is held.
func (c *catalog) held() (shelves, bytes int) {
	for _, s := range c.shelves {
		more := 0
		if s.coming != nil {
			more = s.coming.bytes
		}
		if s.shown {
			shelves++
			more = max(more, s.bytes)
		}
		bytes += more
	}
	return shelves, bytes
}

// count adds a record to what s holds of the index, or takes it out.
func (s *shelf) count(r *core.Record, into bool) {
	sum, size := weigh(r)
	if into {
		s.items, s.sum, s.bytes = s.items+1, s.sum+sum, s.bytes+size
	} else {
		s.items, s.sum, s.bytes = s.items-1, s.sum-sum, s.bytes-size
	}
}

func weigh(r *core.Record) (sum uint64, size int) {
	packed := wire.AppendRecord(nil, r)
	return wire.RecordSum(packed), len(packed)
}

// remove takes an item out of the index.
func (c *catalog) remove(r *core.Record) {
	if s := c.shelfOf(wire.KeyOf(r)); s != nil && s.shown {
		s.count(r, false)
	}
	c.index.Delete(r.Num)
}

// rearrange makes the shelves those of a message; false if it keeps one that is not held. What leaves is out of the
// index then.
func (c *catalog) rearrange(m *wire.Shelves) (gone []core.ItemNum, ok bool) {
	var next []*shelf
	part := func(of *shelf, id wire.Shelf) *shelf {
		if of.id == id {
			return of
		}
		s := &shelf{id: id, shown: of.shown, followed: of.followed, seq: of.seq}
		if of.coming != nil {
			s.coming = of.coming.part(id)
		}
		return s
	}
	for _, id := range m.Keep {
		of := c.around(id)
		if of == nil || !of.shown || !of.followed || !id.Valid() {
			return nil, false
		}
		next = append(next, part(of, id))
	}
	for _, id := range m.Enter {
		if !id.Valid() {
			return nil, false
		}
		s := &shelf{id: id}
		if of := c.around(id); of != nil {
			s = part(of, id)
		}
		s.followed, s.entering = false, true
		next = append(next, s)
	}
	for i, s := range next {
		for _, t := range next[:i] {
			if s.id.Contains(t.id) || t.id.Contains(s.id) {
				return nil, false
			}
		}
	}
	leaves := false
	for _, s := range c.shelves {
		in := false
		for _, t := range next {
			in = in || s.id == t.id
		}
		leaves = leaves || !in && s.shown
	}
	before := c.shelves
	c.shelves, c.of, c.total = next, m.Of, m.Items
	if leaves && c.index != nil {
		gone = c.recount(before)
	}
	return gone, true
}

// recount counts the items of shelves that were split off others, and takes out of the index what is on no shelf.
func (c *catalog) recount(before []*shelf) (gone []core.ItemNum) {
	old := map[*shelf]bool{}
	for _, s := range before {
		old[s] = true
	}
	c.index.Each(func(r *core.Record) bool {
		s := c.shelfOf(wire.KeyOf(r))
		switch {
		case s == nil || !s.shown:
			gone = append(gone, r.Num)
		case !old[s]:
			s.count(r, true)
		}
		return true
	})
	for _, n := range gone {
		c.index.Delete(n)
	}
	return gone
}

// part is what of a snapshot on its way belongs to a shelf that was split off.
func (c *coming) part(id wire.Shelf) *coming {
	p := &coming{seq: c.seq, learned: c.learned, upTo: c.upTo, records: map[core.ItemNum]*core.Record{}}
	for _, r := range c.records {
		if id.Holds(wire.KeyOf(r)) {
			p.put(r)
		}
	}
	return p
}

func (c *coming) put(r *core.Record) {
	c.delete(r.Num)
	sum, size := weigh(r)
	c.sum, c.bytes = c.sum+sum, c.bytes+size
	c.records[r.Num] = r
}

func (c *coming) delete(n core.ItemNum) {
	if old := c.records[n]; old != nil {
		sum, size := weigh(old)
		c.sum, c.bytes = c.sum-sum, c.bytes-size
		delete(c.records, n)
	}
}

// forget lets go of the position too.
func (c *catalog) forget() {
	for _, s := range c.shelves {
		s.followed, s.coming = false, nil
	}
	c.seq = 0
}

// hold tells the server what is held.
func (c *catalog) hold() (out []wire.Held) {
	for _, s := range c.shelves {
		switch {
		case s.coming != nil && s.coming.upTo > 0:
			out = append(out, wire.Held{Shelf: s.id, Seq: s.coming.seq, UpTo: s.coming.upTo})
		case s.shown && s.followed:
			out = append(out, wire.Held{Shelf: s.id, Seq: max(s.seq, c.seq)})
		}
	}
	return out
}
