package core

import "slices"

// Query is one question to an index.
type Query struct {
	Profile *Profile
	Policy  *Policy
	Hour    Hour // now: what is not yet or no longer shown, and the prior, depend on it
	Limit   int  // length of the list, at most MaxLimit
	Filter  Filter
	Exclude []ItemNum
	// Matched keeps only what shares something with the profile and gains by it: "more like this" does not end in
	// what is merely popular.
	Matched bool
}

// MaxLimit is the longest list. It is below the pool, so that a shorter list is always the head of a longer one.
const MaxLimit = 200

// pool is how many of the best candidates are kept for spreading.
const pool = 256

// Filter keeps the items that have, for each of its groups, at least one of the group's features.
type Filter [][]Feature

func (f Filter) keeps(r *Record) bool {
	for _, any := range f {
		if !slices.ContainsFunc(any, r.Has) {
			return false
		}
	}
	return true
}

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
	heap    []candidate
	labels  [][]Weighted
}

// cell is what a ranking adds up for one slot; sum and stamp stand together, for one cache miss instead of two.
type cell struct {
	sum   int64
	stamp uint32 // the ranking's gen if touched, +1 if it must not be shown; what is older counts as untouched
}

// candidate is an item that may be listed, with all that orders it.
type candidate struct {
	score  int64
	heat   Heat
	num    ItemNum
	slot   uint32
	placed bool
}

// before tells whether a stands above b: by score, then heat, then the higher (newer) number.
func (a *candidate) before(b *candidate) bool {
	switch {
	case a.score != b.score:
		return a.score > b.score
	case a.heat != b.heat:
		return a.heat > b.heat
	}
	return a.num > b.num
}

// Rank returns the best items for q, best first, at most q.Limit. Equal scores fall by heat, then by item number, the
// newer first; so two machines holding the same records return the same list. The result is the caller's.
//
// The cost is that of the posting lists of the profile's features, plus the pool: it does not grow with the catalog,
// except for items that a filter or their hours keep out, which are passed over one by one until the pool is full.
func (x *Index) Rank(s *Scratch, q Query) []Ranked {
	limit := min(max(q.Limit, 0), MaxLimit)
	if limit == 0 {
		return nil
	}
	s.begin(len(x.slots))
	x.sum(s, q)
	x.forbid(s, q)

	// Items that share a feature with the profile…
	s.heap = s.heap[:0]
	most := x.highestPrior(q)
	for _, i := range s.touched {
		evidence := s.cells[i].sum >> sumShift
		if s.cells[i].stamp&1 != 0 || q.Matched && evidence <= 0 {
			continue
		}
		// Most cannot enter the pool whatever their heat: their slots, a cache miss each, are not looked at.
		if len(s.heap) == pool && evidence+most < s.heap[0].score {
			continue
		}
		sl := &x.slots[i]
		if !sl.shown(q.Hour) {
			continue
		}
		s.offer(x, q, candidate{score: evidence + q.Policy.Prior(sl.heat, q.Hour), heat: sl.heat, num: sl.num, slot: i})
	}
	// …and the hottest of all others, until no further one can enter the pool: their score falls with their place.
	if !q.Matched {
		x.offerHottest(s, q)
	}
	slices.SortFunc(s.heap, func(a, b candidate) int {
		if a.before(&b) {
			return -1
		}
		return 1
	})
	return x.spread(s, q, limit)
}

// begin makes s ready for an index of n slots.
func (s *Scratch) begin(n int) {
	if len(s.cells) < n {
		s.cells = make([]cell, n+n/8)
		s.gen = 0
	}
	s.touched = s.touched[:0]
	s.gen += 2
	if s.gen == 0 { // after 2^31 rankings: old stamps could be taken for new ones
		clear(s.cells)
		s.gen = 2
	}
}

// sumUnit is the unit of a ranking's sums in those of scores: profile weights are in units of 1/ProfileOne, and taken
// dampShift bits finer, since a damped one is not a whole number of them.
const (
	dampShift = 4
	sumShift  = 8 + dampShift
)

