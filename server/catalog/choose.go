package catalog

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"nigh/core"
	"nigh/core/wire"
)

// plan is a choice of shelves for a client.
type plan struct {
	shelves []wire.Shelf // the best first
	values  map[wire.Shelf]int
	whole   bool
}

// leaving returns those of some shelves that are not in the plan, the least worth first.
func (p *plan) leaving(keeps []wire.Shelf) (out []wire.Shelf) {
	for _, id := range keeps {
		if !slices.Contains(p.shelves, id) {
			out = append(out, id)
		}
	}
	slices.SortStableFunc(out, func(a, b wire.Shelf) int { return p.values[a] - p.values[b] })
	return out
}

// What a place of a list is worth for the shelf that its item stands on: the list is the reader's own, that of a reader
// of whom nothing is known, or of the newest items. A shelf that is held already is worth half as much again: a choice
// does not go to and fro.
const (
	nearWorth    = 4
	popularWorth = 1
	freshWorth   = 1
)

// choose picks shelves for a reader and a budget: as many of the most worth as fit into seven eighths of it, so that they
// may grow. keeps are those held.
func (c *Catalog) choose(ctx context.Context, user string, l *layout, budget int, keeps map[wire.Shelf]bool) (*plan, error) {
	p := &plan{values: map[wire.Shelf]int{}}
	all := 0
	for _, s := range l.shelves {
		p.shelves = append(p.shelves, s.id)
		all += s.bytes
	}
	if p.whole = budget == 0 || all <= roomOf(budget); p.whole && len(l.shelves) == 1 {
		return p, nil
	}
	r, err := c.reader(ctx, user)
	if err != nil {
		return nil, err
	}
	value := func(worth int, keys []wire.Key) {
		for i, k := range keys {
			if id := l.of(k); id != 0 {
				p.values[id] += worth * (len(keys) - i)
			}
		}
	}
	value(nearWorth, c.nearest(r, core.Seed(user)))
	popular, fresh := c.common.keys(c)
	value(popularWorth, popular)
	value(freshWorth, fresh)
	for id := range keeps {
		p.values[id] += p.values[id] / 2
	}
	slices.SortStableFunc(p.shelves, func(a, b wire.Shelf) int { return cmp.Compare(p.values[b], p.values[a]) })
	if p.whole {
		return p, nil
	}
	left := roomOf(budget)
	p.shelves = slices.DeleteFunc(p.shelves, func(id wire.Shelf) bool {
		if size := l.sum(id).bytes; size > left || size == 0 {
			return true
		} else {
			left -= size
		}
		return false
	})
	return p, nil
}

// nearest returns the keys of the items that a reader's list begins with, best first.
func (c *Catalog) nearest(r reader, seed uint64) (keys []wire.Key) {
	c.sides.read(func(x *core.Index, at Version) {
		p := core.NewProfile(r.history, r.preferences, c.policy, c.analyzer, x.NumOf)
		q := core.Query{Profile: &p, Policy: c.policy, Hour: hourOf(c.now()), Limit: core.MaxLimit, Seed: seed}
		s := c.scratch.Get().(*core.Scratch)
		defer c.scratch.Put(s)
		for _, ranked := range x.Rank(s, q) {
			keys = append(keys, wire.KeyOf(x.Get(ranked.Num)))
		}
	})
	return keys
}

// common are the lists that all choices look at, made once a minute.
type common struct {
	mu             sync.Mutex
	at             time.Time
	popular, fresh []wire.Key
}

func (m *common) keys(c *Catalog) (popular, fresh []wire.Key) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := c.now(); m.at.IsZero() || now.Sub(m.at).Abs() > time.Minute {
		m.at, m.popular, m.fresh = now, c.nearest(reader{}, 0), nil
		c.sides.read(func(x *core.Index, _ Version) {
			for _, n := range x.Newest(core.MaxLimit) {
				m.fresh = append(m.fresh, wire.KeyOf(x.Get(n)))
			}
		})
	}
	return m.popular, m.fresh
}
