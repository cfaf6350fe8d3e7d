package store

import (
	"context"
	"time"
)

// Key is an API key as it is kept: all of it but the secret.
type Key struct {
	ID      string   // which the key begins with: to recognise it by, no secret
	Name    string   // what its maker calls it
	Scopes  uint32   // bits of the package access; the store does not look into them
	Hash    [32]byte // SHA-256 of the whole key
	Created time.Time
	Revoked time.Time // zero while it holds
}

// Keys keeps API keys. They are few: whoever checks one reads all. Unlike a Store's Commit, its methods may be called
// from any goroutine and, where a store can be opened by several processes, from any process: a key is made and revoked
// while the server runs. Times are kept to the millisecond.
type Keys interface {
	// Keys returns all keys, revoked ones too, by time of creation, then ID.
	Keys(ctx context.Context) ([]Key, error)
	// AddKey adds a key durably. An ID that is there already is an error.
	AddKey(ctx context.Context, k Key) error
	// RevokeKey notes durably that a key holds no more since at; of one that was revoked before, nothing changes.
	// Without such a key it is ErrNotFound. Nothing removes a key: that there ever was one closes a server to strangers.
	RevokeKey(ctx context.Context, id string, at time.Time) error
}
