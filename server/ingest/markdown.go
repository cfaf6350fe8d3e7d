package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/adrg/frontmatter"

	"nigh/server/store"
)

// markdownFile reads one page.
func (r *reader) markdownFile(in *input, emit func(Place, store.Item, error)) error {
	place := Place{Source: in.name}
	text, err := io.ReadAll(io.LimitReader(in, MaxRow+1))
	if err != nil {
		return in.readError(err)
	}
	p := in.page
	if p.file == "" { // a file by itself
		p.file, p.path = in.name, strings.TrimSuffix(path.Base(urlPath(in.name)), ".gz")
		p.path = strings.TrimSuffix(p.path, path.Ext(p.path))
	}
	switch {
	case len(text) > MaxRow:
		emit(place, store.Item{}, &fieldError{reason: fmt.Sprintf("the file is longer than %d MiB", MaxRow>>20), hint: "split it"})
		return nil
	case !utf8.Valid(text):
		emit(place, store.Item{}, errNotUTF8)
		return nil
	}
	fields, body, err := splitFrontMatter(text)
	if err != nil {
		emit(place, store.Item{}, err)
		return nil
	}
	if fields == nil && p.site == jekyllSite {
		emit(place, store.Item{}, &fieldError{reason: "the post has no front matter", hint: "Jekyll leaves such files alone; begin it with two lines of ---"})
		return nil
	}
	it, err := r.pageItem(p, fields, body)
	if other := r.pages[it.ID]; other != "" && err == nil {
		err = &fieldError{reason: fmt.Sprintf("the page has the id %s, as %s has", quote(it.ID), other), hint: "give one of them another slug or id"}
	}
	if err == nil {
		r.pages[it.ID] = in.name
	}
	emit(place, it, err)
	return nil
}

// splitFrontMatter returns the fields of the front matter, their names in lower case, and the rest. Without front
// matter fields is nil.
func splitFrontMatter(text []byte) (fields map[string]any, body []byte, err error) {
	first, _, _ := bytes.Cut(bytes.TrimLeft(text, "\r\n\t "), []byte("\n"))
	opens := string(bytes.TrimSpace(first))
	switch opens {
	case "---", "---yaml", "---toml", "---json", "+++", ";;;", "{":
	default:
		return nil, text, nil
	}
	if opens == "{" {
		return splitJSON(text)
	}
	raw := map[string]any{}
	body, err = frontmatter.MustParse(bytes.NewReader(append(text, '\n')), &raw)
	switch {
	case errors.Is(err, frontmatter.ErrNotFound):
		return nil, nil, &fieldError{reason: fmt.Sprintf("the front matter that %q opens does not end", opens), hint: "end it with a line like its first"}
	case err != nil:
		reason, _, _ := strings.Cut(err.Error(), "\n")
		return nil, nil, &fieldError{reason: "the front matter is broken: " + reason, hint: "put texts with a colon in quotes, and check its indentation"}
	}
	return plainFields(raw), body, nil
}

// splitJSON is splitFrontMatter for Hugo's JSON, which is the object that a file begins with: nothing else ends it, and
// no blank line need follow. A text that begins with a brace and is no JSON has no front matter.
func splitJSON(text []byte) (fields map[string]any, body []byte, err error) {
	raw := map[string]any{}
	dec := json.NewDecoder(bytes.NewReader(text))
	if dec.Decode(&raw) != nil {
		return nil, text, nil
	}
	return plainFields(raw), text[dec.InputOffset():], nil
}

func plainFields(raw map[string]any) map[string]any {
	fields := make(map[string]any, len(raw))
	for name, v := range raw {
		fields[strings.ToLower(name)] = plainMaps(v, 0)
	}
	return fields
}

// plainMaps turns the maps that YAML makes into those of JSON.
func plainMaps(v any, depth int) any {
	if depth > 20 {
		return nil
	}
	switch v := v.(type) {
	case map[any]any:
		m := make(map[string]any, len(v))
		for k, x := range v {
			if s, ok := plain(k); ok {
				m[s] = plainMaps(x, depth+1)
			}
		}
		return m
	case map[string]any:
		for k, x := range v {
			v[k] = plainMaps(x, depth+1)
		}
	case []any:
		for i, x := range v {
			v[i] = plainMaps(x, depth+1)
		}
	}
	return v
}

