package catalog

import (
	"context"
	"errors"
	"sync"

	"nigh/core"
	"nigh/core/wire"
	"nigh/server/store"
)

// Subscriber gets every delta of the catalog, encoded once for all. Deliver is called by the owner, in order, and must
// neither wait nor keep more than a reference to frame.
type Subscriber interface {
	Deliver(frame []byte, from, to store.Seq)
}

// feed are the subscribers of a catalog.
type feed struct {
	mu   sync.Mutex
	subs map[Subscriber]struct{}
	seq  store.Seq // up to which deltas were delivered
}

// Subscribe delivers every delta after the returned position to s, until Unsubscribe.
func (c *Catalog) Subscribe(s Subscriber) store.Seq {
	c.feed.mu.Lock()
	defer c.feed.mu.Unlock()
	if c.feed.subs == nil {
		c.feed.subs = map[Subscriber]struct{}{}
	}
	c.feed.subs[s] = struct{}{}
	return c.feed.seq
}

// Unsubscribe ends what Subscribe began.
func (c *Catalog) Unsubscribe(s Subscriber) {
	c.feed.mu.Lock()
	defer c.feed.mu.Unlock()
	delete(c.feed.subs, s)
}

func (f *feed) publish(frame []byte, from, to store.Seq) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seq = to
	for s := range f.subs {
		s.Deliver(frame, from, to)
	}
}

// limits are bounds of what is sent and committed at once; the simulation makes them small.
type limits struct {
	snapshotChunk int // bytes of records in one frame of a snapshot
	catchUp       int // bytes of records in a delta that catches up
	flush         int // records of one commit of learned weights
	past          int // visits of readers whom a replay of all events keeps at a time, half of them at least
}

var defaultLimits = limits{snapshotChunk: 256 << 10, catchUp: wire.MaxServerFrame / 2, flush: 256, past: 1 << 20}

// Snapshot returns the whole catalog at one position as frames, the last of which is marked, and that position. Learned
// weights that were not committed yet are committed first, so that a position says all that the snapshot holds.
func (c *Catalog) Snapshot(ctx context.Context) ([][]byte, store.Seq, error) {
	r := &request{snapshot: &snapshotRequest{}}
	if err := c.call(ctx, r); err != nil {
		return nil, 0, err
	}
	s := r.snapshot
	s.once.Do(func() { s.frames = encodeSnapshot(s.records, s.version, c.limits.snapshotChunk) })
	return s.frames, s.version.Seq, nil
}

// snapshotData is a snapshot, encoded by the first who needs it and shared by all at the same position.
type snapshotData struct {
	version Version
	records []*core.Record
	once    sync.Once
	frames  [][]byte
}

func encodeSnapshot(records []*core.Record, v Version, chunk int) [][]byte {
	var frames [][]byte
	m := &wire.Snapshot{Epoch: v.Epoch, Seq: v.Seq, Learned: v.Learned, Items: uint64(len(records)), Sum: wire.SumStart}
	size := 0
	cut := func(last bool) {
		m.Sum, m.Last = wire.Sum(m.Sum, m.Records), last
		frames = append(frames, wire.Encode(m))
		m.Chunk++
		m.Records, size = nil, 0
	}
	for _, r := range records {
		packed := wire.AppendRecord(nil, r)
		if size+len(packed) > chunk && size > 0 {
			cut(false)
		}
		m.Records = append(m.Records, packed)
		size += len(packed)
	}
	cut(true)
	return frames
}

// errTooMuch ends a catch-up that would be longer than a snapshot's chunks.
var errTooMuch = errors.New("too much to catch up")

// CatchUp returns what leads from a position to the last committed one, as a single delta (an empty one if they are
// the same), and that position. ok is false if a snapshot is needed: the position is not of this history, or too much
// has happened since.
func (c *Catalog) CatchUp(ctx context.Context, from store.Seq) (frame []byte, to store.Seq, ok bool, err error) {
	v := c.Version()
	if from > v.Seq {
		return nil, 0, false, nil // an older backup was restored
	}
	d := &wire.Delta{From: from, To: from}
	size := 0
	err = c.store.EachRecord(ctx, from, func(r store.StoredRecord) error {
		d.To = max(d.To, r.Seq)
		if r.Deleted {
			d.Deleted = append(d.Deleted, r.Num)
			return nil
		}
		if size += len(r.Record); size > c.limits.catchUp {
			return errTooMuch
		}
		d.Records = append(d.Records, append([]byte(nil), r.Record...))
		return nil
	})
	switch {
	case errors.Is(err, errTooMuch):
		return nil, 0, false, nil
	case err != nil:
		return nil, 0, false, err
	}
	if d.To == v.Seq { // else a commit came in between; the next delta tells the revision, and no list is compared before
		d.Learned = v.committed
	}
	return wire.Encode(d), d.To, true, nil
}
