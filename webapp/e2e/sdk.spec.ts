// The SDK as a stranger's page uses it: from a script tag, on another origin.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, Server, test } from './nigh.ts'

test('a page of another origin gets recommendations with one script tag', async ({ browser }) => {
  let nigh = ''
  const site = createServer((request, response) => {
    response.setHeader('content-type', 'text/html')
    if (request.url !== '/') {
      response.statusCode = 204
      response.end()
      return
    }
    response.end(`<!doctype html><title>a stranger</title><ol id="list"></ol><script type="module">
      import { connect } from '${nigh}/nigh.js'
      const client = connect({ url: '${nigh}', user: 'stranger' })
      client.recommend({ limit: 5 }).addEventListener('recommendations', (e) => {
        document.querySelector('#list').dataset.source = e.source
        document.querySelector('#list').replaceChildren(...e.items.map((item) => Object.assign(document.createElement('li'), { textContent: item.card.title })))
      })
      globalThis.like = (id) => client.record('like', id)
    </script>`)
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  const server = await Server.start(['--origin', origin])
  nigh = server.url
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  await page.goto(origin)
  await expect(page.locator('#list')).toHaveAttribute('data-source', 'server')
  await expect(page.locator('#list li')).toHaveCount(5)
  await page.evaluate(() => (globalThis as unknown as { like(id: string): void }).like('moby-dick'))
  await expect.poll(() => server.recommend('stranger', 200)).not.toContain('moby-dick')
  expect(complaints).toEqual([])
  await page.close()
  await server.stop()
  site.close()
})

test('a page filters and turns over in the browser as it does over REST', async ({ page, server }) => {
  await page.goto(server.url)
  const { first, second } = await page.evaluate(async (url) => {
    const { connect } = await import(`${url}/nigh.js`)
    const client = connect({ url, user: 'filters' })
    const wish = { limit: 4, attributes: { medium: ['book'] }, any: { tags: ['sea', 'space'] }, not: { authors: ['Herman Melville'] }, since: '2000-01-01' }
    const list = (after?: string) =>
      new Promise<{ ids: string[]; next: string }>((resolve) => {
        const standing = client.recommend({ ...wish, ...(after === undefined ? {} : { after }) })
        standing.addEventListener('recommendations', (e: { source: string; agrees: boolean | null; items: { id: string }[]; next: string }) => {
          if (e.source !== 'server' || e.agrees !== true) return
          standing.close()
          resolve({ ids: e.items.map((item) => item.id), next: e.next })
        })
      })
    const first = await list()
    const second = await list(first.next)
    client.close()
    return { first, second }
  }, server.url)
  expect(first.ids).toHaveLength(4)
  expect(first.ids.filter((id) => second.ids.includes(id))).toEqual([])
  const query = 'user=filters&limit=4&any=tag:sea,tag:space&all=attribute:medium=book&not=author:Herman%20Melville&since=2000-01-01'
  const rest = async (after: string) => {
    const response = await fetch(`${server.url}/v1/recommendations?${query}&after=${after}`)
    const { recommendations, next } = (await response.json()) as { recommendations: { id: string }[]; next: string }
    return { ids: recommendations.map((r) => r.id), next }
  }
  expect(await rest('')).toEqual(first)
  expect(await rest(first.next)).toEqual(second)
})
