package wire

import "nigh/core"

// Each message's fields, written and read in the same order: the two methods of a type stand together.

func (m *Hello) encode(w *writer) {
	w.uint(m.Version)
	w.string(m.Client)
	w.string(m.User)
	w.string(m.Token)
	w.uint(m.Epoch)
	w.uint(m.Seq)
	w.uint(m.LastOp)
	w.bool(m.Inflates)
}

func (m *Hello) decode(p *parser) {
	*m = Hello{p.uint(), p.string(), p.string(), p.string(), p.uint(), p.uint(), p.uint(), p.bool()}
}

func (m *Welcome) encode(w *writer) {
	w.uint(m.Version)
	w.uint(m.LastOp)
	w.int(m.NowMillis)
	w.uint(m.Epoch)
	w.uint(m.Seq)
	encodePolicy(w, &m.Policy)
	w.uint(m.Items)
	w.uint(m.MaxFrame)
	w.uint(m.PingSeconds)
}

func (m *Welcome) decode(p *parser) {
	*m = Welcome{p.uint(), p.uint(), p.int(), p.uint(), p.uint(), decodePolicy(p), p.uint(), p.uint(), p.uint()}
}

// encodePolicy writes the policy's fields as an array of their own.
func encodePolicy(w *writer, c *core.Policy) {
	w.array(policyFields)
	w.depth++
	w.uint(c.Version)
	w.string(c.Language)
	w.list(len(c.Recency), func(i int) { w.int(int64(c.Recency[i])) })
	w.list(len(c.Kinds), func(i int) {
		k := c.Kinds[i]
		w.array(4)
		w.string(k.Name)
		w.int(int64(k.Weight))
		w.int(int64(k.Neutral))
		w.int(int64(k.Full))
	})
	for _, v := range []int32{
		c.TextWeight, c.TagWeight, c.CategoryWeight, c.AuthorWeight, c.ItemWeight,
		c.HalfLifeHours, c.PriorWeight, c.PriorSpan, int32(c.Repeat), c.DiversityPenalty, c.DiversityWindow,
	} {
		w.int(int64(v))
	}
	w.int(int64(c.SelfWeight))
	for _, v := range []int32{c.SeenAgainHours, c.NearDuplicate, c.ExploreShare, c.ExploreHours, c.ExploreHeat} {
		w.int(int64(v))
	}
	w.list(len(c.Languages), func(i int) { w.string(c.Languages[i]) })
	w.int(int64(c.Focus))
	w.depth--
}

// The lengths of a policy's array, of this version and of versions 2 and 1.
const (
	policyFields  = 23
	policyFields2 = 22
	policyFields1 = 16
)

func decodePolicy(p *parser) (c core.Policy) {
	if !p.next() {
		return c
	}
	n := p.length()
	if n != policyFields && n != policyFields2 && n != policyFields1 {
		p.bad = true
		return c
	}
	p.depth++
	c.Version = p.uint()
	c.Language = p.string()
	c.Recency = list(p, p.int32)
	c.Kinds = list(p, func() core.EventKind {
		if p.length() != 4 {
			p.bad = true
		}
		return core.EventKind{Name: p.string(), Weight: p.int32(), Neutral: p.int32(), Full: p.int32()}
	})
	for _, v := range []*int32{
		&c.TextWeight, &c.TagWeight, &c.CategoryWeight, &c.AuthorWeight, &c.ItemWeight,
		&c.HalfLifeHours, &c.PriorWeight, &c.PriorSpan,
	} {
		*v = p.int32()
	}
	c.Repeat = core.Repeat(narrow[uint8](p, uint64(p.int())))
	c.DiversityPenalty, c.DiversityWindow = p.int32(), p.int32()
	c.SelfWeight = p.int32()
	if n >= policyFields2 {
		for _, v := range []*int32{&c.SeenAgainHours, &c.NearDuplicate, &c.ExploreShare, &c.ExploreHours, &c.ExploreHeat} {
			*v = p.int32()
		}
		c.Languages = list(p, p.string)
	}
	if n == policyFields {
		c.Focus = p.int32()
	}
	p.depth--
	return c
}

func (m *Snapshot) encode(w *writer) {
	w.uint(m.Epoch)
	w.uint(m.Seq)
	w.uint(m.Learned)
	w.uint(m.Chunk)
	w.bool(m.Last)
	w.uint(m.Items)
	w.uint(m.Sum)
	w.blobs(m.Records)
}

func (m *Snapshot) decode(p *parser) {
	*m = Snapshot{p.uint(), p.uint(), p.uint(), p.uint(), p.bool(), p.uint(), p.uint(), p.blobs()}
}

func (m *Delta) encode(w *writer) {
	w.uint(m.From)
	w.uint(m.To)
	w.uint(m.Learned)
	w.blobs(m.Records)
	w.blobs(m.Weights)
	w.list(len(m.Deleted), func(i int) { w.uint(uint64(m.Deleted[i])) })
}

func (m *Delta) decode(p *parser) {
	*m = Delta{p.uint(), p.uint(), p.uint(), p.blobs(), p.blobs(), list(p, p.num)}
}

func (m *Ops) encode(w *writer) {
	w.uint(m.First)
	encodeOps(w, m.Ops)
}

func (m *Ops) decode(p *parser) { *m = Ops{p.uint(), decodeOps(p)} }

func encodeOps(w *writer, ops []Op) {
	w.list(len(ops), func(i int) {
		op := &ops[i]
		w.array(8)
		w.bool(op.Event)
		w.string(op.Kind)
		w.string(op.Item)
		w.int(op.ValueMilli)
		w.int(op.AtMillis)
		encodePreference(w, op.Preference)
	})
}

