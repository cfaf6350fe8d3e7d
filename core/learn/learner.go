package learn

import (
	"math"
	"slices"

	"nigh/core"
)

// Learner counts which items follow which. See the package comment for the method.
type Learner struct {
	policy   Policy
	x        []float64      // by recency rank
	items    []*counts      // by number; nil: never met
	known    int            // of items, those that are not nil
	expected int            // at least as many are to be known
	room     int            // for the candidates of one item
	dirty    []core.ItemNum // whose Weights may have changed, in the order of their first mark
	stale    []core.ItemNum // whose refinement is out of date, in the order of their first mark
	// base is the hour at which the fading scale is 1.
	base float64
	// company is κ; pairs and singles are its sums, in units of the fading scale. See the package comment.
	company, pairs, singles float64
	targets                 func(core.ItemNum) []core.ItemNum // see WithTargets
	work                    work
}

// counts are what is known of one item; d, support, lambda and candidates are in units of the fading scale.
type counts struct {
	d        float64 // Σ x², as a source
	support  float64 // d + λ as of the last touch
	lambda   float64 // λ as of the last touch
	contacts float64 // positive events, not faded
	refined  float64 // contacts when it was refined last
	heat     float64 // log2 of the decayed count seen from hour 0; -Inf for none
	floor    float32 // key of the weakest candidate that was kept last; 0: none was left out
	octave   int16   // of support, rounded down: what the edges that lead from here are divided by
	damp     core.Damp
	share    share // of the sources that were not refined
	marked   bool
	fresh    bool // edges are those that Weights would make
	waits    bool // for its refinement

	from    candidates
	edges   []core.Edge    // as Weights returned them last
	holders []core.ItemNum // items with an edge from here, and some that had one: see unhold
	loose   int            // how many of holders stand there for an edge that is no more
}

// NewLearner returns a learner that has seen nothing.
func NewLearner(p Policy) *Learner {
	return &Learner{policy: p, x: p.recency(), company: 1, room: MaxCandidates}
}

// WithTargets tells l which items have a source as their content neighbour (Content.Holders): what they borrow changes
// with what is known of it. It returns l.
func (l *Learner) WithTargets(targets func(source core.ItemNum) []core.ItemNum) *Learner {
	l.targets = targets
	return l
}

// Observe learns one event: a reader whose history was h (most recent first, not yet holding the event) had contact of
// the given strength (in units of 1/256) with an item, at a time in Unix milliseconds. What is not positive teaches
// nothing about what follows what. An item that was already the reader's most recent one adds heat and a
// contact, but no transition.
func (l *Learner) Observe(h core.History, item core.ItemNum, strength int32, atMillis int64) {
	if strength <= 0 || l.isGone(item) {
		return
	}
	hour := float64(atMillis) / 3.6e6
	scale := l.scale(hour)
	j := l.get(item, scale)
	j.contacts++
	j.heat = addLog2(j.heat, hour/l.policy.priorHalfLifeHours()+math.Log2(float64(strength)/core.ProfileOne))
	l.mark(item, j)
	if l.due(j) {
		l.wait(item, j)
	}
	if n := uint64(j.contacts); n == lenderContacts || n&(n-1) == 0 {
		l.markTargets(item)
	}
	if len(h) > 0 && h[0].Item == item {
		return
	}
	sum, squares, met := 0.0, 0.0, 0
	others := l.policy.others(len(h))
	for r := range min(len(h), len(l.x)) {
		v := &h[r]
		if v.Item == item || v.Strength <= 0 || l.isGone(v.Item) {
			continue
		}
		x := l.x[r]
		if r > 0 {
			x *= others
		}
		sum += x
		squares += x * x
		met++
		a := l.get(v.Item, scale)
		a.d += x * x * scale
		l.touch(v.Item, a, scale)
		l.count(item, j, v.Item, float32(x*scale))
		// Entered at both ends, with a count of 0 where σ is 0: a's candidates are its targets too. A count of 0 evicts
		// nothing.
		if l.policy.Sigma > 0 || len(a.from) < l.room {
			at := l.count(v.Item, a, item, float32(l.policy.Sigma*x*scale))
			if l.shows(a, at) {
				l.mark(v.Item, a)
			}
		}
	}
	if met == 0 {
		return
	}
	l.touch(item, j, scale)
	l.pairs += (sum*sum - squares) / 2 * scale
	l.singles += sum * scale
	l.follow(scale)
}

