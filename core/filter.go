package core

import "slices"

// Filter keeps the items that have at least one feature of each group, none of Not, and were published at Since or
// later, before Until (0: no bound; an item of unknown age passes neither). It is the one form that every face of a
// filter is brought into: see Wanted.
type Filter struct {
	Groups       [][]Feature
	Not          []Feature
	Since, Until Hour
}

// MaxFilter bounds the features of a filter.
const MaxFilter = 200

// Size returns how many features the filter holds.
func (f *Filter) Size() int {
	n := len(f.Not)
	for _, group := range f.Groups {
		n += len(group)
	}
	return n
}

// all tells whether the filter keeps everything.
func (f *Filter) all() bool {
	return len(f.Groups) == 0 && len(f.Not) == 0 && f.Since == 0 && f.Until == 0
}

func (f *Filter) keeps(r *Record) bool {
	for _, any := range f.Groups {
		if !slices.ContainsFunc(any, r.Has) {
			return false
		}
	}
	if f.Since != 0 && r.Published < f.Since || f.Until != 0 && (r.Published >= f.Until || r.Published == 0) {
		return false
	}
	return !slices.ContainsFunc(f.Not, r.Has)
}

// Labels name features as people write them. Attributes: name to values.
type Labels struct {
	Categories, Tags, Authors []string
	Attributes                map[string][]string
}

// Wanted is a filter as people write it. Of each part of Labels that is given (and of each attribute) an item has one;
// besides at least one of all that Any names, everything that All names, and nothing that Not names.
type Wanted struct {
	Labels
	Any, All, Not Labels
	Since, Until  Hour
}

// Filter returns w as ranking takes it. A part that is given but names nothing keeps everything.
func (w *Wanted) Filter() Filter {
	f := Filter{Since: w.Since, Until: w.Until}
	group := func(features ...Feature) {
		if len(features) > 0 {
			f.Groups = append(f.Groups, features)
		}
	}
	group(labelFeatures(KindCategory, w.Categories)...)
	group(labelFeatures(KindTag, w.Tags)...)
	group(labelFeatures(KindAuthor, w.Authors)...)
	for name, values := range w.Attributes { // groups are and-ed: their order does not matter
		group(attributeFeatures(name, values)...)
	}
	group(w.Any.features()...)
	for _, one := range w.All.features() {
		group(one)
	}
	f.Not = w.Not.features()
	return f
}

// features returns all that l names.
func (l *Labels) features() []Feature {
	out := labelFeatures(KindCategory, l.Categories)
	out = append(out, labelFeatures(KindTag, l.Tags)...)
	out = append(out, labelFeatures(KindAuthor, l.Authors)...)
	for name, values := range l.Attributes {
		out = append(out, attributeFeatures(name, values)...)
	}
	return out
}

func labelFeatures(k Kind, labels []string) (out []Feature) {
	for _, l := range labels {
		out = append(out, LabelFeature(k, l))
	}
	return out
}

// attributeFeatures returns the features of one attribute's values.
func attributeFeatures(name string, values []string) (out []Feature) {
	for _, v := range values {
		out = append(out, LabelFeature(KindAttribute, name+"="+v))
	}
	return out
}
