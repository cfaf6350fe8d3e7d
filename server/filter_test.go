package server

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"nigh/core"
	"nigh/core/replica"
	"nigh/core/wire"
	"nigh/server/store"
)

// What a body says and what a query says is the same question, and has the same answer.
func TestFilter_MeansTheSameInBodyAndQuery(t *testing.T) {
	c := openCatalog(t)
	s := newTestServer(t, Live(c), nil)
	items := strings.NewReplacer(`"id":"moby-dick"`, `"published_at":"1851-10-18T00:00:00Z","id":"moby-dick"`,
		`"id":"dracula"`, `"published_at":"2020-05-26T12:30:00Z","id":"dracula"`,
		`"id":"carmilla"`, `"published_at":"2020-05-26T13:00:00Z","id":"carmilla"`).Replace(shelf)
	wantStatus(t, call(t, s, post, "/v1/items", items, "Content-Type", "application/x-ndjson"), 200)
	if err := c.Settle(t.Context()); err != nil { // else the revision of what is learnt moves between the two answers
		t.Fatal(err)
	}
	for _, c := range []struct{ body, query, want string }{
		{`{"categories":["short stories"]}`, "categories=short stories", "carmilla"},
		{`{"any":{"tags":["whaling"],"authors":["Jack London"]}}`, "any=tag:whaling,author:Jack London", "moby-dick the-sea-wolf"},
		{`{"all":{"tags":["sea","pirates"]}}`, "all=tag:sea,tag:pirates", "treasure-island"},
		{`{"categories":"novel","not":{"tags":["sea"]}}`, "categories=novel&not=tag:sea", "dracula"},
		{`{"any":{"tags":"sea"},"not":{"authors":"Jack London","attributes":{"year":1851}}}`, "any=tag:sea&not=author:Jack London,attribute:year=1851", "treasure-island"},
		{`{"until":"2020-05-26T13:00:00Z"}`, "until=2020-05-26T13:00:00Z", "dracula moby-dick"},
		{`{"since":"2020-05-26T12:00:00Z","until":"2020-05-27"}`, "since=2020-05-26T12:00:00Z&until=2020-05-27", "carmilla dracula"},
		{`{"since":"2020-05-26T13:00:00Z","all":{"categories":"short stories"}}`, "since=2020-05-26T13:00:00Z&all=category:short stories", "carmilla"},
		{`{"any":{}}`, "any=", "a/b ? carmilla dracula moby-dick the-sea-wolf treasure-island"},
	} {
		query := "/v1/recommendations?" + strings.ReplaceAll(c.query, " ", "%20")
		a, b := call(t, s, post, "/v1/recommendations", `{"filter":`+c.body+`}`), call(t, s, get, query, "")
		wantStatus(t, a, 200)
		wantStatus(t, b, 200)
		var list Recommendations
		decodeAnswer(t, a, &list)
		got := ids(list)
		slices.Sort(got)
		if strings.Join(got, " ") != c.want || a.Body.String() != b.Body.String() {
			t.Errorf("%s = %v, want %s; as a query\n%s, want\n%s", c.body, got, c.want, b.Body, a.Body)
		}
	}
	many := strings.Repeat(`"x",`, core.MaxFilter) + `"y"`
	for _, c := range []struct{ method, path, body, says string }{
		{get, "?any=sea", "", "tag:sea,author:Melville"},
		{get, "?not=tag:", "", "not has"},
		{get, "?all=attribute:year", "", "attribute:year=1851"},
		{get, "?since=yesterday", "", "2026-06-01"},
		{get, "?after=hello", "", "leave it out to begin again"},
		{post, "", `{"after":"AbC"}`, "after is no cursor"},
		{post, "", `{"filter":{"since":"yesterday"}}`, "for a time"},
		{post, "", `{"filter":{"until":7}}`, "filter says"},
		{post, "", `{"filter":{"nor":{}}}`, "nor"},
		{post, "", `{"filter":{"not":{"tags":{"a":1}}}}`, "filter"},
		{post, "", `{"filter":{"not":{"tags":[` + many + `]}}}`, "201 labels"},
	} {
		w := call(t, s, c.method, "/v1/recommendations"+c.path, c.body)
		wantStatus(t, w, 422)
		if !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s %s = %s, want %q in it", c.path, clip(c.body), w.Body, c.says)
		}
	}
}

func TestSimilar_IsFilteredAndPagedAsEveryList(t *testing.T) {
	c := openCatalog(t)
	s := newTestServer(t, Live(c), nil)
	var lines strings.Builder
	for i := range 9 {
		fmt.Fprintf(&lines, `{"id":"i%d","title":"Whales of the sea","description":"number %[1]d","tags":["t%[2]d"],"pinned":1,"boost":4}`+"\n", i, i%2)
	}
	wantStatus(t, call(t, s, post, "/v1/items", lines.String(), "Content-Type", "application/x-ndjson"), 200)
	if err := c.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := func(query string) (l Recommendations) {
		w := call(t, s, get, "/v1/items/i0/similar?explain=true&"+query, "")
		wantStatus(t, w, 200)
		decodeAnswer(t, w, &l)
		for _, r := range l.Recommendations {
			for _, why := range r.Reasons {
				if why.Kind != "item" && why.Kind != "popular" {
					t.Errorf("%s is like i0 because it is %s", r.ID, why.Kind)
				}
			}
		}
		return l
	}
	all := ids(list(""))
	if len(all) != 8 {
		t.Fatalf("like i0 are %v, want the 8 others", all)
	}
	first := list("limit=5")
	second := list("limit=5&after=" + first.Next)
	if got := append(ids(first), ids(second)...); !slices.Equal(got, all) || second.Next != "" {
		t.Errorf("two pages are %v with next %q, want %v", got, second.Next, all)
	}
	if got := ids(list("not=tag:t1&exclude=i2")); len(got) != 3 {
		t.Errorf("without t1 and i2: %v, want i4, i6 and i8", got)
	}
	wantStatus(t, call(t, s, get, "/v1/items/i0/similar?after=torn", ""), 422)
}

