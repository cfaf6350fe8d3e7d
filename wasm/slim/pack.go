package main

import (
	"cmp"
	"maps"
	"slices"
)

// findEvery is for how many functions in a row the table that finds one says the same: where to begin. The runtime looks
// on from there, at 7 functions at most; 8 instead of 1 take 3 kB out after brotli.
const findEvery = 8

// write puts functions into the table, in place of what it held, and zeros behind them. It fails without having changed
// anything.
func (t *pclntab) write(functions []function) error {
	var names, tables, data pool
	for i := range functions {
		f := &functions[i]
		names.add(f.name, 1)
		tables.add(f.stackSize, 1)
		tables.add(f.stackMap, 1)
		for kind, object := range f.data {
			data.add(object, alignments[kind])
		}
	}
	packedNames, nameAt := names.pack(1, []byte{0}) // an offset of 0 is no name
	packedTables, tableAt := tables.pack(1, nil)    // and no table
	packedData, dataAt := data.pack(0, nil)

	funcs := make([]byte, (8*len(functions)+4+7)/8*8)
	for i := range functions {
		f := &functions[i]
		entry, at := t.first+uint32(i), len(funcs)
		put(funcs, 8*i, entry)
		put(funcs, 8*i+4, uint32(at))
		kinds := f.kinds()
		funcs = append(funcs, make([]byte, (funcSize+4*(stackMapIndex+1)+4*kinds+7)/8*8)...)
		b := funcs[at:]
		put(b, funcEntry, entry)
		put(b, funcName, nameAt[string(f.name)])
		put(b, funcArgs, f.args)
		put(b, funcDeferReturn, f.deferReturn)
		put(b, funcPCSP, tableAt[string(f.stackSize)])
		put(b, funcNPCData, stackMapIndex+1)
		put(b, funcUnit, none)
		b[funcID], b[funcFlag], b[funcNData] = f.id, f.flag, byte(kinds)
		b = b[funcSize:]
		put(b, 4*stackMapIndex, tableAt[string(f.stackMap)])
		for kind := range kinds {
			offset := none
			if f.data[kind] != nil {
				offset = dataAt[string(f.data[kind])]
			}
			put(b, 4*(stackMapIndex+1)+4*kind, offset)
		}
	}
	put(funcs, 8*len(functions), t.first+uint32(len(functions)))

	if len(packedNames) > len(t.names) || len(packedTables) > len(t.tables) || len(packedData) > len(t.data) || len(funcs) > len(t.funcs) {
		return errLayout // the linker's own is longer: it tells a trace more
	}
	for region, packed := range map[*[]byte][]byte{
		&t.names: packedNames, &t.tables: packedTables, &t.data: packedData, &t.funcs: funcs, &t.units: nil, &t.find: nil,
	} {
		clear((*region)[copy(*region, packed):])
	}
	for i := range functions {
		put(t.find, i*findStep, uint32(i/findEvery*findEvery))
	}
	return nil
}

// kinds is how many kinds of data the table says for a function: those with pointers on the stack always, so that nearly
// all functions take the same room. What repeats at a fixed distance is what a compressor is best at.
func (f *function) kinds() int {
	for kind := dataKinds - 1; kind > stackObjects; kind-- {
		if f.data[kind] != nil {
			return kind + 1
		}
	}
	return stackObjects + 1
}

var alignments = [dataKinds]int{argsMap: 4, localsMap: 4, stackObjects: 8, openDefers: 1} // bytes; 0 for a kind without

// pool is contents, each once, with its alignment.
type pool map[string]int

func (p *pool) add(content []byte, alignment int) {
	if len(content) == 0 {
		return
	}
	if *p == nil {
		*p = pool{}
	}
	(*p)[string(content)] = max((*p)[string(content)], alignment)
}

// pack lays the contents out one behind the other from an offset on, each followed by an end. It returns all and where
// each is; the empty one is at 0. Sorted, for the compressor: neighbours begin alike.
func (p pool) pack(from int, end []byte) (all []byte, at map[string]uint32) {
	all, at = make([]byte, from), map[string]uint32{}
	for _, content := range slices.SortedFunc(maps.Keys(p), func(a, b string) int {
		return cmp.Or(-cmp.Compare(p[a], p[b]), cmp.Compare(a, b))
	}) {
		for len(all)%p[content] != 0 {
			all = append(all, 0)
		}
		at[content] = uint32(len(all))
		all = append(all, content...)
		all = append(all, end...)
	}
	return all, at
}
