package wire

import (
	"cmp"
	"math/bits"
	"slices"

	"nigh/core"
)

// AppendRecords appends the columnar form of records. They may be any number, in any order.
func AppendRecords(b []byte, records []*core.Record) []byte {
	w := &columnWriter{b: b, records: records}
	w.collect()
	w.heads()
	w.texts()
	w.features()
	w.b = appendEdgeColumns(w.b, len(records), func(i int) (core.ItemNum, core.Damp, []core.Edge) {
		r := records[i]
		return r.Num, r.Damp, r.Edges
	})
	return w.b
}

// AppendAllWeights appends the columnar form of weights: n, num ±, heat, edges; as those of records.
func AppendAllWeights(b []byte, all []core.Weights) []byte {
	b = appendUint(b, uint64(len(all)))
	last := core.ItemNum(0)
	for i := range all {
		b = appendUint(b, zigzag(int64(all[i].Num)-int64(last)))
		last = all[i].Num
	}
	for i := range all {
		b = appendUint(b, uint64(all[i].Heat))
	}
	return appendEdgeColumns(b, len(all), func(i int) (core.ItemNum, core.Damp, []core.Edge) {
		return all[i].Num, all[i].Damp, all[i].Edges
	})
}

// appendEdgeColumns appends damp (1 byte), how many edges, then of all edges their steps from the source before, then of
// all edges the weights (1 byte). A weight of more bits would be another column of bytes behind.
func appendEdgeColumns(b []byte, n int, of func(i int) (core.ItemNum, core.Damp, []core.Edge)) []byte {
	for i := range n {
		_, damp, _ := of(i)
		b = append(b, byte(damp))
	}
	for i := range n {
		_, _, edges := of(i)
		b = appendUint(b, uint64(len(edges)))
	}
	for i := range n {
		_, _, edges := of(i)
		last := core.ItemNum(0)
		for _, e := range edges {
			b = appendUint(b, uint64(e.From-last))
			last = e.From
		}
	}
	for i := range n {
		_, _, edges := of(i)
		for _, e := range edges {
			b = append(b, byte(e.Weight))
		}
	}
	return b
}

type columnWriter struct {
	b       []byte
	records []*core.Record

	labels [dicts]dictionary
	// attributes are in the order of a dictionary, too: by name and value.
	attributes map[core.Attribute]uint32
	pairs      []core.Attribute
	patterns   []pattern
	patternNum map[pattern]uint32
	urls       [2][]uint32 // by record: the pattern of its URL and of its image
	derived    []bool      // by record: its labels follow from its card
	terms      map[core.Feature]uint32
}

// dictionary gives texts numbers, the most frequent the lowest.
type dictionary struct {
	count map[string]uint32 // then the number
	all   []string
}

func (d *dictionary) add(s string) {
	if d.count == nil {
		d.count = map[string]uint32{}
	}
	d.count[s]++
}

// sortByCount returns the keys of a map of counts, the most frequent first, and makes their numbers of the counts.
func sortByCount[K comparable](count map[K]uint32, compare func(a, b K) int) []K {
	all := make([]K, 0, len(count))
	for k := range count {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b K) int {
		if c := cmp.Compare(count[b], count[a]); c != 0 {
			return c
		}
		return compare(a, b)
	})
	for i, k := range all {
		count[k] = uint32(i)
	}
	return all
}

// collect makes the dictionaries.
func (w *columnWriter) collect() {
	w.attributes, w.patternNum, w.terms = map[core.Attribute]uint32{}, map[pattern]uint32{}, map[core.Feature]uint32{}
	w.derived = make([]bool, len(w.records))
	var labels []core.Feature
	for i, r := range w.records {
		c := &r.Card
		if c.Author != "" {
			w.labels[dictAuthors].add(c.Author)
		}
		for _, s := range c.Tags {
			w.labels[dictTags].add(s)
		}
		for _, s := range c.Categories {
			w.labels[dictCategories].add(s)
		}
		for _, a := range c.Attributes {
			if w.attributes[a]++; w.attributes[a] == 1 {
				w.labels[dictNames].add(a.Name)
			}
		}
		for j, url := range [2]string{c.URL, c.Image} {
			w.urls[j] = append(w.urls[j], w.pattern(url, string(r.ID)))
		}
		labels = cardLabels(labels[:0], c)
		w.derived[i] = sameLabels(r.Features, labels)
		for _, f := range r.Features {
			if !w.derived[i] || f.Feature.Kind() == core.KindTerm {
				w.terms[f.Feature]++
			}
		}
	}
	for i := range w.labels {
		d := &w.labels[i]
		d.all = sortByCount(d.count, cmp.Compare[string])
	}
	w.pairs = sortByCount(w.attributes, func(a, b core.Attribute) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
	})
}

// sameLabels tells whether the labels among features are these, attributes with weight 0.
func sameLabels(features []core.Weighted, labels []core.Feature) bool {
	for _, f := range features {
		switch {
		case f.Feature.Kind() == core.KindTerm:
		case len(labels) == 0 || labels[0] != f.Feature || f.Feature.Kind() == core.KindAttribute && f.Weight != 0:
			return false
		default:
			labels = labels[1:]
		}
	}
	return len(labels) == 0
}

// pattern returns the number of the pattern that makes url of id, 0 for none.
func (w *columnWriter) pattern(url, id string) uint32 {
	if len(id) > len(url) || len(url)-len(id) > maxPattern {
		return 0
	}
	for i := 0; i+len(id) <= len(url); i++ {
		if url[i:i+len(id)] != id {
			continue
		}
		p := pattern{url[:i], url[i+len(id):]}
		n, ok := w.patternNum[p]
		if !ok {
			w.patterns = append(w.patterns, p)
			n = uint32(len(w.patterns))
			w.patternNum[p] = n
		}
		return n
	}
	return 0
}

