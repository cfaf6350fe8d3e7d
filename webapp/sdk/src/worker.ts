// The worker: starts the module and gives the tab the browser's own socket, storage, locks, clock and timer. Nothing is decided here.

import '../build/wasm_exec.js'
import { browserInflate } from './inflate.ts'
import type { NighModule } from './module.ts'
import { now, type FromWorker, type ToWorker } from './protocol.ts'
import { clearAll, Storage } from './storage.ts'
import { Tab } from './tabs.ts'

declare const self: DedicatedWorkerGlobalScope
declare class Go {
  importObject: WebAssembly.Imports
  run(instance: WebAssembly.Instance): Promise<void>
}

const post = (message: FromWorker) => self.postMessage(message)
// A timer may not be longer than 2^31-1 ms; a shorter one only makes the module look at the clock once more.
const longestTimer = 2 ** 31 - 1

const tab = new Tab({
  unixMillis: () => Date.now(),
  now,
  wake(at, f) {
    const timer = setTimeout(f, Math.min(longestTimer, Math.max(0, at - Date.now())))
    return () => clearTimeout(timer)
  },
  socket: (url, protocols) => new WebSocket(url, protocols),
  inflate: browserInflate(),
  seed: () => crypto.getRandomValues(new Uint32Array(1))[0]!,
  // crypto.randomUUID exists only on https and localhost; this works everywhere.
  id: () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join(''),
  online: () => self.navigator.onLine,
  locks: self.navigator.locks ?? null,
  channel: (name) => (typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(name)),
  storage: (space, owner) => Storage.open(space, owner),
  clearAll,
  restart: load,
  post,
})

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const done = tab.receive(event.data)
  if (event.data.type === 'close') void done.then(() => self.close())
}
self.addEventListener('online', () => tab.networkChanged())
self.addEventListener('offline', () => tab.networkChanged())

let compiled: WebAssembly.Module | null = null // for another start without the network
load()

function load(): void {
  const again = compiled !== null
  const began = now()
  start().then(
    (module) => {
      if (!again) post({ type: 'ready', loadMs: now() - began })
      tab.ready(module)
    },
    (reason: unknown) => {
      if (again) tab.stopped(null, String(reason))
      else post({ type: 'error', code: 'module', message: `load nigh.wasm: ${String(reason)}` })
    },
  )
}

/** Loads and starts nigh.wasm; resolves with what it hands to nighReady. */
async function start(): Promise<NighModule> {
  const go = new Go()
  compiled ??= await compile(new URL('../build/nigh.wasm', import.meta.url))
  const instance = await WebAssembly.instantiate(compiled, go.importObject)
  return new Promise((resolve, reject) => {
    let module: NighModule | null = null
    Object.assign(globalThis, {
      nighReady: (made: NighModule) => {
        module = made
        resolve(made)
      },
    })
    const stopped = (how: string) => {
      if (module) tab.stopped(module, how)
      else reject(new Error(how))
    }
    go.run(instance).then(
      () => stopped('it ended'),
      (reason: unknown) => stopped(String(reason)),
    )
  })
}

/** Compiles while it loads; where a server sends another type than application/wasm, after it has loaded. */
async function compile(url: URL): Promise<WebAssembly.Module> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url.pathname} answered ${response.status}`)
  if (response.headers.get('content-type')?.startsWith('application/wasm')) return WebAssembly.compileStreaming(response)
  return WebAssembly.compile(await response.arrayBuffer())
}
