package main

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// image is a module, the memory that its data section lays out beside the sections before and after it.
type image struct {
	memory        []byte
	from          int // where memory's first segment begins; all before it is zero
	before, after []byte
}

var errTorn = errors.New("the module ends in the middle of something; build it again")

// Sections and limits of the format: https://webassembly.github.io/spec/core/binary/modules.html.
const (
	dataSection = 11
	maxMemory   = 1 << 28 // bytes; more than that is no module for a page
	opI32Const  = 0x41
	opEnd       = 0x0b
)

// longestGap is how many zeros a data segment takes along, rather than end and have another one begin behind them. An
// address is 3 bytes that no compressor foretells, a thousand zeros are one. The linker's 8 gave 34,300 segments in
// nigh.wasm, 40 kB of it after brotli.
const longestGap = 1024

// readImage lays out the data section of a module.
func readImage(module []byte) (*image, error) {
	if len(module) < 8 || string(module[:4]) != "\x00asm" || binary.LittleEndian.Uint32(module[4:]) != 1 {
		return nil, errors.New("not a WebAssembly module")
	}
	r := &reader{b: module, at: 8}
	for r.at < len(module) {
		section := r.at
		id, size := r.byte(), r.uint()
		start := r.at
		if r.skip(size); r.failed {
			return nil, errTorn
		}
		if id == dataSection {
			im := &image{before: module[:section], after: module[r.at:]}
			return im, im.readData(&reader{b: module[:r.at], at: start})
		}
	}
	return nil, errors.New("the module has no data section")
}

func (im *image) readData(r *reader) error {
	im.from = maxMemory
	for n := r.uint(); n > 0; n-- {
		if flags := r.uint(); flags != 0 && !r.failed {
			return fmt.Errorf("a data segment of kind %d; Go writes 0", flags)
		}
		if op := r.byte(); op != opI32Const && !r.failed {
			return fmt.Errorf("a data segment's address begins with %#x; Go writes i32.const", op)
		}
		address := r.int()
		if end := r.byte(); end != opEnd && !r.failed {
			return errors.New("a data segment's address is not a constant")
		}
		length := r.uint()
		content := r.at
		if r.skip(length); r.failed {
			return errTorn
		}
		if address < 0 || address+length > maxMemory {
			return fmt.Errorf("a data segment at %d, outside of memory", address)
		}
		if need := address + length; need > len(im.memory) {
			im.memory = append(im.memory, make([]byte, need-len(im.memory))...)
		}
		copy(im.memory[address:], r.b[content:content+length])
		im.from = min(im.from, address)
	}
	im.memory = append(im.memory, make([]byte, moduleSize)...) // zeros at the end are in no segment
	return nil
}

// module returns the module with memory as it is now.
func (im *image) module() []byte {
	var segments []byte
	n := 0
	for at := im.from; at < len(im.memory); {
		if im.memory[at] == 0 {
			at++
			continue
		}
		end := at + 1 // of the segment, behind its last byte that is not zero
		for i := end; i < len(im.memory) && i-end <= longestGap; i++ {
			if im.memory[i] != 0 {
				end = i + 1
			}
		}
		segments = append(segments, 0, opI32Const)
		segments = appendInt(segments, at)
		segments = append(segments, opEnd)
		segments = binary.AppendUvarint(segments, uint64(end-at))
		segments = append(segments, im.memory[at:end]...)
		at = end
		n++
	}
	count := binary.AppendUvarint(nil, uint64(n))
	out := append([]byte{}, im.before...)
	out = append(out, dataSection)
	out = binary.AppendUvarint(out, uint64(len(count)+len(segments)))
	out = append(out, count...)
	out = append(out, segments...)
	return append(out, im.after...)
}

// appendInt appends a signed LEB128.
func appendInt(b []byte, n int) []byte {
	for ; n < -64 || n >= 64; n >>= 7 {
		b = append(b, byte(n&0x7f|0x80))
	}
	return append(b, byte(n&0x7f))
}

// reader reads the module's integers; after a failure all is zero.
type reader struct {
	b      []byte
	at     int
	failed bool
}

func (r *reader) byte() byte {
	if r.failed || r.at >= len(r.b) {
		r.failed = true
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

func (r *reader) skip(n int) {
	if n < 0 || n > len(r.b)-r.at {
		r.failed = true
		return
	}
	r.at += n
}

// uint reads an unsigned LEB128 of 32 bits.
func (r *reader) uint() int {
	n := 0
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		n |= int(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	r.failed = true
	return 0
}

// int reads a signed LEB128 of 32 bits.
func (r *reader) int() int {
	n := 0
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		n |= int(b&0x7f) << shift
		if b < 0x80 {
			if b&0x40 != 0 {
				n |= -1 << (shift + 7)
			}
			return n
		}
	}
	r.failed = true
	return 0
}
