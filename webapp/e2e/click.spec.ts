import { expect, test } from './nigh.ts'

test.describe('with a server that takes half a second', () => {
  test.use({ flags: ['--delay', '500ms'] })

  test('a like changes "For you" here first, then the server has the same list', async ({ demo, page }) => {
    await demo.open()
    // The page itself notes what the list was with each answer: a test that looks from outside may look too late.
    await demo.forYou.evaluate((section) => {
      const seen: { source: string; ids: string[] }[] = []
      Object.assign(globalThis, { seen })
      new MutationObserver(() => {
        const ids = [...section.querySelectorAll<HTMLElement>('[data-id]')].map((card) => card.dataset['id']!)
        seen.push({ source: section.dataset['source']!, ids })
      }).observe(section, { attributeFilter: ['data-source'] })
    })
    const before = await demo.ids()
    const liked = before[1]!
    await demo.card(liked).locator('.like').click()
    const seen = () => page.evaluate(() => (globalThis as unknown as { seen: { source: string; ids: string[] }[] }).seen)
    await expect.poll(async () => (await seen()).length).toBeGreaterThanOrEqual(2)

    const [first, second] = await seen()
    expect(first!.source, 'who answers first').toBe('local')
    expect(first!.ids).not.toContain(liked)
    expect(first!.ids).not.toEqual(before)
    expect(second!.source, 'who answers then').toBe('server')
    expect(second!.ids, "the server's list").toEqual(first!.ids)
    // "Same list" while this device has not been told what the server learned from the like: then nothing is compared.
    await expect(demo.status('agreement')).toHaveText(/^(both agree|same list)$/)
    const milliseconds = async (name: string) => Number.parseFloat((await demo.status(name).textContent())!.replace('under ', ''))
    const answered = await milliseconds('server')
    expect(answered, "the server's answer, ms").toBeGreaterThanOrEqual(500)
    expect(await milliseconds('click'), 'click to list, ms').toBeLessThan(answered)
  })
})

test('what was liked, opened and dismissed shows as history, and each can be undone', async ({ demo, page }) => {
  await demo.open()
  await demo.at(0).locator('.like').click()
  const visits = page.locator('.visit')
  await expect(visits).toHaveCount(1)
  await demo.at(1).locator('.dismiss').click()
  await expect(visits).toHaveCount(2)
  await expect(visits.nth(0).locator('.visit-mark')).toHaveText('Not for you: ')
  await expect(visits.nth(1).locator('.visit-mark')).toHaveText('Liked: ')
  await visits.nth(1).locator('.undo').click()
  await visits.nth(0).locator('.undo').click()
  await expect(visits).toHaveCount(0)
  await demo.live()
})

test('a topic and words in the box change the list, say why, and can be taken back', async ({ demo, page }) => {
  await demo.open()
  const before = await demo.ids()
  await demo.ask('sailing boats')
  await expect(demo.forYou.locator('.why').first()).toContainText('Matches “')
  const topic = page.locator('.topic').nth(1)
  const tag = await topic.textContent()
  await topic.click()
  await expect(topic).toHaveAttribute('aria-pressed', 'true')
  await expect(demo.forYou.locator('.why', { hasText: new RegExp(`tagged ${tag}`, 'i') }).first()).toBeVisible()
  await topic.click()
  await expect(topic).toHaveAttribute('aria-pressed', 'false')
  await page.locator('.wish', { hasText: 'sailing boats' }).click()
  await expect.poll(() => demo.ids()).toEqual(before)
})

test('going from work to work keeps the page, and its worker', async ({ demo, page }) => {
  await demo.open()
  const id = (await demo.ids())[0]!
  let loads = 0
  page.on('domcontentloaded', () => loads++)
  await demo.card(id).locator('a').click()
  await expect(page).toHaveURL(new RegExp(`/works/${id}$`))
  await expect(demo.similar.locator('.card')).toHaveCount(12)
  expect(await demo.ids(demo.similar)).not.toContain(id)
  await page.locator('.work-acts .like').click()
  await expect(page.locator('.work-acts .like')).toHaveAttribute('aria-pressed', 'true')
  await expect(demo.forYou.locator('.why').first()).toContainText('Because you liked')
  await page.goBack()
  await expect(page.locator('.visit')).toHaveCount(1)
  await expect(page.locator('.visit-mark')).toHaveText('Liked: ')
  await page.goForward()
  await expect(page.locator('.work h1')).toBeVisible()
  expect(loads, 'page loads').toBe(0)
})

test('"Browse" shows a category only', async ({ demo, page }) => {
  await demo.open()
  await page.locator('.kind[value="film"]').click()
  await expect(page.locator('.kind[value="film"]')).toHaveAttribute('aria-pressed', 'true')
  const films = await page.evaluate(async (): Promise<string[]> => {
    const found: string[] = []
    for (let cursor = ''; ; ) {
      const response = await fetch(`/v1/items?limit=1000&cursor=${encodeURIComponent(cursor)}`)
      const body = await response.json()
      for (const item of body.items) if (item.categories?.includes('film')) found.push(item.id)
      if (!body.next_cursor) return found
      cursor = body.next_cursor
    }
  })
  await expect.poll(async () => (await demo.ids(demo.browse)).filter((id) => !films.includes(id))).toEqual([])
  await expect(demo.browse.locator('.row')).toHaveCount(24)
})