// count adds v to what leads from a source to item n, and returns the source's place among the candidates.
func (l *Learner) count(n core.ItemNum, it *counts, source core.ItemNum, v float32) int {
	for len(it.from) > l.room { // the catalog has grown: there is less room for each
		l.drop(n, it, it.from.weakest())
	}
	at, evicted := it.from.add(source, v, l.room)
	if evicted != 0 {
		if _, ok := findEdge(it.edges, evicted); ok {
			l.mark(n, it)
		}
	}
	return at
}

func (l *Learner) drop(n core.ItemNum, it *counts, at int) {
	if _, ok := findEdge(it.edges, it.from[at].item); ok {
		l.mark(n, it)
	}
	it.from = slices.Delete(it.from, at, at+1)
}

// shows tells whether a candidate's count says something else than the item's edges as they were returned last.
func (l *Learner) shows(it *counts, at int) bool {
	c := &it.from[at]
	if c.content() {
		return true
	}
	a := l.items[c.item]
	q := l.quantize(it, c, a, c.count())
	if e, ok := findEdge(it.edges, c.item); ok {
		return it.edges[e].Weight != q
	}
	return q > 0 && (len(it.edges) < core.MaxEdges || key(c.count(), a) > it.floor)
}

// touch brings what a source is divided by up to its count, and marks whom that concerns.
func (l *Learner) touch(n core.ItemNum, a *counts, scale float64) {
	a.lambda = max(l.policy.Lambda, minLambda) * l.company * scale
	a.support = a.d + a.lambda
	lg := math.Log2(a.support)
	octave := math.Floor(lg)
	damp := core.Damp(math.Round((lg - octave) * core.DampOctave))
	if int16(octave) != a.octave {
		a.octave = int16(octave)
		if a.loose > 0 {
			l.tidy(n, a)
		}
		for _, t := range a.holders {
			l.mark(t, l.at(t))
		}
		l.markRecord(n, a)
	}
	if damp != a.damp {
		a.damp = damp
		l.markRecord(n, a)
	}
}

// follow sets κ anew when its sums have left it by a quarter of an octave; all items are touched then.
func (l *Learner) follow(scale float64) {
	prior := companyPrior * scale
	now := max((l.pairs+prior)/(l.singles+prior), minCompany)
	if now < l.company*companyStep && now > l.company/companyStep {
		return
	}
	l.company = now
	for n, it := range l.items {
		if it != nil && it != gone {
			l.touch(core.ItemNum(n), it, scale)
			l.mark(core.ItemNum(n), it) // content counts in units of λκ
		}
	}
}

// κ is followed in steps, each of which concerns all items; of a log of single visits it would be 0.
const (
	companyStep = 1.189 // 2^(1/4)
	minCompany  = 0.25
	// As many transitions with κ = 1 are taken for granted: what the first readers happen to do moves nothing.
	companyPrior = 1000
)

// WithItems tells l how many items the catalog has: a log is learnt with the room that each has in the end. It returns l.
func (l *Learner) WithItems(n int) *Learner {
	l.expected = n
	l.makeRoom()
	return l
}

func (l *Learner) makeRoom() {
	l.room = min(max(candidateBudget/max(l.known, l.expected, 1), minCandidates), MaxCandidates)
}

// at returns what is known of an item, nil for nothing.
func (l *Learner) at(n core.ItemNum) *counts {
	if int(n) >= len(l.items) || l.items[n] == gone {
		return nil
	}
	return l.items[n]
}

// slot makes room for an item.
func (l *Learner) slot(n core.ItemNum) {
	if int(n) >= len(l.items) {
		l.items = append(l.items, make([]*counts, max(int(n)+1, 2*len(l.items))-len(l.items))...)
	}
}

// get returns what is known of an item, and begins to know it.
func (l *Learner) get(n core.ItemNum, scale float64) *counts {
	l.slot(n)
	it := l.items[n]
	if it == nil {
		it = &counts{heat: math.Inf(-1), octave: math.MinInt16}
		l.items[n] = it
		l.known++
		l.makeRoom()
		l.touch(n, it, scale)
	}
	return it
}

// gone stands for a deleted item; its number is not given again.
var gone = new(counts)

func (l *Learner) isGone(n core.ItemNum) bool { return int(n) < len(l.items) && l.items[n] == gone }

