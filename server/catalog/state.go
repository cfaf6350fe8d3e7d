package catalog

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"nigh/core"
	"nigh/core/wire"
	"nigh/server/store"
)

// stated is where a client says that it stands with a shelf.
type stated struct {
	seq  store.Seq
	upTo core.ItemNum // 0: it has all of it
}

// resolve reads what a client says that it holds, by the shelves there are now; and the position that its next delta
// must begin at.
func (s *Session) resolve(h *wire.Hello, l *layout) (map[wire.Shelf]stated, store.Seq) {
	out := map[wire.Shelf]stated{}
	if h.Epoch != s.c.epoch {
		if h.Epoch != 0 {
			s.send(&wire.Reset{Code: wire.ResetEpoch, Reason: "the catalog's history was begun anew; snapshots follow"})
		}
		return out, 0
	}
	ahead := h.Seq > l.seq
	for _, held := range h.Shelves {
		ahead = ahead || held.Seq > l.seq
	}
	if ahead { // an older backup was restored
		s.send(&wire.Reset{Code: wire.ResetTooOld, Reason: "the server's history ends before that; snapshots follow"})
		return out, 0
	}
	for _, held := range h.Shelves {
		if held.Seq < l.horizon {
			continue
		}
		for _, x := range l.under(held.Shelf) {
			out[x.id] = stated{held.Seq, held.UpTo}
		}
	}
	return out, h.Seq
}

// state brings the client to a position: shelf by shelf by what it missed, or by snapshots.
func (s *Session) state(ctx context.Context, h *wire.Hello, l *layout) error {
	has, from := s.resolve(h, l)
	s.sending.Lock()
	s.subscription.budget = int(min(h.Budget, 1<<40))
	s.layout, s.position, s.keeps = l, from, map[wire.Shelf]bool{}
	s.sending.Unlock()
	for id, at := range has {
		if at.upTo == 0 {
			s.keeps[id] = true // as far as choosing goes
		}
	}
	plan, err := s.c.choose(ctx, s.user, l, s.budget, s.keeps)
	if err != nil {
		return err
	}
	missed := map[wire.Shelf]store.Seq{}
	for _, id := range plan.shelves {
		if at, ok := has[id]; ok && at.upTo == 0 {
			missed[id] = at.seq
		}
	}
	var up *caughtUp
	if len(missed) > 0 {
		if up, err = s.c.catchUp(ctx, missed); err != nil {
			return err
		}
		up.to = max(up.to, l.seq)
	}
	at, err := s.layoutAt(ctx, l, up)
	if err != nil {
		return err
	}
	missedFrames := s.encodeMissed(up, from) // not under the lock: the owner would wait
	s.sending.Lock()
	s.values, s.whole, s.keeps = plan.values, plan.whole, map[wire.Shelf]bool{}
	for _, id := range plan.shelves {
		if up != nil && up.parts[id] != nil {
			s.keeps[id] = true
		} else {
			s.enters = append(s.enters, id)
		}
	}
	if len(s.keeps) > 0 {
		s.sendMissed(up, missedFrames, at, from, plan)
	}
	s.sending.Unlock()
	return s.bring(ctx, has)
}

// layoutAt returns the layout at the position that a catch-up leads to.
func (s *Session) layoutAt(ctx context.Context, l *layout, up *caughtUp) (*layout, error) {
	for barrier := false; ; barrier = true {
		s.sending.Lock()
		held := s.held
		s.sending.Unlock()
		if up == nil || up.to == l.seq {
			return l, nil
		}
		for _, n := range held {
			if n.to == up.to {
				return n.after, nil
			}
		}
		if barrier {
			return nil, fmt.Errorf("no news of position %d", up.to)
		}
		if _, err := s.c.snapshot(ctx); err != nil { // what the store had is published when the owner has answered
			return nil, err
		}
	}
}

// encodeMissed makes the parts of a catch-up.
func (s *Session) encodeMissed(up *caughtUp, from store.Seq) map[wire.Shelf][]byte {
	out := map[wire.Shelf][]byte{}
	if up == nil {
		return out
	}
	for id, p := range up.parts {
		if len(p.records) > 0 {
			d := p.delta()
			d.From, d.To, d.Part = from, up.to, true
			out[id] = NewFrame(wire.Encode(d)).For(s.inflates)
		}
	}
	return out
}

