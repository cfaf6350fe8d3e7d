package server

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"nigh/server/catalog"
)

const apiDescription = `Recommendations that react to every click.

Put your items in, record what readers do, ask for a list. Errors are RFC 9457 problems with a hint.

- **Channel**: GET /v1/sync is a WebSocket with the subprotocol nigh.v1 (binary MessagePack). The browser client speaks it.
- **JSON page**: /ws/recommendations/ is a WebSocket with JSON text. Send {"preferences": ["go", "websockets"]}, get
  {"recommendations": […]} at once and again whenever the list changes.
- **Who may what**: a server without API keys asks nobody for anything. With keys, send Authorization: Bearer KEY; each
  operation names the scope that it needs. A reader's token (a JWT) is sent alike, and gives that reader's own lists,
  events and erasure; without either, a reader is anonymous: the name is ~ and the random id of the browser.`

// api registers the operations of /v1 and of the recipe at a mux, each together with its description.
type api struct {
	catalog Catalog
	huma    huma.API
	guard   *Guard
}

// exactMux registers "/recommendations/" as that path alone, where ServeMux would take everything below it.
type exactMux struct{ *http.ServeMux }

// HandleFunc registers a handler for a pattern.
func (m exactMux) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	if strings.HasSuffix(pattern, "/") {
		pattern += "{$}"
	}
	m.ServeMux.HandleFunc(pattern, handler)
}

// newAPI registers all operations at mux.
func newAPI(mux *http.ServeMux, c Catalog, version string, g *Guard) *api {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI:    "3.1.0",
			Info:       &huma.Info{Title: "nigh", Version: version, Description: apiDescription},
			Components: &huma.Components{Schemas: registry},
			Tags: []*huma.Tag{
				{Name: "items", Description: "What can be recommended"},
				{Name: "events", Description: "What readers did"},
				{Name: "users", Description: "Readers, and their right to be forgotten"},
				{Name: "recommendations", Description: "What to show"},
			},
		},
		Formats:       huma.DefaultFormats,
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{humaProblem},
	}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		keyScheme: {Type: "http", Scheme: "bearer", Description: "An API key (nigh key create) with the scopes that an operation names. " +
			"A server without keys and readers' tokens asks for none"},
		readerScheme: {Type: "http", Scheme: "bearer", BearerFormat: "JWT",
			Description: "A reader's token, signed by the site: what the operation does, for that reader alone"},
	}
	a := &api{catalog: c, huma: humago.New(exactMux{mux}, config), guard: g}
	a.items()
	a.events()
	a.users()
	a.recommendations()
	a.channels()
	// huma notes its own error type, which humaProblem replaces in every answer.
	maps.DeleteFunc(registry.Map(), func(name string, _ *huma.Schema) bool {
		return name == "ErrorModel" || name == "ErrorDetail"
	})
	return a
}

// humaProblem turns the errors that huma finds by itself (a limit that is no number) into a Problem.
func humaProblem(_ huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := newProblem(&badBody{status: e.Status, code: "invalid", detail: e.Detail, hint: "see /docs"})
	if len(e.Errors) > 0 {
		first := e.Errors[0]
		_, p.Field, _ = strings.Cut(first.Location, ".")
		p.Detail = strings.TrimSpace(p.Field + ": " + first.Message)
		p.Hint = "see /docs for what it may be"
	}
	return p, nil
}

// spec returns the OpenAPI document.
func (a *api) spec() ([]byte, error) {
	data, err := json.Marshal(a.huma.OpenAPI())
	if err != nil {
		return nil, fmt.Errorf("write OpenAPI document: %w", err)
	}
	return data, nil
}

// schema returns the schema of T, by reference if it has a name.
func schema[T any](a *api) *huma.Schema {
	return a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, "")
}

// alsoText notes that a property of a named schema may be given as a string too.
func (a *api) alsoText(named *huma.Schema, property, doc string) {
	properties := a.huma.OpenAPI().Components.Schemas.SchemaFromRef(named.Ref).Properties
	p := *properties[property]
	array := p
	array.Description = ""
	properties[property] = &huma.Schema{Description: p.Description,
		OneOf: []*huma.Schema{&array, {Type: huma.TypeString, Description: doc}}}
}

// operation describes one operation; problems are the statuses that it may fail with.
type operation struct {
	method, path, id, tag, summary, description string
	problems                                    []int                      // beside those of every operation
	body                                        map[string]*huma.MediaType // nil: none
	creates                                     bool                       // it answers 201 instead of 200 for something new
}

