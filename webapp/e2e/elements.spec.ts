// The elements, on the page that shows them and on pages of strangers.

import { fileURLToPath } from 'node:url'
import { violations } from './axe.ts'
import { expect, test, type Locator, type Page, type Server } from './nigh.ts'

const folder = fileURLToPath(new URL('screenshots/', import.meta.url))

/** The page of the demo folder, once both of its lists are confirmed. */
async function open(page: Page, server: Server): Promise<{ feed: Locator; similar: Locator; cards: Locator }> {
  await page.goto(`${server.url}/elements.html`)
  const feed = page.locator('#feed')
  const similar = page.locator('#similar')
  await expect(feed).toHaveAttribute('data-source', 'server')
  await expect(similar).toHaveAttribute('data-source', 'server')
  await expect(page.locator('nigh-status')).toHaveAttribute('data-connection', 'live')
  return { feed, similar, cards: feed.locator('li') }
}

const ids = (list: Locator) => list.locator('li').evaluateAll((cards) => cards.map((card) => (card as HTMLElement).dataset['id']!))

/** A page of this server's own origin with other markup: the one that is there, emptied. */
async function blank(page: Page, server: Server, markup: string): Promise<void> {
  await page.route(`${server.url}/blank`, (route) =>
    route.fulfill({ contentType: 'text/html', body: `<!doctype html><html lang="en"><title>A page</title><script type="module" src="/elements.js"></script><body>${markup}</body></html>` }))
  await page.goto(`${server.url}/blank`)
}

test('one script tag and one element list what is for the reader, and the list follows a like at once', async ({ page, server }) => {
  await blank(page, server, '<nigh-feed></nigh-feed>')
  const feed = page.locator('nigh-feed')
  await expect(feed).toHaveAttribute('data-source', 'server')
  await expect(feed.locator('li')).toHaveCount(12)
  const before = await ids(feed)
  await feed.getByRole('button', { name: /^Like/ }).nth(2).click()
  await expect.poll(() => ids(feed)).not.toContain(before[2])
  await page.reload()
  await expect(feed).toHaveAttribute('data-source', 'server')
  expect(await ids(feed), 'the same anonymous reader').not.toContain(before[2])
  expect(await page.evaluate(() => Object.keys(localStorage)), 'names that elements made up').toEqual([])
  // The sign-in takes along what was done here.
  await feed.evaluate((it) => {
    it.setAttribute('user', 'ada')
    it.setAttribute('merge', '')
  })
  await expect.poll(() => server.recommend('ada')).not.toContain(before[2])
  await expect.poll(() => ids(feed)).toEqual(await server.recommend('ada'))
})

test('what was in view goes out together', async ({ page, server }) => {
  const frames: number[] = []
  page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => typeof payload !== 'string' && frames.push(payload.toString('latin1').split('shown').length - 1)))
  await blank(page, server, '<nigh-feed></nigh-feed>')
  await expect(page.locator('nigh-feed li')).toHaveCount(12)
  await expect.poll(() => Math.max(0, ...frames), { message: 'impressions in one frame' }).toBeGreaterThan(3)
})

test('cards of the author: what the server sent stays, is taken over, and leaves when the list moves on', async ({ page, server }) => {
  await page.route('**/*.wasm', async (route) => {
    await expect(page.locator('#similar .work')).toHaveCount(1) // no skeleton where there is something to see
    await expect(page.locator('#similar .work')).toBeVisible()
    await route.continue()
  })
  await page.goto(`${server.url}/elements.html`)
  const sent = await page.locator('.work[data-id="treasure-island"]').elementHandle()
  await expect(page.locator('#similar')).toHaveAttribute('data-source', 'server')
  await expect(page.locator('#similar .work')).toHaveCount(4)
  expect(await sent!.evaluate((it) => it.isConnected && it === document.querySelector('.work[data-id="treasure-island"]')), 'the very element').toBe(true)
  await expect(page.locator('.work[data-id="treasure-island"] nigh-why [part="text"]')).toHaveText('Close to Moby-Dick')
  const like = page.locator('.work[data-id="treasure-island"] button')
  await expect(like).toHaveAccessibleName('Like Treasure Island')
  await like.click()
  await expect(like).toHaveAttribute('aria-pressed', 'true')
  await like.click()
  await expect(like).toHaveAttribute('aria-pressed', 'false')
  await expect(page.locator('nigh-status')).toHaveAttribute('data-connection', 'live')
})

