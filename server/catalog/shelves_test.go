package catalog

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"nigh/core"
	"nigh/core/replica"
	"nigh/core/wire"
	"nigh/server/store"
	"nigh/server/store/storetest"
)

// library makes items of some categories and tags, with summaries as long as those of a page.
func library(n int) (items []store.Item) {
	for i := range n {
		it := book(fmt.Sprint("book-", i), []string{"sea", "space", "jazz", "bread"}[i/7%4])
		it.Categories = []string{fmt.Sprint("shelf ", i%5)}
		it.Description += fmt.Sprintf(", number %d: a story of %d people and their %d boats", i, i%83, i%97)
		items = append(items, it)
	}
	return items
}

// stocked is a catalog of n books in shelves of at most so many.
func stocked(t *testing.T, n, most int) *rig {
	r := start(t)
	l := defaultLimits
	l.shelf, l.replan = most, 1000
	r.limited(l)
	r.put(library(n)...)
	r.settle()
	return r
}

func TestShelves_AreOfItemsThatBelongTogether(t *testing.T) {
	r := stocked(t, 700, 50)
	l := r.published()
	items := uint64(0)
	for i, s := range l.shelves {
		items += s.items
		if s.items > 50 || s.items == 0 {
			t.Errorf("shelf %d holds %d items, want 1 to 50", s.id, s.items)
		}
		if i > 0 && (l.shelves[i-1].id.First() >= s.id.First() || l.shelves[i-1].id.Contains(s.id)) {
			t.Errorf("shelves %d and %d are out of order", l.shelves[i-1].id, s.id)
		}
	}
	if items != 700 || l.items != 700 || len(l.shelves) > 40 {
		t.Errorf("%d shelves hold %d items of %d, want at most 40 with 700", len(l.shelves), items, l.items)
	}
	kinds := map[wire.Shelf]map[string]bool{}
	for _, b := range r.index() {
		rec, err := wire.ReadRecord([]byte(b))
		if err != nil {
			t.Fatal(err)
		}
		id := l.of(wire.KeyOf(rec))
		if kinds[id] == nil {
			kinds[id] = map[string]bool{}
		}
		kinds[id][rec.Card.Categories[0]+rec.Card.Tags[0]] = true
	}
	for id, of := range kinds {
		if len(of) > 2 { // of 20: each shelf is of one or two of them
			t.Errorf("shelf %d is of %d categories and tags", id, len(of))
		}
	}
	// A start splits as it was split before, or finer.
	before := l.shelves
	r.limited(r.limits)
	for _, s := range before {
		if len(r.published().under(s.id)) == 0 {
			t.Errorf("shelf %d is no more after a start", s.id)
		}
	}
}

func TestShelves_SplitWhenTheyGrow(t *testing.T) {
	r := stocked(t, 3, 8)
	if l := r.published(); len(l.shelves) != 1 || l.shelves[0].id != wire.Whole {
		t.Fatalf("a small catalog has shelves %+v, want one", l.shelves)
	}
	c := r.client("c", 0)
	for i := range 60 {
		r.put(library(60)[i])
		c.pump()
	}
	r.settle()
	c.pump()
	if n := len(r.published().shelves); n < 8 || c.status.Shelves != n || c.status.AllShelves != uint64(n) {
		t.Errorf("the catalog has %d shelves, the client says %d of %d", n, c.status.Shelves, c.status.AllShelves)
	}
	if !maps.Equal(packed(c.m.Index()), r.index()) || c.faults != nil {
		t.Errorf("the client holds %d other items, faults %v", c.m.Index().Len(), c.faults)
	}
	if c.frames > 500 {
		t.Errorf("%d frames", c.frames)
	}
}

