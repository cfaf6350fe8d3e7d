package wire

import "nigh/core"

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
