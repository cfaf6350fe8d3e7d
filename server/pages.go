package server

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"nigh/core"
	"nigh/server/catalog"
	"nigh/server/store"
	"nigh/webapp"
)

// What the demo's pages show.
const (
	homeItems    = 36 // of which the page shows the first as the list, the rest to browse
	homeTopics   = 18
	similarItems = 12
	topicSample  = 5000 // items whose tags are counted
	topicTime    = time.Minute
)

// pages renders the demo's pages.
type pages struct {
	catalog Catalog
	guard   *Guard
	topics  topics

	simulated int // readers who are none
}

// plainPage is what a server without the demo says at its root, and the demo where it cannot be used.
var plainPage = template.Must(template.New("plain").Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>nigh</title></head>
<body>
<h1>nigh</h1>
<p>This server recommends content. {{.Says}}</p>
<ul>
<li><a href="/docs/">The API, to browse and to try</a></li>
<li><a href="/openapi.json">Its description (OpenAPI 3.1)</a></li>
<li><a href="/readyz">Whether it is ready</a></li>
</ul>
</body>
</html>
`))

// plain answers with the page that says what runs here.
func plain(says string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var page bytes.Buffer
		if err := plainPage.Execute(&page, struct{ Says string }{says}); err != nil {
			writeProblem(w, err)
			return
		}
		writePage(w, r, http.StatusOK, page.Bytes())
	}
}

// writePage sends a whole page.
func writePage(w http.ResponseWriter, r *http.Request, status int, page []byte) {
	setPagePolicy(w, r)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", cacheNever)
	w.WriteHeader(status)
	_, _ = w.Write(page) // a client that is gone needs no page
}

// anonymous tells whether the page's reader is who their browser is: a closed server takes nobody's word for a name.
func (p *pages) anonymous(ctx context.Context) bool {
	return p.guard.closed(ctx) && !p.guard.trustNames
}

// render sends a page of the demo.
func (p *pages) render(w http.ResponseWriter, r *http.Request, status int, page webapp.Page) {
	page.Anonymous = p.anonymous(r.Context())
	page.Simulated = p.simulated
	var out bytes.Buffer
	if err := webapp.Render(&out, page); err != nil {
		noteError(r.Context(), err)
		writeProblem(w, err)
		return
	}
	writePage(w, r, status, out.Bytes())
}

// home is the front page: what is popular and new, for a reader of whom nothing is known. The page's forms work without
// its script too: q is what was typed, topic a tag and category a shelf that was chosen.
func (p *pages) home(w http.ResponseWriter, r *http.Request) {
	var wishes Preferences
	asked := r.URL.Query()
	weights := map[prefKey]float64{}
	if q := strings.TrimSpace(asked.Get("q")); q != "" {
		weights[prefKey{core.PreferText, q}] = 1
	}
	for _, topic := range asked["topic"] {
		weights[prefKey{core.PreferTag, topic}] = 1
	}
	if wishes.set(weights) != nil {
		wishes = nil // longer than anything the page sends
	}
	request := catalog.Request{Limit: homeItems, Preferences: core.Preferences(wishes)}
	if category := asked.Get("category"); category != "" {
		request.Filter = (&core.Wanted{Labels: core.Labels{Categories: []string{category}}}).Filter()
	}
	res, err := p.catalog.Recommend(r.Context(), request)
	if _, ok := errors.AsType[*catalog.InputError](err); ok {
		res, err = p.catalog.Recommend(r.Context(), catalog.Request{Limit: homeItems})
	}
	if err == nil {
		var tags []string
		if tags, err = p.topics.get(r.Context(), p.catalog); err == nil {
			p.render(w, r, http.StatusOK, webapp.Page{Items: cards(res), Topics: tags})
			return
		}
	}
	p.fail(w, r, err)
}

// work is a work's page: the item and what is like it.
func (p *pages) work(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	it, err := p.catalog.Item(r.Context(), id)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	res, err := p.catalog.Similar(r.Context(), id, catalog.Request{Limit: similarItems, Explain: true})
	if err != nil {
		p.fail(w, r, err)
		return
	}
	tags, err := p.topics.get(r.Context(), p.catalog) // for the way home, which needs no other page
	if err != nil {
		p.fail(w, r, err)
		return
	}
	card := workCard(it)
	p.render(w, r, http.StatusOK, webapp.Page{
		Title: cmp.Or(it.Title, it.ID), Work: &card, Similar: cards(res), Topics: tags,
	})
}

// fail renders the page that says that nothing is here, or a problem where the server is at fault.
func (p *pages) fail(w http.ResponseWriter, r *http.Request, err error) {
	if _, ok := errors.AsType[*catalog.InputError](err); ok || errors.Is(err, store.ErrNotFound) {
		p.notFound(w, r)
		return
	}
	noteError(r.Context(), err)
	writeProblem(w, err)
}

func (p *pages) notFound(w http.ResponseWriter, r *http.Request) {
	p.render(w, r, http.StatusNotFound, webapp.Page{Title: "Not found", NotFound: true})
}

func cards(res catalog.Result) []webapp.Card {
	out := make([]webapp.Card, 0, len(res.Recommendations))
	for _, r := range res.Recommendations {
		if r.Record == nil {
			continue
		}
		c := newCard(&r.Record.Card)
		card := webapp.Card{ID: r.ID, Title: cmp.Or(c.Title, r.ID), Summary: c.Summary, URL: c.URL, Image: c.Image,
			Author: c.Author, Tags: c.Tags, Categories: c.Categories, Attributes: c.Attributes}
		card.Why = why(r.Reasons)
		out = append(out, card)
	}
	return out
}

// why says the first reasons in a sentence.
func why(reasons []catalog.Reason) string {
	var labels []string
	for _, r := range reasons {
		switch r.Kind {
		case "tag", "term", "category", "author":
			if r.Value != "" && len(labels) < 3 && !slices.Contains(labels, r.Value) {
				labels = append(labels, r.Value)
			}
		}
	}
	if len(labels) == 0 {
		return ""
	}
	return "Shares " + strings.Join(labels, ", ")
}

// workCard is an item as it was given, whole, for its own page.
func workCard(it store.Item) webapp.Card {
	card := webapp.Card{ID: it.ID, Title: cmp.Or(it.Title, it.ID), Summary: it.Description, URL: core.SafeURL(it.URL),
		Image: core.SafeURL(it.Image), Author: it.Author, Tags: it.Tags, Categories: it.Categories}
	if len(it.Attributes) > 0 {
		card.Attributes = map[string]string{}
		for name, value := range it.Attributes {
			card.Attributes[name] = attributeText(value)
		}
	}
	return card
}

// workPath is the address of a work's page.
func workPath(id string) string { return "/works/" + url.PathEscape(id) }

// topics are the tags that most items have, counted at most once a topicTime.
type topics struct {
	mu   sync.Mutex // for the fields below; held while counting, so that one request counts and the others wait
	list []string
	at   time.Time
}

func (t *topics) get(ctx context.Context, c Catalog) ([]string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.list != nil && time.Since(t.at) < topicTime {
		return t.list, nil
	}
	counts := map[string]int{}
	after := ""
	for seen := 0; seen < topicSample; {
		items, err := c.Items(ctx, after, maxPage)
		if err != nil {
			return nil, err
		}
		for _, it := range items {
			for _, tag := range it.Tags {
				counts[tag]++
			}
		}
		seen += len(items)
		if len(items) < maxPage {
			break
		}
		after = items[len(items)-1].ID
	}
	list := make([]string, 0, len(counts))
	for tag := range counts {
		list = append(list, tag)
	}
	slices.SortFunc(list, func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	t.list, t.at = list[:min(len(list), homeTopics)], time.Now()
	return t.list, nil
}
