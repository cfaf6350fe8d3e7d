package server

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"nigh/core"
	"nigh/server/catalog"
)

// Question asks for recommendations: the body of POST /v1/recommendations and the message of /ws/recommendations/.
type Question struct {
	User        string      `json:"user,omitempty" doc:"Name of the reader: what the server knows of them counts" example:"ada"`
	History     []Visited   `json:"history,omitempty" nullable:"false" doc:"What the reader did, the last thing last; newer than what the server knows"`
	Preferences Preferences `json:"preferences,omitempty"`
	Limit       int         `json:"limit,omitempty" minimum:"1" maximum:"200" default:"20" doc:"How many at most"`
	Exclude     []string    `json:"exclude,omitempty" nullable:"false" doc:"Ids that must not be in the list"`
	Filter      Filter      `json:"filter,omitzero" doc:"What may be in the list"`
	After       string      `json:"after,omitempty" doc:"The next of the page before: what comes behind it; all else of the question stays the same"`
	Explain     bool        `json:"explain,omitempty" doc:"Say why each item is there"`
}

// Visited is something that the reader did.
type Visited struct {
	Item  string    `json:"item" doc:"Id of the item"`
	Kind  string    `json:"kind,omitempty" default:"view" doc:"What the reader did"`
	Value float64   `json:"value,omitempty" doc:"For kinds with a scale"`
	At    time.Time `json:"at,omitzero" doc:"When; in the order given if absent"`
}

// request is q as the catalog takes it.
func (q *Question) request() (catalog.Request, error) {
	if err := checkLimit(q.Limit, catalog.MaxLimit); err != nil {
		return catalog.Request{}, err
	}
	if len(q.Exclude) > catalog.MaxExclude {
		return catalog.Request{}, &catalog.InputError{Field: "exclude", Reason: "has " + strconv.Itoa(len(q.Exclude)) + " ids",
			Hint: "send at most " + strconv.Itoa(catalog.MaxExclude)}
	}
	if len(q.History) > core.MaxHistory {
		return catalog.Request{}, &catalog.InputError{Field: "history", Reason: "has " + strconv.Itoa(len(q.History)) + " entries",
			Hint: "send the last " + strconv.Itoa(core.MaxHistory)}
	}
	out := catalog.Request{
		User: q.User, Preferences: core.Preferences(q.Preferences), Limit: q.Limit, Exclude: q.Exclude, Explain: q.Explain,
		Filter: q.Filter.filter(), After: q.After,
	}
	for _, v := range q.History {
		out.History = append(out.History, catalog.HistoryEntry(v))
	}
	return out, nil
}

// Recommendation is one place of a list.
type Recommendation struct {
	ID      string   `json:"id"`
	Score   float64  `json:"score" doc:"How well it fits; comparable within one list"`
	Reasons []Reason `json:"reasons,omitempty" nullable:"false" doc:"Why it is there, the largest part first; with explain"`
	Item    Card     `json:"item" doc:"What to show of it"`
}

// Reason is one part of a score.
type Reason struct {
	Kind  string  `json:"kind" enum:"item,term,tag,category,author,popular,pinned,boosted,new" doc:"What speaks for it; pinned and new have no score"`
	Value string  `json:"value,omitempty" doc:"The id of the item, the reader's own word, or the label"`
	Title string  `json:"title,omitempty" doc:"Title of the item, for the kind item"`
	Score float64 `json:"score" doc:"Its part of the score"`
}

// Card is what to show of an item. It is text, never markup; url and image are http, https or relative.
type Card struct {
	Title      string            `json:"title,omitempty"`
	Summary    string            `json:"summary,omitempty"`
	URL        string            `json:"url,omitempty"`
	Image      string            `json:"image,omitempty"`
	Author     string            `json:"author,omitempty"`
	Tags       []string          `json:"tags,omitempty" nullable:"false"`
	Categories []string          `json:"categories,omitempty" nullable:"false"`
	Attributes map[string]string `json:"attributes,omitempty"`
}

