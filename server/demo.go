package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"

	"nigh/server/store"
)

// attributeText is an attribute's value as a page shows it.
func attributeText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case json.Number:
		return v.String()
	default:
		return fmt.Sprint(v)
	}
}

// readDemo reads the demo's works; the url of each becomes its page.
func readDemo(fsys fs.FS) ([]store.Item, error) {
	names, err := fs.Glob(fsys, "*.jsonl")
	if err != nil {
		return nil, fmt.Errorf("list the demo's works: %w", err)
	}
	var items []store.Item
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read the demo's works %s: %w", name, err)
		}
		lines := bufio.NewScanner(bytes.NewReader(data))
		lines.Buffer(nil, maxRowBytes)
		for n := 1; lines.Scan(); n++ {
			if len(bytes.TrimSpace(lines.Bytes())) == 0 {
				continue
			}
			var it store.Item
			if err := decode(lines.Bytes(), &it, "item"); err != nil {
				return nil, fmt.Errorf("read the demo's works %s:%d: %w", name, n, err)
			}
			it.URL = workPath(it.ID)
			items = append(items, it)
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("read the demo's works %s: %w", name, err)
		}
	}
	return items, nil
}

// loadDemo puts the demo's works into an empty catalog and leaves any other alone.
func loadDemo(ctx context.Context, c Catalog, fsys fs.FS, log *slog.Logger) error {
	items, err := readDemo(fsys)
	if err != nil {
		return err
	}
	there, err := c.Items(ctx, "", 1)
	if err != nil {
		return fmt.Errorf("look for items before loading the demo: %w", err)
	}
	if len(there) > 0 {
		for _, it := range items {
			if it.ID == there[0].ID {
				return nil // the demo's own works, from an earlier run
			}
		}
		log.Info("the catalog holds items of its own; the demo's works are not added", "first", there[0].ID)
		return nil
	}
	for start := 0; start < len(items); start += batchRows {
		results, err := c.PutItems(ctx, items[start:min(start+batchRows, len(items))])
		if err != nil {
			return fmt.Errorf("load the demo's works: %w", err)
		}
		for _, res := range results {
			if res.Err != nil {
				return fmt.Errorf("load the demo's work %q: %w", res.ID, res.Err)
			}
		}
	}
	if err := c.Settle(ctx); err != nil { // the first visitor sees what is like what
		return fmt.Errorf("relate the demo's works: %w", err)
	}
	log.Info("loaded the demo's works", "items", len(items))
	return nil
}
