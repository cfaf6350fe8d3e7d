package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"nigh/server/store"
)

// keysOf returns what the store under test keeps keys with.
func (p *place) keysOf() store.Keys {
	p.t.Helper()
	k, ok := p.s.(store.Keys)
	if !ok {
		p.t.Fatalf("%T keeps no keys; it needs the methods of store.Keys", p.s)
	}
	return k
}

func testKey(id string, second int64) store.Key {
	k := store.Key{ID: id, Name: "shop \x00 & \"co\"", Scopes: 1<<31 | 5, Created: time.UnixMilli(1000*second + 7)}
	copy(k.Hash[:], fmt.Sprintf("%032s", id))
	return k
}

// keys: they come back as they were given, in order; another of an id is refused; a revoked one stays, and stays
// revoked since when it first was.
func keys(t *testing.T, p *place) {
	ks := p.keysOf()
	if all, err := ks.Keys(p.ctx); err != nil || len(all) != 0 {
		t.Fatalf("Keys of a new store = %v, %v, want none", all, err)
	}
	want := []store.Key{testKey("b", 1), testKey("a", 2), testKey("c", 2)}
	for _, i := range []int{2, 0, 1} {
		if err := ks.AddKey(p.ctx, want[i]); err != nil {
			t.Fatalf("AddKey: %v", err)
		}
	}
	if err := ks.AddKey(p.ctx, testKey("a", 9)); err == nil {
		t.Errorf("AddKey of an id that is there = nil, want an error")
	}
	if err := ks.RevokeKey(p.ctx, "nobody", time.UnixMilli(1)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("RevokeKey of no key = %v, want ErrNotFound", err)
	}
	for _, at := range []int64{50_000, 60_000} {
		if err := ks.RevokeKey(p.ctx, "a", time.UnixMilli(at)); err != nil {
			t.Fatalf("RevokeKey: %v", err)
		}
	}
	want[1].Revoked = time.UnixMilli(50_000)
	sameKeys(t, p.ctx, ks, want)
}

func keysReopened(t *testing.T, p *place) {
	want := []store.Key{testKey("a", 1), testKey("b", 2)}
	for _, k := range want {
		if err := p.keysOf().AddKey(p.ctx, k); err != nil {
			t.Fatalf("AddKey: %v", err)
		}
	}
	if err := p.keysOf().RevokeKey(p.ctx, "a", time.UnixMilli(5)); err != nil {
		t.Fatalf("RevokeKey: %v", err)
	}
	want[0].Revoked = time.UnixMilli(5)
	p.reopen()
	sameKeys(t, p.ctx, p.keysOf(), want)
}

// keysBesideCommits: keys come and go while batches are committed.
func keysBesideCommits(t *testing.T, p *place) {
	const n = 30
	failed := make(chan error, 1)
	go func() {
		for i := range n {
			if err := p.keysOf().AddKey(p.ctx, testKey(fmt.Sprintf("%02d", i), int64(i))); err != nil {
				failed <- err
				return
			}
		}
		failed <- nil
	}()
	for i := range n {
		p.commit(store.Batch{Events: []store.NewEvent{event(1, "user-a", "view", int64(i))}})
	}
	if err := <-failed; err != nil {
		t.Fatalf("AddKey beside commits: %v", err)
	}
	if all, err := p.keysOf().Keys(p.ctx); err != nil || len(all) != n {
		t.Errorf("Keys = %d, %v, want %d", len(all), err, n)
	}
}

func sameKeys(t *testing.T, ctx context.Context, ks store.Keys, want []store.Key) {
	t.Helper()
	got, err := ks.Keys(ctx)
	if err != nil {
		t.Fatalf("Keys: %v", err)
	}
	same := func(a, b store.Key) bool {
		at, bt := a.Created.Equal(b.Created) && a.Revoked.Equal(b.Revoked), true
		a.Created, a.Revoked, b.Created, b.Revoked = time.Time{}, time.Time{}, time.Time{}, time.Time{}
		return at == bt && a == b
	}
	if !slices.EqualFunc(got, want, same) {
		t.Errorf("Keys = %+v, want %+v", got, want)
	}
}
