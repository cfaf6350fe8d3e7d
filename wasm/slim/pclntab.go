package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// The layout of runtime.pclntab: pcHeader, moduledata and _func in runtime/symtab.go and runtime2.go of Go 1.26, on a
// 64-bit, little-endian machine.
const (
	headerFunctions = 8  // uint64 each from here on
	headerNames     = 32 // offsets from the header
	headerUnits     = 40
	headerFiles     = 48
	headerTables    = 56
	headerFuncs     = 64
	headerSize      = 72

	moduleFind = 152 // addresses; the first of moduledata is the header's
	moduleMin  = 160
	moduleText = 176
	moduleData = 320
	moduleEnd  = 328
	moduleSize = 336

	funcEntry       = 0
	funcName        = 4
	funcArgs        = 8
	funcDeferReturn = 12
	funcPCSP        = 16
	funcNPCData     = 28
	funcUnit        = 32
	funcID          = 40
	funcFlag        = 41
	funcNData       = 43
	funcSize        = 44

	// Of internal/abi/symtab.go: what a function's tables by place are for. Those that are not here are for traces.
	stackMapIndex = 1
	mostPCData    = 4 // from here on they are for running again: PCDATA_PanicBounds, which wasm does not have
	argsMap       = 0
	localsMap     = 1
	stackObjects  = 2
	openDefers    = 4
	dataKinds     = 5
	mostData      = 8

	none = ^uint32(0)

	// The table that finds a function by its program counter has 16 places of 20 bytes per function, the last less. On wasm a program
	// counter is function<<16 | block, and only the first of the 16 is asked (runtime.findfunc).
	findStep = 16 * 20
	findRead = 5 // an index and the first of 16 bytes beside it
)

// magic is Go 1.20's, followed by two zeros, the instruction size of wasm and the size of a pointer.
var magic = []byte{0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8}

// pclntab is the table inside an image of memory: regions, each up to the next.
type pclntab struct {
	names, units, tables, funcs, data, find []byte
	functions                               int
	first                                   uint32 // the first function's number; each next is one more
}

// function is what running needs to know of a function, and its name. A table that it does not have is nil.
type function struct {
	name              []byte
	args, deferReturn uint32
	id, flag          byte
	stackSize         []byte // pcsp
	stackMap          []byte // PCDATA_StackMapIndex
	data              [dataKinds][]byte
}

// errLayout says that the table is not what this package knows.
var errLayout = errors.New("the function table does not have the layout of Go 1.26; look at runtime/symtab.go of this Go, then at wasm/slim/pclntab.go")

func findTable(memory []byte) (*pclntab, error) {
	u64 := func(at int) uint64 { return binary.LittleEndian.Uint64(memory[at:]) }
	header := bytes.Index(memory, magic)
	if header < 0 || len(memory)-header < headerSize {
		return nil, errLayout
	}
	if bytes.Contains(memory[header+1:], magic) {
		return nil, fmt.Errorf("two function tables: %w", errLayout)
	}
	// moduledata begins with the addresses of header and names.
	names := uint64(header) + u64(header+headerNames)
	module := bytes.Index(memory, binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(header)), names))
	if module < 0 || len(memory)-module < moduleSize {
		return nil, errLayout
	}
	var region [8]int // where each begins, in order
	last := header + headerSize
	for i, at := range [...]uint64{
		names, uint64(header) + u64(header+headerUnits), uint64(header) + u64(header+headerFiles), uint64(header) + u64(header+headerTables),
		uint64(header) + u64(header+headerFuncs), u64(module + moduleData), u64(module + moduleFind), u64(module + moduleEnd),
	} {
		if at < uint64(last) || at > uint64(len(memory)) {
			return nil, errLayout
		}
		region[i], last = int(at), int(at)
	}
	if module >= header && module < last {
		return nil, errLayout
	}
	t := &pclntab{
		names: memory[region[0]:region[1]], units: memory[region[1]:region[3]], // and the files' names
		tables: memory[region[3]:region[4]], funcs: memory[region[4]:region[5]],
		data: memory[region[5]:region[6]], find: memory[region[6]:region[7]],
	}
	n := u64(header + headerFunctions)
	if n == 0 || n > uint64(len(t.funcs)-4)/8 || (n-1)*findStep+findRead > uint64(len(t.find)) {
		return nil, errLayout
	}
	t.functions, t.first = int(n), get(t.funcs, 0)
	if u64(module+moduleMin)-u64(module+moduleText) != uint64(t.first)<<16 {
		return nil, errLayout
	}
	return t, nil
}

