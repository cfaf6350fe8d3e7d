package sqlite_test

import (
	"testing"

	"nigh/server/store"
	"nigh/server/store/sqlite"
	"nigh/server/store/storetest"
)

func TestDB_KeepsTheLaws(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Home {
		dir := t.TempDir()
		return func() (store.Store, error) { return sqlite.Open(t.Context(), dir) }
	})
}

func TestMemory_KeepsTheLaws(t *testing.T) {
	storetest.RunVolatile(t, func(t *testing.T) storetest.Home {
		return func() (store.Store, error) { return sqlite.OpenMemory(t.Context()) }
	})
}
