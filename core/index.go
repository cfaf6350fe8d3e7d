package core

// Index answers rankings over a set of records: an inverted index from feature to (item, weight), and the items in the
// order of their heat. One goroutine at a time may change it; rankings may run together while nobody changes it.
type Index struct {
	slots    []slot
	quick    []quick  // by slot: see offerTouched
	free     []uint32 // slots that no record holds
	byNum    slotOf
	byID     map[ItemID]uint32
	postings map[Feature][]posting
	hottest  []*boosted // ascending by boost, none empty
	newest   order      // of those whose publication is known, the newest first
	pinned   []uint32   // by place, then the newest first
	beside   *Index
}

// boosted are the items of one boost, the hottest first.
type boosted struct {
	boost Boost
	order
}

// slot is what ranking needs of every candidate, without a look at its record.
type slot struct {
	rec         *Record // nil: free
	heat        Heat
	num         ItemNum
	from, until Hour
	published   Hour
	hidden      bool
	damp        Damp
	pinned      uint8
	boost       Boost
}

// quick is what of a slot decides its score. Eight bytes of these fit where one slot would: of most candidates no more is
// ever looked at (a third of a ranking's time at 100,000 items).
type quick struct {
	heat  Heat
	boost Boost
}

func newSlot(r *Record) slot {
	return slot{
		rec: r, heat: r.Heat, num: r.Num, from: r.From, until: r.Until,
		published: r.Published, hidden: r.Hidden, pinned: r.Pinned, boost: r.Boost, damp: r.Damp,
	}
}

// posting is one item's weight for the feature whose list it stands in: the slot in the high 24 bits, the Weight in the
// low 8. Four bytes: 50 lists of 64 postings are 200 cache lines.
type posting uint32

func newPosting(slot uint32, w Weight) posting { return posting(slot<<8 | uint32(w)) }
func (p posting) slot() uint32                 { return uint32(p >> 8) }
func (p posting) weight() Weight               { return Weight(p) }

// MaxItems is how many items an index can hold.
const MaxItems = 1<<24 - 1

// NewIndex returns an empty index.
func NewIndex() *Index {
	x := &Index{
		byID:     map[ItemID]uint32{},
		postings: map[Feature][]posting{},
	}
	return x
}

// Beside has items of a history that x does not hold count with the damp that they have in y; nil ends it. So an index
// of a part of a catalog gives its items the scores that they have in the whole.
func (x *Index) Beside(y *Index) { x.beside = y }

// Len returns how many items the index holds.
func (x *Index) Len() int { return x.byNum.len() }

// Get returns the record of an item, nil if the index does not hold it.
func (x *Index) Get(n ItemNum) *Record {
	if s, ok := x.byNum.get(n); ok {
		return x.slots[s].rec
	}
	return nil
}

// Lookup returns the record of an item by its id, nil if the index does not hold it.
func (x *Index) Lookup(id ItemID) *Record {
	if s, ok := x.byID[id]; ok {
		return x.slots[s].rec
	}
	return nil
}

// NumOf returns the number of an item.
func (x *Index) NumOf(id ItemID) (ItemNum, bool) {
	if r := x.Lookup(id); r != nil {
		return r.Num, true
	}
	return 0, false
}

// Each calls f with every record, in no particular order, until f returns false.
func (x *Index) Each(f func(*Record) bool) {
	for i := range x.slots {
		if r := x.slots[i].rec; r != nil && !f(r) {
			return
		}
	}
}

// Put makes r the record of its item. It returns false, and changes nothing, if the index is full or if r's id belongs
// to an item of another number.
func (x *Index) Put(r *Record) bool {
	if s, ok := x.byID[r.ID]; ok && x.slots[s].num != r.Num {
		return false
	}
	s, known := x.byNum.get(r.Num)
	if !known {
		switch {
		case len(x.free) > 0:
			s = x.free[len(x.free)-1]
			x.free = x.free[:len(x.free)-1]
		case len(x.slots) < MaxItems:
			s = uint32(len(x.slots))
			x.slots, x.quick = append(x.slots, slot{}), append(x.quick, quick{})
		default:
			return false
		}
		x.byNum.add(r.Num, s)
	}
	old := x.slots[s].rec
	if old != nil {
		if old.ID != r.ID {
			delete(x.byID, old.ID)
		}
	}
	x.byID[r.ID] = s
	x.repost(s, old, r)
	x.reorder(s, newSlot(r))
	return true
}

