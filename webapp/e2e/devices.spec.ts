// The second device that the panel opens beside the page's own: a client of the same reader that shares nothing with it.

import { violations } from './axe.ts'
import { counted, expect, test, type Demo, type Locator, type Page } from './nigh.ts'
import { Wire } from './site.ts'

/** The second device, in the words of the tests. */
class Second {
  readonly page: Page
  readonly at: Locator
  readonly list: Locator

  constructor(page: Page) {
    this.page = page
    this.at = page.locator('.second')
    this.list = this.at.locator('.rows')
  }

  status(name: string): Locator {
    return this.at.locator(`[data-status="${name}"]`)
  }

  switch(): Locator {
    return this.at.locator('.offline')
  }

  /** Opens it and waits until it holds the catalog and shows the server's list. */
  async open(): Promise<void> {
    await this.page.locator('.details').click()
    await this.page.locator('.second-device').click()
    await this.live()
  }

  async live(): Promise<void> {
    await expect(this.at).toHaveAttribute('data-state', 'live')
    await expect(this.at).toHaveAttribute('data-source', 'server')
  }

  ids(): Promise<string[]> {
    return this.list.locator('[data-id]').evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset['id']!))
  }

  /** Likes the work at a place of its list, and tells which. */
  async like(place: number): Promise<string> {
    const id = (await this.ids())[place]!
    await this.list.locator(`[data-id="${id}"] .like`).click()
    await expect(this.list.locator(`[data-id="${id}"]`)).toHaveCount(0)
    return id
  }
}

/** Likes the work at a place of the page's own list, and tells which. */
async function like(demo: Demo, place: number): Promise<string> {
  const id = (await demo.ids())[place]!
  await demo.card(id).locator('.like').click()
  await expect(demo.card(id)).toHaveCount(0)
  return id
}

/** Off both lists: they hold still under a pointer. */
const off = (page: Page) => page.locator('.masthead').hover()

/** Waits until both show what REST recommends, and say so. */
async function together(demo: Demo, second: Second): Promise<void> {
  const reader = await demo.reader()
  await expect
    .poll(async () => {
      const theirs = (await demo.server.recommend(reader)).join()
      return [(await demo.ids()).join() === theirs, (await second.ids()).join() === theirs]
    }, { message: "the page's list and the second device's are REST's" })
    .toEqual([true, true])
  await expect(second.at.locator('.second-together')).toHaveText('The same list as the page’s.')
}

/** What the server has of a reader, as a device that has just come hears it: each like counts once in a strength. */
async function held(page: Page, reader: string): Promise<{ item: string; strength: number }[]> {
  return page.evaluate(async (user) => {
    const { connect } = await import(new URL('/nigh.js', location.href).href)
    const client = connect({ url: location.origin, user, client: crypto.randomUUID(), storage: false })
    const seen = await new Promise<{ item: string; strength: number }[]>((resolve) => {
      const look = () => client.status?.state === 'live' && client.profile?.history.length && resolve(client.profile.history)
      client.addEventListener('status', look)
      client.addEventListener('profile', look)
    })
    client.close()
    return seen.map(({ item, strength }) => ({ item, strength }))
  }, reader)
}

test('what is liked on one device comes to the other', async ({ demo, page }) => {
  await demo.open()
  const second = new Second(page)
  await second.open()
  await together(demo, second)
  const here = await like(demo, 2)
  await expect(second.list.locator(`[data-id="${here}"]`)).toHaveCount(0)
  await expect(second.at.locator('.second-lately')).toHaveText(/^You, lately: liked [^;]+\.$/)
  await expect(page.locator('.visit')).toHaveCount(1)
  const there = await second.like(3)
  await expect(page.locator(`.visit[data-id="${there}"]`)).toBeVisible()
  await expect(second.at.locator('.second-lately')).toHaveText(/^You, lately: liked [^;]+; liked [^;]+\.$/)
  await off(page)
  await together(demo, second)
  await expect(second.at.locator('[aria-live]')).toHaveText(/^The second device has \d+ other works now; the first is .+\.$/)
})

