// What a page loads may not grow unnoticed: brotli, in bytes, as the server sends it.

import { expect, test } from './nigh.ts'

const load = async (url: string) => {
  const response = await fetch(url, { headers: { 'accept-encoding': 'identity' } })
  expect(response.ok, url).toBe(true)
  return response.text()
}

/** The size of what the server sends for an address to a browser that takes brotli. */
async function sent(request: { get(url: string, options: object): Promise<{ headers(): Record<string, string> }> }, url: string): Promise<number> {
  const headers = (await request.get(url, { headers: { 'accept-encoding': 'br' } })).headers()
  expect(headers['content-encoding'], url).toBe('br')
  return Number(headers['content-length'])
}

test('module, SDK with its worker and elements keep to their budgets', async ({ server, request }) => {
  const sdk = await load(`${server.url}/nigh.js`)
  const worker = /assets\/worker-[\w-]+\.js/.exec(sdk)
  expect(worker, 'the worker that nigh.js names').not.toBeNull()
  const module = /nigh-[\w-]+\.wasm/.exec(await load(`${server.url}/${worker![0]}`))
  expect(module, 'the module that the worker names').not.toBeNull()
  expect(await sent(request, `${server.url}/assets/${module![0]}`), 'module').toBeLessThanOrEqual(520_000)
  const nigh = await sent(request, `${server.url}/nigh.js`)
  const elements = await sent(request, `${server.url}/elements.js`)
  expect(nigh + (await sent(request, `${server.url}/${worker![0]}`)), 'SDK and worker').toBeLessThanOrEqual(20_000)
  expect(elements, 'elements, with the SDK in them').toBeLessThanOrEqual(15_000)
  // What few need is not in what all load.
  const alone = /assets\/server_only-[\w-]+\.js/.exec(sdk)
  expect(alone, 'the chunk for browsers without WebAssembly').not.toBeNull()
  expect(sdk).not.toContain('/similar?')
})
