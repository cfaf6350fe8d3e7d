//go:build !unix

package client

import (
	"errors"
	"os"
)

// lockFile: here the system has no such lock.
func lockFile(*os.File) error { return nil }

// syncFolder: here a name is durable with its file.
func syncFolder(string) error { return nil }

// replaceFile: a file that is open cannot be replaced here.
func replaceFile(*os.File, *os.File, string) error { return errors.ErrUnsupported }
