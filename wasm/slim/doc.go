// Command slim takes out of a Go js/wasm module the tables that only tell file and line of a trace:
//
//	go run ./wasm/slim nigh.wasm
//
// Read first: Slim, then pclntab.go, the table itself. nigh.wasm becomes 14 % smaller by it after brotli (671 to 580 kB);
// `-ldflags='-s -w'` leaves these tables, and there is no flag for them.
//
//	module ─► data section ─► image of memory ─► runtime.pclntab: per function, the offsets of its tables ─┐
//	module ◄─ the same bytes, those tables zero ◄──────────────────────────────────────────────────────────┘
//
// # Decisions
//
//   - Zeros instead of a shorter table: no address and no length of the module changes, so there is nothing to link again,
//     and a compressor makes nothing of zeros.
//   - Taken out are pcfile, pcln, the names of files, the start line, and of the pcdata all but the stack maps: which call
//     was inlined where, which arguments are live in a trace, where a thread may be stopped (wasm has no signals). The
//     runtime reads offset 0 as "no table" and prints "?:0". Kept are what running needs, stack sizes (pcsp) and stack
//     maps, and the functions' names: a trace in a reader's console still says where.
//   - When the module had 603 kB, wasm-opt -Oz made 603 of it, -O2 598, slim 518; `-gcflags=all=-l` 561, with slim 522, and it
//     costs inlining.
//   - The layout is that of Go 1.20 and later (magic 0xfffffff1; the fields of a function as in 1.26). What does not look
//     like it in every function is refused, and nothing is written. slim_notjs_test.go runs a slimmed program.
package main
