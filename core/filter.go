package core

// LabelFilter keeps what has one of the categories, and one of the tags, and for each attribute one of its values
// (attributes: name to values). Empty parts keep everything.
func LabelFilter(categories, tags []string, attributes map[string][]string) Filter {
	var f Filter
	add := func(k Kind, labels []string) {
		if len(labels) == 0 {
			return
		}
		var any []Feature
		for _, l := range labels {
			any = append(any, LabelFeature(k, l))
		}
		f = append(f, any)
	}
	add(KindCategory, categories)
	add(KindTag, tags)
	for name, values := range attributes { // groups are and-ed: their order does not matter
		var pairs []string
		for _, v := range values {
			pairs = append(pairs, name+"="+v)
		}
		add(KindAttribute, pairs)
	}
	return f
}