// register adds an operation. Its handler's errors become Problems.
func register[I, O any](a *api, o operation, handler func(context.Context, *I) (*O, error)) {
	statuses := append([]int{http.StatusInternalServerError, http.StatusUnprocessableEntity, http.StatusForbidden}, o.problems...)
	responses := a.problems(statuses...)
	huma.Register(a.huma, huma.Operation{
		Method: o.method, Path: o.path, OperationID: o.id, Tags: []string{o.tag},
		Summary: o.summary, Description: o.description, Responses: responses, Security: security(o.id),
		Middlewares: huma.Middlewares{a.guard.refuse(o.id), refuseUnknown(queryNames(reflect.TypeFor[I]()))},
	}, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, problemOf(ctx, err)
		}
		return out, nil
	})
	item := a.huma.OpenAPI().Paths[o.path]
	if o.creates {
		created := *item.Put.Responses["200"]
		created.Description = statusText(http.StatusCreated)
		item.Put.Responses["201"] = &created
	}
	if o.body != nil {
		// Added afterwards, for the document alone: this package reads the bodies itself.
		for _, op := range []*huma.Operation{item.Put, item.Post} {
			if op != nil && op.OperationID == o.id {
				op.RequestBody = &huma.RequestBody{Required: true, Content: o.body}
			}
		}
	}
}

// problems describes the answers of these statuses, and of a missing key or token.
func (a *api) problems(statuses ...int) map[string]*huma.Response {
	statuses = append(statuses, http.StatusUnauthorized)
	out := map[string]*huma.Response{}
	for _, status := range statuses {
		out[strconv.Itoa(status)] = &huma.Response{
			Description: statusText(status),
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: schema[Problem](a)}},
		}
	}
	return out
}

// problemOf makes a Problem of an operation's error; what is behind a 500, which the client is not told, goes to the log.
func problemOf(ctx context.Context, err error) *Problem {
	p := newProblem(err)
	if p.Status == http.StatusInternalServerError && error(p) != err {
		noteError(ctx, err)
	}
	return p
}

// media describes a JSON body.
func media(s *huma.Schema, example any) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{"application/json": {Schema: s, Example: example}}
}

// rawRequest gives an operation's handler the request itself. Embed it in the operation's input.
type rawRequest struct {
	r *http.Request
	w http.ResponseWriter
}

// Resolve is called by huma before the handler.
func (q *rawRequest) Resolve(ctx huma.Context) []error {
	q.r, q.w = humago.Unwrap(ctx)
	return nil
}

// readJSON reads the request's body, one JSON value, into v.
func (q *rawRequest) readJSON(v any, what string) error {
	if _, err := isLines(q.r.Header.Get("Content-Type")); err != nil {
		return err
	}
	data, err := readBody(q.w, q.r, MaxBody)
	if err != nil {
		return err
	}
	return decode(data, v, what)
}

// channels describes the two WebSockets, which have handlers of their own.
func (a *api) channels() {
	describe := func(path, id, summary, description string) {
		responses := a.problems(http.StatusForbidden, http.StatusUpgradeRequired, http.StatusServiceUnavailable)
		responses["101"] = &huma.Response{Description: "The connection is a WebSocket now"}
		a.huma.OpenAPI().AddOperation(&huma.Operation{
			Method: http.MethodGet, Path: path, OperationID: id, Tags: []string{"recommendations"},
			Summary: summary, Description: description, Responses: responses, Security: security(id),
		})
	}
	describe("/v1/sync", "sync", "The channel (WebSocket, nigh.v1)",
		"Binary MessagePack: the catalog's changes, the reader's events and recommendations.")
	describe("/ws/recommendations/", "live", "Recommendations, again whenever they change (WebSocket, JSON text)",
		`Send {"preferences": ["go", "websockets"]}; user, limit, history, exclude and filter are those of POST /v1/recommendations.`)
}

// checkLimit is the answer to a limit that is out of range.
func checkLimit(limit, most int) error {
	if limit < 0 || limit > most {
		return &catalog.InputError{Field: "limit", Reason: "is " + strconv.Itoa(limit),
			Hint: "use 1 to " + strconv.Itoa(most)}
	}
	return nil
}

// splitList splits a query parameter at commas, without blanks and empty parts.
func splitList(values ...string) []string {
	var out []string
	for _, v := range values {
		out = slices.AppendSeq(out, func(yield func(string) bool) {
			for part := range strings.SplitSeq(v, ",") {
				if part = strings.TrimSpace(part); part != "" && !yield(part) {
					return
				}
			}
		})
	}
	return out
}
