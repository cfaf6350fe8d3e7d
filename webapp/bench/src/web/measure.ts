// Builds an engine and times its answers, wherever it runs.

import type { Engine, Item, Job, Measured, Queries, Query, Times } from './job.ts'

/** A catalog as the runner serves it; what is read of it is not part of building. */
export interface Source {
  job: Job
  items(): Promise<Item[]>
  vectors(): Promise<Float32Array>
}

export type Loader = (source: Source) => Promise<Engine>

const patienceMs = 15_000 // of the questions of one kind; at least a few are asked

export async function measure(job: Job, load: Loader): Promise<Measured> {
  const get = async (name: string) => {
    const response = await fetch(`${job.folder}/${name}`)
    if (!response.ok) throw new Error(`${name}: ${response.status}`)
    return response
  }
  let waited = 0 // for what the engine is built of
  const timed = async <T>(what: () => Promise<T>) => {
    const began = performance.now()
    const got = await what()
    waited += performance.now() - began
    return got
  }
  const queries = await read(get)
  const began = performance.now()
  const engine = await load({
    job,
    items: () => timed(async () => (await (await get('items.json')).json()) as Item[]),
    vectors: () => timed(async () => new Float32Array(await (await get('vectors')).arrayBuffer())),
  })
  const buildMs = performance.now() - began - waited
  Object.assign(globalThis, { engine }) // it stays, to be weighed
  const lists: number[][] = []
  const forYou = ask(engine, queries.forYou, 'forYou', lists)
  const similar = ask(engine, queries.similar, 'similar', [])
  const called = ((globalThis as any).called ?? []).slice(10,110).sort((a:number,b:number)=>a-b)
  if (called.length) Object.assign(engine.more!, { callP50: called[50], callP95: called[95] })
  return { buildMs, more: engine.more ?? {}, transferred: engine.transferred ?? null, forYou, similar, lists: lists.slice(0, 3) }
}

function ask(engine: Engine, queries: Query[], kind: keyof Queries, lists: number[][]): Times {
  const took: number[] = []
  const until = performance.now() + patienceMs
  // The first tenth is asked twice, the first time to warm up.
  for (const [i, query] of [...queries.slice(0, Math.ceil(queries.length / 10)), ...queries].entries()) {
    engine.prepare?.(query, kind)
    const began = performance.now()
    const list = engine.ask(query, kind)
    const ms = performance.now() - began
    if (list.length === 0) throw new Error(`an empty list, to question ${i}`)
    if (i >= Math.ceil(queries.length / 10)) {
      took.push(ms)
      lists.push(list)
    }
    if (performance.now() > until && took.length >= 5) break
  }
  took.sort((a, b) => a - b)
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))]!
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}

async function read(get: (name: string) => Promise<Response>): Promise<Queries> {
  const raw = (await (await get('queries.json')).json()) as Record<keyof Queries, (Omit<Query, 'vector'> & { vector: number[] })[]>
  const queries = (all: (typeof raw)['forYou']) => all.map((query) => ({ ...query, vector: new Float32Array(query.vector) }))
  return { forYou: queries(raw.forYou), similar: queries(raw.similar) }
}
