package client

import (
	"slices"
	"strings"

	"nigh/core/replica"
)

// Store keeps what the machine stores, for the next life: a map from keys to bytes. One client uses it at a time.
type Store interface {
	// Load returns all entries, in any order. It is called once, before Apply.
	Load() ([]replica.Entry, error)
	// Apply carries out one transaction: all of it or nothing survives a crash, and what holds an op (a key under op/)
	// is on disk when Apply returns. After an error the store is not used any more. The slices of s are the store's to keep.
	Apply(s replica.Store) error
}

// Memory is a Store that lives as long as the process: a client that is made again goes on where the last one ended.
type Memory struct{ entries map[string][]byte }

// NewMemory returns an empty Memory.
func NewMemory() *Memory { return &Memory{map[string][]byte{}} }

var _ Store = (*Memory)(nil)

// Load implements Store.
func (m *Memory) Load() ([]replica.Entry, error) {
	out := make([]replica.Entry, 0, len(m.entries))
	for key, value := range m.entries {
		out = append(out, replica.Entry{Key: key, Value: slices.Clone(value)})
	}
	return out, nil
}

// Apply implements Store.
func (m *Memory) Apply(s replica.Store) error {
	for _, prefix := range s.Clear {
		for key := range m.entries {
			if strings.HasPrefix(key, prefix) {
				delete(m.entries, key)
			}
		}
	}
	for _, key := range s.Deletes {
		delete(m.entries, key)
	}
	for _, e := range s.Puts {
		m.entries[e.Key] = e.Value
	}
	return nil
}
