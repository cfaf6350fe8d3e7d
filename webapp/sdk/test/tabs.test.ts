// Tabs of one browser, with its locks and channels made here, and a module that tells what was asked of it.

import { beforeEach, expect, test } from 'vitest'
import type { Effect, NighModule } from '../src/module.ts'
import type { FromWorker, ToWorker } from '../src/protocol.ts'
import { Superseded, type Storage } from '../src/storage.ts'
import { Tab, type TabWorld } from '../src/tabs.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

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

// What is stored, and who may write it.
let ops: string[]
let taken: Set<string>
let owner: string
let locks: Locks
let channels: Channels
let ids: number

class Page {
  said: FromWorker[] = []
  wakes: { at: number; run: () => void; cancelled: boolean }[] = []
  sockets: { sent: string[] }[] = []
  calls: string[] = []
  mute = false // its process ends before the word that an op is recorded gets out
  tab: Tab
  constructor(options: { locks?: boolean } = {}) {
    const world: TabWorld = {
      unixMillis: () => 1000,
      now: () => 0,
      wake: (at, run) => {
        const wake = { at, run, cancelled: false }
        this.wakes.push(wake)
        return () => (wake.cancelled = true)
      },
      socket: () => ({ readyState: 1, close: () => {}, send: () => {} }) as unknown as WebSocket,
      inflate: null,
      seed: () => 1,
      id: () => `id${++ids}`,
      online: () => true,
      locks: options.locks === false ? null : locks.of(this),
      channel: (name) => channels.open(name, this),
      storage: async (_space, me) => {
        owner = me
        const storage = {
          put: async (effect: { keys: string[] }) => {
            if (owner !== me) throw new Superseded()
            for (const key of effect.keys) {
              ops.push(key)
              taken.add(key)
            }
            if (this.mute) this.die()
          },
          clear: async () => {
            ops = []
          },
          close: async () => {},
          onlost: () => {},
        }
        return { storage: storage as unknown as Storage, stored: { keys: [...ops], values: ops.map(() => new Uint8Array()) } }
      },
      clearAll: async () => {
        ops = []
      },
      post: (message) => this.said.push(structuredClone(message)),
    }
    this.tab = new Tab(world)
    this.tab.ready(this.module())
  }
  open(user = 'ada'): this {
    void this.tab.receive({ type: 'open', url: 'wss://x', origin: '', client: '', user, token: '', renews: false, merge: [], budget: 0, privacy: 'server', storage: true })
    return this
  }
  say(message: ToWorker): void {
    void this.tab.receive(message)
  }
  record(number: number): void {
    this.say({ type: 'record', number, kind: 'like', item: `item${number}`, value: 0, at: 0 })
  }
  die(): void {
    channels.dead.add(this)
    locks.die(this)
  }
  get recorded(): number[] {
    return [...new Set(this.said.flatMap((m) => (m.type === 'recorded' ? [m.number] : [])))] // a page hears the first of two
  }
  get lists(): string[] {
    return this.said.flatMap((m) => (m.type === 'list' ? [m.list.question] : []))
  }
  module(): NighModule {
    const note = (call: string, effects: Effect[] = []) => {
      if (!channels.dead.has(this)) this.calls.push(call)
      return effects
    }
    return {
      wire: 1,
      open: () => {
        const op = (tab: string, number: number): Effect[] => {
          const key = `${tab} ${number}`
          const store: Effect[] = taken.has(key) ? [] : [{ type: 'store', clear: [], deletes: [], keys: [key], values: [new Uint8Array()], durable: true }]
          return note(`op ${key}`, [...store, { type: 'recorded', tab, number, fault: '' }])
        }
        return {
          restore: (keys) => note(`restore ${keys.length}`),
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
  ops = []
  taken = new Set()
  owner = ''
  locks = new Locks()
  channels = new Channels()
  ids = 0
})

const leads = (page: Page) => page.calls.includes('start')

test('one tab leads, and answers the pages of all', async () => {
  const [a, b] = [new Page().open(), new Page().open()]
  await turn()
  expect([leads(a), leads(b)]).toEqual([true, false])
  a.say({ type: 'ask', question: { name: 'q1' }, at: 0 })
  b.say({ type: 'ask', question: { name: 'q1' }, at: 0 })
  a.record(1)
  b.record(1)
  await turn()
  expect([a.lists, b.lists, a.recorded, b.recorded]).toEqual([['q1'], ['q1'], [1], [1]])
  expect(ops).toEqual([`${a.tab.id} 1`, `${b.tab.id} 1`])
  expect(b.said.filter((m) => m.type !== 'list' && m.type !== 'recorded')).toMatchObject([{ type: 'storage', kept: true }, { type: 'status' }])
})

test('what is said before anyone leads is not lost', async () => {
  const page = new Page()
  page.say({ type: 'ask', question: { name: 'q1' }, at: 0 })
  page.record(1)
  page.open()
  page.record(2)
  await turn()
  expect([page.lists, page.recorded, ops.length]).toEqual([['q1'], [1, 2], 2])
})

test('another tab leads the moment that the leader dies, and is told again what is asked and was not answered', async () => {
  const [a, b, c] = [new Page().open(), new Page().open(), new Page().open()]
  await turn()
  b.say({ type: 'ask', question: { name: 'q1' }, at: 0 })
  c.say({ type: 'ask', question: { name: 'q2' }, at: 0 })
  b.record(1)
  await turn()
  a.die()
  c.record(1) // to nobody
  await turn()
  expect([leads(b), leads(c)]).toEqual([true, false])
  expect(b.calls).toContain('restore 1')
  expect([b.lists, c.lists, c.recorded]).toEqual([['q1', 'q1'], ['q2', 'q2'], [1]])
  expect(ops).toHaveLength(2)
})

test('an op that was stored by a leader that died before it said so counts once', async () => {
  const [a, b] = [new Page().open(), new Page().open()]
  await turn()
  a.mute = true
  b.record(1)
  await turn()
  expect([leads(b), b.recorded, ops]).toEqual([true, [1], [`${b.tab.id} 1`]])
})

test('a tab that goes is asked for no more', async () => {
  const [a, b] = [new Page().open(), new Page().open()]
  await turn()
  b.say({ type: 'ask', question: { name: 'q1' }, at: 0 })
  b.say({ type: 'pause', paused: true })
  await turn()
  expect(a.calls.at(-1)).toBe('closed') // paused
  b.die()
  await turn()
  expect(a.calls).toContain(`drop ${b.tab.id}/q1`)
  expect(a.calls.at(-1)).toBe('online')
})

test('a tab that closes hands over', async () => {
  const [a, b] = [new Page().open(), new Page().open()]
  await turn()
  await a.tab.receive({ type: 'close' })
  await turn()
  expect(leads(b)).toBe(true)
  b.record(1)
  await turn()
  expect(b.recorded).toEqual([1])
})

test('a leader that is frozen loses its lead, and when it wakes follows, having written nothing', async () => {
  const [a, b] = [new Page().open(), new Page().open()]
  await turn()
  channels.frozen.set(a, [])
  b.record(1)
  await turn()
  expect(b.recorded).toEqual([])
  b.wakes.find((wake) => !wake.cancelled)!.run()
  await turn()
  expect([leads(b), b.recorded]).toEqual([true, [1]])
  a.record(7) // of its own page, before it heard of anything
  const late = channels.frozen.get(a)!
  channels.frozen.delete(a)
  for (const deliver of late) deliver()
  await turn()
  a.record(8)
  await turn()
  expect(a.recorded).toEqual([7, 8])
  expect(ops).toEqual([`${b.tab.id} 1`, `${a.tab.id} 7`, `${a.tab.id} 8`])
  expect(a.calls.filter((call) => call === 'start')).toHaveLength(1)
})

test('silence of a leader that answers is none', async () => {
  const [, b] = [new Page().open(), new Page().open()]
  await turn()
  b.say({ type: 'drop', name: 'q1' })
  await turn()
  expect(b.wakes.every((wake) => wake.cancelled)).toBe(true)
})

test('tabs of two readers have nothing to do with each other', async () => {
  const [a, b] = [new Page().open('ada'), new Page().open('bob')]
  await turn()
  expect([leads(a), leads(b)]).toEqual([true, true])
  const heard = b.said.length
  a.say({ type: 'ask', question: { name: 'q1' }, at: 0 })
  a.record(1)
  await turn()
  expect(b.said).toHaveLength(heard)
})

test('to erase all reaches every leader', async () => {
  const [a, b] = [new Page().open('ada'), new Page().open('bob')]
  await turn()
  a.say({ type: 'erase', number: 1, everyone: true })
  await turn()
  expect(a.said.at(-1)).toMatchObject({ type: 'erased', fault: '' })
  expect([a, b].map((page) => page.calls.filter((call) => call === 'start').length)).toEqual([2, 2])
})

test('without locks every tab leads, and says that it keeps nothing', async () => {
  const [a, b] = [new Page({ locks: false }).open(), new Page({ locks: false }).open()]
  await turn()
  expect([leads(a), leads(b)]).toEqual([true, true])
  expect(a.said[0]).toEqual({ type: 'storage', kept: false, reason: 'alone' })
  a.record(1)
  await turn()
  expect(a.said.at(-1)).toMatchObject({ type: 'recorded', kept: false })
})
