package catalog

import (
	"errors"
	"fmt"
	"time"

	"nigh/core"
	"nigh/core/wire"
	"nigh/server/store"
)

func (s *staging) applyOps(r *opsRequest) error {
	if r.watch != nil && r.watch.erased.Load() {
		return ErrErased
	}
	client, err := s.client(r.client)
	if err != nil {
		return err
	}
	if client.User != "" && client.User != r.user {
		return ErrOtherReader
	}
	if r.first > client.LastOp+1 {
		return ErrGap
	}
	var times []int64
	for _, op := range r.ops {
		if op.Event {
			times = append(times, s.opTime(op))
		}
	}
	if err := s.need(r.user, times...); err != nil {
		return err
	}
	client.User = r.user
	r.result.before, r.result.items = s.known[r.user], map[core.ItemID]core.ItemNum{}
	for i, op := range r.ops {
		number := r.first + uint64(i)
		if number <= client.LastOp {
			r.result.Adjusted = true // applied before; how, only the profile tells
			continue
		}
		client.LastOp = number
		if fault := s.op(r, store.Op{Client: r.client, Number: number}, op); fault != nil {
			// Refused for good: were it not counted as decided, it would be sent again for ever.
			r.result.Refused = append(r.result.Refused, wire.Refusal{
				Op: number, Reason: fault.Field + " " + fault.Reason, Hint: fault.Hint,
			})
		}
	}
	r.result.Last, r.result.after = client.LastOp, s.known[r.user]
	s.seen[r.client], s.clients[r.client] = client, client
	return nil
}

// opTime is when an op counts as having happened.
func (s *staging) opTime(op wire.Op) int64 {
	at := time.UnixMilli(op.AtMillis)
	if op.AtMillis == 0 || at.Before(earliest) {
		return s.now.UnixMilli() // a device whose clock was never set
	}
	return eventTime(at, s.now).UnixMilli()
}

// op stages one op, or returns why it is refused.
func (s *staging) op(r *opsRequest, id store.Op, op wire.Op) *InputError {
	if !op.Event {
		return s.prefer(r.user, id, op.Preference)
	}
	e := store.Event{User: r.user, Item: op.Item, Kind: op.Kind, Value: float64(op.ValueMilli) / 1000}
	if err := checkEvent(&e, s.c.policy); err != nil {
		return asInputError(err)
	}
	n, ok := s.find(op.Item)
	if !ok {
		return unknownItem("event.item", op.Item)
	}
	at := s.opTime(op)
	late := s.event(store.NewEvent{
		StoredEvent: store.StoredEvent{Num: n, User: r.user, Kind: op.Kind, ValueMilli: op.ValueMilli, AtMillis: at},
		Op:          id,
	})
	r.result.Adjusted = r.result.Adjusted || late || at != op.AtMillis
	r.result.items[core.ItemID(op.Item)] = n
	return nil
}

// asInputError is for checks, whose errors are all of this type.
func asInputError(err error) *InputError {
	var fault *InputError
	if !errors.As(err, &fault) {
		return &InputError{Field: "op", Reason: err.Error()}
	}
	return fault
}

func (s *staging) prefer(user string, id store.Op, p core.Preference) *InputError {
	if p.Kind < core.PreferText || p.Kind > core.PreferItem {
		return &InputError{"preference.kind", fmt.Sprintf("is %d", p.Kind), "load the newest page"}
	}
	if err := checkName("preference.key", p.Key, core.MaxPreferenceBytes); err != nil {
		return asInputError(err)
	}
	if p.Weight > core.MaxPreferenceWeight || p.Weight < -core.MaxPreferenceWeight {
		return &InputError{"preference.weight", "is out of bounds", "use -100 to 100"}
	}
	r := s.known[user]
	after := r.preferences.Set(p)
	if p.Weight != 0 && len(after) == len(r.preferences) && len(after) == core.MaxPreferences && !holds(after, p) {
		return &InputError{"preferences", fmt.Sprintf("are %d already", len(after)), "take one back first"}
	}
	r.preferences = after
	s.keep(user, r)
	s.batch.Preferences = append(s.batch.Preferences, store.PreferenceChange{User: user, Preference: p, Op: id})
	return nil
}

func holds(ps core.Preferences, p core.Preference) bool {
	for _, q := range ps {
		if q == p {
			return true
		}
	}
	return false
}

func (s *staging) client(id string) (store.Client, error) {
	if c, ok := s.seen[id]; ok {
		return c, nil
	}
	c, err := s.c.store.Client(s.ctx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return c, fmt.Errorf("look up a client: %w", err)
	}
	s.seen[id] = c
	return c, nil
}
