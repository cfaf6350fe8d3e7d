package wire

import "nigh/core"

// ReadRecords reads the columnar form of records. What is not one gives ErrTorn, by the same rules as ReadRecord. The
// records share no memory with b; see above for what they share with each other.
//
// A claim of how many there are is believed only as far as b has room for them: no byte becomes more than 64 of memory,
// and of real records 4.
func ReadRecords(b []byte) ([]*core.Record, error) {
	r := &columnReader{unpacker: unpacker{b: b}}
	for _, part := range []func(){r.heads, r.texts, r.labels, r.features, r.edges} {
		if part(); r.bad {
			return nil, ErrTorn
		}
	}
	if len(r.b) != 0 {
		return nil, ErrTorn
	}
	return r.records, nil
}

// ReadAllWeights reads the columnar form of weights.
func ReadAllWeights(b []byte) ([]core.Weights, error) {
	r := &columnReader{unpacker: unpacker{b: b}}
	all := make([]core.Weights, r.count(4))
	last := core.ItemNum(0)
	for i := range all {
		last = r.step(last)
		all[i].Num = last
	}
	for i := range all {
		all[i].Heat = r.heat()
	}
	r.edgeColumns(len(all), func(i int) (core.ItemNum, *core.Damp, *[]core.Edge) {
		return all[i].Num, &all[i].Damp, &all[i].Edges
	})
	if r.bad || len(r.b) != 0 {
		return nil, ErrTorn
	}
	return all, nil
}

// columnReader reads columns, a part at a time; after a fault no other part may be read.
type columnReader struct {
	unpacker
	records []*core.Record
	flags   []byte

	dictionaries [dicts][]string
	pairs        []core.Attribute
	// The numbers of labels that records have.
	authors []uint32
	lists   [listKinds]numbers
}

// The lists of labels that a record has.
const (
	listTags = iota
	listCategories
	listAttributes
	listKinds
)

// numbers are lists of all records; that of record i is all[ends[i-1]:ends[i]].
type numbers struct {
	all  []uint32
	ends []int
}

func (n *numbers) of(i int) []uint32 {
	if i == 0 {
		return n.all[:n.ends[0]]
	}
	return n.all[n.ends[i-1]:n.ends[i]]
}

// leastRecord is what a record takes of the columns, in bytes.
const leastRecord = 16

// step reads an item's number as a step from another's.
func (r *columnReader) step(from core.ItemNum) core.ItemNum {
	v := int64(from) + unzigzag(r.uint())
	if v <= 0 || v > 1<<32-1 {
		r.fail()
		return 0
	}
	return core.ItemNum(v)
}

func (r *columnReader) heads() {
	n := r.count(leastRecord)
	r.records = make([]*core.Record, n)
	r.flags = make([]byte, n)
	last := core.ItemNum(0)
	for i := range r.records {
		last = r.step(last)
		if r.bad {
			r.records, r.flags = nil, nil
			return
		}
		r.records[i] = &core.Record{Num: last}
	}
	for i := range r.flags {
		r.flags[i] = r.byte()
		if r.flags[i] >= flagLabels<<1 {
			r.fail()
		}
		r.records[i].Hidden = r.flags[i]&flagHidden != 0
	}
	// What a flag speaks of is not 0: there is one form without.
	flagged := func(flag byte, read func(*core.Record) bool) {
		for i, rec := range r.records {
			if r.flags[i]&flag != 0 && !read(rec) {
				r.fail()
			}
		}
	}
	flagged(flagFrom, func(rec *core.Record) bool { rec.From = core.Hour(r.uint32()); return rec.From != 0 })
	flagged(flagUntil, func(rec *core.Record) bool { rec.Until = core.Hour(r.uint32()); return rec.Until != 0 })
	hour := core.ItemNum(0) // which are as wide
	flagged(flagPublished, func(rec *core.Record) bool {
		hour = r.step(hour)
		rec.Published = core.Hour(hour)
		return hour != 0
	})
	flagged(flagPinned, func(rec *core.Record) bool {
		rec.Pinned = r.byte()
		return rec.Pinned != 0 && rec.Pinned <= core.MaxPinned
	})
	flagged(flagBoost, func(rec *core.Record) bool {
		rec.Boost = r.boost()
		return rec.Boost != 0 && rec.Boost <= core.MaxBoost && rec.Boost >= -core.MaxBoost
	})
	for _, rec := range r.records {
		rec.Heat = r.heat()
	}
}