test('one device goes on without its network, and both come together when it is back, each like counted once', async ({ demo, page }) => {
  await demo.open()
  const second = new Second(page)
  await second.open()
  await second.switch().click()
  await expect(second.status('state')).toHaveText('Offline')
  await expect(demo.page.locator('.status [data-status="state"]'), "the page's own network").toHaveText('Online')

  // Both like the same work too: it is one like of one reader, said twice.
  const both = await like(demo, 0)
  const mine = await like(demo, 1)
  const before = await second.ids()
  expect(before, 'what it has not heard of').toContain(both)
  await second.list.locator(`[data-id="${both}"] .like`).click()
  await expect(second.status('state')).toHaveText('Offline, 1 waiting')
  const theirs = await second.like(4)
  await expect(second.status('state')).toHaveText('Offline, 2 waiting')
  await expect(second.at).toHaveAttribute('data-source', 'local')
  await expect(second.at.locator('.second-together')).not.toHaveText('The same list as the page’s.')
  await expect(page.locator('.visit')).toHaveCount(2) // the page has not heard of the second's

  await second.switch().click()
  await off(page)
  await second.live()
  await expect(page.locator('.visit')).toHaveCount(3)
  await expect(second.status('pending')).toHaveText('0')
  await together(demo, second)
  const history = await held(page, await demo.reader())
  expect(history.map(({ item }) => item).toSorted()).toEqual([both, mine, theirs].toSorted())
  expect(new Set(history.map(({ strength }) => strength)).size, 'strengths of a like').toBe(1)
  expect(await counted(page), "the page's own likes").toBe(2)
  await expect(second.at.locator('.second-counted'), "the second device's").toHaveText('2')
})

test('the page goes offline by itself too, and catches up with what the second device did', async ({ demo, page }) => {
  await demo.open()
  const second = new Second(page)
  await second.open()
  await page.locator('.status .offline').click()
  await expect(page.locator('.status [data-status="state"]')).toHaveText('Offline')
  await expect(second.status('state')).toHaveText('Online')
  await second.like(1)
  await like(demo, 3)
  await expect(page.locator('.visit')).toHaveCount(1)
  await page.locator('.status .offline').click()
  await off(page)
  await demo.live()
  await expect(page.locator('.visit')).toHaveCount(2)
  await together(demo, second)
})

test.describe('on the wire', () => {
  test.use({ expected: [/request to another host: http:\/\/127\.0\.0\.1:/] }) // the server through its wire

  test('it is loaded when it is asked for, and takes its worker and its socket with it when it is closed', async ({ server, page }) => {
    const wire = await Wire.to(server.url)
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await page.goto(wire.url)
    await expect(page.locator('.status')).toHaveAttribute('data-state', 'live')
    expect(asked.filter((path) => /second-.*\.(js|css)$/.test(path)), 'of whoever does not open it').toEqual([])
    const open = () => [page.workers().length, wire.channels.open]
    expect(open(), 'workers, sockets').toEqual([1, 1])
    const second = new Second(page)
    const opener = page.locator('.second-device')
    for (const from of ['itself', 'the panel']) {
      await second.open()
      expect(open(), 'workers, sockets').toEqual([2, 2])
      await expect(page.locator('#status-details')).toBeHidden() // it makes room
      await expect(page.locator('#second-title')).toBeFocused()
      if (from === 'itself') {
        await second.at.getByRole('button', { name: 'Close Second device' }).click()
        await expect(page.locator('.details')).toBeFocused()
      } else {
        await page.locator('.details').click()
        await expect(opener).toHaveAttribute('aria-expanded', 'true')
        await opener.press('Enter')
        await expect(opener).toBeFocused()
        await expect(opener).toHaveText('Second device')
      }
      await expect(second.at).toHaveCount(0)
      await expect.poll(open, { message: 'workers, sockets' }).toEqual([1, 1])
    }
    await page.locator('[data-list="for-you"] .like').first().click() // the page's own goes on
    await expect(page.locator('.visit')).toHaveCount(1)
    await expect(page.locator('.status')).toHaveAttribute('data-state', 'live')
    await page.close()
    wire.stop()
  })
})