test('nothing jumps: skeletons are as high as the cards that take their place', async ({ page, server }) => {
  await page.addInitScript(() => {
    const seen = { shift: 0 }
    const add = (entries: PerformanceEntryList) => {
      for (const entry of entries) seen.shift += (entry as PerformanceEntry & { value: number }).value
    }
    const observer = new PerformanceObserver((list) => add(list.getEntries()))
    observer.observe({ type: 'layout-shift' })
    // Counted from when the skeletons are painted: before the script is there, the page's own style keeps the place.
    Object.assign(globalThis, { begin: () => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
      observer.takeRecords()
      seen.shift = 0
      done()
    }))), end: () => (add(observer.takeRecords()), seen.shift) })
  })
  let seen: number[] = []
  await page.route('**/*.wasm', async (route) => {
    await page.evaluate(() => (globalThis as unknown as { begin(): Promise<void> }).begin())
    seen = await heights(page)
    await route.continue()
  })
  await blank(page, server, '<nigh-feed link="/works/{id}" limit="6"></nigh-feed><p id="after">after</p>')
  await expect(page.locator('nigh-feed')).toHaveAttribute('data-source', 'server')
  expect(seen.length, 'skeletons').toBe(6)
  expect(await heights(page)).toEqual(seen)
  expect(await page.evaluate(() => (globalThis as unknown as { end(): number }).end()), 'layout shift').toBeLessThan(0.001)
})

const heights = (page: Page) => page.locator('nigh-feed li').evaluateAll((cards) => cards.map((card) => Math.round(card.getBoundingClientRect().height)))

test('the list holds still while the pointer is over it or a key has brought the focus there, and moves after', async ({ page, server }) => {
  const { feed } = await open(page, server)
  const item = (title: string) => ({ id: 'pinned-work', title, pinned: 1, tags: ['sea'], categories: ['novel'], attributes: { medium: 'book', year: 2026 } })
  const before = await ids(feed)
  await feed.locator('li').nth(1).hover()
  await server.put(item('Pinned'))
  await expect(feed).toHaveAttribute('data-held')
  expect(await ids(feed)).toEqual(before)
  await page.locator('h1').hover()
  await expect.poll(async () => (await ids(feed))[0]).toBe('pinned-work')
  await expect(feed).not.toHaveAttribute('data-held')

  await page.locator('#feed li').nth(2).locator('a').focus()
  await page.keyboard.press('Tab')
  const held = await ids(feed)
  await server.delete('pinned-work')
  await expect(feed).toHaveAttribute('data-held')
  expect(await ids(feed)).toEqual(held)
  await page.evaluate(() => (document.activeElement as HTMLElement).blur())
  await expect.poll(() => ids(feed)).not.toContain('pinned-work')
})

test('the second half of a double click does not hit the work that came to its place', async ({ page, server }) => {
  const { feed } = await open(page, server)
  const before = await ids(feed)
  // The page itself presses again in the moment in which the list has moved: a test from outside may come too late.
  await page.evaluate(() => {
    const feed = document.querySelector('#feed') as HTMLElement & { client: { record(kind: string, item: string): void } }
    const acts: string[] = []
    const record = feed.client.record.bind(feed.client)
    feed.client.record = (kind, item) => {
      acts.push(`${kind} ${item}`)
      record(kind, item)
    }
    const first = () => feed.shadowRoot!.querySelector<HTMLElement>('li [data-nigh-act="like"]')!
    const place = first().getBoundingClientRect()
    Object.assign(globalThis, { acts, came: [] as string[] })
    feed.addEventListener('nigh-list', () => {
      const slides = (animation: Animation) => (animation.effect as KeyframeEffect).getKeyframes().some((frame) => 'transform' in frame)
      for (const animation of feed.shadowRoot!.getAnimations()) if (slides(animation)) animation.finish()
      ;(globalThis as unknown as { came: string[] }).came.push(first().closest('li')!.dataset['id']!)
      const there = feed.shadowRoot!.elementFromPoint(place.x + place.width / 2, place.y + place.height / 2)!
      there.dispatchEvent(new MouseEvent('click', { bubbles: true, composed: true, cancelable: true, detail: 2 }))
    }, { once: true })
  })
  await feed.locator('li').first().getByRole('button', { name: /^Like/ }).click()
  await expect.poll(() => ids(feed)).not.toContain(before[0])
  const { acts, came } = await page.evaluate(() => {
    const { acts, came } = globalThis as unknown as { acts: string[]; came: string[] }
    return { acts, came }
  })
  expect(came, 'what came under the second press').toHaveLength(1)
  expect(came).not.toEqual([before[0]])
  expect(acts.filter((act) => act.startsWith('like'))).toEqual([`like ${before[0]}`])
})

