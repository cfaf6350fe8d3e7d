package catalog

import (
	"context"
	"slices"
	"sync"

	"nigh/core"
	"nigh/core/wire"
	"nigh/server/store"
)

// limits are bounds of what is sent and committed at once; the simulation makes them small.
type limits struct {
	snapshotChunk int // bytes of records in one frame of a snapshot
	catchUp       int // bytes of records in the deltas that catch up
	flush         int // records of one commit of learned weights
	past          int // visits of readers whom a replay of all events keeps at a time, half of them at least
	shelf         int // items of a shelf
	tombstones    int // that are kept, half of them at least
	replan        int // milliseconds between two choices of shelves for a client
}

var defaultLimits = limits{
	snapshotChunk: 256 << 10, catchUp: wire.MaxServerFrame / 2, flush: 256, past: 1 << 20,
	shelf: 2048, tombstones: 1 << 14, replan: 20_000,
}

// snapshots are shelves at one position.
type snapshots struct {
	layout  *layout
	shelves []*shelfSnapshot
}

// shelfSnapshot is a shelf as it has been since a position, encoded by the first who needs it and shared by all.
type shelfSnapshot struct {
	info    shelfInfo
	epoch   uint64
	seq     store.Seq
	learned uint64
	chunk   int
	records []*core.Record // ascending
	seqs    []store.Seq    // of their last changes
	gone    []departure    // up to seq, of all shelves
	once    sync.Once
	frames  [][]byte
	upTo    []core.ItemNum // of each frame
}

// snapshot returns what of some shelves there is (each or its parts) at the present position. Learned weights that were
// not committed yet are committed first, so that the position says all that the snapshots hold.
func (c *Catalog) snapshot(ctx context.Context, shelves ...wire.Shelf) (*snapshots, error) {
	r := &request{snapshot: &snapshotRequest{shelves: shelves}}
	if err := c.call(ctx, r); err != nil {
		return nil, err
	}
	return &r.snapshot.snapshots, nil
}

// takeSnapshot fills a request. A shelf that did not change since it was taken last is not taken again.
func (c *Catalog) takeSnapshot(r *snapshotRequest) error {
	o := &c.owner
	if len(r.shelves) > 0 {
		if err := c.flushRecords(context.Background()); err != nil {
			return err
		}
	}
	l := o.shelving.layout
	r.layout = l
	x := c.sides.current()
	for _, id := range r.shelves {
		for _, info := range l.under(id) {
			s := o.snapshots[info.id]
			if s == nil || s.seq < info.seq || s.info.items != info.items || s.info.sum != info.sum {
				s = &shelfSnapshot{info: info, epoch: c.epoch, seq: l.seq, learned: l.learned, chunk: c.limits.snapshotChunk, gone: o.shelving.gone}
				for _, n := range o.shelving.members(info.id) {
					s.records = append(s.records, x.Get(n))
					s.seqs = append(s.seqs, o.shelving.places[n].seq)
				}
				if o.snapshots == nil {
					o.snapshots = map[wire.Shelf]*shelfSnapshot{}
				}
				o.snapshots[info.id] = s
			}
			r.snapshots.shelves = append(r.snapshots.shelves, s)
		}
	}
	for id := range o.snapshots {
		if !slices.ContainsFunc(l.under(id), func(i shelfInfo) bool { return i.id == id }) {
			delete(o.snapshots, id) // it was split
		}
	}
	return nil
}

// message is an empty chunk of the snapshot.
func (s *shelfSnapshot) message() *wire.Snapshot {
	return &wire.Snapshot{Epoch: s.epoch, Seq: s.seq, Learned: s.learned, Items: s.info.items, Sum: s.info.sum, Shelf: s.info.id}
}

// encode makes the chunks of a snapshot. The columnar form of records plugs in here: a chunk is what is encoded at once.
func (s *shelfSnapshot) encode() {
	m := s.message()
	size := 0
	cut := func(upTo core.ItemNum, last bool) {
		m.UpTo, m.Last = upTo, last
		s.frames, s.upTo = append(s.frames, wire.Encode(m)), append(s.upTo, upTo)
		m.After, m.Records, size = upTo, nil, 0
	}
	for i, r := range s.records {
		packed := wire.AppendRecord(nil, r)
		if size+len(packed) > s.chunk && size > 0 {
			cut(s.records[i-1].Num, false)
		}
		m.Records = append(m.Records, packed)
		size += len(packed)
	}
	cut(lastNum, true)
}

