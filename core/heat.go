package core

// Heat is an item's popularity and freshness as one number: the logarithm (base 2, in units of 1/256) of its
// exponentially decayed count of contacts, seen from hour 0. An event at hour t adds 2^(t/halfLife) under the
// logarithm; so Heat changes only when its item is touched, and the order of items by Heat is the same at every hour
// (forward decay: Cormode et al., "Forward Decay", ICDE 2009). 0 is an item that nobody touched and that has no date.
type Heat int32

// HeatUnit is one octave of Heat: twice as popular, or one half-life more recent.
const HeatUnit = 256

// Prior is what heat h adds to a score at an hour: p.PriorWeight for every octave above the floor, which lies
// p.PriorSpan octaves below one contact made in that very hour; 0 below it. It rises with h.
func (p *Policy) Prior(h Heat, hour Hour) int64 {
	prior := p.prior(hour)
	return prior.of(h)
}

// prior is Prior at one hour, for the thousands of items that a ranking asks it of: with neither division nor look-up.
type prior struct{ floor, weight int64 }

func (p *Policy) prior(hour Hour) prior {
	if p.HalfLifeHours <= 0 {
		return prior{}
	}
	return prior{int64(hour)*HeatUnit/int64(p.HalfLifeHours) - int64(p.PriorSpan)*HeatUnit, int64(p.PriorWeight)}
}

func (p *prior) of(h Heat) int64 {
	above := int64(h) - p.floor
	if h <= 0 || above <= 0 {
		return 0
	}
	return above * p.weight / HeatUnit // rounded down: both are positive
}
