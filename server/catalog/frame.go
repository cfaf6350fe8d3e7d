package catalog

import (
	"sync"

	"nigh/server/deflate"
)

// Frame is a frame that many sessions send: encoded once, and deflated once for all clients that inflate. Of both forms it
// keeps those that were asked for: a snapshot that went to browsers alone takes a third of its records' bytes.
type Frame struct {
	size int // of the plain form

	mu              sync.Mutex
	plain, deflated []byte // one of them at least
}

// NewFrame returns a frame to be shared, which keeps plain.
func NewFrame(plain []byte) *Frame { return &Frame{size: len(plain), plain: plain} }

// Size is that of the frame before it is deflated, in bytes.
func (f *Frame) Size() int { return f.size }

// For returns what goes to a client: deflated, if the client inflates and the frame is large enough for it. It is not to
// be changed.
func (f *Frame) For(inflates bool) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	if inflates {
		if f.deflated == nil {
			f.deflated = deflate.Frame(f.plain)
			f.plain = nil
		}
		return f.deflated
	}
	if f.plain == nil {
		plain, err := deflate.Inflate(f.deflated)
		if err != nil {
			panic(err) // it was deflated above
		}
		f.plain = plain
	}
	return f.plain
}
