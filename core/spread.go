package core

// place makes the list, one place after another. A place is given to the item that is pinned to it; or, if it is one for
// new items, to one of these; or else to the candidate with the best score after a penalty for each tag and author that
// it shares with the last places (maximal marginal relevance: Carbonell and Goldstein, SIGIR 1998, with shared labels as
// the similarity, in integers), unless that nearly repeats the item above. A shorter list is always the head of a longer
// one, since a place depends only on those above it. "More like this" is the bare order: who asks for whaling ships wants
// whaling ships.
func (x *Index) place(s *Scratch, q *Query, limit int) []Ranked {
	limit = min(limit, s.pool.len()+len(s.pins))
	if limit == 0 {
		return nil
	}
	out := make([]Ranked, 0, limit)
	if q.Matched {
		for i := range limit {
			c := s.pool.at(i)
			out = append(out, Ranked{c.num, c.score})
		}
		return out
	}
	sp := x.spreading(s, q)
	drawn := false // s.fresh is filled
	for len(out) < limit {
		at := q.Before + len(out)
		best := sp.best(len(out) + 1)
		var c candidate
		switch {
		case len(s.pins) > 0 && (best == nil || int(x.slots[s.pins[0].slot].pinned) <= at+1):
			c, s.pins = s.pins[0], s.pins[1:]
		default:
			c = *best
			if q.Policy.explores(q.Seed, q.Hour, at) && !q.Policy.isNew(x.slots[c.slot].published, c.heat, q.Hour) {
				if !drawn {
					drawn = true
					x.fresh(s, q)
				}
				if other, ok := x.draw(s, q); ok {
					c = other
				}
			}
		}
		s.cells[c.slot].stamp = s.gen | 1
		rec := x.slots[c.slot].rec
		s.placed = append(s.placed, placed{rec, rec.labels()})
		out = append(out, Ranked{c.num, c.score})
	}
	return out
}

// placed is an item of the list in the making.
type placed struct {
	rec    *Record
	labels []Weighted
}

// spreading chooses the next candidate of the pool.
type spreading struct {
	x      *Index
	s      *Scratch
	unit   int64 // of the penalty
	window int
	near   int32
	first  int // all before it in the pool's order are placed
}

func (x *Index) spreading(s *Scratch, q *Query) spreading {
	sp := spreading{x: x, s: s, window: int(q.Policy.DiversityWindow), near: q.Policy.NearDuplicate}
	if best := s.pool.at(0); best != nil {
		// With nothing known of reader and items all scores are 0; the floor still makes the list a varied one.
		sp.unit = max(best.score, One/16) * int64(q.Policy.DiversityPenalty) / 256
	}
	if sp.unit <= 0 {
		sp.window = 0
	}
	return sp
}

// maxRefused bounds how many near-duplicates of the item above are passed over at one place; if all that follow are such,
// the first of them stands there after all.
const maxRefused = 8

// best returns the candidate for a place of the list, numbered from 1; nil if all are placed.
func (sp *spreading) best(place int) *candidate {
	var fallback *candidate
	for range maxRefused {
		c := sp.next(int32(place))
		if c == nil {
			break
		}
		if sp.near == 0 || len(sp.s.placed) == 0 || !near(sp.s.placed[len(sp.s.placed)-1].rec, sp.x.slots[c.slot].rec, sp.near) {
			return c
		}
		if c.refused = int32(place); fallback == nil {
			fallback = c
		}
	}
	return fallback
}

// next returns the candidate of best score after penalties, of those neither placed nor refused for this place.
func (sp *spreading) next(place int32) *candidate {
	s := sp.s
	recent := s.placed[max(0, len(s.placed)-sp.window):]
	best, bestScore := -1, int64(0)
	for i := sp.first; ; i++ {
		c := s.pool.at(i)
		if c == nil || best >= 0 && c.score <= bestScore {
			break // the pool falls by score and penalties only lower it
		}
		if s.cells[c.slot].stamp == s.gen|1 {
			if i == sp.first {
				sp.first++
			}
			continue
		}
		if c.refused == place {
			continue
		}
		score := c.score
		if len(recent) > 0 {
			mine := sp.x.slots[c.slot].rec.labels()
			for _, r := range recent {
				score -= sp.unit * int64(shared(mine, r.labels))
				if best >= 0 && score <= bestScore {
					break
				}
			}
		}
		if best < 0 || score > bestScore {
			best, bestScore = i, score
		}
	}
	if best < 0 {
		return nil
	}
	return &s.pool.sorted[best]
}

// labels returns the item's tags, category and author: they stand together, since features ascend by kind first.
func (r *Record) labels() []Weighted {
	lo, hi := r.from(Feature(KindTag)<<56), len(r.Features)
	for hi > lo && r.Features[hi-1].Feature.Kind() > KindAuthor {
		hi--
	}
	return r.Features[lo:hi]
}

// shared counts the tags and authors that a and b have in common; categories do not count, they are few and wide.
func shared(a, b []Weighted) (n int) {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].Feature < b[0].Feature:
			a = a[1:]
		case a[0].Feature > b[0].Feature:
			b = b[1:]
		default:
			if a[0].Feature.Kind() != KindCategory {
				n++
			}
			a, b = a[1:], b[1:]
		}
	}
	return n
}
