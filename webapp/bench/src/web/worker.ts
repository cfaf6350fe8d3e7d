// One engine in a worker: built, then asked one question after the other.

import { measure, type Loader } from './measure.ts'
import type { Job } from './job.ts'

const engines: Record<string, Loader> = {
  nigh: async (catalog) => (await import('./engines/nigh.ts')).build(catalog.job),
  minisearch: async (catalog) => (await import('./engines/minisearch.ts')).build(await catalog.items(), catalog.job),
  flexsearch: async (catalog) => (await import('./engines/flexsearch.ts')).build(await catalog.items(), catalog.job),
  orama: async (catalog) => (await import('./engines/orama.ts')).build(await catalog.items(), catalog.job),
  flat: async (catalog) => (await import('./engines/flat.ts')).build(await catalog.vectors(), catalog.job),
}

self.onmessage = async ({ data: job }: MessageEvent<Job>) => {
  try {
    self.postMessage(await measure(job, engines[job.engine]!))
  } catch (reason) {
    self.postMessage(String(reason instanceof Error ? reason.stack : reason))
  }
}
