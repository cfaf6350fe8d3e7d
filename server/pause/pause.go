// Package pause waits, and stops waiting when it is told to: time.Sleep cannot be interrupted.
package pause

import (
	"context"
	"time"
)

// For waits for d and returns nil, or returns ctx's error when ctx is done before, as it may be from the start.
func For(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
