// The demo as an installed app: what the service worker keeps, and what it does not. The network is cut by ending the
// server: a browser told to be offline still lets some of a service worker's requests through.

import { chromium, type BrowserContext } from '@playwright/test'
import { counted, Demo, expect, test, type Page } from './nigh.ts'

const cut = /ERR_CONNECTION_REFUSED|WebSocket connection to|navigation preload request failed/

/** Waits until all that the page is made of is kept. */
const kept = (page: Page) => page.evaluate(async () => (await navigator.serviceWorker.ready).active!.scriptURL)

/** Addresses that are kept, by the name of their cache. */
const cached = (page: Page) => page.evaluate(async () => {
  const all: Record<string, string[]> = {}
  for (const name of await caches.keys()) all[name] = (await (await caches.open(name)).keys()).map((request) => new URL(request.url).pathname)
  return all
})

const visits = (page: Page) => page.locator('.visit').evaluateAll((all) => all.map((visit) => (visit as HTMLElement).dataset['id']!))

async function like(demo: Demo, times: number): Promise<string[]> {
  const liked: string[] = []
  for (let n = 0; n < times; n++) {
    const id = (await demo.ids())[n % 12]!
    await demo.card(id).locator('.like').click()
    await expect(demo.page.locator(`.visit[data-id="${id}"]`)).toHaveCount(1)
    liked.push(id)
  }
  return liked
}

test.describe('when the server is gone', () => {
  test.use({ expected: [cut] })

  test('20 likes, a reload, a closed tab and one opened again: all are counted once, and the lists are equal', async ({ demo, page, context, server }) => {
    await demo.open()
    await kept(page)
    const liked = await like(demo, 10)
    await server.kill()
    liked.push(...(await like(demo, 10)))
    await page.reload()
    await expect.poll(() => visits(page)).toEqual(liked.toReversed())
    await expect(demo.forYou.locator('.card')).toHaveCount(12)
    const before = await demo.ids()
    await page.close()

    const again = new Demo(await context.newPage(), server)
    await again.page.goto(server.url)
    await expect.poll(() => visits(again.page)).toEqual(liked.toReversed())
    await expect.poll(() => again.ids()).toEqual(before)
    await expect(again.status('pending')).toHaveText('10')

    await server.again()
    await again.live()
    expect(await counted(again.page)).toBe(20)
    const reader = await again.reader()
    await expect.poll(async () => (await server.recommend(reader)).join() === (await again.ids()).join(), { message: 'REST recommends what the page shows' }).toBe(true)
    await expect(again.status('agreed')).toHaveText(/, 0$/)
  })

  test('any work opens, at an address that no page was at before', async ({ demo, page, context, server }) => {
    await demo.open()
    await kept(page)
    const shown = [...(await demo.ids()), ...(await demo.ids(demo.browse))]
    const all = await server.recommend('nobody', 200)
    const id = all.findLast((id) => !shown.includes(id))!
    await server.kill()
    await page.close()
    const there = new Demo(await context.newPage(), server)
    await there.page.goto(`${server.url}/works/${id}`)
    await expect(there.page.locator('.work')).toHaveAttribute('data-id', id)
    await expect(there.page.locator('.work-summary')).not.toBeEmpty()
    await expect(there.similar.locator('.card')).toHaveCount(12)
    await there.page.locator('.wordmark').click()
    await expect(there.forYou.locator('.card')).toHaveCount(12)
    await expect(there.page.locator('.topic').nth(10)).toBeVisible()
    await expect(there.page.locator('.visit-title')).not.toHaveText(id) // but its title
    await there.page.goto(`${server.url}/works/no-such-work`)
    await expect(there.page.locator('h1')).toHaveText('Not on this device')
    await there.page.goto(`${server.url}/?q=lighthouse`)
    await expect(there.page.locator('.wish')).toHaveText('lighthouse')
  })
})

test('what is kept is what was built: no page of a reader, no answer, nothing of elsewhere', async ({ demo, page, server }) => {
  await demo.open('/?q=lighthouse')
  await kept(page)
  await page.reload()
  await demo.at(0).locator('.like').click()
  await demo.at(0).locator('a').click()
  await demo.live()
  const all = await cached(page)
  expect(Object.keys(all)).toHaveLength(1)
  const [name] = Object.keys(all)
  const version = name!.replace('nigh-demo ', '')
  for (const path of all[name!]!) expect(path).toMatch(/^\/(assets\/[\w-]+\.(js|css|woff2|wasm)|icon\.svg|manifest\.webmanifest|shell\/\w+)$/)
  expect(all[name!]).toContain(`/shell/${version}`)
  const shell = await (await fetch(`${server.url}/shell/${version}`)).text()
  expect(shell).not.toContain('lighthouse')
  expect(shell).not.toContain(await demo.reader())
  expect((await fetch(`${server.url}/shell/another`)).status).toBe(404)
})

test.describe('another version', () => {
  test.use({ expected: [cut] })

  test('waits until no page of the old one is open, and then takes its place', async ({ demo, page, context, server }) => {
    await demo.open()
    await kept(page)
    const [old] = Object.entries(await cached(page))
    const other = await context.newPage()
    await other.goto(server.url)
    await server.key() // a server that asks who readers are has another page: its reader is anonymous
    await page.evaluate(async () => (await navigator.serviceWorker.ready).update())
    const waiting = () => page.evaluate(async () => (await navigator.serviceWorker.ready).waiting !== null)
    await expect.poll(waiting).toBe(true)
    // Pages of both versions are open, the older one's files are there, and it opens without a network.
    await page.reload()
    expect(await waiting()).toBe(true)
    expect((await cached(page))[old![0]]).toEqual(old![1])
    await server.kill()
    await other.reload()
    await expect(other.locator('[data-list="for-you"] .card')).toHaveCount(12)
    await expect(other.locator('#live')).not.toHaveAttribute('data-anonymous')
    await server.again()
    await other.close()
    await page.reload()
    await expect.poll(async () => Object.keys(await cached(page))).not.toContain(old![0])
    expect(await waiting()).toBe(false)
    await demo.live()
    await server.kill()
    await page.reload()
    await expect(demo.forYou.locator('.card')).toHaveCount(12)
    await expect(page.locator('#live')).toHaveAttribute('data-anonymous')
  })
})

test('the app can be installed', async ({ server, launchOptions }) => {
  // Not in a private window, which is what other tests have.
  const context: BrowserContext = await chromium.launchPersistentContext('', { ...launchOptions, headless: true })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  await page.goto(server.url)
  await kept(page)
  const cdp = await context.newCDPSession(page)
  const manifest = await cdp.send('Page.getAppManifest')
  expect(manifest.errors).toEqual([])
  expect(manifest.url).toBe(`${server.url}/manifest.webmanifest`)
  const { icons } = JSON.parse(manifest.data!) as { icons: { src: string; sizes: string; purpose?: string }[] }
  expect(icons.some((icon) => icon.purpose === 'maskable')).toBe(true)
  for (const { src, sizes } of icons) {
    const size = await page.evaluate(async (src) => {
      const image = Object.assign(new Image(), { src })
      await image.decode()
      return `${image.naturalWidth}x${image.naturalHeight}`
    }, src)
    if (sizes !== 'any') expect(size, src).toBe(sizes)
  }
  expect((await cdp.send('Page.getInstallabilityErrors')).installabilityErrors).toEqual([])
  expect(complaints).toEqual([])
  await context.close()
})
