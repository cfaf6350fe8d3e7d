package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"nigh/core"
	"nigh/server/store"
)

// dump is all that a store answers, in a form that == and reflect compare.
type dump struct {
	Info       store.Info
	Items      []store.StoredItem
	ByID       []store.StoredItem
	Records    []store.StoredRecord
	Neighbours map[core.ItemNum]string
	Events     []store.StoredEvent
	UserEvents map[string][]store.StoredEvent
	Prefs      map[string]core.Preferences
	Clients    map[string]store.Client
	Keys       map[string]bool
}

// asked are the names that a dump asks for, beside what the walks show.
type asked struct{ users, clients, keys []string }

func dumpOf(ctx context.Context, s store.Store, ask asked) (d dump, err error) {
	d.Neighbours = map[core.ItemNum]string{}
	d.UserEvents = map[string][]store.StoredEvent{}
	d.Prefs = map[string]core.Preferences{}
	d.Clients = map[string]store.Client{}
	var errs []error
	add := func(err error) { errs = append(errs, err) }

	d.Info, err = s.Info(ctx)
	add(err)
	d.Items, err = allItems(ctx, s)
	add(err)
	d.ByID, err = s.Items(ctx, "", math.MaxInt32)
	add(err)
	d.Records, err = allRecords(ctx, s, 0)
	add(err)
	add(s.EachNeighbours(ctx, func(n core.ItemNum, data []byte) error {
		d.Neighbours[n] = string(data)
		return nil
	}))
	d.Events, err = allEvents(ctx, s, 0)
	add(err)
	for _, u := range ask.users {
		es, err := s.UserEvents(ctx, u, store.AllRows, 1000)
		add(err)
		ps, err := s.Preferences(ctx, u)
		add(err)
		if len(es) > 0 {
			d.UserEvents[u] = es
		}
		if len(ps) > 0 {
			d.Prefs[u] = ps
		}
	}
	for _, id := range ask.clients {
		c, err := s.Client(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		add(err)
		d.Clients[id] = c
	}
	d.Keys, err = s.KnownKeys(ctx, ask.keys)
	add(err)
	return d, errors.Join(errs...)
}

// diff says where two dumps differ, "" if they do not.
func diff(got, want dump) string {
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		a, b := g.Field(i).Interface(), w.Field(i).Interface()
		if g.Field(i).Kind() != reflect.Struct && g.Field(i).Len() == 0 && w.Field(i).Len() == 0 {
			continue // nil and empty are the same answer
		}
		if !reflect.DeepEqual(a, b) {
			return fmt.Sprintf("%s = %+v, want %+v", g.Type().Field(i).Name, a, b)
		}
	}
	return ""
}

func (p *place) dump(ask asked) dump {
	p.t.Helper()
	d, err := dumpOf(p.ctx, p.s, ask)
	if err != nil {
		p.t.Fatalf("read everything: %v", err)
	}
	return d
}

func (p *place) info() store.Info {
	p.t.Helper()
	info, err := p.s.Info(p.ctx)
	if err != nil {
		p.t.Fatalf("Info: %v", err)
	}
	return info
}

func allItems(ctx context.Context, s store.Store) (all []store.StoredItem, err error) {
	err = s.EachItem(ctx, func(it store.StoredItem) error {
		all = append(all, it)
		return nil
	})
	return all, err
}

func allRecords(ctx context.Context, s store.Store, since store.Seq) (all []store.StoredRecord, err error) {
	err = s.EachRecord(ctx, since, func(r store.StoredRecord) error {
		r.Record = bytes.Clone(r.Record) // only f's during the call
		all = append(all, r)
		return nil
	})
	return all, err
}

func allEvents(ctx context.Context, s store.Store, since int64) (all []store.StoredEvent, err error) {
	err = s.EachEvent(ctx, since, func(e store.StoredEvent) error {
		all = append(all, e)
		return nil
	})
	return all, err
}

// must returns a function that hands v through if err is nil and ends the test otherwise.
func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func item(n core.ItemNum, id string) store.StoredItem {
	return store.StoredItem{Num: n, Item: store.Item{ID: id, Title: "Title of " + id}}
}

func record(seq store.Seq, n core.ItemNum, id, data string) store.StoredRecord {
	return store.StoredRecord{Seq: seq, Num: n, ID: id, Record: []byte(data)}
}

func tombstone(seq store.Seq, n core.ItemNum, id string) store.StoredRecord {
	return store.StoredRecord{Seq: seq, Num: n, ID: id, Deleted: true}
}

func event(n core.ItemNum, user, kind string, at int64) store.NewEvent {
	return store.NewEvent{StoredEvent: store.StoredEvent{Num: n, User: user, Kind: kind, AtMillis: at}}
}

func ids(items []store.StoredItem) (out []string) {
	for _, it := range items {
		out = append(out, it.ID)
	}
	return out
}

func nums(items []store.StoredItem) (out []core.ItemNum) {
	for _, it := range items {
		out = append(out, it.Num)
	}
	return out
}

func rows(events []store.StoredEvent) (out []int64) {
	for _, e := range events {
		out = append(out, e.Row)
	}
	return out
}

func equal[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}
