package bench

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"nigh/server/ingest"
	"nigh/server/store"
)

// DemoLike makes n items, and events of readers of them, out of those of a small catalog, by chance but always the same.
// An item has the first half of one work's text and the second of another that shares a tag with it, a title of both,
// the labels of the first but for one, and an author of whom there are as many as in life. One word in eight is a name
// that was made up: so the vocabulary grows with the catalog, as that of real texts does, and few texts repeat
// another's words for long. Items that share much do not stand near each other.
func DemoLike(works []store.Item, n, events int) ([]store.Item, []store.Event) {
	rnd := rand.New(rand.NewPCG(5, 9))
	byTag := map[string][]int{}
	for i := range works {
		for _, tag := range works[i].Tags {
			byTag[tag] = append(byTag[tag], i)
		}
	}
	names := rand.NewZipf(rnd, 1.05, 20, uint64(3*n))
	name := func() string { return syllables(names.Uint64()) }
	all := make([]store.Item, n)
	readers := map[string][]int{}   // items by tag
	used := make([]int, len(works)) // for its second half, by which item last
	order := rnd.Perm(len(works))
	for i := range all {
		a := &works[order[i%len(order)]]
		b := a
		if len(a.Tags) > 0 { // the one that was used longest ago
			same := byTag[a.Tags[rnd.IntN(len(a.Tags))]]
			oldest := slices.MinFunc(same, func(x, y int) int { return cmp.Compare(used[x], used[y]) })
			b, used[oldest] = &works[oldest], i
		}
		words := halves(a.Description, b.Description)
		for j := range words {
			if rnd.IntN(8) == 0 {
				words[j] = name()
			}
		}
		it := store.Item{
			Title:       strings.Join(halves(a.Title, name()+" "+b.Title), " "),
			Description: strings.Join(words, " "),
			Author:      name() + " " + name(),
			Categories:  a.Categories, Attributes: a.Attributes,
		}
		it.ID = fmt.Sprintf("%s-%d", slug(it.Title), i)
		it.URL = "/works/" + it.ID
		for _, tag := range a.Tags {
			if rnd.IntN(len(a.Tags)) > 0 {
				it.Tags = append(it.Tags, tag)
			}
		}
		for _, tag := range it.Tags {
			readers[tag] = append(readers[tag], i)
		}
		at := start.Add(-time.Duration(rnd.IntN(5*365*24)) * time.Hour)
		it.PublishedAt = &at
		all[i] = it
	}
	log := make([]store.Event, 0, events)
	for session := 0; len(log) < events; session++ {
		it := &all[rnd.IntN(n)]
		if len(it.Tags) == 0 {
			continue
		}
		like := readers[it.Tags[0]]
		for range 1 + rnd.IntN(12) {
			// Of what shares a tag the first items are the most popular.
			log = append(log, store.Event{
				User: fmt.Sprintf("reader-%d", session), Item: all[like[int(math.Pow(rnd.Float64(), 2)*float64(len(like)))]].ID,
				Kind: "view", At: start.Add(time.Duration(len(log)) * time.Second),
			})
		}
	}
	return all, log[:events]
}

// ReadWorks reads the items of files *.jsonl, such as the demo's.
func ReadWorks(ctx context.Context, files fs.FS) ([]store.Item, error) {
	names, err := fs.Glob(files, "*.jsonl")
	if err != nil {
		return nil, fmt.Errorf("list the works: %w", err)
	}
	var all []byte
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read works: %w", err)
		}
		all = append(append(all, b...), '\n')
	}
	return ReadItems(ctx, "-", ingest.Options{Stdin: bytes.NewReader(all), Format: ingest.FormatJSONL})
}

// halves are the first half of a's words and the second of b's.
func halves(a, b string) []string {
	x, y := strings.Fields(a), strings.Fields(b)
	return append(append([]string{}, x[:(len(x)+1)/2]...), y[len(y)/2:]...)
}

// syllables is the nth of names that were made up, the first ones short.
func syllables(n uint64) string {
	const consonants, vowels = "bdfgklmnprstvz", "aeiou"
	b := []byte{}
	for n += 70; n > 0; n /= 70 {
		b = append(b, consonants[n%14], vowels[n/14%5])
	}
	b[0] -= 'a' - 'A'
	return string(b)
}

// slug is s as it stands in an address.
func slug(s string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r == ' ', r == '-':
			return '-'
		}
		return -1
	}, s), "-")
}
