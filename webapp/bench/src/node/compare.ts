// nigh's local ranking beside search engines and vectors: the same catalog, the same readers, one page.

import { chromium, type Browser } from '@playwright/test'
import { makeUp } from './catalog.ts'
import { Nigh } from './nigh.ts'
import { makeQueries } from './queries.ts'
import type { Site } from './site.ts'
import type { Job, Measured } from '../web/job.ts'

export interface Row extends Measured {
  engine: string
  items: number
  memory: number // bytes of the page and its workers with the engine, less those without
}

export interface Options {
  sizes: number[]
  engines: string[]
  readers: number
  keep: string
  tell(step: string): void
}

const limit = 20

/** How a Chromium is started, here and for pages. */
export function browserOptions() {
  const executablePath = process.env['CHROME_BIN']
  if (!executablePath) throw new Error('CHROME_BIN is not set; run make bench-browser, which finds a Chromium')
  return {
    executablePath,
    // As root there is no sandbox; ForceEagerMeasureMemory has memory told at once, not within half a minute.
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--no-first-run', '--no-pings', '--enable-blink-features=ForceEagerMeasureMemory'],
  }
}

export async function compare(browser: Browser, site: Site, size: number, options: Options): Promise<Row[]> {
  options.tell(`a catalog of ${size} items: made up, imported and served`)
  const catalog = makeUp(size, 3, options.readers, 50)
  const { queries, vectors } = makeQueries(catalog)
  const nigh = await Nigh.start(catalog, site.url, options.keep)
  site.data.set(`/${size}/items.json`, JSON.stringify(catalog.items))
  site.data.set(`/${size}/queries.json`, JSON.stringify(queries))
  site.data.set(`/${size}/vectors`, new Uint8Array(vectors.buffer))
  const rows: Row[] = []
  try {
    for (const engine of options.engines) {
      options.tell(`${engine}, ${size} items`)
      const job: Job = { engine, folder: `${site.url}/${size}`, server: nigh.url, items: size, limit }
      const page = await browser.newPage()
      await page.goto(site.url)
      const before = await memory(page)
      const measured = await page.evaluate((job) => (globalThis as unknown as { run(job: Job): Promise<Measured> }).run(job), job)
      rows.push({ ...measured, engine, items: size, memory: (await memory(page)) - before })
      console.log(JSON.stringify(rows.at(-1)))
      await page.close()
    }
  } finally {
    await nigh.stop()
  }
  return rows
}

async function memory(page: import('@playwright/test').Page): Promise<number> {
  return page.evaluate(async () => {
    const measured = await (performance as unknown as { measureUserAgentSpecificMemory(): Promise<{ bytes: number, breakdown: unknown }> }).measureUserAgentSpecificMemory()
    console.log(JSON.stringify(measured))
    return measured.bytes
  })
}
