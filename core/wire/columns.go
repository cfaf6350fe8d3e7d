package wire

import "nigh/core"

// The columnar form of many records: one column after the other, each holding a field of all records, so that like
// stands beside like: deflate then finds more than in records packed one by one. All integers are varints (LEB128) unless
// stated otherwise; ± marks a signed one (zigzag). "Each" means each record, in their order.
//
//	n                   how many records
//	num ±               each; the step from the record before, the first from 0
//	flags               each, 1 byte; see below
//	from                of the records whose flags say so, as the next four; then
//	until
//	published ±         the step from the one before
//	pinned              1 byte
//	boost               1 byte, its sign in the lowest bit
//	heat                each
//	lengths of texts    ids, each; titles, each; summaries, each
//	                    patterns: how many, then two lengths a pattern: what stands before the id, and behind it
//	                    URLs: number of a pattern, each, 0 for none; then lengths, of those that have none. Images likewise
//	                    authors, tags, categories, names: of each dictionary how many entries, then their lengths
//	                    attributes: how many pairs, the numbers of their names, then the lengths of their values
//	texts               in the order of their lengths, without anything between
//	author              each; 0 for none, else 1 + number in the dictionary
//	tags                how many, each; then all numbers. Categories, attributes (numbers of pairs) likewise
//	terms               how many are in the dictionary, then ± steps from the one before
//	                    how many, each; then all steps in the dictionary, from the place behind the term before
//	weights             each: 1 byte a term, in the dictionary's order; then 1 byte a label but for attributes, ascending
//	edges               damp, each, 1 byte; how many, each; all steps up from the source before, from 0; all weights, 1 byte
//
// Records come back in their order, equal to what they were. Which of several spellings of the same records a writer
// chooses (the order of its dictionaries) is its own matter; this one's are sorted by how often an entry is used.
//
// # Why so
//
//   - Labels follow from the card in nearly all records, so only their weights travel, and a flag says so; else they stand
//     among the terms.
//   - The dictionary of terms is sorted by how often one is used in powers of two, the most frequent first, then by hash:
//     frequent terms take short steps in a record, and a hash takes some 4 bytes instead of 5.
//   - URLs mostly are an id with the same before and behind it.
//   - A weight of more than 8 bits would be one more column of bytes behind the present one.
//
// # Memory
//
// What a reader makes of one chunk shares memory where it is content: texts are cut out of one string, features and labels
// out of one array each. So one record keeps its chunk's texts and features from being given back: a copy of a catalog
// whose items have all been edited but for one of each chunk takes twice its content. Records themselves and their edges,
// which learning replaces by and by, are pieces of their own.

// What the flags of a record say.
const (
	flagHidden    = 1 << iota
	flagFrom      // from is not 0; and so on
	flagUntil     //
	flagPublished //
	flagPinned    //
	flagBoost     //
	flagLabels    // the labels among the features are those of the card, attributes with weight 0
)

// maxPattern bounds what stands before and behind the id in a pattern of URLs, in bytes together: so that a few bytes do
// not become many.
const maxPattern = 128

// pattern is how a URL is made of an id.
type pattern struct{ before, behind string }

// The dictionaries of texts, in the order in which they are written.
const (
	dictAuthors = iota
	dictTags
	dictCategories
	dictNames // of attributes
	dicts
)

// dictKind is the kind of the features that a dictionary's entries have.
var dictKind = [dictNames]core.Kind{core.KindAuthor, core.KindTag, core.KindCategory}

func zigzag(v int64) uint64   { return uint64(v)<<1 ^ uint64(v>>63) }
func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// cardLabels are the features that follow from a card, ascending.
func cardLabels(out []core.Feature, c *core.Card) []core.Feature {
	if c.Author != "" {
		out = addLabel(out, labelFeature(core.KindAuthor, c.Author))
	}
	for _, s := range c.Tags {
		out = addLabel(out, labelFeature(core.KindTag, s))
	}
	for _, s := range c.Categories {
		out = addLabel(out, labelFeature(core.KindCategory, s))
	}
	for _, a := range c.Attributes {
		out = addLabel(out, attributeFeature(a.Name, a.Value))
	}
	return out
}

// addLabel puts f, if it is one, into its place among those there are, once.
func addLabel(out []core.Feature, f core.Feature) []core.Feature {
	i := len(out)
	for i > 0 && out[i-1] > f {
		i--
	}
	if f == 0 || i > 0 && out[i-1] == f {
		return out
	}
	out = append(out, 0)
	copy(out[i+1:], out[i:])
	out[i] = f
	return out
}

// labelFeature is the feature of a label, 0 if it folds to nothing.
func labelFeature(k core.Kind, s string) core.Feature {
	if f := core.LabelFeature(k, s); f != core.LabelFeature(k, "") {
		return f
	}
	return 0
}

func attributeFeature(name, value string) core.Feature {
	return core.LabelFeature(core.KindAttribute, name+"="+value)
}