func TestPages_TurnOverRESTAndTheSocket(t *testing.T) {
	s, addr := startTestServer(t, Live(openCatalog(t)), nil)
	var lines strings.Builder
	for i := range 11 {
		fmt.Fprintf(&lines, "{\"id\":\"i%d\",\"pinned\":%d}\n", i, i/10*2)
	}
	wantStatus(t, call(t, s, post, "/v1/items", lines.String(), "Content-Type", "application/x-ndjson"), 200)
	var all []string
	after := ""
	for _, size := range []int{4, 4, 3} {
		var page, simply Recommendations
		decodeAnswer(t, call(t, s, post, "/v1/recommendations", fmt.Sprintf(`{"limit":4,"after":%q}`, after)), &page)
		decodeAnswer(t, call(t, s, get, "/v1/recommendations?limit=4&after="+url.QueryEscape(after), ""), &simply)
		if got := ids(page); len(got) != size || !slices.Equal(got, ids(simply)) || (page.Next == "") != (size == 3) {
			t.Fatalf("page after %q = %v with next %q, simply %v, want %d", after, got, page.Next, ids(simply), size)
		}
		all, after = append(all, ids(page)...), page.Next
	}
	if all[1] != "i10" {
		t.Errorf("the second place has %s, want i10, which is pinned there", all[1])
	}
	slices.Sort(all)
	if all = slices.Compact(all); len(all) != 11 {
		t.Errorf("the pages show %v, want each of 11 once", all)
	}
	p := dial(t, addr, nil)
	p.send(`{"limit":2,"filter":{"not":{"tags":["x"]}}}`)
	first := p.want()
	p.send(fmt.Sprintf(`{"limit":2,"after":%q}`, first.Next))
	second := p.want()
	for _, id := range ids(second.Recommendations) {
		if slices.Contains(ids(first.Recommendations), id) || len(second.Recommendations.Recommendations) != 2 {
			t.Errorf("the socket's second page is %v after %v", ids(second.Recommendations), ids(first.Recommendations))
		}
	}
	p.send(`{"after":"hello"}`)
	if got := p.want(); !strings.Contains(got.Error, "after is no cursor") {
		t.Errorf("a torn cursor over the socket = %+v, want to be told", got)
	}
}

// A reader without a name has the same new items in the same places on both sides, and the same pages.
func TestSync_AgreesOnFiltersPagesAndNewItemsForANamelessReader(t *testing.T) {
	ch := newChannel(t, nil, nil)
	var items []store.Item
	for i := range 60 {
		at := time.Now().Add(-time.Duration(1+i%2*8000) * time.Hour) // half of them long ago
		it := store.Item{ID: fmt.Sprint("item-", i), Title: "A book", Tags: []string{[]string{"sea", "space", "war"}[i%3]}, PublishedAt: &at}
		it.Boost = float64(i % 3)
		items = append(items, it)
	}
	if _, err := ch.catalog.PutItems(t.Context(), items); err != nil {
		t.Fatal(err)
	}
	for i := range 60 { // the old ones are met
		var events []store.Event
		for range i % 2 * 20 {
			events = append(events, store.Event{User: fmt.Sprint("u", i%7), Item: items[i].ID, Kind: "like"})
		}
		if _, err := ch.catalog.RecordEvents(t.Context(), events); err != nil {
			t.Fatal(err)
		}
	}
	if err := ch.catalog.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t, ch, "nameless", "")
	filter := (&core.Wanted{Not: core.Labels{Tags: []string{"war"}}}).Filter()
	b.step(replica.Ask{Question: replica.Question{Name: "you", Limit: 8, Filter: filter}})
	b.untilLive()
	shown := map[core.ItemID]bool{}
	for page := range 3 {
		agreed := b.status.Agreed
		if page > 0 {
			l, _ := b.last(false)
			b.step(replica.Ask{Question: replica.Question{Name: "you", Limit: 8, Filter: filter, After: l.Next}})
		}
		b.until("a list that could be compared", func() bool { return b.status.Agreed > agreed })
		l, _ := b.last(true)
		for _, it := range l.Items {
			if shown[it.Record.ID] || slices.Contains(it.Record.Card.Tags, "war") {
				t.Errorf("page %d shows %s again, or against the filter", page, it.Record.ID)
			}
			shown[it.Record.ID] = true
		}
	}
	if b.status.Differ != 0 {
		t.Errorf("Differ = %d, want 0", b.status.Differ)
	}
	b.step(replica.Ask{Question: replica.Question{Name: "you", After: "torn"}})
	if b.status.Error == "" {
		t.Error("a torn cursor is not told of")
	}
	conn := ch.dial(t, nil)
	write(t, conn, 2, wire.Encode(&wire.Hello{Version: wire.Version, Client: "raw"}))
	write(t, conn, 2, wire.Encode(&wire.Ask{Name: "1", After: "torn"}))
	for {
		m, err := read(t, conn)
		if err != nil {
			t.Fatal(err)
		}
		if fault, ok := m.(*wire.Error); ok {
			if !strings.Contains(fault.Reason, "after") || fault.Hint == "" {
				t.Errorf("a torn cursor is answered by %+v", fault)
			}
			break
		}
	}
}
