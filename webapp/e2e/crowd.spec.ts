import { violations } from './axe.ts'
import { expect, test } from './nigh.ts'

test.describe('with simulated readers', () => {
  test.use({ flags: ['--readers', '3'] })

  test('the page says so, and they read', async ({ page, server }) => {
    const mine = async () => (await server.recommend('simulated-1')).join()
    const before = await mine()
    await page.goto(server.url)
    await expect(page.locator('.crowd')).toHaveText('3 simulated readers are reading along')
    expect(await violations(page)).toEqual([])
    await expect.poll(mine, { message: 'what is recommended to one who reads', timeout: 40_000 }).not.toBe(before)
  })
})
