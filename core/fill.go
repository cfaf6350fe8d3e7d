package core

// Fill puts records into an empty index: as Put does one after the other, but in a third of the time, and compact. It
// returns false and changes nothing if x is not empty, would be too full, or if two of them share a number or an id.
func (x *Index) Fill(records []*Record) bool {
	if len(x.slots) > 0 || len(records) > MaxItems {
		return false
	}
	last := ItemNum(0)
	for _, r := range records {
		last = max(last, r.Num)
	}
	byNum, byID := newSlotOf(len(records), last), make(map[ItemID]uint32, len(records))
	for s, r := range records {
		if _, twice := byNum.get(r.Num); twice {
			return false
		}
		byNum.add(r.Num, uint32(s))
		byID[r.ID] = uint32(s)
	}
	if len(byID) != len(records) {
		return false
	}
	x.byNum, x.byID = byNum, byID
	x.slots, x.quick = make([]slot, len(records)), make([]quick, len(records))
	x.postAll(records)
	for s, r := range records {
		x.reorder(uint32(s), newSlot(r))
	}
	return true
}

// postAll makes the posting lists of records whose slots are their places: counted first, then filled, all in one piece of
// memory as after Compact. Lists that grow one by one are half of what a restored catalog costs.
func (x *Index) postAll(records []*Record) {
	lists := newListNumbers(records)
	var counts []uint32
	all := 0
	for _, r := range records {
		r.eachPosted(func(f Feature, _ Weight) {
			n := lists.number(f)
			if n == uint32(len(counts)) {
				counts = append(counts, 0)
			}
			counts[n]++
			all++
		})
	}
	memory := make([]posting, all)
	ends := counts // each list's end so far: at first its beginning
	at := uint32(0)
	for n, count := range counts {
		ends[n] = at
		at += count
	}
	for s, r := range records {
		r.eachPosted(func(f Feature, w Weight) {
			n := lists.number(f)
			memory[ends[n]] = newPosting(uint32(s), w)
			ends[n]++
		})
	}
	x.postings = make(map[Feature][]posting, len(ends))
	begin := uint32(0)
	for n, end := range ends {
		x.postings[lists.features[n]] = memory[begin:end:end]
		begin = end
	}
}

// eachPosted calls f with all of r that takes part in sums.
func (r *Record) eachPosted(f func(Feature, Weight)) {
	for _, e := range r.Edges {
		if e.Weight > 0 {
			f(ItemFeature(e.From), e.Weight)
		}
	}
	for _, w := range r.Features {
		if w.Weight > 0 {
			f(w.Feature, w.Weight)
		}
	}
}

// listNumbers numbers features from 0 on, as they come.
type listNumbers struct {
	features []Feature
	items    []uint32 // of the features of items, by item number: the number, from 1 on
	others   map[Feature]uint32
}

// newListNumbers has a table for the items, which are most of what is asked, if their numbers are not too far apart.
func newListNumbers(records []*Record) *listNumbers {
	last := ItemNum(0)
	for _, r := range records {
		if n := len(r.Edges); n > 0 { // they ascend
			last = max(last, r.Edges[n-1].From)
		}
	}
	l := &listNumbers{others: map[Feature]uint32{}}
	if uint64(last) < 16*uint64(len(records)) {
		l.items = make([]uint32, last+1)
	}
	return l
}

func (l *listNumbers) number(f Feature) uint32 {
	item := f.Item()
	if item != 0 && int(item) < len(l.items) {
		n := &l.items[item]
		if *n == 0 {
			l.features = append(l.features, f)
			*n = uint32(len(l.features))
		}
		return *n - 1
	}
	n, ok := l.others[f]
	if !ok {
		n = uint32(len(l.features))
		l.features, l.others[f] = append(l.features, f), n
	}
	return n
}
