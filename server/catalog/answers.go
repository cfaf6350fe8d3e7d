package catalog

import (
	"context"
	"fmt"
	"slices"

	"nigh/core"
	"nigh/core/wire"
)

// standing is a question that is answered again whenever its answer changes.
type standing struct {
	wire.Ask
	sent []core.Ranked
	done bool // sent was sent
	// whole: the client held all there is when the answer was looked at last, and may show a list of its own since.
	whole bool
}

func (s *Session) ask(ctx context.Context, m *wire.Ask) error {
	s.took.asks++
	i := slices.IndexFunc(s.asks, func(a *standing) bool { return a.Name == m.Name })
	if i < 0 && len(s.asks) == maxAsks || len(m.Name) > maxAskName || len(m.Exclude) > MaxExclude ||
		m.Filter.Size()+len(m.Categories)+len(m.Tags) > core.MaxFilter {
		s.send(&wire.Error{Reason: "too many questions, or too long a one", Hint: fmt.Sprintf("keep at most %d", maxAsks)})
		return nil
	}
	if _, err := core.ParseCursor(m.After, s.c.epoch); err != nil {
		in := cursorError()
		s.send(&wire.Error{Reason: in.Field + " " + in.Reason, Hint: in.Hint})
		return nil
	}
	a := &standing{Ask: *m}
	a.Limit = min(a.Limit, MaxLimit)
	if a.Limit == 0 {
		a.Limit = DefaultLimit
	}
	if i < 0 {
		s.asks = append(s.asks, a)
	} else {
		s.asks[i] = a
	}
	s.watch.deaf.Store(false) // before it is answered: a change in between is not missed
	r, err := s.current(ctx)
	if err != nil {
		return err
	}
	s.answer(a, r, true)
	return nil
}

// Refresh answers again what changed for other reasons than this client's own ops.
func (s *Session) Refresh(ctx context.Context) error {
	s.asking.Lock()
	defer s.asking.Unlock()
	return s.answerAll(ctx, false)
}

// current returns the reader, after the client was told if it does not know them as they are.
func (s *Session) current(ctx context.Context) (reader, error) {
	r, err := s.c.reader(ctx, s.user)
	if err != nil {
		return r, s.broken(err)
	}
	if !r.same(s.told) {
		s.sendProfile(r)
	} else {
		s.giveHistory(r)
	}
	return r, nil
}

func (s *Session) answerAll(ctx context.Context, always bool) error {
	for {
		r, err := s.current(ctx)
		if err != nil {
			return err
		}
		for _, a := range s.asks {
			s.answer(a, r, always)
		}
		changed, err := s.replan(ctx)
		if err != nil {
			return s.broken(err)
		}
		if !changed {
			return nil
		}
		always = false // what left may be needed as cards
	}
}

// answer ranks and, if the list is another one or always, sends it, with the cards that the client lacks for it. A list
// of another position than the client's is left out: the signal for what came in between is still to come, and what was
// to be sent always is sent then.
func (s *Session) answer(a *standing, r reader, always bool) {
	v, ranked, records := s.c.rankRecords(&a.Ask, r, core.Seed(s.user))
	s.sending.Lock()
	defer s.sending.Unlock()
	if s.ended {
		return
	}
	if v.Seq != s.position {
		a.done = a.done && !always && v.Seq > s.position
		return
	}
	if !s.whole {
		s.give(records, false)
		always = always || a.whole // something left: what its own list lacks from now on, this one has
	}
	a.whole = s.whole
	if !always && a.done && slices.Equal(a.sent, ranked) {
		return
	}
	a.sent, a.done = ranked, true
	s.out.Send(wire.Encode(&wire.Recs{
		Name: a.Name, Epoch: v.Epoch, Seq: v.Seq, Learned: v.Learned, Op: s.lastOp, Policy: v.Policy, Hour: v.Hour,
		Items: ranked,
	}))
}

// Agreement returns how many of the lists that clients compared with their own agreed, and how many differed.
func (c *Catalog) Agreement() (agreed, differed uint64) { return c.agreed.Load(), c.differed.Load() }

// rankAsk is the server's side of replica's query: the two must build the same core.Query from the same question.
// Its cursor was checked when it was asked.
func (c *Catalog) rankAsk(a *wire.Ask, r reader, seed uint64) (Version, []core.Ranked) {
	v, ranked, _ := c.rankRecords(a, r, seed)
	return v, ranked
}

// rankRecords is rankAsk with the records of what it ranks.
func (c *Catalog) rankRecords(a *wire.Ask, r reader, seed uint64) (v Version, ranked []core.Ranked, records []*core.Record) {
	cursor, err := core.ParseCursor(a.After, c.epoch)
	if err != nil {
		return v, nil, nil
	}
	filter := (&core.Wanted{Labels: core.Labels{Categories: a.Categories, Tags: a.Tags}}).Filter()
	filter.Groups = append(filter.Groups, a.Filter.Groups...)
	filter.Not, filter.Since, filter.Until = a.Filter.Not, a.Filter.Since, a.Filter.Until
	c.sides.read(func(x *core.Index, at Version) {
		at.Hour = hourOf(c.now())
		v = at
		q := core.Query{
			Policy: c.policy, Hour: v.Hour, Limit: int(a.Limit), Filter: filter, Seed: seed,
			Exclude: append(numbers(x, a.Exclude), cursor.Listed...), Before: len(cursor.Listed),
		}
		var p core.Profile
		if a.Similar != "" {
			n, ok := x.NumOf(core.ItemID(a.Similar))
			if !ok {
				return
			}
			p, q.Matched = core.ItemProfile(n), true
			q.Exclude = append(q.Exclude, n)
		} else {
			p = core.NewProfile(r.history, r.preferences, c.policy, c.analyzer, x.NumOf)
		}
		q.Profile = &p
		s := c.scratch.Get().(*core.Scratch)
		defer c.scratch.Put(s)
		ranked = x.Rank(s, q)
		for _, place := range ranked {
			records = append(records, x.Get(place.Num))
		}
	})
	return v, ranked, records
}
