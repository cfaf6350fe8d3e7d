package server

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"nigh/server/store"
)

// EventsResult says what became of events.
type EventsResult struct {
	Accepted      int         `json:"accepted" doc:"How many are recorded, now or already before"`
	Duplicates    int         `json:"duplicates" doc:"How many of them were known by their id, and not counted again"`
	Rejected      []Rejection `json:"rejected" nullable:"false" doc:"Those that were refused, the first 1000 of them; id is the item's"`
	RejectedTotal int         `json:"rejected_total" doc:"How many were refused"`
}

type eventsOutput struct{ Body EventsResult }

// rawInput is the input of an operation that reads its body by itself and has no parameters.
type rawInput struct{ rawRequest }

func (a *api) events() {
	event := schema[store.Event](a)
	example := map[string]any{"user": "ada", "item": "moby-dick", "kind": "like"}
	register(a, operation{method: http.MethodPost, path: "/v1/events", id: "record-events", tag: "events",
		summary: "Record what readers did",
		description: "One event, a JSON array, or NDJSON (one event a line), up to 64 MiB, 2 MiB an event. Answers after the events are on disk. " +
			"A single event that is refused is a 422; among many, the others go in.",
		problems: []int{400, 413, 415, 422, 503},
		body: map[string]*huma.MediaType{
			"application/json": {Schema: &huma.Schema{OneOf: []*huma.Schema{event, {Type: huma.TypeArray, Items: event}}},
				Example: example},
			"application/x-ndjson": {Schema: &huma.Schema{Type: huma.TypeString, Description: "One event a line"}},
		}}, a.postEvents)
}

func (a *api) postEvents(ctx context.Context, in *rawInput) (*eventsOutput, error) {
	var out EventsResult
	var refused rejections
	id := func(e *store.Event) string { return e.Item }
	rows, sh, err := bulk(in.w, in.r, "event", id, &refused, func(indexes []int, events []store.Event) error {
		if err := actAsAll(ctx, "record-events", events); err != nil {
			return err
		}
		results, err := a.catalog.RecordEvents(ctx, events)
		if err != nil {
			return err
		}
		for i, res := range results {
			if res.Err != nil {
				refused.add(indexes[i], events[i].Item, res.Err)
				continue
			}
			out.Accepted++
			if res.Duplicate {
				out.Duplicates++
			}
		}
		return nil
	})
	if err != nil {
		p := problemOf(ctx, err)
		if rows > 1 || out.Accepted > 0 {
			p.Accepted, p.Duplicates = &out.Accepted, &out.Duplicates
		}
		return nil, p
	}
	if sh == shapeValues && rows == 1 && refused.count == 1 {
		return nil, refused.last
	}
	out.Rejected, out.RejectedTotal = refused.listed(), refused.count
	return &eventsOutput{Body: out}, nil
}
