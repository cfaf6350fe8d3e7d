package catalog

import (
	"context"
	"fmt"
	"time"

	"nigh/core"
	"nigh/core/learn"
	"nigh/core/wire"
	"nigh/server/store"
)

type putRequest struct {
	items   []store.Item
	parsed  []learn.Parsed
	results []ItemResult
}

type deleteRequest struct{ id string }

type eventsRequest struct {
	events  []store.Event
	results []EventResult
}

type opsRequest struct {
	client, user string
	first        uint64
	ops          []wire.Op
	watch        *Watch // of the session that they came by, nil for none
	result       OpsResult
}

// staging collects what one commit will write and what is to be done in memory once it is written. Nothing in memory
// changes before the store has it: after a failed commit there is nothing to undo.
type staging struct {
	c      *Catalog
	ctx    context.Context
	now    time.Time
	batch  store.Batch
	faults map[*request]error // of calls that failed by themselves

	nums    map[core.ItemID]core.ItemNum // items added by this batch; 0: deleted by it
	puts    map[core.ItemNum]*put
	order   []core.ItemNum // of puts
	num     core.ItemNum
	row     int64
	vectors vectorLen
	keys    map[string]bool // idempotency keys of this batch and, of its calls, those in the store

	// What calls need of the store is read before they stage anything, so that a call which fails leaves nothing.
	known   map[string]reader              // readers as of this point of the batch
	past    map[string][]store.StoredEvent // last events by time as of this point, of readers with one that comes late
	changed map[string]bool                // of known, those whom the batch changes
	seen    map[string]store.Client
	clients map[string]store.Client // of seen, those whom the batch changes
	learnt  []lesson
	erased  *eraseRequest // nil for none
	merged  *mergeRequest // nil for none
}

// put is an item of the batch, in its last form.
type put struct {
	item   store.Item
	parsed learn.Parsed
	record *core.Record
}

// lesson is an event with the history that it came after.
type lesson struct {
	history  core.History
	item     core.ItemNum
	strength int32
	at       int64
}

func newStaging(c *Catalog) *staging {
	return &staging{
		c: c, ctx: context.Background(), now: c.now(), num: c.owner.num, row: c.owner.row,
		vectors: vectorLen{len: c.owner.content.VectorLen(), items: c.owner.content.Vectors()},
		batch:   store.Batch{Neighbours: map[core.ItemNum][]byte{}},
		faults:  map[*request]error{}, nums: map[core.ItemID]core.ItemNum{}, puts: map[core.ItemNum]*put{},
		keys: map[string]bool{}, known: map[string]reader{}, past: map[string][]store.StoredEvent{},
		changed: map[string]bool{}, seen: map[string]store.Client{}, clients: map[string]store.Client{},
	}
}

func (s *staging) stage(r *request) {
	var err error
	switch {
	case r.put != nil:
		s.putItems(r.put)
	case r.del != nil:
		err = s.delete(r.del)
	case r.events != nil:
		err = s.recordEvents(r.events)
	case r.ops != nil:
		err = s.applyOps(r.ops)
	case r.erase != nil:
		err = s.erase(r.erase)
	case r.merge != nil:
		err = s.merge(r.merge)
	}
	if err != nil {
		s.faults[r] = err
	}
}

// find returns the number of an item as of this point of the batch.
func (s *staging) find(id string) (core.ItemNum, bool) {
	if n, ok := s.nums[core.ItemID(id)]; ok {
		return n, n != 0
	}
	return s.c.sides.current().NumOf(core.ItemID(id))
}

func (s *staging) putItems(r *putRequest) {
	for i := range r.items {
		res := &r.results[i]
		if res.Err != nil {
			continue
		}
		it := r.items[i]
		n, known := s.find(it.ID)
		if !known && s.c.Len()+len(s.puts) >= core.MaxItems {
			res.Err = &InputError{"items", "would be more than a catalog can hold", "delete some first"}
			continue
		}
		if fault := s.vectors.put(s.hasVector(n), it.Vector); fault != nil {
			res.Err = fault
			continue
		}
		if !known {
			s.num++
			n, res.Created = s.num, true
			s.nums[core.ItemID(it.ID)] = n
		}
		if _, again := s.puts[n]; !again {
			s.order = append(s.order, n)
		}
		s.puts[n] = &put{item: it, parsed: r.parsed[i]}
	}
}

func (s *staging) delete(r *deleteRequest) error {
	n, ok := s.find(r.id)
	if !ok {
		return fmt.Errorf("item %q: %w", r.id, store.ErrNotFound)
	}
	s.nums[core.ItemID(r.id)] = 0
	if p := s.puts[n]; p != nil { // the store counts its number as given, and keeps nothing else of it
		s.batch.Items = append(s.batch.Items, store.StoredItem{Item: p.item, Num: n})
		delete(s.puts, n)
	}
	s.batch.Deleted = append(s.batch.Deleted, n)
	s.batch.Records = append(s.batch.Records, store.StoredRecord{Num: n, ID: r.id, Deleted: true})
	return nil
}

