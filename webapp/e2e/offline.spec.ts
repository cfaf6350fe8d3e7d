import { expect, test } from './nigh.ts'

test('without a network likes still change the list; with it the server holds each of them', async ({ demo, page, context, server, browser }) => {
  await demo.open()
  await context.setOffline(true)
  await expect(demo.status('state')).toHaveText('Offline')

  const liked: string[] = []
  for (let n = 1; n <= 3; n++) {
    const before = await demo.ids()
    liked.push(before[n]!)
    await demo.card(before[n]!).locator('.like').click()
    await expect(demo.card(before[n]!)).toHaveCount(0)
    await expect(demo.forYou).toHaveAttribute('data-source', 'local')
    expect(await demo.ids()).not.toEqual(before)
    await expect(demo.status('state')).toHaveText(`Offline, ${n} waiting`)
  }
  await context.setOffline(false)
  await page.locator('h1').hover() // off the cards, which hold still under a pointer
  await demo.live()
  await expect(demo.status('pending')).toHaveText('0')
  // Polled: the server learns from three likes, and tells this page of it a moment later.
  const reader = await demo.reader()
  await expect.poll(async () => (await server.recommend(reader)).join() === (await demo.ids()).join(), { message: 'REST recommends what the page shows' }).toBe(true)

  // The same reader on another device: what the server holds is what comes there.
  const other = await browser.newContext()
  await other.addInitScript((id) => localStorage.setItem('nigh.reader', id), reader)
  const there = await other.newPage()
  await there.goto(server.url)
  await expect(there.locator('.visit')).toHaveCount(3)
  expect(await there.locator('.visit').evaluateAll((visits) => visits.map((v) => (v as HTMLElement).dataset['id']))).toEqual(liked.toReversed())
  await other.close()
  await expect(page.locator('.visit')).toHaveCount(3)
})

test('the page can be told to behave as if offline', async ({ demo, page }) => {
  await demo.open()
  await page.locator('.offline').click()
  await expect(demo.status('state')).toHaveText('Offline')
  const id = (await demo.ids())[0]!
  await demo.card(id).locator('a').click()
  await expect(page.locator('.work-summary')).not.toBeEmpty()
  await expect(demo.similar.locator('.card')).toHaveCount(12)
  await expect(demo.status('state')).toHaveText('Offline, 1 waiting')
  await page.locator('.offline').click()
  await demo.live()
})

test('what one device does comes to another of the same reader', async ({ demo, page, browser, server }) => {
  await demo.open()
  const other = await browser.newContext()
  await other.addInitScript((id) => localStorage.setItem('nigh.reader', id), await demo.reader())
  const there = await other.newPage()
  await there.goto(server.url)
  await expect(there.locator('.status')).toHaveAttribute('data-state', 'live')
  const id = (await demo.ids())[2]!
  await demo.card(id).locator('.like').click()
  await expect(there.locator(`.visit[data-id="${id}"]`)).toBeVisible()
  await there.locator('.undo').click()
  await expect(page.locator('.visit')).toHaveCount(0)
  await other.close()
})
