package storetest

import (
	"testing"

	"nigh/server/store"
)

func TestModel_KeepsTheLaws(t *testing.T) {
	RunVolatile(t, func(*testing.T) Home {
		return func() (store.Store, error) { return NewModel(), nil }
	})
}
