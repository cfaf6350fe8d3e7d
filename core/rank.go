package core

import (
	"math/bits"
	"slices"
)

// Query is one question to an index.
type Query struct {
	Profile *Profile
	Policy  *Policy
	Hour    Hour // now: what is not yet or no longer shown, and the prior, depend on it
	Limit   int  // length of the list, at most MaxLimit
	Filter  Filter
	Exclude []ItemNum
	// Before is how many places came on earlier pages of the list; Exclude holds what stood there. See Cursor.
	Before int
	Seed   uint64 // of the reader, for the places of new items: see Seed
	// Matched keeps only what shares something with the profile and gains by it: "more like this" does not end in
	// what is merely popular. It is the likeness alone: no pins, no boosts, no new items, no spreading.
	Matched bool
}

// MaxLimit is the longest list. It is below the pool, so that a shorter list is always the head of a longer one.
const MaxLimit = 200

// Ranked is one place of a list.
type Ranked struct {
	Num   ItemNum
	Score int64 // in units of 1/65536 (One), before spreading
}

// Scratch is the working memory of rankings, to be used again by the next one; not by two at the same time. The zero
// value is ready.
type Scratch struct {
	cells   []cell // by slot
	gen     uint32 // even
	touched []uint32
	scores  []int64 // of touched, see mark
	pool    pool
	pins    []candidate // best place first
	fresh   []uint32    // see Index.fresh
	placed  []placed    // the list so far
}

// cell is what a ranking adds up for one slot; sum and stamp stand together, for one cache miss instead of two.
type cell struct {
	sum   int64
	stamp uint32 // the ranking's gen if touched, +1 if it must not be shown (again); what is older counts as untouched
}

// Rank returns the best items for q, best first, at most q.Limit. Equal scores fall by heat, then by item number, the
// newer first; so two machines holding the same records return the same list. The result is the caller's.
//
// The cost is that of the posting lists of the profile's features, plus the pool: it does not grow with the catalog,
// except for items that a filter or their hours keep out, which are passed over one by one until the pool is full.
func (x *Index) Rank(s *Scratch, question Query) []Ranked {
	q := &question
	limit := min(max(q.Limit, 0), MaxLimit)
	if limit == 0 {
		return nil
	}
	s.begin(len(x.slots))
	x.sum(s, q)
	x.forbid(s, q)
	x.pin(s, q)
	x.offerTouched(s, q)
	if !q.Matched {
		x.offerHottest(s, q)
	}
	return x.place(s, q, limit)
}

// begin makes s ready for an index of n slots.
func (s *Scratch) begin(n int) {
	if len(s.cells) < n {
		s.cells = make([]cell, n+n/8)
		s.gen = 0
	}
	s.touched, s.placed, s.pins = s.touched[:0], s.placed[:0], s.pins[:0]
	s.pool.reset()
	s.gen += 2
	if s.gen == 0 { // after 2^31 rankings: old stamps could be taken for new ones
		clear(s.cells)
		s.gen = 2
	}
}

// sumShift is the unit of a ranking's sums in those of scores: both factors are in units of One. See maxProfileWeight for
// what they add up to at most.
const sumShift = 16

// damped returns a profile's weight for a feature, in units of One: of an item it counts what its Damp leaves, and in full
// of one that neither the index nor the one beside it holds.
func (x *Index) damped(w *FeatureWeight) int64 {
	if n := w.Feature.Item(); n != 0 {
		if slot, ok := x.byNum.get(n); ok {
			return damped(w.Weight, x.slots[slot].damp)
		}
		if x.beside != nil {
			if slot, ok := x.beside.byNum.get(n); ok {
				return damped(w.Weight, x.beside.slots[slot].damp)
			}
		}
	}
	return int64(w.Weight)
}

func damped(weight int32, d Damp) int64 {
	return int64(weight) * int64(dampFactor[d]) >> 16
}

