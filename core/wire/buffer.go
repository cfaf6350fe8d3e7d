package wire

import "io"

// buffer collects what an encoder writes.
type buffer struct{ b []byte }

func (b *buffer) Write(p []byte) (int, error) { b.b = append(b.b, p...); return len(p), nil }
func (b *buffer) WriteByte(c byte) error      { b.b = append(b.b, c); return nil }

// reader gives a frame to a decoder, and knows how much of it is left.
type reader struct {
	b []byte
	i int
}

func (r *reader) Read(p []byte) (int, error) {
	if r.i >= len(r.b) {
		return 0, io.EOF
	}
	n := copy(p, r.b[r.i:])
	r.i += n
	return n, nil
}

func (r *reader) ReadByte() (byte, error) {
	if r.i >= len(r.b) {
		return 0, io.EOF
	}
	r.i++
	return r.b[r.i-1], nil
}

func (r *reader) UnreadByte() error { r.i--; return nil }

// Len returns how many bytes are left; the decoder of core/wire/pack looks for it.
func (r *reader) Len() int { return len(r.b) - r.i }

// rest returns what is left, unread.
func (r *reader) rest() []byte { return r.b[r.i:] }
