package learn

import (
	"cmp"
	"math"
	"slices"

	"nigh/core"
	"nigh/core/text"
)

// Text is what Content reads of an item.
type Text struct {
	Title, Description, Author string
	Language                   string // a BCP 47 tag; "": the catalog's
	Tags, Categories           []string
	Attributes                 []core.Attribute
	// Vector, if there is one, says where the text stands among others in the place of its words. See Content.Put.
	Vector []float32
}

// Neighbour is an item of similar content.
type Neighbour struct {
	Item       core.ItemNum
	Similarity float32 // cosine, 0 to 1
}

// MaxNeighbours bounds the content neighbours of an item.
const MaxNeighbours = core.MaxEdges

// Bounds of an item's vector. 32 terms cost a percent of P@10 against all of them (EVAL.md, debian).
const (
	MaxTerms      = 32
	maxLabels     = 32 // tags and categories together
	maxAttributes = core.MaxFeatures - MaxTerms - maxLabels - 1
)

// BM25's parameters at the values of Robertson and Zaragoza; a word of the title counts as titleCount words of the
// description, and a label (tag, author) as a word that occurs labelCount times.
const (
	bm25K1, bm25B = 1.2, 0.75
	titleCount    = 3
	labelCount    = 3
)

// Content holds the texts of a catalog as sparse vectors and finds neighbours among them. Find may run in several
// goroutines together while no other method runs.
type Content struct {
	analyzer *text.Analyzer
	df       map[core.Feature]int32 // items that have the feature
	docs     map[core.ItemNum]*doc
	length   float64 // sum of all lengths, in words
	postings map[core.Feature][]impact
	highest  core.ItemNum
	// weighed is how many items there were when the weights in postings were last made: idf drifts as a catalog grows.
	weighed int
	vectors vectors
	terms   []impactOf // working memory of weigh
}

type doc struct {
	counts     []count // by feature
	length     float64
	attributes []core.Feature
	vector     []weight  // strongest terms and all labels, unit length
	supplied   []float32 // the vector that came with the text, unit length, until Put
	neighbours []Neighbour
	holders    []core.ItemNum // items that have this one among their neighbours
}

// count is a feature and how often a text has it, in eight bytes: the number stands in the 16 bits that a feature leaves
// free. Texts are most of what a server holds in memory.
type count uint64

const (
	countShift = 40
	maxCount   = 1<<16 - 1 // more says no more: BM25 is saturated long before
)

func newCount(f core.Feature, n int32) count { return count(f) | count(min(n, maxCount))<<countShift }

func (c count) feature() core.Feature { return core.Feature(c &^ (maxCount << countShift)) }
func (c count) n() float64            { return float64(c >> countShift & maxCount) }

// weight is what a feature of a text weighs; which one it is stands at that place in the text's counts.
type weight struct {
	w  float32
	at uint32
}

// feature returns what w is the weight of.
func (d *doc) feature(w weight) core.Feature { return d.counts[w.at].feature() }

// impactOf is a weight with its feature at hand.
type impactOf struct {
	f core.Feature
	weight
}

type impact struct {
	item core.ItemNum
	w    float32
}

// NewContent returns an empty Content that reads texts with a.
func NewContent(a *text.Analyzer) *Content {
	return &Content{
		analyzer: a,
		df:       map[core.Feature]int32{},
		docs:     map[core.ItemNum]*doc{},
		postings: map[core.Feature][]impact{},
	}
}

// Parsed is a text taken apart: the costly half of Put, which needs no Content and may be done in any goroutine.
type Parsed struct{ doc *doc }

