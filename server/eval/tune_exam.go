package eval

import (
	"cmp"
	"context"
	"slices"

	"nigh/core"
	"nigh/core/learn"
)

// exam is one part of a log that policies are judged on: what is learnt before it, and what is asked. Several sittings
// may go on at the same time.
type exam interface {
	metrics() []string // those of a mark; the first two are chosen by
	unit() string      // of questions
	size() int
	group(question int) int32 // the reader or session that asks: questions of one are not independent
	// sit teaches a System, which has learnt nothing, what was before the part.
	sit(ctx context.Context, sys *System) *sitting
	// answer returns the mark of a question, which come in order, none left out.
	answer(s *sitting, question int) mark
	// rerankable tells whether a sitting can be repeated with another System's ranking.
	rerankable() bool
}

// mark holds the metrics of one question.
type mark [3]float64

// sitting is a System on its way through an exam.
type sitting struct {
	sys       *System
	histories []core.History
	quotas    []learn.Quota
	// Of a replay alone.
	next int
	had  []map[core.ItemNum]bool
	past pasts
	// Of a folded exam alone: those that were begun, and how the next is.
	folds []*sitting
	begin func(fold int) *sitting
}

// reranked returns a sitting that ranks under another policy what s has learnt.
func (s *sitting) reranked(p learn.Policy) *sitting {
	again := *s
	if s.sys != nil {
		again.sys = s.sys.Reranked(p)
	}
	again.folds = make([]*sitting, len(s.folds))
	for i := range s.folds {
		again.folds[i] = s.folds[i].reranked(p)
	}
	return &again
}

// Bounds of what choosing looks at, so that a candidate takes seconds; the part that judges in the end has none.
const (
	maxQuestions = 20_000
	maxReplayed  = 5_000
	maxLessons   = 1_000_000
)

// learnAll teaches lessons, the same for all exams.
func learnAll(ctx context.Context, sys *System, users int, lessons []lesson, strength func(*Event) int32) *sitting {
	s := &sitting{sys: sys, histories: make([]core.History, users), quotas: make([]learn.Quota, users)}
	last := int64(0)
	for i, e := range lessons {
		h, w := s.histories[e.User], strength(e.Event)
		sys.Observe(&s.quotas[e.User], h, e.Item, w, e.At)
		s.histories[e.User] = h.RecordHere(core.Visit{Item: e.Item, Strength: w, At: e.At})
		last = e.At
		if i%4096 == 0 && ctx.Err() != nil {
			return s
		}
	}
	sys.Build(last)
	return s
}

// sessionExam is Sessions.
type sessionExam struct {
	users   int
	lessons []lesson
	steps   []step
}

func (x *sessionExam) metrics() []string { return []string{"HR@20", "MRR@20"} }
func (x *sessionExam) unit() string      { return "steps" }
func (x *sessionExam) size() int         { return len(x.steps) }
func (x *sessionExam) group(i int) int32 { return x.steps[i].events[0].User }
func (x *sessionExam) rerankable() bool  { return true }

func (x *sessionExam) sit(ctx context.Context, sys *System) *sitting {
	return learnAll(ctx, sys, x.users, x.lessons, sys.Strength)
}

func (x *sessionExam) answer(s *sitting, i int) mark {
	st := &x.steps[i]
	return placeMark(s.sys.Rank(st.question(s.sys, s.sys.compiled.Repeat, tuneK)), st.next)
}

// tuneK is the length of lists.
const tuneK = 20

func placeMark(list []core.ItemNum, next core.ItemNum) mark {
	if r := slices.Index(list, next); r >= 0 {
		return mark{1, 1 / float64(r+1)}
	}
	return mark{}
}

// holdoutExam is Holdout.
type holdoutExam struct {
	users int
	split holdout
	now   int64
}

func newHoldoutExam(users int, split holdout) *holdoutExam {
	x := &holdoutExam{users: users, split: split}
	if n := len(split.train); n > 0 {
		x.now = split.train[n-1].At
	}
	return x
}

func (x *holdoutExam) metrics() []string { return []string{"NDCG@10", "Recall@20", "HR@10"} }
func (x *holdoutExam) unit() string      { return "readers" }
func (x *holdoutExam) size() int         { return len(x.split.readers) }
func (x *holdoutExam) group(i int) int32 { return x.split.readers[i].user }
func (x *holdoutExam) rerankable() bool  { return true }

func (x *holdoutExam) sit(ctx context.Context, sys *System) *sitting {
	return learnAll(ctx, sys, x.users, x.split.train, func(*Event) int32 { return core.ProfileOne })
}

func (x *holdoutExam) answer(s *sitting, i int) mark {
	w := &x.split.readers[i]
	h := s.histories[w.user]
	list := s.sys.Rank(Question{History: h, Repeat: core.RepeatDropSeen, Exclude: beyond(h, w.past), Limit: holdoutK, At: x.now})
	one := NewLists(holdoutK)
	one.Add(list, w.wanted)
	return mark{one.NDCG(10), one.Recall(20), one.HR(10)}
}

// folded is several exams of one kind as one: they are sat one after the other, each by a System of its own.
type folded []exam

