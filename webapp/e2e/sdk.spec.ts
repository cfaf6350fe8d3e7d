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
