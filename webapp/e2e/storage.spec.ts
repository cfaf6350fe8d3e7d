import type { Page } from '@playwright/test'
import { expect } from './nigh.ts'
import { on, test, Wire, works, type OnPage } from './site.ts'

test('closed and opened offline, a page is what it was; online again, all is counted once', async ({ browser, site, nigh }) => {
  const context = await browser.newContext()
  const address = site.page({ url: nigh.url, user: 'ada' })
  const all = (await works(nigh)).slice(0, 20)
  let page = await context.newPage()
  await page.goto(address)
  await on.live(page)
  expect((await on.state(page)).storage).toEqual({ kept: true, reason: '' })
  await nigh.kill()

  for (const id of all.slice(0, 10)) expect(await on.record(page, 'like', id), 'kept on the disk').toBe(true)
  await page.reload()
  await on.local(page)
  await on.history(page, all.slice(0, 10).toReversed())
  for (const id of all.slice(10)) expect(await on.record(page, 'like', id)).toBe(true)
  const before = await on.local(page)
  await page.close()

  page = await context.newPage()
  await page.goto(address)
  expect(await on.local(page)).toEqual(before)
  await on.history(page, all.toReversed())
  expect(await on.state(page)).toMatchObject({ pending: 20 })

  await nigh.again()
  await on.live(page)
  // The server knows of ops 1 to 20, and applies each number once.
  expect((await on.state(page)).op).toBe(20)
  await expect.poll(async () => (await nigh.recommend('ada')).join() === (await on.state(page)).list.join(), { message: 'REST recommends what the page shows' }).toBe(true)
  const elsewhere = await (await browser.newContext()).newPage()
  await elsewhere.goto(address)
  await on.history(elsewhere, all.toReversed())
  await elsewhere.context().close()
  await context.close()
})

test('three tabs and two accounts: one line of events each, no leak, and nothing left after signing out', async ({ browser, site, nigh }) => {
  const context = await browser.newContext()
  const [x, y, z] = (await works(nigh)) as [string, string, string]
  const open = async (user: string): Promise<Page> => {
    const page = await context.newPage()
    await page.goto(site.page({ url: nigh.url, user }))
    await on.live(page)
    return page
  }
  const [first, second, bob] = [await open('ada'), await open('ada'), await open('bob')]
  await on.record(first, 'like', x)
  await on.record(second, 'like', y)
  for (const page of [first, second]) {
    await on.history(page, [y, x])
    await on.live(page)
    expect((await on.state(page)).op).toBe(2) // numbered by one outbox
  }
  await on.history(bob, [])
  const exported = (page: Page) => page.evaluate(() => (globalThis as unknown as OnPage).nigh.export())
  expect((await exported(bob)).profile.history).toEqual([])
  expect((await exported(bob)).client).not.toBe((await exported(second)).client)

  // Offline, so that what ada did is on this device alone; then she signs out, in a tab that follows.
  await nigh.kill()
  await on.record(first, 'like', z)
  await on.record(bob, 'like', x)
  await second.evaluate(() => (globalThis as unknown as OnPage).nigh.erase())
  await on.history(first, [])
  await Promise.all([first.close(), second.close()])
  const kept = await bob.evaluate(async (item) => {
    const db = await new Promise<IDBDatabase>((resolve) => (Object.assign(indexedDB.open('nigh'), { onsuccess: (e: Event) => resolve((e.target as IDBOpenDBRequest).result) })))
    const store = db.transaction('entries').objectStore('entries')
    const all = <T>(request: IDBRequest<T>) => new Promise<T>((resolve) => (request.onsuccess = () => resolve(request.result)))
    const [keys, values] = await Promise.all([all(store.getAllKeys()), all(store.getAll())])
    db.close()
    const found: string[] = []
    values.forEach((value, i) => typeof value !== 'string' && new TextDecoder().decode(value as Uint8Array).includes(item) && found.push(keys[i]!.toString()))
    return { ops: keys.filter((key) => (key as string[])[1]!.startsWith('op/')).map((key) => (key as string[])[0]!), found }
  }, z)
  expect(kept.ops.every((space) => space.includes('"bob"')), 'whose ops are left').toBe(true)
  expect(kept.ops).toHaveLength(1)
  expect(kept.found.filter((key) => !key.includes('bob')), 'what is left of ada’s like').toEqual([])
  await nigh.again()
  const later = await open('ada')
  await on.history(later, [y, x]) // what the server knows
  await on.live(bob)
  await on.history(bob, [x])
  await bob.evaluate(() => (globalThis as unknown as OnPage).nigh.clear())
  await on.live(later)
  await context.close()
})