// Version names the state that a list was made from: equal versions and equal questions give equal lists.
type Version struct {
	Epoch   uint64 `json:"epoch" doc:"Which catalog: random, changes when its history is rewritten"`
	Seq     uint64 `json:"seq" doc:"Last committed change of an item"`
	Learned uint64 `json:"learned" doc:"Revision of the learned weights"`
	Policy  string `json:"policy" doc:"Which policy, in hexadecimal: it does not fit into a JavaScript number"`
	Hour    uint32 `json:"hour" doc:"Hours since 1970, UTC"`
}

// Recommendations is a list with the state it was made from.
type Recommendations struct {
	Recommendations []Recommendation `json:"recommendations" nullable:"false"`
	Next            string           `json:"next,omitempty" doc:"Send it back as after for the next page, which shows nothing again; absent at the end"`
	Version         Version          `json:"version"`
}

// scoreUnit is a score of 1.0.
const scoreUnit = 1 << 16

// newRecommendations is res as JSON has it.
func newRecommendations(res catalog.Result) Recommendations {
	out := Recommendations{
		Recommendations: make([]Recommendation, 0, len(res.Recommendations)), Next: res.Next,
		Version: Version{
			Epoch: res.Version.Epoch, Seq: res.Version.Seq, Learned: res.Version.Learned,
			Policy: strconv.FormatUint(res.Version.Policy, 16), Hour: uint32(res.Version.Hour),
		},
	}
	for _, r := range res.Recommendations {
		one := Recommendation{ID: r.ID, Score: float64(r.Score) / scoreUnit}
		if r.Record != nil {
			one.Item = newCard(&r.Record.Card)
		}
		for _, why := range r.Reasons {
			one.Reasons = append(one.Reasons, Reason{Kind: why.Kind, Value: why.Value, Title: why.Title, Score: float64(why.Score) / scoreUnit})
		}
		out.Recommendations = append(out.Recommendations, one)
	}
	return out
}

func newCard(c *core.Card) Card {
	out := Card{
		Title: c.Title, Summary: c.Summary, URL: core.SafeURL(c.URL), Image: core.SafeURL(c.Image), Author: c.Author,
		Tags: c.Tags, Categories: c.Categories,
	}
	if len(c.Attributes) > 0 {
		out.Attributes = make(map[string]string, len(c.Attributes))
		for _, a := range c.Attributes {
			out.Attributes[a.Name] = a.Value
		}
	}
	return out
}

type recommendationsOutput struct{ Body Recommendations }

// FilterQuery is what may be in a list, and which page of it, as a query says it.
type FilterQuery struct {
	Any     string `query:"any" doc:"Only what has at least one of these, with commas" example:"tag:sea,author:Herman Melville"`
	All     string `query:"all" doc:"Only what has all of these, with commas" example:"category:novel,attribute:medium=book"`
	Not     string `query:"not" doc:"Nothing that has one of these, with commas" example:"tag:horror"`
	Since   string `query:"since" doc:"Only what was published then or later: a day, or a time in RFC 3339" example:"2026-06-01"`
	Until   string `query:"until" doc:"Only what was published before then"`
	Exclude string `query:"exclude" doc:"Ids that must not be in the list, with commas"`
	After   string `query:"after" doc:"The next of the page before: what comes behind it"`
}

type simpleInput struct {
	User       string `query:"user" doc:"Name of the reader"`
	Limit      int    `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"How many at most"`
	Text       string `query:"text" doc:"Words, as a person types them"`
	Tags       string `query:"tags" doc:"Preferred tags, with commas; -horror pushes away" example:"sea,-horror"`
	Categories string `query:"categories" doc:"Only of one of these, with commas"`
	FilterQuery
	Explain bool `query:"explain" doc:"Say why each item is there"`
}

func (in *FilterQuery) filter() (f Filter, err error) {
	for _, p := range []struct {
		field, list string
		to          *Labels
	}{{"any", in.Any, &f.Any}, {"all", in.All, &f.All}, {"not", in.Not, &f.Not}} {
		if *p.to, err = parseLabels(p.field, p.list); err != nil {
			return f, err
		}
	}
	if f.Since, err = parseTime("since", in.Since); err != nil {
		return f, err
	}
	f.Until, err = parseTime("until", in.Until)
	return f, err
}

