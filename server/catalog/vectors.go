package catalog

import (
	"errors"
	"fmt"

	"nigh/core"
	"nigh/server/store"
)

// vectorLen holds a batch to one length of vectors: that of those which are there, or else of the first. It is free
// again when no item has a vector.
type vectorLen struct{ len, items int }

// put notes an item that comes with v, in the place of one that had a vector or not, or returns why it cannot.
func (l *vectorLen) put(had bool, v store.Vector) *InputError {
	others := l.items
	if had {
		others--
	}
	if len(v) > 0 && others > 0 && len(v) != l.len {
		return &InputError{"item.vector", fmt.Sprintf("has %d dimensions, those of %d other items have %d", len(v), others, l.len),
			"use one model for all; to change it, put the items without vectors first, then with the new ones"}
	}
	if l.items = others; len(v) > 0 {
		l.items, l.len = others+1, len(v)
	}
	return nil
}

// hasVector tells whether an item has a vector as of this point of the batch.
func (s *staging) hasVector(n core.ItemNum) bool {
	if p := s.puts[n]; p != nil {
		return len(p.item.Vector) > 0
	}
	return s.c.owner.content.HasVector(n)
}

// vectorError is what the store says of a vector, as what is wrong with an item.
func vectorError(err error) error {
	if e, ok := errors.AsType[*store.VectorError](err); ok {
		return &InputError{"item.vector", e.Reason, e.Hint}
	}
	return err
}
