package ingest_test

import (
	"context"
	"fmt"
	"strings"

	"nigh/server/ingest"
)

func ExampleItems() {
	table := "Nr,Name,Keywords\n7,Moby-Dick,whales|sea\n,Nameless,\n9,Emma,love\n"
	opt := ingest.Options{
		Format: ingest.FormatCSV,
		Map:    map[string]string{"id": "Nr", "title": "Name", "tags": "Keywords"},
		Stdin:  strings.NewReader(table),
	}
	for row, err := range ingest.Items(context.Background(), "-", opt) {
		if err != nil {
			fmt.Println(err) // of a *ingest.RowError the rest follows
			continue
		}
		fmt.Println(row.Place, row.Value.ID, row.Value.Title, row.Value.Tags)
	}
	// Output:
	// -:2 7 Moby-Dick [whales sea]
	// -:3: the row has no id; give each item an id, or name the field that holds it with --map id=NAME
	// -:4 9 Emma [love]
}
