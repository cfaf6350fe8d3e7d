// What becomes of a module that ends: a panic of Go in the midst of a call, in a worker whose tab lives on.

import type { Page } from '@playwright/test'
import { expect } from './nigh.ts'
import { on, test, works, type OnPage } from './site.ts'

/** Has the page's module panic; returns why what was being done did not come about. */
const panic = (page: Page) =>
  page.evaluate(() => (globalThis as unknown as OnPage).nigh.record('like', 'panic').then(() => 'it was taken', (reason: Error) => reason.message))
const failures = (page: Page) => page.evaluate(() => (globalThis as unknown as OnPage).failures)

test('a leading tab whose module panics hands over, and comes back from what is kept', async ({ browser, site, nigh }) => {
  const context = await browser.newContext()
  const [x, y, z] = (await works(nigh)) as [string, string, string]
  const open = async (): Promise<Page> => {
    const page = await context.newPage()
    await page.goto(site.page({ url: nigh.url, user: 'ada', panics: true }))
    await on.live(page)
    return page
  }
  const first = await open()
  const second = await open()
  expect(await on.record(first, 'like', x)).toBe(true)
  expect(await panic(first)).toContain('nigh.wasm failed')
  // The other tab leads now, and the one whose module ended follows it.
  expect(await on.record(first, 'like', y)).toBe(true)
  for (const page of [first, second]) {
    await on.history(page, [y, x])
    await on.live(page)
    await expect.poll(() => failures(page)).toEqual([expect.stringContaining('it begins again from what is kept')])
  }
  await second.close() // and now the first leads again
  expect(await on.record(first, 'like', z)).toBe(true)
  await on.history(first, [z, y, x])
  await on.live(first)
  expect((await on.state(first)).op, 'each op once').toBe(3)
  await context.close()
})

test('a tab alone whose module panics goes on, offline too; the third time in a minute it says that it cannot', async ({ browser, site, nigh }) => {
  const context = await browser.newContext()
  const [x, y] = (await works(nigh)) as [string, string]
  const page = await context.newPage()
  await page.goto(site.page({ url: nigh.url, user: 'ada', panics: true }))
  await on.live(page)
  await nigh.kill()
  expect(await on.record(page, 'like', x)).toBe(true)
  expect(await panic(page)).toContain('nigh.wasm failed')
  expect(await on.record(page, 'like', y)).toBe(true)
  await on.history(page, [y, x])
  await nigh.again()
  await on.live(page)
  expect((await on.state(page)).op).toBe(2)
  expect(await panic(page)).toContain('nigh.wasm failed')
  await on.live(page)
  expect(await panic(page)).toContain('nigh.wasm failed')
  await expect.poll(async () => (await failures(page)).at(-1)).toContain('reload the page')
  await expect(on.record(page, 'like', x)).rejects.toThrow('reload the page')
  await page.reload()
  await on.live(page)
  await on.history(page, [y, x])
  await context.close()
})

test('a client that is closed settles what it promised', async ({ browser, site, nigh }) => {
  const context = await browser.newContext()
  const [x] = (await works(nigh)) as [string]
  const page = await context.newPage()
  await page.goto(site.page({ url: nigh.url, user: 'ada' }))
  await on.live(page)
  const settled = await page.evaluate(async (item) => {
    const { nigh } = globalThis as unknown as OnPage
    const all = [nigh.record('like', item), nigh.export(), nigh.erase()]
    nigh.close()
    all.push(nigh.record('like', item))
    return (await Promise.allSettled(all)).map((one) => one.status)
  }, x)
  // The like was under way to the disk. What is exported or erased may have been done by then.
  expect(settled).toEqual(['fulfilled', expect.any(String), expect.any(String), 'rejected'])
  await context.close()
})