// sum adds up the products of profile and postings. Its inner loop is most of a ranking's time: what it reads and writes
// are local variables, and touched has room for a whole list before it begins.
func (x *Index) sum(s *Scratch, q *Query) {
	cells, gen := s.cells, s.gen
	for i := range q.Profile.Weights {
		w := &q.Profile.Weights[i]
		if list := x.postings[w.Feature]; len(list) > 0 {
			by := x.damped(w)
			n := len(s.touched)
			touched := slices.Grow(s.touched, len(list))[:n+len(list)]
			for _, p := range list {
				slot := p.slot()
				c := &cells[slot]
				product := int64(p.weight().Value()) * by
				if c.stamp == gen {
					c.sum += product
					continue
				}
				c.sum, c.stamp = product, gen
				touched[n] = slot
				n++
			}
			s.touched = touched[:n]
		}
		if q.Policy.SelfWeight != 0 {
			if slot, ok := x.byNum.get(w.Feature.Item()); ok { // 0, which no item has, for other kinds
				s.touch(slot).sum += int64(q.Policy.SelfWeight) * int64(w.Weight)
			}
		}
	}
}

// touch returns the cell of a slot, which is empty at the first touch of a ranking.
func (s *Scratch) touch(slot uint32) *cell {
	c := &s.cells[slot]
	if c.stamp != s.gen {
		*c = cell{stamp: s.gen}
		s.touched = append(s.touched, slot)
	}
	return c
}

// forbid stamps what the request and the repeat policy keep out of the list.
func (x *Index) forbid(s *Scratch, q *Query) {
	stamp := func(n ItemNum) {
		if i, ok := x.byNum.get(n); ok {
			s.cells[i].stamp = s.gen | 1
		}
	}
	for _, n := range q.Exclude {
		stamp(n)
	}
	switch q.Policy.Repeat {
	case RepeatDropCurrent:
		if q.Profile.seen(q.Profile.Current, q.Hour, q.Policy.SeenAgainHours) {
			stamp(q.Profile.Current)
		}
	case RepeatDropSeen:
		for _, v := range q.Profile.Seen {
			if v.recent(q.Hour, q.Policy.SeenAgainHours) {
				stamp(v.Item)
			}
		}
	}
}

// pin takes the pinned items that the list may show out of the ranking and into s.pins. What keeps any other item out
// keeps them out too: their hours, the request, the filter, the repeat policy; and so does a reader who turned one down.
func (x *Index) pin(s *Scratch, q *Query) {
	if q.Matched {
		return
	}
	for _, i := range x.pinned {
		sl := &x.slots[i]
		if s.cells[i].stamp == s.gen|1 || !sl.shown(q.Hour) || !q.Filter.all() && !q.Filter.keeps(sl.rec) {
			continue
		}
		if w, ok := q.Profile.weightOf(ItemFeature(sl.num)); ok && w.Weight < 0 {
			continue
		}
		s.pins = append(s.pins, x.candidate(s, q, i))
		s.cells[i].stamp = s.gen | 1
		if len(s.pins) == MaxPinned {
			return
		}
	}
}

func (sl *slot) shown(now Hour) bool {
	return !sl.hidden && sl.from <= now && (sl.until == 0 || now < sl.until)
}

// candidate returns a slot with its score; it must not be forbidden, since then its sum may be another ranking's.
func (x *Index) candidate(s *Scratch, q *Query, i uint32) candidate {
	evidence := int64(0)
	if c := &s.cells[i]; c.stamp == s.gen {
		evidence = c.sum >> sumShift
	}
	prior := q.Policy.prior(q.Hour)
	return candidate{score: x.score(q, &prior, i, evidence), heat: x.slots[i].heat, num: x.slots[i].num, slot: i}
}

// score is what evidence amounts to for a slot, with prior and boost.
func (x *Index) score(q *Query, prior *prior, i uint32, evidence int64) int64 {
	k := &x.quick[i]
	score := evidence + prior.of(k.heat)
	if k.boost != 0 && !q.Matched {
		score = k.boost.lift(score)
	}
	return score
}

// unlisted is the score of an item that cannot be listed; that of one that can is from lowest to highest.
const (
	unlisted = -1 << 63
	lowest   = unlisted + 1
	highest  = 1<<63 - 1
)

