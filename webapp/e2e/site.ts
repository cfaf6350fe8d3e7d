// A stranger's site with the SDK on it, which stays up when nigh does not; and a watch on the wire between the two.

import { readFile } from 'node:fs/promises'
import { createServer as createHttp, type Server as HttpServer } from 'node:http'
import { connect, createServer as createTcp, type AddressInfo, type Server as TcpServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, type Page } from '@playwright/test'
import { Server, test as base } from './nigh.ts'
import type { Client, RecommendationsEvent } from '../sdk/src/index.ts'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const types: Record<string, string> = { js: 'text/javascript', wasm: 'application/wasm' }

/** What the page leaves on its globalThis. */
export interface OnPage {
  nigh: Client
  list: RecommendationsEvent | null // the last one
  merged: string[] // ids
  failures: string[]
}

// Before a worker: its module panics when something is done with the item "panic", in its own call, with what it cannot read.
const panics = `
  let ready
  Object.defineProperty(globalThis, 'nighReady', {
    set: (f) => (ready = f),
    get: () => (module) => ready({ ...module, open(config) {
      const replica = module.open(config)
      const { record } = replica
      replica.record = (kind, item, ...rest) => item === 'panic' ? replica.frame(undefined, 0, 0) : record(kind, item, ...rest)
      return replica
    } }),
  })`

/** Serves one page, which connects as its query says, and the files of nigh.js. */
export class Site {
  readonly url: string
  readonly #server: HttpServer

