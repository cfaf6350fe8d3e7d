package replica_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"nigh/core"
	"nigh/core/replica"
	"nigh/core/wire"
)

// newPrivate is a machine whose sent bytes are watched.
func newPrivate(t *testing.T, client string, store twinStore) *keeper {
	b := newBench(t)
	b.m = replica.New(replica.Config{Client: client, User: "ada-lovelace", Token: "secret-token", Seed: 7, Stores: true, Private: true})
	k := &keeper{b, store}
	if len(store) > 0 {
		k.do(replica.Restore{Entries: store.entries(rand.New(rand.NewPCG(1, 1)))})
	}
	return k
}

func (k *keeper) said(words ...string) {
	k.t.Helper()
	for _, e := range k.effects {
		if s, ok := e.(replica.Send); ok {
			for _, w := range words {
				if bytes.Contains(s.Bytes, []byte(w)) {
					k.t.Fatalf("%q is in a frame: %q", w, s.Bytes)
				}
			}
			if _, hello := decode(k.t, s).(*wire.Hello); !hello {
				k.t.Fatalf("a private machine sends %T", decode(k.t, s))
			}
		}
	}
}

func TestPrivate_TellsNothingAndKnowsItsReader(t *testing.T) {
	secrets := []string{"ada", "secret", "boat", "sea", "moon", "space", "first"}
	k := newPrivate(t, "first", twinStore{})
	k.do(replica.Record{Kind: "like", Item: "boat"}) // before there is a policy or a catalog
	for life := range 3 {
		for _, in := range []replica.Input{
			replica.Start{}, replica.Ask{Question: replica.Question{Name: "you", Limit: 3}}, replica.Opened{},
		} {
			if life == 0 {
				k.do(in).said("ada", "secret", "boat")
			} else {
				k.do(in).said(secrets...)
			}
		}
		hello, _ := first[*wire.Hello](k.bench)
		want(t, "hello.Client", hello.Client, []string{"first", "second", "third"}[life])
		want(t, "hello.LastOp", hello.LastOp, 0)
		k.frame(welcome(5, 0))
		if life == 0 {
			k.frame(snapshot(5, item(1, "sea", "sea"), item(2, "boat", "sea"), item(3, "moon", "space"), item(4, "mars", "space")))
		} else {
			k.frame(&wire.Delta{From: 5, To: 5})
		}
		k.frame(&wire.Profile{})
		k.said(secrets...)
		want(t, "state", k.status.State, replica.Live)
		k.do(replica.Prefer{Preference: core.Preference{Kind: core.PreferTag, Key: "space", Weight: 256}}).said(secrets...)
		if life == 1 {
			k.do(replica.Record{Kind: "view", Item: "moon"}).said(secrets...)
		}
		k.do(replica.Ask{Question: replica.Question{Name: "more", Similar: "sea"}}).said(secrets...)
		k.do(replica.Drop{Name: "more"}).said(secrets...)
		want(t, "Pending", k.status.Pending, 0)
		want(t, "history", k.history(), []string{"boat", "moon boat", "moon boat"}[life])
		want(t, "list", k.ids("you"), []string{"mars moon sea", "mars sea", "mars sea"}[life])
		k = newPrivate(t, []string{"second", "third", "fourth"}[life], k.store)
	}
	// Numbers of another epoch are of other items: a private reader's history is of ids.
	k.do(replica.Start{}).do(replica.Opened{})
	k.frame(welcome(9, 0))
	anew := snapshot(9, item(1, "moon", "space"), item(2, "sun", "space"), item(3, "boat", "sea"))
	anew.Epoch = 2
	k.frame(anew)
	want(t, "history in another epoch", k.history(), "moon boat")
	k.do(replica.Export{})
	e, ok := effect[replica.Exported](k.bench)
	if !ok || e.Client != "first" || len(e.Ops) != 5 || e.Ops[0].Item != "boat" {
		t.Errorf("export = %+v", e)
	}
}

// What tidy takes out makes no difference, and what is kept is bounded.
func TestPrivate_KeepsWhatMakesADifference(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 4))
	store := twinStore{}
	k := newPrivate(t, "first", store)
	k.do(replica.Start{}).do(replica.Opened{})
	k.frame(welcome(5, 0))
	var all [][]byte
	for n := core.ItemNum(1); n <= 60; n++ {
		all = append(all, item(n, fmt.Sprint("item", n), "sea"))
	}
	k.frame(snapshot(5, all...))
	twin := core.History(nil)
	wishes := core.Preferences(nil)
	for i := range 4000 {
		k.now += 1000
		if rnd.IntN(10) == 0 {
			p := core.Preference{Kind: core.PreferTag, Key: fmt.Sprint("tag", rnd.IntN(9)), Weight: int32(rnd.IntN(3)-1) * 256}
			k.do(replica.Prefer{Preference: p, Origin: replica.Origin{Tab: "t", Number: uint64(i + 1)}})
			wishes = wishes.Set(p)
			continue
		}
		n := core.ItemNum(1 + rnd.IntN(60))
		kind := []string{"view", "view", "like", "dislike", "forget"}[rnd.IntN(5)]
		k.do(replica.Record{Kind: kind, Item: core.ItemID(fmt.Sprint("item", n)), Origin: replica.Origin{Tab: "t", Number: uint64(i + 1)}})
		if kind == "forget" {
			twin = twin.Forget(n)
		} else {
			p, _ := policy.Kind(kind)
			twin = twin.Record(core.Visit{Item: n, Strength: p.Strength(0), At: k.now})
		}
		if i%97 == 0 {
			k.now += 1000
			k = newPrivateAt(t, store, k.now)
		}
		if got := k.m.History(); !slices.Equal(got, twin) || !reflect.DeepEqual([]core.Preference(k.profile.Preferences), []core.Preference(wishes)) {
			t.Fatalf("after %d: history = %v, want %v; wishes %v, want %v", i, got, twin, k.profile.Preferences, wishes)
		}
	}
	ops := 0
	for key := range store {
		if strings.HasPrefix(key, "op/") {
			ops++
		}
	}
	if ops > 500 {
		t.Errorf("%d ops are kept of 60 items", ops)
	}
	last := k.m.History()
	k.do(replica.Record{Kind: "like", Item: "item1", Origin: replica.Origin{Tab: "t", Number: 4000}})
	want(t, "an op said again changes nothing", slices.Equal(last, k.m.History()), true)
}

func newPrivateAt(t *testing.T, store twinStore, now int64) *keeper {
	b := newBench(t)
	b.now = now
	b.m = replica.New(replica.Config{Client: "next", User: "ada", Seed: 7, Stores: true, Private: true})
	k := &keeper{b, store}
	k.do(replica.Restore{Entries: store.entries(rand.New(rand.NewPCG(1, 1)))})
	return k.do(replica.Start{})
}
