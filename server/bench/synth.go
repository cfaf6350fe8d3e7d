package bench

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"nigh/server/ingest"
	"nigh/server/store"
)

// start is when the first event of a made-up log happens.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Synthetic makes a catalog and a log of sessions up, by chance but always the same ones. An item has a topic: its
// words are mostly that topic's, and a session mostly stays within one. Words and items are as unequally frequent as in
// life (Zipf's law).
func Synthetic(items, events int) ([]store.Item, []store.Event) {
	all, log := Stream(items, events)
	return all, slices.AppendSeq(make([]store.Event, 0, events), log)
}

// Stream is Synthetic with a log that is made while it is read, for logs that would not fit into memory. It can be read
// once.
func Stream(items, events int) ([]store.Item, iter.Seq[store.Event]) {
	rnd := rand.New(rand.NewPCG(3, 7))
	topics := max(items/100, 1)
	all := texts(rnd, items, topics)
	return all, func(yield func(store.Event) bool) {
		for session, n := 0, 0; n < events; session++ {
			topic, user := rnd.IntN(topics), userName(session)
			for range 1 + rnd.IntN(12) {
				if n == events {
					return
				}
				// Within a topic the first items are the most popular.
				item := int(math.Pow(rnd.Float64(), 3)*float64(items)/float64(topics))*topics + topic
				if rnd.IntN(8) == 0 {
					item = rnd.IntN(items)
				}
				at := start.Add(time.Duration(n) * time.Second)
				if !yield(store.Event{User: user, Item: all[min(item, items-1)].ID, Kind: "view", At: at}) {
					return
				}
				n++
			}
		}
	}
}

func userName(session int) string { return fmt.Sprintf("reader-%d", session) }

// texts makes the items of Synthetic up.
func texts(rnd *rand.Rand, items, topics int) []store.Item {
	common := rand.NewZipf(rnd, 1.1, 10, 20_000)
	special := rand.NewZipf(rnd, 1.2, 4, 200)
	word := func(topic int) string {
		if rnd.IntN(3) == 0 {
			return fmt.Sprintf("t%dw%d", topic, special.Uint64())
		}
		return fmt.Sprintf("w%d", common.Uint64())
	}
	text := func(topic, n int) string {
		words := make([]string, n)
		for i := range words {
			words[i] = word(topic)
		}
		return strings.Join(words, " ")
	}
	all := make([]store.Item, items)
	for i := range all {
		topic := i % topics
		all[i] = store.Item{
			ID: fmt.Sprintf("item-%d", i), Title: text(topic, 4), Description: text(topic, 60),
			Tags: []string{fmt.Sprintf("tag%d", topic), fmt.Sprintf("tag%d", rnd.IntN(topics))},
		}
	}
	return all
}

// ReadItems reads a catalog from any source that package ingest reads. Rows that cannot be read are left out.
func ReadItems(ctx context.Context, source string, opt ingest.Options) ([]store.Item, error) {
	var out []store.Item
	for row, err := range ingest.Items(ctx, source, opt) {
		if _, bad := errors.AsType[*ingest.RowError](err); bad {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read items of %s: %w", source, err)
		}
		out = append(out, row.Value)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("there are no items in %s; see nigh import items --help for what can be read", source)
	}
	return out, nil
}

// ReadEvents reads a log from a file, in the file's order. Rows that cannot be read are left out.
func ReadEvents(ctx context.Context, file string, opt ingest.Options) ([]store.Event, error) {
	var out []store.Event
	for row, err := range ingest.Events(ctx, file, opt) {
		if _, bad := errors.AsType[*ingest.RowError](err); bad {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read events of %s: %w", file, err)
		}
		out = append(out, row.Value)
	}
	return out, nil
}
