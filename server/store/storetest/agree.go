package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"nigh/core"
	"nigh/server/store"
)

func agrees(t *testing.T, p *place)         { agree(t, p, 300, 15, func() {}) }
func agreesReopened(t *testing.T, p *place) { agree(t, p, 60, 4, p.reopen) }

// agree commits random batches, good and bad, to the store and to the model: both must take or refuse the same ones.
// After every few of them it calls between and compares everything.
func agree(t *testing.T, p *place, batches, every int, between func()) {
	seed := rand.Uint64()
	g := &generator{r: rand.New(rand.NewPCG(seed, 0)), last: map[string]uint64{}}
	model := NewModel()
	model.state.info.Epoch = p.info().Epoch // the one thing that chance decides
	ask := g.ask()
	refused := 0
	for i := 1; i <= batches; i++ {
		b := g.batch()
		got, want := p.s.Commit(p.ctx, b), model.Commit(p.ctx, b)
		if (got == nil) != (want == nil) {
			t.Fatalf("seed %d: batch %d %+v: Commit = %v, the model says %v", seed, i, b, got, want)
		}
		if want == nil {
			g.committed(b)
		} else {
			refused++
		}
		if i%every != 0 {
			continue
		}
		between()
		expected, err := dumpOf(p.ctx, model, ask)
		if err != nil {
			t.Fatalf("seed %d: model: %v", seed, err)
		}
		if d := diff(p.dump(ask), expected); d != "" {
			t.Fatalf("seed %d: after batch %d: %s", seed, i, d)
		}
	}
	if refused == 0 && batches > 100 || // a short run may well have none
		refused > batches*2/3 {
		t.Errorf("seed %d: %d of %d batches were refused, want some and not most", seed, refused, batches)
	}
}

// generator makes batches that often touch the same few things, and now and then break a rule.
type generator struct {
	r    *rand.Rand
	seq  store.Seq
	num  core.ItemNum
	key  int
	last map[string]uint64
}

func (g *generator) ask() (ask asked) {
	for i := range 6 {
		ask.users = append(ask.users, fmt.Sprint("user-", i))
		ask.clients = append(ask.clients, fmt.Sprint("client-", i))
	}
	for i := range 250 {
		ask.keys = append(ask.keys, fmt.Sprint("key-", i))
	}
	return ask
}

func (g *generator) few() int { return g.r.IntN(4) }

// oddly is true once in n.
func (g *generator) oddly(n int) bool { return g.r.IntN(n) == 0 }

// number is the number of an item that is or was there, or may come to be.
func (g *generator) number() core.ItemNum { return 1 + core.ItemNum(g.r.IntN(int(g.num)+1)) }

func (g *generator) batch() (b store.Batch) {
	g.seq++
	for range g.few() {
		// An id belongs to a number (number mod 40), mostly: numbers that share one make conflicts.
		n := g.number()
		if g.oddly(2) {
			g.num++
			n = g.num
		}
		it := item(n, fmt.Sprint("id-", n%40))
		it.Title = fmt.Sprint("title ", g.r.IntN(1000))
		if g.oddly(3) {
			it.Vector = []float32{g.r.Float32()}
			it.Tags = []string{"tag"}
		}
		b.Items = append(b.Items, it)
		b.Records = append(b.Records, record(g.seq, n, it.ID, it.Title))
	}
	for range g.few() {
		n := g.number()
		b.Deleted = append(b.Deleted, n)
		if !g.oddly(5) {
			b.Records = append(b.Records, tombstone(g.seq, n, fmt.Sprint("id-", n%40)))
		}
	}
	b.Neighbours = map[core.ItemNum][]byte{}
	for range g.few() {
		b.Neighbours[g.number()] = []byte{byte(g.r.Uint32()), 0}[:g.r.IntN(3)]
	}
	if g.oddly(4) {
		b.Policy = g.r.Uint64()
	}
	b.Clients = map[string]store.Client{}
	if g.oddly(12) {
		b.Erased = append(b.Erased, fmt.Sprint("user-", g.r.IntN(8)))
	}
	if g.oddly(12) {
		b.Merged = append(b.Merged, store.Merge{From: fmt.Sprint("user-", g.r.IntN(8)), Into: fmt.Sprint("user-", g.r.IntN(8))})
	}
	op := func(user int) store.Op {
		if g.oddly(3) {
			return store.Op{}
		}
		id := fmt.Sprint("client-", user)
		c, ok := b.Clients[id]
		if !ok {
			c = store.Client{User: fmt.Sprint("user-", user), LastOp: g.last[id]}
			if slices.Contains(b.Erased, c.User) && !g.oddly(4) { // else the numbers go on where they were
				c.LastOp = 0
			}
		}
		c.LastOp++
		b.Clients[id] = c
		if g.oddly(60) {
			return store.Op{Client: id, Number: c.LastOp - 1} // again
		}
		return store.Op{Client: id, Number: c.LastOp}
	}
	for range g.few() {
		user := g.r.IntN(6)
		e := event(g.number(), fmt.Sprint("user-", user), []string{"view", "like"}[g.r.IntN(2)], g.r.Int64N(50))
		if e.ValueMilli = g.r.Int64N(5000) - 2500; g.oddly(3) {
			g.key++
			e.Key = fmt.Sprint("key-", g.key)
			if g.oddly(20) {
				e.Key = fmt.Sprint("key-", g.r.IntN(g.key)+1) // perhaps known
			}
		}
		e.Op = op(user)
		b.Events = append(b.Events, e)
	}
	for range g.few() {
		user := g.r.IntN(6)
		ch := prefer(fmt.Sprint("user-", user), core.PreferenceKind(1+g.r.IntN(5)), fmt.Sprint("key-", g.r.IntN(5)), int32(g.r.IntN(3)-1))
		ch.Op = op(user)
		b.Preferences = append(b.Preferences, ch)
	}
	return b
}

func (g *generator) committed(b store.Batch) {
	for _, user := range b.Erased {
		delete(g.last, strings.Replace(user, "user", "client", 1))
	}
	for id, c := range b.Clients {
		g.last[id] = c.LastOp
	}
}
