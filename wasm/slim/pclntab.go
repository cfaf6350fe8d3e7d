package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// The layout of runtime.pclntab: pcHeader and _func in runtime/symtab.go and runtime2.go of Go 1.26, on a 64-bit,
// little-endian machine.
const (
	headerFunctions = 8  // uint64 each from here on
	headerNames     = 32 // offsets from the header
	headerUnits     = 40
	headerFiles     = 48
	headerTables    = 56
	headerFuncs     = 64
	headerSize      = 72

	funcNameOff   = 4
	funcPCSP      = 16
	funcPCFile    = 20
	funcPCLine    = 24
	funcNPCData   = 28
	funcUnit      = 32
	funcStartLine = 36
	funcNFuncData = 43
	funcSize      = 44

	pcdataStackMap = 1 // internal/abi.PCDATA_StackMapIndex: the garbage collector's
	maxPCData      = 16
	noUnit         = ^uint32(0)
)

// magic is Go 1.20's, followed by two zeros, the instruction size of wasm and the size of a pointer.
var magic = []byte{0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8}

// pclntab is the table inside an image of memory.
type pclntab struct {
	all                                []byte // from the header to the end of memory
	functions                          int
	names, units, files, tables, funcs int // offsets in all; each ends where the next begins
}

// errLayout says that the table is not what this package knows.
var errLayout = errors.New("the function table does not have the layout of Go 1.26; look at runtime/symtab.go of this Go, then at wasm/slim/pclntab.go")

func findTable(memory []byte) (*pclntab, error) {
	at := bytes.Index(memory, magic)
	if at < 0 || len(memory)-at < headerSize {
		return nil, errLayout
	}
	if bytes.Contains(memory[at+1:], magic) {
		return nil, fmt.Errorf("two function tables: %w", errLayout)
	}
	t := &pclntab{all: memory[at:]}
	last := 0
	for _, field := range []struct {
		to   *int
		from int
	}{{&t.names, headerNames}, {&t.units, headerUnits}, {&t.files, headerFiles}, {&t.tables, headerTables}, {&t.funcs, headerFuncs}} {
		v := binary.LittleEndian.Uint64(t.all[field.from:])
		if v < uint64(max(last, headerSize)) || v > uint64(len(t.all)) {
			return nil, errLayout
		}
		*field.to, last = int(v), int(v)
	}
	n := binary.LittleEndian.Uint64(t.all[headerFunctions:])
	if n == 0 || n > uint64(len(t.all)-t.funcs)/8 {
		return nil, errLayout
	}
	t.functions = int(n)
	return t, nil
}

func (t *pclntab) u32(at int) uint32    { return binary.LittleEndian.Uint32(t.all[at:]) }
func (t *pclntab) put(at int, v uint32) { binary.LittleEndian.PutUint32(t.all[at:], v) }

// function returns where function i stands, checked as far as it can be, and how many pcdata tables it has.
func (t *pclntab) function(i int) (at, pcdata int, err error) {
	at = t.funcs + int(t.u32(t.funcs+8*i+4))
	if at > len(t.all)-funcSize {
		return 0, 0, errLayout
	}
	n := t.u32(at + funcNPCData)
	if n > maxPCData || int(t.u32(at+funcNameOff)) >= t.units-t.names ||
		at+funcSize+4*int(n)+4*int(t.all[at+funcNFuncData]) > len(t.all) {
		return 0, 0, errLayout
	}
	return at, int(n), nil
}

// strip takes out what only traces need. It fails without having changed anything.
func (t *pclntab) strip() error {
	// First what stays: tables are shared, between functions and between kinds.
	keep := make([]bool, t.funcs-t.tables)
	for i := range t.functions {
		at, n, err := t.function(i)
		if err != nil {
			return err
		}
		for _, field := range []int{funcPCFile, funcPCLine} {
			if _, err := t.table(t.u32(at + field)); err != nil {
				return err
			}
		}
		stays := []uint32{t.u32(at + funcPCSP)}
		if n > pcdataStackMap {
			stays = append(stays, t.u32(at+funcSize+4*pcdataStackMap))
		}
		for _, from := range stays {
			to, err := t.table(from)
			if err != nil {
				return err
			}
			for j := int(from); j < to; j++ {
				keep[j] = true
			}
		}
	}
	for i := range t.functions {
		at, n, _ := t.function(i)
		for _, field := range []int{funcPCFile, funcPCLine, funcStartLine} {
			t.put(at+field, 0)
		}
		t.put(at+funcUnit, noUnit)
		for j := range n {
			if j != pcdataStackMap {
				t.put(at+funcSize+4*j, 0)
			}
		}
	}
	for i, stays := range keep {
		if !stays {
			t.all[t.tables+i] = 0
		}
	}
	clear(t.all[t.units:t.tables]) // the units' file numbers, then the files' names
	return nil
}

// table returns where the table at an offset ends: pairs of varints until a value of 0 that is not the first (pcvalue
// and step in runtime/symtab.go). Offset 0 is no table.
func (t *pclntab) table(from uint32) (to int, err error) {
	if from == 0 {
		return 0, nil
	}
	r := &reader{b: t.all[t.tables:t.funcs], at: int(from)}
	for first := true; !r.failed; first = false {
		if r.uint() == 0 && !first {
			return r.at, nil
		}
		r.uint()
	}
	return 0, errLayout
}
