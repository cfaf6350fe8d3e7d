package catalog

import (
	"cmp"
	"maps"
	"slices"

	"nigh/core"
	"nigh/core/wire"
	"nigh/server/store"
)

// shelfInfo is what a layout says of a shelf.
type shelfInfo struct {
	id    wire.Shelf
	items uint64
	sum   uint64 // see wire.RecordSum
	bytes int    // of packed records
	seq   store.Seq
}

// layout is how the catalog is split at a position. It does not change: a commit makes another one.
type layout struct {
	seq     store.Seq
	learned uint64 // revision of the weights that seq holds
	horizon store.Seq
	items   uint64
	shelves []shelfInfo // in the order of their keys; none contains another
}

// place returns where the shelf that holds k stands or, if there is none, would stand.
func (l *layout) place(k wire.Key) (int, bool) {
	i, _ := slices.BinarySearchFunc(l.shelves, k, func(s shelfInfo, k wire.Key) int {
		if s.id.First() > k {
			return 1
		}
		return -1
	})
	if i > 0 && l.shelves[i-1].id.Holds(k) {
		return i - 1, true
	}
	return i, false
}

// of returns the shelf that holds k, 0 for none.
func (l *layout) of(k wire.Key) wire.Shelf {
	if i, ok := l.place(k); ok {
		return l.shelves[i].id
	}
	return 0
}

// under returns the shelves that are s or parts of it.
func (l *layout) under(s wire.Shelf) []shelfInfo {
	if !s.Valid() {
		return nil
	}
	i, _ := slices.BinarySearchFunc(l.shelves, s.First(), func(x shelfInfo, k wire.Key) int { return cmp.Compare(x.id.First(), k) })
	j := i
	for j < len(l.shelves) && s.Contains(l.shelves[j].id) {
		j++
	}
	return l.shelves[i:j]
}

// sum is the checkpoint of s, whether it is a shelf or was one before it was split.
func (l *layout) sum(s wire.Shelf) (out shelfInfo) {
	out.id = s
	for _, x := range l.under(s) {
		out.items, out.sum, out.bytes, out.seq = out.items+x.items, out.sum+x.sum, out.bytes+x.bytes, max(out.seq, x.seq)
	}
	return out
}

// shelving is the owner's book of which item stands where, as committed.
type shelving struct {
	most   int // items of a shelf: beyond that it is split
	places map[core.ItemNum]place
	on     map[wire.Shelf]map[core.ItemNum]struct{}
	layout *layout
	// gone are tombstones and moves, ascending by seq. Elements do not change, so that snapshots share them.
	gone  []departure
	tombs int // of these, tombstones
}

// place is what is known of a committed record.
type place struct {
	key   wire.Key
	sum   uint64
	size  int32
	seq   store.Seq
	moved store.Seq // last change of its key
}

// departure is an item that left a shelf: by its deletion, or because its key changed.
type departure struct {
	num  core.ItemNum
	seq  store.Seq
	tomb bool
}

func newPlace(r *core.Record, packed []byte, seq, moved store.Seq) place {
	return place{wire.KeyOf(r), wire.RecordSum(packed), int32(len(packed)), seq, moved}
}

// build makes the layout of all places from nothing. It splits a little earlier than a running catalog does: what was
// split before a start is split after it too, as a rule, and to hold parts of what was one costs a client nothing.
func (s *shelving) build(seq store.Seq, learned uint64) {
	type keyed struct {
		key wire.Key
		num core.ItemNum
	}
	all := make([]keyed, 0, len(s.places))
	for n, p := range s.places {
		all = append(all, keyed{p.key, n})
	}
	slices.SortFunc(all, func(a, b keyed) int { return cmp.Compare(a.key, b.key) })
	slices.SortFunc(s.gone, func(a, b departure) int { return cmp.Or(cmp.Compare(a.seq, b.seq), cmp.Compare(a.num, b.num)) })
	l := &layout{seq: seq, learned: learned, items: uint64(len(all))}
	if s.layout != nil {
		l.horizon = s.layout.horizon
	}
	s.on = map[wire.Shelf]map[core.ItemNum]struct{}{}
	var split func(id wire.Shelf, some []keyed)
	split = func(id wire.Shelf, some []keyed) {
		low, high, ok := id.Halves()
		if len(some) == 0 && id != wire.Whole {
			return
		}
		if !ok || len(some) <= s.most*3/4 {
			info := shelfInfo{id: id}
			s.on[id] = make(map[core.ItemNum]struct{}, len(some))
			for _, k := range some {
				s.on[id][k.num] = struct{}{}
				info.add(s.places[k.num])
			}
			l.shelves = append(l.shelves, info)
			return
		}
		i, _ := slices.BinarySearchFunc(some, high.First(), func(k keyed, f wire.Key) int { return cmp.Compare(k.key, f) })
		split(low, some[:i])
		split(high, some[i:])
	}
	split(wire.Whole, all)
	s.layout = l
}

