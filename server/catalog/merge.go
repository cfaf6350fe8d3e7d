package catalog

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"nigh/core"
	"nigh/core/wire"
	"nigh/server/store"
)

// minGuest is how many bytes the client id of an anonymous reader has who is merged: it is the proof that they are who
// signs in, so nobody may guess it. The SDK's have 32 hexadecimal digits.
const minGuest = 16

// mergeRequest is the only call of its commit.
type mergeRequest struct {
	client, into string
	watch        *Watch // of the session that it came by, nil for none

	from   string // set if the commit merges
	last   uint64 // the client's last op
	theirs bool   // the client belongs to into now
}

// MergeGuest makes what an anonymous browser's reader did (events, wishes) the doing of a named one, who signed in
// there; its client id is theirs from then on. It is on disk when it returns, once: merged again, also into somebody
// else, it changes nothing and is no error. Of wishes that both have, the named reader's stay.
func (c *Catalog) MergeGuest(ctx context.Context, client, into string) error {
	_, _, err := c.mergeGuest(ctx, client, into, nil)
	return err
}

// mergeGuest is MergeGuest for a session. theirs tells whether the client belongs to into now, last its last op.
func (c *Catalog) mergeGuest(ctx context.Context, client, into string, w *Watch) (last uint64, theirs bool, err error) {
	if err := checkName("merge.client", client, maxClientBytes); err != nil {
		return 0, false, err
	}
	if len(client) < minGuest {
		return 0, false, &InputError{"merge.client", fmt.Sprintf("is %d bytes long", len(client)), fmt.Sprintf("use a random one of at least %d", minGuest)}
	}
	if err := checkName("merge.user", into, MaxUserBytes); err != nil {
		return 0, false, err
	}
	if strings.HasPrefix(into, wire.Guest("")) {
		return 0, false, &InputError{"merge.user", "is an anonymous reader", "sign in first"}
	}
	r := &mergeRequest{client: client, into: into, watch: w}
	if err := c.call(ctx, &request{merge: r}); err != nil {
		return 0, false, err
	}
	return r.last, r.theirs, nil
}

func (s *staging) merge(r *mergeRequest) error {
	if r.watch != nil && r.watch.erased.Load() {
		return ErrErased
	}
	client, err := s.client(r.client)
	if err != nil {
		return err
	}
	from := wire.Guest(r.client)
	r.last = client.LastOp
	if client.User != "" && client.User != from { // merged before
		r.theirs = client.User == r.into
		return nil
	}
	if err := s.need(r.into); err != nil {
		return err
	}
	var events []store.StoredEvent
	for _, user := range []string{from, r.into} {
		theirs, err := s.c.store.UserEvents(s.ctx, user, store.AllRows, readEvents)
		if err != nil {
			return fmt.Errorf("read the events of a reader: %w", err)
		}
		events = append(events, theirs...)
	}
	wishes, err := s.c.store.Preferences(s.ctx, from)
	if err != nil {
		return fmt.Errorf("read the wishes of a reader: %w", err)
	}
	// All is read: from here on nothing fails. The reader is now who would be read from the store.
	slices.SortFunc(events, func(a, b store.StoredEvent) int {
		return cmp.Or(cmp.Compare(a.AtMillis, b.AtMillis), cmp.Compare(a.Row, b.Row))
	})
	prefs := s.known[r.into].preferences
	for _, p := range wishes {
		held := slices.ContainsFunc(prefs, func(q core.Preference) bool { return q.Kind == p.Kind && q.Key == p.Key })
		if held || len(prefs) >= core.MaxPreferences {
			continue
		}
		prefs = prefs.Set(p)
		s.batch.Preferences = append(s.batch.Preferences, store.PreferenceChange{User: r.into, Preference: p})
	}
	merged, _ := replay(events, prefs, s.c.policy, 0)
	s.keep(r.into, merged)
	s.batch.Merged = []store.Merge{{From: from, Into: r.into}}
	client.User = r.into
	s.seen[r.client], s.clients[r.client] = client, client
	r.from, r.theirs, s.merged = from, true, r
	return nil
}

// unguest is remember for a merge: of the anonymous reader nothing is left in memory, and a session of theirs, another
// page perhaps, takes no more ops.
func (s *staging) unguest(r *mergeRequest) {
	s.c.readers.forget(r.from)
	s.c.watches.erase(r.from)
}