func get(b []byte, at int) uint32    { return binary.LittleEndian.Uint32(b[at:]) }
func put(b []byte, at int, v uint32) { binary.LittleEndian.PutUint32(b[at:], v) }

// read returns all functions, in their order, as copies. It refuses what would get lost or is of a kind unknown.
func (t *pclntab) read() ([]function, error) {
	out := make([]function, t.functions)
	for i := range out {
		if get(t.funcs, 8*i) != t.first+uint32(i) || int(get(t.find, i*findStep))+int(t.find[i*findStep+4]) > i {
			return nil, errLayout
		}
		f, err := t.function(get(t.funcs, 8*i+4), t.first+uint32(i))
		if err != nil {
			return nil, err
		}
		out[i] = f
	}
	if get(t.funcs, 8*t.functions) != t.first+uint32(t.functions) { // where the last one ends
		return nil, errLayout
	}
	return out, nil
}

func (t *pclntab) function(at, entry uint32) (f function, err error) {
	if uint64(at)+funcSize > uint64(len(t.funcs)) {
		return f, errLayout
	}
	b := t.funcs[at:]
	pcdata, data := get(b, funcNPCData), int(b[funcNData])
	if pcdata > mostPCData || data > mostData || len(b) < funcSize+4*int(pcdata)+4*data || get(b, funcEntry) != entry {
		return f, errLayout
	}
	f.args, f.deferReturn, f.id, f.flag = get(b, funcArgs), get(b, funcDeferReturn), b[funcID], b[funcFlag]
	if f.name, err = t.name(get(b, funcName)); err != nil {
		return f, err
	}
	if f.stackSize, err = t.table(get(b, funcPCSP)); err != nil {
		return f, err
	}
	if pcdata > stackMapIndex {
		if f.stackMap, err = t.table(get(b, funcSize+4*stackMapIndex)); err != nil {
			return f, err
		}
	}
	for kind := range min(data, dataKinds) {
		if f.data[kind], err = t.object(kind, get(b, funcSize+4*int(pcdata)+4*kind)); err != nil {
			return f, err
		}
	}
	return f, nil
}

func (t *pclntab) name(at uint32) ([]byte, error) {
	if uint64(at) >= uint64(len(t.names)) {
		return nil, errLayout
	}
	n := bytes.IndexByte(t.names[at:], 0)
	if n < 0 {
		return nil, errLayout
	}
	return bytes.Clone(t.names[at : int(at)+n]), nil
}

// table returns the table at an offset: pairs of varints until a value of 0 that is not the first (pcvalue and step in
// runtime/symtab.go). Offset 0 is no table.
func (t *pclntab) table(at uint32) ([]byte, error) {
	if at == 0 {
		return nil, nil
	}
	r := &reader{b: t.tables, at: int(at)}
	for first := true; !r.failed; first = false {
		if r.uint() == 0 && !first && !r.failed {
			return bytes.Clone(t.tables[at:r.at]), nil
		}
		r.uint()
	}
	return nil, errLayout
}

// object returns a function's data of a kind. What is for traces only is none.
func (t *pclntab) object(kind int, at uint32) ([]byte, error) {
	if at == none {
		return nil, nil
	}
	r := &reader{b: t.data, at: int(at)}
	switch kind {
	case argsMap, localsMap: // stackmap: n and nbit of 4 bytes, n bitmaps
		if r.skip(8); !r.failed {
			r.skip(int(get(t.data, int(at))) * ((int(get(t.data, int(at)+4)) + 7) / 8))
		}
	case stackObjects: // a count of 8 bytes, stackObjectRecords of 16
		if r.skip(8); !r.failed {
			r.skip(int(get(t.data, int(at)))*16 + int(get(t.data, int(at)+4))*maxMemory)
		}
	case openDefers:
		r.uint()
		r.uint()
	default:
		return nil, nil
	}
	if r.failed {
		return nil, errLayout
	}
	return bytes.Clone(t.data[at:r.at]), nil
}
