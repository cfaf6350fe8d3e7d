package replica_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"nigh/core"
	"nigh/core/replica"
	"nigh/core/wire"
)

// shelfOf is a store as a shell keeps it.
type twinStore map[string][]byte

// do carries out a Store, as one transaction.
func (s twinStore) do(e replica.Store) {
	maps.DeleteFunc(s, func(key string, _ []byte) bool {
		return slices.ContainsFunc(e.Clear, func(prefix string) bool { return strings.HasPrefix(key, prefix) }) || slices.Contains(e.Deletes, key)
	})
	for _, p := range e.Puts {
		s[p.Key] = bytes.Clone(p.Value)
	}
}

// entries are what the store holds, in an order that nobody may rely on.
func (s twinStore) entries(rnd *rand.Rand) []replica.Entry {
	var out []replica.Entry
	for _, key := range slices.Sorted(maps.Keys(s)) {
		out = append(out, replica.Entry{Key: key, Value: s[key]})
	}
	rnd.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// packed is the content of an index.
func packed(x *core.Index) map[core.ItemNum]string {
	if x == nil {
		return nil
	}
	all := map[core.ItemNum]string{}
	x.Each(func(r *core.Record) bool {
		all[r.Num] = string(wire.AppendRecords(nil, []*core.Record{r}))
		return true
	})
	return all
}

// life is a machine that keeps a store, a server that says the truth, and what was promised so far.
type life struct {
	*bench
	rnd      *rand.Rand
	store    twinStore
	client   string
	catalogs map[uint64]map[core.ItemNum]string // by position
	server   *core.Index                        // as it is at seq
	seq      uint64
	nextNum  core.ItemNum
	did      []string          // every op by its number
	recorded uint64            // highest op number that was told to be recorded
	acked    uint64            // highest op number that the server has decided
	said     uint64            // by the tab
	crash    func(n int) bool  // whether to look at a life that ends here, before effect n of a step
	sent     map[uint64]string // ops that the server was sent
}

func newLife(t *testing.T, seed uint64) *life {
	l := &life{
		bench: newBench(t), rnd: rand.New(rand.NewPCG(seed, 5)), store: twinStore{}, client: "first",
		catalogs: map[uint64]map[core.ItemNum]string{}, server: core.NewIndex(), seq: 5, nextNum: 1, sent: map[uint64]string{},
	}
	l.begin("first")
	return l
}

// begin starts a machine over what the store holds. fresh is the client id that it would have without.
func (l *life) begin(fresh string) {
	l.m = replica.New(replica.Config{Client: fresh, User: "ada", Seed: 7, Stores: true})
	replica.SmallStore(l.m, 200, 100)
	l.status = replica.Status{}
	all := l.store.entries(l.rnd)
	for len(all) > 0 {
		n := 1 + l.rnd.IntN(len(all))
		l.step(replica.Restore{Entries: all[:n]})
		all = all[n:]
	}
	l.run(replica.Start{})
}

// run steps, carries out what is to be stored, and lets the life end before each effect.
func (l *life) run(in replica.Input) {
	l.t.Helper()
	l.step(in)
	stored := l.m.LastOp()
	if l.said > 0 { // an op of this step is stored by a Store of this step
		stored = l.storedOps()
	}
	for i, e := range l.effects {
		if l.crash != nil && l.crash(i) {
			l.inspect()
		}
		switch e := e.(type) {
		case replica.Store:
			l.store.do(e)
			stored = l.storedOps()
		case replica.Recorded:
			l.recorded = max(l.recorded, stored)
			if stored < uint64(len(l.did)) {
				l.t.Fatalf("op %d is told to be recorded, %d are stored", len(l.did), stored)
			}
		case replica.Send:
			if ops, ok := decode(l.t, e).(*wire.Ops); ok {
				for j, op := range ops.Ops {
					n := ops.First + uint64(j)
					if l.store[fmt.Sprintf("op/%016x", n)] == nil {
						l.t.Fatalf("op %d is sent and not stored", n)
					}
					if was := l.sent[n]; was != "" && was != op.Item {
						l.t.Fatalf("op %d is %s, and was sent as %s", n, op.Item, was)
					}
					l.sent[n] = op.Item
				}
			}
		}
	}
	if l.crash != nil && l.crash(len(l.effects)) {
		l.inspect()
	}
}

func decode(t *testing.T, e replica.Send) wire.Message {
	t.Helper()
	m, err := wire.Decode(e.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// storedOps is the highest op number that the store tells of.
func (l *life) storedOps() uint64 {
	return l.revived().LastOp()
}

// revived is a machine that has just begun over what is stored.
func (l *life) revived() *replica.Machine {
	m := replica.New(replica.Config{Client: "another", User: "ada", Seed: 9, Stores: true})
	m.Step(replica.Restore{Entries: l.store.entries(l.rnd)}, l.now)
	m.Step(replica.Start{}, l.now)
	return m
}

// inspect holds a life that begins here against what was promised.
func (l *life) inspect() {
	l.t.Helper()
	m := l.revived()
	if got := m.LastOp(); got < l.recorded || got > uint64(len(l.did)) {
		l.t.Fatalf("the next life knows %d ops, %d of %d were recorded", got, l.recorded, len(l.did))
	}
	if m.Index() != nil {
		seq := uint64(0)
		for _, h := range m.Shelves() {
			seq = max(seq, h.Seq)
		}
		if got, want := packed(m.Index()), l.catalogs[seq]; !maps.Equal(got, want) {
			l.t.Fatalf("the next life shows %d items at %d, the server had %d", len(got), seq, len(want))
		}
	} else if len(l.catalogs) > 1 && l.store["c/0/head"] != nil {
		l.t.Fatal("the next life has no catalog, although there is one")
	}
	// What is not decided is sent again, under the same numbers.
	var ops []string
	first := uint64(0)
	m.Step(replica.Opened{}, l.now)
	w := welcome(l.seq, l.acked)
	for _, e := range m.Step(replica.Frame{Bytes: wire.Encode(w)}, l.now) {
		if s, ok := e.(replica.Send); ok {
			if o, ok := decode(l.t, s).(*wire.Ops); ok {
				if first == 0 {
					first = o.First
				}
				for _, op := range o.Ops {
					ops = append(ops, op.Item)
				}
			}
		}
	}
	if want := l.did[min(l.acked, m.LastOp()):m.LastOp()]; !slices.Equal(ops, want) || len(ops) > 0 && first != l.acked+1 {
		l.t.Fatalf("the next life sends %v from %d, want %v from %d", ops, first, want, l.acked+1)
	}
}

// kill ends the life here and begins the next.
func (l *life) kill() {
	l.inspect()
	l.begin("fresh")
	l.did = l.did[:l.m.LastOp()]
	for n := range l.sent {
		if n > l.m.LastOp() {
			l.t.Fatalf("op %d was sent and is not known any more", n)
		}
	}
}

func (l *life) connect() {
	l.step(replica.Closed{Code: 1006})
	if l.status.State == replica.Offline {
		l.run(replica.Online{})
	}
	l.run(replica.Opened{})
	hello, ok := first[*wire.Hello](l.bench)
	if !ok {
		return
	}
	if hello.Client != l.client {
		l.t.Fatalf("client = %q, want %q of the first life", hello.Client, l.client)
	}
	l.run(replica.Frame{Bytes: wire.Encode(welcome(l.seq, l.acked))})
	if len(hello.Shelves) == 1 && hello.Shelves[0].UpTo == 0 {
		l.run(replica.Frame{Bytes: wire.Encode(&wire.Shelves{Keep: []wire.Shelf{wire.Whole}, Of: 1, Items: uint64(l.server.Len())})})
		d := l.catchUp(hello.Shelves[0].Seq)
		d.From = hello.Seq
		l.run(replica.Frame{Bytes: wire.Encode(d)})
	} else {
		var all [][]byte
		for _, n := range slices.Sorted(maps.Keys(packed(l.server))) {
			all = append(all, []byte(packed(l.server)[n]))
		}
		half := len(all) / 2
		upper, _ := wire.ReadRecords(all[half])
		top := upper[0]
		s := &wire.Snapshot{Epoch: 1, Seq: l.seq, Learned: 1, Items: uint64(len(all)), Records: all[:half], Sum: sumOf(all), Shelf: wire.Whole, UpTo: top.Num - 1}
		l.run(replica.Frame{Bytes: wire.Encode(&wire.Shelves{Enter: []wire.Shelf{wire.Whole}, Of: 1, Items: s.Items})})
		l.run(replica.Frame{Bytes: wire.Encode(s)})
		s.Last, s.Records, s.After, s.UpTo = true, all[half:], top.Num-1, 1<<32-1
		l.run(replica.Frame{Bytes: wire.Encode(s)})
		l.run(replica.Frame{Bytes: wire.Encode(&wire.Delta{From: hello.Seq, To: l.seq, Learned: 1, Items: s.Items})})
	}
	l.run(replica.Frame{Bytes: wire.Encode(&wire.Profile{Op: l.acked})})
}

// catchUp is all that happened since a position, as one delta.
func (l *life) catchUp(from uint64) *wire.Delta {
	d := &wire.Delta{From: from, To: l.seq, Learned: 1}
	was, is := l.catalogs[from], packed(l.server)
	for n := range was {
		if _, ok := is[n]; !ok {
			d.Deleted = append(d.Deleted, n)
		}
	}
	for n, r := range is {
		if was[n] != r {
			d.Records = append(d.Records, []byte(r))
		}
	}
	d.Checkpoints, d.Items = checkpoint(l.server, &wire.Delta{})
	return d
}

// change changes the server's catalog and tells the machine.
func (l *life) change() {
	d := &wire.Delta{From: l.seq, To: l.seq + uint64(1+l.rnd.IntN(3)), Learned: 1}
	held := slices.Sorted(maps.Keys(packed(l.server)))
	gone := core.ItemNum(0)
	if len(held) > 3 && l.rnd.IntN(3) == 0 {
		gone = held[l.rnd.IntN(len(held))]
		d.Deleted = append(d.Deleted, gone)
		l.server.Delete(gone)
	}
	for range l.rnd.IntN(3) {
		num := l.nextNum
		if l.rnd.IntN(3) == 0 && len(held) > 0 {
			num = held[l.rnd.IntN(len(held))]
		} else {
			l.nextNum += core.ItemNum(1 + l.rnd.IntN(40)) // blocks are sparse
		}
		if num == gone || slices.ContainsFunc(d.Records, func(b []byte) bool { return readOne(b).Num == num }) {
			continue
		}
		p := item(num, fmt.Sprint("item", num), fmt.Sprint("tag", l.rnd.IntN(5)))
		d.Records = append(d.Records, p)
		l.server.Put(readOne(p))
	}
	for _, n := range held {
		if n != gone && l.rnd.IntN(4) == 0 {
			w := core.Weights{Num: n, Heat: core.Heat(l.rnd.IntN(100)), Edges: []core.Edge{{From: n + 1, Weight: 9}}}
			d.Weights = append(d.Weights, wire.AppendAllWeights(nil, []core.Weights{w}))
			l.server.Reweigh(w)
		}
	}
	l.seq = d.To
	l.catalogs[l.seq] = packed(l.server)
	d.Checkpoints, d.Items = checkpoint(l.server, &wire.Delta{})
	if l.status.State == replica.Live {
		l.run(replica.Frame{Bytes: wire.Encode(d)})
	}
}

func (l *life) act() {
	l.said++
	name := fmt.Sprint("item", l.rnd.IntN(30), "-", l.said)
	l.did = append(l.did, name)
	in := replica.Record{Kind: "view", Item: core.ItemID(name), Origin: replica.Origin{Tab: "tab", Number: l.said}}
	if l.rnd.IntN(3) == 0 { // by a page that says everything once
		in.Origin = replica.Origin{}
	}
	l.run(in)
	if in.Origin.Tab != "" && l.rnd.IntN(4) == 0 {
		before := l.m.LastOp()
		l.run(in) // the page did not hear that it was
		want(l.t, "LastOp after an op that was said again", l.m.LastOp(), before)
	}
}

func (l *life) ack() {
	top := l.acked
	for n := range l.sent {
		top = max(top, n)
	}
	if top == l.acked {
		return
	}
	l.acked += 1 + uint64(l.rnd.IntN(int(top-l.acked)))
	if l.status.State == replica.Live {
		l.run(replica.Frame{Bytes: wire.Encode(&wire.Ack{Op: l.acked})})
	}
}

// A machine killed at any moment goes on in its next life: with the catalog of a position, whole, and with every op
// that was recorded, each under its number.
func TestStore_SurvivesTheEndOfALifeAtEveryEffect(t *testing.T) {
	for seed := range uint64(30) {
		l := newLife(t, seed)
		l.crash = func(int) bool { return true }
		l.catalogs[l.seq] = packed(l.server)
		for range 8 {
			l.change()
		}
		l.connect()
		for range 80 {
			switch l.rnd.IntN(10) {
			case 0, 1, 2:
				l.act()
			case 3:
				l.ack()
			case 4:
				l.step(replica.Closed{Code: 1006})
			case 5:
				l.connect()
			case 6:
				l.kill()
			default:
				l.change()
			}
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
		if l.seq < 30 {
			t.Fatalf("seed %d: nothing happened", seed)
		}
	}
}

// readOne reads the columnar form of one record.
func readOne(b []byte) *core.Record {
	all, err := wire.ReadRecords(b)
	if err != nil {
		panic(err)
	}
	return all[0]
}
