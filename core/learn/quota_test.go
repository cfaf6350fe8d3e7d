package learn

import (
	"math/rand/v2"
	"testing"

	"nigh/core"
)

const dayMillis = 24 * hourMillis

// counter is a reader with a quota.
type counter struct {
	q Quota
	h core.History
}

func (c *counter) event(item core.ItemNum, at int64) (teaches bool) {
	c.q, teaches = c.q.Count(c.h, item, at)
	c.h = c.h.Record(core.Visit{Item: item, Strength: core.ProfileOne, At: at})
	return teaches
}

func TestQuota_BoundsAReadersDay(t *testing.T) {
	const day = 20_000 * dayMillis
	for name, tc := range map[string]struct {
		item func(i int) core.ItemNum
		n    int
		want int
	}{
		"one item a hundred times": {func(int) core.ItemNum { return 7 }, 100, MaxDayRepeats},
		"two items in turn":        {func(i int) core.ItemNum { return core.ItemNum(1 + i%2) }, 100, 2 * MaxDayRepeats},
		"ever new items":           {func(i int) core.ItemNum { return core.ItemNum(1 + i) }, 3000, MaxDayEvents},
		// 64 items are known to have come again and teach 8 times; the others once.
		"a hundred items in turn": {func(i int) core.ItemNum { return core.ItemNum(1 + i%100) }, 900, 64*8 + 36},
		"a normal day":            {func(i int) core.ItemNum { return core.ItemNum(1 + i%30) }, 120, 120},
	} {
		c := counter{}
		for _, start := range []int64{day, day + dayMillis} { // each day anew
			got := 0
			for i := range tc.n {
				if c.event(tc.item(i), start+int64(i)) {
					got++
				}
			}
			if got != tc.want {
				t.Errorf("%s: %d of %d events taught, want %d", name, got, tc.n, tc.want)
			}
		}
	}
}

// However long a reader was there: whoever knows the last MaxDayEvents events decides as whoever knows all.
func TestQuota_IsKnownFromTheLastEvents(t *testing.T) {
	type event struct {
		item core.ItemNum
		at   int64
	}
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		var all []event
		at := int64(-dayMillis) // across 1970 too
		items := 1 + rnd.IntN(400)
		for range 3500 {
			at += rnd.Int64N(int64(1 + rnd.IntN(4*60_000)))
			all = append(all, event{core.ItemNum(1 + rnd.IntN(items)), at})
		}
		var whole counter
		for i, e := range all {
			if i%97 == 0 || i == MaxDayEvents {
				var last counter
				for _, p := range all[max(0, i-MaxDayEvents):i] {
					last.event(p.item, p.at)
				}
				_, got := last.q.Count(last.h, e.item, e.at)
				if _, want := whole.q.Count(whole.h, e.item, e.at); got != want {
					t.Fatalf("seed %d: event %d teaches: %v by the last events, %v by all", seed, i, got, want)
				}
			}
			whole.event(e.item, e.at)
		}
	}
}

func TestQuota_IsAValue(t *testing.T) {
	var c counter
	for i := range 6 {
		c.event(core.ItemNum(1+i%2), int64(i))
	}
	before := c
	for range 20 {
		c.event(1, 10)
		c.event(2, 10)
	}
	got := 0
	for range 20 {
		if before.event(1, 10) {
			got++
		}
	}
	if got != MaxDayRepeats-3 {
		t.Errorf("a copy taught %d times after another copy was used up, want %d", got, MaxDayRepeats-3)
	}
}
