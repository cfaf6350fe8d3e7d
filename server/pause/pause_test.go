package pause_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"nigh/server/pause"
)

func TestFor_EndsWithTheTimeOrTheContext(t *testing.T) {
	for _, test := range []struct {
		name        string
		wait, given time.Duration
		want        error
		took        time.Duration
	}{
		{"the time", time.Minute, time.Hour, nil, time.Minute},
		{"the context", time.Hour, time.Minute, context.DeadlineExceeded, time.Minute},
		{"nothing to wait for", -1, time.Hour, nil, 0},
		{"nothing, and too late for it", -1, -1, context.DeadlineExceeded, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), test.given)
				defer cancel()
				start := time.Now()
				if err := pause.For(ctx, test.wait); !errors.Is(err, test.want) {
					t.Errorf("For = %v, want %v", err, test.want)
				}
				if took := time.Since(start); took != test.took {
					t.Errorf("For took %v, want %v", took, test.took)
				}
			})
		})
	}
}
