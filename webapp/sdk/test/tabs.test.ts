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
let closing: Promise<void> // of a storage: when its last transaction is done
let locks: Locks
let channels: Channels
let ids: number
let clock: number // Unix milliseconds

class Page {
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
      unixMillis: () => clock,
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
      storage: async (space, me) => {
        this.spaces.push(space)
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
          move: async (spaces: string[]) => ({ keys: spaces.map((_, i) => `guest/${i}/reader`), values: spaces.map(() => new Uint8Array()), elsewhere: [] }),
          close: () => closing,
          onlost: () => {},
        }
        return { storage: storage as unknown as Storage, stored: { keys: [...ops], values: ops.map(() => new Uint8Array()), spent: false } }
      },
      clearAll: async () => {
        ops = []
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
          if (number === this.trap) throw new Error('unreachable')
          const key = `${tab} ${number}`
          const store: Effect[] = taken.has(key) ? [] : [{ type: 'store', clear: [], deletes: [], keys: [key], values: [new Uint8Array()], durable: true }]
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
  ops = []
  taken = new Set()
  owner = ''
  closing = Promise.resolve()
  locks = new Locks()
  channels = new Channels()
  ids = 0
  clock = 100_000
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

// The wakes of these pages are never run: no clock has to move on for it.
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
  for (const page of [b, c]) expect(page.wakes.every((wake) => wake.cancelled), 'waits for a clock').toBe(true)
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

const failures = (page: Page) => page.said.flatMap((m) => (m.type === 'error' ? [m.message] : []))

test('a leader whose module ends hands over at once, and its page stays: what was being said has failed, all else is done', async () => {
  const [a, b] = [new Page().open(), new Page().open()]
  await turn()
  a.say({ type: 'ask', question: { name: 'q1' }, at: 0 })
  await turn()
  a.trap = 7
  b.record(6)
  a.record(7)
  a.record(8)
  b.record(9)
  await turn()
  expect([leads(b), a.recorded, b.recorded]).toEqual([true, [8], [6, 9]])
  expect(a.said).toContainEqual({ type: 'failed', number: 7, fault: 'nigh.wasm failed: Error: unreachable; this was not kept' })
  expect(a.lists).toEqual(['q1', 'q1']) // of the new leader
  for (const page of [a, b]) expect(failures(page)).toEqual(['nigh.wasm failed: Error: unreachable; it begins again from what is kept'])
  expect(a.restarts).toBe(1)
  // Its module is there again: it leads when its turn comes, from what is kept.
  a.tab.ready(a.module())
  b.die()
  await turn()
  a.record(10)
  await turn()
  expect(a.recorded).toEqual([8, 10])
  expect(a.calls.filter((call) => call === 'start')).toHaveLength(2)
})

test('a tab alone whose module ends begins again from what is kept, and is told what nobody answered', async () => {
  for (const withLocks of [true, false]) {
    const page = new Page({ locks: withLocks }).open()
    await turn()
    page.trap = 1
    page.record(1)
    page.record(2)
    await turn()
    expect(page.recorded).toEqual([])
    page.tab.ready(page.module())
    await turn()
    expect(page.recorded).toEqual([2])
    page.die()
  }
})

test('a module that ends again and again is given up, and nothing waits for it; after a calm minute it counts anew', async () => {
  const page = new Page().open()
  const module = page.module()
  await turn()
  let last = module
  const crash = async () => {
    page.tab.stopped(last, 'it ended')
    page.tab.stopped(last, 'it ended') // heard twice
    last = page.module()
    page.tab.ready(last)
    await turn()
  }
  page.tab.ready(module)
  await crash()
  await crash()
  clock += 60_001
  await crash()
  await crash()
  expect([page.restarts, failures(page).length]).toEqual([4, 4])
  page.tab.stopped(last, 'it ended')
  await turn()
  expect(failures(page).at(-1)).toContain('reload the page')
  expect(page.said.at(-1)).toMatchObject({ type: 'closed' })
  const other = new Page().open() // another tab has the lock for the asking
  await turn()
  expect(leads(other)).toBe(true)
})

test('a module that does not start again counts as one that ends again', async () => {
  const page = new Page().open()
  await turn()
  const module = page.module()
  page.tab.ready(module)
  page.tab.stopped(module, 'it ended')
  page.tab.stopped(null, 'out of memory')
  page.tab.stopped(null, 'out of memory')
  await turn()
  expect([page.restarts, page.said.at(-1)]).toMatchObject([2, { type: 'closed' }])
})

test('a tab that closes waits for what is under way to the disk, and then answers no more', async () => {
  const page = new Page().open()
  await turn()
  let stored = () => {}
  closing = new Promise((resolve) => (stored = resolve))
  page.record(1)
  const closed = page.tab.receive({ type: 'close' })
  await turn()
  expect(page.said.some((m) => m.type === 'closed')).toBe(false)
  stored()
  await closed
  expect(page.said.slice(-2)).toMatchObject([{ type: 'recorded', number: 1, kept: true }, { type: 'closed' }])
})

test('a sign-in takes over what was done in another tab, which goes on as somebody else', async () => {
  const guest = new Page().open('')
  await turn()
  const account = new Page().open('ada')
  const second = new Page().open('ada') // it follows
  await turn()
  second.say({ type: 'merge', number: 1, clients: [''] })
  await turn()
  expect(account.calls.at(-1)).toBe('merge  with guest/0/reader')
  expect(second.said.at(-1)).toEqual({ type: 'moved', number: 1 })
  expect(guest.calls.filter((call) => call === 'start')).toHaveLength(2) // anew
  expect(guest.spaces).toHaveLength(2)
  // Once it is answered, no later leader does it again: what is done without a name from now on is not this reader's.
  account.die()
  await turn()
  expect([leads(second), second.calls.filter((call) => call.startsWith('merge'))]).toEqual([true, []])
})