// cutter cuts a text into pieces of known lengths.
type cutter struct {
	text    string
	lengths []uint32
}

func (c *cutter) next() string {
	n := c.lengths[0]
	s := c.text[:n]
	c.text, c.lengths = c.text[n:], c.lengths[1:]
	return s
}

// number reads a number below n.
func (r *columnReader) number(n int) uint32 {
	v := r.uint()
	if v >= uint64(n) {
		r.fail()
		return 0
	}
	return uint32(v)
}

// texts reads lengths and texts.
func (r *columnReader) texts() {
	n := len(r.records)
	c := cutter{lengths: make([]uint32, 0, 3*n)}
	total := 0
	lengths := func(n int) {
		for range n {
			l := r.count(1)
			total += l
			c.lengths = append(c.lengths, uint32(l))
		}
	}
	lengths(3 * n)
	patterns := make([]pattern, r.count(2))
	lengths(2 * len(patterns))
	urls := make([][]uint32, 2)
	for j := range urls {
		urls[j] = make([]uint32, n)
		literal := 0
		for i := range urls[j] {
			if urls[j][i] = r.number(len(patterns) + 1); urls[j][i] == 0 {
				literal++
			}
		}
		lengths(literal)
	}
	for i := range r.dictionaries {
		r.dictionaries[i] = make([]string, r.count(1))
		lengths(len(r.dictionaries[i]))
	}
	names := make([]uint32, r.count(2))
	for i := range names {
		names[i] = r.number(len(r.dictionaries[dictNames]))
	}
	lengths(len(names))
	if r.bad || total > len(r.b) {
		r.fail()
		return
	}
	c.text = string(r.b[:total])
	r.b = r.b[total:]
	for _, rec := range r.records {
		if rec.ID = core.ItemID(c.next()); rec.ID == "" || len(rec.ID) > core.MaxIDBytes {
			r.fail()
		}
	}
	for _, rec := range r.records {
		rec.Card.Title = c.next()
	}
	for _, rec := range r.records {
		rec.Card.Summary = c.next()
	}
	for i := range patterns {
		patterns[i] = pattern{c.next(), c.next()}
		if len(patterns[i].before)+len(patterns[i].behind) > maxPattern {
			r.fail()
			return
		}
	}
	r.urls(urls, patterns, &c)
	for i := range r.dictionaries {
		for j := range r.dictionaries[i] {
			r.dictionaries[i][j] = c.next()
		}
	}
	r.pairs = make([]core.Attribute, len(names))
	for i := range r.pairs {
		r.pairs[i] = core.Attribute{Name: r.dictionaries[dictNames][names[i]], Value: c.next()}
	}
}

// urls makes URLs and images: those of patterns in one string.
func (r *columnReader) urls(numbers [][]uint32, patterns []pattern, c *cutter) {
	var made cutter
	size := 0
	for j := range numbers {
		for i, rec := range r.records {
			if n := numbers[j][i]; n > 0 {
				l := len(patterns[n-1].before) + len(rec.ID) + len(patterns[n-1].behind)
				made.lengths = append(made.lengths, uint32(l))
				size += l
			}
		}
	}
	b := make([]byte, 0, size)
	for j := range numbers {
		for i, rec := range r.records {
			if n := numbers[j][i]; n > 0 {
				p := &patterns[n-1]
				b = append(append(append(b, p.before...), rec.ID...), p.behind...)
			}
		}
	}
	made.text = string(b)
	for j := range numbers {
		for i, rec := range r.records {
			from := c
			if numbers[j][i] > 0 {
				from = &made
			}
			url := from.next()
			if core.SafeURL(url) != url {
				r.fail()
				return
			}
			if j == 0 {
				rec.Card.URL = url
			} else {
				rec.Card.Image = url
			}
		}
	}
}

