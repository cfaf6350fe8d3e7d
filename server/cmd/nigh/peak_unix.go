//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// peakResident returns what a process that has ended had resident at most, in bytes; 0 where it is not known.
func peakResident(p *os.ProcessState) int64 {
	u, ok := p.SysUsage().(*syscall.Rusage)
	switch {
	case !ok:
		return 0
	case runtime.GOOS == "darwin":
		return int64(u.Maxrss) // bytes there, KiB elsewhere
	}
	return int64(u.Maxrss) << 10
}
