import { violations } from './axe.ts'
import { expect, test } from './nigh.ts'

test.describe('without script', () => {
  test.use({ javaScriptEnabled: false, expected: [/404 .*\/works\/no-such-work/] })

  test('the content is there and its links work', async ({ page, server }) => {
    await page.goto(server.url)
    const card = page.locator('[data-list="for-you"] .card').first()
    await expect(page.locator('[data-list="for-you"] .card')).toHaveCount(12)
    const title = await card.locator('.cover-title').textContent()
    await expect(card.locator('.acts')).toBeHidden()
    await card.locator('a').click()
    await expect(page.locator('h1')).toHaveText(title!)
    await expect(page.locator('.work-summary')).not.toBeEmpty()
    await expect(page.locator('[data-list="similar"] .card').first()).toBeVisible()
    const missing = await page.goto(`${server.url}/works/no-such-work`)
    expect(missing!.status()).toBe(404)
    await expect(page.locator('h1')).toHaveText('Not on the shelves')
  })
})

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme })

    test('axe finds nothing wrong with the home page and a work’s page', async ({ demo, page }) => {
      await demo.open()
      await demo.at(0).locator('.like').click()
      await demo.ask('sailing boats')
      await page.locator('.topic').first().click()
      await page.locator('.details').click()
      await demo.live()
      await demo.settled()
      expect(await violations(page)).toEqual([])
      await demo.at(0).locator('a').click()
      await expect(demo.similar.locator('.card')).toHaveCount(12)
      await demo.settled()
      expect(await violations(page)).toEqual([])
    })
  })
}

test('axe finds nothing wrong with the recipe', async ({ page, server }) => {
  await page.goto(`${server.url}/recipe`)
  await expect(page.locator('#list li').first()).toBeVisible()
  expect(await violations(page)).toEqual([])
})

test('everything can be done by keyboard, and focus is not lost when the list changes', async ({ demo, page }) => {
  await demo.open()
  const focused = () => page.evaluate(() => {
    const at = document.activeElement as HTMLElement
    return { id: at.closest<HTMLElement>('[data-id]')?.dataset['id'] ?? '', what: at.className, outline: getComputedStyle(at).outlineStyle }
  })
  await page.keyboard.press('Tab')
  expect((await focused()).what).toBe('skip')
  const box = await page.locator('#wish').elementHandle()
  await page.keyboard.press('Enter')
  await page.waitForURL('**/#main')
  // A new transition runs the update of one before it: were the jump taken for a change of page, the box would be gone.
  await page.evaluate(() => document.startViewTransition(() => {}).updateCallbackDone)
  expect(await box!.evaluate((it) => it.isConnected)).toBe(true)
  await page.keyboard.press('Tab')
  await page.keyboard.type('sailing boats')
  await page.keyboard.press('Enter')
  await expect(page.locator('.wish')).toHaveText('sailing boats')
  await demo.live()

  // To the like button of the first card: Tab walks in the order of the page.
  for (let n = 0; n < 60 && !(await focused()).id; n++) await page.keyboard.press('Tab')
  const [first] = await demo.ids()
  expect((await focused()).id).toBe(first)
  await page.keyboard.press('Tab')
  expect(await focused()).toEqual({ id: first, what: 'act like', outline: 'solid' })
  await page.keyboard.press('Space')
  await expect(demo.card(first!)).toHaveCount(0)
  const now = await focused()
  expect(now.what).toBe('act like')
  expect(now.id, 'the card that took its place').not.toBe(first)
  await expect(page.locator('#live')).not.toBeEmpty()

  await demo.at(2).locator('.dismiss').focus()
  await page.keyboard.press('Enter')
  await expect(page.locator('.visit')).toHaveCount(2)
  await page.locator('.undo').first().focus()
  await page.keyboard.press('Enter')
  await expect(page.locator('.visit')).toHaveCount(1)
  expect(await focused()).toMatchObject({ id: first, what: 'undo' })

  await demo.at(0).locator('.like').focus()
  await page.keyboard.press('Shift+Tab')
  await page.keyboard.press('Enter')
  await expect(page.locator('.work h1')).toBeVisible()
  await page.goBack()
  await expect(page.locator('.home')).toBeVisible()
})

test('nothing jumps: taking over the page and changing a list leave every section where it was', async ({ demo, page }) => {
  await page.addInitScript(() => {
    const seen = { shift: 0 }
    Object.assign(globalThis, { seen })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) seen.shift += (entry as PerformanceEntry & { value: number }).value
    }).observe({ type: 'layout-shift', buffered: true })
  })
  await demo.open()
  expect(await page.evaluate(() => (globalThis as unknown as { seen: { shift: number } }).seen.shift), 'layout shift while loading').toBeLessThan(0.02)
  const places = () => page.locator('.hero, .shelf, .lately').evaluateAll((all) => all.map((e) => `${e.className} ${Math.round((e as HTMLElement).offsetTop)} ${Math.round((e as HTMLElement).offsetHeight)}`))
  const before = await places()
  for (const n of [0, 3, 5]) await demo.at(n).locator('.like').click()
  await demo.ask('sailing boats')
  await expect(page.locator('.wish')).toBeVisible()
  await demo.live()
  expect(await places()).toEqual(before)
})

test('the list on the screen changes alone: what is below it, and what the reader did, are tasks of their own', async ({ demo, page }) => {
  // A MutationObserver hears at the end of a task what was changed in it: here, in which lists elements came or went.
  await page.addInitScript(() => {
    const tasks: string[][] = []
    Object.assign(globalThis, { tasks })
    const names = { '[data-list="for-you"] .cards': 'for you', '.rows': 'browse', '.visits': 'lately' }
    const observer = new MutationObserver((changes) => {
      const lists = Object.entries(names).filter(([selector]) => changes.some(({ target }) => (target as Element).matches(selector)))
      if (lists.length > 0) tasks.push(lists.map(([, name]) => name))
    })
    // What the parser makes of the server's markup is not meant.
    window.addEventListener('load', () => observer.observe(document, { subtree: true, childList: true }))
  })
  const tasks = () => page.evaluate(() => (globalThis as unknown as { tasks: string[][] }).tasks)
  await demo.open()
  for (const n of [0, 1, 2]) {
    await demo.at(n).locator('.like').dispatchEvent('click') // click() may scroll "Browse" onto the screen
    await expect(page.locator('.visit')).toHaveCount(n + 1)
  }
  await demo.live()
  // Below the fold too it is the rest of the same list.
  await expect.poll(async () => new Set([...(await demo.ids()), ...(await demo.ids(demo.browse))]).size).toBe(36)
  const seen = await tasks()
  expect(new Set(seen.flat())).toEqual(new Set(['for you', 'browse', 'lately']))
  expect(seen.filter((lists) => lists.length > 1), 'tasks that changed more than one list').toEqual([])
})

for (const width of [360, 820, 1280]) {
  test(`nothing is wider than a window of ${width} pixels`, async ({ demo, page }) => {
    await page.setViewportSize({ width, height: 740 })
    const spill = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    await demo.open()
    expect(await spill()).toBe(0)
    await demo.at(0).locator('a').click()
    await expect(page.locator('.work h1')).toBeVisible()
    expect(await spill()).toBe(0)
  })
}