  private constructor(server: HttpServer) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async start(): Promise<Site> {
    const server = createHttp((request, response) => {
      const path = new URL(request.url!, 'http://site').pathname
      if (path === '/') {
        response.setHeader('content-type', 'text/html')
        response.end(`<!doctype html><title>a site</title><link rel="icon" href="data:,"><script type="module">
          import { connect } from '/nigh.js'
          const options = JSON.parse(decodeURIComponent(location.hash.slice(1)))
          if (options.panics) options.worker = () => new Worker('/worker.js', { type: 'module' })
          Object.assign(globalThis, { list: null, merged: [], failures: [] })
          globalThis.nigh = connect(options)
          nigh.addEventListener('merged', (e) => merged.push(e.client))
          nigh.addEventListener('failure', (e) => failures.push(e.code + ': ' + e.message))
          nigh.recommend({ limit: 12 }).addEventListener('recommendations', (e) => (globalThis.list = e))
        </script>`)
        return
      }
      if (path === '/panics.js') {
        response.setHeader('content-type', 'text/javascript')
        response.end(panics)
        return
      }
      if (path === '/worker.js') {
        response.setHeader('content-type', 'text/javascript')
        void readFile(`${dist}nigh.js`, 'utf8').then((nigh) => {
          response.end(`import '/panics.js'\nimport '/${/assets\/worker-[\w-]+\.js/.exec(nigh)![0]}'`)
        })
        return
      }
      readFile(dist + path.slice(1)).then(
        (file) => {
          response.setHeader('content-type', types[path.split('.').at(-1)!] ?? 'application/octet-stream')
          response.end(file)
        },
        () => {
          response.statusCode = 404
          response.end()
        },
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new Site(server)
  }

  /** The address of a page that connects so. */
  page(options: { url: string; user?: string; client?: string; merge?: boolean | string; privacy?: string; token?: string; storage?: boolean; panics?: boolean }): string {
    return `${this.url}/#${encodeURIComponent(JSON.stringify(options))}`
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

/** A site, and a nigh that it may ask. */
export const test = base.extend<{ site: Site; nigh: Server }>({
  site: async ({}, use) => {
    const site = await Site.start()
    await use(site)
    site.stop()
  },
  nigh: async ({ site }, use) => {
    const nigh = await Server.start(['--origin', site.url])
    await use(nigh)
    await nigh.stop()
  },
})

export const works = async (nigh: Server) => nigh.recommend('nobody', 200)

/** What the tests ask of a page. */
export const on = {
  /** Waits until the page is in step with the server, nothing is pending, and it shows the server's list; the two never differed. */
  async live(page: Page): Promise<void> {
    const waited = page.waitForFunction(() => {
      const { nigh, list } = globalThis as unknown as OnPage
      return nigh?.status?.state === 'live' && nigh.status.pending === 0 && list?.source === 'server' && nigh.status.differed === 0
    }, undefined, { timeout: 20_000 })
    await waited.catch(async (reason: unknown) => {
      throw new Error(`not live: ${JSON.stringify(await on.state(page))}`, { cause: reason })
    })
  },
  /** Waits for a list of the device itself. */
  async local(page: Page): Promise<string[]> {
    const list = await page.waitForFunction(() => {
      const { list } = globalThis as unknown as OnPage
      return list && list.items.length > 0 ? list.items.map((item) => item.id) : null
    })
    return (await list.jsonValue())!
  },
  async state(page: Page) {
    return page.evaluate(() => {
      const { nigh, list } = globalThis as unknown as OnPage
      return {
        ...nigh.status!,
        history: nigh.profile?.history.map((visit) => visit.item) ?? [],
        storage: nigh.storage,
        list: list?.items.map((item) => item.id) ?? [],
        op: list?.version.op ?? 0,
        source: list?.source,
      }
    })
  },
  /** Ends the page's process where it stands. */
  async crash(page: Page): Promise<void> {
    const dead = new Promise<unknown>((resolve) => page.once('crash', resolve))
    void (await page.context().newCDPSession(page)).send('Page.crash').catch(() => {})
    await dead
    await page.close()
  },
  async pending(page: Page, ops: number): Promise<void> {
    await expect.poll(async () => page.evaluate(() => (globalThis as unknown as OnPage).nigh.status?.pending)).toBe(ops)
  },
  async record(page: Page, kind: string, item: string): Promise<boolean> {
    return page.evaluate(([kind, item]) => (globalThis as unknown as OnPage).nigh.record(kind!, item!), [kind, item])
  },
  async history(page: Page, items: string[]): Promise<void> {
    await expect.poll(async () => (await on.state(page)).history).toEqual(items)
  },
}

/** All that pages send to nigh, as nigh reads it: requests, and the payloads of WebSocket frames without their mask. */
export class Wire {
  readonly url: string
  readonly sent: Buffer[] = []
  readonly channels = { open: 0 } // sockets of clients
  readonly #server: TcpServer

  private constructor(server: TcpServer) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async to(url: string): Promise<Wire> {
    const { hostname, port } = new URL(url)
    const sent: Buffer[] = []
    const channels = { open: 0 }
    const server = createTcp((from) => {
      const to = connect(Number(port), hostname)
      from.once('data', (bytes: Buffer) => {
        if (!bytes.toString('latin1').startsWith('GET /v1/sync ')) return
        channels.open++
        from.once('close', () => channels.open--)
      })
      const read = unmasked((bytes) => sent.push(bytes))
      from.on('data', (bytes: Buffer) => {
        // Nothing is to be compressed: the offer of it becomes a header that nobody knows.
        const open = Buffer.from(bytes.toString('latin1').replace('Sec-WebSocket-Extensions:', 'Sec-Nothing-Extensions--:'), 'latin1')
        read(open)
        to.write(open)
      })
      from.on('end', () => to.end())
      to.pipe(from)
      for (const end of [from, to]) end.on('error', () => [from, to].forEach((one) => one.destroy()))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const wire = new Wire(server)
    Object.assign(wire, { sent, channels })
    return wire
  }

  /** Which of these words any of it holds. */
  holds(words: string[]): string[] {
    const all = Buffer.concat(this.sent)
    return words.filter((word) => all.includes(word))
  }

  stop(): void {
    this.#server.close()
  }
}

/** Takes what a client sends, a request and then frames (RFC 6455, 5.2), and gives it on as the server reads it. */
function unmasked(give: (bytes: Buffer) => void): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0)
  let frames = false
  return (bytes) => {
    rest = Buffer.concat([rest, bytes])
    if (!frames) {
      const end = rest.indexOf('\r\n\r\n')
      if (end < 0) return
      give(rest.subarray(0, end))
      rest = rest.subarray(end + 4)
      frames = true
    }
    for (;;) {
      const short = rest.length < 2 ? 0 : rest[1]! & 127
      const head = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + 4
      if (rest.length < head) return
      const length = short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short
      if (rest.length < head + length) return
      const mask = rest.subarray(head - 4, head)
      give(Buffer.from(rest.subarray(head, head + length).map((byte, i) => byte ^ mask[i & 3]!)))
      rest = rest.subarray(head + length)
    }
  }
}