test('everything by keyboard, and focus is not lost when the list changes', async ({ page, server }) => {
  const { feed } = await open(page, server)
  const [first] = await ids(feed)
  const focused = () => page.evaluate(() => {
    const host = document.activeElement as HTMLElement
    const at = (host.shadowRoot?.activeElement ?? host) as HTMLElement
    return { id: at.closest<HTMLElement>('[data-id]')?.dataset['id'] ?? '', what: at.dataset['nighAct'] ?? at.localName, outline: getComputedStyle(at).outlineStyle }
  })
  for (let n = 0; n < 12 && (await focused()).id !== first; n++) await page.keyboard.press('Tab')
  expect(await focused()).toMatchObject({ id: first, what: 'a', outline: 'solid' })
  await page.keyboard.press('Tab')
  expect(await focused()).toMatchObject({ id: first, what: 'like', outline: 'solid' })
  await page.keyboard.press('Space')
  await expect.poll(() => ids(feed)).not.toContain(first)
  const now = await focused()
  expect(now.what).toBe('like')
  expect(now.id, 'the card that took its place').toBe((await ids(feed))[0])
  await expect(feed.getByRole('status')).toHaveText(/new item/)

  // The author's cards, and the disclosure of the reasons.
  for (let n = 0; n < 60 && (await focused()).what !== 'summary'; n++) await page.keyboard.press('Tab')
  expect(await focused()).toMatchObject({ what: 'summary', outline: 'solid' })
  for (const why of await page.locator('nigh-why[details]').all()) await why.evaluate((it) => Object.assign(it, { reasons: [...(it as unknown as { reasons: unknown[] }).reasons] })) // as a new list does
  expect(await focused(), 'a list that came in between').toMatchObject({ what: 'summary' })
  await page.keyboard.press('Enter')
  await expect(page.locator('nigh-why[details] [part="reason"]').first()).toBeVisible()
  for (let n = 0; n < 10 && (await focused()).what !== 'like'; n++) await page.keyboard.press('Tab')
  const { id } = await focused()
  await page.keyboard.press('Enter')
  await expect(page.locator(`.work[data-id="${id}"] button`)).toHaveAttribute('aria-pressed', 'true')
  expect(await focused()).toMatchObject({ id, what: 'like' })
  await page.keyboard.press('Shift+Tab')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(new RegExp(`/works/${id}$`))
})

test('what was in view for a second is told once, and a click through; neither by itself changes a list of others', async ({ page, server }) => {
  await blank(page, server, '<nigh-feed user="seer" link="/works/{id}" limit="40"></nigh-feed>')
  const feed = page.locator('nigh-feed')
  await expect(feed).toHaveAttribute('data-source', 'server')
  await page.evaluate(() => {
    const { client } = document.querySelector('nigh-feed') as unknown as { client: { record(kind: string, item: string): void } }
    const record = client.record.bind(client)
    const acts: string[] = []
    Object.assign(globalThis, { acts })
    client.record = (kind, item) => {
      acts.push(`${kind} ${item}`)
      record(kind, item)
    }
  })
  const acts = () => page.evaluate(() => (globalThis as unknown as { acts: string[] }).acts)
  await expect.poll(async () => (await acts()).length).toBeGreaterThan(3)
  const told = await acts()
  const all = await ids(feed)
  expect(new Set(told).size, 'each once').toBe(told.length)
  expect(told).toContain(`shown ${all[0]}`)
  expect(told, 'below the window').not.toContain(`shown ${all.at(-1)}`)
  await feed.locator('li').last().scrollIntoViewIfNeeded()
  await expect.poll(acts).toContain(`shown ${all.at(-1)}`)
  expect(await server.recommend('seer', 40), 'nothing follows from what was shown').toEqual(all)
  await feed.locator('li').last().locator('a').click()
  await expect(page).toHaveURL(new RegExp(`/works/${all.at(-1)}$`))
  await expect.poll(() => server.recommend('seer', 40), { message: 'the click reached the server' }).not.toContain(all.at(-1))
})

