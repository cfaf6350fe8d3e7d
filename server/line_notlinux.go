//go:build !linux

package server

import "syscall"

// limitUnsent does nothing here: the system's own bound counts.
func limitUnsent(syscall.RawConn, int) {}