// records makes the records of the batch's items, in order, and numbers the commit.
func (s *staging) records() {
	if len(s.puts) == 0 && len(s.batch.Deleted) == 0 {
		return
	}
	x, o := s.c.sides.current(), &s.c.owner
	for _, n := range s.order {
		p := s.puts[n]
		if p == nil {
			continue // deleted by the same batch
		}
		r := &core.Record{Num: n, ID: core.ItemID(p.item.ID), Hidden: p.item.Hidden, Card: cardOf(&p.item)}
		r.From, r.Until = fromUntil(&p.item, s.now)
		r.Published = hourOf(s.now)
		if it := &p.item; it.PublishedAt != nil {
			r.Published = max(1, hourOf(*it.PublishedAt))
		} else if old := x.Get(n); old != nil {
			r.Published = old.Published
		}
		r.Pinned, r.Boost = uint8(p.item.Pinned), boostOf(&p.item)
		r.Features = o.content.Weigh(p.parsed)
		w := o.learner.Weights(n, o.content.Neighbours(n), publishedMillis(&p.item), hoursOf(s.now))
		r.Heat, r.Damp, r.Edges = w.Heat, w.Damp, w.Edges
		if old := x.Get(n); old != nil && !o.learnt {
			r.Heat, r.Damp, r.Edges = old.Heat, old.Damp, old.Edges
		} else if old != nil && len(w.Edges) == 0 {
			r.Edges = old.Edges
		}
		p.record = r
		s.batch.Items = append(s.batch.Items, store.StoredItem{Item: p.item, Num: n})
		s.batch.Neighbours[n] = nil // to be found for the new text, also by the next process if this one ends
		s.batch.Records = append(s.batch.Records, store.StoredRecord{Num: n, ID: p.item.ID, Record: wire.AppendRecord(nil, r),
			Moved: o.shelving.moves(r, o.seq+1)})
	}
	for i := range s.batch.Records {
		s.batch.Records[i].Seq = o.seq + 1
	}
}

func publishedMillis(it *store.Item) int64 {
	if it.PublishedAt == nil {
		return 0
	}
	return it.PublishedAt.UnixMilli()
}

// hoursOf is a time in hours since 1970, with its fraction.
func hoursOf(t time.Time) float64 { return float64(t.UnixMilli()) / 3.6e6 }

// commit writes the batch and, once it is on disk, brings memory up to it. An error means that nothing was kept.
func (s *staging) commit() error {
	s.records()
	s.batch.Clients = s.clients
	if b := &s.batch; len(b.Items)+len(b.Deleted)+len(b.Records)+len(b.Events)+len(b.Preferences)+len(b.Clients)+len(b.Erased)+len(b.Merged) == 0 {
		return nil
	}
	began := s.c.begin()
	err := s.c.store.Commit(s.ctx, s.batch)
	s.c.took(PartCommit, began)
	if err != nil {
		s.c.commitFailed(err)
		return fmt.Errorf("commit: %w", err)
	}
	s.c.committed()
	began = s.c.begin()
	s.remember()
	s.c.took(PartRemember, began)
	return nil
}

// remember brings index, learner and readers up to what was written, and tells subscribers.
func (s *staging) remember() {
	c, o := s.c, &s.c.owner
	o.num, o.row = s.num, s.row
	for user := range s.changed {
		c.readers.set(user, s.known[user])
	}
	if s.erased != nil {
		s.forget(s.erased)
		return
	}
	if s.merged != nil {
		s.unguest(s.merged)
	}
	if o.learnt { // else the relearning comes to them
		for _, l := range s.learnt {
			o.learner.Observe(l.history, l.item, l.strength, l.at)
		}
	}
	if len(s.batch.Records) == 0 {
		c.watches.signal(false, s.changed)
		return
	}
	for _, n := range s.batch.Deleted {
		o.learner.Forget(n)
		delete(o.published, n)
		delete(o.live, n)
		for _, m := range o.content.Delete(n) {
			c.neighboursOf(m)
		}
	}
	var changes []change
	for _, r := range s.batch.Records {
		if !r.Deleted {
			changes = append(changes, change{record: s.puts[r.Num].record, packed: r.Record})
		}
	}
	if len(o.waiting) <= fewItems {
		o.waitingSince = s.now
	}
	for _, n := range s.order {
		if p := s.puts[n]; p != nil {
			o.content.Put(n, p.parsed)
			if at := publishedMillis(&p.item); at != 0 {
				o.published[n] = at
			} else {
				delete(o.published, n)
			}
			o.wait(n)
			if !o.learnt {
				o.reweigh(n)
			}
		}
	}
	o.lastPut = s.now
	o.seq++
	c.sides.write(c.version(), func(x *core.Index) {
		for _, n := range s.batch.Deleted {
			x.Delete(n)
		}
		for _, n := range s.order {
			if p := s.puts[n]; p != nil && !x.Put(p.record) {
				c.log.Error("the index refused a record", "item", p.item.ID)
			}
		}
	})
	c.size.Store(int64(c.sides.current().Len()))
	c.feed.publish(o.shelving.step(o.seq, o.committed, changes, s.batch.Deleted))
	c.compact()
	c.watches.signal(true, s.changed)
}