// sendMissed sends what the client missed of the shelves that it keeps. The lock of sending is held.
func (s *Session) sendMissed(up *caughtUp, parts map[wire.Shelf][]byte, at *layout, from store.Seq, plan *plan) {
	if s.whole { // which came into being since the choice
		for _, x := range at.shelves {
			if !slices.ContainsFunc(plan.shelves, func(id wire.Shelf) bool { return id.Contains(x.id) }) {
				s.enters = append(s.enters, x.id)
			}
		}
	}
	s.fit(at)
	if s.ended {
		return
	}
	s.announce()
	end := &wire.Delta{From: from, To: up.to, Learned: at.learned, Deleted: up.gone, Items: at.items}
	var frames [][]byte
	for _, id := range s.list() {
		if part := parts[id]; part != nil {
			frames = append(frames, part)
		}
		end.Checkpoints = append(end.Checkpoints, checkpoint(at, id))
	}
	s.out.SendShared(append(frames, NewFrame(wire.Encode(end)).For(s.inflates)))
	s.position = up.to
}

// bring sends the snapshots of what enters, and what was held back meanwhile. has is what the client has of them from
// connections that broke.
func (s *Session) bring(ctx context.Context, has map[wire.Shelf]stated) error {
	s.sending.Lock()
	enters, all, first := slices.Clone(s.enters), s.whole, len(s.keeps) == 0
	s.sending.Unlock()
	if len(enters) > 0 || first {
		if all && first {
			enters = []wire.Shelf{wire.Whole} // and what came into being meanwhile
		}
		snap, err := s.c.snapshot(ctx, enters...)
		if err != nil {
			return err
		}
		frames := s.encodeSnapshots(snap, has) // not under the lock either
		s.sending.Lock()
		s.enterShelves(snap, frames, first, all && first)
		s.sending.Unlock()
	}
	s.sending.Lock()
	defer s.sending.Unlock()
	for _, n := range s.held {
		if !s.ended {
			s.forward(n)
		}
	}
	s.held, s.catching = nil, false
	s.whole = s.budget == 0 || !slices.ContainsFunc(s.layout.shelves, func(x shelfInfo) bool { return !s.keeps[x.id] })
	return nil
}

// enterShelves brings the client to the position of the snapshots, and sends them. The lock of sending is held.
func (s *Session) enterShelves(snap *snapshots, frames map[wire.Shelf][][]byte, first, all bool) {
	i := 0
	for ; i < len(s.held) && s.held[i].to <= snap.layout.seq && !s.ended; i++ {
		if first { // the snapshots hold it
			s.layout = s.held[i].next
			s.follow(s.held[i])
		} else {
			s.forward(s.held[i])
		}
	}
	if s.held = s.held[min(i, len(s.held)):]; s.ended {
		return
	}
	s.layout = snap.layout
	announced := slices.Clone(s.enters)
	wanted := func(id wire.Shelf) bool {
		return all || slices.ContainsFunc(announced, func(e wire.Shelf) bool { return e.Contains(id) })
	}
	s.enters = nil
	for _, x := range snap.shelves {
		if wanted(x.info.id) {
			s.enters = append(s.enters, x.info.id)
		}
	}
	s.order(announced)
	if s.fit(snap.layout); first || !slices.Equal(announced, s.enters) {
		s.announce()
	}
	for _, id := range s.enters {
		s.out.SendShared(frames[id])
		s.keeps[id] = true
	}
	s.enters = nil
	if first {
		l := snap.layout
		s.out.Send(wire.Encode(&wire.Delta{From: s.position, To: l.seq, Learned: l.learned, Items: l.items}))
		s.position = l.seq
	}
}

// order puts what enters in the order in which it was announced: the best first.
func (s *Session) order(announced []wire.Shelf) {
	at := func(id wire.Shelf) int {
		i := slices.IndexFunc(announced, func(e wire.Shelf) bool { return e.Contains(id) })
		if i < 0 {
			i = len(announced)
		}
		return i
	}
	slices.SortStableFunc(s.enters, func(a, b wire.Shelf) int { return at(a) - at(b) })
}

// encodeSnapshots returns the frames of snapshots by shelf, made on all processors.
func (s *Session) encodeSnapshots(snap *snapshots, has map[wire.Shelf]stated) map[wire.Shelf][][]byte {
	made := make([][][]byte, len(snap.shelves))
	var wg sync.WaitGroup
	turn := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, x := range snap.shelves {
		turn <- struct{}{}
		wg.Go(func() {
			for _, f := range x.frames(has) {
				made[i] = append(made[i], f.For(s.inflates))
			}
			<-turn
		})
	}
	wg.Wait()
	out := make(map[wire.Shelf][][]byte, len(made))
	for i, x := range snap.shelves {
		out[x.info.id] = made[i]
	}
	return out
}

// frames returns the frames for a client that has some of the shelf, as it states, or nothing.
func (s *shelfSnapshot) frames(has map[wire.Shelf]stated) []*Frame {
	for id, at := range has {
		if at.upTo > 0 && id.Contains(s.info.id) && at.seq <= s.seq {
			if frames := s.behind(at.seq, at.upTo); frames[0].Size() <= wire.MaxServerFrame {
				return frames
			}
		}
	}
	return s.all()
}