func (x folded) metrics() []string { return x[0].metrics() }
func (x folded) rerankable() bool  { return x[0].rerankable() }

func (x folded) unit() string {
	if len(x) > 1 {
		return "lists" // a reader has one in each
	}
	return x[0].unit()
}

func (x folded) size() (n int) {
	for _, f := range x {
		n += f.size()
	}
	return n
}

// at returns the exam that a question is of, and its number there.
func (x folded) at(i int) (fold, question int) {
	for i >= x[fold].size() {
		i -= x[fold].size()
		fold++
	}
	return fold, i
}

func (x folded) group(i int) int32 {
	f, q := x.at(i)
	return x[f].group(q)
}

// sit begins each exam when its first question comes: a candidate that is given up before does not learn for it.
func (x folded) sit(ctx context.Context, sys *System) *sitting {
	return &sitting{begin: func(fold int) *sitting { return x[fold].sit(ctx, sys.With(sys.Policy)) }}
}

func (x folded) answer(s *sitting, i int) mark {
	f, q := x.at(i)
	if f == len(s.folds) {
		s.folds = append(s.folds, s.begin(f))
	}
	return x[f].answer(s.folds[f], q)
}

// replayExam is Replay, from an event on: the log before it is learnt at once.
type replayExam struct {
	data    *Data
	lessons []lesson
	after   []lesson
	asked   []int // of after: those that are questions
}

func newReplayExam(d *Data, lessons, after []lesson) *replayExam {
	x := &replayExam{data: d, lessons: lessons, after: after}
	had := make([]map[core.ItemNum]bool, len(d.Users))
	see := func(e *Event) (first bool) {
		if had[e.User] == nil {
			had[e.User] = map[core.ItemNum]bool{}
		}
		first = !had[e.User][e.Item]
		had[e.User][e.Item] = true
		return first
	}
	for _, e := range lessons {
		see(e.Event)
	}
	for i, e := range after {
		earlier := len(had[e.User]) > 0
		if see(e.Event) && earlier {
			x.asked = append(x.asked, i)
		}
	}
	return x
}

func (x *replayExam) metrics() []string { return []string{"HR@20", "MRR@20"} }
func (x *replayExam) unit() string      { return "events" }
func (x *replayExam) size() int         { return len(x.asked) }
func (x *replayExam) group(i int) int32 { return x.after[x.asked[i]].User }
func (x *replayExam) rerankable() bool  { return false }

func (x *replayExam) sit(ctx context.Context, sys *System) *sitting {
	// As Replay does: an item that only the log names is in the catalog from its first event on.
	clear(sys.items[min(len(sys.items), x.data.Given+1):])
	readers := len(x.data.Users)
	s := &sitting{
		sys: sys, histories: make([]core.History, readers), quotas: make([]learn.Quota, readers),
		had: make([]map[core.ItemNum]bool, readers), past: make(pasts, readers),
	}
	last := int64(0)
	for i, e := range x.lessons {
		x.learn(s, e.Event)
		last = e.At
		if i%4096 == 0 && ctx.Err() != nil {
			return s
		}
	}
	if len(x.lessons) == 0 && len(x.after) > 0 {
		last = x.after[0].At
	}
	sys.Build(last)
	return s
}

// learn takes in one event, if its item is new to its reader, and makes no record anew.
func (x *replayExam) learn(s *sitting, e *Event) bool {
	if s.had[e.User][e.Item] {
		return false
	}
	if s.had[e.User] == nil {
		s.had[e.User] = map[core.ItemNum]bool{}
	}
	s.had[e.User][e.Item] = true
	s.past[e.User] = append(s.past[e.User], e.Item)
	if !s.sys.Has(e.Item) {
		s.sys.AddBare(e.Item, x.data.Items[e.Item-1].ID)
	}
	h, w := s.histories[e.User], s.sys.Strength(e)
	s.sys.Observe(&s.quotas[e.User], h, e.Item, w, e.At)
	s.histories[e.User] = h.Record(core.Visit{Item: e.Item, Strength: w, At: e.At})
	return true
}

func (x *replayExam) answer(s *sitting, i int) mark {
	for ; s.next < x.asked[i]; s.next++ {
		if e := x.after[s.next].Event; x.learn(s, e) {
			s.sys.Update(e.At)
		}
	}
	e := x.after[s.next].Event
	h := s.histories[e.User]
	return placeMark(s.sys.Rank(Question{History: h, Repeat: core.RepeatDropSeen, Exclude: beyond(h, s.past[e.User]), Limit: replayK, At: e.At}), e.Item)
}

// spreadOut puts things into an order that has nothing to do with their own, the same on every machine, so that any
// first part of them is a fair sample; what has one name stays together.
func spreadOut[T any](all []T, name func(T) string) {
	type keyed struct {
		key uint64
		v   T
	}
	ks := make([]keyed, len(all))
	for i, v := range all {
		ks[i] = keyed{hashID(name(v)), v}
	}
	slices.SortStableFunc(ks, func(a, b keyed) int { return cmp.Compare(a.key, b.key) })
	for i := range ks {
		all[i] = ks[i].v
	}
}
