package catalog

import (
	"runtime"
	"sync/atomic"

	"nigh/core"
)

// sides holds the index twice, so that readers of one never wait for the writer of the other (the left-right technique
// of Ramalhete and Correia, 2013): the writer changes the side that nobody reads, swaps, waits for the last reader of
// the old one to leave, and makes the same change there. Records are shared; only postings are there twice.
//
// Invariant: whoever reads side s announced it in s.readers and saw s active after that.
type sides struct {
	side   [2]side
	active atomic.Int32
}

type side struct {
	index   *core.Index
	version Version
	readers atomic.Int64
	_       [64]byte // readers of the two sides count on different cache lines
}

func newSides() *sides {
	s := &sides{}
	s.side[0].index, s.side[1].index = core.NewIndex(), core.NewIndex()
	return s
}

// read calls f with an index that does not change meanwhile, and its version. f must not keep the index.
func (s *sides) read(f func(*core.Index, Version)) {
	for {
		a := s.active.Load()
		side := &s.side[a]
		side.readers.Add(1)
		if s.active.Load() == a {
			defer side.readers.Add(-1)
			f(side.index, side.version)
			return
		}
		side.readers.Add(-1)
	}
}

// write applies a change to both sides; what it leads to is version. One goroutine at a time; apply runs twice and must
// do the same both times.
func (s *sides) write(version Version, apply func(*core.Index)) {
	a := s.active.Load()
	for _, i := range [2]int32{1 - a, a} {
		side := &s.side[i]
		for side.readers.Load() != 0 {
			runtime.Gosched() // a ranking takes microseconds
		}
		apply(side.index)
		side.version = version
		s.active.Store(1 - a)
	}
}

// fill puts records into the side that is read, while feed, which hands them over, makes the next ones. It is for the
// time before anyone reads; the other side is to be filled by mirror before the first write.
func (s *sides) fill(version Version, feed func(put func([]*core.Record)) error) error {
	side := &s.side[s.active.Load()]
	side.version = version
	portions := make(chan []*core.Record, 4)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for portion := range portions {
			for _, r := range portion {
				side.index.Put(r)
			}
		}
		side.index.Compact()
	}()
	err := feed(func(portion []*core.Record) { portions <- portion })
	close(portions)
	<-done
	return err
}

// mirror fills the side that nobody reads from the other one, and returns all records. It may run beside read, not
// beside write.
func (s *sides) mirror() []*core.Record {
	a := s.active.Load()
	records := make([]*core.Record, 0, s.side[a].index.Len())
	s.side[a].index.Each(func(r *core.Record) bool {
		records = append(records, r)
		return true
	})
	for _, r := range records {
		s.side[1-a].index.Put(r)
	}
	s.side[1-a].index.Compact()
	s.side[1-a].version = s.side[a].version
	return records
}

// current returns the index as its only writer sees it. For the owner alone.
func (s *sides) current() *core.Index { return s.side[s.active.Load()].index }
