package storetest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"nigh/core"
	"nigh/server/store"
)

// Model is a store in plain maps and slices, written to be obviously right and not to be fast: a commit copies
// everything. It forgets all when it is dropped.
type Model struct {
	mu    sync.RWMutex // guards state, whose content is never changed: a commit replaces it
	state *state
}

var (
	_ store.Store = (*Model)(nil)
	_ store.Keys  = (*Model)(nil)
)

type state struct {
	info       store.Info
	items      map[core.ItemNum][]byte // JSON of store.StoredItem, so that nobody shares it
	vectors    map[core.ItemNum][]float32
	ids        map[core.ItemNum]string
	records    map[core.ItemNum]store.StoredRecord
	neighbours map[core.ItemNum][]byte
	events     []store.StoredEvent
	keys       map[string]int64 // row of the event
	prefs      map[string]core.Preferences
	clients    map[string]store.Client
	apiKeys    []store.Key
}

// NewModel returns an empty store.
func NewModel() *Model {
	return &Model{state: &state{
		info:  store.Info{Epoch: 1 + rand.Uint64N(1<<53-1)},
		items: map[core.ItemNum][]byte{}, vectors: map[core.ItemNum][]float32{}, ids: map[core.ItemNum]string{},
		records: map[core.ItemNum]store.StoredRecord{}, neighbours: map[core.ItemNum][]byte{}, keys: map[string]int64{},
		prefs: map[string]core.Preferences{}, clients: map[string]store.Client{},
	}}
}

func (s *state) clone() *state {
	c := *s
	c.items, c.vectors, c.ids = maps.Clone(s.items), maps.Clone(s.vectors), maps.Clone(s.ids)
	c.records, c.neighbours, c.keys = maps.Clone(s.records), maps.Clone(s.neighbours), maps.Clone(s.keys)
	c.prefs, c.clients, c.events = maps.Clone(s.prefs), maps.Clone(s.clients), slices.Clip(s.events)
	return &c
}

// Commit applies b to a copy of everything, and takes the copy if b is right.
func (m *Model) Commit(ctx context.Context, b store.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.state.clone()
	if err := s.apply(b); err != nil {
		return fmt.Errorf("commit to model: %w", err)
	}
	m.state = s
	return nil
}

func (s *state) apply(b store.Batch) error {
	for _, it := range b.Items {
		data, err := json.Marshal(store.Item{Title: it.Title, Description: it.Description, URL: it.URL, Image: it.Image,
			Author: it.Author, Language: it.Language, Tags: it.Tags, Categories: it.Categories, Attributes: it.Attributes,
			PublishedAt: it.PublishedAt, ExpiresAt: it.ExpiresAt, Hidden: it.Hidden, Pinned: it.Pinned, Boost: it.Boost})
		if err != nil || it.Num == 0 {
			return errors.Join(err, errors.New("bad item"))
		}
		s.items[it.Num], s.vectors[it.Num], s.ids[it.Num] = data, slices.Clone(it.Vector), it.ID
		s.info.LastNum = max(s.info.LastNum, it.Num)
	}
	for _, n := range b.Deleted {
		delete(s.items, n)
		delete(s.ids, n)
		delete(s.records, n)
		delete(s.neighbours, n)
	}
	holders := map[string]bool{}
	for _, id := range s.ids {
		if holders[id] {
			return fmt.Errorf("two items have the id %q", id)
		}
		holders[id] = true
	}
	for _, r := range b.Records {
		if r.Record = bytes.Clone(r.Record); r.Deleted {
			r.Record = nil
		}
		s.records[r.Num] = r
		s.info.LastSeq = max(s.info.LastSeq, r.Seq)
	}
	for n, data := range b.Neighbours {
		delete(s.neighbours, n)
		if s.items[n] != nil && len(data) > 0 {
			s.neighbours[n] = bytes.Clone(data)
		}
	}
	for _, user := range b.Erased {
		s.erase(user)
	}
	for _, m := range b.Merged {
		s.merge(m)
	}
	done := map[store.Op]bool{}
	once := func(op store.Op) error {
		if op.Client == "" {
			return nil
		}
		if op.Number <= s.clients[op.Client].LastOp || op.Number > b.Clients[op.Client].LastOp || done[op] {
			return fmt.Errorf("op %+v is not the next", op)
		}
		done[op] = true
		return nil
	}
	for _, e := range b.Events {
		if err := once(e.Op); err != nil {
			return err
		}
		if e.Key != "" && s.keys[e.Key] != 0 {
			return fmt.Errorf("key %q is known", e.Key)
		}
		s.info.LastRow++
		if e.Key != "" {
			s.keys[e.Key] = s.info.LastRow
		}
		e.Row = s.info.LastRow
		s.events = append(s.events, e.StoredEvent)
	}
	for _, ch := range b.Preferences {
		if err := once(ch.Op); err != nil {
			return err
		}
		ps := slices.DeleteFunc(slices.Clone(s.prefs[ch.User]), func(p core.Preference) bool {
			return p.Kind == ch.Preference.Kind && p.Key == ch.Preference.Key
		})
		if ch.Preference.Weight != 0 {
			ps = append(ps, ch.Preference)
		}
		slices.SortFunc(ps, func(a, b core.Preference) int {
			return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key))
		})
		s.prefs[ch.User] = ps
	}
	for id, c := range b.Clients {
		if c.LastOp < s.clients[id].LastOp {
			return fmt.Errorf("last op of %q would fall", id)
		}
		s.clients[id] = c
	}
	if b.Policy != 0 {
		s.info.Policy = b.Policy
	}
	s.info.Items, s.info.Events = len(s.items), int64(len(s.events))
	return nil
}