func TestShelves_AnItemThatMovesLeavesAndEnters(t *testing.T) {
	r := stocked(t, 100, 12)
	mover := library(100)[7]
	num, _ := r.sides.current().NumOf("book-7")
	home := func() wire.Shelf { return r.published().of(wire.KeyOf(r.sides.current().Get(num))) }
	size := uint64(0)
	for _, s := range r.published().shelves {
		size += uint64(s.bytes)
	}
	all, some := r.client("all", 0), r.client("some", size/2)
	holds := func() bool {
		held := some.m.Shelves()
		return slices.ContainsFunc(held, func(h wire.Held) bool { return h.Shelf == home() })
	}
	entered, left := 0, 0
	for i := range 40 {
		away := i%3 == 0
		if away {
			some.cut()
			all.cut()
		}
		was := some.m.Index().Get(num) != nil
		mover.Categories = []string{fmt.Sprint("shelf ", i%5)}
		mover.Tags = []string{[]string{"sea", "space", "jazz", "bread"}[i%4]}
		r.put(mover)
		if away {
			some.connect()
			all.connect()
		}
		r.settle()
		some.pump()
		all.pump()
		is := some.m.Index().Get(num) != nil
		if is != holds() {
			t.Fatalf("move %d: the client holds the item: %v, its shelf: %v", i, is, holds())
		}
		if was && !is {
			left++
		} else if is && !was {
			entered++
		}
		if !maps.Equal(packed(all.m.Index()), r.index()) || !maps.Equal(packed(some.m.Index()), some.wanted()) {
			t.Fatalf("move %d: a client holds other records than the catalog", i)
		}
	}
	if entered == 0 || left == 0 || some.faults != nil || all.faults != nil {
		t.Errorf("%d times entered, %d times left, faults %v %v", entered, left, some.faults, all.faults)
	}
}

