package replica_test

import (
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

// keeper is a bench whose effects of storing are carried out.
type keeper struct {
	*bench
	store twinStore
}

func newKeeper(t *testing.T, client string, store twinStore) *keeper {
	b := newBench(t)
	b.m = replica.New(replica.Config{Client: client, User: "ada", Seed: 7, Stores: true})
	k := &keeper{b, store}
	if len(store) > 0 {
		k.do(replica.Restore{Entries: store.entries(rand.New(rand.NewPCG(1, 1)))})
	}
	return k
}

func (k *keeper) do(in replica.Input) *keeper {
	k.t.Helper()
	k.step(in)
	for _, e := range k.effects {
		if s, ok := e.(replica.Store); ok {
			k.store.do(s)
		}
	}
	return k
}

func (k *keeper) frame(m wire.Message) {
	k.t.Helper()
	for _, m := range told(k.m, m) {
		k.do(replica.Frame{Bytes: wire.Encode(m)})
	}
}

// kept is a store with everything in it: a catalog of three items, a delta, a profile, three ops of which one is
// decided, of the client "first".
func kept(t *testing.T) twinStore {
	k := newKeeper(t, "first", twinStore{})
	k.do(replica.Start{}).do(replica.Opened{})
	k.frame(welcome(5, 0))
	k.frame(snapshot(5, item(1, "sea", "sea"), item(2, "boat", "sea"), item(99, "moon", "space")))
	k.frame(&wire.Profile{Preferences: core.Preferences{{Kind: core.PreferTag, Key: "sea", Weight: core.ProfileOne}}})
	k.frame(&wire.Delta{From: 5, To: 7, Learned: 2, Records: [][]byte{item(100, "star", "space")}})
	for i, id := range []core.ItemID{"sea", "moon", "star"} {
		k.do(replica.Record{Kind: "like", Item: id, Origin: replica.Origin{Tab: "t", Number: uint64(i + 1)}})
	}
	k.frame(&wire.Ack{Op: 1})
	want(t, "keys", strings.Join(slices.Sorted(maps.Keys(k.store)), " "),
		"c/0/block/0000000000000000 c/0/block/0000000000000001 c/0/head c/0/log/0000000000000007 op/0000000000000002 op/0000000000000003 policy reader")
	return k.store
}

func TestRestore_ShowsListsWithoutAConnection(t *testing.T) {
	k := newKeeper(t, "second", kept(t))
	k.do(replica.Start{})
	want(t, "items", k.status.Items, 4)
	want(t, "position", k.status.Seq, 7)
	want(t, "Pending", k.status.Pending, 2)
	want(t, "history", k.history(), "star moon sea")
	want(t, "preferences", len(k.profile.Preferences), 1)
	k.do(replica.Ask{Question: replica.Question{Name: "you", Limit: 4}})
	want(t, "list", k.ids("you"), "boat")
	k.do(replica.Opened{})
	hello, _ := first[*wire.Hello](k.bench)
	want(t, "hello.Client", hello.Client, "first")
	want(t, "hello.Seq", hello.Seq, 7)
	want(t, "hello.LastOp", hello.LastOp, 3)
}

// A value that is torn costs what it says, and no more: a catalog is synced again, an op's number is given a wish that
// changes nothing, all other ops are sent under their numbers.
func TestRestore_LeavesOutWhatIsTorn(t *testing.T) {
	for key := range kept(t) {
		for what, damage := range map[string]func(s twinStore){
			"torn":     func(s twinStore) { s[key] = s[key][:len(s[key])/2] },
			"flipped":  func(s twinStore) { s[key][len(s[key])/2] ^= 1 },
			"empty":    func(s twinStore) { s[key] = nil },
			"gone":     func(s twinStore) { delete(s, key) },
			"newer":    func(s twinStore) { s[key][0]++ },
			"misnamed": func(s twinStore) { s[key[:len(key)-1]+"9"] = s[key]; delete(s, key) },
		} {
			name := key + " " + what
			store := kept(t)
			damage(store)
			k := newKeeper(t, "second", store)
			k.do(replica.Start{})
			catalog := key[0] == 'c' || key == "policy"
			if catalog != (k.m.Index() == nil) {
				t.Errorf("%s: items = %d", name, k.status.Items)
			}
			k.do(replica.Opened{})
			hello, _ := first[*wire.Hello](k.bench)
			want(t, name+": hello.Client", hello.Client, "first")
			want(t, name+": hello.Epoch", hello.Epoch == 0, catalog)
			k.frame(welcome(7, 1))
			if key == "op/0000000000000003" && what != "newer" && what != "torn" && hello.LastOp == 2 { // nobody knows of it
				continue
			}
			ops, ok := first[*wire.Ops](k.bench)
			if !ok {
				t.Errorf("%s: no ops", name)
				continue
			}
			want(t, name+": first op", ops.First, 2)
			for i, op := range ops.Ops {
				want(t, name+": op", op.Item == []string{"moon", "star"}[i] || key == opKey(2+i) && !op.Event, true)
			}
			if catalog { // and the next life is whole again
				k.frame(snapshot(7, item(1, "sea", "sea")))
				next := newKeeper(t, "third", k.store)
				next.do(replica.Start{})
				want(t, name+": items of the next life", next.status.Items, 1)
			}
		}
	}
}

func opKey(n int) string { return fmt.Sprintf("op/%016x", n) }

func TestRestore_OfManyOpsAndTabs(t *testing.T) {
	k := newKeeper(t, "first", twinStore{})
	k.do(replica.Start{})
	for i := range 300 {
		k.do(replica.Record{Kind: "view", Item: "boat", Origin: replica.Origin{Tab: fmt.Sprint("tab", i%50), Number: uint64(i + 1)}})
	}
	k = newKeeper(t, "second", k.store)
	k.do(replica.Start{})
	want(t, "Pending", k.status.Pending, 300)
	for i := range 300 {
		k.do(replica.Record{Kind: "view", Item: "boat", Origin: replica.Origin{Tab: fmt.Sprint("tab", i%50), Number: uint64(i + 1)}})
		if _, ok := effect[replica.Recorded](k.bench); !ok {
			t.Fatalf("what tab %d said is not answered", i%50)
		}
	}
	want(t, "Pending after all was said again", k.status.Pending, 300)
}

// Another life of the client sent ops that the store does not tell of: those restored it sent too, those since it did not.
func TestRestore_OfAStoreThatFailedBeforeItsLifeEnded(t *testing.T) {
	k := newKeeper(t, "first", kept(t))
	k.do(replica.Start{}).do(replica.StoreLost{})
	k.do(like("boat")) // op 4, which the store never saw
	want(t, "stores", strings.Contains(k.kinds(), "Store"), false)
	k = newKeeper(t, "second", k.store)
	k.do(replica.Start{})
	k.do(replica.Record{Kind: "like", Item: "sea"}) // op 4 again
	k.do(replica.Opened{})
	k.frame(welcome(7, 4))
	ops, _ := first[*wire.Ops](k.bench)
	if ops == nil || ops.First != 5 || len(ops.Ops) != 1 || ops.Ops[0].Item != "sea" {
		t.Errorf("ops = %+v, want the like of sea as op 5", ops)
	}
	k = newKeeper(t, "third", k.store)
	k.do(replica.Start{})
	want(t, "LastOp of the next life", k.m.LastOp(), 5)
	want(t, "Pending of the next life", k.status.Pending, 1)
}

// The end of a life that had not stored anything leaves nothing, and every life before is cleared by nobody but the shell.
func TestRestore_OfNothing(t *testing.T) {
	k := newKeeper(t, "first", twinStore{})
	k.do(replica.Start{})
	want(t, "keys", strings.Join(slices.Sorted(maps.Keys(k.store)), " "), "reader")
	k = newKeeper(t, "second", k.store)
	k.do(replica.Start{}).do(replica.Opened{})
	hello, _ := first[*wire.Hello](k.bench)
	want(t, "hello.Client", hello.Client, "first")
}

// A catalog of many blocks: a delta writes little, and a log is folded before it outgrows its share.
func TestStore_WritesLittleForADelta(t *testing.T) {
	k := newKeeper(t, "first", twinStore{})
	k.do(replica.Start{}).do(replica.Opened{})
	k.frame(welcome(5, 0))
	var all [][]byte
	for n := core.ItemNum(1); n <= 5000; n++ {
		all = append(all, item(n, fmt.Sprint("item", n), strings.Repeat("x", 200)))
	}
	k.frame(snapshot(5, all...))
	size := func() (blocks, log int) {
		for key, v := range k.store {
			switch {
			case strings.HasPrefix(key, "c/0/block/"):
				blocks += len(v)
			case strings.HasPrefix(key, "c/0/log/"):
				log += len(v)
			}
		}
		return blocks, log
	}
	blocks, _ := size()
	rnd := rand.New(rand.NewPCG(3, 3))
	written, sent := 0, 0
	for seq := uint64(5); seq < 505; seq++ {
		d := &wire.Delta{From: seq, To: seq + 1}
		for range 40 { // of anywhere: the worst that learning does
			var edges []core.Edge
			for e := range core.ItemNum(20) {
				edges = append(edges, core.Edge{From: 6000 + e, Weight: core.Weight(rnd.IntN(200))})
			}
			d.Weights = append(d.Weights, wire.AppendAllWeights(nil, []core.Weights{{Num: 1 + core.ItemNum(rnd.IntN(5000)), Edges: edges}}))
		}
		k.frame(d)
		sent += len(wire.Encode(d))
		most := 0
		for _, e := range k.effects {
			if s, ok := e.(replica.Store); ok {
				for _, p := range s.Puts {
					most += len(p.Value)
				}
			}
		}
		if most > 250<<10 {
			t.Fatalf("a delta of %d bytes writes %d", len(wire.Encode(d)), most)
		}
		written += most
	}
	_, log := size()
	if log > max(blocks/3, 128<<10) || written > 8*sent {
		t.Errorf("%d bytes of deltas led to %d written and a log of %d beside %d of blocks", sent, written, log, blocks)
	}
	t.Logf("%d bytes of deltas led to %d written and a log of %d beside %d of blocks", sent, written, log, blocks)
	next := newKeeper(t, "second", k.store)
	next.do(replica.Start{})
	if !maps.Equal(packed(next.m.Index()), packed(k.m.Index())) {
		t.Error("what is restored is another catalog")
	}
}

// FuzzRestore puts bytes under a key that is stored, once as they are and once sealed. The machine must not panic, and
// must go on: what it shows is whole, and sound ops are sent.
func FuzzRestore(f *testing.F) {
	keys := []string{"c/0/head", "c/0/log/0000000000000007", "c/0/block/0000000000000001", opKey(2), opKey(9), "policy", "reader", "x"}
	store := kept(&testing.T{})
	if len(store) == 0 {
		f.Fatal("no seed")
	}
	for i, key := range keys {
		if v := store[key]; len(v) > 9 {
			f.Add(uint8(i), v[1:len(v)-8])
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		key := keys[int(which)%len(keys)]
		for _, e := range []replica.Entry{{Key: key, Value: b}, replica.Seal(key, b)} {
			s := maps.Clone(store)
			s.do(replica.Store{Puts: []replica.Entry{e}})
			k := newKeeper(t, "second", s)
			k.do(replica.Start{}).do(replica.Ask{Question: replica.Question{Name: "you"}})
			if x := k.m.Index(); x != nil && key != "c/0/log/0000000000000007" && !maps.Equal(packed(x), packed(mustIndex(t, store))) {
				t.Fatalf("another catalog is shown for %q", key)
			}
			for _, l := range k.lists["you"].Items {
				if l.Record == nil {
					t.Fatal("a place of a list without an item")
				}
			}
			k.do(replica.Record{Kind: "view", Item: "moon"}).do(replica.Opened{})
			k.frame(welcome(7, 1))
			if ops, ok := first[*wire.Ops](k.bench); key[0] == 'c' && (!ok || ops.First != 2 || len(ops.Ops) != 3) {
				t.Fatalf("ops = %+v, want ops 2 to 4", ops)
			}
			next := newKeeper(t, "third", k.store) // what it wrote can be read
			next.do(replica.Start{})
			if next.m.LastOp() != k.m.LastOp() {
				t.Fatalf("LastOp = %d, want %d", next.m.LastOp(), k.m.LastOp())
			}
		}
	})
}

func mustIndex(t *testing.T, s twinStore) *core.Index {
	k := newKeeper(t, "x", maps.Clone(s))
	k.do(replica.Start{})
	return k.m.Index()
}
