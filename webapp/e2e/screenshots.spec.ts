import { fileURLToPath } from 'node:url'
import { expect, test } from './nigh.ts'

const folder = fileURLToPath(new URL('screenshots/', import.meta.url))

for (const width of [360, 1280]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test.describe(`${width} ${colorScheme}`, () => {
      test.use({ viewport: { width, height: width < 600 ? 740 : 900 }, colorScheme, contextOptions: { reducedMotion: 'reduce' } })

      test('screenshots', async ({ demo, page }) => {
        await demo.open('/works/moby-dick')
        await page.locator('.work-acts .like').click()
        await page.locator('.wordmark').click()
        await demo.ask('lighthouse')
        await page.locator('.topic').nth(1).click()
        await expect(demo.forYou.locator('.why', { hasText: 'Because you liked Moby-Dick' }).first()).toBeVisible()
        await demo.live()
        await page.locator('h1').hover() // off the cards
        await page.screenshot({ path: `${folder}home-${width}-${colorScheme}.png` })
        await page.screenshot({ path: `${folder}home-${width}-${colorScheme}-whole.png`, fullPage: true })
        // The README's picture is kept in the tree: only made anew when asked for (make screenshot).
        if (process.env['NIGH_SCREENSHOT'] && width === 1280 && colorScheme === 'light') {
          await page.screenshot({ path: process.env['NIGH_SCREENSHOT'] })
        }
        await page.locator('.details').click()
        await page.screenshot({ path: `${folder}panel-${width}-${colorScheme}.png` })
        await page.locator('.details').click()
        await demo.at(0).locator('a').click()
        await expect(demo.similar.locator('.card')).toHaveCount(12)
        await demo.live()
        await page.screenshot({ path: `${folder}work-${width}-${colorScheme}.png` })

        // Two devices that have drifted apart, and from right to left.
        await page.locator('.wordmark').click()
        await page.locator('.details').click()
        await page.locator('.second-device').click()
        const second = page.locator('.second')
        await expect(second).toHaveAttribute('data-source', 'server')
        await second.locator('.offline').click()
        await second.locator('.like').nth(3).click()
        await expect(second).toHaveAttribute('data-source', 'local')
        await page.locator('.masthead').hover()
        await second.evaluate((it) => it.scrollIntoView())
        await page.screenshot({ path: `${folder}devices-${width}-${colorScheme}.png` })
        await page.evaluate(() => (document.documentElement.dir = 'rtl'))
        await page.screenshot({ path: `${folder}rtl-${width}-${colorScheme}.png`, fullPage: true })
      })
    })
  }
}
