package core

// nearFeatures is how many features two items must share to be called near-duplicates: what little is known of two items
// may well be the same.
const nearFeatures = 8

// near tells whether a and b are near-duplicates: their features' lesser weights sum up to at least share/256 of the
// greater ones (the weighted Jaccard similarity). Attributes, which are for filters, do not count.
func near(a, b *Record, share int32) bool {
	var lesser, greater int64
	shared := 0
	v, w := a.described(), b.described()
	for len(v) > 0 || len(w) > 0 {
		switch {
		case len(w) == 0 || len(v) > 0 && v[0].Feature < w[0].Feature:
			greater += int64(v[0].Weight.Value())
			v = v[1:]
		case len(v) == 0 || w[0].Feature < v[0].Feature:
			greater += int64(w[0].Weight.Value())
			w = w[1:]
		default:
			x, y := int64(v[0].Weight.Value()), int64(w[0].Weight.Value())
			lesser, greater = lesser+min(x, y), greater+max(x, y)
			if x > 0 && y > 0 {
				shared++
			}
			v, w = v[1:], w[1:]
		}
	}
	return shared >= nearFeatures && lesser*256 >= greater*int64(share)
}

// described returns the features that describe an item; attributes are the last ones.
func (r *Record) described() []Weighted {
	n := len(r.Features)
	for n > 0 && r.Features[n-1].Feature.Kind() == KindAttribute {
		n--
	}
	return r.Features[:n]
}