// damped returns a profile's weight for a feature, in units of 1/(16·ProfileOne): of an item it counts what its Damp
// leaves, and in full of one that the index does not hold.
func (x *Index) damped(w *FeatureWeight) int64 {
	if n := w.Feature.Item(); n != 0 {
		if slot, ok := x.byNum[n]; ok {
			return int64(w.Weight) * int64(dampFactor[x.slots[slot].damp]) >> (16 - dampShift)
		}
	}
	return int64(w.Weight) << dampShift
}

// sum adds up the products of profile and postings.
func (x *Index) sum(s *Scratch, q Query) {
	for i := range q.Profile.Weights {
		w := &q.Profile.Weights[i]
		by := x.damped(w)
		for _, p := range x.postings[w.Feature] {
			c := s.touch(p.slot())
			c.sum += int64(p.weight().Value()) * by
		}
		if q.Policy.SelfWeight != 0 {
			if slot, ok := x.byNum[w.Feature.Item()]; ok { // 0, which no item has, for other kinds
				s.touch(slot).sum += int64(q.Policy.SelfWeight) * int64(w.Weight) << dampShift
			}
		}
	}
}

// touch returns the cell of a slot, which is empty at the first touch of a ranking.
func (s *Scratch) touch(slot uint32) *cell {
	c := &s.cells[slot]
	if c.stamp != s.gen {
		s.first(slot)
	}
	return c
}

// first is apart from touch so that touch is inlined.
func (s *Scratch) first(slot uint32) {
	s.cells[slot] = cell{stamp: s.gen}
	s.touched = append(s.touched, slot)
}

// forbid stamps what the request and the repeat policy keep out of the list.
func (x *Index) forbid(s *Scratch, q Query) {
	stamp := func(n ItemNum) {
		if i, ok := x.byNum[n]; ok {
			s.cells[i].stamp = s.gen | 1
		}
	}
	for _, n := range q.Exclude {
		stamp(n)
	}
	switch q.Policy.Repeat {
	case RepeatDropCurrent:
		stamp(q.Profile.Current)
	case RepeatDropSeen:
		for _, n := range q.Profile.Seen {
			stamp(n)
		}
	}
}

func (sl *slot) shown(now Hour) bool {
	return !sl.hidden && sl.from <= now && (sl.until == 0 || now < sl.until)
}

// highestPrior returns the prior of the hottest item: no item has more.
func (x *Index) highestPrior(q Query) int64 {
	if len(x.hottest.chunks) == 0 {
		return 0
	}
	return q.Policy.Prior(x.slots[x.hottest.chunks[0][0]].heat, q.Hour)
}

func (x *Index) offerHottest(s *Scratch, q Query) {
	for _, chunk := range x.hottest.chunks {
		for _, i := range chunk {
			if s.cells[i].stamp&^1 == s.gen { // ranked already, or forbidden
				continue
			}
			sl := &x.slots[i]
			if !sl.shown(q.Hour) {
				continue
			}
			c := candidate{score: q.Policy.Prior(sl.heat, q.Hour), heat: sl.heat, num: sl.num, slot: i}
			if len(s.heap) == pool && s.heap[0].before(&c) {
				return
			}
			s.offer(x, q, c)
		}
	}
}

// offer puts c into the pool if it is good enough and passes the filter. heap[0] is the worst of the pool.
func (s *Scratch) offer(x *Index, q Query, c candidate) {
	full := len(s.heap) == pool
	if full && s.heap[0].before(&c) {
		return
	}
	if len(q.Filter) > 0 && !q.Filter.keeps(x.slots[c.slot].rec) {
		return
	}
	if !full {
		s.heap = append(s.heap, c)
		for i := len(s.heap) - 1; i > 0; { // up
			p := (i - 1) / 2
			if !s.heap[p].before(&s.heap[i]) {
				break
			}
			s.heap[p], s.heap[i] = s.heap[i], s.heap[p]
			i = p
		}
		return
	}
	s.heap[0] = c
	for i := 0; ; { // down
		m := i
		for _, ch := range [2]int{2*i + 1, 2*i + 2} {
			if ch < pool && s.heap[m].before(&s.heap[ch]) {
				m = ch
			}
		}
		if m == i {
			return
		}
		s.heap[m], s.heap[i] = s.heap[i], s.heap[m]
		i = m
	}
}
