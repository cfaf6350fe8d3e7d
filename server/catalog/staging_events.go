package catalog

import (
	"cmp"
	"fmt"
	"slices"

	"nigh/server/store"
)

// need reads what is known of a reader who is to have events at the given times.
func (s *staging) need(user string, times ...int64) error {
	r, ok := s.known[user]
	if !ok {
		var err error
		if r, err = s.c.reader(s.ctx, user); err != nil {
			return fmt.Errorf("read the history of a reader: %w", err)
		}
		s.known[user] = r
	}
	last := r.lastAt
	for _, at := range times {
		if at >= last {
			last = at
			continue
		}
		if _, ok := s.past[user]; ok {
			return nil
		}
		past, err := s.c.store.UserEvents(s.ctx, user, store.AllRows, readEvents, idleKinds(s.c.policy)...)
		if err != nil {
			return fmt.Errorf("read the events of a reader: %w", err)
		}
		slices.Reverse(past)
		for i := range s.batch.Events {
			if e := &s.batch.Events[i]; e.User == user && !s.c.policy.Idle(e.Kind) {
				past = placed(past, e.StoredEvent)
			}
		}
		s.past[user] = past
		return nil
	}
	return nil
}

// keep notes a reader's new state.
func (s *staging) keep(user string, r reader) {
	s.known[user], s.changed[user] = r, true
}

// placed puts an event among a reader's last ones, behind those of the same time.
func placed(past []store.StoredEvent, e store.StoredEvent) []store.StoredEvent {
	at, _ := slices.BinarySearchFunc(past, e.AtMillis+1, func(p store.StoredEvent, t int64) int { return cmp.Compare(p.AtMillis, t) })
	past = slices.Insert(past, at, e)
	return past[max(0, len(past)-readEvents):]
}

func (s *staging) recordEvents(r *eventsRequest) error {
	if err := s.loadKeys(r.events); err != nil {
		return err
	}
	times := map[string][]int64{}
	for i := range r.events {
		e, res := &r.events[i], &r.results[i]
		if res.Err = checkEvent(e, s.c.policy); res.Err == nil {
			times[e.User] = append(times[e.User], eventTime(e.At, s.now).UnixMilli())
		}
	}
	for user, at := range times {
		if err := s.need(user, at...); err != nil {
			return err
		}
	}
	for i := range r.events {
		e, res := &r.events[i], &r.results[i]
		if res.Err != nil {
			continue
		}
		n, ok := s.find(e.Item)
		if !ok {
			res.Err = unknownItem("event.item", e.Item)
			continue
		}
		if e.ID != "" {
			if s.keys[e.ID] {
				res.Duplicate = true
				continue
			}
			s.keys[e.ID] = true
		}
		s.event(store.NewEvent{
			StoredEvent: store.StoredEvent{
				Num: n, User: e.User, Kind: e.Kind, ValueMilli: milli(e.Value),
				AtMillis: eventTime(e.At, s.now).UnixMilli(),
			},
			Key: e.ID,
		})
	}
	return nil
}

func unknownItem(field, id string) *InputError {
	return &InputError{field, fmt.Sprintf("%q is not in the catalog", id), "put the item first"}
}

// loadKeys looks up which of a call's idempotency keys the store knows.
func (s *staging) loadKeys(events []store.Event) error {
	var keys []string
	for i := range events {
		if events[i].ID != "" && len(events[i].ID) <= MaxKeyBytes {
			keys = append(keys, events[i].ID)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	known, err := s.c.store.KnownKeys(s.ctx, keys)
	if err != nil {
		return fmt.Errorf("look up idempotency keys: %w", err)
	}
	for k := range known {
		s.keys[k] = true
	}
	return nil
}

// event adds an event to the batch; its reader is needed already. late tells that it happened before one that the
// reader's history holds already.
func (s *staging) event(e store.NewEvent) (late bool) {
	r := s.known[e.User]
	s.row++
	e.Row = s.row
	s.batch.Events = append(s.batch.Events, e)
	if s.c.policy.Idle(e.Kind) {
		return false
	}
	if past, ok := s.past[e.User]; ok {
		s.past[e.User] = placed(past, e.StoredEvent)
	}
	var after reader
	var teaches bool
	if late = e.AtMillis < r.lastAt; late { // a history is defined by the order of time: it is made anew
		after, teaches = r.afterLate(s.past[e.User], e.Row, s.c.policy)
	} else {
		after, teaches = r.after(e.StoredEvent, s.c.policy)
	}
	s.keep(e.User, after)
	if k, ok := s.c.policy.Kind(e.Kind); ok && teaches {
		s.learnt = append(s.learnt, lesson{r.history, e.Num, k.Strength(e.ValueMilli), e.AtMillis})
	}
	return late
}
