package catalog

import (
	"context"
	"maps"
	"slices"

	"nigh/core/wire"
	"nigh/server/store"
)

// subscription is what a session's client holds of the catalog, as of all that was sent to it.
//
// Invariant: the client is at position with every shelf of keeps; enters were announced, and their snapshots are to come.
type subscription struct {
	position store.Seq
	layout   *layout // as of the last news that was looked at
	keeps    map[wire.Shelf]bool
	enters   []wire.Shelf
	whole    bool // keeps, with enters, is all there is
	budget   int  // bytes, 0 for no bound
	values   map[wire.Shelf]int

	inflates bool    // the client does
	catching bool    // news waits for what it follows on
	held     []*news // which
}

// holds tells whether the client has the shelf.
func (s *subscription) holds(id wire.Shelf) bool { return s.keeps[id] }

// holdsKey tells whether the client has all items of a key.
func (s *subscription) holdsKey(k wire.Key) bool { return s.whole || s.keeps[s.layout.of(k)] }

// list returns keeps in the order of keys.
func (s *subscription) list() []wire.Shelf {
	return slices.SortedFunc(maps.Keys(s.keeps), byKey)
}

func byKey(a, b wire.Shelf) int {
	switch x, y := a.First(), b.First(); {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// bytes is what the client holds, and what it was told to expect, in a layout.
func (s *subscription) bytes(l *layout) (n int) {
	for id := range s.keeps {
		n += l.sum(id).bytes
	}
	for _, id := range s.enters {
		n += l.sum(id).bytes
	}
	return n
}

// fit lets shelves leave until all is within the budget; false if nothing had to.
func (s *subscription) fit(l *layout) (left bool) {
	for s.budget > 0 && s.bytes(l) > s.budget {
		all := append(s.list(), s.enters...)
		victim := slices.MinFunc(all, func(a, b wire.Shelf) int { return s.values[a] - s.values[b] })
		delete(s.keeps, victim)
		s.enters = slices.DeleteFunc(s.enters, func(id wire.Shelf) bool { return id == victim })
		s.whole, left = false, true
	}
	return left
}

// follow applies splits.
func (s *subscription) follow(n *news) (changed bool) {
	for _, id := range n.split {
		if s.keeps[id] {
			delete(s.keeps, id)
			for _, part := range n.next.under(id) {
				s.keeps[part.id] = true
				s.values[part.id] = s.values[id]
			}
			changed = true
		}
		if i := slices.Index(s.enters, id); i >= 0 {
			s.enters = slices.Delete(s.enters, i, i+1)
			for _, part := range n.next.under(id) {
				s.enters = append(s.enters, part.id)
				s.values[part.id] = s.values[id]
			}
			changed = true
		}
	}
	return changed
}

// announce tells the client what it is to hold. The lock of sending is held.
func (s *Session) announce() {
	s.out.Send(wire.Encode(&wire.Shelves{
		Keep: s.list(), Enter: s.enters, Of: uint64(len(s.layout.shelves)), Items: s.layout.items,
	}))
}

// deliver implements Subscriber.
func (s *Session) deliver(n *news) {
	s.sending.Lock()
	defer s.sending.Unlock()
	switch {
	case s.ended:
	case !s.catching:
		s.forward(n)
	case len(s.held) == maxHeld:
		s.cut("more changes than a snapshot takes; connect again")
	default:
		s.held = append(s.held, n)
	}
}

// cut ends a session whose client must come back.
func (s *Session) cut(reason string) {
	s.ended, s.held = true, nil
	s.out.Close(wire.CloseSlow, reason)
}

// forward sends what of news the client is to get. The lock of sending is held.
func (s *Session) forward(n *news) {
	if n.to > s.position {
		s.layout = n.after
		if s.whole && len(n.born) > 0 {
			s.bear(n)
		}
		if s.fit(n.after) {
			s.announce()
		}
		n.each(s.holds, func(frame *Frame) {
			if frame.Size() > wire.MaxServerFrame && !s.ended {
				s.cut("more changes than a frame holds; connect again")
			}
			if !s.ended {
				s.out.Send(frame.For(s.inflates))
			}
		})
		s.position = n.to
	}
	s.layout = n.next
	if s.follow(n) && !s.ended {
		s.announce()
	}
}

// bear gives a client that holds all there is the shelves that came into being.
func (s *Session) bear(n *news) {
	enters := s.enters
	s.enters = append(slices.Clone(enters), n.born...)
	s.announce()
	for _, id := range n.born {
		s.out.Send(wire.Encode(&wire.Snapshot{Epoch: s.c.epoch, Seq: n.from, Last: true, Shelf: id, UpTo: lastNum}))
		s.keeps[id] = true
	}
	s.enters = enters
}

// replan changes the choice of shelves, by one at most, when the reader has moved on.
func (s *Session) replan(ctx context.Context) (changed bool, err error) {
	now := s.c.now().UnixMilli()
	s.sending.Lock()
	due := s.budget > 0 && !s.whole && !s.ended && now-s.planned >= int64(s.c.limits.replan)
	l, keeps := s.layout, maps.Clone(s.keeps)
	s.sending.Unlock()
	if !due {
		return false, nil
	}
	s.planned = now
	plan, err := s.c.choose(ctx, s.user, l, s.budget, keeps)
	if err != nil {
		return false, err
	}
	next := slices.IndexFunc(plan.shelves, func(id wire.Shelf) bool { return !keeps[id] })
	if next < 0 {
		return false, nil
	}
	s.sending.Lock()
	s.values = plan.values
	if s.ended || s.layout != l { // it is chosen anew when the next change has been told
		s.sending.Unlock()
		return false, nil
	}
	id := plan.shelves[next]
	over := s.bytes(l) + l.sum(id).bytes - s.room()
	leaves := plan.leaving(s.list())
	n := 0
	for ; over > 0 && n < len(leaves); n++ {
		over -= l.sum(leaves[n]).bytes
	}
	if over > 0 {
		s.sending.Unlock()
		return false, nil
	}
	for _, old := range leaves[:n] {
		delete(s.keeps, old)
	}
	s.enters, s.catching = []wire.Shelf{id}, true
	s.announce()
	s.sending.Unlock()
	return true, s.bring(ctx, nil)
}

// room is what of the budget is filled by choice; the rest is for shelves that grow.
func (s *subscription) room() int { return roomOf(s.budget) }

func roomOf(budget int) int { return budget - budget/8 }
