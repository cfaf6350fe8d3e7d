//go:build !unix

package server

import "errors"

// canTry tells whether tryWrite works here. Without it each connection is written to by a goroutine, while it has
// something to write.
const canTry = false

func tryWrite(uintptr, []byte) (int, error) { return 0, errors.ErrUnsupported }
