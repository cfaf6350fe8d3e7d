//go:build !linux

package bench

import (
	"net"
	"time"
)

// arrivals reads a connection and notes when; on Linux the system says when what it read came in.
type arrivals struct {
	conn net.Conn
	at   int64 // Unix nanoseconds of what was read last
}

func newArrivals(conn net.Conn) (*arrivals, error) { return &arrivals{conn: conn}, nil }

func (a *arrivals) read(p []byte) (int, error) {
	n, err := a.conn.Read(p)
	a.at = time.Now().UnixNano()
	return n, err
}
