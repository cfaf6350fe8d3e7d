package replica_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"nigh/core/replica"
	"nigh/core/wire"
)

func TestMachine_RenewsItsTokenWhenAsked(t *testing.T) {
	b := newBench(t).live()
	b.frame(&wire.Expiry{AtMillis: began + 60_000})
	if _, ok := effect[replica.NeedToken](b); !ok {
		t.Fatalf("effects of Expiry = %s, want NeedToken", b.kinds())
	}
	b.step(replica.Token{Token: "fresh"})
	if m, ok := first[*wire.Renew](b); !ok || m.Token != "fresh" {
		t.Fatalf("effects of Token = %s, want Renew with it", b.kinds())
	}
	b.step(replica.Closed{Code: 1006})
	b.now += 60_000
	b.step(replica.Tick{})
	want(t, "token of the next hello", b.open().Token, "fresh")
}

// A token that ended is not tried again, whatever happens, until there is a fresh one; and then not before its time.
func TestMachine_WaitsForAFreshTokenWhenItsOwnHasEnded(t *testing.T) {
	b := newBench(t).live()
	b.step(replica.Record{Kind: "like", Item: "sea"})
	b.step(replica.Closed{Code: wire.CloseExpired})
	if _, ok := effect[replica.NeedToken](b); !ok {
		t.Fatalf("effects of a close for an ended token = %s, want NeedToken", b.kinds())
	}
	b.now += 3_600_000
	for _, in := range []replica.Input{replica.Tick{}, replica.Online{}} {
		if _, ok := effect[replica.Connect](b.step(in)); ok {
			t.Fatalf("effects of %T without a fresh token = %s, want no connection", in, b.kinds())
		}
	}
	b.step(replica.Record{Kind: "like", Item: "moon"})
	want(t, "history while it waits", b.history(), "moon sea")
	if _, ok := effect[replica.Connect](b.step(replica.Token{Token: "fresh"})); !ok {
		t.Fatalf("effects of a fresh token = %s, want a connection", b.kinds())
	}
	want(t, "token of the next hello", b.open().Token, "fresh")
	b.step(replica.Closed{Code: wire.CloseExpired}) // by a server whose clock is ahead
	if _, ok := effect[replica.Connect](b.step(replica.Token{Token: "fresher"})); ok {
		t.Fatalf("effects = %s, want no connection before the backoff's end", b.kinds())
	}
	b.now += 60_000
	if _, ok := effect[replica.Connect](b.step(replica.Tick{})); !ok {
		t.Errorf("effects of the backoff's end = %s, want a connection", b.kinds())
	}
}

func TestMachine_StartsWithoutItsToken(t *testing.T) {
	b := newBench(t)
	b.m = replica.New(replica.Config{Client: "c", User: "ada", TokenLater: true, Seed: 7})
	b.step(replica.Start{})
	_, asks := effect[replica.NeedToken](b)
	if _, connects := effect[replica.Connect](b); !asks || connects {
		t.Fatalf("effects of Start = %s, want NeedToken and no connection", b.kinds())
	}
	if _, ok := effect[replica.Connect](b.step(replica.Token{Token: "first"})); !ok {
		t.Fatalf("effects of the token = %s, want a connection", b.kinds())
	}
	want(t, "token of hello", b.open().Token, "first")
}

// A guest's ops are sent under the guest's numbers, on each connection, until the server says that they are there.
func TestMachine_MergesItsGuestsOnce(t *testing.T) {
	b := newBench(t)
	var ops []wire.Op
	for range 150 {
		ops = append(ops, wire.Op{Event: true, Kind: "view", Item: "sea", AtMillis: began})
	}
	b.m = replica.New(replica.Config{Client: "c", User: "ada", Seed: 7, Guests: []replica.Guest{
		{Client: "guest-with-ops", First: 8, Ops: ops}, {Client: "guest-without"}}})
	merges := b.merges
	b.open()
	b.frame(welcome(5, 0))
	m := merges()
	if len(m) != 3 || m[0].First != 8 || len(m[0].Ops) != 100 || m[1].First != 108 || len(m[1].Ops) != 50 || m[2].Client != "guest-without" {
		t.Fatalf("merges = %+v, want 100 and 50 ops of the one and the other", m)
	}
	b.frame(&wire.Merged{Client: "guest-with-ops", Op: 107})
	if _, ok := effect[replica.GuestMerged](b); ok {
		t.Errorf("a guest of whom 50 ops are left counts as merged")
	}
	b.frame(&wire.Merged{Client: "guest-without"})
	if e, ok := effect[replica.GuestMerged](b); !ok || e.Client != "guest-without" {
		t.Errorf("effects = %s, want GuestMerged", b.kinds())
	}
	b.step(replica.Closed{Code: 1006})
	b.now += 60_000
	b.step(replica.Tick{})
	b.open()
	b.frame(welcome(5, 0))
	if m := merges(); len(m) != 1 || m[0].First != 108 || len(m[0].Ops) != 50 {
		t.Fatalf("merges of the next connection = %+v, want the 50 that are left", m)
	}
	b.frame(&wire.Merged{Client: "guest-with-ops", Op: 157})
	if _, ok := effect[replica.GuestMerged](b); !ok {
		t.Errorf("effects = %s, want GuestMerged", b.kinds())
	}
	b.frame(welcome(5, 0))
	want(t, "merges after all are merged", len(merges()), 0)
}

