package sqlite

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"nigh/core"
	"nigh/server/store"
)

// max_page_count stands in for a full disk too: SQLite itself says SQLITE_FULL then, as for ENOSPC.
func TestCommit_OfADatabaseThatIsFullIsRefusedWhole(t *testing.T) {
	ctx := t.Context()
	for name, db := range both(t) {
		if err := db.Commit(ctx, bulk(1, 100)); err != nil {
			t.Fatal(err)
		}
		before, err := db.Info(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var pages, limit int
		if err := db.write.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
			t.Fatal(err)
		}
		if err := db.write.QueryRow(fmt.Sprintf("PRAGMA max_page_count = %d", pages+5)).Scan(&limit); err != nil {
			t.Fatal(err)
		}
		err = db.Commit(ctx, bulk(101, 500))
		if !errors.Is(err, store.ErrReadOnly) || !strings.Contains(err.Error(), db.name) {
			t.Errorf("%s: Commit of a full database = %v, want ErrReadOnly and the folder", name, err)
		}
		if after, err := db.Info(ctx); err != nil || after != before {
			t.Errorf("%s: Info = %+v, %v, want %+v", name, after, err, before)
		}
		if err := db.Commit(ctx, bulk(101, 3)); err != nil { // what still fits
			t.Errorf("%s: Commit of a small batch after a large one did not fit: %v", name, err)
		}
		if err := db.write.QueryRow("PRAGMA max_page_count = 1000000").Scan(&limit); err != nil {
			t.Fatal(err)
		}
		if err := db.Commit(ctx, bulk(104, 500)); err != nil {
			t.Errorf("%s: Commit after room was made: %v", name, err)
		}
		if after, err := db.Info(ctx); err != nil || after.Items != 603 {
			t.Errorf("%s: Info = %+v, %v, want 603 items", name, after, err)
		}
	}
}

func both(t *testing.T) map[string]*DB {
	t.Helper()
	disk, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { disk.Close() })
	memory, err := OpenMemory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { memory.Close() })
	return map[string]*DB{"disk": disk, "memory": memory}
}

func bulk(first core.ItemNum, n int) (b store.Batch) {
	for i := range n {
		num := first + core.ItemNum(i)
		id := fmt.Sprint("item-", num)
		b.Items = append(b.Items, store.StoredItem{Num: num, Item: store.Item{ID: id}})
		b.Events = append(b.Events, store.NewEvent{StoredEvent: store.StoredEvent{Num: num, User: "of " + id, Kind: "view"}, Key: id})
	}
	return b
}

// A user whose first event was in a batch that failed must not be known by a number that the table does not hold.
func TestCommit_ForgetsNamesOfAFailedBatch(t *testing.T) {
	ctx := t.Context()
	for name, db := range both(t) {
		if err := db.Commit(ctx, bulk(1, 1)); err != nil {
			t.Fatal(err)
		}
		b := bulk(2, 20)
		b.Events = append(b.Events, bulk(1, 1).Events...) // a known key, behind 20 new users
		if err := db.Commit(ctx, b); err == nil {
			t.Fatalf("%s: Commit of a known key = nil", name)
		}
		if err := db.Commit(ctx, bulk(50, 10)); err != nil { // takes the user numbers that the failed batch had
			t.Fatal(err)
		}
		if err := db.Commit(ctx, bulk(2, 20)); err != nil {
			t.Fatal(err)
		}
		for n := 2; n < 22; n++ {
			user := fmt.Sprint("of item-", n)
			if es, err := db.UserEvents(ctx, user, store.AllRows, 9); err != nil || len(es) != 1 || es[0].Num != core.ItemNum(n) || es[0].User != user {
				t.Errorf("%s: events of %q = %v, %v, want its own one", name, user, es, err)
			}
		}
	}
}

