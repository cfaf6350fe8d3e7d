package eval

import (
	"cmp"
	"context"
	"math"
	"slices"

	"nigh/core"
)

// itemKNN scores an item by its cosine to each item of the reader's past, two items being alike when the same readers
// had them (Sarwar et al., "Item-based Collaborative Filtering Recommendation Algorithms", WWW 2001). A reader had an item
// or not; all neighbours are in.
type itemKNN struct {
	readers []float64 // by item: who had it
	both    []map[core.ItemNum]float64
	board   board
	had     map[core.ItemNum]bool
}

func newItemKNN(items int) *itemKNN {
	return &itemKNN{
		readers: make([]float64, items+1), both: make([]map[core.ItemNum]float64, items+1),
		board: newBoard(items), had: map[core.ItemNum]bool{},
	}
}

func (k *itemKNN) Name() string { return "item-knn" }

func (k *itemKNN) Learn(e *Event, past []core.ItemNum) {
	if slices.Contains(past, e.Item) {
		return
	}
	k.readers[e.Item]++
	for _, n := range k.distinct(past) {
		k.count(n, e.Item)
		k.count(e.Item, n)
	}
}

func (k *itemKNN) count(a, b core.ItemNum) {
	if k.both[a] == nil {
		k.both[a] = map[core.ItemNum]float64{}
	}
	k.both[a][b]++
}

func (k *itemKNN) distinct(past []core.ItemNum) []core.ItemNum {
	clear(k.had)
	var out []core.ItemNum
	for _, n := range past {
		if !k.had[n] {
			k.had[n] = true
			out = append(out, n)
		}
	}
	return out
}

func (k *itemKNN) Fit(context.Context) error { return nil }

func (k *itemKNN) Rank(past []core.ItemNum, drop func(core.ItemNum) bool, limit int) []core.ItemNum {
	for _, n := range k.distinct(past) {
		for m, both := range k.both[n] {
			k.board.add(m, both/math.Sqrt(k.readers[n]*k.readers[m]))
		}
	}
	return k.board.best(drop, limit)
}

// sessionKNN is VS-kNN of Ludewig and Jannach ("Evaluation of session-based recommendation algorithms", UMUAI 2018), as
// in their session-rec: of the knnSample most recent sessions that share an item with the current one, the knnK most
// similar vote for their items. Similarity is the sum of the shared items' weights, the r-th of n events weighing r/n;
// a vote counts 1/steps since the last shared item, times 1 + idf of the item.
type sessionKNN struct {
	sessions map[int32]*session
	byItem   [][]*session // in the order of their first event on the item
	board    board
	weights  map[core.ItemNum]float64
	seen     map[*session]bool
}

type session struct {
	items map[core.ItemNum]bool
	order []core.ItemNum // of items
	last  int64          // time of the last event
	turn  int            // number of the last event, for equal times
	sim   float64
}

// The parameters of EVAL.md's figures.
const (
	knnK      = 100
	knnSample = 500
)

func newSessionKNN(items int) *sessionKNN {
	return &sessionKNN{
		sessions: map[int32]*session{}, byItem: make([][]*session, items+1), board: newBoard(items),
		weights: map[core.ItemNum]float64{}, seen: map[*session]bool{},
	}
}

func (k *sessionKNN) Name() string { return "session-knn" }

func (k *sessionKNN) Learn(e *Event, _ []core.ItemNum) {
	s := k.sessions[e.User]
	if s == nil {
		s = &session{items: map[core.ItemNum]bool{}, turn: len(k.sessions)}
		k.sessions[e.User] = s
	}
	s.last = e.At
	if !s.items[e.Item] {
		s.items[e.Item] = true
		s.order = append(s.order, e.Item)
		k.byItem[e.Item] = append(k.byItem[e.Item], s)
	}
}

func (k *sessionKNN) Fit(context.Context) error { return nil }

func (k *sessionKNN) Rank(past []core.ItemNum, drop func(core.ItemNum) bool, limit int) []core.ItemNum {
	clear(k.weights)
	clear(k.seen)
	var near []*session
	var items []core.ItemNum // distinct: sums of floats depend on their order
	for i, n := range past {
		if _, again := k.weights[n]; !again {
			items = append(items, n)
		}
		k.weights[n] = float64(i+1) / float64(len(past)) // the last event on an item counts
		for _, s := range k.byItem[n] {
			if !k.seen[s] {
				k.seen[s] = true
				near = append(near, s)
			}
		}
	}
	newest := func(a, b *session) int {
		if c := cmp.Compare(b.last, a.last); c != 0 {
			return c
		}
		return b.turn - a.turn
	}
	slices.SortFunc(near, newest)
	near = near[:min(len(near), knnSample)]
	for _, s := range near {
		s.sim = 0
		for _, n := range items {
			if s.items[n] {
				s.sim += k.weights[n]
			}
		}
	}
	slices.SortStableFunc(near, func(a, b *session) int { return cmp.Compare(b.sim, a.sim) })
	near = near[:min(len(near), knnK)]
	for _, s := range near {
		steps := 1.0
		for i := len(past) - 1; i >= 0 && !s.items[past[i]]; i-- {
			steps++
		}
		for _, n := range s.order {
			idf := math.Log(float64(len(k.sessions)) / float64(len(k.byItem[n])))
			k.board.add(n, s.sim/steps*(1+idf))
		}
	}
	return k.board.best(drop, limit)
}
