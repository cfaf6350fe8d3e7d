//go:build !unix

package bench

// allowFiles: here no limit is known.
func allowFiles(int) error { return nil }
