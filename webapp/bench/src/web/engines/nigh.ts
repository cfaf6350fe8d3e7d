// nigh as a page has it: the module that pages load, behind the SDK's own Host and a WebSocket to a real server. Only the
// calls of the module are timed here. While lists are asked for there is no connection: the reader is this machine's own.

import '../../../../sdk/build/wasm_exec.js'
import { Host } from '../../../../sdk/src/host.ts'
import { browserInflate } from '../../../../sdk/src/inflate.ts'
import type { List, NighModule, Replica, Status } from '../../../../sdk/src/module.ts'
import type { Stored } from '../../../../sdk/src/storage.ts'
import type { Engine, Item, Job } from '../job.ts'

declare class Go {
  importObject: WebAssembly.Imports
  run(instance: WebAssembly.Instance): Promise<void>
}

export async function build(items: Item[], job: Job): Promise<Engine> {
  const began = performance.now()
  const module = await start()
  const loadMs = performance.now() - began
  const numbers = new Map(items.map((item, n) => [item.id, n]))
  const kept = new Kept()
  let replica!: Replica
  let calls = 0 // milliseconds within the module
  let status: Status | null = null
  await new Promise<void>((live, failed) => {
    const host: Host = new Host({
      unixMillis: () => Date.now(),
      now: () => performance.now(),
      wake: (at, f) => {
        const timer = setTimeout(f, Math.max(0, at - Date.now()))
        return () => clearTimeout(timer)
      },
      socket: (url, protocols) => new WebSocket(url, protocols),
      inflate: browserInflate(),
      seed: () => 1,
      id: () => 'bench-0123456789abcdef',
      online: () => true,
      storage: () => Promise.resolve({ storage: kept as never, stored: { keys: [], values: [] } }),
      clearAll: () => Promise.resolve(),
      superseded: () => {},
      post: (_to, message) => {
        if (message.type === 'error') failed(new Error(message.message))
        if (message.type !== 'status') return
        status = message.status
        if (status.state === 'live' && status.items === job.items) {
          host.receive('bench', { type: 'pause', paused: true })
          live()
        }
      },
    })
    const timed: NighModule = {
      wire: module.wire,
      open(config) {
        replica = module.open(config)
        const frame = replica.frame
        return Object.assign(replica, {
          frame: (bytes: Uint8Array, size: number, now: number) => {
            const began = performance.now()
            const effects = frame(bytes, size, now)
            calls += performance.now() - began
            return effects
          },
        })
      },
    }
    host.ready(timed)
    host.receive('bench', {
      type: 'open', url: `${job.server.replace('http', 'ws')}/v1/sync`, origin: '', client: '', user: '', token: '', renews: false,
      merge: [], budget: 0, privacy: 'server', storage: true,
    })
  })
  const restoreMs = restored(module, kept.stored())
  let at = Date.now()
  let said = 0
  const called: number[] = []
  Object.assign(globalThis, { called })
  return {
    transferred: status!.bytesIn,
    more: { loadMs, syncMs: calls, restoreMs },
    prepare(query, kind) {
      if (kind === 'similar') return
      for (const n of query.had.toReversed()) replica.record('view', items[n]!.id, 0, 'bench', ++said, ++at)
    },
    ask(query, kind) {
      const began = performance.now()
      const effects = replica.ask({ name: 'q', limit: job.limit, ...(kind === 'similar' && { similar: items[query.had[0]!]!.id }) }, ++at)
      const list = effects.find((effect) => effect.type === 'list')
      called.push(performance.now() - began)
      return list ? (JSON.parse(list.json) as List).items.map((item) => numbers.get(item.id)!) : []
    },
  }
}

/** How long the module takes to begin from what an earlier life left. */
function restored(module: NighModule, { keys, values }: Stored): number {
  const replica = module.open({ client: 'x', user: '', token: '', seed: 1, renews: false, merge: [], budget: 0, stores: true, private: false, inflates: true })
  const began = performance.now()
  replica.restore(keys, values, Date.now())
  replica.start(Date.now())
  return performance.now() - began
}

/** A Storage without a disk. */
class Kept {
  readonly #all = new Map<string, Uint8Array>()
  onlost = () => {}

  put(effect: { clear: string[]; deletes: string[]; keys: string[]; values: Uint8Array[] }): Promise<void> {
    for (const prefix of effect.clear) for (const key of [...this.#all.keys()]) if (key.startsWith(prefix)) this.#all.delete(key)
    for (const key of effect.deletes) this.#all.delete(key)
    for (const [i, key] of effect.keys.entries()) this.#all.set(key, effect.values[i]!)
    return Promise.resolve()
  }

  stored(): Stored {
    const keys = [...this.#all.keys()].sort()
    const values = keys.map((key) => this.#all.get(key)!)
    this.#all.clear()
    return { keys, values }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

async function start(): Promise<NighModule> {
  const go = new Go()
  const { instance } = await WebAssembly.instantiateStreaming(fetch(new URL('../../../../sdk/build/nigh.wasm', import.meta.url)), go.importObject)
  return new Promise((resolve) => {
    Object.assign(globalThis, { nighReady: resolve })
    void go.run(instance)
  })
}
