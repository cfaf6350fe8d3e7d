package main

import (
	"math"
	"testing"
)

// Garbage is bounded in bytes: a small catalog may have as much as it holds, a large one a tenth.
func TestGarbagePercent_BoundsBytes(t *testing.T) {
	for live, want := range map[uint64]int{0: 100, 50 << 20: 100, 64 << 20: 100, 128 << 20: 48, 320 << 20: 20, 1 << 30: 8, 8 << 30: 8} {
		if got := garbagePercent(live); got != want {
			t.Errorf("garbagePercent(%d MiB) = %d, want %d", live>>20, got, want)
		}
	}
}

// The limit leaves room for all that a heap needs, and there is none while it grows.
func TestMemoryLimit_LeavesRoom(t *testing.T) {
	const mb = 1 << 20
	for name, tc := range map[string]struct {
		live, before, other uint64
		limited             bool
	}{
		"small":    {100 * mb, 100 * mb, 20 * mb, false},
		"steady":   {800 * mb, 800 * mb, 60 * mb, true},
		"shrinks":  {800 * mb, 1200 * mb, 60 * mb, true},
		"grows":    {800 * mb, 700 * mb, 60 * mb, false},
		"at first": {800 * mb, 0, 60 * mb, false},
	} {
		got, percent := memoryLimit(tc.live, tc.before, tc.other, 10), uint64(10)
		least := tc.live + tc.live*percent/100 + tc.other
		switch {
		case !tc.limited && got != math.MaxInt64:
			t.Errorf("%s: the limit is %d, want none", name, got)
		case tc.limited && (uint64(got) < least+8*mb || uint64(got) > least+least/16+8*mb):
			t.Errorf("%s: the limit is %d, want a little above %d", name, got, least)
		}
	}
}
