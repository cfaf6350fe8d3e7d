// What the tests share: a server of their own each, and a page that may not complain.

import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test as base, expect, type BrowserContext, type Locator, type Page } from '@playwright/test'

export { expect, type Locator, type Page }

const binary = fileURLToPath(new URL('../../bin/nigh', import.meta.url))

/** bin/nigh with the demo in a fresh data folder, on a free port. */
export class Server {
  readonly url: string
  #process: ChildProcess
  readonly #data: string
  readonly #flags: string[]

  private constructor(url: string, process: ChildProcess, data: string, flags: string[]) {
    this.url = url
    this.#process = process
    this.#data = data
    this.#flags = flags
  }

  static async start(flags: string[]): Promise<Server> {
    const data = await mkdtemp(join(tmpdir(), 'nigh-e2e-'))
    const { url, process } = await Server.#run('127.0.0.1:0', data, flags)
    return new Server(url, process, data, flags)
  }

  /** Ends the process where it stands: nobody answers any more, until again. */
  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await ended
  }

  /** Starts it again after kill, at its address, over its data. */
  async again(): Promise<void> {
    this.#process = (await Server.#run(new URL(this.url).host, this.#data, this.#flags)).process
  }

  /** Makes an API key: from then on the server asks who readers are. */
  async key(): Promise<void> {
    await promisify(execFile)(binary, ['key', 'create', '--name', 'test', '--scope', 'read', '--data', this.#data])
  }

  static async #run(addr: string, data: string, flags: string[]): Promise<{ url: string; process: ChildProcess }> {
    const process = spawn(binary, ['serve', '--demo', '--addr', addr, '--data', data, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
    const log: string[] = []
    process.stderr!.on('data', (chunk: Buffer) => log.push(chunk.toString()))
    const url = await new Promise<string>((resolve, reject) => {
      createInterface(process.stdout!).on('line', (line) => {
        const found = /http:\/\/\S+/.exec(line)
        if (found) resolve(found[0].replace(/\/$/, ''))
      })
      process.once('error', reject)
      process.once('exit', (code) => reject(new Error(`bin/nigh ended with ${code} before it was ready:\n${log.join('')}`)))
    })
    return { url, process }
  }

  /** Asks it to stop and checks that it does, within the five seconds that it promises. */
  async stop(): Promise<void> {
    if (this.#process.signalCode !== null) { // killed by the test
      await rm(this.#data, { recursive: true, force: true })
      return
    }
    const ended = new Promise<number | null>((resolve) => this.#process.once('exit', resolve))
    const late = setTimeout(() => this.#process.kill('SIGKILL'), 6000)
    this.#process.kill('SIGTERM')
    const code = await ended
    clearTimeout(late)
    await rm(this.#data, { recursive: true, force: true })
    expect(code, 'exit code of bin/nigh after SIGTERM').toBe(0)
  }

  async put(item: { id: string; title: string; [field: string]: unknown }): Promise<void> {
    const response = await fetch(`${this.url}/v1/items/${encodeURIComponent(item.id)}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(item),
    })
    expect(response.ok, `PUT ${item.id}: ${response.status} ${await response.text()}`).toBe(true)
  }

  async delete(id: string): Promise<void> {
    const response = await fetch(`${this.url}/v1/items/${encodeURIComponent(id)}`, { method: 'DELETE' })
    expect(response.ok, `DELETE ${id}: ${response.status}`).toBe(true)
  }

  /** The ids that REST recommends to a reader. */
  async recommend(user: string, limit = 12): Promise<string[]> {
    const response = await fetch(`${this.url}/v1/recommendations?user=${encodeURIComponent(user)}&limit=${limit}`)
    expect(response.ok, `GET recommendations: ${response.status}`).toBe(true)
    const { recommendations } = (await response.json()) as { recommendations: { id: string }[] }
    return recommendations.map((r) => r.id)
  }
}

/** Fails the test on whatever the browser complains about: errors, broken policies, requests to other hosts. */
function watch(context: BrowserContext, complaints: string[], own: () => string[]): void {
  context.on('console', (message) => {
    if (message.type() === 'error' || /content security policy/i.test(message.text())) {
      complaints.push(`console: ${message.text()} (${message.location().url})`)
    }
  })
  context.on('weberror', (error) => complaints.push(`uncaught: ${error.error().stack ?? error.error().message}`))
  context.on('request', (request) => {
    const url = new URL(request.url())
    if (url.protocol.startsWith('http') && !own().includes(url.origin)) complaints.push(`request to another host: ${request.url()}`)
  })
}

interface Fixtures {
  flags: string[] // more flags for bin/nigh
  origins: string[] // other hosts that the test's page may talk to
  expected: RegExp[] // complaints that belong to the test
  server: Server
  demo: Demo
}

export const test = base.extend<Fixtures>({
  flags: [[], { option: true }],
  origins: [[], { option: true }],
  expected: [[], { option: true }],
  server: async ({ flags }, use) => {
    const server = await Server.start(flags)
    await use(server)
    await server.stop()
  },
  context: async ({ context, server, origins, expected }, use) => {
    const complaints: string[] = []
    watch(context, complaints, () => [server.url, ...origins])
    await use(context)
    const unexpected = complaints.filter((complaint) => !expected.some((pattern) => pattern.test(complaint)))
    expect(unexpected, 'what the browser complained about').toEqual([])
  },
  demo: async ({ page, server }, use) => use(new Demo(page, server)),
})

/** The demo's page, in the words of the tests. */
export class Demo {
  readonly page: Page
  readonly server: Server
  readonly forYou: Locator
  readonly browse: Locator
  readonly similar: Locator

  constructor(page: Page, server: Server) {
    this.page = page
    this.server = server
    this.forYou = page.locator('[data-list="for-you"]')
    this.browse = page.locator('[data-list="browse"]')
    this.similar = page.locator('[data-list="similar"]')
  }

  /** Opens a page and waits until the module holds the catalog and the server has agreed once. */
  async open(path = '/'): Promise<void> {
    await this.page.goto(this.server.url + path)
    await this.live()
  }

  async live(): Promise<void> {
    await expect(this.page.locator('.status')).toHaveAttribute('data-state', 'live')
    await expect(this.forYou).toHaveAttribute('data-source', 'server')
  }

  async ids(list: Locator = this.forYou): Promise<string[]> {
    return list.locator('[data-id]').evaluateAll((cards) => cards.map((card) => (card as HTMLElement).dataset['id']!))
  }

  card(id: string, list: Locator = this.forYou): Locator {
    return list.locator(`[data-id="${id}"]`)
  }

  /** The card at a place of "For you", whatever it is by then: lists change while a test looks at them. */
  at(place: number): Locator {
    return this.forYou.locator('.card').nth(place)
  }

  status(name: string): Locator {
    return this.page.locator(`[data-status="${name}"]`)
  }

  async reader(): Promise<string> {
    return this.page.evaluate(() => localStorage.getItem('nigh.reader')!)
  }

  async ask(words: string): Promise<void> {
    await this.page.locator('#wish').fill(words)
    await this.page.locator('#wish').press('Enter')
  }

  /** Waits until nothing moves. */
  async settled(): Promise<void> {
    await this.page.waitForFunction(() => document.getAnimations().length === 0)
  }
}

/** The number of the last op of this device that the server's list knows of: the server takes each number once. */
export const counted = (page: Page) => page.evaluate(async () => {
  type SDK = typeof import('../sdk/src/index.ts')
  const { connect } = (await import('/nigh.js' as string)) as SDK
  const nigh = connect({ url: location.origin, user: localStorage.getItem('nigh.reader')! }) // another tab of the page's own client
  const op = await new Promise<number>((resolve) => {
    nigh.recommend({ limit: 1 }).addEventListener('recommendations', (event) => event.source === 'server' && nigh.status?.pending === 0 && resolve(event.version.op))
  })
  nigh.close()
  return op
})
