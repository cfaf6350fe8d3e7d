package catalog

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"nigh/core"
	"nigh/core/wire"
	"nigh/server/store"
)

// limits are bounds of what is sent and committed at once; the simulation makes them small.
type limits struct {
	snapshotChunk int // bytes of records in one frame of a snapshot
	snapshotShare int // a snapshot is made anew when this part of it has changed since
	catchUp       int // bytes of records in the deltas that catch up
	flush         int // records of one commit of learned weights
	spare         int // pairs of a learner that may stay while another one is made
	past          int // visits of readers whom a replay of all events keeps at a time, half of them at least
	shelf         int // items of a shelf
	tombstones    int // that are kept, half of them at least
	replan        int // milliseconds between two choices of shelves for a client
}

var defaultLimits = limits{
	snapshotChunk: 1 << 20, snapshotShare: 8, catchUp: wire.MaxServerFrame / 2, flush: 256, past: 1 << 20,
	shelf: 2048, tombstones: 1 << 14, replan: 20_000, spare: 4 << 20,
}

// snapshots are shelves at one position.
type snapshots struct {
	layout  *layout
	shelves []*shelfSnapshot
}

// shelfSnapshot is a shelf as it is at a position, made for many: the chunks of its base, which may be older, and a last one
// that tells what has happened since. So while a catalog is edited, a new client costs what has changed.
type shelfSnapshot struct {
	info    shelfInfo
	epoch   uint64
	seq     store.Seq
	learned uint64
	records []*core.Record // ascending
	seqs    []store.Seq    // of their last changes
	gone    []departure    // up to seq, of all shelves
	base    *shelfBase
	once    sync.Once
	tail    *Frame
}

