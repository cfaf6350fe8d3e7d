package bench

import (
	"io"
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// arrivals reads a connection, and has the system say when what it read came in: a reader who waits for a processor would
// say when it got one.
type arrivals struct {
	raw syscall.RawConn
	at  int64 // Unix nanoseconds of what was read last

	p       []byte
	n       int
	err     error
	control [64]byte
	f       func(fd uintptr) bool
}

// newArrivals is for TCP connections.
func newArrivals(conn net.Conn) (*arrivals, error) {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil, err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	}); err != nil {
		return nil, err
	}
	a := &arrivals{raw: raw}
	a.f = a.try
	return a, os.NewSyscallError("setsockopt", failed)
}

func (a *arrivals) read(p []byte) (int, error) {
	a.p = p
	err := a.raw.Read(a.f)
	a.p = nil
	switch {
	case err != nil:
		return 0, err
	case a.err != nil:
		return 0, os.NewSyscallError("recvmsg", a.err)
	case a.n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	return a.n, nil
}

// try reads what is there; false waits for more.
func (a *arrivals) try(fd uintptr) bool {
	for {
		n, control, _, _, err := unix.Recvmsg(int(fd), a.p, a.control[:], 0)
		switch err {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false
		}
		if a.n, a.err = n, err; err == nil {
			a.at = cameIn(a.control[:control])
		}
		return true
	}
}

// cameIn is the time in a control message, or that of now.
func cameIn(control []byte) int64 {
	for len(control) > 0 {
		head, data, rest, err := unix.ParseOneSocketControlMessage(control)
		if err != nil {
			break
		}
		if head.Level == unix.SOL_SOCKET && head.Type == unix.SO_TIMESTAMPNS && len(data) >= int(unsafe.Sizeof(unix.Timespec{})) {
			var t unix.Timespec
			copy(unsafe.Slice((*byte)(unsafe.Pointer(&t)), unsafe.Sizeof(t)), data)
			return t.Nano()
		}
		control = rest
	}
	return time.Now().UnixNano()
}