// Reweigh applies what learning changed of an item; false if the index does not hold it.
func (x *Index) Reweigh(w Weights) bool {
	r := x.Get(w.Num)
	return r != nil && x.Put(r.With(w))
}

// Delete takes an item out. Edges from it stay in other records: who read it still wants what comes next.
func (x *Index) Delete(n ItemNum) bool {
	s, ok := x.byNum.get(n)
	if !ok {
		return false
	}
	old := x.slots[s].rec
	x.repost(s, old, nil)
	x.reorder(s, slot{})
	x.byNum.remove(n)
	delete(x.byID, old.ID)
	x.free = append(x.free, s)
	return true
}

// repost turns old's postings into r's (either may be nil), touching only those that differ. It allocates nothing but
// what lists grow by: an event changes dozens of records, each on both sides of a server's index.
func (x *Index) repost(s uint32, old, r *Record) {
	if old == nil {
		old = &none
	}
	if r == nil {
		r = &none
	}
	x.repostEdges(s, old.Edges, r.Edges)
	if !sameSlice(old.Features, r.Features) { // learning leaves them as they are
		x.repostFeatures(s, old.Features, r.Features)
	}
}

// none is a record without postings.
var none Record

func sameSlice(a, b []Weighted) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

func (x *Index) repostEdges(s uint32, was, is []Edge) {
	for len(was) > 0 || len(is) > 0 {
		var before, after Weight
		var from ItemNum
		switch {
		case len(is) == 0 || len(was) > 0 && was[0].From < is[0].From:
			from, before, was = was[0].From, was[0].Weight, was[1:]
		case len(was) == 0 || is[0].From < was[0].From:
			from, after, is = is[0].From, is[0].Weight, is[1:]
		default:
			from, before, after = is[0].From, was[0].Weight, is[0].Weight
			was, is = was[1:], is[1:]
		}
		x.repostOne(ItemFeature(from), s, before, after)
	}
}

func (x *Index) repostFeatures(s uint32, was, is []Weighted) {
	for len(was) > 0 || len(is) > 0 {
		var before, after Weight
		var f Feature
		switch {
		case len(is) == 0 || len(was) > 0 && was[0].Feature < is[0].Feature:
			f, before, was = was[0].Feature, was[0].Weight, was[1:]
		case len(was) == 0 || is[0].Feature < was[0].Feature:
			f, after, is = is[0].Feature, is[0].Weight, is[1:]
		default:
			f, before, after = is[0].Feature, was[0].Weight, is[0].Weight
			was, is = was[1:], is[1:]
		}
		x.repostOne(f, s, before, after)
	}
}

// repostOne changes a slot's weight for a feature; of a weight of 0 there is no posting.
func (x *Index) repostOne(f Feature, s uint32, before, after Weight) {
	switch {
	case before == after:
	case after == 0:
		x.unpost(f, s)
	case before == 0:
		list := x.postings[f]
		if len(list) == cap(list) {
			// By a quarter: a list that append doubled for one more posting would stand half empty from then on. In
			// steps of 16 bytes, as memory comes.
			list = append(make([]posting, 0, (len(list)+len(list)/4+4)&^3), list...)
		}
		x.postings[f] = append(list, newPosting(s, after))
	default:
		list := x.postings[f]
		list[findSlot(list, s)] = newPosting(s, after)
	}
}

func (x *Index) unpost(f Feature, s uint32) {
	list := x.postings[f]
	last := len(list) - 1
	if last == 0 {
		delete(x.postings, f)
		return
	}
	// Order within a list does not matter: sums of integers commute.
	list[findSlot(list, s)] = list[last]
	x.postings[f] = list[:last]
}

// findSlot returns the place of slot s in list; it is there, else the index is corrupt and the panic is right.
func findSlot(list []posting, s uint32) int {
	for i, p := range list {
		if p.slot() == s {
			return i
		}
	}
	panic("core: a record's posting is not in the index")
}

// Compact gives back the empty space behind the posting lists. What has none stays where it is: so an index that changed
// little is not written twice, which took as much memory again while it went on. It is a change, as Put is.
func (x *Index) Compact() {
	for f, list := range x.postings {
		if cap(list) > len(list) {
			x.postings[f] = append(make([]posting, 0, len(list)), list...)
		}
	}
}
