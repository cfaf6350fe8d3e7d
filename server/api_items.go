package server

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"nigh/server/catalog"
	"nigh/server/store"
)

// Limits of a page of items.
const (
	defaultPage = 100
	maxPage     = 1000
)

// ItemPath is the operations' input that names an item. An id may hold any character when it is percent-encoded, a
// slash as %2F; only "." and ".." cannot be said in a path (browsers and proxies resolve them): use POST /v1/items.
type ItemPath struct {
	ID string `path:"id" doc:"Id of the item, percent-encoded: a slash is %2F" example:"moby-dick"`
}

// PutResult says what became of one item.
type PutResult struct {
	ID      string `json:"id"`
	Created bool   `json:"created" doc:"Whether it is new; else it replaced what was there"`
}

// BulkResult says what became of many items.
type BulkResult struct {
	Accepted      int         `json:"accepted" doc:"How many went in"`
	Created       int         `json:"created" doc:"How many of them are new"`
	Rejected      []Rejection `json:"rejected" nullable:"false" doc:"Those that were refused, the first 1000 of them"`
	RejectedTotal int         `json:"rejected_total" doc:"How many were refused"`
}

// ItemPage is a part of all items.
type ItemPage struct {
	Items  []store.Item `json:"items" nullable:"false"`
	Cursor string       `json:"cursor,omitempty" doc:"Give it back for what comes next; absent at the end"`
}

type putItemInput struct {
	ItemPath
	rawRequest
}

type putItemOutput struct {
	Status   int
	Location string `header:"Location" doc:"Where a new item is"`
	Body     PutResult
}

type bulkItemsOutput struct{ Body BulkResult }

type itemOutput struct{ Body store.Item }

type listItemsInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most"`
	Cursor string `query:"cursor" doc:"Where the last page ended"`
}

type listItemsOutput struct{ Body ItemPage }

func (a *api) items() {
	item := schema[store.Item](a)
	a.alsoText(item, "vector", "Base64 of little-endian float32, or numbers with blanks between them")
	unnamed := *a.huma.OpenAPI().Components.Schemas.SchemaFromRef(item.Ref)
	unnamed.Required = nil // the path names it
	example := map[string]any{"id": "moby-dick", "title": "Moby-Dick", "author": "Herman Melville",
		"description": "A young sailor joins a whaling ship.", "tags": []string{"sea", "whaling"}}

	register(a, operation{method: http.MethodPut, path: "/v1/items/{id}", id: "put-item", tag: "items",
		summary:     "Add or replace an item",
		description: "The body is the whole item; what it does not hold is gone. Its id may be left out. Answers 201 if the item is new.",
		problems:    []int{400, 413, 415, 422, 503}, body: media(&unnamed, example), creates: true}, a.putItem)
	register(a, operation{method: http.MethodGet, path: "/v1/items/{id}", id: "get-item", tag: "items",
		summary: "An item as it was given", problems: []int{404}},
		func(ctx context.Context, in *ItemPath) (*itemOutput, error) {
			it, err := a.catalog.Item(ctx, in.ID)
			return &itemOutput{Body: it}, err
		})
	register(a, operation{method: http.MethodDelete, path: "/v1/items/{id}", id: "delete-item", tag: "items",
		summary: "Remove an item", problems: []int{404, 503}},
		func(ctx context.Context, in *ItemPath) (*struct{}, error) {
			return nil, a.catalog.DeleteItem(ctx, in.ID)
		})
	register(a, operation{method: http.MethodGet, path: "/v1/items", id: "list-items", tag: "items",
		summary: "All items, page by page, by id", problems: []int{422}}, a.listItems)
	register(a, operation{method: http.MethodPost, path: "/v1/items", id: "put-items", tag: "items",
		summary: "Add or replace many items",
		description: "A JSON array or NDJSON (one item a line), up to 64 MiB, 2 MiB an item. The items are stored in batches while they " +
			"arrive; a refused one does not stop the others. JSON that is broken in the middle does: the problem then says how many went in.",
		problems: []int{400, 413, 415, 422, 503},
		body: map[string]*huma.MediaType{
			"application/json":     {Schema: &huma.Schema{Type: huma.TypeArray, Items: item}, Example: []any{example}},
			"application/x-ndjson": {Schema: &huma.Schema{Type: huma.TypeString, Description: "One item a line"}},
		}}, a.postItems)
}

func (a *api) putItem(ctx context.Context, in *putItemInput) (*putItemOutput, error) {
	var it store.Item
	if err := in.readJSON(&it, "item"); err != nil {
		return nil, err
	}
	if it.ID == "" {
		it.ID = in.ID
	}
	if it.ID != in.ID {
		return nil, &catalog.InputError{Field: "item.id", Reason: "is not the id of the path",
			Hint: "leave it out of the body, or send the item to /v1/items/" + url.PathEscape(clip(it.ID))}
	}
	results, err := a.catalog.PutItems(ctx, []store.Item{it})
	if err != nil {
		return nil, err
	}
	if results[0].Err != nil {
		return nil, results[0].Err
	}
	out := &putItemOutput{Status: http.StatusOK, Body: PutResult{ID: it.ID, Created: results[0].Created}}
	if results[0].Created {
		out.Status, out.Location = http.StatusCreated, "/v1/items/"+url.PathEscape(it.ID)
	}
	return out, nil
}

func (a *api) postItems(ctx context.Context, in *rawInput) (*bulkItemsOutput, error) {
	var out BulkResult
	var refused rejections
	id := func(it *store.Item) string { return it.ID }
	_, _, err := bulk(in.w, in.r, "item", id, &refused, func(indexes []int, items []store.Item) error {
		results, err := a.catalog.PutItems(ctx, items)
		if err != nil {
			return err
		}
		for i, res := range results {
			if res.Err != nil {
				refused.add(indexes[i], items[i].ID, res.Err)
				continue
			}
			out.Accepted++
			if res.Created {
				out.Created++
			}
		}
		return nil
	})
	if err != nil {
		p := problemOf(ctx, err)
		p.Accepted, p.Created = &out.Accepted, &out.Created
		return nil, p
	}
	out.Rejected, out.RejectedTotal = refused.listed(), refused.count
	return &bulkItemsOutput{Body: out}, nil
}

func (a *api) listItems(ctx context.Context, in *listItemsInput) (*listItemsOutput, error) {
	after, err := decodeCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	items, err := a.catalog.Items(ctx, after, in.Limit+1)
	if err != nil {
		return nil, err
	}
	page := ItemPage{Items: items}
	if len(items) > in.Limit {
		page.Items = items[:in.Limit]
		page.Cursor = encodeCursor(page.Items[in.Limit-1].ID)
	}
	if page.Items == nil {
		page.Items = []store.Item{}
	}
	return &listItemsOutput{Body: page}, nil
}

// A cursor is the last id of a page. It is encoded so that nobody builds one: what it holds may change.
const cursorPrefix = "1:"

func encodeCursor(id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorPrefix + id))
}

func decodeCursor(s string) (after string, err error) {
	if s == "" {
		return "", nil
	}
	data, err := base64.RawURLEncoding.DecodeString(s)
	after, ok := strings.CutPrefix(string(data), cursorPrefix)
	if err != nil || !ok {
		return "", &catalog.InputError{Field: "cursor", Reason: strconv.Quote(clip(s)) + " is not one of this server",
			Hint: "use the cursor of the page before, or none to begin"}
	}
	return after, nil
}
