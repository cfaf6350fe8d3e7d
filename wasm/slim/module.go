package main

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// image is the memory of a module as its data section lays it out, and where each byte stands in the file.
type image struct {
	memory   []byte
	segments []segment
}

type segment struct{ address, length, file int } // bytes; file: offset of its content in the module

var errTorn = errors.New("the module ends in the middle of something; build it again")

// Sections and limits of the format: https://webassembly.github.io/spec/core/binary/modules.html.
const (
	dataSection = 11
	maxMemory   = 1 << 28 // bytes; more than that is no module for a page
	opI32Const  = 0x41
	opEnd       = 0x0b
)

// readImage lays out the data section of a module.
func readImage(module []byte) (*image, error) {
	if len(module) < 8 || string(module[:4]) != "\x00asm" || binary.LittleEndian.Uint32(module[4:]) != 1 {
		return nil, errors.New("not a WebAssembly module")
	}
	r := &reader{b: module, at: 8}
	for r.at < len(module) {
		id, size := r.byte(), r.uint()
		start := r.at
		if r.skip(size); r.failed {
			return nil, errTorn
		}
		if id == dataSection {
			return readData(&reader{b: module[:r.at], at: start})
		}
	}
	return nil, errors.New("the module has no data section")
}

func readData(r *reader) (*image, error) {
	im := &image{}
	for n := r.uint(); n > 0; n-- {
		if flags := r.uint(); flags != 0 && !r.failed {
			return nil, fmt.Errorf("a data segment of kind %d; Go writes 0", flags)
		}
		if op := r.byte(); op != opI32Const && !r.failed {
			return nil, fmt.Errorf("a data segment's address begins with %#x; Go writes i32.const", op)
		}
		s := segment{address: r.int()}
		if end := r.byte(); end != opEnd && !r.failed {
			return nil, errors.New("a data segment's address is not a constant")
		}
		s.length = r.uint()
		s.file = r.at
		if r.skip(s.length); r.failed {
			return nil, errTorn
		}
		if s.address < 0 || s.address+s.length > maxMemory {
			return nil, fmt.Errorf("a data segment at %d, outside of memory", s.address)
		}
		if need := s.address + s.length; need > len(im.memory) {
			im.memory = append(im.memory, make([]byte, need-len(im.memory))...)
		}
		copy(im.memory[s.address:], r.b[s.file:s.file+s.length])
		im.segments = append(im.segments, s)
	}
	return im, nil
}

// writeTo puts the image back where it came from. Bytes outside of the segments are zero and stay so.
func (im *image) writeTo(module []byte) {
	for _, s := range im.segments {
		copy(module[s.file:s.file+s.length], im.memory[s.address:])
	}
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
