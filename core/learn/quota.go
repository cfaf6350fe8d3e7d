package learn

import (
	"slices"

	"nigh/core"
)

// Bounds of what one reader teaches in a day (UTC, by the times of the events).
const (
	// MaxDayEvents is how many events of a reader's day teach: its first. Events of all kinds count, so that a reader's
	// last MaxDayEvents events, which a store has at hand, always tell how many there were, as far as it matters.
	MaxDayEvents = 1000
	// MaxDayRepeats is how often one item teaches in a reader's day.
	MaxDayRepeats = 8
	// maxDayRepeated is how many items of a day are known to have come again; what comes again beyond them teaches nothing.
	maxDayRepeated = 64
)

// Quota bounds what one reader teaches, so that a flood (a bot, a page that reloads itself) moves no edge without bound:
// in a day no edge by more than MaxDayRepeats events, nor all of them together by more than MaxDayEvents. What is over
// quota is an event like any other and changes the reader's own list; it only is not to be given to Observe.
//
// A Quota is a function of the reader's events in the order of their times; the zero value is that of no events. It is a
// value: it is copied, and never changed in place.
type Quota struct {
	day     int64 // since 1970, of the last event
	events  int   // of the day, up to MaxDayEvents
	repeats []repeat
}

// repeat is an item of the day that came again.
type repeat struct {
	item  core.ItemNum
	times uint8
}

// Count returns the quota after an event, not earlier than those before it, of a reader whose history was h; teaches
// tells whether it is one to learn from.
func (q Quota) Count(h core.History, item core.ItemNum, atMillis int64) (after Quota, teaches bool) {
	if day := dayOf(atMillis); day != q.day {
		q = Quota{day: day}
	}
	if q.events == MaxDayEvents {
		return q, false
	}
	q.events++
	for i, r := range q.repeats {
		if r.item != item {
			continue
		}
		if r.times == MaxDayRepeats {
			return q, false
		}
		q.repeats = slices.Clone(q.repeats)
		q.repeats[i].times++
		return q, true
	}
	if v, ok := h.Find(item); !ok || dayOf(v.At) != q.day {
		return q, true
	}
	if len(q.repeats) == maxDayRepeated {
		return q, false
	}
	q.repeats = append(slices.Clip(q.repeats), repeat{item, 2})
	return q, true
}

func dayOf(atMillis int64) int64 {
	const day = 24 * 3_600_000
	if atMillis < 0 {
		return (atMillis+1)/day - 1
	}
	return atMillis / day
}
