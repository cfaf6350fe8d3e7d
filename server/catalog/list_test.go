package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nigh/core"
	"nigh/core/wire"
	"nigh/server/store"
)

func TestPut_KnowsWhenAnItemAppeared(t *testing.T) {
	r := start(t)
	old := r.time().Add(-1000 * time.Hour)
	dated := book("dated", "sea")
	dated.PublishedAt = &old
	first := hourOf(r.time())
	r.put(dated, book("undated", "sea"))
	r.clock.Add(50 * 3_600_000)
	changed := book("undated", "sea and sand")
	r.put(changed)
	published := func(id string) (h core.Hour) {
		r.sides.read(func(x *core.Index, _ Version) { h = x.Lookup(core.ItemID(id)).Published })
		return h
	}
	for range 2 { // and after a restart
		if got := published("dated"); got != hourOf(old) {
			t.Errorf("dated appeared at %d, want its date %d", got, hourOf(old))
		}
		if got := published("undated"); got != first {
			t.Errorf("undated appeared at %d, want when it first came, %d", got, first)
		}
		r.stop()
		r.open()
		r.run()
	}
	for _, tc := range []struct {
		w    core.Wanted
		want string
	}{
		{core.Wanted{Since: first}, "undated"}, {core.Wanted{Until: first}, "dated"}, {core.Wanted{Since: first + 1}, ""},
	} {
		if got := strings.Join(r.list(Request{Filter: tc.w.Filter()}), " "); got != tc.want {
			t.Errorf("%+v lists %q, want %q", tc.w, got, tc.want)
		}
	}
}

