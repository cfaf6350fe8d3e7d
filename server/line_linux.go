package server

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// limitUnsent bounds what the system holds of what was written and not sent. Where it cannot, its own bound counts.
func limitUnsent(raw syscall.RawConn, bytes int) {
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, bytes) // not a TCP connection, then
	})
}
