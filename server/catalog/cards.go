package catalog

import (
	"slices"

	"nigh/core"
	"nigh/core/wire"
)

// cards are the records of items beside the shelves that the client was given on this connection.
type cards map[core.ItemNum]*core.Record

// stale tells whether the client must be told of r, as far as it counts beside a shelf.
func (c cards) stale(r *core.Record) bool {
	old := c[r.Num]
	if old == nil {
		return true
	}
	a, b := &old.Card, &r.Card
	return old.ID != r.ID || old.Damp != r.Damp || a.Title != b.Title || a.Summary != b.Summary || a.URL != b.URL ||
		a.Image != b.Image || a.Author != b.Author || !slices.Equal(a.Tags, b.Tags) || !slices.Equal(a.Categories, b.Categories) ||
		!slices.Equal(a.Attributes, b.Attributes)
}

// give sends the records of those items that stand on no shelf of the client. The lock of sending is held, and the
// records are of the client's position.
func (s *Session) give(need []*core.Record, anew bool) {
	m := &wire.Cards{Reset: anew}
	var new, sent []*core.Record
	for _, r := range need {
		if !s.holdsKey(wire.KeyOf(r)) && (anew || s.cards.stale(r)) {
			new = append(new, r)
		}
	}
	if !anew && len(s.cards)+len(new) > wire.MaxCards {
		s.give(need, true)
		return
	}
	if s.cards == nil || anew { // what an earlier connection brought may be long gone
		m.Reset, s.cards = true, cards{}
	}
	for _, r := range new {
		if len(s.cards) == wire.MaxCards {
			break
		}
		s.cards[r.Num] = r
		sent = append(sent, r)
	}
	if m.Records = columns(sent); len(sent) > 0 || m.Reset {
		s.out.Send(wire.Encode(m))
	}
}

// giveHistory gives the client what of the reader's history and wishes stands on no shelf of it: their damps count.
func (s *Session) giveHistory(r reader) {
	if s.isWhole() {
		return
	}
	var need []*core.Record
	var at Version
	missing := map[core.ItemNum]bool{}
	s.c.sides.read(func(x *core.Index, v Version) {
		at = v
		add := func(n core.ItemNum) {
			if rec := x.Get(n); rec != nil {
				need = append(need, rec)
			} else {
				missing[n] = true
			}
		}
		for _, v := range r.history[:min(len(r.history), len(s.c.policy.Recency))] {
			add(v.Item)
		}
		for _, p := range r.preferences {
			if n, ok := x.NumOf(core.ItemID(p.Key)); ok && p.Kind == core.PreferItem {
				add(n)
			}
		}
	})
	s.sending.Lock()
	defer s.sending.Unlock()
	if s.ended || at.Seq != s.position {
		return // the signal for what came in between is still to come
	}
	anew := false
	for n := range s.cards {
		anew = anew || missing[n] // it was deleted: whoever holds it no longer counts it in full
	}
	s.give(need, anew)
}

func (s *Session) isWhole() bool {
	s.sending.Lock()
	defer s.sending.Unlock()
	return s.whole
}

// lacks tells whether ops were about an item that the client does not know.
func (s *Session) lacks(items map[core.ItemID]core.ItemNum) (lacks bool) {
	if s.isWhole() {
		return false
	}
	var records []*core.Record
	s.c.sides.read(func(x *core.Index, _ Version) {
		for _, n := range items {
			if r := x.Get(n); r != nil {
				records = append(records, r)
			} else {
				lacks = true
			}
		}
	})
	s.sending.Lock()
	defer s.sending.Unlock()
	for _, r := range records {
		lacks = lacks || !s.holdsKey(wire.KeyOf(r)) && s.cards[r.Num] == nil
	}
	return lacks
}