// erase takes out all of a reader.
func (s *state) erase(user string) {
	theirs := map[int64]bool{}
	s.events = slices.DeleteFunc(slices.Clone(s.events), func(e store.StoredEvent) bool {
		theirs[e.Row] = e.User == user
		return e.User == user
	})
	maps.DeleteFunc(s.keys, func(_ string, row int64) bool { return theirs[row] })
	delete(s.prefs, user)
	maps.DeleteFunc(s.clients, func(_ string, c store.Client) bool { return c.User == user })
}

// merge gives a reader's events to another.
func (s *state) merge(m store.Merge) {
	if m.From == m.Into {
		return
	}
	s.events = slices.Clone(s.events)
	for i := range s.events {
		if s.events[i].User == m.From {
			s.events[i].User = m.Into
		}
	}
	delete(s.prefs, m.From)
}

// Keys implements store.Keys.
func (m *Model) Keys(ctx context.Context) ([]store.Key, error) {
	s, err := m.now(ctx)
	return slices.SortedFunc(slices.Values(s.apiKeys), func(a, b store.Key) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	}), err
}

// AddKey implements store.Keys.
func (m *Model) AddKey(_ context.Context, k store.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.state.clone()
	if slices.ContainsFunc(s.apiKeys, func(have store.Key) bool { return have.ID == k.ID }) {
		return fmt.Errorf("key %s is there already", k.ID)
	}
	s.apiKeys = append(slices.Clone(s.apiKeys), k)
	m.state = s
	return nil
}

// RevokeKey implements store.Keys.
func (m *Model) RevokeKey(_ context.Context, id string, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.state.clone()
	s.apiKeys = slices.Clone(s.apiKeys)
	i := slices.IndexFunc(s.apiKeys, func(k store.Key) bool { return k.ID == id })
	if i < 0 {
		return fmt.Errorf("key %s: %w", id, store.ErrNotFound)
	}
	if s.apiKeys[i].Revoked.IsZero() {
		s.apiKeys[i].Revoked = at
	}
	m.state = s
	return nil
}

func (m *Model) now(ctx context.Context) (*state, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.state, ctx.Err()
}

func (s *state) item(n core.ItemNum) (store.StoredItem, error) {
	it := store.StoredItem{Num: n}
	err := json.Unmarshal(s.items[n], &it.Item)
	it.ID, it.Vector = s.ids[n], slices.Clone(s.vectors[n])
	return it, err
}

// Info implements store.Store.
func (m *Model) Info(ctx context.Context) (store.Info, error) {
	s, err := m.now(ctx)
	return s.info, err
}