// lastNum is above every item's number.
const lastNum core.ItemNum = 1<<32 - 1

// all returns the frames of the snapshot from its beginning, to be shared.
func (s *shelfSnapshot) all() [][]byte {
	s.once.Do(s.encode)
	return s.frames
}

// behind returns the frames for a client that has the items up to a number as they were at a position: what of these has
// changed or is gone since, with what is missing of the chunk where it stopped; then the others, to be shared.
func (s *shelfSnapshot) behind(from store.Seq, after core.ItemNum) (first []byte, rest [][]byte) {
	s.once.Do(s.encode)
	i, _ := slices.BinarySearch(s.upTo, after+1)
	if after >= lastNum || i == len(s.upTo) {
		i = len(s.upTo) - 1
	}
	m := s.message()
	m.After, m.UpTo, m.Last = after, s.upTo[i], i == len(s.upTo)-1
	for j, r := range s.records {
		if r.Num > m.UpTo {
			break
		}
		if r.Num > after || s.seqs[j] > from {
			m.Records = append(m.Records, wire.AppendRecord(nil, r))
		}
	}
	for _, d := range since(s.gone, from) {
		if _, here := slices.BinarySearchFunc(s.records, d.num, func(r *core.Record, n core.ItemNum) int { return int(int64(r.Num) - int64(n)) }); !here && d.num <= after {
			m.Deleted = append(m.Deleted, d.num)
		}
	}
	return wire.Encode(m), s.frames[i+1:]
}

// since returns the departures after a position.
func since(gone []departure, from store.Seq) []departure {
	i, _ := slices.BinarySearchFunc(gone, from+1, func(d departure, seq store.Seq) int {
		if d.seq < seq {
			return -1
		}
		return 1
	})
	return gone[i:]
}

// caughtUp is what leads shelves from their positions to another one.
type caughtUp struct {
	to    store.Seq
	parts map[wire.Shelf]*wire.Delta
	gone  []core.ItemNum // tombstones, and items that changed their shelf; some of them may be in parts all the same
}

// catchUp reads from the store what has happened to shelves since their positions. A shelf to which too much has happened
// has no part. The state that it leads to may be ahead of what is published.
func (c *Catalog) catchUp(ctx context.Context, from map[wire.Shelf]store.Seq) (*caughtUp, error) {
	out := &caughtUp{parts: map[wire.Shelf]*wire.Delta{}}
	first := ^store.Seq(0)
	keys := make([]wire.Shelf, 0, len(from))
	for id, seq := range from {
		first = min(first, seq)
		keys = append(keys, id)
		out.parts[id] = &wire.Delta{Part: true}
	}
	slices.SortFunc(keys, func(a, b wire.Shelf) int { return int(int64(a.First()) - int64(b.First())) })
	l := &layout{}
	for _, id := range keys {
		l.shelves = append(l.shelves, shelfInfo{id: id})
	}
	out.to = first
	size := map[wire.Shelf]int{}
	err := c.store.EachRecord(ctx, first, func(r store.StoredRecord) error {
		out.to = max(out.to, r.Seq)
		if r.Deleted {
			out.gone = append(out.gone, r.Num)
			return nil
		}
		rec, err := wire.ReadRecord(r.Record)
		if err != nil {
			return err
		}
		id := l.of(wire.KeyOf(rec))
		if id != 0 && r.Seq <= from[id] {
			return nil // the client has it, where it stands now
		}
		if r.Moved > first {
			out.gone = append(out.gone, r.Num)
		}
		if out.parts[id] == nil {
			return nil // a shelf that is not held, or has changed too much
		}
		if size[id] += len(r.Record); size[id] > c.limits.catchUp {
			delete(out.parts, id)
			return nil
		}
		out.parts[id].Records = append(out.parts[id].Records, slices.Clone(r.Record))
		return nil
	})
	return out, err
}
