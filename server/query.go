package server

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"nigh/server/catalog"
)

// queryNames returns the query parameters that an operation's input declares, in their order.
func queryNames(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			names = append(names, queryNames(f.Type)...)
		} else if name, _, _ := strings.Cut(f.Tag.Get("query"), ","); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// refuseUnknown answers a request with a query parameter that is not among names: huma would ignore it, and ?usr=ada
// would get the list of nobody in particular.
func refuseUnknown(names []string) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		for _, given := range slices.Sorted(maps.Keys(r.URL.Query())) {
			if !slices.Contains(names, given) {
				writeProblem(w, unknownParameter(given, names))
				return
			}
		}
		next(ctx)
	}
}

// unknownParameter names the parameter that was probably meant, if one is near, and those that there are.
func unknownParameter(given string, names []string) error {
	hint := "there are none here"
	if len(names) > 0 {
		hint = "the parameters here are " + strings.Join(names, ", ")
	}
	best := 3 // edits: more than two is another word
	for _, name := range names {
		if d := edits(clip(given), name); d < best && d < len(name) {
			best = d
			hint = "did you mean " + name + "? The parameters here are " + strings.Join(names, ", ")
		}
	}
	return &catalog.InputError{Field: clip(given), Reason: "is no query parameter of this address", Hint: hint}
}

// edits counts the bytes to put in, take out or replace to make b of a (Levenshtein's distance).
func edits(a, b string) int {
	row := make([]int, len(b)+1) // from what has been read of a to each beginning of b
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
