// What the tabs' tests share: tabs of one browser, with its locks and channels made here, and a module that tells what was
// asked of it.

import { beforeEach } from 'vitest'
import type { Effect, NighModule } from '../src/module.ts'
import type { FromWorker, ToWorker } from '../src/protocol.ts'
import { Superseded, type Storage } from '../src/storage.ts'
import { Tab, type TabWorld } from '../src/tabs.ts'

export const turn = () => new Promise((resolve) => setImmediate(resolve))

// A browser's Web Locks, exclusive ones.
class Locks {
  held = new Map<string, { who: object; steal: () => void }>()
  queue: { name: string; take: () => void; who: object; gone: boolean }[] = []
  of(who: object): LockManager {
    return {
      request: (name: string, ...rest: unknown[]) => {
        const [options, f] = (rest.length > 1 ? rest : [{}, rest[0]]) as [LockOptions, () => Promise<void> | void]
        return new Promise<void>((done, failed) => {
          const free = () => {
            if (this.held.get(name)?.who === mine) this.held.delete(name)
            this.next(name)
          }
          const mine = {}
          const take = () => {
            this.held.set(name, { who: mine, steal: () => failed(new DOMException('stolen', 'AbortError')) })
            this.owner.set(mine, { who, free })
            void Promise.resolve(f()).then(() => {
              free()
              done()
            })
          }
          if (options.steal) {
            this.held.get(name)?.steal()
            take()
            return
          }
          const waiting = { name, take, who, gone: false }
          options.signal?.addEventListener('abort', () => {
            waiting.gone = true
            failed(new DOMException('aborted', 'AbortError'))
          })
          this.queue.push(waiting)
          queueMicrotask(() => this.next(name))
        })
      },
    } as unknown as LockManager
  }
  owner = new Map<object, { who: object; free: () => void }>()
  next(name: string): void {
    if (this.held.has(name)) return
    const i = this.queue.findIndex((one) => one.name === name && !one.gone)
    if (i >= 0) this.queue.splice(i, 1)[0]!.take()
  }
  /** The process of a tab ends. */
  die(who: object): void {
    for (const one of this.queue) if (one.who === who) one.gone = true
    for (const { who: its, free } of [...this.owner.values()]) if (its === who) free()
  }
}

class Channels {
  all: { name: string; who: object; channel: { onmessage: ((event: MessageEvent) => void) | null } }[] = []
  dead = new Set<object>()
  frozen = new Map<object, (() => void)[]>()
  open(name: string, who: object): BroadcastChannel {
    const channel = {
      onmessage: null as ((event: MessageEvent) => void) | null,
      postMessage: (data: unknown) => {
        if (this.dead.has(who)) return
        const copy = structuredClone(data)
        for (const other of this.all) {
          if (other.name !== name || other.channel === channel || this.dead.has(other.who)) continue
          const deliver = () => !this.dead.has(other.who) && other.channel.onmessage?.({ data: copy } as MessageEvent)
          const frozen = this.frozen.get(other.who)
          if (frozen) frozen.push(deliver)
          else queueMicrotask(deliver)
        }
      },
      close: () => (this.all = this.all.filter((other) => other.channel !== channel)),
    }
    this.all.push({ name, who, channel })
    return channel as unknown as BroadcastChannel
  }
}

// The browser of a test; made anew before each.
export interface Browser {
  ops: string[] // what is stored,
  taken: Set<string> // and was ever,
  owner: string // and who may write it
  closing: Promise<void> // of a storage: when its last transaction is done
  locks: Locks
  channels: Channels
  ids: number
  clock: number // Unix milliseconds
}
export const browser = {} as Browser

