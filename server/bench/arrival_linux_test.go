package bench

import (
	"net"
	"testing"
	"time"
)

const slack = 1000 // ns by which the system's clock may differ from Go's

// A client that comes to read late must not say that what it reads came late.
func TestArrivals_TellWhenBytesCameAndNotWhenTheyWereRead(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := dialSocket(t.Context(), l.Addr().String(), 64)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.watch(); err != nil {
		t.Fatal(err)
	}
	from, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	late := func() (by, want int64) {
		before := time.Now().UnixNano()
		if _, err := from.Write([]byte("delta")); err != nil {
			t.Fatal(err)
		}
		// On this machine bytes are at the other end when Write returns.
		after := time.Now()
		for time.Since(after) < time.Millisecond { // the reader is busy
		}
		if _, err := s.in.Discard(5); err != nil {
			t.Fatal(err)
		}
		return s.arrived() - before, after.UnixNano() - before
	}
	// The system begins to note times some moments after the first socket of all has asked for it.
	for range 1000 {
		if by, want := late(); by <= want+slack {
			break
		}
	}
	for range 3 {
		if by, want := late(); by < -slack || by > want+slack {
			t.Errorf("arrived = %d ns after it was written, want 0 to %d", by, want)
		}
	}
	_ = from.Close()
	if _, err := s.in.ReadByte(); err == nil {
		t.Error("a read behind the end gives no error")
	}
}
