package server

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// spec is what the tests look at of the OpenAPI document.
type spec struct {
	OpenAPI string
	Info    struct{ Title, Version string }
	Paths   map[string]map[string]struct {
		OperationID string
		Security    []map[string][]string
		Parameters  []struct{ Name, In string }
		RequestBody *struct {
			Content map[string]struct{ Schema, Example any }
		}
		Responses map[string]struct {
			Description string
			Content     map[string]struct{ Schema any }
		}
	}
	Components struct {
		Schemas         map[string]any
		SecuritySchemes map[string]any
	}
}

func TestOpenAPI_DescribesWhatAnswers(t *testing.T) {
	s := newTestServer(t, newFake(library...), func(o *Options) { o.Version = "1.2.3" })
	w := call(t, s, get, "/openapi.json", "")
	wantStatus(t, w, 200)
	var doc spec
	decodeAnswer(t, w, &doc)
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") || doc.Info.Title != "nigh" || doc.Info.Version != "1.2.3" {
		t.Errorf("document = %s %+v, want OpenAPI 3.1 of nigh 1.2.3", doc.OpenAPI, doc.Info)
	}
	want := []string{
		"DELETE /v1/items/{id}", "DELETE /v1/users/{user}", "GET /recommendations/", "GET /v1/items", "GET /v1/items/{id}", "GET /v1/items/{id}/similar",
		"GET /v1/recommendations", "GET /v1/sync", "GET /ws/recommendations/", "POST /v1/events", "POST /v1/items",
		"POST /v1/recommendations", "PUT /v1/items/{id}",
	}
	var got []string
	names := map[string]bool{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			route := strings.ToUpper(method) + " " + path
			got = append(got, route)
			if names[op.OperationID] || op.OperationID == "" {
				t.Errorf("%s: operationId %q, want a name of its own", route, op.OperationID)
			}
			names[op.OperationID] = true
			if strings.Contains(path, "{id}") != slices.ContainsFunc(op.Parameters, func(p struct{ Name, In string }) bool {
				return p.Name == "id" && p.In == "path"
			}) {
				t.Errorf("%s: parameters %v do not fit the path", route, op.Parameters)
			}
			if strings.Contains(path, "{user}") != slices.ContainsFunc(op.Parameters, func(p struct{ Name, In string }) bool {
				return p.Name == "user" && p.In == "path"
			}) {
				t.Errorf("%s: parameters %v do not fit the path", route, op.Parameters)
			}
			if method != "get" && op.Responses["403"].Content == nil {
				t.Errorf("%s: no 403, which a foreign page gets", route)
			}
			if (method == "put" || method == "post") != (op.RequestBody != nil) {
				t.Errorf("%s: body %v, want one for PUT and POST", route, op.RequestBody)
			}
			for status, r := range op.Responses {
				if r.Description == "" {
					t.Errorf("%s %s: no description", route, status)
				}
				if status >= "400" && r.Content["application/problem+json"].Schema == nil {
					t.Errorf("%s %s: content %v, want a problem", route, status, r.Content)
				}
			}
			// The example of the document is one that the server takes.
			body := ""
			if op.RequestBody != nil {
				data, _ := json.Marshal(op.RequestBody.Content["application/json"].Example)
				body = string(data)
			}
			answer := call(t, newTestServer(t, newFake(library...), nil), strings.ToUpper(method), strings.NewReplacer("{id}", "moby-dick", "{user}", "ada").Replace(path), body)
			wantCode := answer.Code == http.StatusUpgradeRequired && strings.Contains(path, "ws/") ||
				answer.Code == http.StatusNotFound && path == "/v1/sync" // has no handler in this test
			if answer.Code >= 300 && !wantCode {
				t.Errorf("%s with %s = %d %s, want it to answer", route, body, answer.Code, answer.Body)
			}
		}
	}
	if doc.Paths["/v1/items/{id}"]["put"].Responses["201"].Content["application/json"].Schema == nil {
		t.Error("PUT /v1/items/{id}: no 201 with a body")
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("routes = %v, want %v", got, want)
	}
	wantSchemas := []string{"BulkResult", "Card", "Event", "EventsResult", "Filter", "Item", "ItemPage", "Labels", "Problem", "PutResult",
		"Question", "Reason", "Recommendation", "Recommendations", "Rejection", "Version", "Visited"}
	if schemas := slices.Sorted(maps.Keys(doc.Components.Schemas)); !slices.Equal(schemas, wantSchemas) {
		t.Errorf("schemas = %v, want %v", schemas, wantSchemas)
	}
}

func TestOpenAPI_SaysThatAVectorMayBeAText(t *testing.T) {
	s := newTestServer(t, newFake(), nil)
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Description string
					OneOf       []struct{ Type any }
				}
			}
		}
	}
	decodeAnswer(t, call(t, s, get, "/openapi.json", ""), &doc)
	v := doc.Components.Schemas["Item"].Properties["vector"]
	if v.Description == "" || len(v.OneOf) != 2 || v.OneOf[1].Type != "string" {
		t.Errorf("vector = %+v, want an array or a string, and what it is for", v)
	}
}

// Every reference of the document leads somewhere.
func TestOpenAPI_HasNoDanglingReferences(t *testing.T) {
	s := newTestServer(t, newFake(), nil)
	var doc any
	decodeAnswer(t, call(t, s, get, "/openapi.json", ""), &doc)
	count := 0
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				count++
				at := doc
				for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
					m, _ := at.(map[string]any)
					at = m[name]
				}
				if at == nil {
					t.Errorf("%s leads nowhere", ref)
				}
			}
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(doc)
	if count == 0 {
		t.Error("there are no references: the test sees nothing")
	}
}

func TestOpenAPI_SaysWhoMayWhat(t *testing.T) {
	s := newTestServer(t, newFake(), nil)
	var doc spec
	decodeAnswer(t, call(t, s, get, "/openapi.json", ""), &doc)
	if len(doc.Components.SecuritySchemes) != 2 {
		t.Errorf("security schemes = %v, want key and reader", doc.Components.SecuritySchemes)
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			n := needs[op.OperationID]
			want := []map[string][]string{{"key": strings.Split(n.scope.String(), ",")}}
			if n.readers {
				want = append(want, map[string][]string{"reader": {}}, map[string][]string{})
			}
			if !reflect.DeepEqual(op.Security, want) || op.Responses["401"].Content == nil || op.Responses["403"].Content == nil {
				t.Errorf("%s %s: security %v, answers %v, want %v with 401 and 403", method, path, op.Security, op.Responses, want)
			}
		}
	}
}