// offerTouched puts the items that share a feature with the profile into the pool. The best go first, a histogram tells
// who they are: then the pool asks for more than the others have, and their slots, a cache miss each, are not looked at.
//
// What s.scores holds is the evidence alone, if no item has a boost: then no prior is above that of the hottest, and of
// most items not even the heat is looked at. Else it is the score.
func (x *Index) offerTouched(s *Scratch, q *Query) {
	prior, top := q.Policy.prior(q.Hour), int64(0)
	plain := len(x.hottest) == 1 && prior.weight >= 0
	if plain {
		top = prior.of(x.quick[x.hottest[0].chunks[0][0]].heat)
	}
	mark := x.mark(s, q, plain)
	if mark == lowest {
		x.offerScores(s, q, lowest, highest, plain, top)
		return
	}
	x.offerScores(s, q, mark-top, highest, plain, top)
	if !(s.pool.full && s.pool.floor.score >= mark) {
		x.offerScores(s, q, lowest, mark-top-1, plain, top)
	}
}

// offerScores puts the touched items whose s.scores are from lo to hi into the pool.
func (x *Index) offerScores(s *Scratch, q *Query, lo, hi int64, plain bool, top int64) {
	prior, all, hour, p := q.Policy.prior(q.Hour), q.Filter.all(), q.Hour, &s.pool
	slots, quick, touched := x.slots, x.quick, s.touched[:len(s.scores)]
	for t, score := range s.scores {
		if score < lo || score > hi || p.full && score+top < p.floor.score {
			continue
		}
		i := touched[t]
		if plain && top > 0 {
			score += prior.of(quick[i].heat)
		}
		sl := &slots[i]
		if !sl.shown(hour) {
			continue
		}
		c := candidate{score: score, heat: sl.heat, num: sl.num, slot: i}
		if p.full && p.floor.before(&c) || !all && !q.Filter.keeps(sl.rec) {
			continue
		}
		if p.loose = append(p.loose, c); len(p.loose)%poolSize == 0 {
			p.settle()
		}
	}
}

// mark fills s.scores and returns one that about as many touched items reach as the pool has places, a few more as a rule.
func (x *Index) mark(s *Scratch, q *Query, plain bool) int64 {
	s.scores = slices.Grow(s.scores[:0], len(s.touched))[:len(s.touched)]
	scores, cells, matched, prior := s.scores, s.cells, q.Matched, q.Policy.prior(q.Hour)
	var steps [64 * 8]uint32 // eight an octave
	for t, i := range s.touched {
		c := &cells[i]
		evidence, score := c.sum>>sumShift, int64(unlisted)
		if c.stamp&1 == 0 && (!matched || evidence > 0) {
			score = evidence
			if !plain {
				score = x.score(q, &prior, i, evidence)
			}
		}
		scores[t] = score
		if score > 0 {
			steps[step(score)%uint(len(steps))]++
		}
	}
	n := uint32(0)
	for i := len(steps) - 1; i >= 0; i-- {
		if n += steps[i]; n >= poolSize {
			return stepFloor(i)
		}
	}
	return lowest
}

// step is the place of e > 0 on a scale of eight steps an octave, from 8 for 1 on; stepFloor is the least number of a
// step.
func step(e int64) uint {
	octave := uint(bits.Len64(uint64(e)))
	return octave*8 + uint(uint64(e)<<(64-octave)>>60&7)
}

func stepFloor(step int) int64 {
	return int64(uint64(8+step%8) << 60 >> (64 - step/8))
}

// offerHottest puts the hottest of the items that share nothing with the profile into the pool, until no further one can
// enter it. Among items of one boost the score falls with their place in the order of heat: so each boost has an order
// of its own.
func (x *Index) offerHottest(s *Scratch, q *Query) {
	for _, o := range x.hottest {
		x.offerOrder(s, q, o)
	}
}

func (x *Index) offerOrder(s *Scratch, q *Query, o *boosted) {
	for _, chunk := range o.chunks {
		for _, i := range chunk {
			if s.cells[i].stamp&^1 == s.gen { // ranked already, or forbidden
				continue
			}
			if !x.slots[i].shown(q.Hour) {
				continue
			}
			c := x.candidate(s, q, i)
			if s.pool.refuses(&c) {
				return
			}
			if q.Filter.all() || q.Filter.keeps(x.slots[i].rec) {
				s.pool.add(c)
			}
		}
	}
}
