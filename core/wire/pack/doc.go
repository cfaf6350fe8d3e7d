// Package pack is the small twin of github.com/vmihailenco/msgpack/v5 for the browser's module: the few methods that
// core/wire calls, with the same names, signatures and bytes. core/wire/codec_js.go picks it, codec_notjs.go picks the
// library.
//
//	values --Encoder--> MessagePack --Decoder--> values
//
// Read encoder.go, then decoder.go; code.go has the bytes they share. diff_test.go is the proof: both packages run the
// same programs of calls, over seeds and by fuzzing.
//
// It promises
//
//   - what Encoder writes is byte for byte what the library writes;
//   - what the library writes, Decoder reads, to the same values and not a byte further;
//   - whatever Decoder reads of any input, the library reads as the same value;
//   - a length that lies costs 4 KB or a small multiple of what the input holds, whichever is more, and nothing if the
//     reader has a method Len() int; Skip takes constant memory however deep values are nested.
//
// # Where it is stricter than the library
//
//   - DecodeUint64 refuses negative numbers and DecodeInt64 numbers from 2^63 on (ErrRange); the library wraps them.
//   - DecodeMapLen refuses an extension before a map (ErrCode), whose head the library skips.
//   - EncodeArrayLen and EncodeMapLen refuse negative lengths and those from 2^32 on (ErrLength), as do EncodeString and
//     EncodeBytes; the library writes their low bits.
//
// It is as lax as the library elsewhere: nil reads as 0, false, "" and the length -1, a text reads as bytes and bytes
// as a text, numbers read from any width.
//
// The library's own DecodeBytes allocates what the head claims, up to 4 GB for five bytes of input, before it reads.
// Who decodes what strangers send with it has to look at the length first (DecodeBytesLen), or use this package.
//
// # What it costs
//
// All methods used, in a js/wasm module (-s -w, brotli 11): 9.7 KB; the library adds 281 KB to the same program. It
// imports errors and io, nothing else. Native, on a message of 50 texts and 50 packed records (13 KB), the best of 8
// runs, as ratio of the library's time: encoding 1.02 (1.6 µs), decoding 0.90 (10 µs), Skip 1.19 (4.2 µs).
// Neither side allocates but for the texts and bytes it returns.
package pack
