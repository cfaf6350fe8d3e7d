// Command wasm is nigh.wasm: core/replica for the browser. It turns calls from JavaScript into replica inputs and the
// effects into JavaScript objects; it decides nothing. webapp/sdk's module types are the other end of this page.
//
// Read first: main_js.go (the calls), then json.go (how lists travel: one string, parsed by the browser's own JSON.parse,
// is quicker than hundreds of calls across the border).
//
//	worker (TypeScript) ── record, prefer, ask, frame… ──► nigh.wasm: replica.Machine.Step
//	                    ◄── [{type:'list', json}, {type:'send', bytes}, …] ──
package main