// shelfBase are chunks of a shelf at one position, encoded by the first who needs them. They are no whole snapshot.
type shelfBase struct {
	epoch   uint64
	info    shelfInfo
	seq     store.Seq
	learned uint64
	chunk   int
	nums    []core.ItemNum // ascending
	once    sync.Once
	records []*core.Record // nil once they are encoded
	frames  []*Frame
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

// takeSnapshot fills a request. A shelf that did not change since it was taken last is not taken again. Where nothing can
// be committed (the disk is full), readers are served all the same: what is not committed is not in their snapshots.
func (c *Catalog) takeSnapshot(r *snapshotRequest) error {
	o := &c.owner
	if len(r.shelves) > 0 {
		_ = c.flushRecords(context.Background()) // what it failed for stays in o.live
	}
	l := o.shelving.layout
	r.layout = l
	record := c.committedRecords()
	for _, id := range r.shelves {
		for _, info := range l.under(id) {
			s := o.snapshots[info.id]
			if s == nil || s.seq < info.seq || s.info.items != info.items || s.info.sum != info.sum {
				before := s
				s = &shelfSnapshot{info: info, epoch: c.epoch, seq: l.seq, learned: l.learned, gone: o.shelving.gone}
				for _, n := range o.shelving.members(info.id) {
					rec, err := record(n)
					if err != nil {
						return err
					}
					s.records = append(s.records, rec)
					s.seqs = append(s.seqs, o.shelving.places[n].seq)
				}
				s.found(before, c.limits, l.horizon)
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

// committedRecords returns what finds an item's record as of the last commit: in the index, but in the store for those
// whose live one is still to be committed.
func (c *Catalog) committedRecords() func(core.ItemNum) (*core.Record, error) {
	x, o := c.sides.current(), &c.owner
	read := sync.OnceValues(func() (map[core.ItemNum]*core.Record, error) {
		held := make(map[core.ItemNum]*core.Record, len(o.live))
		err := c.store.EachRecord(context.Background(), 0, func(r store.StoredRecord) (err error) {
			if _, live := o.live[r.Num]; live && !r.Deleted {
				held[r.Num], err = wire.ReadRecord(r.Record)
			}
			return err
		})
		return held, err
	})
	return func(n core.ItemNum) (*core.Record, error) {
		if _, live := o.live[n]; !live {
			return x.Get(n), nil
		}
		held, err := read()
		if err != nil {
			return nil, fmt.Errorf("read records: %w", err)
		}
		if held[n] == nil {
			return nil, fmt.Errorf("the store holds no record of item number %d", n)
		}
		return held[n], nil
	}
}

// found gives a snapshot the base of the one before it, as long as little of it has changed and nothing of it is gone: what
// is gone is sent to nobody new.
func (s *shelfSnapshot) found(before *shelfSnapshot, l limits, horizon store.Seq) {
	if before != nil && before.base.seq >= horizon {
		s.base = before.base
		changed, size := 0, 0
		for i, r := range s.records {
			size += packedSize(r)
			if s.seqs[i] > s.base.seq {
				changed += packedSize(r)
			}
		}
		for _, d := range since(s.gone, s.base.seq) {
			if _, held := slices.BinarySearch(s.base.nums, d.num); held {
				changed = size
			}
		}
		if changed < size/l.snapshotShare {
			return
		}
	}
	s.base = &shelfBase{epoch: s.epoch, info: s.info, seq: s.seq, learned: s.learned, chunk: l.snapshotChunk, records: s.records}
	for _, r := range s.records {
		s.base.nums = append(s.base.nums, r.Num)
	}
}

// lastNum is above every item's number.
const lastNum core.ItemNum = 1<<32 - 1

// message is an empty chunk.
func (b *shelfBase) message(after, upTo core.ItemNum) *wire.Snapshot {
	return &wire.Snapshot{
		Epoch: b.epoch, Seq: b.seq, Learned: b.learned, Items: b.info.items, Sum: b.info.sum, Shelf: b.info.id,
		After: after, UpTo: upTo,
	}
}

// encode makes frames of about chunk bytes of packed records each.
func (b *shelfBase) encode() {
	from, size, after := 0, 0, core.ItemNum(0)
	cut := func(to int) {
		upTo := b.records[to-1].Num
		m := b.message(after, upTo)
		m.Records = columns(b.records[from:to])
		b.frames, b.upTo = append(b.frames, NewFrame(wire.Encode(m))), append(b.upTo, upTo)
		from, size, after = to, 0, upTo
	}
	for i, r := range b.records {
		n := packedSize(r)
		if size+n > b.chunk && size > 0 {
			cut(i)
		}
		size += n
	}
	if len(b.records) > from {
		cut(len(b.records))
	}
	b.records = nil
}

// all returns the frames of the snapshot from its beginning.
func (s *shelfSnapshot) all() []*Frame {
	s.base.once.Do(s.base.encode)
	return append(slices.Clip(s.base.frames), s.last())
}

// last returns the chunk behind those of the base, which completes the snapshot.
func (s *shelfSnapshot) last() *Frame {
	s.once.Do(func() {
		after := core.ItemNum(0)
		if n := len(s.base.upTo); n > 0 {
			after = s.base.upTo[n-1]
		}
		m := &wire.Snapshot{
			Epoch: s.epoch, Seq: s.seq, Learned: s.learned, Items: s.info.items, Sum: s.info.sum, Shelf: s.info.id,
			After: after, UpTo: lastNum, Last: true,
		}
		s.since(m, s.base.seq)
		s.tail = NewFrame(wire.Encode(m))
	})
	return s.tail
}

// since fills a chunk with its items, and with what of those before it has happened since a position.
func (s *shelfSnapshot) since(m *wire.Snapshot, from store.Seq) {
	var records []*core.Record
	for i, r := range s.records {
		if r.Num <= m.UpTo && (r.Num > m.After || s.seqs[i] > from) {
			records = append(records, r)
		}
	}
	m.Records = columns(records)
	for _, d := range since(s.gone, from) {
		_, here := slices.BinarySearchFunc(s.records, d.num, func(r *core.Record, n core.ItemNum) int { return cmp.Compare(r.Num, n) })
		if !here && d.num <= m.After {
			m.Deleted = append(m.Deleted, d.num)
		}
	}
}

// behind returns the frames for a client that has the items up to a number as they were at a position: first what of these
// has happened since, with what is missing of the chunk where it stopped. Its position is the base's: what follows is no
// newer than that, and the last chunk tells the rest.
func (s *shelfSnapshot) behind(from store.Seq, after core.ItemNum) []*Frame {
	b := s.base
	b.once.Do(b.encode)
	i, found := slices.BinarySearch(b.upTo, after)
	if found {
		i++
	}
	m := b.message(after, after)
	var rest []*Frame
	if i < len(b.upTo) {
		m.UpTo, rest = b.upTo[i], b.frames[i+1:]
	} else if n := len(b.upTo); n > 0 && after > b.upTo[n-1] || n == 0 { // nothing of the base is missing
		return s.beyond(from, after)
	}
	s.since(m, from)
	return append(append([]*Frame{NewFrame(wire.Encode(m))}, rest...), s.last())
}

// beyond is behind for a client that has more than the base: all at once.
func (s *shelfSnapshot) beyond(from store.Seq, after core.ItemNum) []*Frame {
	m := &wire.Snapshot{
		Epoch: s.epoch, Seq: s.seq, Learned: s.learned, Items: s.info.items, Sum: s.info.sum, Shelf: s.info.id,
		After: after, UpTo: lastNum, Last: true,
	}
	s.since(m, from)
	return []*Frame{NewFrame(wire.Encode(m))}
}

// packedSize is about how many bytes a record's packed form takes.
func packedSize(r *core.Record) int {
	c := &r.Card
	n := 24 + len(r.ID) + len(c.Title) + len(c.Summary) + len(c.URL) + len(c.Image) + len(c.Author) + 7*len(r.Features) + 3*len(r.Edges)
	for _, l := range [][]string{c.Tags, c.Categories} {
		for _, s := range l {
			n += 1 + len(s)
		}
	}
	for _, a := range c.Attributes {
		n += 2 + len(a.Name) + len(a.Value)
	}
	return n
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
	parts map[wire.Shelf]*part
	gone  []core.ItemNum // tombstones, and items that changed their shelf; some of them may be in parts all the same
}

// catchUp reads from the store what has happened to shelves since their positions. A shelf to which too much has happened
// has no part. The state that it leads to may be ahead of what is published.
func (c *Catalog) catchUp(ctx context.Context, from map[wire.Shelf]store.Seq) (*caughtUp, error) {
	out := &caughtUp{parts: map[wire.Shelf]*part{}}
	first := ^store.Seq(0)
	keys := make([]wire.Shelf, 0, len(from))
	for id, seq := range from {
		first = min(first, seq)
		keys = append(keys, id)
		out.parts[id] = &part{}
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
		out.parts[id].records = append(out.parts[id].records, rec)
		return nil
	})
	return out, err
}
