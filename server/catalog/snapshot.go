package catalog

import (
	"context"
	"runtime"
	"sync"

	"nigh/core"
	"nigh/core/wire"
	"nigh/server/store"
)

// Snapshot returns frames that lead a client without a catalog to a position, and that position: the whole catalog at one
// position, the last frame of which is marked, and what has happened since, if anything has, as a delta. Learned weights
// that were not committed yet are committed before a snapshot is made, so that a position says all that it holds.
//
// The last snapshot is kept for the next client, and serves until what happened since has grown to an eighth of it: while a
// catalog is edited, a client that comes costs little more than one that comes back. It serves no longer when an item was
// deleted: what is gone is sent to nobody new. So a catalog keeps one snapshot, and those that connections still have to
// write.
func (c *Catalog) Snapshot(ctx context.Context) ([]*Frame, store.Seq, error) {
	if s := c.kept.Load(); s != nil {
		tail, to, ok, err := s.since(ctx, c)
		if err != nil {
			return nil, 0, err
		}
		if ok {
			return append(s.frames[:len(s.frames):len(s.frames)], tail...), to, nil
		}
	}
	r := &request{snapshot: &snapshotRequest{}}
	if err := c.call(ctx, r); err != nil {
		return nil, 0, err
	}
	s := r.snapshot.snapshotData
	s.once.Do(func() { s.encode(c.limits.snapshotChunk) })
	c.kept.Store(s)
	return s.frames, s.version.Seq, nil
}

// snapshotData is a snapshot, encoded by the first who needs it and shared by all.
type snapshotData struct {
	version Version
	records []*core.Record // nil once they are encoded
	once    sync.Once
	frames  []*Frame
	size    int // of the frames

	mu     sync.Mutex
	tail   *Frame // leads from the snapshot to tailTo
	tailTo store.Seq
}

// since returns what leads from the snapshot to the catalog's position; ok is false if that is too much.
func (s *snapshotData) since(ctx context.Context, c *Catalog) (tail []*Frame, to store.Seq, ok bool, err error) {
	v := c.Version()
	if v.Seq == s.version.Seq {
		return nil, v.Seq, true, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tailTo < v.Seq {
		d, err := c.catchUp(ctx, s.version.Seq)
		if d == nil || err != nil || len(d.Deleted) > 0 {
			return nil, 0, false, err
		}
		s.tail, s.tailTo = NewFrame(wire.Encode(d)), d.To
	}
	if s.tail.Size() > s.size/c.limits.snapshotShare {
		return nil, 0, false, nil
	}
	return []*Frame{s.tail}, s.tailTo, true, nil
}

// encode makes frames of about chunk bytes of packed records each, on all processors.
func (s *snapshotData) encode(chunk int) {
	var chunks [][]*core.Record
	from, size := 0, 0
	for i, r := range s.records {
		n := packedSize(r)
		if size+n > chunk && size > 0 {
			chunks = append(chunks, s.records[from:i])
			from, size = i, 0
		}
		size += n
	}
	chunks = append(chunks, s.records[from:])
	packed := make([][][]byte, len(chunks))
	var wg sync.WaitGroup
	turn := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range chunks {
		turn <- struct{}{}
		wg.Go(func() {
			packed[i] = columns(chunks[i])
			<-turn
		})
	}
	wg.Wait()
	v := s.version
	m := &wire.Snapshot{Epoch: v.Epoch, Seq: v.Seq, Learned: v.Learned, Items: uint64(len(s.records)), Sum: wire.SumStart}
	for i, p := range packed {
		m.Chunk, m.Last, m.Records, m.Sum = uint64(i), i == len(packed)-1, p, wire.Sum(m.Sum, p)
		frame := NewFrame(wire.Encode(m))
		s.frames = append(s.frames, frame)
		s.size += frame.Size()
	}
	s.records = nil
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