test("an item's text is text, and its addresses are addresses", async ({ page, server }) => {
  await page.route('**/%3Cimg*', (route) => route.fulfill({ contentType: 'image/svg+xml', body: '<svg xmlns="http://www.w3.org/2000/svg"/>' })) // a relative address
  const title = '<img src=x onerror=alert(1)>'
  await server.put({ id: 'evil', title, pinned: 1, description: '<script>alert(1)</script>', tags: ['sea'], categories: ['novel'] })
  await blank(page, server, `<nigh-feed limit="1"></nigh-feed>
    <nigh-feed id="own" limit="1"><template><p><a data-nigh-href="title" data-nigh-text="title"></a><img data-nigh-src="title" alt=""></p></template></nigh-feed>`)
  await expect(page.locator('#own')).toHaveAttribute('data-source', 'server')
  const own = page.locator('#own p').first()
  await expect(own).toContainText(title)
  await expect(page.locator('nigh-feed').first().locator('[part="title"]').first()).toHaveText(title)
  // What would run is no address: javascript: in a link of an author's own field.
  await page.evaluate(() => {
    const feed = document.querySelector('#own') as HTMLElement & { client: unknown; items: unknown }
    const listeners: ((event: unknown) => void)[] = []
    const card = { title: 'javascript:alert(1)', summary: '', url: 'javascript:alert(1)', image: 'data:text/html,x', author: '', tags: [], categories: [], attributes: {} }
    feed.client = {
      profile: null, connection: 'live', status: null, timings: {}, addEventListener() {}, record() {}, undo: () => false,
      subscribe: (_: unknown, listener: (event: unknown) => void) => (listeners.push(listener), () => {}),
    }
    queueMicrotask(() => queueMicrotask(() => listeners[0]!({ items: [{ id: 'x', score: 1, reasons: [], card }], source: 'local', sinceMs: 1, next: '' })))
  })
  await expect(own).toContainText('javascript:alert(1)')
  await expect(own.locator('a')).not.toHaveAttribute('href')
  await expect(own.locator('img')).not.toHaveAttribute('src')
})

test('a server that is not there is said, and what the page had stays', async ({ page, server }) => {
  test.slow()
  await blank(page, server, `<nigh-feed id="bare" server="${server.url}/no/such/place"></nigh-feed>
    <nigh-feed id="sent" server="${server.url}/no/such/place"><p>what the server sent</p></nigh-feed>`)
  await expect(page.locator('#bare [part="message"]')).toHaveText('No recommendations right now.')
  await expect(page.locator('#bare li')).toHaveCount(0)
  await expect(page.locator('#sent p').first()).toBeVisible()
})

for (const width of [360, 1280]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const direction of ['ltr', 'rtl'] as const) {
      test.describe(`${width} ${colorScheme} ${direction}`, () => {
        test.use({ viewport: { width, height: width < 600 ? 740 : 900 }, colorScheme, contextOptions: { reducedMotion: 'reduce' } })

        test('axe finds nothing wrong, nothing is too wide, and this is how it looks', async ({ page, server }) => {
          const { feed } = await open(page, server)
          await page.evaluate((dir) => (document.documentElement.dir = dir), direction)
          await feed.getByRole('button', { name: /^Like/ }).first().click()
          await expect(feed.locator('[part="why"]', { hasText: 'Because of' }).first()).toBeVisible()
          await page.locator('nigh-why[details] summary').click()
          await page.locator('h1').hover()
          await expect(page.locator('nigh-status [part="state"]')).toHaveText('Up to date')
          expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
          expect(await violations(page)).toEqual([])
          await page.screenshot({ path: `${folder}elements-${width}-${colorScheme}-${direction}.png`, fullPage: true })
        })
      })
    }
  }
}
