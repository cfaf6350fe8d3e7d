package replica_test

import (
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
	merges := func() (out []*wire.Merge) {
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
