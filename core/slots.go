package core

// slotOf finds slots by item number. A catalog gives numbers from 1 on, so most stand in a table, for a ranking asks
// hundreds of times; numbers far beyond how many there are, as a part of a large catalog has them, stand in a map.
type slotOf struct {
	table []uint32 // by number: the slot, from 1 on; 0 for none
	far   map[ItemNum]uint32
	n     int
}

// sparse is how many numbers a table may have for one that is in use.
const sparse = 16

// newSlotOf has room for n numbers up to last.
func newSlotOf(n int, last ItemNum) slotOf {
	var s slotOf
	if uint64(last) < sparse*uint64(n) {
		s.table = make([]uint32, last+1)
	}
	return s
}

func (s *slotOf) len() int { return s.n }

// get returns the slot of an item.
func (s *slotOf) get(n ItemNum) (uint32, bool) {
	if uint64(n) < uint64(len(s.table)) {
		slot := s.table[n]
		return slot - 1, slot != 0
	}
	slot, ok := s.far[n]
	return slot, ok
}

// add takes up an item that s does not hold.
func (s *slotOf) add(n ItemNum, slot uint32) {
	s.n++
	if uint64(n) >= uint64(len(s.table)) && uint64(n) < sparse*uint64(s.n) {
		s.widen(n)
	}
	if uint64(n) < uint64(len(s.table)) {
		s.table[n] = slot + 1
		return
	}
	if s.far == nil {
		s.far = map[ItemNum]uint32{}
	}
	s.far[n] = slot
}

// widen makes the table one that has a place for n, by a half at least: numbers come ascending as a rule.
func (s *slotOf) widen(n ItemNum) {
	table := make([]uint32, max(int(n)+1, len(s.table)+len(s.table)/2))
	copy(table, s.table)
	s.table = table
	for far, slot := range s.far {
		if uint64(far) < uint64(len(table)) {
			table[far] = slot + 1
			delete(s.far, far)
		}
	}
}

func (s *slotOf) remove(n ItemNum) {
	if _, ok := s.get(n); !ok {
		return
	}
	s.n--
	if uint64(n) < uint64(len(s.table)) {
		s.table[n] = 0
	} else {
		delete(s.far, n)
	}
}
