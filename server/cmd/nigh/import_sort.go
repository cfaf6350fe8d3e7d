package main

import (
	"bufio"
	"cmp"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"

	"nigh/server/ingest"
)

// sortedRows is how many rows a sorter holds in memory, some 50 MB of events.
const sortedRows = 200_000

// sorter gives rows back in the order of their times, equal ones as they came: the learner takes events as they happen,
// and a log that is out of order would teach it other sequences than readers had. Up to most rows are sorted in memory,
// more in runs of that many in temporary files, which are merged.
type sorter[T any] struct {
	when func(*T) int64
	most int
	rows []ingest.Row[T]
	runs []string // names of files
}

func newSorter[T any](when func(*T) int64, most int) *sorter[T] {
	return &sorter[T]{when: when, most: most}
}

func (s *sorter[T]) add(row ingest.Row[T]) error {
	if len(s.rows) == s.most {
		if err := s.spill(); err != nil {
			return fmt.Errorf("sort %s rows in a temporary file: %w; set TMPDIR to a folder with room", comma(s.most), err)
		}
	}
	s.rows = append(s.rows, row)
	return nil
}

func (s *sorter[T]) sort() {
	slices.SortStableFunc(s.rows, func(a, b ingest.Row[T]) int { return cmp.Compare(s.when(&a.Value), s.when(&b.Value)) })
}

// spill writes the rows in memory as a run.
func (s *sorter[T]) spill() error {
	s.sort()
	f, err := os.CreateTemp("", "nigh-import-*")
	if err != nil {
		return err
	}
	s.runs = append(s.runs, f.Name())
	w := bufio.NewWriterSize(f, 1<<20)
	enc := gob.NewEncoder(w)
	for i := range s.rows {
		if err := enc.Encode(&s.rows[i]); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	clear(s.rows) // or their texts would be held until the next run fills up
	s.rows = s.rows[:0]
	return errors.Join(w.Flush(), f.Close())
}

// all returns every row once, in order. After an error it ends. Nothing may be added any more.
func (s *sorter[T]) all() iter.Seq2[ingest.Row[T], error] {
	return func(yield func(ingest.Row[T], error) bool) {
		s.sort()
		heads, err := s.open()
		defer func() {
			for _, h := range heads {
				_ = h.file.Close() // only read from
			}
		}()
		next := 0 // of the rows in memory, which came after all runs
		for err == nil {
			var first *sortedRun[T]
			for _, h := range heads { // some dozen: a run is 200,000 rows
				if !h.ended && (first == nil || s.when(&h.row.Value) < s.when(&first.row.Value)) {
					first = h
				}
			}
			var row ingest.Row[T]
			switch {
			case next < len(s.rows) && (first == nil || s.when(&s.rows[next].Value) < s.when(&first.row.Value)):
				row = s.rows[next]
				next++
			case first == nil:
				return
			default:
				row = first.row
				err = first.advance()
			}
			if !yield(row, nil) {
				return
			}
		}
		yield(ingest.Row[T]{}, fmt.Errorf("read a sorted temporary file: %w", err))
	}
}

// sortedRun is a run that is read, and its next row.
type sortedRun[T any] struct {
	file  *os.File
	dec   *gob.Decoder
	row   ingest.Row[T]
	ended bool
}

func (s *sorter[T]) open() (all []*sortedRun[T], err error) {
	for _, name := range s.runs {
		f, err := os.Open(name)
		if err != nil {
			return all, err
		}
		r := &sortedRun[T]{file: f, dec: gob.NewDecoder(bufio.NewReaderSize(f, 256<<10))}
		all = append(all, r)
		if err := r.advance(); err != nil {
			return all, err
		}
	}
	return all, nil
}

func (r *sortedRun[T]) advance() error {
	r.row = ingest.Row[T]{} // gob leaves what was written as zero
	err := r.dec.Decode(&r.row)
	if errors.Is(err, io.EOF) {
		r.ended, err = true, nil
	}
	return err
}

// close removes the files.
func (s *sorter[T]) close() error {
	var errs []error
	for _, name := range s.runs {
		errs = append(errs, os.Remove(name))
	}
	s.runs = nil
	return errors.Join(errs...)
}
