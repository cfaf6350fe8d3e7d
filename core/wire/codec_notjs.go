//go:build !js

package wire

import "github.com/vmihailenco/msgpack/v5"

// encoder and decoder are the few methods of MessagePack that this package uses. codec_js.go is the other half of this
// page: there the twin in core/wire/pack stands in, which the differential tests there hold byte-equal to this library.
type (
	encoder = msgpack.Encoder
	decoder = msgpack.Decoder
)

func newEncoder(b *buffer) *encoder { return msgpack.NewEncoder(b) }
func newDecoder(r *reader) *decoder { return msgpack.NewDecoder(r) }
