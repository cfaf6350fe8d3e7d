package learn

import (
	"encoding/binary"
	"errors"
	"math"

	"nigh/core"
)

// EncodeNeighbours packs neighbours for the store: per neighbour its number as a varint and its similarity in 1/65535
// as two bytes. The rounding is a thirtieth of the weights' own.
func EncodeNeighbours(ns []Neighbour) []byte {
	out := make([]byte, 0, 5*len(ns))
	for _, n := range ns {
		out = binary.AppendUvarint(out, uint64(n.Item))
		out = binary.BigEndian.AppendUint16(out, uint16(math.Round(float64(n.Similarity)*math.MaxUint16)))
	}
	return out
}

// DecodeNeighbours is the inverse of EncodeNeighbours.
func DecodeNeighbours(b []byte) ([]Neighbour, error) {
	var out []Neighbour
	if len(b) > 0 {
		out = make([]Neighbour, 0, min(len(b)/3, MaxNeighbours))
	}
	for len(b) > 0 {
		item, n := binary.Uvarint(b)
		if n <= 0 || item > math.MaxUint32 || len(b) < n+2 {
			return nil, errors.New("learn: stored neighbours are torn")
		}
		s := binary.BigEndian.Uint16(b[n:])
		out = append(out, Neighbour{core.ItemNum(item), float32(s) / math.MaxUint16})
		b = b[n+2:]
	}
	return out, nil
}
