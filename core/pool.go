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
	return a.score > b.score || a.score == b.score && a.fresher(b)
}

func (a *candidate) fresher(b *candidate) bool {
	return a.heat > b.heat || a.heat == b.heat && a.num > b.num
}

// pool keeps the poolSize best candidates of those it is given, then hands them out, best first. It orders no more than
// it must: twice as many may lie in it as they came before the lesser half is thrown out, and few are ever asked for. A
// heap that always held the best alone took three times as long to fill.
type pool struct {
	loose  []candidate // in no order; once sealed a heap, the best on top
	sorted []candidate // handed out, best first
	floor  candidate   // of a full pool: poolSize of the loose are not below it
	full   bool
	sealed bool // nothing comes any more
}

func (p *pool) reset() { p.loose, p.sorted, p.full, p.sealed = p.loose[:0], p.sorted[:0], false, false }

func (p *pool) len() int { return min(len(p.loose)+len(p.sorted), poolSize) }

// refuses tells whether c cannot be one of the best.
func (p *pool) refuses(c *candidate) bool { return p.full && p.floor.before(c) }

// add puts c in, which is not refused.
func (p *pool) add(c candidate) {
	if p.loose = append(p.loose, c); len(p.loose)%poolSize == 0 {
		p.settle()
	}
}

// settle is for a pool of once or twice poolSize candidates: it is full now, and keeps the best alone.
func (p *pool) settle() {
	if len(p.loose) > poolSize {
		p.cut()
	}
	p.raise()
}

// raise makes the worst of the loose the floor.
func (p *pool) raise() {
	worst := 0
	for i := range p.loose {
		if p.loose[worst].before(&p.loose[i]) {
			worst = i
		}
	}
	p.floor, p.full = p.loose[worst], true
}

// cut throws all but the poolSize best out, by Hoare's selection.
func (p *pool) cut() {
	all := p.loose
	for lo, hi := 0, len(all)-1; lo < hi; {
		pivot := all[(lo+hi)/2] // what came in order, as the hottest do, is halved by it
		i, j := lo, hi
		for i <= j {
			for all[i].before(&pivot) {
				i++
			}
			for pivot.before(&all[j]) {
				j--
			}
			if i <= j {
				all[i], all[j] = all[j], all[i]
				i++
				j--
			}
		}
		switch {
		case poolSize-1 <= j:
			hi = j
		case poolSize-1 >= i:
			lo = i
		default:
			lo = hi
		}
	}
	p.loose = all[:poolSize]
}

// at returns the i-th best candidate, nil if there are not so many. Nothing is added after the first call.
func (p *pool) at(i int) *candidate {
	if i < len(p.sorted) {
		return &p.sorted[i]
	}
	if !p.sealed {
		p.sealed = true
		for i := len(p.loose)/2 - 1; i >= 0; i-- {
			p.down(i)
		}
	}
	for i >= len(p.sorted) {
		last := len(p.loose) - 1
		if last < 0 || len(p.sorted) == poolSize {
			return nil
		}
		p.sorted = append(p.sorted, p.loose[0])
		p.loose[0] = p.loose[last]
		if p.loose = p.loose[:last]; last > 0 {
			p.down(0)
		}
	}
	return &p.sorted[i]
}

// down lets what stands at i of the heap sink to where it belongs.
func (p *pool) down(i int) {
	heap := p.loose
	c := heap[i]
	for {
		child := 2*i + 1
		if child >= len(heap) {
			break
		}
		if child+1 < len(heap) && heap[child+1].before(&heap[child]) {
			child++
		}
		if c.before(&heap[child]) {
			break
		}
		heap[i] = heap[child]
		i = child
	}
	heap[i] = c
}
