package core

// poolSize is how many of the best candidates are kept for spreading.
const poolSize = 256

// candidate is an item that may be listed, with all that orders it.
type candidate struct {
	score   int64
	heat    Heat
	num     ItemNum
	slot    uint32
	refused int32 // at the place of this number, from 1, as a near-duplicate of the one above
}

// before tells whether a stands above b: by score, then heat, then the higher (newer) number.
func (a *candidate) before(b *candidate) bool {
	switch {
	case a.score != b.score:
		return a.score > b.score
	case a.heat != b.heat:
		return a.heat > b.heat
	}
	return a.num > b.num
}

// pool keeps the best candidates of those it is given, then hands them out, best first. Few are ever asked for, so it
// sorts no more than these: a heap with the worst on top while it is filled, with the best on top when it is emptied.
type pool struct {
	heap   []candidate
	sorted []candidate // handed out, best first
	turned bool        // the best is on top
}

func (p *pool) reset() { p.heap, p.sorted, p.turned = p.heap[:0], p.sorted[:0], false }

func (p *pool) len() int { return len(p.heap) + len(p.sorted) }

func (p *pool) full() bool { return len(p.heap) == poolSize }

// worst returns the lowest score in a pool that is full.
func (p *pool) worst() int64 { return p.heap[0].score }

// refuses tells whether add would leave c out.
func (p *pool) refuses(c *candidate) bool { return p.full() && p.heap[0].before(c) }

// add puts c in, in the place of the worst if the pool is full.
func (p *pool) add(c candidate) {
	if len(p.heap) < poolSize {
		p.heap = append(p.heap, c)
		for i := len(p.heap) - 1; i > 0; { // up
			above := (i - 1) / 2
			if !p.heap[above].before(&p.heap[i]) {
				break
			}
			p.heap[above], p.heap[i] = p.heap[i], p.heap[above]
			i = above
		}
		return
	}
	p.heap[0] = c
	p.down(0)
}

// down lets what stands at i sink to where it belongs.
func (p *pool) down(i int) {
	c := p.heap[i]
	for {
		child := 2*i + 1
		if child >= len(p.heap) {
			break
		}
		if child+1 < len(p.heap) && p.above(child+1, child) {
			child++
		}
		if c.before(&p.heap[child]) == p.turned {
			break
		}
		p.heap[i] = p.heap[child]
		i = child
	}
	p.heap[i] = c
}

func (p *pool) above(i, j int) bool { return p.heap[i].before(&p.heap[j]) == p.turned }

// at returns the i-th best candidate, nil if there are not so many. Nothing is added after the first call.
func (p *pool) at(i int) *candidate {
	if !p.turned {
		p.turned = true
		for i := len(p.heap)/2 - 1; i >= 0; i-- {
			p.down(i)
		}
	}
	for i >= len(p.sorted) {
		last := len(p.heap) - 1
		if last < 0 {
			return nil
		}
		p.sorted = append(p.sorted, p.heap[0])
		p.heap[0] = p.heap[last]
		if p.heap = p.heap[:last]; last > 0 {
			p.down(0)
		}
	}
	return &p.sorted[i]
}