test('it stands beside the list of whichever view is shown, and is all done by keyboard', async ({ demo, page }) => {
  await demo.open()
  await page.locator('.details').focus()
  await page.keyboard.press('Enter')
  await page.locator('.second-device').focus()
  await page.keyboard.press('Enter')
  const second = new Second(page)
  await second.live()
  await page.keyboard.press('Tab')
  await expect(second.switch()).toBeFocused()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await expect(second.list.locator('.like').first()).toBeFocused()
  const [first] = await second.ids()
  await page.keyboard.press('Enter')
  await expect(second.list.locator(`[data-id="${first}"]`)).toHaveCount(0)
  await expect(second.list.locator('.like').first()).toBeFocused()
  await expect(page.locator(`.visit[data-id="${first}"]`)).toBeVisible()

  const wide = async () => {
    const own = (await demo.forYou.boundingBox())!
    const other = (await second.at.boundingBox())!
    return own.x + own.width <= other.x
  }
  expect(await wide(), 'on the right of the list').toBe(true)
  await demo.at(0).locator('a').click()
  await expect(page.locator('.work h1')).toBeVisible()
  await expect(page.locator('[data-list="for-you"] + .second')).toBeVisible()
  expect(await wide()).toBe(true)
  await page.goBack()
  await expect(page.locator('.home [data-list="for-you"] + .second')).toBeVisible()
  await second.live()
  await page.setViewportSize({ width: 360, height: 740 })
  await expect(page.locator('.home .second + [data-list="for-you"]')).toBeVisible()
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
})

for (const width of [360, 1280]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test.describe(`${width} ${colorScheme}`, () => {
      test.use({ viewport: { width, height: 900 }, colorScheme })

      test('axe finds nothing wrong with two devices', async ({ demo, page }) => {
        await demo.open()
        const second = new Second(page)
        await second.open()
        await second.like(0)
        await second.switch().click()
        await page.locator('.details').click()
        await off(page)
        await demo.settled()
        expect(await violations(page)).toEqual([])
      })
    })
  }
}

test.describe('when the server is gone', () => {
  test.use({ expected: [/ERR_CONNECTION_REFUSED|WebSocket connection to|navigation preload request failed/] })

  test('it opens all the same, holds nothing, and gets all when the server is back', async ({ demo, page, server }) => {
    await demo.open()
    await page.evaluate(async () => (await navigator.serviceWorker.ready).active!.scriptURL) // what the page is made of is kept
    await server.kill()
    await page.reload() // into the hands of the service worker
    await expect(demo.forYou.locator('.card')).toHaveCount(12)
    const second = new Second(page)
    await page.locator('.details').click()
    await page.locator('.second-device').click()
    await expect(second.status('state')).toHaveText(/^(Connecting|Reconnecting)$/)
    await expect(second.list).toHaveText('It holds nothing yet, and gets the catalog first.')
    await server.again()
    await second.live()
    await demo.live()
    await together(demo, second)
  })
})

test.describe('where the browser asks for privacy', () => {
  test('nothing leaves the device, and the panel says why there is no second one', async ({ demo, page }) => {
    await page.addInitScript(() => Object.defineProperty(navigator, 'globalPrivacyControl', { value: true }))
    await page.goto(demo.server.url)
    await page.locator('.details').click()
    await page.locator('.second-device').click()
    await expect(page.locator('.devices')).toContainText('nothing about you leaves this device')
    await expect(page.locator('.second')).toHaveCount(0)
    expect(page.workers().length).toBe(1)
  })
})
