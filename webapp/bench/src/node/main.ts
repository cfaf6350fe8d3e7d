import { resolve } from 'node:path'
import { chromium } from '@playwright/test'
import { browserOptions, compare } from './compare.ts'
import { makeUp } from './catalog.ts'
import { Nigh } from './nigh.ts'
import { Site } from './site.ts'
import { speed } from './speed.ts'

export async function main(args: string[]): Promise<number> {
  if (args[0] === 'speed') {
    const nigh = await Nigh.start(makeUp(10000, 3, 100, 50), 'http://127.0.0.1:1', '/tmp/bb/keep')
    const s = await speed(nigh.url, 10000, 12, 60, console.log)
    const pct = (a: number[]) => { a = a.toSorted((x, y) => x - y); return `p50 ${a[a.length >> 1]!.toFixed(1)} p95 ${a[Math.floor(a.length * 0.95)]!.toFixed(1)} max ${a.at(-1)!.toFixed(1)}` }
    console.log(s.first, s.later, 'paint', pct(s.later.map((v) => v.paint)), 'ready', pct(s.later.map((v) => v.ready)), 'live', pct(s.later.map((v) => v.live)), 'clicks', pct(s.clicks), 'throttled', pct(s.throttled), s.workerThrottled)
    await nigh.stop()
    return 0
  }
  const site = await Site.start(resolve(import.meta.dirname, '../web'))
  const browser = await chromium.launch(browserOptions())
  for (const size of (args[0] ?? '10000').split(',').map(Number)) {
    await compare(browser, site, size, { sizes: [], engines: (args[1] ?? 'nigh,flexsearch,minisearch,orama,hnswlib,flat').split(','), readers: 100, keep: '/tmp/bb/keep', tell: console.log })
  }
  await browser.close()
  await site.stop()
  return 0
}