/** Keys that the page's origin has in the storage, of any reader, that begin so. */
const stored = (page: Page, prefix: string) => page.evaluate(async (prefix) => {
  const db = await new Promise<IDBDatabase>((resolve) => (Object.assign(indexedDB.open('nigh'), { onsuccess: (e: Event) => resolve((e.target as IDBOpenDBRequest).result) })))
  const request = db.transaction('entries').objectStore('entries').getAllKeys()
  const keys = await new Promise<IDBValidKey[]>((resolve) => (request.onsuccess = () => resolve(request.result)))
  db.close()
  return keys.map((key) => (key as string[])[1]!).filter((key) => key.startsWith(prefix))
}, prefix)

test('the log of many changes is folded, and the catalog comes back as it was', async ({ browser, site, nigh }) => {
  const context = await browser.newContext()
  const address = site.page({ url: nigh.url, user: 'ada' })
  let page = await context.newPage()
  await page.goto(address)
  await on.live(page)
  const before = (await on.state(page)).items
  const words = ['lighthouse', 'harbour', 'gale', 'keel', 'lantern', 'tide', 'anchor', 'squall']
  let put = 0
  let longest = 0
  for (let folded = false; !folded; ) {
    expect(put, 'changes without a fold').toBeLessThan(600)
    for (let i = 0; i < 20; i++, put++) {
      const about = Array.from({ length: 120 }, (_, j) => `${words[(put * 7 + j * 3) % 8]}${(put * 31 + j * 17) % 97}`).join(' ')
      await nigh.put({ id: `new${put}`, title: `The ${put}th ${words[put % 8]}`, description: about, tags: ['sea', words[put % 8]!] })
    }
    await expect.poll(async () => (await on.state(page)).items).toBe(before + put)
    const log = (await stored(page, 'c/0/log/')).length
    folded = log < longest
    longest = Math.max(longest, log)
  }
  expect(longest, 'deltas in the log').toBeGreaterThan(5) // of several puts each, where the server is busy
  await on.live(page)
  expect((await stored(page, 'c/0/block/')).length, 'blocks').toBeGreaterThan(0)
  await nigh.kill() // it may still be learning, and tell of it
  await expect.poll(async () => (await on.state(page)).state).not.toBe('live')
  expect(await on.record(page, 'shown', 'new0'), 'on the disk, and all that came before it').toBe(true)
  const { seq, list } = await on.state(page)
  await page.close()

  page = await context.newPage()
  await page.goto(address)
  expect(await on.local(page)).toEqual(list)
  expect(await on.state(page)).toMatchObject({ items: before + put, seq })
  await nigh.again()
  await on.live(page) // from there on: the two lists never differed
  const after = await on.state(page)
  expect(after.list).toEqual(await nigh.recommend('ada'))
  expect(after.bytesIn, 'bytes that came: no catalog').toBeLessThan(30_000)
  await context.close()
})

