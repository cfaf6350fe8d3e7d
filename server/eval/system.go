package eval

import (
	"runtime"
	"slices"
	"sync"
	"time"

	"nigh/core"
	"nigh/core/learn"
	"nigh/core/text"
	"nigh/server/store"
)

// System is nigh as it serves: learner, texts, quantised records and index, without store, server and waiting. One
// goroutine at a time may use it.
type System struct {
	Policy learn.Policy

	compiled *core.Policy
	analyzer *text.Analyzer
	learner  *learn.Learner
	content  *learn.Content
	index    *core.Index
	scratch  core.Scratch
	items    []*entry // by number, nil: not in the catalog
	progress Progress
}

// entry is what does not change of an item's record.
type entry struct {
	record    *core.Record
	published int64
}

// Progress is told how far a long step is: done of total, at most every few milliseconds. It may be nil.
type Progress func(step string, done, total int)

func (p Progress) tell(step string, done, total int) {
	if p != nil {
		p(step, done, total)
	}
}

// NewSystem returns a System with an empty catalog. The policy must be valid.
func NewSystem(p learn.Policy, progress Progress) *System {
	a := text.NewAnalyzer(p.Language, p.Languages...)
	c := learn.NewContent(a)
	p = judged(p)
	return &System{
		Policy: p, compiled: p.Compile(), analyzer: a, progress: progress,
		learner: learn.NewLearner(p).WithTargets(c.Holders), content: c, index: core.NewIndex(),
	}
}

// judged is a policy as far as a log can judge it: what nobody has met yet it cannot.
func judged(p learn.Policy) learn.Policy {
	p.ExploreShare = 0
	return p
}

// AddItems puts items, of ascending numbers from first, into the catalog and finds their content neighbours. They can
// be recommended after Build.
func (s *System) AddItems(first core.ItemNum, items []store.Item) {
	parsed := make([]learn.Parsed, len(items))
	s.parallel("reading texts", len(items), func(_, i int) { parsed[i] = learn.Parse(s.analyzer, textOf(&items[i])) })
	for i := range items {
		n := first + core.ItemNum(i)
		s.content.Put(n, parsed[i])
		e := s.add(n, &items[i])
		e.record.Features = nil // weighed below, when all texts are known
	}
	s.content.Reweigh()
	for i := range items {
		n := first + core.ItemNum(i)
		s.items[n].record.Features = s.content.Features(n)
	}
	if s.Policy.ContentWeight == 0 {
		return
	}
	found := make([][]learn.Neighbour, len(items))
	finders := make([]learn.Finder, runtime.GOMAXPROCS(0))
	s.parallel("finding neighbours", len(items), func(worker, i int) {
		found[i] = s.content.Find(&finders[worker], first+core.ItemNum(i))
	})
	for i := range items {
		s.content.SetNeighbours(first+core.ItemNum(i), found[i])
	}
}

// With returns a System of another policy, of the same language, on the catalog of s. It has learnt nothing. Texts and
// their neighbours, the costly part, are shared: neither System may get more of them.
func (s *System) With(p learn.Policy) *System {
	c := *s
	p = judged(p)
	c.Policy, c.compiled = p, p.Compile()
	if p.ContentWeight == 0 {
		c.content = learn.NewContent(s.analyzer) // as AddItems leaves it then: no neighbours
	}
	c.learner = learn.NewLearner(p).WithTargets(c.content.Holders)
	c.index, c.scratch, c.items = core.NewIndex(), core.Scratch{}, slices.Clone(s.items)
	return &c
}

// Reranked returns a System that ranks what s has learnt, and learns no more, under a policy that differs only in what
// is looked at when a list is made.
func (s *System) Reranked(p learn.Policy) *System {
	c := *s
	p = judged(p)
	c.Policy, c.compiled, c.scratch = p, p.Compile(), core.Scratch{}
	return &c
}

// AddBare puts an item into the catalog of which nothing is known but its id. It can be recommended at once.
func (s *System) AddBare(n core.ItemNum, id string) {
	s.add(n, &store.Item{ID: id})
	s.index.Put(s.items[n].record)
}

// Has tells whether the catalog holds an item.
func (s *System) Has(n core.ItemNum) bool { return int(n) < len(s.items) && s.items[n] != nil }

// Len returns how many items the catalog holds.
func (s *System) Len() int {
	n := 0
	for _, e := range s.items {
		if e != nil {
			n++
		}
	}
	return n
}