// What a client that was away must be sent is what has changed, however large the catalog.
func TestShelves_ResumeCostsWhatHasChanged(t *testing.T) {
	items, edits := 3000, 100 // of 10,000 it is the same, in half a minute
	r := start(t)
	r.put(library(items)...)
	r.settle()
	c := r.client("c", 0)
	first := c.in
	c.cut()
	rng := rand.New(rand.NewPCG(4, 4))
	size := 0
	before := r.Version().Seq
	for range edits {
		it := library(items)[rng.IntN(items)]
		it.Title += " (second edition)"
		r.put(it)
	}
	changed := map[core.ItemNum]bool{} // by the edits, and by what was related anew because of them
	if err := r.store.EachRecord(bg, before, func(rec store.StoredRecord) error {
		changed[rec.Num] = true
		size += len(rec.Record)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	c.in, c.frames = 0, 0
	c.connect()
	if most := size + 4000; c.in > most {
		t.Errorf("%d edits cost %d bytes in %d frames, want at most %d: %d of records", edits, c.in, c.frames, most, size)
	}
	t.Logf("%d items in %d shelves: first sync %d bytes, %d an item; resume after %d edits (%d records, %d bytes): %d bytes in %d frames",
		items, len(r.published().shelves), first, first/items, edits, len(changed), size, c.in, c.frames)
	c.in = 0
	c.cut()
	c.connect()
	t.Logf("resume after nothing: %d bytes", c.in)
	if c.in > 4000 {
		t.Errorf("a resume after nothing costs %d bytes", c.in)
	}
}

func TestShelves_ASnapshotGoesOnWhereItBroke(t *testing.T) {
	r := stocked(t, 400, 1000)
	r.limits.snapshotChunk = 4000
	whole := r.client("whole", 0).in
	for _, meanwhile := range []int{0, 1, 30} {
		c := &client{r: r, lists: map[string]replica.List{}, m: replica.New(replica.Config{Client: "c", User: "u1", Seed: 3})}
		c.step(replica.Start{})
		total := 0
		for tries := 0; c.status.State != replica.Live; tries++ {
			if tries == 40 {
				t.Fatalf("%d changes meanwhile: not there after %d tries", meanwhile, tries)
			}
			c.out = &recorder{}
			c.session = NewSession(r.Catalog, c.out)
			c.step(replica.Online{})
			c.step(replica.Opened{})
			frames := c.out.frames
			c.out.frames = nil
			for i, f := range frames {
				if i == 6 && c.m.Index() == nil { // welcome, shelves and four chunks, then it breaks
					break
				}
				c.take(f)
				total += len(f)
			}
			if c.status.State != replica.Live {
				c.cut()
			}
			for i := range meanwhile {
				it := library(400)[(tries*31+i*7)%400]
				it.Title += fmt.Sprint(" ", tries)
				r.put(it)
				if i%10 == 9 {
					_ = r.DeleteItem(bg, fmt.Sprint("book-", (tries*17+i)%400)) // it may be gone already
				}
			}
		}
		r.settle()
		c.pump()
		if !maps.Equal(packed(c.m.Index()), r.index()) || c.faults != nil {
			t.Errorf("%d changes meanwhile: the client holds other records than the catalog; faults %v", meanwhile, c.faults)
		}
		if meanwhile == 0 && total > whole+whole/4 {
			t.Errorf("%d changes meanwhile: %d bytes in all, a sync that did not break takes %d", meanwhile, total, whole)
		}
		t.Logf("%d changes meanwhile: %d bytes in all, a sync that does not break takes %d", meanwhile, total, whole)
		c.session.Close()
	}
}

func TestShelves_FollowTheReaderWithinTheirBudget(t *testing.T) {
	r := stocked(t, 1000, 60)
	total := 0
	for _, s := range r.published().shelves {
		total += s.bytes
	}
	c := r.client("c", uint64(total/4))
	c.step(replica.Ask{Question: replica.Question{Name: "you", Limit: 10}})
	held := func() (out []wire.Shelf) {
		for _, h := range c.m.Shelves() {
			out = append(out, h.Shelf)
		}
		slices.Sort(out)
		return out
	}
	near := func(category string) (n int) {
		c.m.Index().Each(func(rec *core.Record) bool {
			if rec.Card.Categories[0] == category {
				n++
			}
			return true
		})
		return n
	}
	for _, category := range []string{"shelf 2", "shelf 4"} {
		before, moved := near(category), 0
		for i := range 30 {
			was := held()
			c.step(replica.Prefer{Preference: core.Preference{Kind: core.PreferCategory, Key: category, Weight: core.MaxPreferenceWeight}})
			c.step(replica.Prefer{Preference: core.Preference{Kind: core.PreferCategory, Key: "shelf 2", Weight: int32(len(category)-7-i%2) * 10}})
			if category != "shelf 2" {
				c.step(replica.Prefer{Preference: core.Preference{Kind: core.PreferCategory, Key: "shelf 2"}})
			}
			c.pump()
			if c.status.Bytes > total/4 {
				t.Fatalf("%d bytes are held, the budget is %d", c.status.Bytes, total/4)
			}
			entered := 0
			for _, id := range held() {
				if !slices.Contains(was, id) {
					entered++
				}
			}
			if entered > 1 {
				t.Errorf("%d shelves entered at once, want one", entered)
			}
			moved += entered
			if i%2 == 1 {
				r.clock.Add(1100)
			}
			if got := c.lists["you"]; len(got.Items) != 10 || !got.Server {
				t.Fatalf("the list has %d items, from the server: %v", len(got.Items), got.Server)
			}
		}
		if after := near(category); after <= before || after < 60 {
			t.Errorf("items of %s: %d before, %d after the reader asked for them", category, before, after)
		}
		if moved == 0 || moved > 8 {
			t.Errorf("%d shelves entered for %s, want a few", moved, category)
		}
		if was := held(); !slices.Equal(was, held()) {
			t.Error("shelves move while the reader does not")
		}
	}
	if c.faults != nil {
		t.Errorf("faults %v", c.faults)
	}
}

// A client of a part of the catalog shows the server's list whole, and knows of what it shows when the reader clicks it.
func TestShelves_ListsBringTheCardsThatAreMissing(t *testing.T) {
	r := stocked(t, 300, 40)
	c := r.client("c", 1000) // no shelf fits
	c.step(replica.Ask{Question: replica.Question{Name: "you", Limit: 12}})
	c.pump()
	list := c.lists["you"]
	if len(list.Items) != 12 || !list.Server || list.Compared || c.status.Items != 0 {
		t.Fatalf("list = %d items, server %v, compared %v, %d held; want the server's 12", len(list.Items), list.Server, list.Compared, c.status.Items)
	}
	c.step(replica.Record{Kind: "like", Item: list.Items[3].Record.ID})
	if h := c.m.History(); len(h) != 1 || h[0].Item != list.Items[3].Record.Num {
		t.Errorf("history = %v, want the item clicked", h)
	}
	c.pump()
	if after := c.lists["you"]; len(after.Items) != 12 || !after.Server {
		t.Errorf("list after the click = %d items", len(after.Items))
	}
	// Its card is told anew when it changes, and is forgotten when the item is gone.
	id := string(list.Items[3].Record.ID)
	it, err := r.Item(bg, id)
	if err != nil {
		t.Fatal(err)
	}
	it.Title = "Another title"
	r.put(it)
	c.refresh(t)
	if err := r.DeleteItem(bg, id); err != nil {
		t.Fatal(err)
	}
	c.refresh(t)
	if _, ok := c.session.cards[list.Items[3].Record.Num]; ok {
		t.Error("the client still has the card of an item that is gone")
	}
}

func TestSession_CountsListsThatClientsCompared(t *testing.T) {
	r := start(t)
	r.put(shelf(5, "sea", "space")...)
	r.settle()
	c := r.client("c", 0)
	for i := range 40 {
		c.step(replica.Ask{Question: replica.Question{Name: "you", Limit: 1 + i%9}})
		c.pump()
	}
	if agreed, differed := r.Agreement(); agreed < 32 || differed != 0 || c.status.Agreed != 40 {
		t.Errorf("Agreement = %d, %d, the client counts %d, want at least 32 of 40", agreed, differed, c.status.Agreed)
	}
	if err := c.session.Frame(bg, wire.Encode(&wire.Check{Differ: 2})); err != nil {
		t.Fatal(err)
	}
	if _, differed := r.Agreement(); differed != 2 {
		t.Errorf("differed = %d, want 2", differed)
	}
}

// A delta is encoded once for all who hold its shelf.
func TestNews_IsEncodedOnceForAll(t *testing.T) {
	r := stocked(t, 200, 30)
	a, b := r.client("a", 0), r.client("b", 0)
	it := library(200)[3]
	it.Title = "Changed"
	r.put(it)
	if len(a.out.frames) < 2 || len(a.out.frames) != len(b.out.frames) {
		t.Fatalf("%d and %d frames, want a part and its end for both", len(a.out.frames), len(b.out.frames))
	}
	for i := range a.out.frames {
		if &a.out.frames[i][0] != &b.out.frames[i][0] {
			t.Errorf("frame %d was encoded twice", i)
		}
	}
}

// The law of compaction: what the log tells from any position that it reaches back to leads to the state of the full log.
func TestStore_ACompactedLogLeadsToTheSameState(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 8))
		s := storetest.NewModel()
		states := []map[core.ItemNum]string{{}} // by position
		for seq := store.Seq(1); seq <= 60; seq++ {
			state := maps.Clone(states[seq-1])
			b := store.Batch{}
			for range 1 + rng.IntN(3) {
				n := core.ItemNum(1 + rng.IntN(20))
				if _, twice := slices.BinarySearchFunc(b.Records, n, func(r store.StoredRecord, n core.ItemNum) int { return int(r.Num) - int(n) }); twice || len(b.Records) > 0 && b.Records[len(b.Records)-1].Num >= n {
					continue
				}
				if _, ok := state[n]; ok && rng.IntN(3) == 0 {
					b.Deleted = append(b.Deleted, n)
					b.Records = append(b.Records, store.StoredRecord{Seq: seq, Num: n, Deleted: true})
					delete(state, n)
				} else {
					state[n] = fmt.Sprint(seq, n)
					b.Records = append(b.Records, store.StoredRecord{Seq: seq, Num: n, Record: []byte(state[n])})
				}
			}
			states = append(states, state)
			if rng.IntN(8) == 0 {
				b.Horizon = store.Seq(rng.IntN(int(seq)))
			}
			if err := s.Commit(bg, b); err != nil {
				t.Fatal(err)
			}
			info, err := s.Info(bg)
			if err != nil {
				t.Fatal(err)
			}
			for from := info.Horizon; from <= seq; from++ {
				got := maps.Clone(states[from])
				if err := s.EachRecord(bg, from, func(r store.StoredRecord) error {
					delete(got, r.Num)
					if !r.Deleted {
						got[r.Num] = string(r.Record)
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				if !maps.Equal(got, state) {
					t.Fatalf("seed %d: the log from %d on, of horizon %d, leads to %v at %d, want %v", seed, from, info.Horizon, got, seq, state)
				}
			}
		}
	}
}