func (i *shelfInfo) add(p place) {
	i.items, i.sum, i.bytes, i.seq = i.items+1, i.sum+p.sum, i.bytes+int(p.size), max(i.seq, p.seq)
}

func (i *shelfInfo) drop(p place) {
	i.items, i.sum, i.bytes = i.items-1, i.sum-p.sum, i.bytes-int(p.size)
}

// moves returns what a record's Moved is when it is committed at seq.
func (s *shelving) moves(r *core.Record, seq store.Seq) store.Seq {
	p, known := s.places[r.Num]
	if known && p.key != wire.KeyOf(r) {
		return seq
	}
	return p.moved
}

// change is a record of a commit.
type change struct {
	record      *core.Record
	packed      []byte
	onlyWeights bool // have changed
}

// part is what a step changes of a shelf.
type part struct {
	records []*core.Record
	weights []core.Weights
	deleted []core.ItemNum
}

// step takes a commit into the book and returns the news of it.
func (s *shelving) step(to store.Seq, learned uint64, changes []change, deleted []core.ItemNum) *news {
	next := &layout{seq: to, learned: learned, horizon: s.layout.horizon, shelves: slices.Clone(s.layout.shelves)}
	n := &news{from: s.layout.seq, to: to, parts: map[wire.Shelf]*part{}}
	at := func(id wire.Shelf) *part {
		if n.parts[id] == nil {
			n.parts[id] = &part{}
		}
		return n.parts[id]
	}
	info := func(k wire.Key) *shelfInfo {
		i, ok := next.place(k)
		if !ok {
			born := shelfInfo{id: next.gap(k), seq: to}
			next.shelves = slices.Insert(next.shelves, i, born)
			s.on[born.id] = map[core.ItemNum]struct{}{}
			n.born = append(n.born, born.id)
		}
		next.shelves[i].seq = to
		return &next.shelves[i]
	}
	for _, num := range deleted {
		p, ok := s.places[num]
		s.gone = append(s.gone, departure{num, to, true})
		s.tombs++
		if !ok {
			continue // put and deleted by one commit
		}
		of := info(p.key)
		of.drop(p)
		at(of.id).deleted = append(at(of.id).deleted, num)
		delete(s.on[of.id], num)
		delete(s.places, num)
	}
	for _, c := range changes {
		num := c.record.Num
		p := newPlace(c.record, c.packed, to, s.moves(c.record, to))
		old, known := s.places[num]
		before := wire.Shelf(0)
		if known {
			of := info(old.key)
			before = of.id
			of.drop(old)
		}
		of := info(p.key)
		of.add(p)
		if known && before != of.id {
			at(before).deleted = append(at(before).deleted, num)
			delete(s.on[before], num)
		}
		if known && p.key != old.key {
			s.gone = append(s.gone, departure{num: num, seq: to})
		}
		s.on[of.id][num] = struct{}{}
		s.places[num] = p
		if d := at(of.id); c.onlyWeights {
			d.weights = append(d.weights, c.record.Weights())
		} else {
			d.records = append(d.records, c.record)
		}
	}
	next.items = uint64(len(s.places))
	n.after = next
	s.layout = s.split(n, next)
	n.next = s.layout
	return n
}

// gap returns the largest shelf that holds k and nothing of the shelves there are.
func (l *layout) gap(k wire.Key) wire.Shelf {
	for depth := range wire.KeyBits + 1 {
		if id := wire.At(k, depth); len(l.under(id)) == 0 {
			return id
		}
	}
	return wire.At(k, wire.KeyBits)
}

// split halves the shelves of a step that have grown too large.
func (s *shelving) split(n *news, l *layout) *layout {
	var large []wire.Shelf
	for id := range n.parts {
		if len(s.on[id]) > s.most {
			large = append(large, id)
		}
	}
	if len(large) == 0 {
		return l
	}
	slices.Sort(large)
	next := *l
	next.shelves = slices.Clone(l.shelves)
	for len(large) > 0 {
		id := large[0]
		large = large[1:]
		low, high, ok := id.Halves()
		if !ok {
			continue
		}
		halves := [2]shelfInfo{{id: low}, {id: high}}
		on := [2]map[core.ItemNum]struct{}{{}, {}}
		for num := range s.on[id] {
			p := s.places[num]
			i := 0
			if high.Holds(p.key) {
				i = 1
			}
			halves[i].add(p)
			on[i][num] = struct{}{}
		}
		i := slices.IndexFunc(next.shelves, func(x shelfInfo) bool { return x.id == id })
		delete(s.on, id)
		next.shelves = slices.Delete(next.shelves, i, i+1)
		for h, x := range halves {
			if x.items == 0 {
				continue
			}
			x.seq = n.to // deletions too
			next.shelves = slices.Insert(next.shelves, i, x)
			i++
			s.on[x.id] = on[h]
			if len(on[h]) > s.most {
				large = append(large, x.id)
			}
		}
		n.split = append(n.split, id)
	}
	return &next
}

// members returns the items of a shelf, ascending.
func (s *shelving) members(id wire.Shelf) []core.ItemNum { return slices.Sorted(maps.Keys(s.on[id])) }