func TestDictionary_StaysBounded(t *testing.T) {
	named := func(first, n int) map[string]int64 {
		m := map[string]int64{}
		for i := range n {
			m[fmt.Sprint("user-", first+i)] = int64(first + i)
		}
		return m
	}
	for _, c := range []struct{ known, fresh, want int }{
		{0, 0, 0}, {0, 5, 5}, {5, 3, 8}, {maxKnown - 3, 3, maxKnown},
		{maxKnown - 3, 4, 4},        // begins anew with what is in use
		{maxKnown, maxKnown + 1, 0}, // a batch of more than fit
		{0, maxKnown + 1, 0},
	} {
		d := dictionary{known: named(0, c.known), fresh: named(c.known, c.fresh)}
		if c.known == 0 {
			d.known = nil
		}
		if got := len(d.remember()); got != c.want {
			t.Errorf("names known after %d and %d fresh ones = %d, want %d", c.known, c.fresh, got, c.want)
		}
	}
}

// A walk over ten million events must not sort them, and no look-up may scan a table.
func TestStatements_ReadInTheOrderOfAnIndex(t *testing.T) {
	db := both(t)["disk"]
	walks := map[string]bool{ // may scan: the whole table is what they are for, or they are seldom, see doc.go
		"DELETE FROM clients WHERE user = ?": true, "DELETE FROM event_keys WHERE row IN (SELECT row FROM events WHERE user = ?)": true,
	}
	for _, s := range db.statements() {
		if s.stmt == &db.r.eachItem || s.stmt == &db.r.eachNeighbours || s.stmt == &db.r.info || s.stmt == &db.w.meta || s.stmt == &db.w.putMeta {
			walks[s.text] = true
		}
	}
	for _, s := range db.statements() {
		rows, err := db.write.Query("EXPLAIN QUERY PLAN "+s.text, make([]any, strings.Count(strings.NewReplacer("?1", "?", "?2", "?", "= ?1)", "").Replace(s.text), "?"))...)
		if err != nil {
			t.Fatalf("%s: %v", s.text, err)
		}
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(detail, "TEMP B-TREE") || strings.HasPrefix(detail, "SCAN") && detail != "SCAN CONSTANT ROW" &&
				!strings.HasPrefix(detail, "SCAN json_each") && !strings.HasSuffix(detail, "VALUES CLAUSE") && !walks[s.text] {
				t.Errorf("%s: %s, want an index", s.text, detail)
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDB_IsSetUpToKeepWhatItAcknowledged(t *testing.T) {
	db := both(t)["disk"]
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000"} {
		var got string
		if err := db.write.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("PRAGMA %s = %s, %v, want %s", pragma, got, err, want)
		}
	}
	if _, err := db.read.Exec("DELETE FROM items"); err == nil {
		t.Error("a reading connection wrote")
	}
}

func FuzzDecodeItem(f *testing.F) {
	for _, it := range []store.Item{
		{}, {ID: "a", Title: "t\x00\xff", Tags: []string{"x"}, Vector: []float32{1, -2}, Hidden: true},
		{Attributes: map[string]any{"n": 1.5, "s": "<&>", "b": false}},
	} {
		row, err := encodeItem(store.StoredItem{Num: 7, Item: it})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(row.id, row.item, row.vector)
	}
	f.Add("null", "null", []byte{1, 2, 3})
	f.Add("hidden fields", `{"id":"x","vector":[1],"ID":{}}`, []byte{0, 0, 192, 127})
	f.Fuzz(func(t *testing.T, id, item string, vector []byte) {
		it, err := decodeItem(7, id, []byte(item), vector)
		if err != nil {
			return
		}
		row, err := encodeItem(it)
		if err != nil {
			t.Fatalf("encode of what was decoded: %v", err)
		}
		if row.id != id || string(row.vector) != string(vector) {
			t.Errorf("id and vector = %q, %x, want %q, %x", row.id, row.vector, id, vector)
		}
		again, err := decodeItem(7, row.id, []byte(row.item), nil)
		if it.Vector = nil; err != nil || !reflect.DeepEqual(again, normal(it)) {
			t.Errorf("decode of encode = %+v, %v, want %+v", again, err, normal(it))
		}
	})
}

// normal returns it with what JSON leaves out left out.
func normal(it store.StoredItem) store.StoredItem {
	if len(it.Tags) == 0 {
		it.Tags = nil
	}
	if len(it.Categories) == 0 {
		it.Categories = nil
	}
	if len(it.Attributes) == 0 {
		it.Attributes = nil
	}
	return it
}
