package catalog

import (
	"context"
	"slices"
	"sync"

	"nigh/core"
	"nigh/core/learn"
	"nigh/server/store"
)

// reader is what the catalog knows of one reader; it is a function of the reader's events and wishes in the store.
type reader struct {
	history     core.History
	preferences core.Preferences
	lastAt      int64 // time of the last event applied, Unix milliseconds
	quota       learn.Quota
}

// same tells whether two readers are known alike, as far as a list depends on it.
func (r reader) same(s reader) bool {
	return slices.Equal(r.history, s.history) && slices.Equal(r.preferences, s.preferences)
}

// readers keeps readers in memory, as many as fit; the others are read from the store when they are needed.
type readers struct {
	mu  sync.RWMutex
	all map[string]reader // values are never changed in place
	// visits are those in all histories together.
	visits, most int
	// dropped counts those that had to go: what another goroutine read from the store may be older than one of them.
	dropped uint64
}

// Bounds of the readers in memory, whichever is reached first: their number, and the visits of their histories together,
// which are 32 MB.
const (
	maxReaders = 100_000
	maxVisits  = 2 << 20
)

func (rs *readers) init() { rs.all, rs.visits, rs.most = map[string]reader{}, 0, maxVisits }

func (rs *readers) get(user string) (r reader, ok bool, dropped uint64) {
	rs.mu.RLock()
	defer rs.mu.RUnlock()
	r, ok = rs.all[user]
	return r, ok, rs.dropped
}

// set is the owner's, who alone knows the newest state.
func (rs *readers) set(user string, r reader) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.keep(user, r)
}

// loaded keeps what was read from the store after a get that found nothing, unless the owner has set this reader since:
// then the newer state is there, or it was among those that had to go.
func (rs *readers) loaded(user string, r reader, dropped uint64) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if _, newer := rs.all[user]; !newer && rs.dropped == dropped {
		rs.keep(user, r)
	}
}

// forget drops a reader who was erased. Whoever is just reading them from the store does not keep them.
func (rs *readers) forget(user string) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.drop(user)
}

// forgetAll drops all readers from memory.
func (rs *readers) forgetAll() {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.all, rs.visits = map[string]reader{}, 0
	rs.dropped++
}

func (rs *readers) keep(user string, r reader) {
	rs.visits += len(r.history) - len(rs.all[user].history)
	rs.all[user] = r
	for other := range rs.all { // any ones: they will be read again when they are needed
		if len(rs.all) <= maxReaders && rs.visits <= rs.most {
			return
		}
		if other != user {
			rs.drop(other)
		}
	}
}

func (rs *readers) drop(user string) {
	rs.visits -= len(rs.all[user].history)
	delete(rs.all, user)
	rs.dropped++
}

// idleKinds are the kinds whose events a reader is not made of.
func idleKinds(p *core.Policy) []string {
	if p.Idle(core.KindShown) {
		return []string{core.KindShown}
	}
	return nil
}

// readEvents is how many events a history is made of when it is read from the store.
const readEvents = 1000

// reader returns what is known of a user, from memory or from the store. A commit in between may make it old before it
// is returned; the signal of that commit is still to come then.
func (c *Catalog) reader(ctx context.Context, user string) (reader, error) {
	if user == "" {
		return reader{}, nil
	}
	r, ok, dropped := c.readers.get(user)
	if ok {
		return r, nil
	}
	events, err := c.store.UserEvents(ctx, user, store.AllRows, readEvents, idleKinds(c.policy)...)
	if err != nil {
		return reader{}, err
	}
	prefs, err := c.store.Preferences(ctx, user)
	if err != nil {
		return reader{}, err
	}
	slices.Reverse(events)
	r, _ = replay(events, prefs, c.policy, 0)
	c.readers.loaded(user, r, dropped)
	return r, nil
}

// replay makes a reader of their last events, the oldest first. teaches tells whether the event of a row is among them
// and one to learn from: what is older than all that is looked at is not, for nobody knows how much its day has taught.
func replay(events []store.StoredEvent, prefs core.Preferences, p *core.Policy, row int64) (r reader, teaches bool) {
	r.preferences = prefs
	for _, e := range events[max(0, len(events)-readEvents):] {
		within := false
		if r, within = r.after(e, p); e.Row == row {
			teaches = within
		}
	}
	return r, teaches
}

// afterLate is after for an event, by its row, that happened before one which r knows: r is made anew of their last
// events by time. What is older than all of them changes nothing.
func (r reader) afterLate(past []store.StoredEvent, row int64, p *core.Policy) (after reader, teaches bool) {
	if !slices.ContainsFunc(past, func(e store.StoredEvent) bool { return e.Row == row }) {
		return r, false
	}
	return replay(past, r.preferences, p, row)
}

// after returns r after an event; teaches tells whether it is within the reader's quota. Events of kinds that the policy
// no longer knows say nothing; idle ones do not even count, and are not among those that a reader is made of.
func (r reader) after(e store.StoredEvent, p *core.Policy) (after reader, teaches bool) {
	return r.become(e, p, core.History.Record, func() {})
}

// afterHere is after in the memory of r's history, for whoever alone holds it: r is not to be used any more. An event
// that teaches is told of while the history is still that before it.
func (r reader) afterHere(e store.StoredEvent, p *core.Policy, teaches func()) reader {
	r, _ = r.become(e, p, core.History.RecordHere, teaches)
	return r
}

func (r reader) become(e store.StoredEvent, p *core.Policy, record func(core.History, core.Visit) core.History, taught func()) (after reader, teaches bool) {
	if p.Idle(e.Kind) {
		return r, false
	}
	if r.quota, teaches = r.quota.Count(r.history, e.Num, e.AtMillis); teaches {
		taught()
	}
	r.lastAt = max(r.lastAt, e.AtMillis)
	if e.Kind == core.KindForget {
		r.history = r.history.Forget(e.Num)
	} else if k, ok := p.Kind(e.Kind); ok {
		r.history = record(r.history, core.Visit{Item: e.Num, Strength: k.Strength(e.ValueMilli), At: e.AtMillis})
	}
	return r, teaches
}

// Profile returns a reader's history and standing wishes.
func (c *Catalog) Profile(ctx context.Context, user string) (core.History, core.Preferences, error) {
	r, err := c.reader(ctx, user)
	return r.history, r.preferences, err
}
