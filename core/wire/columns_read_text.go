package wire

import "nigh/core"

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
