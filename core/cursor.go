package core

import (
	"errors"
	"slices"
)

// Cursor is what the pages of a list have shown so far. The next page ranks with it excluded: however reader and catalog
// have moved meanwhile, no item is shown twice, and none is passed over that the list still wants to show.
type Cursor struct {
	Epoch  uint64 // of the catalog whose numbers these are
	Listed []ItemNum
}

// MaxListed bounds what the pages of one list show; behind that there is no next page.
const MaxListed = 1000

// ErrCursor: a text is no cursor of this catalog: torn, made up, or of a catalog that was made anew since.
var ErrCursor = errors.New("core: not a cursor of this catalog")

// Next returns the cursor behind a page that was asked for with limit places after c; "" if nothing can follow, since
// the page was not full or the pages together are too long.
func (c Cursor) Next(page []Ranked, limit int) string {
	if len(page) == 0 || len(page) < limit || len(c.Listed)+len(page) > MaxListed {
		return ""
	}
	listed := make([]ItemNum, 0, len(c.Listed)+len(page))
	listed = append(listed, c.Listed...)
	for _, r := range page {
		listed = append(listed, r.Num)
	}
	return cursorText(c.Epoch, listed)
}

// A cursor's text is base64url without padding of: the version 1, four bytes of a hash over epoch and numbers, then the
// numbers ascending, each as its distance from the one before (from 0) in a varint.

const cursorVersion = 1

// String returns c as a page hands it on. The items are a set: their order is not kept.
func (c Cursor) String() string {
	return cursorText(c.Epoch, slices.Clone(c.Listed))
}

// cursorText sorts listed.
func cursorText(epoch uint64, listed []ItemNum) string {
	slices.Sort(listed)
	b := make([]byte, 5, 5+3*len(listed))
	b[0] = cursorVersion
	last := ItemNum(0)
	for _, n := range slices.Compact(listed) {
		d := n - last
		for ; d >= 0x80; d >>= 7 {
			b = append(b, byte(d)|0x80)
		}
		b, last = append(b, byte(d)), n
	}
	copy(b[1:], cursorSum(epoch, b[5:]))
	return encode64(b)
}

// ParseCursor reads a cursor of the catalog of an epoch; "" is the beginning of a list.
func ParseCursor(s string, epoch uint64) (Cursor, error) {
	c := Cursor{Epoch: epoch}
	if s == "" {
		return c, nil
	}
	b, ok := decode64(s)
	if !ok || len(b) < 6 || b[0] != cursorVersion || string(b[1:5]) != string(cursorSum(epoch, b[5:])) {
		return Cursor{}, ErrCursor
	}
	last := uint64(0)
	for b = b[5:]; len(b) > 0; {
		d, n := uint64(0), 0
		for ; n < len(b) && n < 5; n++ {
			d |= uint64(b[n]&0x7f) << (7 * n)
			if b[n] < 0x80 {
				break
			}
		}
		if n == len(b) || n == 5 || d == 0 || n > 0 && b[n] == 0 || last+d > 1<<32-1 || len(c.Listed) == MaxListed {
			return Cursor{}, ErrCursor
		}
		last += d
		c.Listed, b = append(c.Listed, ItemNum(last)), b[n+1:]
	}
	return c, nil
}

// cursorSum tells what was torn from what is whole, and the numbers of one catalog from another's.
func cursorSum(epoch uint64, b []byte) []byte {
	h := mix(epoch)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211 // FNV-1a's prime
	}
	h = mix(h)
	return []byte{byte(h), byte(h >> 8), byte(h >> 16), byte(h >> 24)}
}

// The alphabet of base64url (RFC 4648, section 5); encoding/base64 would bring reflection into the module.
const alphabet64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func encode64(b []byte) string {
	out := make([]byte, 0, (len(b)*8+5)/6)
	bits, n := uint32(0), 0
	for _, c := range b {
		bits, n = bits<<8|uint32(c), n+8
		for n >= 6 {
			n -= 6
			out = append(out, alphabet64[bits>>n&63])
		}
	}
	if n > 0 {
		out = append(out, alphabet64[bits<<(6-n)&63])
	}
	return string(out)
}

// decode64 reads what encode64 writes, and nothing else: left over bits are 0.
func decode64(s string) ([]byte, bool) {
	out := make([]byte, 0, len(s)*6/8)
	bits, n := uint32(0), 0
	for i := 0; i < len(s); i++ {
		var v uint32
		switch c := s[i]; {
		case 'A' <= c && c <= 'Z':
			v = uint32(c - 'A')
		case 'a' <= c && c <= 'z':
			v = uint32(c-'a') + 26
		case '0' <= c && c <= '9':
			v = uint32(c-'0') + 52
		case c == '-':
			v = 62
		case c == '_':
			v = 63
		default:
			return nil, false
		}
		if bits, n = bits<<6|v, n+6; n >= 8 {
			n -= 8
			out = append(out, byte(bits>>n))
		}
	}
	return out, n < 6 && bits&(1<<n-1) == 0
}