func (w *columnWriter) uint(v uint64) { w.b = appendUint(w.b, v) }

// heads writes what records have beside texts, features and edges.
func (w *columnWriter) heads() {
	w.uint(uint64(len(w.records)))
	last := core.ItemNum(0)
	for _, r := range w.records {
		w.uint(zigzag(int64(r.Num) - int64(last)))
		last = r.Num
	}
	for i, r := range w.records {
		var flags byte
		for bit, set := range [...]bool{
			r.Hidden, r.From != 0, r.Until != 0, r.Published != 0, r.Pinned != 0, r.Boost != 0, w.derived[i],
		} {
			if set {
				flags |= 1 << bit
			}
		}
		w.b = append(w.b, flags)
	}
	for _, r := range w.records {
		if r.From != 0 {
			w.uint(uint64(r.From))
		}
	}
	for _, r := range w.records {
		if r.Until != 0 {
			w.uint(uint64(r.Until))
		}
	}
	hour := core.Hour(0)
	for _, r := range w.records {
		if r.Published != 0 {
			w.uint(zigzag(int64(r.Published) - int64(hour)))
			hour = r.Published
		}
	}
	for _, r := range w.records {
		if r.Pinned != 0 {
			w.b = append(w.b, r.Pinned)
		}
	}
	for _, r := range w.records {
		if r.Boost != 0 {
			w.b = append(w.b, byte(r.Boost<<1)^byte(r.Boost>>7))
		}
	}
	for _, r := range w.records {
		w.uint(uint64(r.Heat))
	}
}

// texts writes lengths, texts, then the numbers of labels.
func (w *columnWriter) texts() {
	text := []byte{}
	write := func(s string) {
		w.uint(uint64(len(s)))
		text = append(text, s...)
	}
	for _, r := range w.records {
		write(string(r.ID))
	}
	for _, r := range w.records {
		write(r.Card.Title)
	}
	for _, r := range w.records {
		write(r.Card.Summary)
	}
	w.uint(uint64(len(w.patterns)))
	for _, p := range w.patterns {
		write(p.before)
		write(p.behind)
	}
	for j, numbers := range w.urls {
		for _, n := range numbers {
			w.uint(uint64(n))
		}
		for i, n := range numbers {
			if n == 0 {
				write([2]string{w.records[i].Card.URL, w.records[i].Card.Image}[j])
			}
		}
	}
	for i := range w.labels {
		w.uint(uint64(len(w.labels[i].all)))
		for _, s := range w.labels[i].all {
			write(s)
		}
	}
	w.uint(uint64(len(w.pairs)))
	for _, a := range w.pairs {
		w.uint(uint64(w.labels[dictNames].count[a.Name]))
	}
	for _, a := range w.pairs {
		write(a.Value)
	}
	w.b = append(w.b, text...)
	for _, r := range w.records { // 0 is none
		n := uint64(0)
		if s := r.Card.Author; s != "" {
			n = uint64(w.labels[dictAuthors].count[s]) + 1
		}
		w.uint(n)
	}
	w.lists(dictTags, func(c *core.Card) []string { return c.Tags })
	w.lists(dictCategories, func(c *core.Card) []string { return c.Categories })
	for _, r := range w.records {
		w.uint(uint64(len(r.Card.Attributes)))
	}
	for _, r := range w.records {
		for _, a := range r.Card.Attributes {
			w.uint(uint64(w.attributes[a]))
		}
	}
}

// lists writes how many labels records have, then their numbers.
func (w *columnWriter) lists(dict int, of func(*core.Card) []string) {
	for _, r := range w.records {
		w.uint(uint64(len(of(&r.Card))))
	}
	for _, r := range w.records {
		for _, s := range of(&r.Card) {
			w.uint(uint64(w.labels[dict].count[s]))
		}
	}
}

// features writes the dictionary of terms, how many each record has, their steps in the dictionary, then all weights: of
// terms in the order of the dictionary, then of labels, ascending.
func (w *columnWriter) features() {
	used := func(f core.Feature) int { return bits.Len32(w.terms[f]) }
	all := make([]core.Feature, 0, len(w.terms))
	for f := range w.terms {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b core.Feature) int { return cmp.Or(cmp.Compare(used(b), used(a)), cmp.Compare(a, b)) })
	w.uint(uint64(len(all)))
	last := core.Feature(0)
	for _, f := range all {
		w.uint(zigzag(int64(f) - int64(last)))
		last = f
	}
	for i, f := range all {
		w.terms[f] = uint32(i)
	}
	type term struct {
		n      uint32
		weight core.Weight
	}
	var terms []term
	var steps, weights []byte
	for i, r := range w.records {
		terms = terms[:0]
		for _, f := range r.Features {
			if n, ok := w.terms[f.Feature]; ok && (!w.derived[i] || f.Feature.Kind() == core.KindTerm) {
				terms = append(terms, term{n, f.Weight})
			}
		}
		slices.SortFunc(terms, func(a, b term) int { return cmp.Compare(a.n, b.n) })
		w.uint(uint64(len(terms)))
		next := uint32(0)
		for _, t := range terms {
			steps = appendUint(steps, uint64(t.n-next))
			weights = append(weights, byte(t.weight))
			next = t.n + 1
		}
		if w.derived[i] {
			for _, f := range r.Features {
				if k := f.Feature.Kind(); k != core.KindTerm && k != core.KindAttribute {
					weights = append(weights, byte(f.Weight))
				}
			}
		}
	}
	w.b = append(append(w.b, steps...), weights...)
}
