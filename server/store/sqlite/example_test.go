package sqlite_test

import (
	"context"
	"fmt"

	"nigh/server/store"
	"nigh/server/store/sqlite"
)

func Example() {
	ctx := context.Background()
	db, err := sqlite.OpenMemory(ctx) // or sqlite.Open(ctx, "./data")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	err = db.Commit(ctx, store.Batch{
		Items:  []store.StoredItem{{Num: 1, Item: store.Item{ID: "moby-dick", Title: "Moby-Dick"}}},
		Events: []store.NewEvent{{StoredEvent: store.StoredEvent{Num: 1, User: "ada", Kind: "like"}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	it, err := db.Item(ctx, "moby-dick")
	fmt.Println(it.Num, it.Title, err)
	_, err = db.Item(ctx, "atlantis")
	fmt.Println(err)
	// Output:
	// 1 Moby-Dick <nil>
	// item "atlantis": not found
}
