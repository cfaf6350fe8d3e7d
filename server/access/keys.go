package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"nigh/server/store"
)

// The form of a key: nigh_ID_SECRET.
const (
	keyPrefix   = "nigh_"
	keyIDBytes  = 4  // 8 hexadecimal digits
	secretBytes = 32 // 43 characters of base64url
	keyLength   = len(keyPrefix) + 2*keyIDBytes + 1 + 43
)

// keysFor is how long keys that were read are believed.
const keysFor = time.Second

// NewKey makes a key. The text is for its owner, and is not kept anywhere.
func NewKey(name string, scopes Scope, now time.Time) (text string, k store.Key) {
	var id [keyIDBytes]byte
	var secret [secretBytes]byte
	_, _ = rand.Read(id[:]) // never fails: see crypto/rand
	_, _ = rand.Read(secret[:])
	k = store.Key{ID: hex.EncodeToString(id[:]), Name: name, Scopes: uint32(scopes), Created: now}
	text = keyPrefix + k.ID + "_" + base64.RawURLEncoding.EncodeToString(secret[:])
	k.Hash = sha256.Sum256([]byte(text))
	return text, k
}

// IsKey tells whether credentials are meant as a key: tokens never begin as one.
func IsKey(text string) bool { return strings.HasPrefix(text, keyPrefix) }

// keyID returns the ID in a key of the right form, else "".
func keyID(text string) string {
	if len(text) != keyLength || !IsKey(text) || text[len(keyPrefix)+2*keyIDBytes] != '_' {
		return ""
	}
	return text[len(keyPrefix):][:2*keyIDBytes]
}

// Keys answers for the keys of a store. Its methods may be called from any goroutine.
type Keys struct {
	store store.Keys
	now   func() time.Time

	mu   sync.Mutex // for what follows; held while the store is read, so that a crowd reads once
	read time.Time  // zero: never
	all  map[string]store.Key
}

// NewKeys returns the keys of a store; now is time.Now, or a test's.
func NewKeys(s store.Keys, now func() time.Time) *Keys { return &Keys{store: s, now: now} }

// Any tells whether there is a key, or ever was: a server whose last key was revoked does not open for everybody.
func (k *Keys) Any(ctx context.Context) (bool, error) {
	all, err := k.current(ctx)
	return len(all) > 0, err
}

// Caller returns whose key text is, or ErrBad.
func (k *Keys) Caller(ctx context.Context, text string) (Caller, error) {
	all, err := k.current(ctx)
	if err != nil {
		return Caller{}, err
	}
	key, known := all[keyID(text)]
	hash := sha256.Sum256([]byte(text))
	same := subtle.ConstantTimeCompare(hash[:], key.Hash[:]) == 1
	if !known || !same || !key.Revoked.IsZero() {
		return Caller{}, fmt.Errorf("%w: no such key", ErrBad)
	}
	return Caller{Scopes: Scope(key.Scopes), Key: key.ID}, nil
}

// Holds tells whether the key of an ID still holds. What cannot be known just now is no end to it.
func (k *Keys) Holds(ctx context.Context, id string) bool {
	all, err := k.current(ctx)
	key, known := all[id]
	return err != nil || known && key.Revoked.IsZero()
}

// current returns the keys as of at most keysFor ago.
func (k *Keys) current(ctx context.Context) (map[string]store.Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	if age := now.Sub(k.read); k.all != nil && age >= 0 && age < keysFor {
		return k.all, nil
	}
	list, err := k.store.Keys(ctx)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	all := make(map[string]store.Key, len(list))
	for _, key := range list {
		all[key.ID] = key
	}
	k.all, k.read = all, now
	return all, nil
}
