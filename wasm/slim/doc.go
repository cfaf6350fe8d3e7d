// Command slim takes out of a Go js/wasm module what only traces need, and packs the rest for a compressor:
//
//	go run ./wasm/slim nigh.wasm
//
// Read first: Slim, then pclntab.go, the function table as the linker wrote it, then pack.go, as slim writes it. nigh.wasm
// becomes a quarter smaller by it after brotli (671 to 500 kB); `-ldflags='-s -w'` leaves all this, and there is no flag
// for it.
//
//	module ─► data section ─► image of memory ─► runtime.pclntab ─► functions: name, stack size, stack maps, defers ─┐
//	module ◄─ fewer, longer segments ◄─ the same image, ◄─ each table in its old place, shorter, zeros behind it ◄───┘
//
// # Decisions
//
//   - Only inside the function table do things move, by offsets that nobody else holds; a table's room stays, with zeros at
//     its end. No address of the module changes and no instruction, so there is nothing to link again.
//   - Taken out are pcfile, pcln, the names of files, the start line, of the pcdata all but the stack maps, of the funcdata
//     the trees of inlined calls and the shapes of arguments. The runtime reads "no table" and prints `main.open()` and
//     `?:0`: a trace in a reader's console names the functions, not lines, inlined calls or arguments. Kept is what running
//     needs: stack sizes (pcsp), stack maps, objects on the stack, open-coded defers.
//   - The names stay, at 14 kB: a report without them says nothing, and the runtime itself asks for the prefix "runtime."
//     to tell its own goroutines.
//   - What it takes out of 671 kB: tables for traces 91, the linker's 34,300 data segments 42 (an address each, mostly between
//     the zeros of runtime.findfunctab; now 6), funcdata for traces 21, order and distance of what stays 18.
//   - wasm-opt: when the module had 603 kB, -Oz made 603 of it, -O2 598, slim 518; `-gcflags=all=-l` 561, with slim 522, and
//     that costs inlining.
//   - The layout is that of Go 1.20 and later (magic 0xfffffff1; the fields as in 1.26). What does not look like it in every
//     function is refused, and nothing is written. slim_notjs_test.go runs a slimmed program.
package main
