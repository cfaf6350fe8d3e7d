package wire

// A deflated frame is a frame of the server in fewer bytes: 0xc1, with which no MessagePack value begins, the size of the
// frame (4 bytes, big-endian), then the frame as raw deflate (RFC 1951). Only a client whose hello says so gets one. The
// shell inflates it, which owns the socket: package server/deflate in Go, webapp/sdk's inflate.ts in a browser.
// Decode takes it for torn.
const deflatedMark = 0xc1

// DeflatedHead is how many bytes stand before the deflated ones.
const DeflatedHead = 5

// AppendDeflatedHead appends what stands before the deflated bytes of a frame of a size.
func AppendDeflatedHead(b []byte, size int) []byte {
	return append(b, deflatedMark, byte(size>>24), byte(size>>16), byte(size>>8), byte(size))
}

// Deflated tells whether a frame is a deflated one, and of what size the frame in it claims to be. What claims more than
// MaxServerFrame is ErrTorn: a reader is to stop there, and to refuse more or less than was claimed.
func Deflated(frame []byte) (size int, deflated bool, err error) {
	if len(frame) == 0 || frame[0] != deflatedMark {
		return 0, false, nil
	}
	if len(frame) < DeflatedHead {
		return 0, true, ErrTorn
	}
	size = int(frame[1])<<24 | int(frame[2])<<16 | int(frame[3])<<8 | int(frame[4])
	if size > MaxServerFrame {
		return 0, true, ErrTorn
	}
	return size, true, nil
}
