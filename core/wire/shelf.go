package wire

import (
	"math/bits"

	"nigh/core"
)

// Shelf names a part of a catalog: all items whose key begins with certain bits. Shelf 1 is the whole catalog; the two
// halves of shelf s are 2s and 2s+1, by the next bit. So a name says what belongs to it, whoever split what and when:
// a client that holds shelf 6 holds 12 and 13 too. No shelf is 0.
//
// An item's key (KeyOf) is its category, then its first tag (or author), then its id: a large catalog falls into its
// categories, a large category into what its items are about, and what is larger still by chance.
type Shelf uint64

// Whole is the shelf that holds a whole catalog.
const Whole Shelf = 1

// KeyBits is the length of a key.
const KeyBits = categoryBits + topicBits + chanceBits

const (
	categoryBits = 16
	topicBits    = 12
	chanceBits   = 20
)

// Key is where an item stands in the order of shelves: KeyBits bits.
type Key uint64

// KeyOf returns a record's key. It depends on nothing but its first category, its first tag (if it has none, its
// author) and its id, as shown on its card: it changes when its owner edits one of these, and not by what is learnt.
func KeyOf(r *core.Record) Key {
	category, topic := uint64(0), uint64(0)
	if c := r.Card.Categories; len(c) > 0 {
		category = hashOf(core.LabelFeature(core.KindCategory, c[0]))
	}
	if t := r.Card.Tags; len(t) > 0 {
		topic = hashOf(core.LabelFeature(core.KindTag, t[0]))
	} else if r.Card.Author != "" {
		topic = hashOf(core.LabelFeature(core.KindAuthor, r.Card.Author))
	}
	chance := uint64(SumStart)
	for i := 0; i < len(r.ID); i++ {
		chance = (chance ^ uint64(r.ID[i])) * sumPrime
	}
	return Key(top(category, categoryBits)<<(topicBits+chanceBits) | top(topic, topicBits)<<chanceBits | top(mix(chance), chanceBits))
}

func hashOf(f core.Feature) uint64     { return mix(uint64(f)) }
func top(hash uint64, n uint64) uint64 { return hash >> (64 - n) }

// Valid tells whether s names a shelf.
func (s Shelf) Valid() bool { return s != 0 && s.depth() <= KeyBits }

// depth is how many bits of a key s looks at.
func (s Shelf) depth() int { return bits.Len64(uint64(s)) - 1 }

// Holds tells whether an item of key k belongs to s.
func (s Shelf) Holds(k Key) bool { return Shelf(1<<KeyBits|k)>>(KeyBits-s.depth()) == s }

// Contains tells whether all of t belongs to s.
func (s Shelf) Contains(t Shelf) bool { return t.depth() >= s.depth() && t>>(t.depth()-s.depth()) == s }

// At returns the shelf of a depth that holds k.
func At(k Key, depth int) Shelf { return Shelf(1<<KeyBits|k) >> (KeyBits - depth) }

// Halves returns the two halves of s, and whether it can be split.
func (s Shelf) Halves() (low, high Shelf, ok bool) { return 2 * s, 2*s + 1, s.depth() < KeyBits }

// First returns the lowest key that s holds; shelves none of which contains another are in the order of these.
func (s Shelf) First() Key { return Key(s<<(KeyBits-s.depth())) &^ (1 << KeyBits) }

// RecordSum is what a record adds to its shelf's checksum, which is the sum of these over its items, modulo 2^64. The
// order of items does not matter, and a change of one costs two of these. It is of the record, not of the bytes that it
// came in: packed is what AppendRecord makes of it.
func RecordSum(packed []byte) uint64 {
	sum := SumStart
	for _, c := range packed {
		sum = (sum ^ uint64(c)) * sumPrime
	}
	return mix(sum)
}

// mix spreads a hash over all 64 bits (the finalizer of splitmix64), so that sums of hashes do not cancel out.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
