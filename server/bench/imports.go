package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"nigh/core/learn"
	"nigh/server/catalog"
	"nigh/server/store"
	"nigh/server/store/sqlite" // brings the driver that the yardstick uses too
)

// ImportOptions say what Import imports.
type ImportOptions struct {
	Items    []store.Item
	Asked    int // items that the yardstick finds the neighbours of: it takes too long for all
	Progress Progress
}

// Import measures how many items a second come in, on disk, each related to all others, and how long a start on them takes
// until the first list. The yardstick is SQLite's own
// search engine, FTS5: it indexes the same texts and finds as many neighbours of an item by a query of its weightiest
// words, ranked by BM25 ("more like this", as Lucene does it). It is asked for some of the items, and all is reckoned
// from these.
func Import(ctx context.Context, opt ImportOptions) (*Result, error) {
	if len(opt.Items) == 0 {
		return nil, errors.New("there are no items to import; name a file that has some")
	}
	dir, err := os.MkdirTemp("", "nigh-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	opt.Progress.tell("importing %d items", len(opt.Items))
	stored, all, err := importInto(ctx, filepath.Join(dir, "nigh"), opt.Items)
	if err != nil {
		return nil, err
	}
	opt.Progress.tell("starting on them")
	started, err := startOn(ctx, filepath.Join(dir, "nigh"))
	if err != nil {
		return nil, err
	}
	opt.Progress.tell("indexing them with FTS5")
	f, err := openFTS(ctx, filepath.Join(dir, "fts.db"))
	if err != nil {
		return nil, err
	}
	defer f.db.Close()
	indexed, err := f.index(ctx, opt.Items)
	if err != nil {
		return nil, err
	}
	asked := max(min(opt.Asked, len(opt.Items)), 1)
	opt.Progress.tell("asking FTS5 for the neighbours of %d items", asked)
	found, err := f.neighbours(ctx, opt.Items, asked)
	if err != nil {
		return nil, err
	}
	n := float64(len(opt.Items))
	base := indexed.Seconds() + found.Seconds()/float64(asked)*n
	r := newResult("import")
	r.Cases = []Case{{
		Name: fmt.Sprintf("items=%d", len(opt.Items)),
		Figures: map[string]float64{"items_per_s": n / all.Seconds(), "seconds": all.Seconds(), "seconds_stored": stored.Seconds(),
			"start_seconds": started.Seconds()},
		Yardstick: Yardstick{fmt.Sprintf("SQLite FTS5, neighbours reckoned from %d", asked), map[string]float64{
			"items_per_s": n / base, "seconds": base, "seconds_stored": indexed.Seconds(),
		}},
		Ratio: base / all.Seconds(),
	}}
	return r, nil
}

// importBatch is how many items are stored at once, as nigh import does.
const importBatch = 2000

// importInto brings items into a new folder, as nigh import does, and returns after which time all were stored, and all
// were related and committed.
func importInto(ctx context.Context, dir string, items []store.Item) (stored, all time.Duration, err error) {
	start := time.Now()
	db, err := sqlite.Open(ctx, dir)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c, err := catalog.Open(ctx, db, catalog.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return 0, 0, err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- c.Run(run) }()
	defer func() {
		stop()
		err = errors.Join(err, <-done)
		all = time.Since(start)
	}()
	for some := range slices.Chunk(items, importBatch) {
		if _, err := c.PutItems(ctx, some); err != nil {
			return 0, 0, err
		}
	}
	stored = time.Since(start)
	return stored, 0, c.Settle(ctx)
}

// startOn opens a folder as nigh serve does and returns after which time the first list was there.
func startOn(ctx context.Context, dir string) (took time.Duration, err error) {
	start := time.Now()
	db, err := sqlite.Open(ctx, dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c, err := catalog.Open(ctx, db, catalog.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return 0, err
	}
	if _, err := c.Recommend(ctx, catalog.Request{User: "somebody"}); err != nil {
		return 0, err
	}
	return time.Since(start), nil
}

// fts is the yardstick: a table of texts in SQLite's search engine.
type fts struct {
	db *sql.DB
	df map[string]int // texts that have a word
}

func openFTS(ctx context.Context, file string) (*fts, error) {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	for _, s := range []string{
		"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
		"CREATE VIRTUAL TABLE texts USING fts5(title, description, tags, tokenize = 'porter unicode61')",
	} {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return nil, errors.Join(fmt.Errorf("prepare FTS5: %w", err), db.Close())
		}
	}
	return &fts{db: db, df: map[string]int{}}, nil
}

// index puts the texts in and returns how long that took.
func (f *fts) index(ctx context.Context, items []store.Item) (time.Duration, error) {
	for i := range items {
		for w := range wordsOf(&items[i]) {
			f.df[w]++
		}
	}
	start := time.Now()
	for some := range slices.Chunk(items, importBatch) {
		tx, err := f.db.BeginTx(ctx, nil)
		if err != nil {
			return 0, err
		}
		insert, err := tx.PrepareContext(ctx, "INSERT INTO texts (title, description, tags) VALUES (?, ?, ?)")
		if err != nil {
			return 0, errors.Join(err, tx.Rollback())
		}
		for i := range some {
			it := &some[i]
			if _, err := insert.ExecContext(ctx, it.Title, it.Description, strings.Join(append(slices.Clone(it.Tags), it.Categories...), " ")); err != nil {
				return 0, errors.Join(err, tx.Rollback())
			}
		}
		if err := tx.Commit(); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// likeWords is how many words a query for similar texts has, as in Lucene's MoreLikeThis.
const likeWords = 25

// neighbours finds the neighbours of n items, spread over all, and returns how long that took.
func (f *fts) neighbours(ctx context.Context, items []store.Item, n int) (time.Duration, error) {
	find, err := f.db.PrepareContext(ctx, "SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY bm25(texts) LIMIT ?")
	if err != nil {
		return 0, err
	}
	defer find.Close()
	start := time.Now()
	for i := range n {
		query := f.like(&items[i*len(items)/n])
		if query == "" {
			continue
		}
		rows, err := find.QueryContext(ctx, query, learn.MaxNeighbours)
		if err != nil {
			return 0, fmt.Errorf("ask FTS5: %w", err)
		}
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				return 0, errors.Join(err, rows.Close())
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// like returns a query of an item's weightiest words: frequent in it, rare elsewhere, but not there alone.
func (f *fts) like(it *store.Item) string {
	counts := wordsOf(it)
	type word struct {
		text   string
		weight float64
	}
	var words []word
	for w, n := range counts {
		if df := f.df[w]; df > 1 {
			words = append(words, word{w, float64(n) / float64(df)})
		}
	}
	slices.SortFunc(words, func(a, b word) int {
		switch {
		case a.weight > b.weight:
			return -1
		case a.weight < b.weight:
			return 1
		}
		return strings.Compare(a.text, b.text)
	})
	var parts []string
	for _, w := range words[:min(len(words), likeWords)] {
		parts = append(parts, `"`+w.text+`"`)
	}
	return strings.Join(parts, " OR ")
}

// wordsOf counts the words of an item's text.
func wordsOf(it *store.Item) map[string]int {
	out := map[string]int{}
	for _, s := range append([]string{it.Title, it.Description}, it.Tags...) {
		for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			out[w]++
		}
	}
	return out
}