// A catalog that was written before records held when items appeared learns it from the items' own dates.
func TestOpen_DatesTheRecordsOfVersion1(t *testing.T) {
	r := start(t)
	at := r.time().Add(-1000 * time.Hour)
	dated := book("dated", "sea")
	dated.PublishedAt = &at
	r.put(dated, book("undated", "sea"))
	r.settle()
	r.stop()
	stored := func() (all []*core.Record, seq store.Seq) {
		err := r.store.EachRecord(bg, 0, func(s store.StoredRecord) error {
			rec, err := wire.ReadRecord(s.Record)
			all, seq = append(all, rec), max(seq, s.Seq)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all, seq
	}
	var old store.Batch
	records, seq := stored()
	for _, rec := range records {
		rec.Published = 0
		old.Records = append(old.Records, store.StoredRecord{Seq: seq + 1, Num: rec.Num, ID: string(rec.ID), Record: wire.AppendRecord(nil, rec)})
	}
	if err := r.store.Commit(bg, old); err != nil {
		t.Fatal(err)
	}
	r.open()
	r.run()
	r.settle()
	r.stop()
	records, after := stored()
	for _, rec := range records {
		if want := map[core.ItemID]core.Hour{"dated": hourOf(at)}[rec.ID]; rec.Published != want {
			t.Errorf("%s appeared at %d, want %d", rec.ID, rec.Published, want)
		}
	}
	if after <= seq+1 {
		t.Errorf("the records stand at position %d, want one behind %d: browsers must be told", after, seq+1)
	}
}

func TestPut_RefusesPinsAndBoostsBeyondTheirBounds(t *testing.T) {
	r := start(t)
	for _, c := range []struct {
		pinned int
		boost  float64
		field  string
	}{
		{0, 0, ""}, {10, 8, ""}, {1, 0.125, ""}, {0, 1, ""},
		{-1, 0, "item.pinned"}, {11, 0, "item.pinned"}, {0, 8.01, "item.boost"}, {0, 0.12, "item.boost"}, {0, -1, "item.boost"},
	} {
		it := book("a", "sea")
		it.Pinned, it.Boost = c.pinned, c.boost
		res, err := r.PutItems(bg, []store.Item{it})
		if err != nil {
			t.Fatal(err)
		}
		in, _ := errors.AsType[*InputError](res[0].Err)
		if c.field == "" && in != nil || c.field != "" && (in == nil || in.Field != c.field || in.Hint == "") {
			t.Errorf("pinned %d, boost %v: %v, want a fault of %q", c.pinned, c.boost, res[0].Err, c.field)
		}
	}
}

func TestOwner_PinsAndBoosts(t *testing.T) {
	r := start(t)
	items := shelf(4, "sea", "space")
	items[0].Pinned, items[5].Boost = 2, 4
	r.put(items...)
	r.settle()
	r.did("ada", "like", items[4].ID)
	res, err := r.Recommend(bg, Request{User: "ada", Limit: 8, Explain: true})
	if err != nil {
		t.Fatal(err)
	}
	kinds := func(i int) (out []string) {
		for _, why := range res.Recommendations[i].Reasons {
			out = append(out, why.Kind)
		}
		return out
	}
	if got := res.Recommendations[1]; got.ID != items[0].ID || !slices.Contains(kinds(1), "pinned") {
		t.Errorf("the second place has %s %v, want %s, pinned", got.ID, kinds(1), items[0].ID)
	}
	if got := res.Recommendations[0]; got.ID != items[5].ID || !slices.Contains(kinds(0), "boosted") {
		t.Errorf("the first place has %s %v, want %s, boosted", got.ID, kinds(0), items[5].ID)
	}
	r.did("ada", "view", items[0].ID)
	if got := r.list(Request{User: "ada", Limit: 8}); slices.Contains(got, items[0].ID) {
		t.Errorf("a pinned item that the reader has had is listed: %v", got)
	}
}

func TestPages_GoOnWhileCatalogAndReaderMove(t *testing.T) {
	r := start(t)
	r.put(shelf(10, "sea", "space", "jazz")...)
	r.settle()
	shown := map[string]bool{}
	q := Request{User: "ada", Limit: 7}
	pages := 0
	for {
		res, err := r.Recommend(bg, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range idsOf(res) {
			if shown[id] {
				t.Errorf("page %d shows %s again", pages, id)
			}
			shown[id] = true
		}
		if pages++; res.Next == "" {
			break
		}
		q.After = res.Next
		r.did("ada", "like", idsOf(res)[0])
		r.put(book(fmt.Sprint("new-", pages), "sea"))
		r.settle()
	}
	if pages < 5 || len(shown) < 30 {
		t.Errorf("%d pages show %d items, want all 30 and the new ones", pages, len(shown))
	}
	for _, bad := range []string{"hello", q.After[:len(q.After)-2], core.Cursor{Epoch: 1, Listed: []core.ItemNum{1}}.String()} {
		_, err := r.Recommend(bg, Request{After: bad})
		if in, ok := errors.AsType[*InputError](err); !ok || in.Field != "after" || in.Hint == "" {
			t.Errorf("after %q: %v, want a fault of after", bad, err)
		}
	}
	many := make([]string, core.MaxFilter+1)
	if _, err := r.Recommend(bg, Request{Filter: (&core.Wanted{Not: core.Labels{Tags: many}}).Filter()}); err == nil {
		t.Error("a filter of 201 labels is taken")
	}
}

// An item that nobody has met is pushed away by a dislike of what it is like: by its texts alone, and by what readers of
// the one went on to.
func TestDislike_PushesAwayWhatIsAlike(t *testing.T) {
	r := start(t)
	r.put(shelf(6, "sea", "space")...)
	r.put(store.Item{ID: "wine", Title: "grapes"}, store.Item{ID: "cheese", Title: "milk"})
	r.settle()
	score := func(id string) int64 {
		res, err := r.Recommend(bg, Request{User: "ada", Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range res.Recommendations {
			if one.ID == id {
				return one.Score
			}
		}
		t.Fatalf("%s is not listed", id)
		return 0
	}
	was := score("sea-3")
	r.did("ada", "dislike", "sea-0")
	if now := score("sea-3"); now >= was || now >= 0 {
		t.Errorf("sea-3, which nobody met, scores %d after a dislike of sea-0, want less than 0; before %d", now, was)
	}
	if space, sea := score("space-3"), score("sea-3"); space <= sea {
		t.Errorf("space-3 scores %d, want more than the %d of what is like the disliked", space, sea)
	}
	for i := range 12 {
		r.did(fmt.Sprint("reader", i), "like", "wine", "cheese")
	}
	r.settle()
	was = score("cheese")
	r.did("ada", "dislike", "wine")
	if now := score("cheese"); now >= was || now >= 0 {
		t.Errorf("cheese scores %d after a dislike of wine, want less than 0; before %d", now, was)
	}
}

// Every kind of wish draws near what has it and pushes away what has it, and is named as the reader said it.
func TestPreferences_DrawAndPush(t *testing.T) {
	r := start(t)
	r.put(
		store.Item{ID: "a", Title: "Whales", Description: "Sailing after whales", Author: "Melville", Tags: []string{"sea"}, Categories: []string{"novel"}},
		store.Item{ID: "b", Title: "Stars", Description: "Flying to the stars", Author: "Lem", Tags: []string{"space"}, Categories: []string{"essay"}},
		store.Item{ID: "c", Title: "More whales", Description: "Sailing after other whales", Author: "London"},
	)
	r.settle()
	for _, c := range []struct {
		wish  core.Preference
		kind  string
		value string // of the reason
		id    string // the item that it speaks of
	}{
		{core.Preference{Kind: core.PreferText, Key: "stars, flying"}, "term", "stars, flying", "b"},
		{core.Preference{Kind: core.PreferTag, Key: "Space"}, "tag", "Space", "b"},
		{core.Preference{Kind: core.PreferCategory, Key: "Essay"}, "category", "Essay", "b"},
		{core.Preference{Kind: core.PreferAuthor, Key: "lem"}, "author", "lem", "b"},
		{core.Preference{Kind: core.PreferItem, Key: "a"}, "item", "a", "c"},
	} {
		for _, weight := range []int32{core.ProfileOne, -core.ProfileOne} {
			c.wish.Weight = weight
			res, err := r.Recommend(bg, Request{Preferences: core.Preferences{c.wish}, Explain: true})
			if err != nil {
				t.Fatal(err)
			}
			got := idsOf(res)
			at := slices.Index(got, c.id)
			one := res.Recommendations[at]
			switch {
			case weight > 0 && (at != 0 || one.Score <= 0):
				t.Errorf("%s %q: %v, want %s first", c.wish.Kind, c.wish.Key, got, c.id)
			case weight > 0 && (one.Reasons[0].Kind != c.kind || one.Reasons[0].Value != c.value):
				t.Errorf("%s %q: reason %+v, want %s %q", c.wish.Kind, c.wish.Key, one.Reasons[0], c.kind, c.value)
			case weight < 0 && (at != 2 || one.Score >= 0):
				t.Errorf("-%s %q: %v, want %s last", c.wish.Kind, c.wish.Key, got, c.id)
			}
		}
	}
	r.did("ada", "like", "a")
	res, err := r.Recommend(bg, Request{User: "ada", Explain: true})
	if err != nil {
		t.Fatal(err)
	}
	if why := res.Recommendations[0].Reasons[0]; why.Kind != "item" || why.Value != "a" || why.Title != "Whales" {
		t.Errorf("after a like of a: %+v, want it named", why)
	}
}