func TestMachine_OutboxIsWhatTheServerHasNotDecided(t *testing.T) {
	b := newBench(t).live()
	for range 3 {
		b.step(replica.Record{Kind: "view", Item: "sea"})
	}
	b.frame(&wire.Ack{Op: 1})
	first, ops := b.m.Outbox()
	want(t, "first op of the outbox", first, 2)
	want(t, "ops in the outbox", len(ops), 2)
}

// merges are what the last step sent of guests.
func (b *bench) merges() (out []*wire.Merge) {
	for _, e := range b.effects {
		if s, ok := e.(replica.Send); ok {
			if m, err := wire.Decode(s.Bytes); err == nil {
				if merge, ok := m.(*wire.Merge); ok {
					out = append(out, merge)
				}
			}
		}
	}
	return out
}

// moved is what a shell moves of a guest's store into the account's.
func moved(from twinStore, into string) (out []replica.Entry) {
	for _, key := range slices.Sorted(maps.Keys(from)) {
		if key == "reader" || strings.HasPrefix(key, "op/") {
			out = append(out, replica.Entry{Key: "guest/" + into + "/" + key, Value: from[key]})
		}
	}
	return out
}

// A guest's store that came into the account's is merged under its own numbers, by each life until the server has it.
func TestMachine_MergesWhatAGuestLeftInItsStore(t *testing.T) {
	store := twinStore{}
	for _, e := range moved(kept(t), "7") {
		store[e.Key] = e.Value
	}
	for life := range 3 {
		k := newKeeper(t, "account", store)
		k.do(replica.Start{})
		want(t, "Pending", k.status.Pending, 2)
		k.do(replica.Export{})
		exported, _ := effect[replica.Exported](k.bench)
		want(t, "ops that are exported", len(exported.Ops), 2)
		k.do(replica.Merge{Clients: []string{"first"}}) // the page says it again: the store knows more
		k.do(replica.Opened{})
		k.frame(welcome(5, 0))
		m := k.merges()
		if len(m) != 1 || m[0].Client != "first" || m[0].First != 2 || len(m[0].Ops) != 2 || m[0].Ops[0].Item != "moon" || m[0].Ops[1].Item != "star" {
			t.Fatalf("life %d: merges = %+v, want ops 2 and 3 of first, moon and star", life, m)
		}
		if life < 2 {
			continue // it dies
		}
		k.frame(&wire.Merged{Client: "first", Op: 2})
		want(t, "Pending when one of them is decided", k.status.Pending, 1)
		k.frame(&wire.Merged{Client: "first", Op: 3})
		want(t, "Pending when all are", k.status.Pending, 0)
	}
	for key := range store {
		if strings.HasPrefix(key, "guest/") {
			t.Errorf("%s is still in the store", key)
		}
	}
	k := newKeeper(t, "account", store)
	k.do(replica.Start{}).do(replica.Opened{})
	k.frame(welcome(5, 0))
	want(t, "merges of the life after", len(k.merges()), 0)
}

// What moves while the machine runs is merged at once; two moves are two guests; what is torn costs what it says.
func TestMachine_MergesGuestsWhileItRuns(t *testing.T) {
	torn := kept(t)
	torn["op/0000000000000002"] = nil
	readerless := kept(t)
	delete(readerless, "reader")
	for name, tc := range map[string]struct {
		entries []replica.Entry
		want    string // client, first number and items of each merge
	}{
		"whole":            {moved(kept(t), "7"), "first 2 moon star, named 0"},
		"one op torn":      {moved(torn, "7"), "first 2  star, named 0"}, // a wish that changes nothing has its number
		"without reader":   {moved(readerless, "7"), "first 2 moon star, named 0"},
		"nothing of sense": {[]replica.Entry{{Key: "guest/7/reader"}, {Key: "guest/"}, {Key: "guest/8"}, {Key: "guest/9/op/x", Value: []byte("x")}}, "named 0"},
	} {
		k := newKeeper(t, "account", twinStore{})
		k.do(replica.Start{}).do(replica.Opened{})
		k.frame(welcome(5, 0))
		for _, e := range tc.entries {
			k.store[e.Key] = e.Value
		}
		k.do(replica.Merge{Clients: []string{"named"}, Entries: tc.entries})
		var got []string
		for _, m := range k.merges() {
			s := fmt.Sprint(m.Client, " ", m.First)
			for _, op := range m.Ops {
				s += " " + op.Item
			}
			got = append(got, s)
			k.frame(&wire.Merged{Client: m.Client, Op: max(m.First, 1) + uint64(len(m.Ops)) - 1})
		}
		want(t, name+": merges", strings.Join(got, ", "), tc.want)
		for key := range k.store {
			if strings.HasPrefix(key, "guest/") {
				t.Errorf("%s: %s is still in the store", name, key)
			}
		}
	}
}
