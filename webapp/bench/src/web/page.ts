// The page: one engine at a time, each in a worker of its own, but for one that runs in pages only.

import { measure } from './measure.ts'
import type { Job, Measured } from './job.ts'

async function run(job: Job): Promise<Measured> {
  if (job.engine === 'hnswlib') return measure(job, async (source) => (await import('./engines/hnswlib.ts')).build(await source.vectors(), source.job))
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  Object.assign(globalThis, { worker })
  return new Promise((done, failed) => {
    worker.onmessage = ({ data }: MessageEvent<Measured | string>) => (typeof data === 'string' ? failed(new Error(data)) : done(data))
    worker.onerror = (event) => failed(new Error(event.message))
    worker.postMessage(job)
  })
}

Object.assign(globalThis, { run })
