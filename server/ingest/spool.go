package ingest

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// maxSpool bounds the copies of one Spool, in bytes.
const maxSpool = 16 << 30

// Spool keeps copies of sources that can be read only once, in temporary files, until Close. It belongs to one
// goroutine.
type Spool struct {
	copies map[string]spooled
	bytes  int64
}

type spooled struct{ path, contentType string }

// NewSpool returns an empty spool.
func NewSpool() *Spool { return &Spool{copies: map[string]spooled{}} }

// open returns the copy of source, which it makes from what read returns if there is none.
func (s *Spool) open(source string, read func() (io.ReadCloser, string, error)) (io.ReadCloser, string, error) {
	if c, ok := s.copies[source]; ok {
		f, err := os.Open(c.path)
		return f, c.contentType, err
	}
	from, contentType, err := read()
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = from.Close() }()
	f, err := os.CreateTemp("", "nigh-import-*")
	if err != nil {
		return nil, "", fmt.Errorf("keep a copy of %s: %w; set TMPDIR to a folder with room", source, err)
	}
	s.copies[source] = spooled{f.Name(), contentType}
	n, err := io.Copy(f, io.LimitReader(from, maxSpool-s.bytes+1))
	if s.bytes += n; err == nil && s.bytes > maxSpool {
		err = errors.New("it is longer than 16 GiB; save it to a file first")
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		_ = f.Close()
		return nil, "", fmt.Errorf("keep a copy of %s: %w", source, err)
	}
	return f, contentType, nil
}

// Close removes the copies.
func (s *Spool) Close() error {
	var errs []error
	for source, c := range s.copies {
		errs = append(errs, os.Remove(c.path))
		delete(s.copies, source)
	}
	return errors.Join(errs...)
}
