import { loadHnswlib } from 'hnswlib-wasm'
import { dimensions } from './flat.ts'
import type { Engine, Job } from '../job.ts'

// M and efConstruction are what hnswlib's own documentation begins with; efSearch is as wide as the list that is asked for.
const m = 16
const efConstruction = 200

/** Runs in the page: the library is built for the main thread alone. */
export async function build(vectors: Float32Array, job: Job): Promise<Engine> {
  const lib = await loadHnswlib()
  const index = new lib.HierarchicalNSW('ip', dimensions, '')
  index.initIndex(job.items, m, efConstruction, 100)
  for (let i = 0; i < job.items; i++) index.addPoint(vectors.subarray(i * dimensions, (i + 1) * dimensions), i, false)
  return {
    kinds: ['similar', 'forYou'],
    ask({ had }, _kind, vector) {
      const out = new Set(had)
      const wanted = job.limit + had.length
      index.setEfSearch(wanted)
      return index.searchKnn(vector, wanted, undefined).neighbors.filter((n) => !out.has(n)).slice(0, job.limit)
    },
  }
}
