package eval

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"nigh/core"
)

// Baseline is one of the ways to recommend that nigh stands beside. Events come in the order of time, each reader's (or
// session's) past is all that a ranking is told of the reader.
type Baseline interface {
	Name() string
	// Learn takes in one event. past are the items that its reader had before, in order of time, with repeats.
	Learn(e *Event, past []core.ItemNum)
	// Fit is called once after the last Learn and before the first Rank, if learning is not one by one.
	Fit(context.Context) error
	// Rank returns the best items for a reader with such a past, best first, at most k, none for which drop holds.
	Rank(past []core.ItemNum, drop func(core.ItemNum) bool, k int) []core.ItemNum
}

// BaselineNames are what Baselines knows, in the order of tables.
var BaselineNames = []string{"popularity", "item-knn", "session-knn", "ease"}

// maxEASE is EASE's bound: 8·n² bytes are 3.2 GB there.
const maxEASE = 20_000

// autoEASE and autoEvents bound what is measured without being asked for, so that a first look takes a minute or so.
const (
	autoEASE   = 4_000
	autoEvents = 2_000_000
)

// Baselines makes the named ones for a catalog of n items and a log of so many events. The names "auto" (what fits the
// size, the default) and "none" stand alone. It notes in d what it leaves out.
func Baselines(d *Data, names []string, events int) ([]Baseline, error) {
	auto := len(names) == 0 || len(names) == 1 && names[0] == "auto"
	if len(names) == 1 && names[0] == "none" {
		return nil, nil
	}
	if auto {
		names = BaselineNames
		if events > autoEvents {
			d.note("baselines are left out by themselves above %s events; ask for them with --baselines %s", comma(autoEvents), strings.Join(BaselineNames, ","))
			return nil, nil
		}
	}
	n := len(d.Items)
	var out []Baseline
	for _, name := range names {
		switch name {
		case "popularity":
			out = append(out, newPopularity(n))
		case "item-knn":
			out = append(out, newItemKNN(n))
		case "session-knn":
			out = append(out, newSessionKNN(n))
		case "ease":
			if auto && n > autoEASE {
				d.note("EASE is left out by itself above %s items; --baselines %s measures it (%.1f GB)", comma(autoEASE), strings.Join(BaselineNames, ","), easeGB(n))
				continue
			}
			if n > maxEASE {
				return nil, fmt.Errorf("EASE of %s items would take %.0f GB; leave ease out of --baselines", comma(n), easeGB(n))
			}
			out = append(out, newEASE(n, easeLambda))
		default:
			return nil, fmt.Errorf("there is no baseline %q; choose among %s, or none", name, strings.Join(BaselineNames, ", "))
		}
	}
	return out, nil
}

func easeGB(n int) float64 { return 8 * float64(n) * float64(n) / 1e9 }

// popularity recommends what has most events, to everybody the same.
type popularity struct {
	counts []float64
	order  []core.ItemNum // nil: to be made
}

func newPopularity(items int) *popularity { return &popularity{counts: make([]float64, items+1)} }

func (p *popularity) Name() string { return "popularity" }

func (p *popularity) Learn(e *Event, _ []core.ItemNum) {
	p.counts[e.Item]++
	if p.order == nil {
		return
	}
	// One step up at a time keeps the order: replay asks after every event.
	i := slices.Index(p.order, e.Item)
	if i < 0 {
		p.order = append(p.order, e.Item)
		i = len(p.order) - 1
	}
	for i > 0 && p.counts[p.order[i-1]] < p.counts[e.Item] {
		p.order[i-1], p.order[i] = p.order[i], p.order[i-1]
		i--
	}
}

func (p *popularity) Fit(context.Context) error { return nil }

func (p *popularity) Rank(_ []core.ItemNum, drop func(core.ItemNum) bool, k int) []core.ItemNum {
	if p.order == nil {
		p.order = []core.ItemNum{}
		for n, c := range p.counts {
			if c > 0 {
				p.order = append(p.order, core.ItemNum(n))
			}
		}
		slices.SortStableFunc(p.order, func(a, b core.ItemNum) int { return cmp.Compare(p.counts[b], p.counts[a]) })
	}
	var out []core.ItemNum
	for _, n := range p.order {
		if len(out) == k {
			break
		}
		if !drop(n) {
			out = append(out, n)
		}
	}
	return out
}

// board is the working memory of a ranking by sums: scores by item number, and which of them are not 0.
type board struct {
	sums    []float64
	touched []core.ItemNum
}

func newBoard(items int) board { return board{sums: make([]float64, items+1)} }

func (b *board) add(n core.ItemNum, v float64) {
	if b.sums[n] == 0 {
		b.touched = append(b.touched, n)
	}
	b.sums[n] += v
}

// best returns the k highest sums above 0, equal ones by ascending number, and wipes the board.
func (b *board) best(drop func(core.ItemNum) bool, k int) []core.ItemNum {
	type scored struct {
		n core.ItemNum
		s float64
	}
	var top []scored // sorted, at most k
	for _, n := range b.touched {
		s := b.sums[n]
		b.sums[n] = 0
		if s <= 0 || drop(n) {
			continue
		}
		i, _ := slices.BinarySearchFunc(top, scored{n, s}, func(a, t scored) int {
			if a.s != t.s {
				return cmp.Compare(t.s, a.s)
			}
			return cmp.Compare(a.n, t.n)
		})
		if i == k {
			continue
		}
		if len(top) == k {
			top = top[:k-1]
		}
		top = slices.Insert(top, i, scored{n, s})
	}
	b.touched = b.touched[:0]
	out := make([]core.ItemNum, len(top))
	for i, t := range top {
		out[i] = t.n
	}
	return out
}
