// nigh as a page has it: the module that pages load, behind the SDK's own Host and a WebSocket to a real server. Only the
// calls of the module are timed: of building each frame that it took, of asking the call that gives the list as JSON,
// profile, ranking, reasons and cards in it. While lists are asked for there is no connection.

import '../../../../sdk/build/wasm_exec.js'
import { Host } from '../../../../sdk/src/host.ts'
import { browserInflate } from '../../../../sdk/src/inflate.ts'
import type { Effect, List, NighModule, Replica, Status } from '../../../../sdk/src/module.ts'
import { StorageError } from '../../../../sdk/src/storage.ts'
import type { Engine, Job } from '../job.ts'

declare class Go {
  importObject: WebAssembly.Imports
  run(instance: WebAssembly.Instance): Promise<void>
}

export async function build(job: Job): Promise<Engine> {
  const began = performance.now()
  const module = await start()
  let buildMs = performance.now() - began
  const timed = (call: (...args: never[]) => Effect[]) => (...args: never[]) => {
    const began = performance.now()
    const effects = call(...args)
    buildMs += performance.now() - began
    return effects
  }
  let replica!: Replica
  const { bytesIn } = await synced(job, {
    wire: module.wire,
    open(config) {
      replica = module.open(config)
      return Object.assign(replica, { frame: timed(replica.frame) })
    },
  })
  let at = Date.now()
  let said = 0
  let had: string[] = []
  const does = (kind: string, id: string) => replica.record(kind, id, 0, 'bench', ++said, false, ++at)
  return {
    kinds: ['similar', 'similarIds', 'forYou', 'forYouIds'],
    buildMs,
    transferred: bytesIn,
    prepare({ ids }, kind) {
      if (!kind.startsWith('forYou')) return
      for (const id of had) does('forget', id) // of the reader before
      for (const id of ids.toReversed()) does('view', id)
      had = ids
    },
    ask: ({ ids }, kind) => replica.ask({ name: 'q', limit: job.limit, ...(kind.endsWith('Ids') && { bare: true }), ...(kind.startsWith('similar') && { similar: ids[0]! }) }, ++at),
    read(effects) {
      const list = (effects as Effect[]).find((effect) => effect.type === 'list')
      return list ? (JSON.parse(list.json) as List).items.map(({ id }) => Number(id.slice(id.lastIndexOf('-') + 1))) : []
    },
  }
}

/** Connects a module to the server until it holds the whole catalog, then cuts the connection. */
function synced(job: Job, module: NighModule): Promise<Status> {
  return new Promise((live, failed) => {
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
      storage: () => Promise.reject(new StorageError('off', 'a bench')),
      clearAll: () => Promise.resolve(),
      superseded: () => {},
      moved: () => {},
      crashed: (how) => failed(new Error(how)),
      post: (_to, message) => {
        if (message.type === 'error') failed(new Error(message.message))
        if (message.type !== 'status' || message.status.state !== 'live' || message.status.items !== job.items) return
        host.receive('bench', { type: 'pause', paused: true })
        live(message.status)
      },
    })
    host.ready(module)
    host.receive('bench', {
      type: 'open', url: `${job.server.replace('http', 'ws')}/v1/sync`, origin: '', client: '', user: '', token: '', renews: false,
      budget: 0, privacy: 'device', storage: false, // else 10,000 acts would wait for the server, and no more be taken
    })
  })
}

async function start(): Promise<NighModule> {
  const go = new Go()
  const { instance } = await WebAssembly.instantiateStreaming(fetch(new URL('../../../../sdk/build/nigh.wasm', import.meta.url)), go.importObject)
  return new Promise((resolve) => {
    Object.assign(globalThis, { nighReady: resolve })
    void go.run(instance)
  })
}
