// The demo in a document that runs from right to left; the elements have the same in elements.spec.ts.

import { violations } from './axe.ts'
import { expect, test, type Page } from './nigh.ts'

/** Elements that reach out of the window on either side, but for what is scrolled in a box of its own, and how far page and panel can be scrolled. */
const outside = (page: Page) =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth
    const scrolled = (element: Element | null): boolean =>
      element !== null && element !== document.documentElement && (getComputedStyle(element).overflowX !== 'visible' || scrolled(element.parentElement))
    const out = [...document.querySelectorAll('body *')].filter((element) => {
      const { left, right } = element.getBoundingClientRect()
      return right > left && (left < -0.5 || right > width + 0.5) && !scrolled(element.parentElement)
    })
    const beyond = [document.documentElement, document.querySelector('.status')!].map((box) => box.scrollWidth - box.clientWidth)
    return { beyond, out: out.map((element) => `${element.tagName} ${element.className.toString()}`) }
  })

/** Which of two elements begins further to the right, by its right edge: how much, in pixels. */
async function lead(page: Page, first: string, second: string): Promise<number> {
  const [a, b] = await Promise.all([first, second].map((it) => page.locator(it).first().boundingBox()))
  return a!.x + a!.width - (b!.x + b!.width)
}

for (const width of [360, 1280]) {
  test.describe(`${width}`, () => {
    test.use({ viewport: { width, height: width < 600 ? 740 : 900 }, contextOptions: { reducedMotion: 'reduce' } })

    test('from right to left everything stands on the other side, and nothing sticks out', async ({ demo, page }) => {
      await demo.open()
      await page.evaluate(() => (document.documentElement.dir = 'rtl'))
      const nothing = { beyond: [0, 0], out: [] }
      await demo.at(1).locator('.like').click()
      await demo.ask('sailing boats')
      await expect(page.locator('.wish')).toBeVisible()
      expect(await outside(page)).toEqual(nothing)
      for (const [first, second] of [
        ['.wordmark', '.masthead nav'],
        ['.ask label', '.go'],
        ['.visit-mark', '.visit-title'],
        ['.visit-title', '.undo'],
        ['#for-you-title', '[data-list="for-you"] .source'],
        ['.card:nth-child(1)', '.card:nth-child(2)'],
        ['.card .like', '.card .dismiss'],
        ['.row', '.row-link'], // where its colour is
        ['.row-link', '.row .acts'],
        ['.status .state', '.times'],
        ['.times', '.status .offline'],
        ['.status .offline', '.details'],
      ] as const) expect(await lead(page, first, second), `${first} before ${second}`).toBeGreaterThan(0)
      const first = (await page.locator('.card').first().boundingBox())!
      const list = (await page.locator('.cards').first().boundingBox())!
      expect(first.x + first.width).toBeCloseTo(list.x + list.width, 0)
      expect(await page.locator('.go .icon').evaluate((icon) => getComputedStyle(icon).transform), 'the arrow').toBe('matrix(-1, 0, 0, 1, 0, 0)')
      // A title in Latin letters that is cut off is cut off at its end, which is on the right.
      const title = page.locator('.visit-title').first()
      expect(await title.evaluate((it) => [getComputedStyle(it).unicodeBidi, getComputedStyle(it).textAlign])).toEqual(['plaintext', 'right'])

      await page.locator('.details').click()
      expect(await outside(page)).toEqual(nothing)
      expect(await lead(page, '.facts > :nth-child(1)', '.facts > :nth-child(2)')).toBeGreaterThan(0)
      await page.locator('.second-device').click()
      await expect(page.locator('.second')).toHaveAttribute('data-source', 'server')
      expect(await outside(page)).toEqual(nothing)
      expect(await lead(page, '#second-title', '.second .source')).toBeGreaterThan(0)
      expect(await lead(page, '.second .row-title', '.second .like')).toBeGreaterThan(0)
      if (width > 1080) expect(await lead(page, '[data-list="for-you"]', '.second'), 'the second device on the left').toBeGreaterThan(300)
      await page.locator('.masthead').hover()
      await demo.settled()
      expect(await violations(page)).toEqual([])

      await demo.at(0).locator('a').click()
      await expect(demo.similar.locator('.card')).toHaveCount(12)
      expect(await outside(page)).toEqual(nothing)
      expect(await lead(page, '.work-main .cover', '.work h1')).toBeGreaterThan(0)
      expect(await lead(page, '.work-acts .like', '.work-acts .dislike')).toBeGreaterThan(0)
    })
  })
}
