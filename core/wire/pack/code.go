package pack

import "errors"

// Errors that a Decoder adds to those of its reader, and ErrLength of the Encoder.
var (
	ErrCode   = errors.New("pack: another kind of value than expected")
	ErrRange  = errors.New("pack: a number out of range")
	ErrLength = errors.New("pack: a length out of range")
)

// The first byte of a value, from the MessagePack specification (github.com/msgpack/msgpack/blob/master/spec.md). Codes
// of several sizes follow each other, each size twice the one before.
const (
	codeFixedMap    = 0x80 // | number of pairs, 4 bits
	codeFixedArray  = 0x90 // | number of values, 4 bits
	codeFixedString = 0xa0 // | bytes, 5 bits
	codeNil         = 0xc0
	codeFalse       = 0xc2
	codeTrue        = 0xc3
	codeBin8        = 0xc4
	codeBin16       = 0xc5
	codeBin32       = 0xc6
	codeExt8        = 0xc7
	codeExt32       = 0xc9
	codeFloat32     = 0xca
	codeFloat64     = 0xcb
	codeUint8       = 0xcc
	codeUint16      = 0xcd
	codeUint32      = 0xce
	codeUint64      = 0xcf
	codeInt8        = 0xd0
	codeInt16       = 0xd1
	codeInt32       = 0xd2
	codeInt64       = 0xd3
	codeFixedExt1   = 0xd4
	codeFixedExt16  = 0xd8
	codeString8     = 0xd9
	codeString16    = 0xda
	codeString32    = 0xdb
	codeArray16     = 0xdc
	codeArray32     = 0xdd
	codeMap16       = 0xde
	codeMap32       = 0xdf
	codeNegative    = 0xe0 // and above: -32 to -1
)
