package bench

import (
	"bufio"
	"bytes"
	"net"
	"strings"
	"testing"

	"nigh/core/wire"
)

// scripted is a connection that says what is in it and keeps what is written to it.
type scripted struct {
	net.Conn // nil: the rest is not called
	in       *bytes.Reader
	out      bytes.Buffer
}

func (c *scripted) Read(b []byte) (int, error)  { return c.in.Read(b) }
func (c *scripted) Write(b []byte) (int, error) { return c.out.Write(b) }

// hears returns a socket that reads b.
func hears(b []byte) (*socket, *scripted) {
	c := &scripted{in: bytes.NewReader(b)}
	s := &socket{Conn: c}
	s.in = bufio.NewReaderSize(s, 64)
	return s, c
}

func TestSocket_ReadsWhatAServerSends(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 300) // more than the buffer
	all := append([]byte{opPing, 2, 'h', 'i', opBinary, 3, 'o', 'n', 'e', opBinary, 126, 1, 44}, long...)
	all = append(append(all, opBinary, 127, 0, 0, 0, 0, 0, 0, 1, 44), long...)
	s, c := hears(append(all, opClose, 5, 0x0f, 0xa8, 'b', 'y', 'e')) // 4008
	for _, want := range []string{"one", string(long), string(long)} {
		if got, err := s.next(); err != nil || string(got) != want {
			t.Fatalf("next = %q, %v, want %q", got, err, want)
		}
	}
	if _, err := s.next(); err == nil || !strings.Contains(err.Error(), "4008: bye") {
		t.Errorf("next of a close = %v, want its code and reason", err)
	}
	if got, want := c.out.String(), "\x8a\x82\x00\x00\x00\x00hi"; got != want {
		t.Errorf("a ping is answered with %q, want %q", got, want)
	}
	if got, want := s.bytes.Load(), int64(len(all)+7+c.out.Len()); got != want {
		t.Errorf("%d bytes were counted, want %d", got, want)
	}
}

// FuzzSocket: what comes is read to its end or refused, and no frame is longer than what came.
func FuzzSocket(f *testing.F) {
	f.Add([]byte{opBinary, 1, 'a', opPing, 0, opClose, 0})
	f.Add([]byte{opClose, 1, 3})
	f.Add([]byte{opBinary, 127, 255, 255, 255, 255, 255, 255, 255, 255})
	f.Add([]byte{opBinary, 126, 4, 0, 'a'})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, _ := hears(b)
		read := 0
		for {
			frame, err := s.next()
			if err != nil {
				break
			}
			if read += 2 + len(frame); read > len(b) || len(frame) > wire.MaxServerFrame {
				t.Fatalf("frames of %d bytes of %d", read, len(b))
			}
		}
	})
}
