package catalog

import (
	"context"
	"fmt"

	"nigh/server/store"
)

// EraseUser takes out all that is known of a reader: events with their idempotency keys, wishes, the binding of client
// ids. They are gone from the disk and from memory when it returns; what they taught leaves the weights soon after
// (Settle waits for it). Of a reader who is not known nothing is left either: that is no error.
//
// A reader may come again. What their devices have not yet had acknowledged is sent again then and counts as new.
func (c *Catalog) EraseUser(ctx context.Context, user string) error {
	if err := checkName("user", user, MaxUserBytes); err != nil {
		return err
	}
	return c.call(ctx, &request{erase: &eraseRequest{user: user}})
}

// eraseRequest is the only call of its commit.
type eraseRequest struct {
	user   string
	taught bool // there was an event to learn from
}

// noPolicy is no policy's version, which have 53 bits: under it no record in the store is as it should be.
const noPolicy = 1 << 53

func (s *staging) erase(r *eraseRequest) error {
	events, err := s.c.store.UserEvents(s.ctx, r.user, store.AllRows, 1)
	if err != nil {
		return fmt.Errorf("look for events of a reader: %w", err)
	}
	s.erased = r
	s.batch.Erased = []string{r.user}
	if r.taught = len(events) > 0; r.taught {
		s.batch.Policy = noPolicy // should this process end before the evidence is out, the next one makes all records anew
	}
	return nil
}

// forget is remember for an erasure.
func (s *staging) forget(r *eraseRequest) {
	c, o := s.c, &s.c.owner
	c.readers.forget(r.user)
	if r.taught {
		o.policy, o.relearnDue = noPolicy, true
	}
	c.watches.erase(r.user)
}
