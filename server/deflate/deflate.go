// Package deflate makes frames of the channel small, and large again: once for all who get them, where a WebSocket's own
// compression (permessage-deflate) does it once for each. core/wire says how such a frame looks; core cannot do it
// itself, since a browser's module would carry compress/flate with it.
//
// # Decisions
//
//   - Level 4. 10,000 demo-like items take 332 bytes each at 4, 359 at 1 and 329 at 6 and 9, which take two to six times
//     as long: much of a snapshot is noise (sources, weights, hashes), in which they search in vain.
//   - What is below Least stays as it is: it goes out in one packet either way, and the browser inflates in turns of its
//     event loop. So does what deflate does not make smaller by an eighth.
package deflate

import (
	"bytes"
	"compress/flate"
	"io"
	"sync"

	"nigh/core/wire"
)

// Level is that of compress/flate.
const Level = 4

// Least is the size of the smallest frame that is deflated, in bytes.
const Least = 1200

// writers are kept: one takes 0.8 MB.
var writers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, Level)
	if err != nil {
		panic(err) // the level is a constant
	}
	return w
}}

// Frame returns a frame deflated, or the frame itself if that is better.
func Frame(plain []byte) []byte {
	if len(plain) < Least || len(plain) > wire.MaxServerFrame {
		return plain
	}
	w := writers.Get().(*flate.Writer)
	defer writers.Put(w)
	b := bytes.NewBuffer(wire.AppendDeflatedHead(make([]byte, 0, len(plain)/2), len(plain)))
	w.Reset(b)
	_, err := w.Write(plain)
	if err == nil {
		err = w.Close()
	}
	if err != nil || b.Len() > len(plain)-len(plain)/8 { // a buffer has no errors
		return plain
	}
	return bytes.Clone(b.Bytes()) // to its length: it is kept for long
}

// Inflate returns the frame that is in a deflated one, and any other as it is. What is not as large as it claims to be, or
// claims more than wire.MaxServerFrame, gives wire.ErrTorn, and takes no more memory than that.
func Inflate(frame []byte) ([]byte, error) {
	size, deflated, err := wire.Deflated(frame)
	switch {
	case err != nil:
		return nil, err
	case !deflated:
		return frame, nil
	}
	body := bytes.NewReader(frame[wire.DeflatedHead:])
	r := flate.NewReader(body)
	// A claim is believed as far as deflate can have made it: 1032 bytes of one.
	out := bytes.NewBuffer(make([]byte, 0, min(size, 1032*body.Len())+bytes.MinRead))
	n, err := io.Copy(out, io.LimitReader(r, int64(size)+1))
	if err != nil || n != int64(size) || body.Len() > 0 {
		return nil, wire.ErrTorn
	}
	return out.Bytes(), nil
}
