// Builds an engine and times its answers, wherever it runs.

import type { Asked, Engine, Item, Job, Kind, Measured, Queries, Query, Times } from './job.ts'

/** A catalog as the runner serves it; to fetch and parse it is not part of building. */
export interface Source {
  job: Job
  items(): Promise<Item[]>
  vectors(): Promise<Float32Array>
}

export type Loader = (source: Source) => Promise<Engine>

const patienceMs = 8000 // for the questions of one kind; a few are asked however long they take
const fewest = 5

// Memories that a module exports: no browser counts them in what measureUserAgentSpecificMemory tells.
const memories = new Set<WebAssembly.Memory>()
const note = <T extends WebAssembly.Instance | WebAssembly.WebAssemblyInstantiatedSource>(made: T): T => {
  const instance = made instanceof WebAssembly.Instance ? made : made.instance
  for (const value of Object.values(instance.exports)) if (value instanceof WebAssembly.Memory) memories.add(value)
  return made
}
const { instantiate, instantiateStreaming } = WebAssembly
WebAssembly.instantiate = ((...args: Parameters<typeof instantiate>) => instantiate(...args).then(note)) as unknown as typeof instantiate
WebAssembly.instantiateStreaming = (...args) => instantiateStreaming(...args).then(note)

export async function measure(job: Job, load: Loader): Promise<Measured> {
  const get = async (name: string) => {
    const response = await fetch(`${job.folder}/${name}`)
    if (!response.ok) throw new Error(`${name}: ${response.status}`)
    return response
  }
  let fetching = 0
  const fetched = async <T>(what: () => Promise<T>) => {
    const began = performance.now()
    const got = await what()
    fetching += performance.now() - began
    return got
  }
  const queries = (await (await get('queries.json')).json()) as Queries
  const began = performance.now()
  const engine = await load({
    job,
    items: () => fetched(async () => ((await (await get('items.json')).json()) as Item[]).slice(0, job.items)),
    vectors: () => fetched(async () => new Float32Array(await (await get('vectors')).arrayBuffer())),
  })
  const buildMs = engine.buildMs ?? performance.now() - began - fetching
  Object.assign(globalThis, { engine }) // it stays, to be weighed
  const times: Measured['times'] = {}
  const readings: number[] = []
  for (const kind of engine.kinds) times[kind] = ask(engine, queries[kind.replace('Ids', '') as Asked], kind, kind === 'forYou' ? readings : [])
  const wasmBytes = [...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0)
  return { buildMs, transferred: engine.transferred ?? null, wasmBytes, times, readMs: engine.read ? share(readings, 0.5) : 0 }
}

function ask(engine: Engine, queries: Query[], kind: Kind, readings: number[]): Times {
  const took: number[] = []
  const until = performance.now() + patienceMs
  const warming = Math.ceil(queries.length / 10)
  // The first tenth is asked twice, the first time to warm up.
  for (const [i, query] of [...queries.slice(0, warming), ...queries].entries()) {
    engine.prepare?.(query, kind)
    const vector = new Float32Array(query.vector)
    const began = performance.now()
    const answer = engine.ask(query, kind, vector)
    const asked = performance.now()
    const list = engine.read ? engine.read(answer) : (answer as number[])
    if (list.length === 0 || list.some((n) => query.had.includes(n))) throw new Error(`question ${i} of ${kind}: an empty list, or of what the reader had: ${list.join()}`)
    if (i < warming) continue
    took.push(asked - began)
    readings.push(performance.now() - asked)
    if (asked > until && took.length >= fewest) break
  }
  return { p50: share(took, 0.5), p95: share(took, 0.95), p99: share(took, 0.99), questions: took.length }
}

const share = (all: number[], of: number) => all.toSorted((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * of))]!
