package core

// spread places limit of the pool's candidates (best first on entry), one after another: always the one with the best
// score after a penalty for each tag and author that it shares with the last places. It is maximal marginal relevance
// (Carbonell and Goldstein, SIGIR 1998) with shared labels as the similarity, in integers. A shorter list is always the
// head of a longer one, since a place depends only on those above it. "More like this" is not spread: who asks for
// whaling ships wants whaling ships.
func (x *Index) spread(s *Scratch, q Query, limit int) []Ranked {
	limit = min(limit, len(s.heap))
	if limit == 0 {
		return nil
	}
	out := make([]Ranked, 0, limit)
	// With nothing known of reader and items all scores are 0; the floor still makes the list a varied one.
	unit := max(s.heap[0].score, One/16) * int64(q.Policy.DiversityPenalty) / 256
	window := int(q.Policy.DiversityWindow)
	if unit <= 0 || window <= 0 || q.Matched {
		for i := range s.heap[:limit] {
			out = append(out, Ranked{s.heap[i].num, s.heap[i].score})
		}
		return out
	}
	s.labels = s.labels[:0] // of the placed ones, in order
	for len(out) < limit {
		best, bestScore := -1, int64(0)
		recent := s.labels[max(0, len(s.labels)-window):]
		for i := range s.heap {
			c := &s.heap[i]
			if c.placed {
				continue
			}
			if best >= 0 && c.score <= bestScore {
				break // the pool falls by score and penalties only lower it
			}
			score := c.score
			mine := x.slots[c.slot].rec.labels()
			for _, theirs := range recent {
				score -= unit * int64(shared(mine, theirs))
				if best >= 0 && score <= bestScore {
					break
				}
			}
			if best < 0 || score > bestScore {
				best, bestScore = i, score
			}
		}
		c := &s.heap[best]
		c.placed = true
		s.labels = append(s.labels, x.slots[c.slot].rec.labels())
		out = append(out, Ranked{c.num, c.score})
	}
	return out
}

// labels returns the item's tags, category and author: they stand together, since features ascend by kind first.
func (r *Record) labels() []Weighted {
	lo, hi := 0, len(r.Features)
	for lo < hi && r.Features[lo].Feature.Kind() < KindTag {
		lo++
	}
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