func decodeOps(p *parser) []Op {
	return list(p, func() Op {
		if p.length() != 8 {
			p.bad = true
		}
		return Op{p.bool(), p.string(), p.string(), p.int(), p.int(), decodePreference(p)}
	})
}

// encodePreference writes three values of an array that is open already.
func encodePreference(w *writer, c core.Preference) {
	w.uint(uint64(c.Kind))
	w.string(c.Key)
	w.int(int64(c.Weight))
}

func decodePreference(p *parser) core.Preference {
	return core.Preference{Kind: core.PreferenceKind(narrow[uint8](p, p.uint())), Key: p.string(), Weight: p.int32()}
}

func (m *Ack) encode(w *writer) {
	w.uint(m.Op)
	w.list(len(m.Refused), func(i int) {
		w.array(3)
		w.uint(m.Refused[i].Op)
		w.string(m.Refused[i].Reason)
		w.string(m.Refused[i].Hint)
	})
}

func (m *Ack) decode(p *parser) {
	*m = Ack{p.uint(), list(p, func() Refusal {
		if p.length() != 3 {
			p.bad = true
		}
		return Refusal{p.uint(), p.string(), p.string()}
	})}
}

func (m *Ask) encode(w *writer) {
	w.string(m.Name)
	w.string(m.Similar)
	w.uint(m.Limit)
	w.strings(m.Exclude)
	w.strings(m.Categories)
	w.strings(m.Tags)
	encodeFilter(w, &m.Filter)
	w.string(m.After)
}

func (m *Ask) decode(p *parser) {
	*m = Ask{p.string(), p.string(), p.uint(), p.strings(), p.strings(), p.strings(), decodeFilter(p), p.string()}
}

// encodeFilter writes a filter's fields as an array of their own, features as they are hashed.
func encodeFilter(w *writer, f *core.Filter) {
	features := func(all []core.Feature) { w.list(len(all), func(i int) { w.uint(uint64(all[i])) }) }
	w.array(4)
	w.depth++
	w.list(len(f.Groups), func(i int) { features(f.Groups[i]) })
	features(f.Not)
	w.uint(uint64(f.Since))
	w.uint(uint64(f.Until))
	w.depth--
}

func decodeFilter(p *parser) (f core.Filter) {
	if !p.next() {
		return f
	}
	if p.length() != 4 {
		p.bad = true
		return f
	}
	features := func() []core.Feature { return list(p, func() core.Feature { return core.Feature(p.uint()) }) }
	p.depth++
	f.Groups = list(p, features)
	f.Not = features()
	f.Since, f.Until = core.Hour(narrow[uint32](p, p.uint())), core.Hour(narrow[uint32](p, p.uint()))
	p.depth--
	return f
}

func (m *Drop) encode(w *writer) { w.string(m.Name) }
func (m *Drop) decode(p *parser) { m.Name = p.string() }

func (m *Recs) encode(w *writer) {
	w.string(m.Name)
	w.uint(m.Epoch)
	w.uint(m.Seq)
	w.uint(m.Learned)
	w.uint(m.Op)
	w.uint(m.Policy)
	w.uint(uint64(m.Hour))
	w.list(len(m.Items), func(i int) {
		w.array(2)
		w.uint(uint64(m.Items[i].Num))
		w.int(m.Items[i].Score)
	})
}

func (m *Recs) decode(p *parser) {
	*m = Recs{
		p.string(), p.uint(), p.uint(), p.uint(), p.uint(), p.uint(), core.Hour(narrow[uint32](p, p.uint())),
		list(p, func() core.Ranked {
			if p.length() != 2 {
				p.bad = true
			}
			return core.Ranked{Num: p.num(), Score: p.int()}
		}),
	}
}

func (m *Profile) encode(w *writer) {
	w.uint(m.Op)
	w.list(len(m.History), func(i int) {
		v := m.History[i]
		w.array(3)
		w.uint(uint64(v.Item))
		w.int(int64(v.Strength))
		w.int(v.At)
	})
	w.list(len(m.Preferences), func(i int) {
		w.array(3)
		encodePreference(w, m.Preferences[i])
	})
}

func (m *Profile) decode(p *parser) {
	m.Op = p.uint()
	m.History = list(p, func() core.Visit {
		if p.length() != 3 {
			p.bad = true
		}
		return core.Visit{Item: p.num(), Strength: p.int32(), At: p.int()}
	})
	m.Preferences = list(p, func() core.Preference {
		if p.length() != 3 {
			p.bad = true
		}
		return decodePreference(p)
	})
}

func (m *Reset) encode(w *writer) { w.uint(uint64(m.Code)); w.string(m.Reason) }
func (m *Reset) decode(p *parser) { *m = Reset{ResetCode(p.uint()), p.string()} }
func (m *Error) encode(w *writer) { w.string(m.Reason); w.string(m.Hint) }
func (m *Error) decode(p *parser) { *m = Error{p.string(), p.string()} }

func (m *Renew) encode(w *writer)  { w.string(m.Token) }
func (m *Renew) decode(p *parser)  { m.Token = p.string() }
func (m *Expiry) encode(w *writer) { w.int(m.AtMillis) }
func (m *Expiry) decode(p *parser) { m.AtMillis = p.int() }

func (m *Merge) encode(w *writer) {
	w.string(m.Client)
	w.uint(m.First)
	encodeOps(w, m.Ops)
}

func (m *Merge) decode(p *parser)  { *m = Merge{p.string(), p.uint(), decodeOps(p)} }
func (m *Merged) encode(w *writer) { w.string(m.Client); w.uint(m.Op) }
func (m *Merged) decode(p *parser) { *m = Merged{p.string(), p.uint()} }