// Item implements store.Store.
func (m *Model) Item(ctx context.Context, id string) (store.StoredItem, error) {
	s, err := m.now(ctx)
	if err != nil {
		return store.StoredItem{}, err
	}
	for n, have := range s.ids {
		if have == id {
			return s.item(n)
		}
	}
	return store.StoredItem{}, fmt.Errorf("item %q: %w", id, store.ErrNotFound)
}

// Items implements store.Store.
func (m *Model) Items(ctx context.Context, after string, limit int) (out []store.StoredItem, err error) {
	err = m.EachItem(ctx, func(it store.StoredItem) error {
		if it.ID > after {
			out = append(out, it)
		}
		return nil
	})
	slices.SortFunc(out, func(a, b store.StoredItem) int { return cmp.Compare(a.ID, b.ID) })
	return out[:max(0, min(limit, len(out)))], err
}

// EachItem implements store.Store.
func (m *Model) EachItem(ctx context.Context, f func(store.StoredItem) error) error {
	s, err := m.now(ctx)
	if err != nil {
		return err
	}
	for _, n := range slices.Sorted(maps.Keys(s.items)) {
		it, err := s.item(n)
		if err != nil {
			return err
		}
		if err := f(it); err != nil {
			return err
		}
	}
	return nil
}

// EachRecord implements store.Store.
func (m *Model) EachRecord(ctx context.Context, since store.Seq, f func(store.StoredRecord) error) error {
	s, err := m.now(ctx)
	if err != nil {
		return err
	}
	all := slices.SortedFunc(maps.Values(s.records), func(a, b store.StoredRecord) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Num, b.Num))
	})
	for _, r := range all {
		if r.Seq <= since {
			continue
		}
		r.Record = bytes.Clone(r.Record)
		if err := f(r); err != nil {
			return err
		}
	}
	return nil
}

// EachNeighbours implements store.Store.
func (m *Model) EachNeighbours(ctx context.Context, f func(core.ItemNum, []byte) error) error {
	s, err := m.now(ctx)
	if err != nil {
		return err
	}
	for _, n := range slices.Sorted(maps.Keys(s.neighbours)) {
		if err := f(n, bytes.Clone(s.neighbours[n])); err != nil {
			return err
		}
	}
	return nil
}

// EachEvent implements store.Store.
func (m *Model) EachEvent(ctx context.Context, since int64, f func(store.StoredEvent) error) error {
	s, err := m.now(ctx)
	if err != nil {
		return err
	}
	for _, e := range s.events {
		if e.Row <= since {
			continue
		}
		if err := f(e); err != nil {
			return err
		}
	}
	return nil
}

// UserEvents implements store.Store.
func (m *Model) UserEvents(ctx context.Context, user string, upTo int64, limit int) (out []store.StoredEvent, err error) {
	s, err := m.now(ctx)
	for _, e := range s.events {
		if e.User == user && e.Row <= upTo {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b store.StoredEvent) int {
		return cmp.Or(cmp.Compare(b.AtMillis, a.AtMillis), cmp.Compare(b.Row, a.Row))
	})
	return out[:max(0, min(limit, len(out)))], err
}

// Preferences implements store.Store.
func (m *Model) Preferences(ctx context.Context, user string) (core.Preferences, error) {
	s, err := m.now(ctx)
	return slices.Clone(s.prefs[user]), err
}

// Client implements store.Store.
func (m *Model) Client(ctx context.Context, id string) (store.Client, error) {
	s, err := m.now(ctx)
	if err != nil {
		return store.Client{}, err
	}
	c, ok := s.clients[id]
	if !ok {
		return store.Client{}, fmt.Errorf("client %q: %w", id, store.ErrNotFound)
	}
	return c, nil
}

// KnownKeys implements store.Store.
func (m *Model) KnownKeys(ctx context.Context, keys []string) (map[string]bool, error) {
	s, err := m.now(ctx)
	known := map[string]bool{}
	for _, k := range keys {
		if s.keys[k] != 0 {
			known[k] = true
		}
	}
	return known, err
}

// Close implements store.Store.
func (m *Model) Close() error { return nil }