type recipeInput struct {
	rawRequest
	Preferences string `query:"preferences" doc:"Words, with commas; -horror pushes away" example:"go,websockets"`
	User        string `query:"user" doc:"Name of the reader"`
	Limit       int    `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"How many at most"`
}

type similarInput struct {
	ItemPath
	FilterQuery
	Limit   int  `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"How many at most"`
	Explain bool `query:"explain" doc:"Say why each item is there"`
}

func (a *api) recommendations() {
	register(a, operation{method: http.MethodPost, path: "/v1/recommendations", id: "recommend", tag: "recommendations",
		summary:     "What to show this reader",
		description: "Everything may be left out: {} gives what is popular and new.",
		problems:    []int{400, 413, 415, 422},
		body: media(schema[Question](a), map[string]any{"user": "ada", "limit": 5, "explain": true,
			"preferences": map[string]any{"text": "sailing boats", "tags": map[string]any{"horror": -1}}})},
		func(ctx context.Context, in *rawInput) (*recommendationsOutput, error) {
			var q Question
			if err := in.readJSON(&q, "request"); err != nil {
				return nil, err
			}
			return a.recommend(ctx, "recommend", q)
		})
	register(a, operation{method: http.MethodGet, path: "/v1/recommendations", id: "recommend-simply", tag: "recommendations",
		summary: "What to show this reader, the simple case", problems: []int{422}},
		func(ctx context.Context, in *simpleInput) (*recommendationsOutput, error) {
			filter, err := in.filter()
			if err != nil {
				return nil, err
			}
			filter.Categories = splitList(in.Categories)
			q := Question{User: in.User, Limit: in.Limit, Exclude: splitList(in.Exclude), Explain: in.Explain,
				Filter: filter, After: in.After}
			weights := map[prefKey]float64{}
			if in.Text != "" {
				weights[prefKey{core.PreferText, in.Text}] = 1
			}
			for tag, weight := range weigh(splitList(in.Tags)) {
				weights[prefKey{core.PreferTag, tag}] = weight
			}
			if err := q.Preferences.set(weights); err != nil {
				return nil, err
			}
			return a.recommend(ctx, "recommend-simply", q)
		})
	register(a, operation{method: http.MethodGet, path: "/recommendations/", id: "recipe", tag: "recommendations",
		summary:     "The recipe: preferences in, recommendations out",
		description: "The same as a WebSocket: /ws/recommendations/, which answers again whenever the list changes.",
		problems:    []int{422}},
		func(ctx context.Context, in *recipeInput) (*recommendationsOutput, error) {
			q := Question{User: in.User, Limit: in.Limit}
			weights := map[prefKey]float64{}
			for text, weight := range weigh(splitList(in.r.URL.Query()["preferences"]...)) {
				weights[prefKey{core.PreferText, text}] = weight
			}
			if err := q.Preferences.set(weights); err != nil {
				return nil, err
			}
			return a.recommend(ctx, "recipe", q)
		})
	register(a, operation{method: http.MethodGet, path: "/v1/items/{id}/similar", id: "similar-items", tag: "recommendations",
		summary: "More like this", problems: []int{404, 422}},
		func(ctx context.Context, in *similarInput) (*recommendationsOutput, error) {
			filter, err := in.filter()
			if err != nil {
				return nil, err
			}
			q := Question{Limit: in.Limit, Exclude: splitList(in.Exclude), Explain: in.Explain, Filter: filter, After: in.After}
			request, err := q.request()
			if err != nil {
				return nil, err
			}
			res, err := a.catalog.Similar(ctx, in.ID, request)
			if err != nil {
				return nil, err
			}
			return &recommendationsOutput{Body: newRecommendations(res)}, nil
		})
}

func (a *api) recommend(ctx context.Context, operation string, q Question) (*recommendationsOutput, error) {
	var err error
	if q.User, err = actAs(ctx, operation, q.User); err != nil {
		return nil, err
	}
	request, err := q.request()
	if err != nil {
		return nil, err
	}
	res, err := a.catalog.Recommend(ctx, request)
	if err != nil {
		return nil, err
	}
	return &recommendationsOutput{Body: newRecommendations(res)}, nil
}