// Forget takes out what is known of a deleted item, as a target and as a source: from now on it teaches nothing. That
// others were met before it stays in their d; a learner that forgot the item before it saw the events knows nothing of
// that either.
func (l *Learner) Forget(n core.ItemNum) {
	it := l.at(n)
	if it == nil {
		l.slot(n)
		l.items[n] = gone
		return
	}
	forget := func(t core.ItemNum) {
		other := l.at(t)
		if other == nil {
			return
		}
		if at, ok := other.from.find(n); ok {
			l.drop(t, other, at)
		}
		if _, ok := findEdge(other.edges, n); ok {
			l.mark(t, other)
		}
	}
	for i := range it.from { // each pair stands at both ends
		forget(it.from[i].item)
	}
	for _, t := range it.holders {
		forget(t)
	}
	l.items[n] = gone
	l.known--
	for _, e := range it.edges {
		l.unhold(e.From)
	}
}

// unhold notes that an item has no edge from a source any more. It stays among the source's holders until there are as
// many that stay in vain: a source that half of a catalog has an edge from is not searched for each that leaves.
func (l *Learner) unhold(source core.ItemNum) {
	if a := l.at(source); a != nil {
		if a.loose++; a.loose > minLoose && 2*a.loose > len(a.holders) {
			l.tidy(source, a)
		}
	}
}

const minLoose = 16

// tidy leaves among a source's holders those that have an edge from it, once each.
func (l *Learner) tidy(source core.ItemNum, a *counts) {
	slices.Sort(a.holders)
	a.holders = slices.DeleteFunc(slices.Compact(a.holders), func(t core.ItemNum) bool {
		it := l.at(t)
		if it == nil {
			return true
		}
		_, has := findEdge(it.edges, source)
		return !has
	})
	a.loose = 0
}

// mark notes that an item's edges may be others.
func (l *Learner) mark(n core.ItemNum, it *counts) {
	if it != nil {
		it.fresh = false
		l.markRecord(n, it)
	}
}

// Relate tells l that an item's content neighbours are others: its next Weights are made of them.
func (l *Learner) Relate(n core.ItemNum) {
	if it := l.at(n); it != nil {
		it.fresh = false
	}
}

// markRecord notes that an item's record may be another one, with the same edges.
func (l *Learner) markRecord(n core.ItemNum, it *counts) {
	if !it.marked {
		it.marked = true
		l.dirty = append(l.dirty, n)
	}
}

// markTargets marks the items that have n as a content neighbour: what content counts has changed.
func (l *Learner) markTargets(n core.ItemNum) {
	if l.targets == nil {
		return
	}
	for _, t := range l.targets(n) {
		if it := l.at(t); it != nil {
			l.mark(t, it)
		}
	}
}

// Dirty returns how many items TakeDirty would return at most.
func (l *Learner) Dirty() int { return len(l.dirty) }

// TakeDirty returns up to most items whose weights may have changed, those that were marked first.
func (l *Learner) TakeDirty(most int) []core.ItemNum {
	return take(l, &l.dirty, most, func(it *counts) { it.marked = false })
}

// Size returns how many pairs of items the counts are about, of 12 bytes each: most of what a learner takes.
func (l *Learner) Size() (pairs int) {
	for _, it := range l.items {
		if it != nil {
			pairs += len(it.from)
		}
	}
	return pairs
}

// Clip gives back what the lists of those who have an edge from an item have to spare. Their order stays: it is the order
// of marks.
func (l *Learner) Clip() {
	for _, it := range l.items {
		if it != nil && cap(it.holders) > len(it.holders)+minLoose {
			it.holders = append(make([]core.ItemNum, 0, len(it.holders)), it.holders...)
		}
	}
}

// MarkAll lets TakeDirty return items 1 to last, first those that were met: the others borrow of them.
func (l *Learner) MarkAll(last core.ItemNum) {
	l.dirty = nil
	for _, met := range []bool{true, false} {
		for n := core.ItemNum(1); n <= last; n++ {
			it := l.at(n)
			if l.isGone(n) || met != (it != nil && it.contacts > 0) {
				continue
			}
			if it != nil {
				it.marked = true
			}
			l.dirty = append(l.dirty, n)
		}
	}
}

// take takes up to most items from the front of a queue.
func take(l *Learner, queue *[]core.ItemNum, most int, left func(*counts)) []core.ItemNum {
	n := min(most, len(*queue))
	out := slices.Clone((*queue)[:n])
	for _, m := range out {
		if it := l.at(m); it != nil {
			left(it)
		}
	}
	if *queue = (*queue)[n:]; len(*queue) == 0 {
		*queue = nil
	}
	return out
}

// addLog2 returns log2(2^a + 2^b).
func addLog2(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log2(1+math.Exp2(b-a))
}

func quantizeHeat(h float64) core.Heat {
	if math.IsInf(h, -1) {
		return 0
	}
	q := math.Round(h * core.HeatUnit)
	return core.Heat(min(max(q, 1), math.MaxInt32))
}
