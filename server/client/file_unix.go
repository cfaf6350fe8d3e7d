//go:build unix

package client

import (
	"os"
	"path/filepath"
	"syscall"
)

// lockFile keeps other processes out until f is closed.
func lockFile(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// syncFolder makes the name of a file that was made or renamed durable.
func syncFolder(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// replaceFile gives f the name of old, which is closed.
func replaceFile(f, old *os.File, path string) error {
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	_ = old.Close() // its bytes are of no use any more
	return nil
}