func (s *System) add(n core.ItemNum, it *store.Item) *entry {
	for int(n) >= len(s.items) {
		s.items = append(s.items, nil)
	}
	e := &entry{record: &core.Record{Num: n, ID: core.ItemID(it.ID), Hidden: it.Hidden}}
	// Pins and boosts are their owner's will, not the learner's doing: they are left out.
	if it.PublishedAt != nil {
		e.published = it.PublishedAt.UnixMilli()
		// In whole hours, up: nothing is shown before it is published.
		e.record.From = hourOf(it.PublishedAt.Add(time.Hour - time.Second).UnixMilli())
	}
	if it.ExpiresAt != nil {
		e.record.Until = max(1, hourOf(it.ExpiresAt.UnixMilli()))
	}
	s.items[n] = e
	return e
}

// Strength is what an event says of its item, as serving counts it. A kind that the policy does not know counts as a
// contact of weight 1.
func (s *System) Strength(e *Event) int32 {
	if k, ok := s.compiled.Kind(e.Kind); ok {
		return k.Strength(e.Milli)
	}
	return core.ProfileOne
}

// Observe learns that a reader of history h, which does not hold it yet, had contact with an item, if that is within the
// reader's quota, which it counts on.
func (s *System) Observe(q *learn.Quota, h core.History, n core.ItemNum, strength int32, at int64) {
	var teaches bool
	if *q, teaches = q.Count(h, n, at); teaches {
		s.learner.Observe(h.Before(at), n, strength, at)
	}
}

// Build makes the records of all items, as of a time, and the index of them.
func (s *System) Build(at int64) {
	for s.learner.Dirty() > 0 {
		s.learner.TakeDirty(1 << 20)
	}
	s.learner.RefineAll()
	for s.learner.Stale() > 0 {
		s.learner.Refine(64, s.content.Neighbours, hours(at))
		s.progress.tell("refining", len(s.items)-s.learner.Stale(), len(s.items))
	}
	x := core.NewIndex()
	for n, e := range s.items {
		if e == nil {
			continue
		}
		w := s.learner.Weights(e.record.Num, s.content.Neighbours(e.record.Num), e.published, hours(at))
		x.Put(e.record.With(w))
		if n%1024 == 0 {
			s.progress.tell("making records", n, len(s.items))
		}
	}
	s.index = x
}

// Update brings the records of all items that learning touched up to date, as the server does between calls. It returns
// how many it made anew.
func (s *System) Update(at int64) int {
	s.learner.Refine(1<<30, s.content.Neighbours, hours(at))
	due := s.learner.TakeDirty(1 << 30)
	for _, n := range due {
		if !s.Has(n) {
			continue
		}
		old := s.index.Get(n)
		w := s.learner.Weights(n, s.content.Neighbours(n), s.items[n].published, hours(at))
		if !old.Same(w) {
			s.index.Put(old.With(w))
		}
	}
	return len(due)
}

// Question asks for the best items for a reader.
type Question struct {
	History core.History   // most recent first
	Repeat  core.Repeat    // what of the history may be listed
	Exclude []core.ItemNum // not to be listed, whatever the history
	Limit   int
	At      int64 // Unix milliseconds
}

// Rank answers q as serving does: profile, sums, prior, spreading.
func (s *System) Rank(q Question) []core.ItemNum {
	policy := s.compiled
	if policy.Repeat != q.Repeat {
		c := *policy
		c.Repeat = q.Repeat
		policy = &c
	}
	profile := core.NewProfile(q.History, nil, policy, s.analyzer, s.index.NumOf)
	return nums(s.index.Rank(&s.scratch, core.Query{
		Profile: &profile, Policy: policy, Hour: hourOf(q.At), Limit: q.Limit, Exclude: q.Exclude,
	}))
}

// Similar returns the items most like one through the records' edges, as "more like this" serves them.
func (s *System) Similar(n core.ItemNum, limit int, at int64) []core.ItemNum {
	p := core.ItemProfile(n)
	return nums(s.index.Rank(&s.scratch, core.Query{
		Profile: &p, Policy: s.compiled, Hour: hourOf(at), Limit: limit, Exclude: []core.ItemNum{n}, Matched: true,
	}))
}

func nums(ranked []core.Ranked) []core.ItemNum {
	out := make([]core.ItemNum, len(ranked))
	for i, r := range ranked {
		out[i] = r.Num
	}
	return out
}

// parallel calls do(worker, i) for i below n, on all processors.
func (s *System) parallel(step string, n int, do func(worker, i int)) {
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				do(w, i)
				if w == 0 && i%64 == 0 {
					s.progress.tell(step, i, n)
				}
			}
		})
	}
	wg.Wait()
}

// textOf leaves attributes out: they are for filters, and no protocol filters.
func textOf(it *store.Item) learn.Text {
	return learn.Text{Title: it.Title, Description: it.Description, Author: it.Author, Language: it.Language,
		Tags: it.Tags, Categories: it.Categories, Vector: it.Vector}
}

func hours(at int64) float64    { return float64(at) / 3.6e6 }
func hourOf(at int64) core.Hour { return core.Hour(max(0, at/3_600_000)) }
