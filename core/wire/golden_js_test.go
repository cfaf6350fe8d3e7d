package wire

import "testing"

// golden rewrites the vectors in golden_notjs_test.go; in the browser there is no file to write.
func golden(*testing.T, string) bool { return false }
