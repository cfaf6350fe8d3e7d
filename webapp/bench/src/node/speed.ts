// The speed of a page: the demo, as a site would serve it (a list in the markup, the SDK, a worker), over a catalog of
// 10,000 items. A profile on disk, as a visitor has: what was cached at the first visit is there at the next.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Page } from '@playwright/test'
import { options } from './browser.ts'

export interface Speed {
  first: Visit[] // with nothing cached or stored
  later: Visit[] // with all of it
  clicks: Clicks
  throttled: Clicks // with the page on a quarter of the CPU, and not its worker: Chromium slows pages only
}

/** Milliseconds since the navigation began. */
export interface Visit {
  paint: number // first contentful paint
  ready: number // the module's own first list in the DOM
  live: number // the whole catalog, in step with the server
  longTasks: number[] // of the main thread, above 50 ms
}

/** Milliseconds from a click to the changed list in the DOM. */
export type Clicks = number[]

const throttling = 4

const firstVisits = 3

export async function speed(url: string, items: number, visits: number, clicks: number, tell: (step: string) => void): Promise<Speed> {
  tell(`${firstVisits} first visits of a page, ${items} items`)
  const first: Visit[] = []
  for (let i = 1; i < firstVisits; i++) first.push(await withProfile(async (profile) => once(profile, url, items)))
  return withProfile(async (profile) => {
    first.push(await once(profile, url, items)) // leaves what the later visits find
    const context = await open(profile)
    tell(`${visits} later visits`)
    let page = await context.newPage()
    await visit(page, url, items) // the browser's own first, after its start
    const later: Visit[] = []
    for (let i = 0; i < visits; i++) {
      await page.close()
      page = await context.newPage()
      later.push(await visit(page, url, items))
    }
    tell(`${clicks} clicks, then as many with the page on a quarter of the CPU`)
    const calm = await click(page, clicks)
    await (await context.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: throttling })
    const throttled = await click(page, clicks)
    await context.close()
    return { first, later, clicks: calm, throttled }
  })
}

/** A folder for a profile, gone afterwards. */
async function withProfile<T>(use: (profile: string) => Promise<T>): Promise<T> {
  const profile = await mkdtemp(join(tmpdir(), 'nigh-profile-'))
  try {
    return await use(profile)
  } finally {
    await rm(profile, { recursive: true, force: true })
  }
}

async function once(profile: string, url: string, items: number): Promise<Visit> {
  const context = await open(profile)
  const made = await visit(await context.newPage(), url, items)
  await context.close() // writes the caches of the profile
  return made
}

async function open(profile: string): Promise<BrowserContext> {
  const context = await chromium.launchPersistentContext(profile, { ...options(), viewport: { width: 1280, height: 900 } })
  await context.addInitScript(() => {
    const seen = { longTasks: [] as number[], ready: 0, live: 0 }
    Object.assign(globalThis, { seen })
    new PerformanceObserver((list) => seen.longTasks.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: 'longtask', buffered: true })
    new MutationObserver(() => {
      if (!seen.ready && document.querySelector('[data-list="for-you"][data-source]')) seen.ready = performance.now()
      if (!seen.live && document.querySelector('.status[data-state="live"]')) seen.live = performance.now()
    }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-source', 'data-state'] })
  })
  return context
}

interface Seen {
  seen: { longTasks: number[]; ready: number; live: number }
}

async function visit(page: Page, url: string, items: number): Promise<Visit> {
  await page.goto(url)
  // Not waitForFunction: its script of 330 kB would be one of the tasks that are measured.
  return page.evaluate(async (items) => {
    const until = performance.now() + 60_000
    while ((globalThis as unknown as Seen).seen.live === 0) {
      if (performance.now() > until) throw new Error(`the page was not in step within a minute: ${document.querySelector('.status')!.textContent}`)
      await new Promise((done) => setTimeout(done, 50))
    }
    await new Promise((done) => setTimeout(done, 300)) // what comes late, and the observer's report of it
    const held = document.querySelector('[data-status="items"]')!.textContent!
    if (Number(held.replace(/\D.*$/, '').replace(/,/g, '')) > items) throw new Error(`the page holds ${held} of ${items} items`)
    const paint = performance.getEntriesByName('first-contentful-paint')[0]?.startTime
    if (paint === undefined) throw new Error('nothing was painted')
    const { longTasks, ready, live } = (globalThis as unknown as Seen).seen
    return { paint, ready, live, longTasks }
  }, items)
}

/** Likes one work after the other, each when the page has come to rest. */
async function click(page: Page, count: number): Promise<Clicks> {
  return page.evaluate(async (count) => {
    const list = document.querySelector<HTMLElement>('[data-list="for-you"] .cards')!
    const order = () => [...list.children].map((card) => (card as HTMLElement).dataset['id']).join()
    const took: number[] = []
    for (let i = 0; i < count; i++) {
      const before = order()
      const button = list.querySelectorAll<HTMLButtonElement>('.like')[i % 12]!
      took.push(
        await new Promise<number>((changed, failed) => {
          const late = setTimeout(() => failed(new Error(`the list did not change at click ${i}`)), 10_000)
          const observer = new MutationObserver(() => {
            if (order() === before) return
            observer.disconnect()
            clearTimeout(late)
            changed(performance.now() - began)
          })
          observer.observe(list, { childList: true })
          const began = performance.now()
          button.click()
        }),
      )
      const section = list.closest<HTMLElement>('[data-list]')!
      for (const until = performance.now() + 2000; section.dataset['source'] !== 'server' && performance.now() < until; ) await new Promise((done) => setTimeout(done, 20))
      await new Promise((done) => setTimeout(done, 100))
    }
    return took
  }, count)
}
