package client

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"nigh/core/replica"
)

// File is a Store in one file: a head, then a record for each transaction.
//
//	nigh-replica 1\n
//	length of the payload, 4 bytes, little-endian │ its CRC-32C, 4 bytes │ payload
//	payload: prefixes to clear, keys to delete, keys and values to put; each list begins with its length, each text with
//	its own, as varints
type File struct {
	path   string
	f      *os.File
	sizes  map[string]int64 // of the entries
	live   int64            // bytes of the entries
	size   int64            // of the file
	next   int64            // size at which it may be written anew
	broken error
}

const (
	fileHead = "nigh-replica 1\n"
	// maxRecord bounds what a record's length is believed: a transaction holds a whole catalog at most.
	maxRecord = 1 << 30
	// rewriteAt is the size from which a file is written anew when most of it is of no use any more.
	rewriteAt = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// OpenFile opens a file, or makes it where there is none. It is an error that another process has it open, or that it is
// something else's. Close it when the client has ended.
func OpenFile(path string) (_ *File, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // it tells what someone reads
	if err != nil {
		return nil, fmt.Errorf("open the client's file: %w", err)
	}
	s := &File{path: path, f: f, next: rewriteAt}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	if err := lockFile(f); err != nil {
		return nil, fmt.Errorf("%s is in use by another process; give each client a file of its own: %w", path, err)
	}
	if err := s.read(); err != nil {
		return nil, fmt.Errorf("read the client's file %s: %w", path, err)
	}
	return s, nil
}

// read takes up the file as far as it is whole, and cuts the rest off.
func (s *File) read() error {
	info, err := s.f.Stat()
	if err != nil {
		return err
	}
	head := make([]byte, min(int64(len(fileHead)), info.Size()))
	if _, err := s.f.ReadAt(head, 0); err != nil && len(head) > 0 {
		return err
	}
	if fileHead[:len(head)] != string(head) {
		return errors.New("it is not a file of this client; move it away or name another one")
	}
	if len(head) < len(fileHead) { // new, or the process died at its birth
		if _, err := s.f.WriteAt([]byte(fileHead), 0); err != nil {
			return err
		}
		if err := errors.Join(s.f.Sync(), syncFolder(s.path)); err != nil {
			return err
		}
	}
	entries, size := s.scan(max(info.Size(), int64(len(fileHead))))
	s.measure(entries)
	if s.size = size; size < info.Size() {
		return s.f.Truncate(size)
	}
	return nil
}

// scan returns what the first bytes of the file hold, and how many of them are whole.
func (s *File) scan(bytes int64) (m *Memory, size int64) {
	m, size = NewMemory(), int64(len(fileHead))
	in := bufio.NewReaderSize(io.NewSectionReader(s.f, size, bytes-size), 64<<10)
	for {
		t, n, ok := readRecord(in, bytes-size)
		if !ok {
			return m, size
		}
		size += n
		_ = m.Apply(t) // never fails
	}
}

// entryCost is what an entry takes in the file, about.
func entryCost(e replica.Entry) int64 { return int64(len(e.Key) + len(e.Value) + 8) }

func (s *File) measure(m *Memory) {
	s.sizes, s.live = map[string]int64{}, 0
	for key, value := range m.entries {
		s.note(replica.Entry{Key: key, Value: value})
	}
}

func (s *File) note(e replica.Entry) {
	s.forget(e.Key)
	s.sizes[e.Key] = entryCost(e)
	s.live += entryCost(e)
}

func (s *File) forget(key string) {
	s.live -= s.sizes[key]
	delete(s.sizes, key)
}

// readRecord reads one transaction; ok is false if none is whole within the rest bytes that the file still has.
func readRecord(in io.Reader, rest int64) (t replica.Store, size int64, ok bool) {
	var head [8]byte
	if rest < int64(len(head)) {
		return t, 0, false
	}
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return t, 0, false
	}
	n := int64(binary.LittleEndian.Uint32(head[:]))
	if n > rest-int64(len(head)) || n > maxRecord {
		return t, 0, false // torn, or a length that lies
	}
	payload := make([]byte, n)
	if _, err := io.ReadFull(in, payload); err != nil || crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return t, 0, false
	}
	t, ok = decodeTransaction(payload)
	return t, int64(len(head)) + n, ok
}

