// What the host's tests share: a world made here, and a module that tells what was asked of it.

import { beforeEach, expect } from 'vitest'
import { Host, type World } from '../src/host.ts'
import { StorageError, Superseded, type Storage, type Stored } from '../src/storage.ts'
import type { Effect, List, NighModule, Question, Status } from '../src/module.ts'
import type { FromWorker } from '../src/protocol.ts'

export class FakeSocket {
  binaryType = ''
  readyState = 0
  sent: Uint8Array[] = []
  closed: [number | undefined, string | undefined] | null = null
  onopen: (() => void) | null = null
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  readonly url: string
  readonly protocols: string[]
  constructor(url: string, protocols: string[]) {
    this.url = url
    this.protocols = protocols
  }
  send(bytes: Uint8Array) {
    this.sent.push(bytes)
  }
  close(code?: number, reason?: string) {
    this.closed = [code, reason]
  }
  open() {
    this.readyState = 1
    this.onopen?.()
  }
}

// What a test sees and sets; made anew before each.
export interface Stage {
  calls: string[] // of the module
  answers: Partial<Record<string, Effect[]>> // what it says to the next of them
  clock: number // of the world's fine clock, ms
  online: boolean
  sockets: FakeSocket[]
  wakes: { at: number; run: () => void; cancelled: boolean }[]
  posted: FromWorker[]
  heard: (message: FromWorker) => void // what the page does at once
  opening: (found: Opened, not: Not) => void // what comes of opening the storage
  privacy: 'server' | 'device'
  budget: number
  host: Host
}
type Opened = (what: { storage: Storage; stored: Stored }) => void
type Not = (reason: unknown) => void
export const on = {} as Stage

const note = (name: string, ...rest: unknown[]): Effect[] => {
  on.calls.push([name, ...rest].join(' '))
  const effects = on.answers[name] ?? []
  if (name !== 'ask') delete on.answers[name]
  return effects
}
export const module: NighModule = {
  wire: 1,
  open: (config) => {
    on.calls.push(`open ${config.client} ${config.user}${config.inflates ? ' inflates' : ''}${config.budget > 0 ? ` of ${config.budget} bytes` : ''}`)
    return {
      restore: (keys) => note('restore', ...keys),
      merge: (clients, keys) => note('merge', ...clients, 'with', ...keys),
      storeLost: () => note('storeLost'),
      export: () => note('export'),
      start: () => note('start'),
      online: () => note('online'),
      opened: () => note('opened'),
      frame: (bytes, size) => note('frame', ...bytes, `of ${size}`),
      closed: (code) => note('closed', code),
      tick: () => note('tick'),
      record: (kind, item, _value, _tab, _number, more) => note('record', kind, item, ...(more ? ['and'] : [])),
      prefer: (kind, key, weight) => note('prefer', kind, key, weight),
      ask: (question: Question) => note('ask', question.name),
      drop: (name) => note('drop', name),
      token: (token) => note('token', token),
    }
  },
}
export const list = (source: List['source'], op: number, question = 't/q1'): Effect => ({
  type: 'list',
  json: JSON.stringify({ question, source, items: [], agrees: null, next: '', version: { epoch: 1, seq: 1, learned: 0, op, policy: 1, hour: 0 } } satisfies List),
})
export const status = (pending: number): Effect => ({
  type: 'status',
  json: JSON.stringify({ state: 'live', items: 1, allItems: 1, shelves: 1, allShelves: 1, bytes: 400, epoch: 1, seq: 1, pending, sent: 0, bytesIn: 0, bytesOut: 0, agreed: 0, differed: 0, error: '' } satisfies Status),
})
export const lists = () => on.posted.filter((message) => message.type === 'list')

export const world: World = {
  unixMillis: () => 1000,
  now: () => on.clock,
  wake(at, run) {
    const wake = { at, run, cancelled: false }
    on.wakes.push(wake)
    return () => (wake.cancelled = true)
  },
  socket(url, protocols) {
    const socket = new FakeSocket(url, protocols)
    on.sockets.push(socket)
    return socket as unknown as WebSocket
  },
  inflate: null,
  seed: () => 7,
  online: () => on.online,
  id: () => 'random',
  // Answers at once: nothing waits for a turn of the event loop.
  storage: () => ({ then: (found: Opened, not: Not) => on.opening(found, not) }) as unknown as ReturnType<World['storage']>,
  clearAll: () => Promise.resolve(),
  post: (to, message) => {
    expect(['t', '']).toContain(to)
    on.posted.push(message)
    on.heard(message)
  },
  superseded: () => on.calls.push('superseded'),
  moved: (spaces) => on.calls.push(`moved ${spaces.length}`),
  crashed: (how) => on.calls.push(`crashed ${how}`),
}

beforeEach(() => {
  Object.assign(on, {
    calls: [], answers: {}, clock: 0, online: true, sockets: [], wakes: [], posted: [], heard: () => {}, privacy: 'server', budget: 0,
    opening: (_, not) => not(new StorageError('alone', null)),
    host: new Host(world),
  } satisfies Stage)
})

export const open = (token = '') => on.host.receive('t', { type: 'open', url: 'wss://x/v1/sync', origin: 'https://page.example', client: 'c', user: 'u', token, renews: false, budget: on.budget, privacy: on.privacy, storage: true })
export function start(token = ''): FakeSocket {
  on.answers['start'] = [{ type: 'connect' }]
  open(token)
  on.host.ready(module)
  return on.sockets[0]!
}

// The module answers the end of a socket with a wake, and the wake with the next try.
export function fail(times: number): void {
  for (let i = 0; i < times; i++) {
    on.answers['closed'] = [{ type: 'wake', at: 1 }]
    on.sockets.at(-1)!.onclose!({ code: 1006 })
    on.answers['tick'] = [{ type: 'connect' }]
    on.wakes.at(-1)!.run()
  }
}
export const errors = () => on.posted.filter((message) => message.type === 'error')

// A storage whose puts the test ends.
export class FakeStorage {
  puts: { keys: string[]; done: () => void; failed: (reason: unknown) => void }[] = []
  closed = false
  moved: string[] = []
  elsewhere: number[] = []
  superseded = false
  onlost = () => {}
  async move(spaces: string[]) {
    if (this.superseded) throw new Superseded()
    this.moved.push(...spaces)
    return { keys: ['guest/1/op/1'], values: [new Uint8Array()], elsewhere: this.elsewhere }
  }
  put(effect: { keys: string[] }): Promise<void> {
    return new Promise((done, failed) => this.puts.push({ keys: effect.keys, done, failed }))
  }
  clear(): Promise<void> {
    on.calls.push('clear')
    return Promise.resolve()
  }
  async close() {
    this.closed = true
  }
}
export const keep = (storage: FakeStorage, keys: string[] = [], spent = false) => {
  on.opening = (found) => found({ storage: storage as unknown as Storage, stored: { keys, values: keys.map(() => new Uint8Array()), spent } })
}
export const store = (...keys: string[]): Effect => ({ type: 'store', clear: [], deletes: [], keys, values: keys.map(() => new Uint8Array()), durable: true })
export const send = (byte: number): Effect => ({ type: 'send', bytes: new Uint8Array([byte]) })
export const recorded = (number: number): Effect => ({ type: 'recorded', tab: 't', number, fault: '' })
export const turn = () => new Promise((resolve) => setImmediate(resolve))

