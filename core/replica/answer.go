package replica

import (
	"slices"

	"nigh/core"
	"nigh/core/wire"
)

// maxReasons is how many parts of a score a list tells.
const maxReasons = 3

// version is the state that a local list is made from, without the hour.
func (m *Machine) version() Version {
	return Version{Epoch: m.epoch, Seq: m.seq, Learned: m.learned, Op: m.last, Policy: m.policy.Version}
}

// Hour is the server's hour, as far as this machine knows it.
func (m *Machine) hour() core.Hour { return core.Hour(max(0, (m.now+m.skew)/3_600_000)) }

// seed is the reader's, as the server has it.
func (m *Machine) seed() uint64 {
	return core.Seed((&wire.Hello{User: m.cfg.User, Client: m.cfg.Client}).Reader())
}

// query makes the question that an index understands; ok is false if the question is about an item not held, or about
// a page of another catalog. cursor is what the pages before it showed.
func (m *Machine) query(q *Question, hour core.Hour) (out core.Query, cursor core.Cursor, ok bool) {
	cursor, err := core.ParseCursor(q.After, m.epoch)
	if err != nil {
		m.lastFault = "the page asked for is of another catalog, or no page at all; begin with the first one"
		return out, cursor, false
	}
	out = core.Query{
		Policy: m.policy, Hour: hour, Limit: q.Limit, Filter: q.Filter, Seed: m.seed(),
		Exclude: slices.Clone(cursor.Listed), Before: len(cursor.Listed),
	}
	for _, id := range q.Exclude {
		if n, ok := m.numOf(id); ok {
			out.Exclude = append(out.Exclude, n)
		}
	}
	if q.Similar != "" {
		n, ok := m.numOf(q.Similar)
		if !ok {
			return out, cursor, false
		}
		p := core.ItemProfile(n)
		out.Profile, out.Matched = &p, true
		out.Exclude = append(out.Exclude, n)
		return out, cursor, true
	}
	p := core.NewProfile(m.shown.history, m.shown.preferences, m.policy, m.analyzer, m.numOf)
	out.Profile = &p
	return out, cursor, true
}

// answerAll answers every question from the machine's own catalog; unasked, only those whose list changed.
func (m *Machine) answerAll(always bool) {
	for _, q := range m.questions {
		m.answer(q, always)
	}
}

func (m *Machine) answer(q *question, always bool) {
	if m.index == nil || m.policy == nil {
		return
	}
	if !always && q.server && !m.whole() {
		return // the server's list stands, which knows more; a change of it comes from there
	}
	hour := m.hour()
	query, cursor, ok := m.query(&q.Question, hour)
	var ranked []core.Ranked
	if ok {
		ranked = m.index.Rank(&m.scratch, query)
	}
	if !always && q.known && sameItems(ranked, q.shown) {
		q.shown = ranked
		return
	}
	v := m.version()
	v.Hour = hour
	// The server tells a list again only when it is another one: what it told last holds until then, and a list of this
	// machine that comes round to it (by weights that the server had used before it sent them) is the server's.
	same := m.state == Live && q.said != nil && q.saidOp >= m.needed() && sameItems(ranked, q.said)
	m.show(q, ranked, query, List{Question: q.Name, Server: same, Version: v, Next: cursor.Next(ranked, q.Limit)})
}

// show completes and emits a list.
func (m *Machine) show(q *question, ranked []core.Ranked, query core.Query, l List) {
	q.shown, q.known, q.server = ranked, true, l.Server
	if l.Bare = q.Bare; !q.Bare && q.Similar != "" {
		if n, ok := m.numOf(q.Similar); ok {
			l.About = m.record(n)
		}
	}
	l.Items = make([]Listed, 0, len(ranked))
	var reasons []Reason // of all items: a list is two pieces of memory, not forty
	if !q.Bare {
		reasons = make([]Reason, 0, maxReasons*len(ranked))
	}
	for _, r := range ranked {
		item := Listed{Record: m.record(r.Num), Score: r.Score}
		if item.Record == nil {
			continue
		}
		if !q.Bare {
			m.explain(r.Num, &query)
			first := len(reasons)
			for _, reason := range m.reasons {
				reasons = append(reasons, Reason{reason, m.record(reason.Feature.Item())})
			}
			item.Reasons = reasons[first:len(reasons):len(reasons)]
		}
		l.Items = append(l.Items, item)
	}
	m.emit(l)
}

// explain makes m.reasons those of an item.
func (m *Machine) explain(n core.ItemNum, q *core.Query) {
	m.reasons = m.reasons[:0]
	switch {
	case q.Profile == nil:
	case m.index.Get(n) == nil:
		m.reasons = m.cards.AppendReasons(m.reasons, n, q, maxReasons)
	default:
		m.reasons = m.index.AppendReasons(m.reasons, n, q, maxReasons)
	}
}

func sameItems(a, b []core.Ranked) bool {
	return slices.EqualFunc(a, b, func(x, y core.Ranked) bool { return x.Num == y.Num })
}

// recs shows the server's list unless it was made of another state than the machine has: of fewer ops, say.
func (m *Machine) recs(r *wire.Recs) {
	i := slices.IndexFunc(m.questions, func(q *question) bool { return q.wireName == r.Name })
	if i < 0 || m.index == nil || r.Epoch != m.epoch || r.Seq != m.seq || r.Op < m.needed() || r.Policy != m.policy.Version {
		return
	}
	q := m.questions[i]
	query, cursor, ok := m.query(&q.Question, r.Hour)
	whole := m.whole()
	if !ok && (whole || q.Similar == "") {
		return
	}
	l := List{
		Question: q.Name, Server: true, Next: cursor.Next(r.Items, q.Limit),
		Version: Version{Epoch: r.Epoch, Seq: r.Seq, Learned: r.Learned, Op: r.Op, Policy: r.Policy, Hour: r.Hour},
	}
	// All of the catalog, same position, same ops: the two lists must be equal, bit for bit. A difference is a fault of
	// one of the two.
	if whole && r.Learned == m.learned {
		l.Compared = true
		l.Agrees = slices.Equal(m.index.Rank(&m.scratch, query), r.Items)
		m.compared(l.Agrees)
	}
	q.said, q.saidOp = r.Items, r.Op
	m.show(q, r.Items, query, l)
}

// tellAfter is how many equal lists are told together. A difference is told at once.
const tellAfter = 32

func (m *Machine) compared(agrees bool) {
	if agrees {
		m.status.Agreed++
		m.told.Agreed++
	} else {
		m.status.Differ++
		m.told.Differ++
	}
	if !agrees || m.told.Agreed >= tellAfter {
		m.send(&m.told)
		m.told = wire.Check{}
	}
}
