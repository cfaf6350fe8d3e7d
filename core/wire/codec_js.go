//go:build js

package wire

import "nigh/core/wire/pack"

// encoder and decoder are the few methods of MessagePack that this package uses. codec_notjs.go is the other half of
// this page: there they are the library's, to which the differential tests of core/wire/pack hold these byte-equal.
type (
	encoder = pack.Encoder
	decoder = pack.Decoder
)

func newEncoder(b *buffer) *encoder { return pack.NewEncoder(b) }
func newDecoder(r *reader) *decoder { return pack.NewDecoder(r) }