// labels reads the labels of cards.
func (r *columnReader) labels() {
	n := len(r.records)
	r.authors = make([]uint32, n)
	for i := range r.authors {
		r.authors[i] = r.number(len(r.dictionaries[dictAuthors]) + 1)
	}
	for l, size := range [listKinds]int{len(r.dictionaries[dictTags]), len(r.dictionaries[dictCategories]), len(r.pairs)} {
		list := &r.lists[l]
		list.ends = make([]int, n)
		total := 0
		for i := range list.ends {
			total += r.count(1)
			list.ends[i] = total
		}
		if total > len(r.b) {
			r.fail()
			return
		}
		list.all = make([]uint32, total)
		for i := range list.all {
			list.all[i] = r.number(size)
		}
	}
	if r.bad {
		return
	}
	texts := make([][]string, listAttributes)
	for l := range texts {
		texts[l] = make([]string, len(r.lists[l].all))
		for i, n := range r.lists[l].all {
			texts[l][i] = r.dictionaries[dictTags+l][n]
		}
	}
	pairs := make([]core.Attribute, len(r.lists[listAttributes].all))
	for i, n := range r.lists[listAttributes].all {
		pairs[i] = r.pairs[n]
	}
	for i, rec := range r.records {
		if a := r.authors[i]; a > 0 {
			rec.Card.Author = r.dictionaries[dictAuthors][a-1]
		}
		rec.Card.Tags, texts[listTags] = head(texts[listTags], len(r.lists[listTags].of(i)))
		rec.Card.Categories, texts[listCategories] = head(texts[listCategories], len(r.lists[listCategories].of(i)))
		rec.Card.Attributes, pairs = head(pairs, len(r.lists[listAttributes].of(i)))
		for j := 1; j < len(rec.Card.Attributes); j++ {
			if rec.Card.Attributes[j-1].Name >= rec.Card.Attributes[j].Name {
				r.fail()
				return
			}
		}
	}
}

// head cuts the first n off s, nil if n is 0.
func head[E any](s []E, n int) (first, rest []E) {
	if n == 0 {
		return nil, s
	}
	return s[:n:n], s[n:]
}

// features reads the dictionary of terms, the terms and the weights.
func (r *columnReader) features() {
	terms := make([]core.Feature, r.count(1))
	last := core.Feature(0)
	for i := range terms {
		last += core.Feature(unzigzag(r.uint()))
		if k := last.Kind(); k <= core.KindItem || k > core.KindAttribute || last&(1<<56-1) >= 1<<40 {
			r.fail()
			return
		}
		terms[i] = last
	}
	counts := make([]uint8, len(r.records))
	total := 0
	for i := range counts {
		n := r.number(core.MaxFeatures + 1)
		counts[i] = uint8(n)
		total += int(n)
	}
	if total > len(r.b) {
		r.fail()
		return
	}
	of := r.labelFeatures()
	all := make([]core.Weighted, 0, total+len(r.records)+len(r.lists[listTags].all)+len(r.lists[listCategories].all)+len(r.lists[listAttributes].all))
	var labels []core.Feature
	at := 0
	for i, rec := range r.records {
		from := len(all)
		next := uint64(0)
		for range counts[i] {
			var step uint64
			step, at = uintAt(r.b, at)
			if next += step; at < 0 || next >= uint64(len(terms)) {
				r.fail()
				return
			}
			all = append(all, core.Weighted{Feature: terms[next]})
			next++
		}
		if r.flags[i]&flagLabels != 0 {
			labels = of(labels[:0], i)
			for _, f := range labels {
				all = append(all, core.Weighted{Feature: f})
			}
		}
		if len(all)-from > core.MaxFeatures {
			r.fail()
			return
		}
		if len(all) > from {
			rec.Features = all[from:len(all):len(all)]
		}
	}
	r.b = r.b[at:]
	at = 0
	for i, rec := range r.records {
		for j := range rec.Features {
			if r.flags[i]&flagLabels == 0 || rec.Features[j].Feature.Kind() != core.KindAttribute || j < int(counts[i]) {
				if at == len(r.b) {
					r.fail()
					return
				}
				rec.Features[j].Weight = core.Weight(r.b[at])
				at++
			}
		}
	}
	r.b = r.b[at:]
	for _, rec := range r.records {
		if !sortFeatures(rec.Features) {
			r.fail()
			return
		}
	}
}