// Parse takes a text apart, by the rules of its own language if it has one.
func Parse(a *text.Analyzer, t Text) Parsed {
	a = a.For(t.Language)
	d := &doc{supplied: unit(t.Vector)}
	words := map[core.Feature]int32{}
	read := func(s string, n int32) {
		for _, stem := range a.Terms(s) {
			words[core.TermFeature(stem)] += n
			d.length += float64(n)
		}
	}
	read(t.Title, titleCount)
	read(t.Description, 1)
	// Labels are words too, so that a search for "sailing" finds the tag.
	labels := map[core.Feature]int32{}
	label := func(k core.Kind, s string) {
		if len(labels) < maxLabels && text.Fold(s) != "" {
			labels[core.LabelFeature(k, s)] = labelCount
			read(s, 1)
		}
	}
	if t.Author != "" {
		label(core.KindAuthor, t.Author)
	}
	for _, c := range t.Categories {
		label(core.KindCategory, c)
	}
	for _, tag := range t.Tags {
		label(core.KindTag, tag)
	}
	d.counts = make([]count, 0, len(words)+len(labels))
	for _, m := range []map[core.Feature]int32{words, labels} {
		for f, n := range m {
			d.counts = append(d.counts, newCount(f, n))
		}
	}
	slices.SortFunc(d.counts, func(a, b count) int { return cmp.Compare(a.feature(), b.feature()) })
	for _, at := range t.Attributes[:min(len(t.Attributes), maxAttributes)] {
		d.attributes = append(d.attributes, core.LabelFeature(core.KindAttribute, at.Name+"="+at.Value))
	}
	slices.Sort(d.attributes)
	d.attributes = slices.Compact(d.attributes)
	return Parsed{d}
}

// Expect announces an item whose text comes later, with Adopt. It may have neighbours already.
func (c *Content) Expect(n core.ItemNum) {
	c.docs[n] = &doc{}
	c.highest = max(c.highest, n)
}

// Adopt takes the texts of another Content, which is not to be used any more, in place of c's own; neighbours stay as
// they are in c. Until then, of an item that was announced by Expect, c knows nothing but its neighbours.
func (c *Content) Adopt(texts *Content) {
	for n, d := range c.docs {
		if t := texts.docs[n]; t != nil {
			t.neighbours, t.holders = d.neighbours, d.holders
		}
	}
	*c = *texts
}

// Weigh returns the features that a text has in this catalog, and fixes them in p: a Put of p changes nothing about them.
func (c *Content) Weigh(p Parsed) []core.Weighted {
	c.weigh(p.doc)
	return p.doc.features()
}

// Put makes p, which was weighed, the text of an item. The item's neighbours are those of its former text until
// SetNeighbours. A vector counts only if it has the length of the others', see VectorLen, and any direction at all.
func (c *Content) Put(n core.ItemNum, p Parsed) {
	if old := c.docs[n]; old != nil {
		p.doc.neighbours, p.doc.holders = old.neighbours, old.holders
		c.unpost(n, old)
		c.count(old, -1)
	}
	c.docs[n] = p.doc
	c.vectors.set(n, p.doc.supplied)
	p.doc.supplied = nil
	c.highest = max(c.highest, n)
	c.count(p.doc, 1)
	c.post(n, p.doc)
}

func (c *Content) count(d *doc, by int32) {
	for _, of := range d.counts {
		f := of.feature()
		if c.df[f] += by; c.df[f] == 0 {
			delete(c.df, f)
		}
	}
	c.length += float64(by) * d.length
}

func (c *Content) post(n core.ItemNum, d *doc) {
	for _, w := range d.vector {
		f := d.feature(w)
		c.postings[f] = append(c.postings[f], impact{n, w.w})
	}
}

func (c *Content) unpost(n core.ItemNum, d *doc) {
	for _, w := range d.vector {
		f := d.feature(w)
		list := c.postings[f]
		for i := range list {
			if list[i].item == n {
				list[i] = list[len(list)-1]
				c.postings[f] = list[:len(list)-1]
				break
			}
		}
		if len(c.postings[f]) == 0 {
			delete(c.postings, f)
		}
	}
}

// weigh makes d's vector: idf·tf, the strongest MaxTerms terms and all labels, scaled to unit length.
func (c *Content) weigh(d *doc) {
	mean := max(c.length/float64(max(len(c.docs), 1)), 1)
	norm := bm25K1 * (1 - bm25B + bm25B*d.length/mean)
	n := float64(len(c.docs) + 1)
	vector := c.terms[:0]
	for at, of := range d.counts {
		f, times := of.feature(), of.n()
		df := min(float64(c.df[f])+1, n) // with the text itself, should it be a new one
		idf := math.Log1p((n - df + .5) / (df + .5))
		tf := times * (bm25K1 + 1) / (times + norm)
		if f.Kind() != core.KindTerm {
			tf = times * (bm25K1 + 1) / (times + bm25K1) // a label is not diluted by a long text
		}
		vector = append(vector, impactOf{f, weight{float32(idf * tf), uint32(at)}})
	}
	slices.SortFunc(vector, func(a, b impactOf) int { // terms first, each part by weight
		ta, tb := a.f.Kind() == core.KindTerm, b.f.Kind() == core.KindTerm
		switch {
		case ta != tb && ta:
			return -1
		case ta != tb:
			return 1
		case a.w != b.w:
			return cmp.Compare(b.w, a.w)
		}
		return cmp.Compare(a.f, b.f)
	})
	terms := 0
	for terms < len(vector) && vector[terms].f.Kind() == core.KindTerm {
		terms++
	}
	c.terms = vector // its memory, for the next text
	if terms > MaxTerms {
		vector = slices.Delete(vector, MaxTerms, terms)
	}
	sum := 0.0
	for _, w := range vector {
		sum += float64(w.w) * float64(w.w)
	}
	d.vector = make([]weight, len(vector))
	for i, w := range vector {
		d.vector[i] = weight{w.w / float32(math.Sqrt(sum)), w.at}
	}
}

