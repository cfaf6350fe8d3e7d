// Command wasm is nigh.wasm: core/replica for the browser. It turns calls from JavaScript into replica inputs and the
// effects into JavaScript objects; it decides nothing. webapp/sdk's module types are the other end of this page.
//
// Read first: main_js.go (the calls), then json.go (how lists travel: one string, parsed by the browser's own JSON.parse,
// is quicker than hundreds of calls across the border).
//
//	worker (TypeScript) ── record, prefer, ask, frame… ──► nigh.wasm: replica.Machine.Step
//	                    ◄── [{type:'list', json}, {type:'send', bytes}, …] ──
//
// # Decisions
//
//   - The border to JavaScript is dear: a look-up of a property takes as long as a dozen postings, an object or string that
//     crosses twice that, for a finalizer comes with it. So a plain question is read with six calls, constructors and
//     types of effects cross once, and a list is written into memory that is used again and decoded from there.
//   - Cards are kept as JSON (cards.go, half a megabyte), since a click shows most of them again.
//   - Measured in Chromium, history of 50 items, 10,000 items: 0.155 ms a list; profile and ranking are half of it, reasons
//     and cards a third, the border the rest.
//
// # Traps
//
//   - Go's compiler for js/wasm (1.25 to 1.27 at least) forgets what a local array of pointers holds: written at a variable
//     index before a call and read after it, the array is not seen by a garbage collection in between. A slice is. None of
//     nigh's packages in the module has such an array; law_notjs_test.go keeps it so.
//   - While a life begins from what is stored (start), garbage is not collected: see main_js.go. The runtime's own switch
//     is reached by its name (gc_js.go), which Go's linker allows for what runtime/debug itself takes that way.
//   - What JavaScript holds for a value of the module (each object and string that crossed) it holds until the module's
//     collector finds the value gone. A list costs the module a few kB and the page 20, so left alone the page would hold
//     hundreds of megabytes of old lists between two collections of a large catalog: collect (main_js.go) runs one when 16 MB
//     were given away.
//   - wasm_exec.js hands the environment to the start-up code, which takes 8 kB of it: tests run with little.
package main