// sortFeatures sorts what stands in a few ascending runs, at most MaxFeatures; false if two are the same. As quick as
// slices.SortFunc here, which would be one more copy of that in the module.
func sortFeatures(all []core.Weighted) bool {
	for i := 1; i < len(all); i++ {
		w, j := all[i], i
		for ; j > 0 && all[j-1].Feature > w.Feature; j-- {
			all[j] = all[j-1]
		}
		all[j] = w
	}
	for i := 1; i < len(all); i++ {
		if all[i-1].Feature == all[i].Feature {
			return false
		}
	}
	return true
}

// labelFeatures returns what gives the features of a record's labels, ascending: cardLabels from the dictionaries, of
// which each entry is hashed once.
func (r *columnReader) labelFeatures() func(out []core.Feature, i int) []core.Feature {
	entries := make([][]core.Feature, dictNames)
	for d := range entries {
		entries[d] = make([]core.Feature, len(r.dictionaries[d]))
		for i, s := range r.dictionaries[d] {
			entries[d][i] = labelFeature(dictKind[d], s)
		}
	}
	pairs := make([]core.Feature, len(r.pairs))
	for i, a := range r.pairs {
		pairs[i] = attributeFeature(a.Name, a.Value)
	}
	return func(out []core.Feature, i int) []core.Feature {
		if a := r.authors[i]; a > 0 {
			out = addLabel(out, entries[dictAuthors][a-1])
		}
		for _, n := range r.lists[listTags].of(i) {
			out = addLabel(out, entries[dictTags][n])
		}
		for _, n := range r.lists[listCategories].of(i) {
			out = addLabel(out, entries[dictCategories][n])
		}
		for _, n := range r.lists[listAttributes].of(i) {
			out = addLabel(out, pairs[n])
		}
		return out
	}
}

func (r *columnReader) edges() {
	r.edgeColumns(len(r.records), func(i int) (core.ItemNum, *core.Damp, *[]core.Edge) {
		rec := r.records[i]
		return rec.Num, &rec.Damp, &rec.Edges
	})
}

// edgeColumns reads damps and edges of n items into where of says.
func (r *columnReader) edgeColumns(n int, of func(i int) (core.ItemNum, *core.Damp, *[]core.Edge)) {
	for i := range n {
		_, damp, _ := of(i)
		if *damp = core.Damp(r.byte()); *damp > core.DampOctave {
			r.fail()
		}
	}
	counts := make([]uint8, n)
	total := 0
	for i := range counts {
		c := r.number(core.MaxEdges + 1)
		counts[i] = uint8(c)
		total += 2 * int(c)
	}
	if r.bad || total > len(r.b) {
		r.fail()
		return
	}
	at := 0
	for i := range counts {
		self, _, edges := of(i)
		if counts[i] == 0 {
			continue
		}
		out := make([]core.Edge, counts[i])
		last := core.ItemNum(0)
		for j := range out {
			var step uint64
			step, at = uintAt(r.b, at)
			from := uint64(last) + step
			if at < 0 || step == 0 || step > 1<<32-1 || from > 1<<32-1 || core.ItemNum(from) == self {
				r.fail()
				return
			}
			last = core.ItemNum(from)
			out[j].From = last
		}
		*edges = out
	}
	r.b = r.b[at:]
	if len(r.b) < total/2 {
		r.fail()
		return
	}
	at = 0
	for i := range n {
		_, _, edges := of(i)
		for j := range *edges {
			(*edges)[j].Weight = core.Weight(r.b[at])
			at++
		}
	}
	r.b = r.b[at:]
}

// uintAt reads the number at b[i:] and returns where it ends, -1 if there is none. It keeps no place in a reader: where
// there are 60 numbers a record, that is a third of the time.
func uintAt(b []byte, i int) (v uint64, end int) {
	if i < len(b) && b[i] < 0x80 {
		return uint64(b[i]), i + 1
	}
	u := unpacker{b: b[i:]}
	if v = u.uint(); u.bad {
		return 0, -1
	}
	return v, len(b) - len(u.b)
}
