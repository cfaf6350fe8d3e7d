package core

// Some places of a reader's list are for new items, which nobody could meet otherwise. Which places, and which items,
// follows from a hash of reader, day and item: the same on both sides, another one tomorrow and for someone else.
//
// A place for new items keeps what the ranking has for it if that is new already; else it takes, of the new items that
// may be listed, the one of smallest hash. Only the exploreNewest items that were published last are looked at, so that
// the cost is bounded: when they have been met they are new no longer, and the next ones move up.
const exploreNewest = 64

// Seed returns the seed of a reader's exploration: of their name or, for a reader without one, of whatever names them
// to both sides, such as a browser's client id.
func Seed(reader string) uint64 { return mix(uint64(hashed(0, reader))) }

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): each bit of x moves half of all bits.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// lot returns what decides for a reader on the day of an hour about what: an item or, for 0, the places.
func lot(seed uint64, hour Hour, what ItemNum) uint64 {
	return mix(seed + mix(uint64(hour/24)<<32|uint64(what)))
}

// explores tells whether place at (from 0) of a list is for new items: ExploreShare of them, beginning anywhere but at
// the first, evenly.
func (p *Policy) explores(seed uint64, hour Hour, at int) bool {
	share := int64(min(p.ExploreShare, One/2))
	if share <= 0 || at <= 0 {
		return false
	}
	begin := int64(lot(seed, hour, 0) % One)
	return (begin+int64(at+1)*share)/One > (begin+int64(at)*share)/One
}

// isNew tells whether an item is new: young, and met by few. Heat grows with every contact, and what it was at the
// publication is known; so it tells how many there were.
func (p *Policy) isNew(published Hour, heat Heat, now Hour) bool {
	if published == 0 || now < published || int64(now-published) >= int64(p.ExploreHours) || p.HalfLifeHours <= 0 {
		return false
	}
	return int64(heat) <= int64(published)*HeatUnit/int64(p.HalfLifeHours)+int64(p.ExploreHeat)
}

// fresh collects the new items that a place for them may take; slots, in no order that matters.
func (x *Index) fresh(s *Scratch, q *Query) {
	s.fresh = s.fresh[:0]
	looked := 0
	for _, chunk := range x.newest.chunks {
		for _, i := range chunk {
			sl := &x.slots[i]
			if looked++; looked > exploreNewest || int64(q.Hour)-int64(sl.published) >= int64(q.Policy.ExploreHours) {
				return
			}
			if x.isExplorable(s, q, i) {
				s.fresh = append(s.fresh, i)
			}
		}
	}
}

// isExplorable tells whether a place for new items may take a slot's: it is new, not in the list yet, may be shown, and
// nothing that is known of the reader speaks against it.
func (x *Index) isExplorable(s *Scratch, q *Query, i uint32) bool {
	sl, c := &x.slots[i], &s.cells[i]
	if c.stamp == s.gen|1 || c.stamp == s.gen && c.sum>>sumShift < 0 || !sl.shown(q.Hour) {
		return false
	}
	return q.Policy.isNew(sl.published, sl.heat, q.Hour) && (q.Filter.all() || q.Filter.keeps(sl.rec))
}

// draw takes from s.fresh the item of smallest lot; false if none is left that is not in the list.
func (x *Index) draw(s *Scratch, q *Query) (candidate, bool) {
	best, bestLot := -1, uint64(0)
	for at, i := range s.fresh {
		if s.cells[i].stamp == s.gen|1 { // placed since
			continue
		}
		if l := lot(q.Seed, q.Hour, x.slots[i].num); best < 0 || l < bestLot {
			best, bestLot = at, l
		}
	}
	if best < 0 {
		return candidate{}, false
	}
	return x.candidate(s, q, s.fresh[best]), true
}
