package core

import "nigh/core/text"

// ItemID is the name that the owner of the content gave an item: any text of 1 to MaxIDBytes bytes.
type ItemID string

// MaxIDBytes bounds an item's id, in bytes of UTF-8.
const MaxIDBytes = 512

// ItemNum is an item's number in its catalog: given once by the server's store, from 1, never used again within an
// epoch. 0 is no item.
type ItemNum uint32

// Feature is one dimension that items and profiles share: another item, a term, a tag, a category, an author or an
// attribute. The high byte is its Kind; the low 40 bits are an item's number or the hash of the folded text.
type Feature uint64

// Kind tells what a Feature is made of.
type Kind uint8

// The kinds of feature. Their numbers are part of the wire format.
const (
	KindItem      Kind = 1 // an item that a reader had contact with
	KindTerm      Kind = 2 // a stem of the item's text
	KindTag       Kind = 3
	KindCategory  Kind = 4
	KindAuthor    Kind = 5
	KindAttribute Kind = 6 // "name=value", for filters alone
)

// What reasons have for a Feature where none of the item's own speaks for it; 0 is the prior. No record holds them.
const (
	Pinned  Feature = 16 << 56 // the owner gave the item its place
	Boosted Feature = 17 << 56 // the owner raised its score
	New     Feature = 18 << 56 // a place for new items
)

// hashMask keeps the 40 bits of a feature that are not its kind's.
const hashMask = 1<<40 - 1

// Kind returns what f is made of.
func (f Feature) Kind() Kind { return Kind(f >> 56) }

// Item returns the number of the item that f stands for, 0 if f is of another kind.
func (f Feature) Item() ItemNum {
	if f.Kind() != KindItem {
		return 0
	}
	return ItemNum(f)
}

// ItemFeature is the feature "the reader had contact with item n".
func ItemFeature(n ItemNum) Feature { return Feature(KindItem)<<56 | Feature(n) }

// TermFeature is the feature of one stem as text.Analyzer yields it; the stem is not folded again.
func TermFeature(stem string) Feature { return hashed(KindTerm, stem) }

// LabelFeature is the feature of a tag, category, author or attribute; s is folded, so that "Sea " and "sea" are one.
// An attribute's s is "name=value".
func LabelFeature(k Kind, s string) Feature { return hashed(k, text.Fold(s)) }

// hashed is FNV-1a, 64 bit, folded by XOR to 40 (the method of the FNV authors for sizes below 64).
func hashed(k Kind, s string) Feature {
	h := uint64(14695981039346656037)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return Feature(k)<<56 | Feature((h>>40^h)&hashMask)
}

// String returns the kind's name in reasons: "item", "term", "tag", "category", "author", "attribute", and for what is no
// feature of the item "pinned", "boosted", "new" and, for the prior, "popular".
func (k Kind) String() string {
	switch k {
	case KindItem:
		return "item"
	case KindTerm:
		return "term"
	case KindTag:
		return "tag"
	case KindCategory:
		return "category"
	case KindAuthor:
		return "author"
	case KindAttribute:
		return "attribute"
	case Pinned.Kind():
		return "pinned"
	case Boosted.Kind():
		return "boosted"
	case New.Kind():
		return "new"
	}
	return "popular"
}
