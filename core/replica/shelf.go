package replica

import (
	"nigh/core"
	"nigh/core/wire"
)

// A catalog is stored as blocks of records and a log of the deltas since, so that a delta writes little more than
// itself. When the log has grown to a share of the blocks, each delta also rewrites the blocks whose changes are the
// oldest in the log, and what no block needs any more leaves it: every byte of a log is written five times or so in the
// end, and no step writes a whole catalog but that which takes a snapshot.
//
// A block says at which position it was written; of the log only what is later applies to it.

const (
	blockBits = 6 // 64 item numbers are a block: 16 to 40 kB as a rule
	logShare  = 4 // the log may be this part of the blocks
	// foldFactor is how many times its own bytes a delta may rewrite of blocks, beyond storeBounds.fold.
	foldFactor = 6
)

// storeBounds are bytes below which a log is not worth a thought; tests make them small.
type storeBounds struct {
	log  int // of the log
	fold int // of blocks rewritten by a delta
}

var defaultBounds = storeBounds{log: 64 << 10, fold: 64 << 10}

// shelfStore knows what the store holds of a catalog, without holding it.
type shelfStore struct {
	prefix  string
	blocks  map[core.ItemNum]*storedBlock
	bytes   int // of the blocks
	log     []storedDelta
	logSize int
	sums    uint64                // exclusive or of the blocks'
	dirty   map[core.ItemNum]bool // blocks that are out of date, besides what the log tells
}

type storedBlock struct {
	sum   uint64
	size  int    // 0: the store has none yet
	at    uint64 // position it was written at
	since uint64 // position of the first delta in the log that the block needs, 0 for none
}

type storedDelta struct {
	to   uint64
	size int
}

func (s *shelfStore) headKey() string                { return s.prefix + "head" }
func (s *shelfStore) logKey(to uint64) string        { return s.prefix + "log/" + hex(to) }
func (s *shelfStore) blockKey(b core.ItemNum) string { return s.prefix + "block/" + hex(uint64(b)) }

// position is where a shelf stands.
type position struct{ epoch, seq, learned uint64 }

// keepCatalog stores the catalog anew, after a snapshot.
func (m *Machine) keepCatalog() {
	if !m.keeping.on {
		return
	}
	s := &m.keeping.catalog
	*s = shelfStore{prefix: catalog0, blocks: map[core.ItemNum]*storedBlock{}}
	m.keeping.clear(s.prefix)
	if m.index == nil {
		s.blocks = nil
		return
	}
	m.index.Each(func(r *core.Record) bool {
		if b := r.Num >> blockBits; s.blocks[b] == nil {
			s.blocks[b] = &storedBlock{}
		}
		return true
	})
	for b := range s.blocks {
		s.write(&m.keeping, b, m.index, m.position())
	}
	s.head(&m.keeping, &m.catalog)
}

// keepItems stores what shelves brought or took with them. While shelves still enter it waits for them: with each of
// them nearly every block changes.
func (m *Machine) keepItems(nums []core.ItemNum) {
	k, s := &m.keeping, &m.keeping.catalog
	if !k.on || m.index == nil {
		return
	}
	if s.blocks == nil {
		m.keepCatalog()
		return
	}
	if s.dirty == nil {
		s.dirty = map[core.ItemNum]bool{}
	}
	for _, n := range nums {
		s.dirty[n>>blockBits] = true
	}
	for _, of := range m.shelves {
		if of.entering {
			return
		}
	}
	m.keepDirty()
	s.head(k, &m.catalog)
}

func (m *Machine) keepDirty() {
	s := &m.keeping.catalog
	for b := range s.dirty {
		if s.blocks[b] == nil {
			s.blocks[b] = &storedBlock{}
		}
		s.write(&m.keeping, b, m.index, m.position())
	}
	s.dirty = nil
	s.trim(&m.keeping)
}

func (m *Machine) position() position { return position{m.epoch, m.seq, m.learned} }

// keepDelta stores a delta that was just applied, and the position that it led to.
func (m *Machine) keepDelta(done *step) {
	k, s, d := &m.keeping, &m.keeping.catalog, &done.log
	if !k.on || m.index == nil || d.To == d.From && len(s.dirty) == 0 && s.blocks != nil {
		return // a revision alone is told again by the next hello's answer
	}
	if s.blocks == nil {
		m.keepCatalog()
		return
	}
	m.keepDirty()
	if d.To == d.From {
		s.head(k, &m.catalog)
		return
	}
	_, size := k.put(s.logKey(d.To), wire.Encode(d))
	s.log = append(s.log, storedDelta{d.To, size})
	s.logSize += size
	for _, r := range done.deleted {
		s.touch(r.Num, d.To)
	}
	for _, r := range done.put {
		s.touch(r.Num, d.To)
	}
	for left := k.bounds.fold + foldFactor*size; left > 0 && s.logSize > max(k.bounds.log, s.bytes/logShare); {
		b := s.oldest()
		left -= s.write(k, b, m.index, m.position())
		s.trim(k)
	}
	s.head(k, &m.catalog)
}

