//go:build unix

package bench

import (
	"fmt"
	"syscall"
)

// allowFiles raises the limit on open files, of which each process needs one a connection, or says what to do.
func allowFiles(connections int) error {
	need := uint64(connections) + 200
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil || uint64(l.Cur) >= need {
		return nil // what is not known may well do
	}
	if uint64(l.Max) >= need {
		l.Cur = l.Max
		if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l) == nil {
			return nil
		}
	}
	return fmt.Errorf("%d connections need %d open files, and this process may have %d; raise it (ulimit -n %d) or use fewer --clients",
		connections, need, l.Cur, need)
}
