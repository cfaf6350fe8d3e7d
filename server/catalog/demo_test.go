package catalog_test

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"nigh/server/catalog"
	"nigh/server/store"
	"nigh/server/store/sqlite"
)

func demoItems(t testing.TB) []store.Item {
	t.Helper()
	files, err := filepath.Glob("../../webapp/demo/catalog/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("demo catalog: %v, %d files", err, len(files))
	}
	var items []store.Item
	for _, f := range files {
		b, err := os.Open(f)
		if err != nil {
			t.Fatal(err)
		}
		sc := bufio.NewScanner(b)
		for sc.Scan() {
			var it store.Item
			if err := json.Unmarshal(sc.Bytes(), &it); err != nil {
				t.Fatal(err)
			}
			items = append(items, it)
		}
		b.Close()
	}
	return items
}

// open starts a catalog over an empty store in memory and ends it with the test.
func open(t testing.TB, opt catalog.Options) *catalog.Catalog {
	t.Helper()
	db, err := sqlite.OpenMemory(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return run(t, db, opt)
}

func run(t testing.TB, s store.Store, opt catalog.Options) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Open(context.Background(), s, opt)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
		s.Close()
	})
	return c
}

func TestDemo(t *testing.T) {
	c := open(t, catalog.Options{})
	ctx := context.Background()
	if _, err := c.PutItems(ctx, demoItems(t)); err != nil {
		t.Fatal(err)
	}
	if err := c.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"moby-dick", "dune", "blade-runner", "the-c-programming-language", "spirited-away", "the-left-hand-of-darkness", "casablanca"} {
		r, err := c.Similar(ctx, id, 8, true)
		if err != nil {
			t.Error(err)
			continue
		}
		t.Logf("== %s", id)
		for _, x := range r.Recommendations {
			t.Logf("   %.3f %s %v", float64(x.Score)/65536, x.Record.Card.Title, x.Record.Card.Tags)
		}
	}
	r, err := c.Recommend(ctx, catalog.Request{History: []catalog.HistoryEntry{{Item: "moby-dick", Kind: "like"}}, Explain: true, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range r.Recommendations {
		t.Logf("   %.3f %s %v", float64(x.Score)/65536, x.Record.Card.Title, x.Reasons)
	}
}