// changes are what a delta says, read.
type changes struct {
	deleted []core.ItemNum
	records []*core.Record
	weights []core.Weights
}

// readChanges reads all of a delta.
func readChanges(d *wire.Delta) (c changes, err error) {
	c.deleted = d.Deleted
	for _, columns := range d.Records {
		some, err := wire.ReadRecords(columns)
		if err != nil {
			return c, err
		}
		c.records = append(c.records, some...)
	}
	for _, columns := range d.Weights {
		some, err := wire.ReadAllWeights(columns)
		if err != nil {
			return c, err
		}
		c.weights = append(c.weights, some...)
	}
	return c, nil
}

func (s *shelfStore) touch(n core.ItemNum, at uint64) {
	b := s.blocks[n>>blockBits]
	if b == nil {
		b = &storedBlock{}
		s.blocks[n>>blockBits] = b
	}
	if b.since == 0 || at < b.since {
		b.since = at
	}
}

// oldest returns the block that needs the oldest delta of the log; there is one as long as there is a log.
func (s *shelfStore) oldest() (out core.ItemNum) {
	since := ^uint64(0)
	for n, b := range s.blocks {
		if b.since != 0 && (b.since < since || b.since == since && n < out) {
			out, since = n, b.since
		}
	}
	return out
}

// write puts a block as it is in the index, or deletes one without items, and returns how much it wrote. A block is
// epoch, position, number, and records packed one by one: in columns it would take a third less, and writing columns
// would cost the module 15 kB and a snapshot's step twice its time.
func (s *shelfStore) write(k *keeping, n core.ItemNum, x *core.Index, at position) int {
	var block, packed []byte
	for _, v := range []uint64{at.epoch, at.seq, uint64(n)} {
		block = appendUint(block, v)
	}
	empty := len(block)
	for i := range core.ItemNum(1) << blockBits {
		if r := x.Get(n<<blockBits + i); r != nil {
			packed = wire.AppendRecord(packed[:0], r)
			block = appendBytes(block, packed)
		}
	}
	b := s.blocks[n]
	if b.size > 0 {
		s.bytes -= b.size
		s.sums ^= b.sum
	}
	if len(block) == empty {
		delete(s.blocks, n)
		k.delete(s.blockKey(n))
		return 0
	}
	b.since, b.at = 0, at.seq
	b.sum, b.size = k.put(s.blockKey(n), block)
	s.bytes += b.size
	s.sums ^= b.sum
	return b.size
}

// trim drops what no block needs from the log.
func (s *shelfStore) trim(k *keeping) {
	needed := ^uint64(0)
	for _, b := range s.blocks {
		if b.since != 0 {
			needed = min(needed, b.since)
		}
	}
	for len(s.log) > 0 && s.log[0].to < needed {
		k.delete(s.logKey(s.log[0].to))
		s.logSize -= s.log[0].size
		s.log = s.log[1:]
	}
}

// head: epoch, position, learned revision, items, blocks, their sum, deltas in the log; items and shelves of the server's
// catalog; then each shelf in view: name, whether it is followed, position, items, checksum, bytes.
func (s *shelfStore) head(k *keeping, c *catalog) {
	stored := 0
	for _, b := range s.blocks {
		if b.size > 0 {
			stored++
		}
	}
	var b []byte
	for _, v := range []uint64{
		c.epoch, c.seq, c.learned, uint64(c.index.Len()), uint64(stored), s.sums, uint64(len(s.log)), c.total, c.of,
	} {
		b = appendUint(b, v)
	}
	for _, of := range c.shelves {
		if of.shown {
			followed := uint64(0)
			if of.followed {
				followed = 1
			}
			for _, v := range []uint64{uint64(of.id), followed, of.seq, of.items, of.sum, uint64(of.bytes)} {
				b = appendUint(b, v)
			}
		}
	}
	k.put(s.headKey(), b)
}

// stored is a shelf as entries of the store tell of it.
type stored struct {
	head   []byte
	blocks []storedPart
	log    []storedPart
	torn   bool
}

type storedPart struct {
	key     uint64
	payload []byte
	sum     uint64
	size    int
}

// take sorts in an entry of the shelf, key without its prefix.
func (t *stored) take(key string, e Entry) {
	payload, sum, ok := unseal(e)
	part := storedPart{payload: payload, sum: sum, size: len(e.Value)}
	switch {
	case !ok:
		t.torn = true
	case key == "head":
		t.head = payload
	case len(key) > 4 && key[:4] == "log/":
		part.key, ok = unhex(key[4:])
		t.log = append(t.log, part)
	case len(key) > 6 && key[:6] == "block/":
		part.key, ok = unhex(key[6:])
		t.blocks = append(t.blocks, part)
	}
	t.torn = t.torn || !ok
}