func encodeRecord(t replica.Store) []byte {
	b := make([]byte, 8)
	text := func(s string) { b = append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	for _, list := range [][]string{t.Clear, t.Deletes} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, s := range list {
			text(s)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(t.Puts)))
	for _, e := range t.Puts {
		text(e.Key)
		text(string(e.Value))
	}
	binary.LittleEndian.PutUint32(b, uint32(len(b)-8))
	binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[8:], castagnoli))
	return b
}

// decodeTransaction reads a payload. What it returns lies within b.
func decodeTransaction(b []byte) (t replica.Store, ok bool) {
	ok = true
	number := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 || v > uint64(len(b)-n) { // of entries of a byte at least, or of bytes
			ok = false
			b = nil
			return 0
		}
		b = b[n:]
		return v
	}
	text := func() []byte {
		n := number()
		s := b[:n:n]
		b = b[n:]
		return s
	}
	for _, list := range []*[]string{&t.Clear, &t.Deletes} {
		for n := number(); n > 0 && ok; n-- {
			*list = append(*list, string(text()))
		}
	}
	for n := number(); n > 0 && ok; n-- {
		t.Puts = append(t.Puts, replica.Entry{Key: string(text()), Value: text()})
	}
	return t, ok && len(b) == 0
}

var _ Store = (*File)(nil)

// Load implements Store.
func (s *File) Load() ([]replica.Entry, error) {
	m, size := s.scan(s.size)
	if size != s.size {
		return nil, fmt.Errorf("the client's file %s was changed by something else", s.path)
	}
	return m.Load()
}

// Apply implements Store. The file stays locked, and as it was, after an error.
func (s *File) Apply(t replica.Store) error {
	if s.broken != nil {
		return s.broken
	}
	if err := s.apply(t); err != nil {
		s.broken = fmt.Errorf("write the client's file %s: %w", s.path, err)
		_ = s.f.Truncate(s.size) // half a record would be cut off by the next one to open it
		return s.broken
	}
	return nil
}

func (s *File) apply(t replica.Store) error {
	record := encodeRecord(t)
	if len(record) > maxRecord {
		return errors.New("a transaction is too large")
	}
	if _, err := s.f.WriteAt(record, s.size); err != nil {
		return err
	}
	if durable(t) {
		if err := s.f.Sync(); err != nil {
			return err
		}
	}
	s.size += int64(len(record))
	for _, prefix := range t.Clear {
		for key := range s.sizes {
			if strings.HasPrefix(key, prefix) {
				s.forget(key)
			}
		}
	}
	for _, key := range t.Deletes {
		s.forget(key)
	}
	for _, e := range t.Puts {
		s.note(e)
	}
	if s.size < s.next || s.size < 3*s.live {
		return nil
	}
	if err := s.rewrite(); err != nil && s.broken == nil { // no room for two files, say: this one does
		s.next = 2 * s.size
	}
	return s.broken
}

// durable tells whether a transaction holds an op: core/replica keeps those under op/. All else is synced again.
func durable(t replica.Store) bool {
	return slices.ContainsFunc(t.Puts, func(e replica.Entry) bool { return strings.HasPrefix(e.Key, "op/") })
}

// rewrite makes a file of what is of use and puts it in the place of this one. After an error this one goes on, unless
// broken says otherwise.
func (s *File) rewrite() error {
	entries, err := s.Load()
	if err != nil {
		return err
	}
	dir, name := filepath.Split(s.path)
	f, err := os.CreateTemp(dir, name+".*.tmp")
	if err != nil {
		return err
	}
	b := append([]byte(fileHead), encodeRecord(replica.Store{Puts: entries})...)
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = lockFile(f) // before others can see it
	}
	if err == nil {
		err = replaceFile(f, s.f, s.path)
	}
	if err != nil {
		return errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	s.f, s.size, s.next = f, int64(len(b)), rewriteAt
	s.broken = syncFolder(s.path) // else a crash could bring the old one back, without what comes now
	return s.broken
}

// Close lets another process have the file.
func (s *File) Close() error { return s.f.Close() }
