package bench

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"

	"nigh/core/wire"
)

// syncConn is a bare client of GET /v1/sync that counts its bytes: the few frames of RFC 6455 that a server of nigh sends,
// without fragments or compression.
type syncConn struct {
	net.Conn
	in    *bufio.Reader
	bytes int64 // read and written
}

func (c *syncConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.bytes += int64(n)
	return n, err
}

func (c *syncConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.bytes += int64(n)
	return n, err
}

// dialSync connects and opens the channel. The connection ends with ctx.
func dialSync(ctx context.Context, addr string) (*syncConn, error) {
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = raw.Close() })
	c := &syncConn{Conn: raw}
	c.in = bufio.NewReaderSize(c, 64<<10)
	_, err = fmt.Fprintf(c, "GET /v1/sync HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: %s\r\n\r\n", addr, wire.Subprotocol)
	if err == nil {
		var res *http.Response
		if res, err = http.ReadResponse(c.in, nil); err == nil && res.StatusCode != http.StatusSwitchingProtocols {
			err = fmt.Errorf("the server answers %s", res.Status)
		}
	}
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	return c, nil
}

// writeFrame sends a binary frame, masked with zeros, as a client may.
func (c *syncConn) writeFrame(b []byte) error {
	head := []byte{0x82}
	switch n := len(b); {
	case n < 126:
		head = append(head, 0x80|byte(n))
	case n < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, 0x80|126), uint16(n))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 0x80|127), uint64(n))
	}
	_, err := c.Write(append(append(head, 0, 0, 0, 0), b...))
	return err
}

// readFrame returns the next binary frame. What is not one ends the bench: a ping comes after half a minute of silence.
func (c *syncConn) readFrame() ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(c.in, head[:2]); err != nil {
		return nil, err
	}
	if head[0] != 0x82 {
		return nil, fmt.Errorf("a frame of kind %#x, want a whole binary one", head[0])
	}
	n := uint64(head[1])
	switch n {
	case 126:
		if _, err := io.ReadFull(c.in, head[:2]); err != nil {
			return nil, err
		}
		n = uint64(binary.BigEndian.Uint16(head[:2]))
	case 127:
		if _, err := io.ReadFull(c.in, head[:]); err != nil {
			return nil, err
		}
		n = binary.BigEndian.Uint64(head[:])
	}
	if n > wire.MaxServerFrame {
		return nil, fmt.Errorf("a frame of %d bytes", n)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(c.in, b)
	return b, err
}