export class Page {
  said: FromWorker[] = []
  wakes: { at: number; run: () => void; cancelled: boolean }[] = []
  sockets: { sent: string[] }[] = []
  calls: string[] = []
  restarts = 0
  trap: number | null = null // the number of the record that its module ends with
  spaces: string[] = []
  mute = false // its process ends before the word that an op is recorded gets out
  tab: Tab
  constructor(options: { locks?: boolean } = {}) {
    const world: TabWorld = {
      unixMillis: () => browser.clock,
      now: () => 0,
      wake: (at, run) => {
        const wake = { at, run, cancelled: false }
        this.wakes.push(wake)
        return () => (wake.cancelled = true)
      },
      socket: () => ({ readyState: 1, close: () => {}, send: () => {} }) as unknown as WebSocket,
      inflate: null,
      seed: () => 1,
      id: () => `id${++browser.ids}`,
      online: () => true,
      locks: options.locks === false ? null : browser.locks.of(this),
      channel: (name) => browser.channels.open(name, this),
      storage: async (space, me) => {
        this.spaces.push(space)
        browser.owner = me
        const storage = {
          put: async (effect: { keys: string[] }) => {
            if (browser.owner !== me) throw new Superseded()
            for (const key of effect.keys) {
              browser.ops.push(key)
              browser.taken.add(key)
            }
            if (this.mute) this.die()
          },
          clear: async () => {
            browser.ops = []
          },
          move: async (spaces: string[]) => ({ keys: spaces.map((_, i) => `guest/${i}/reader`), values: spaces.map(() => new Uint8Array()), elsewhere: [] }),
          close: () => browser.closing,
          onlost: () => {},
        }
        return { storage: storage as unknown as Storage, stored: { keys: [...browser.ops], values: browser.ops.map(() => new Uint8Array()), spent: false } }
      },
      clearAll: async () => {
        browser.ops = []
      },
      restart: () => this.restarts++,
      post: (message) => this.said.push(structuredClone(message)),
    }
    this.tab = new Tab(world)
    this.tab.ready(this.module())
  }
  open(user = 'ada'): this {
    void this.tab.receive({ type: 'open', url: 'wss://x', origin: '', client: '', user, token: '', renews: false, budget: 0, privacy: 'server', storage: true })
    return this
  }
  say(message: ToWorker): void {
    void this.tab.receive(message)
  }
  record(number: number): void {
    this.say({ type: 'record', number, kind: 'like', item: `item${number}`, value: 0, at: 0 })
  }
  die(): void {
    browser.channels.dead.add(this)
    browser.locks.die(this)
  }
  get recorded(): number[] {
    return [...new Set(this.said.flatMap((m) => (m.type === 'recorded' ? [m.number] : [])))] // a page hears the first of two
  }
  get lists(): string[] {
    return this.said.flatMap((m) => (m.type === 'list' ? [m.list.question] : []))
  }
  module(): NighModule {
    const note = (call: string, effects: Effect[] = []) => {
      if (!browser.channels.dead.has(this)) this.calls.push(call)
      return effects
    }
    return {
      wire: 1,
      open: () => {
        const op = (tab: string, number: number): Effect[] => {
          if (number === this.trap) throw new Error('unreachable')
          const key = `${tab} ${number}`
          const store: Effect[] = browser.taken.has(key) ? [] : [{ type: 'store', clear: [], deletes: [], keys: [key], values: [new Uint8Array()], durable: true }]
          return note(`op ${key}`, [...store, { type: 'recorded', tab, number, fault: '' }])
        }
        return {
          restore: (keys) => note(`restore ${keys.length}`),
          merge: (clients, keys) => note(`merge ${clients.join()} with ${keys.join()}`),
          storeLost: () => note('storeLost'),
          export: () => note('export', [{ type: 'profile', json: '{"history":[],"preferences":[]}' }, { type: 'exported', json: '{"client":"c","ops":[]}' }]),
          start: () => note('start', [{ type: 'connect' }, { type: 'status', json: '{"state":"live"}' }]),
          online: () => note('online'),
          opened: () => note('opened'),
          frame: () => note('frame'),
          closed: () => note('closed'),
          tick: () => note('tick'),
          record: (_kind, _item, _value, tab, number) => op(tab, number),
          prefer: (_kind, _key, _weight, tab, number) => op(tab, number),
          ask: (question) => note(`ask ${question.name}`, [{ type: 'list', json: JSON.stringify({ question: question.name, source: 'local', items: [], version: { op: 0 } }) }]),
          drop: (name) => note(`drop ${name}`),
          token: () => note('token'),
        }
      },
    }
  }
}

beforeEach(() => {
  const fresh: Browser = { ops: [], taken: new Set(), owner: '', closing: Promise.resolve(), locks: new Locks(), channels: new Channels(), ids: 0, clock: 100_000 }
  Object.assign(browser, fresh)
})

export const leads = (page: Page) => page.calls.includes('start')