// Features returns an item's features as records hold them: ascending, quantised; attributes with weight 0.
func (c *Content) Features(n core.ItemNum) []core.Weighted {
	if d := c.docs[n]; d != nil {
		return d.features()
	}
	return nil
}

func (d *doc) features() []core.Weighted {
	out := make([]core.Weighted, 0, len(d.vector)+len(d.attributes))
	for _, w := range d.vector {
		q := core.QuantizeWeight(int64(math.Round(float64(w.w) * core.One)))
		if f := d.feature(w); q > 0 || f.Kind() != core.KindTerm {
			out = append(out, core.Weighted{Feature: f, Weight: q})
		}
	}
	for _, f := range d.attributes {
		out = append(out, core.Weighted{Feature: f})
	}
	slices.SortFunc(out, func(a, b core.Weighted) int { return cmp.Compare(a.Feature, b.Feature) })
	return out
}

// Delete takes an item out and returns the items whose neighbours it was.
func (c *Content) Delete(n core.ItemNum) (changed []core.ItemNum) {
	d := c.docs[n]
	if d == nil {
		return nil
	}
	c.unpost(n, d)
	c.count(d, -1)
	c.vectors.drop(n)
	d.vector = nil // nobody is like it any more
	changed = c.SetNeighbours(n, nil)
	delete(c.docs, n)
	return slices.DeleteFunc(changed, func(m core.ItemNum) bool { return m == n })
}

// Stale tells whether the catalog has grown so much since the weights were made that they should be made anew: by half,
// so that over a catalog's growth each item is weighed at most three times as often as it is added.
func (c *Content) Stale() bool { return 2*len(c.docs) > 3*c.weighed+20 }

// Reweigh makes all weights anew. What Features returns may have changed for every item, and neighbours should be
// found again.
func (c *Content) Reweigh() {
	c.weighed = len(c.docs)
	c.vectors.measure()
	nums, lengths, all := c.Nums(), map[core.Feature]int{}, 0
	for _, n := range nums {
		d := c.docs[n]
		c.weigh(d)
		for _, w := range d.vector {
			lengths[d.feature(w)]++
		}
		all += len(d.vector)
	}
	// All lists in one piece of memory: growing one by one leaves a third of it empty. One that grows later moves out.
	memory := make([]impact, all)
	c.postings = make(map[core.Feature][]impact, len(lengths))
	for f, n := range lengths {
		c.postings[f], memory = memory[:0:n], memory[n:]
	}
	for _, n := range nums {
		c.post(n, c.docs[n])
	}
}

// Reads tells whether r's terms are all terms of the item's text as it is read here: if not, r was made by another
// analyzer, and its words would not be found.
func (c *Content) Reads(r *core.Record) bool {
	d := c.docs[r.Num]
	if d == nil {
		return false
	}
	for _, w := range r.Features {
		if w.Feature.Kind() != core.KindTerm {
			continue
		}
		_, ok := slices.BinarySearchFunc(d.counts, w.Feature, func(a count, f core.Feature) int { return cmp.Compare(a.feature(), f) })
		if !ok {
			return false
		}
	}
	return true
}

// Nums returns the numbers of all items, ascending.
func (c *Content) Nums() []core.ItemNum {
	nums := make([]core.ItemNum, 0, len(c.docs))
	for n := range c.docs {
		nums = append(nums, n)
	}
	slices.Sort(nums)
	return nums
}
