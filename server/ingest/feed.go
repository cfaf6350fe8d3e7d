package ingest

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/mmcdole/gofeed"

	"nigh/core/text"
	"nigh/server/store"
)

// feed reads RSS, Atom or JSON Feed.
func (r *reader) feed(in *input, emit func(Place, store.Item, error)) error {
	if len(r.opt.Map) > 0 {
		return fmt.Errorf("read %s: a feed has fixed fields, so --map cannot apply; leave it out", in.name)
	}
	body := &bounded{from: in, left: MaxFeed}
	feed, err := gofeed.NewParser().Parse(body)
	switch {
	case body.left < 0:
		return fmt.Errorf("read %s: the feed is longer than %d MiB; split it, or export it as JSON Lines", in.name, MaxFeed>>20)
	case body.err != nil:
		return in.readError(body.err)
	case errors.Is(err, gofeed.ErrFeedTypeNotDetected):
		return fmt.Errorf("read %s: it is neither RSS nor Atom nor JSON Feed; check the address, or use --format", in.name)
	case err != nil:
		return fmt.Errorf("read %s: the feed is broken (%w); check it with a feed validator", in.name, err)
	}
	base := r.feedBase(in.name, feed)
	for i, entry := range feed.Items {
		if err := r.alive(); err != nil {
			return err
		}
		it, err := feedItem(feed, entry, base)
		emit(Place{Source: in.name, Entry: i + 1}, it, err)
	}
	return nil
}

// feedBase returns what relative links of a feed are relative to, or nil.
func (r *reader) feedBase(source string, feed *gofeed.Feed) *url.URL {
	for _, s := range []string{r.opt.BaseURL, feed.Link, feed.FeedLink, source} {
		if u, err := url.Parse(s); err == nil && isURL(s) {
			return u
		}
	}
	return nil
}

func feedItem(feed *gofeed.Feed, entry *gofeed.Item, base *url.URL) (store.Item, error) {
	it := store.Item{
		ID:          strings.TrimSpace(entry.GUID),
		Title:       oneLine(plainText(entry.Title)),
		Description: joinTexts(plainText(entry.Description), plainText(entry.Content)),
		URL:         resolve(base, strings.TrimSpace(entry.Link)),
		Author:      feedAuthor(entry.Authors),
		Language:    feedLanguage(feed, entry),
		Tags:        tidyLabels(mapStrings(entry.Categories, plainText)),
		PublishedAt: entry.PublishedParsed,
	}
	if it.ID == "" {
		it.ID = it.URL
	}
	if it.Author == "" {
		it.Author = feedAuthor(feed.Authors)
	}
	if it.PublishedAt == nil {
		it.PublishedAt = entry.UpdatedParsed
	}
	if it.PublishedAt != nil {
		t := it.PublishedAt.UTC()
		it.PublishedAt = &t
	}
	it.Image = resolve(base, feedImage(entry))
	if it.ID == "" {
		return it, &fieldError{reason: "the entry has neither a guid (id) nor a link", hint: "give it one: nothing else names it for good"}
	}
	return it, nil
}

// feedLanguage is the entry's own language (dc:language) or the feed's. What is no tag ("English") is left out: who
// imports a feed did not write it.
func feedLanguage(feed *gofeed.Feed, entry *gofeed.Item) string {
	tags := []string{feed.Language}
	if entry.DublinCoreExt != nil {
		tags = append(slices.Clone(entry.DublinCoreExt.Language), tags...)
	}
	for _, tag := range tags {
		if tag = strings.TrimSpace(tag); tag == "" {
			continue
		}
		if _, ok := text.ParseLanguage(tag); ok {
			return tag
		}
	}
	return ""
}

func feedAuthor(people []*gofeed.Person) string {
	var names []string
	for _, p := range people {
		if p == nil {
			continue
		}
		name := strings.TrimSpace(p.Name)
		if name == "" {
			name = strings.TrimSpace(p.Email)
		}
		if name != "" {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func feedImage(entry *gofeed.Item) string {
	if entry.Image != nil && entry.Image.URL != "" {
		return entry.Image.URL
	}
	for _, e := range entry.Enclosures {
		if e != nil && strings.HasPrefix(e.Type, "image/") {
			return e.URL
		}
	}
	return ""
}

// resolve makes a relative link absolute, if there is something to make it so.
func resolve(base *url.URL, link string) string {
	if base == nil || link == "" {
		return link
	}
	u, err := url.Parse(link)
	if err != nil || u.IsAbs() {
		return link
	}
	return base.ResolveReference(u).String()
}

// joinTexts returns a summary and the text after it, or the text alone if it says the summary itself.
func joinTexts(summary, text string) string {
	opening := strings.TrimRight(summary, " .…")
	switch {
	case text == "":
		return summary
	case opening == "" || strings.Contains(oneLine(text), oneLine(opening)):
		return text
	}
	return summary + "\n\n" + text
}

func mapStrings(list []string, f func(string) string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = f(s)
	}
	return out
}

// bounded ends with an error after left bytes, and remembers why it ended.
type bounded struct {
	from io.Reader
	left int64
	err  error
}

var errTooLong = errors.New("too long")

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLong
	}
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}
