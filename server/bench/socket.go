package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync/atomic"

	"nigh/core/wire"
)

// socket is a client's end of a WebSocket that costs little, or of the plain TCP connection below it: the few frames of
// RFC 6455 that a server of nigh sends, without fragments or compression. One goroutine reads; any may send.
type socket struct {
	net.Conn
	in       *bufio.Reader
	bytes    atomic.Int64 // read and written, all of the connection's
	arrivals *arrivals    // nil where nobody asks when something came
}

// dialSocket connects, and reads as much as buffer bytes at once. The connection ends with ctx only while it is made.
func dialSocket(ctx context.Context, addr string, buffer int) (*socket, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &socket{Conn: conn}
	s.in = bufio.NewReaderSize(s, buffer)
	return s, nil
}

// Read implements net.Conn.
func (s *socket) Read(b []byte) (int, error) {
	var n int
	var err error
	if s.arrivals != nil {
		n, err = s.arrivals.read(b)
	} else {
		n, err = s.Conn.Read(b)
	}
	s.bytes.Add(int64(n))
	return n, err
}

// Write implements net.Conn.
func (s *socket) Write(b []byte) (int, error) {
	n, err := s.Conn.Write(b)
	s.bytes.Add(int64(n))
	return n, err
}

// watch has the socket note when something comes in, for arrived.
func (s *socket) watch() (err error) {
	s.arrivals, err = newArrivals(s.Conn)
	return err
}

// arrived is when what was read last came in, Unix nanoseconds.
func (s *socket) arrived() int64 { return s.arrivals.at }

// upgrade asks for a WebSocket; protocol may be empty.
func (s *socket) upgrade(host, path, protocol string) error {
	if protocol != "" {
		protocol = "Sec-WebSocket-Protocol: " + protocol + "\r\n"
	}
	_, err := fmt.Fprintf(s, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: bmlnaCBiZW5jaCBjcm93ZA==\r\n%s\r\n", path, host, protocol)
	if err != nil {
		return err
	}
	status, err := s.in.ReadString('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix([]byte(status), []byte("HTTP/1.1 101 ")) {
		return fmt.Errorf("the server answers %s", bytes.TrimSpace([]byte(status)))
	}
	for line := status; line != "\r\n"; {
		if line, err = s.in.ReadString('\n'); err != nil {
			return err
		}
	}
	return nil
}

// Opcodes of RFC 6455, of frames that are whole.
const (
	opBinary = 0x82
	opClose  = 0x88
	opPing   = 0x89
	opPong   = 0x8a
)

// send writes one binary frame with one write, masked with zeros as RFC 6455 lets a client choose.
func (s *socket) send(frame []byte) error { return s.sendFrame(opBinary, frame) }

func (s *socket) sendFrame(op byte, frame []byte) error {
	b := make([]byte, 0, 14+len(frame))
	switch n := len(frame); {
	case n < 126:
		b = append(b, op, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, op, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, op, 0x80|127), uint64(n))
	}
	_, err := s.Write(append(append(b, 0, 0, 0, 0), frame...))
	return err
}

// next returns the next binary frame, which counts until the one after; pings are answered.
func (s *socket) next() ([]byte, error) {
	for {
		op, frame, err := s.frame()
		if err != nil {
			return nil, err
		}
		switch op {
		case opBinary:
			return frame, nil
		case opPing:
			if err := s.sendFrame(opPong, frame); err != nil {
				return nil, err
			}
		case opClose:
			return nil, fmt.Errorf("the server closed with %d: %s", binary.BigEndian.Uint16(append(frame[:min(2, len(frame)):2], 0, 0)), frame[min(2, len(frame)):])
		default:
			return nil, fmt.Errorf("a frame of kind %#x", op)
		}
	}
}

// frame reads one frame. What fits into the buffer stays there.
func (s *socket) frame() (op byte, frame []byte, err error) {
	head, err := s.in.Peek(2)
	if err != nil {
		return 0, nil, err
	}
	op = head[0]
	n, size := uint64(head[1]), 2
	switch n {
	case 126:
		size = 4
	case 127:
		size = 10
	}
	if head, err = s.in.Peek(size); err != nil {
		return op, nil, err
	}
	switch size {
	case 4:
		n = uint64(binary.BigEndian.Uint16(head[2:]))
	case 10:
		n = binary.BigEndian.Uint64(head[2:])
	}
	if n > wire.MaxServerFrame {
		return op, nil, fmt.Errorf("a frame of %d bytes", n)
	}
	_, _ = s.in.Discard(size) // which are there
	if int(n) > s.in.Size() {
		frame = make([]byte, n)
		_, err = io.ReadFull(s.in, frame)
		return op, frame, err
	}
	if frame, err = s.in.Peek(int(n)); err != nil {
		return op, nil, err
	}
	_, _ = s.in.Discard(int(n))
	return op, frame, nil
}
