// The worker: starts the module and gives the host the browser's own socket, clock and timer. Nothing is decided here.

import '../build/wasm_exec.js'
import { Host } from './host.ts'
import { browserInflate } from './inflate.ts'
import type { NighModule } from './module.ts'
import { now, type FromWorker, type ToWorker } from './protocol.ts'

declare const self: DedicatedWorkerGlobalScope
declare class Go {
  importObject: WebAssembly.Imports
  run(instance: WebAssembly.Instance): Promise<void>
}

const post = (message: FromWorker) => self.postMessage(message)
// A timer may not be longer than 2^31-1 ms; a shorter one only makes the module look at the clock once more.
const longestTimer = 2 ** 31 - 1

const host = new Host({
  unixMillis: () => Date.now(),
  now,
  wake(at, f) {
    const timer = setTimeout(f, Math.min(longestTimer, Math.max(0, at - Date.now())))
    return () => clearTimeout(timer)
  },
  socket: (url, protocols) => new WebSocket(url, protocols),
  inflate: browserInflate(),
  seed: () => crypto.getRandomValues(new Uint32Array(1))[0]!,
  online: () => self.navigator.onLine,
  post,
})

self.onmessage = (event: MessageEvent<ToWorker>) => {
  host.receive(event.data)
  if (event.data.type === 'close') self.close()
}
self.addEventListener('online', () => host.networkChanged())
self.addEventListener('offline', () => host.networkChanged())

const began = now()
start().then(
  (module) => {
    post({ type: 'ready', loadMs: now() - began })
    host.ready(module)
  },
  (reason: unknown) => post({ type: 'error', code: 'module', message: `load nigh.wasm: ${String(reason)}` }),
)

/** Loads and starts nigh.wasm; resolves with what it hands to nighReady. */
async function start(): Promise<NighModule> {
  const url = new URL('../build/nigh.wasm', import.meta.url)
  const go = new Go()
  const instance = await instantiate(url, go.importObject)
  return new Promise((resolve, reject) => {
    Object.assign(globalThis, { nighReady: resolve })
    const stopped = (how: string) => {
      reject(new Error(how))
      post({ type: 'error', code: 'module', message: `nigh.wasm ${how}; reload the page` })
    }
    go.run(instance).then(
      () => stopped('ended'),
      (reason: unknown) => stopped(`failed: ${String(reason)}`),
    )
  })
}

/** Compiles while it loads; where a server sends another type than application/wasm, after it has loaded. */
async function instantiate(url: URL, imports: WebAssembly.Imports): Promise<WebAssembly.Instance> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url.pathname} answered ${response.status}`)
  if (response.headers.get('content-type')?.startsWith('application/wasm')) {
    return (await WebAssembly.instantiateStreaming(response, imports)).instance
  }
  return (await WebAssembly.instantiate(await response.arrayBuffer(), imports)).instance
}
