package ingest

import (
	"iter"
	"strings"
	"testing"

	"nigh/server/store"
)

func itemsOf(t testing.TB, source string) func(Options) iter.Seq2[Row[store.Item], error] {
	return func(opt Options) iter.Seq2[Row[store.Item], error] { return Items(t.Context(), source, opt) }
}

func eventsOf(t testing.TB, source string) func(Options) iter.Seq2[Row[store.Event], error] {
	return func(opt Options) iter.Seq2[Row[store.Event], error] { return Events(t.Context(), source, opt) }
}

// readText reads text as items from standard input and returns the ids, the refusals and the error at the end.
func readText(t testing.TB, text string, opt Options) (ids, refused []string, end error) {
	t.Helper()
	opt.Stdin = strings.NewReader(text)
	for row, err := range Items(t.Context(), "-", opt) {
		switch e := err.(type) {
		case nil:
			ids = append(ids, row.Value.ID)
		case *RowError:
			refused = append(refused, e.Error())
		default:
			end = err
		}
	}
	return ids, refused, end
}
