import { expect, test } from './nigh.ts'

const item = {
  id: 'the-quokka-lighthouse',
  title: 'The Quokka Lighthouse',
  author: 'Nobody Yet',
  description: 'A lighthouse keeper counts quokkas on an island at the edge of the map.',
  tags: ['sea', 'island'],
  categories: ['novel'],
  attributes: { medium: 'book', year: 2026 },
}

test('an item that is PUT appears in an open page, and goes when it is deleted', async ({ demo, server }) => {
  await demo.open()
  await demo.ask('quokka')
  await expect(demo.card(item.id)).toHaveCount(0)
  await server.put(item)
  await expect(demo.card(item.id)).toContainText(item.title)
  await server.put({ ...item, title: 'The Other Lighthouse' })
  await expect(demo.card(item.id)).toContainText('The Other Lighthouse')
  await server.delete(item.id)
  await expect(demo.card(item.id)).toHaveCount(0)
  await demo.live()
})

test("markup in an item's text is shown as text", async ({ demo, server, page }) => {
  await demo.open()
  await demo.ask('quokka')
  const title = '<img src=x onerror=alert(1)> quokka'
  await server.put({ ...item, title, url: 'javascript:alert(1)' }).catch(() => server.put({ ...item, title }))
  await expect(demo.card(item.id).locator('.cover-title')).toHaveText(title)
  await demo.card(item.id).locator('a').click()
  await expect(page.locator('.work h1')).toHaveText(title)
  await expect(page.locator('main img')).toHaveCount(0)
  await expect(page.locator('.work-link')).toBeHidden()
})

test('the recipe of ten lines lists what fits, and again when it changes', async ({ page, server }) => {
  await page.goto(`${server.url}/recipe`)
  const list = page.locator('#list li')
  await expect(list.first()).toBeVisible()
  await page.locator('#words').fill('quokka')
  await page.locator('button').click()
  await server.put(item)
  await expect(list.filter({ hasText: item.title })).toHaveCount(1)
  await server.delete(item.id)
  await expect(list.filter({ hasText: item.title })).toHaveCount(0)
})

test('the documentation page shows the API without asking another host', async ({ page, server }) => {
  await page.goto(`${server.url}/docs/`)
  await expect(page.locator('.opblock').first()).toBeVisible()
  await expect(page.locator('.opblock-summary-path', { hasText: '/v1/recommendations' }).first()).toBeVisible()
})
