package bench

import (
	"net"
	"testing"
	"time"
)

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
	for range 3 {
		before := time.Now().UnixNano()
		if _, err := from.Write([]byte("delta")); err != nil {
			t.Fatal(err)
		}
		// On this machine bytes are at the other end when Write returns; the system takes the time of day from a clock
		// that may differ from Go's by some ns.
		after := time.Now()
		for time.Since(after) < time.Millisecond { // the reader is busy
		}
		if _, err := s.in.Discard(5); err != nil {
			t.Fatal(err)
		}
		if got := s.arrived(); got < before-1000 || got > after.UnixNano()+1000 {
			t.Errorf("arrived = %d ns after it was written, want 0 to %d", got-before, after.UnixNano()-before)
		}
	}
	_ = from.Close()
	if _, err := s.in.ReadByte(); err == nil {
		t.Error("a read behind the end gives no error")
	}
}
