package catalog

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"nigh/core"
	"nigh/core/wire"
	"nigh/server/store"
)

// Subscriber gets every delta of the catalog, encoded once for all. Deliver is called by the owner, in order, and must
// neither wait nor keep more than a reference to frame.
type Subscriber interface {
	Deliver(frame *Frame, from, to store.Seq)
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

func (f *feed) publish(d *wire.Delta) {
	from, to := d.From, d.To
	frame := NewFrame(wire.Encode(d))
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seq = to
	for s := range f.subs {
		s.Deliver(frame, from, to)
	}
}

// limits are bounds of what is sent and committed at once; the simulation makes them small.
type limits struct {
	snapshotChunk int // bytes of packed records in one frame of a snapshot
	snapshotShare int // the part of a snapshot's bytes that what has happened since may be, before a new one is made
	catchUp       int // bytes of records in a delta that catches up
	flush         int // records of one commit of learned weights
	spare         int // pairs of a learner that may stay while another one is made
	past          int // visits of readers whom a replay of all events keeps at a time, half of them at least
}

var defaultLimits = limits{snapshotChunk: 1 << 20, snapshotShare: 8, catchUp: wire.MaxServerFrame / 2, flush: 256, past: 1 << 20, spare: 4 << 20}

// errTooMuch ends a catch-up that would be longer than a snapshot's chunks.
var errTooMuch = errors.New("too much to catch up")

// CatchUp returns what leads from a position to the last committed one, as a single delta (an empty one if they are
// the same), and that position. ok is false if a snapshot is needed: the position is not of this history, or too much
// has happened since.
func (c *Catalog) CatchUp(ctx context.Context, from store.Seq) (frame *Frame, to store.Seq, ok bool, err error) {
	d, err := c.catchUp(ctx, from)
	if d == nil || err != nil {
		return nil, 0, false, err
	}
	return NewFrame(wire.Encode(d)), d.To, true, nil
}

// catchUp returns the delta of CatchUp, nil if a snapshot is needed.
func (c *Catalog) catchUp(ctx context.Context, from store.Seq) (*wire.Delta, error) {
	v := c.Version()
	if from > v.Seq {
		return nil, nil // an older backup was restored
	}
	d := &wire.Delta{From: from, To: from}
	var records []*core.Record
	size := 0
	err := c.store.EachRecord(ctx, from, func(r store.StoredRecord) error {
		d.To = max(d.To, r.Seq)
		if r.Deleted {
			d.Deleted = append(d.Deleted, r.Num)
			return nil
		}
		if size += len(r.Record); size > c.limits.catchUp {
			return errTooMuch
		}
		rec, err := wire.ReadRecord(r.Record)
		if err != nil {
			return fmt.Errorf("read the record of item %d: %w", r.Num, err)
		}
		records = append(records, rec)
		return nil
	})
	switch {
	case errors.Is(err, errTooMuch):
		return nil, nil
	case err != nil:
		return nil, err
	}
	d.Records = columns(records)
	if d.To == v.Seq { // else a commit came in between; the next delta tells the revision, and no list is compared before
		d.Learned = v.committed
	}
	return d, nil
}

// columns are records as messages carry them.
func columns(records []*core.Record) [][]byte {
	if len(records) == 0 {
		return nil
	}
	return [][]byte{wire.AppendRecords(nil, records)}
}