test('the death of the leading tab hands over, and what the others say counts once', async ({ browser, site, nigh }, info) => {
  const context = await browser.newContext()
  const ids = await works(nigh)
  const open = async (): Promise<Page> => {
    const page = await context.newPage()
    await page.goto(site.page({ url: nigh.url, user: 'ada' }))
    await on.live(page)
    return page
  }
  const pages = [await open(), await open(), await open()]
  const took: number[] = []
  while (pages.length > 1) {
    const leader = pages.shift()! // who came first leads, and who waits longest comes next
    const dead = new Promise<unknown>((resolve) => leader.once('crash', resolve))
    void (await context.newCDPSession(leader)).send('Page.crash').catch(() => {})
    await dead
    const began = performance.now()
    const lists = pages.map((page) => page.evaluate((id) => {
      const { nigh } = globalThis as unknown as OnPage
      return nigh.record('like', id)
    }, ids[pages.length]!))
    expect(await Promise.all(lists)).toEqual(pages.map(() => true))
    took.push(Math.round(performance.now() - began))
    await leader.close()
  }
  await on.live(pages[0]!)
  expect((await on.state(pages[0]!)).op).toBe(3)
  // That nothing of it waits for a clock is a law of tabs.test.ts; how long it took is told, for whoever measures.
  info.annotations.push({ type: 'handover', description: `${took.join(', ')} ms` })
  await context.close()
})

test('in private mode nothing that a page sends names the reader or an item', async ({ browser, site, nigh }) => {
  const wire = await Wire.to(nigh.url)
  const ids = await works(nigh)
  const secrets = [...ids.filter((id) => id.length > 4), 'ada-lovelace', 'sailing']
  const live = async (privacy: string) => {
    const context = await browser.newContext()
    let page = await context.newPage()
    const address = site.page({ url: wire.url, user: 'ada-lovelace', privacy })
    await page.goto(address)
    await on.local(page)
    for (const id of ids.slice(0, 5)) expect(await on.record(page, 'like', id)).toBe(true)
    await page.evaluate(async (id) => {
      const { nigh } = globalThis as unknown as OnPage
      await nigh.prefer({ text: 'sailing' })
      nigh.similar(id)
    }, ids[7]!)
    await on.history(page, ids.slice(0, 5).toReversed())
    await expect.poll(async () => (await on.state(page)).state).toBe('live')
    const before = (await on.state(page)).items
    await nigh.put({ id: `new-${privacy}`, title: 'The Quokka Lighthouse' })
    await expect.poll(async () => (await on.state(page)).items, { message: 'the catalog still comes' }).toBe(before + 1)
    await page.close()
    page = await context.newPage()
    await page.goto(address)
    await on.local(page)
    await on.history(page, ids.slice(0, 5).toReversed())
    const all = await page.evaluate(() => (globalThis as unknown as OnPage).nigh.export())
    await page.evaluate(() => (globalThis as unknown as OnPage).nigh.erase())
    await on.history(page, privacy === 'device' ? [] : ids.slice(0, 5).toReversed()) // the server tells it again
    await context.close()
    return all
  }
  const kept = await live('device')
  expect(kept.ops).toHaveLength(6)
  expect(wire.sent.length).toBeGreaterThan(2)
  expect(wire.holds(secrets), 'what went over the wire').toEqual([])
  await live('server') // the watch sees
  expect(wire.holds(secrets)).toEqual(expect.arrayContaining(['ada-lovelace', 'sailing', ids[0], ids[7]]))
  wire.stop()
})

test('a page that wants nothing kept works in memory and says so', async ({ browser, site, nigh }) => {
  const page = await browser.newPage()
  await page.goto(site.page({ url: nigh.url, user: 'ada', storage: false }))
  await on.live(page)
  expect((await on.state(page)).storage).toEqual({ kept: false, reason: 'off' })
  expect(await on.record(page, 'like', (await works(nigh))[0]!)).toBe(false)
  await page.goto(site.page({ url: nigh.url, user: 'bob' }))
  await page.reload()
  await on.live(page)
  expect((await on.state(page)).storage).toEqual({ kept: true, reason: '' })
  await page.close()
})