// pageItem makes an item of a page. What a field is called follows Jekyll and Hugo; Options.Map comes first.
func (r *reader) pageItem(p page, fm map[string]any, body []byte) (store.Item, error) {
	fields := map[string]any{}
	for field, names := range pageFields {
		for _, name := range names {
			if v, ok := fm[name]; ok && v != nil {
				fields[field] = v
				break
			}
		}
	}
	for field, name := range r.opt.Map {
		if v, ok := fm[strings.ToLower(name)]; ok {
			fields[field] = v
		}
	}
	for _, field := range []string{"tags", "categories"} {
		fields[field] = pageLabels(p.site, fields[field])
	}
	fields["image"] = pageImage(fields["image"])

	// The values stand under their own names now, so they are read without the map.
	own := &reader{ctx: r.ctx, spec: r.spec}
	c := converter{r: own, fields: fields}
	title, text := markdownText(body)
	day, name := p.nameDate()
	slug := c.text("slug")
	it := store.Item{
		ID:          c.text("id"),
		Title:       oneLine(plainText(c.text("title"))),
		Description: joinTexts(plainText(c.text("description")), text),
		Image:       withBaseIfRooted(r.opt.BaseURL, c.text("image")),
		Author:      c.author("author"),
		Language:    c.text("language"),
		Tags:        c.labels("tags"),
		Categories:  c.labels("categories"),
		PublishedAt: c.time("published_at"),
		ExpiresAt:   c.time("expires_at"),
		Hidden:      c.bool("hidden") || c.bool("draft") || p.draft,
		Pinned:      c.place("pinned"),
		Boost:       c.number("boost"),
	}
	it.Attributes = c.attributes()
	if fields["published"] != nil && !c.bool("published") {
		it.Hidden = true
	}
	if it.ID == "" {
		it.ID = p.id(slug)
	}
	if it.Title == "" {
		it.Title = title
	}
	if it.Title == "" {
		it.Title = strings.TrimSpace(strings.NewReplacer("-", " ", "_", " ").Replace(name))
	}
	if len(p.categories) > 0 {
		it.Categories = tidyLabels(append(append([]string(nil), p.categories...), it.Categories...))
	}
	if it.PublishedAt == nil {
		it.PublishedAt = day
	}
	it.URL = withBase(r.opt.BaseURL, p.link(c.text("url"), slug, pageDay(fields["published_at"], it.PublishedAt), it.Categories))
	if c.err == nil && (it.ID == "" || it.ID == ".") {
		it.ID = "index"
	}
	return it, c.error()
}

// pageFields are the names that front matter has for what an item holds, the first that is there counts.
var pageFields = map[string][]string{
	"id":           {"id"},
	"title":        {"title", "linktitle"},
	"description":  {"description", "summary", "excerpt", "subtitle"},
	"author":       {"author", "authors"},
	"language":     {"language", "lang"},
	"tags":         {"tags", "tag", "keywords"},
	"categories":   {"categories", "category"},
	"published_at": {"publishdate", "date", "published_at"},
	"expires_at":   {"expirydate", "expires_at"},
	"slug":         {"slug"},
	"url":          {"permalink", "url"},
	"image":        {"image", "images", "cover", "featured_image", "thumbnail"},
	"draft":        {"draft"},
	"published":    {"published"},
	"hidden":       {"hidden"},
	"pinned":       {"pinned"},
	"boost":        {"boost"},
	"attributes":   {"attributes"},
}

// pageLabels reads a text of labels as its generator would: Jekyll splits at blanks, and commas separate everywhere.
func pageLabels(site siteKind, v any) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	var parts []string
	switch {
	case strings.ContainsAny(s, ",;|"):
		parts = strings.FieldsFunc(s, func(c rune) bool { return strings.ContainsRune(",;|", c) })
	case site == jekyllSite:
		parts = strings.Fields(s)
	default:
		parts = []string{s}
	}
	list := make([]any, len(parts))
	for i, p := range parts {
		list[i] = p
	}
	return list
}

// pageImage finds the address in what themes call an image: a text, a list of them, or a map.
func pageImage(v any) any {
	switch v := v.(type) {
	case []any:
		if len(v) > 0 {
			return pageImage(v[0])
		}
		return nil
	case map[string]any:
		for _, name := range []string{"image", "url", "src", "path"} {
			if s, ok := v[name].(string); ok {
				return s
			}
		}
		return nil
	}
	return v
}

// pageDay is the day that a page's address shows: as written, in the zone of the author, not in UTC.
func pageDay(written any, published *time.Time) *time.Time {
	switch w := written.(type) {
	case time.Time:
		return &w
	case string:
		if t, err := parseTime(strings.TrimSpace(w)); err == nil {
			return &t
		}
	}
	return published
}

var placeholder = regexp.MustCompile(`:(categories|year|month|day|title|slug)\b`)

// link returns the path of a page: the one that its front matter sets, Jekyll's placeholders filled in, or the default.
func (p page) link(permalink, slug string, date *time.Time, categories []string) string {
	if permalink == "" {
		return p.url(slug, date, categories)
	}
	if isURL(permalink) {
		return permalink
	}
	_, name := p.nameDate()
	if slug != "" {
		name = slug
	}
	filled := placeholder.ReplaceAllStringFunc(permalink, func(m string) string {
		switch {
		case m == ":categories":
			return strings.ToLower(strings.Join(categories, "/"))
		case m == ":title" || m == ":slug":
			return name
		case date == nil:
			return ""
		}
		return date.Format(map[string]string{":year": "2006", ":month": "01", ":day": "02"}[m])
	})
	return escapePath(path.Clean("/"+filled) + trailingSlash(filled))
}

func trailingSlash(s string) string {
	if strings.HasSuffix(s, "/") && strings.Trim(s, "/") != "" {
		return "/"
	}
	return ""
}

func withBaseIfRooted(base, link string) string {
	if strings.HasPrefix(link, "/") && !strings.HasPrefix(link, "//") {
		return withBase(base, link)
	}
	return link
}
