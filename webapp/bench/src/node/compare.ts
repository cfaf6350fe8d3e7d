// nigh's local ranking beside search engines and vectors: the same catalog, the same readers, one page.

import { readFile, readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import type { Browser, Page } from '@playwright/test'
import type { Catalog } from './catalog.ts'
import { makeQueries } from './queries.ts'
import type { Site } from './site.ts'
import type { Job, Measured } from '../web/job.ts'

export const engines = ['nigh', 'flexsearch', 'minisearch', 'orama', 'hnswlib', 'flat']

export interface Row extends Measured {
  engine: string
  items: number
  memory: number // bytes: what the page and its worker take more with the engine than without, and its WebAssembly memory
  library: number // bytes, brotli
  catalog: number // bytes that bring the catalog or the index
}

const places = 20
// hnswlib builds a graph for minutes above this; the first so many items of the catalog are its share then.
const most: Record<string, number> = { hnswlib: 64_000 }

export async function compare(browser: Browser, site: Site, server: string, catalog: Catalog, wanted: string[], tell: (step: string) => void): Promise<Row[]> {
  const size = catalog.items.length
  const { queries, vectors } = makeQueries(catalog)
  const items = JSON.stringify(catalog.items)
  site.data.set(`/${size}/items.json`, items)
  site.data.set(`/${size}/queries.json`, JSON.stringify(queries))
  site.data.set(`/${size}/vectors`, new Uint8Array(vectors.buffer))
  // As a server compresses what changes.
  const packed = (data: string | Uint8Array) => brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }).length
  const texts = packed(items)
  const withVectors = texts + packed(new Uint8Array(vectors.buffer))
  const rows: Row[] = []
  for (const engine of wanted) {
    const count = Math.min(size, most[engine] ?? size)
    tell(`${engine}, ${count} items`)
    const page = await browser.newPage()
    await page.goto(site.url)
    const before = await memory(page)
    const job: Job = { engine, folder: `${site.url}/${size}`, server, items: count, limit: places }
    const measured = await page.evaluate((job) => (globalThis as unknown as { run(job: Job): Promise<Measured> }).run(job), job)
    rows.push({
      ...measured,
      engine,
      items: count,
      memory: (await memory(page)) - before + measured.wasmBytes,
      library: await library(engine),
      catalog: measured.transferred ?? Math.round(((engine === 'hnswlib' || engine === 'flat' ? withVectors : texts) * count) / size),
    })
    await page.close()
  }
  for (const path of [...site.data.keys()]) site.data.delete(path)
  return rows
}

/** Bytes that the page and its workers take; the garbage of building is collected before. */
async function memory(page: Page): Promise<number> {
  return page.evaluate(async () => (await (performance as unknown as { measureUserAgentSpecificMemory(): Promise<{ bytes: number }> }).measureUserAgentSpecificMemory()).bytes)
}

/** What a page loads of an engine: its own file in build/lib; of nigh what is served. */
async function library(engine: string): Promise<number> {
  if (engine === 'flat') return 0
  const built = resolve(import.meta.dirname, '..')
  const own = engine !== 'nigh'
  const folder = own ? join(built, 'lib') : resolve(built, '../../dist')
  const names = (await readdir(folder, { recursive: true })).filter((name) => (own ? name === `${engine}.js` : /^nigh\.js$|worker-[^.]*\.js$|nigh-[^.]*\.wasm$/.test(name)))
  let sum = 0
  for (const name of names) sum += brotliCompressSync(await readFile(join(folder, name))).length
  return sum
}
