package catalog

import (
	"context"
	"fmt"
	"math"
	"slices"

	"nigh/core"
	"nigh/server/store"
)

// Recommend returns the best items for a request.
func (c *Catalog) Recommend(ctx context.Context, q Request) (Result, error) {
	if err := checkRequest(&q); err != nil {
		return Result{}, err
	}
	cursor, err := core.ParseCursor(q.After, c.epoch)
	if err != nil {
		return Result{}, cursorError()
	}
	r, err := c.reader(ctx, q.User)
	if err != nil {
		return Result{}, fmt.Errorf("read the history of a reader: %w", err)
	}
	var out Result
	c.sides.read(func(x *core.Index, v Version) {
		h, herr := c.withHistory(x, r.history, q.History)
		if herr != nil {
			err = herr
			return
		}
		prefs := r.preferences
		for _, p := range q.Preferences {
			prefs = prefs.Set(p)
		}
		profile := core.NewProfile(h, prefs, c.policy, c.analyzer, x.NumOf)
		out = c.rank(x, v, core.Query{
			Profile: &profile, Limit: q.Limit, Filter: q.Filter, Seed: core.Seed(q.User),
			Exclude: append(numbers(x, q.Exclude), cursor.Listed...), Before: len(cursor.Listed),
		}, cursor, q.Explain)
	})
	return out, err
}

// Similar returns the items most like one, or store.ErrNotFound. It is the ranking for a profile that holds only that
// item, without those that share nothing with it. Of q it looks at Limit, Exclude, Filter, After and Explain.
func (c *Catalog) Similar(_ context.Context, id string, q Request) (Result, error) {
	if err := checkRequest(&q); err != nil {
		return Result{}, err
	}
	cursor, err := core.ParseCursor(q.After, c.epoch)
	if err != nil {
		return Result{}, cursorError()
	}
	var out Result
	err = fmt.Errorf("item %q: %w", id, store.ErrNotFound)
	c.sides.read(func(x *core.Index, v Version) {
		n, ok := x.NumOf(core.ItemID(id))
		if !ok {
			return
		}
		err = nil
		p := core.ItemProfile(n)
		out = c.rank(x, v, core.Query{
			Profile: &p, Limit: q.Limit, Filter: q.Filter, Matched: true,
			Exclude: append(append(numbers(x, q.Exclude), cursor.Listed...), n), Before: len(cursor.Listed),
		}, cursor, q.Explain)
	})
	return out, err
}

// rank completes a query, asks x and turns the answer into recommendations.
// The next page is what comes behind cursor and the answer.
func (c *Catalog) rank(x *core.Index, v Version, q core.Query, cursor core.Cursor, explain bool) Result {
	v.Hour = hourOf(c.now())
	q.Policy, q.Hour = c.policy, v.Hour
	s := c.scratch.Get().(*core.Scratch)
	defer c.scratch.Put(s)
	out := Result{Version: v, Recommendations: []Recommendation{}}
	ranked := x.Rank(s, q)
	out.Next = cursor.Next(ranked, q.Limit)
	for _, r := range ranked {
		rec := x.Get(r.Num)
		one := Recommendation{ID: string(rec.ID), Score: r.Score, Record: rec}
		if explain {
			for _, why := range x.Explain(r.Num, q, maxReasons) {
				one.Reasons = append(one.Reasons, reasonOf(x, rec, why))
			}
		}
		out.Recommendations = append(out.Recommendations, one)
	}
	return out
}

// cursorError says what is wrong with an after that is no cursor of this catalog.
func cursorError() *InputError {
	return &InputError{"after", "is no cursor of this catalog: it is torn, or the catalog was made anew",
		"send the next of the page before as it came, or leave it out to begin again"}
}

// maxReasons is how many parts of a score a list tells.
const maxReasons = 3

// reasonOf gives a reason the words of people.
func reasonOf(x *core.Index, rec *core.Record, why core.Reason) Reason {
	out := Reason{Kind: why.Feature.Kind().String(), Value: why.Label, Score: why.Score}
	if n := why.Feature.Item(); n != 0 {
		if source := x.Get(n); source != nil {
			out.Value, out.Title = string(source.ID), source.Card.Title
		}
	}
	return out
}

// withHistory puts what a request tells of its reader on top of what is known. Items that the catalog does not hold
// are passed over: a page may send what was deleted since; a kind that the policy does not know is an error.
func (c *Catalog) withHistory(x *core.Index, h core.History, entries []HistoryEntry) (core.History, error) {
	last := int64(math.MinInt64)
	if len(h) > 0 {
		last = h[0].At
	}
	for i, e := range entries {
		kind := e.Kind
		if c.policy.Idle(kind) {
			continue
		}
		if kind == "" {
			kind = "view"
		}
		k, ok := c.policy.Kind(kind)
		if !ok && kind != core.KindForget {
			return nil, &InputError{fmt.Sprintf("history[%d].kind", i), fmt.Sprintf("is %q, which the policy does not know", kind),
				"leave it out for a view"}
		}
		n, known := x.NumOf(core.ItemID(e.Item))
		if !known {
			continue
		}
		if kind == core.KindForget {
			h = h.Forget(n)
			continue
		}
		at := e.At.UnixMilli()
		if e.At.IsZero() {
			at = last
		}
		last = max(last, at)
		h = h.Record(core.Visit{Item: n, Strength: k.Strength(milli(e.Value)), At: at})
	}
	return h, nil
}

func milli(v float64) int64 {
	if math.IsNaN(v) || math.Abs(v) > 1e12 {
		return 0
	}
	return int64(math.Round(v * 1000))
}

func numbers(x *core.Index, ids []string) []core.ItemNum {
	var out []core.ItemNum
	for _, id := range ids {
		if n, ok := x.NumOf(core.ItemID(id)); ok {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

func checkLimit(limit *int) error {
	if *limit == 0 {
		*limit = DefaultLimit
	}
	if *limit < 1 || *limit > MaxLimit {
		return &InputError{"limit", fmt.Sprintf("is %d", *limit), fmt.Sprintf("use 1 to %d", MaxLimit)}
	}
	return nil
}

func checkRequest(q *Request) error {
	if err := checkLimit(&q.Limit); err != nil {
		return err
	}
	if len(q.User) > MaxUserBytes {
		return &InputError{"user", fmt.Sprintf("is %d bytes long", len(q.User)), fmt.Sprintf("use at most %d", MaxUserBytes)}
	}
	if len(q.Exclude) > MaxExclude {
		return &InputError{"exclude", fmt.Sprintf("has %d entries", len(q.Exclude)), fmt.Sprintf("use at most %d", MaxExclude)}
	}
	if n := q.Filter.Size(); n > core.MaxFilter {
		return &InputError{"filter", fmt.Sprintf("names %d labels", n), fmt.Sprintf("use at most %d", core.MaxFilter)}
	}
	if len(q.History) > MaxExclude {
		return &InputError{"history", fmt.Sprintf("has %d entries", len(q.History)), fmt.Sprintf("use at most %d", MaxExclude)}
	}
	if len(q.Preferences) > core.MaxPreferences {
		return &InputError{"preferences", fmt.Sprintf("has %d entries", len(q.Preferences)),
			fmt.Sprintf("use at most %d", core.MaxPreferences)}
	}
	for _, p := range q.Preferences {
		if p.Key == "" || len(p.Key) > core.MaxPreferenceBytes {
			return &InputError{"preferences", fmt.Sprintf("has a key of %d bytes", len(p.Key)),
				fmt.Sprintf("use 1 to %d", core.MaxPreferenceBytes)}
		}
	}
	return nil
}
