//go:build unix

package server

import "syscall"

// canTry tells whether tryWrite works here.
const canTry = true

// tryWrite writes what the system takes at once, which may be nothing.
func tryWrite(fd uintptr, p []byte) (int, error) {
	for {
		n, err := syscall.Write(int(fd), p)
		switch err {
		case nil:
			return n, nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0, nil
		default:
			return 0, err
		}
	}
}
