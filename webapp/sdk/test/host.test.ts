import { beforeEach, expect, test } from 'vitest'
import { Host, type World } from '../src/host.ts'
import { StorageError, Superseded, type Storage } from '../src/storage.ts'
import type { Effect, List, NighModule, Question, Status } from '../src/module.ts'
import type { FromWorker } from '../src/protocol.ts'

class FakeSocket {
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

// A module that says what was called and answers with what the test wants.
let calls: string[]
let answers: Partial<Record<string, Effect[]>>
let clock: number // of the world's fine clock, ms
let online: boolean
let sockets: FakeSocket[]
let wakes: { at: number; run: () => void; cancelled: boolean }[]
let posted: FromWorker[]
let heard: (message: FromWorker) => void // what the page does at once
let host: Host
type Opened = (what: { storage: Storage; stored: { keys: string[]; values: Uint8Array[] } }) => void
type Not = (reason: unknown) => void
let opening: (found: Opened, not: Not) => void // what comes of opening the storage
let privacy: 'server' | 'device'
let budget: number

const note = (name: string, ...rest: unknown[]): Effect[] => {
  calls.push([name, ...rest].join(' '))
  const effects = answers[name] ?? []
  if (name !== 'ask') delete answers[name]
  return effects
}
const module: NighModule = {
  wire: 1,
  open: (config) => {
    calls.push(`open ${config.client} ${config.user}${config.inflates ? ' inflates' : ''}${config.budget > 0 ? ` of ${config.budget} bytes` : ''}`)
    return {
      restore: (keys) => note('restore', ...keys),
      storeLost: () => note('storeLost'),
      export: () => note('export'),
      start: () => note('start'),
      online: () => note('online'),
      opened: () => note('opened'),
      frame: (bytes, size) => note('frame', ...bytes, `of ${size}`),
      closed: (code) => note('closed', code),
      tick: () => note('tick'),
      record: (kind, item) => note('record', kind, item),
      prefer: (kind, key, weight) => note('prefer', kind, key, weight),
      ask: (question: Question) => note('ask', question.name),
      drop: (name) => note('drop', name),
      token: (token) => note('token', token),
    }
  },
}
const list = (source: List['source'], op: number, question = 't/q1'): Effect => ({
  type: 'list',
  json: JSON.stringify({ question, source, items: [], agrees: null, next: '', version: { epoch: 1, seq: 1, learned: 0, op, policy: 1, hour: 0 } } satisfies List),
})
const status = (pending: number): Effect => ({
  type: 'status',
  json: JSON.stringify({ state: 'live', items: 1, allItems: 1, shelves: 1, allShelves: 1, bytes: 400, epoch: 1, seq: 1, pending, sent: 0, bytesIn: 0, bytesOut: 0, agreed: 0, differed: 0, error: '' } satisfies Status),
})
const lists = () => posted.filter((message) => message.type === 'list')

const world: World = {
  unixMillis: () => 1000,
  now: () => clock,
  wake(at, run) {
    const wake = { at, run, cancelled: false }
    wakes.push(wake)
    return () => (wake.cancelled = true)
  },
  socket(url, protocols) {
    const socket = new FakeSocket(url, protocols)
    sockets.push(socket)
    return socket as unknown as WebSocket
  },
  inflate: null,
  seed: () => 7,
  online: () => online,
  id: () => 'random',
  // Answers at once: nothing waits for a turn of the event loop.
  storage: () => ({ then: (found: Opened, not: Not) => opening(found, not) }) as unknown as ReturnType<World['storage']>,
  clearAll: () => Promise.resolve(),
  post: (to, message) => {
    expect(['t', '']).toContain(to)
    posted.push(message)
    heard(message)
  },
  superseded: () => calls.push('superseded'),
}

beforeEach(() => {
  calls = []
  answers = {}
  clock = 0
  online = true
  sockets = []
  wakes = []
  posted = []
  heard = () => {}
  opening = (_, not) => not(new StorageError('alone', null))
  privacy = 'server'
  budget = 0
  host = new Host(world)
})

const open = (token = '') => host.receive('t', { type: 'open', url: 'wss://x/v1/sync', origin: 'https://page.example', client: 'c', user: 'u', token, renews: false, merge: [], budget, privacy, storage: true })
function start(token = ''): FakeSocket {
  answers['start'] = [{ type: 'connect' }]
  open(token)
  host.ready(module)
  return sockets[0]!
}

test('what comes before the module is there waits, in order', () => {
  host.receive('t', { type: 'ask', question: { name: 'q1' }, at: 0 })
  open()
  host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  expect(calls).toEqual([])
  host.ready(module)
  expect(calls).toEqual(['open c u', 'start', 'ask t/q1', 'record like a'])
})

test('the socket is binary, names the protocol and shows no token to who reads headers', () => {
  const socket = start('secret')
  expect(socket.url).toBe('wss://x/v1/sync')
  expect(socket.protocols).toEqual(['nigh.v1'])
  expect(socket.binaryType).toBe('arraybuffer')
})

test('frames go to the module and its bytes to the socket', () => {
  const socket = start()
  answers['opened'] = [{ type: 'send', bytes: new Uint8Array([7]) }]
  socket.open()
  expect(socket.sent).toEqual([new Uint8Array([7])])
  socket.onmessage!({ data: new Uint8Array([1, 2]).buffer })
  expect(calls.at(-1)).toBe('frame 1 2 of 2')
})

test('deflated frames go to the module inflated; a torn one ends the connection', async () => {
  const bodies: ((plain: Uint8Array) => void)[] = []
  let tear: (reason: Error) => void
  host = new Host({ ...world, inflate: () => new Promise((resolve, reject) => (bodies.push(resolve), (tear = reject))) })
  const socket = start()
  expect(calls).toContain('open c u inflates')
  socket.open()
  socket.onmessage!({ data: new Uint8Array([0xc1, 0, 0, 0, 2, 9]).buffer })
  socket.onmessage!({ data: new Uint8Array([3]).buffer })
  expect(calls.at(-1)).toBe('opened')
  bodies[0]!(new Uint8Array([1, 2]))
  await new Promise((resolve) => setImmediate(resolve))
  expect(calls.slice(-2)).toEqual(['frame 1 2 of 6', 'frame 3 of 1'])
  socket.onmessage!({ data: new Uint8Array([0xc1, 0, 0, 0, 2, 9]).buffer })
  socket.onclose!({ code: 4001 })
  tear!(new Error('torn'))
  await new Promise((resolve) => setImmediate(resolve))
  expect(calls.at(-1)).toBe('closed 4002')
  expect(socket.closed).toEqual([4002, 'a frame could not be inflated'])
})

test('the end of a connection waits for the frames before it', async () => {
  let inflated: (plain: Uint8Array) => void
  host = new Host({ ...world, inflate: () => new Promise((resolve) => (inflated = resolve)) })
  const socket = start()
  socket.open()
  socket.onmessage!({ data: new Uint8Array([0xc1, 0, 0, 0, 2, 9]).buffer })
  socket.onclose!({ code: 4001 })
  expect(calls.at(-1)).toBe('opened')
  inflated!(new Uint8Array([7]))
  await new Promise((resolve) => setImmediate(resolve))
  expect(calls.slice(-2)).toEqual(['frame 7 of 6', 'closed 4001'])
})

test('a fresh token is asked of the page, and what it gives goes to the module', () => {
  const socket = start()
  answers['frame'] = [{ type: 'token' }, { type: 'merged', client: 'before' }]
  socket.open()
  socket.onmessage!({ data: new ArrayBuffer(0) })
  expect(posted.slice(1)).toEqual([{ type: 'token' }, { type: 'merged', client: 'before' }])
  answers['token'] = [{ type: 'send', bytes: new Uint8Array([5]) }]
  host.receive('t', { type: 'token', token: 'fresh' })
  expect(calls.at(-1)).toBe('token fresh')
  expect(socket.sent).toEqual([new Uint8Array([5])])
})

test('a later wake replaces an earlier one', () => {
  start()
  answers['record'] = [{ type: 'wake', at: 5 }]
  host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  answers['record'] = [{ type: 'wake', at: 9 }]
  host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'b', value: 0, at: 0 })
  expect(wakes.map((wake) => [wake.at, wake.cancelled])).toEqual([[5, true], [9, false]])
  wakes[1]!.run()
  expect(calls.at(-1)).toBe('tick')
})

test('a close of the module ends the socket at once, and its own report is not heard twice', () => {
  const socket = start()
  socket.open()
  answers['frame'] = [{ type: 'close', code: 4001, reason: 'again' }]
  socket.onmessage!({ data: new ArrayBuffer(0) })
  expect(socket.closed).toEqual([4001, 'again'])
  expect(socket.onclose).toBeNull()
  expect(calls.at(-1)).toBe('closed 4001')
})

test('going offline closes, asking for a socket then waits until the network is back', () => {
  const socket = start()
  socket.open()
  answers['closed'] = [{ type: 'wake', at: 1 }]
  online = false
  host.networkChanged()
  expect(calls.at(-1)).toBe('closed 1006')
  answers['tick'] = [{ type: 'connect' }]
  wakes.at(-1)!.run()
  expect(sockets).toHaveLength(1)
  online = true
  host.networkChanged()
  expect(sockets).toHaveLength(2)
})

test('the network coming back cuts the wait for the next try short', () => {
  start().open()
  online = false
  host.networkChanged()
  online = true
  answers['online'] = [{ type: 'connect' }]
  host.networkChanged()
  expect(sockets).toHaveLength(2)
})

test('the page may see the network go before the worker does', () => {
  const socket = start()
  socket.open()
  host.receive('t', { type: 'network', online: false })
  expect(calls.at(-1)).toBe('closed 1006')
})

test('paused is as good as offline, and says so', () => {
  start().open()
  answers['record'] = [status(1)]
  host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  host.receive('t', { type: 'pause', paused: true })
  expect(posted.at(-1)).toMatchObject({ type: 'status', online: false, status: { pending: 1 } })
  host.receive('t', { type: 'pause', paused: false })
  expect(posted.at(-1)).toMatchObject({ type: 'status', online: true })
})

test("the server's time runs from the click that its answer is the first to know of", () => {
  start().open()
  answers['ask'] = [list('local', 0)]
  host.receive('t', { type: 'ask', question: { name: 'q1' }, at: 10 })
  clock = 40
  answers['frame'] = [list('server', 0)]
  sockets[0]!.onmessage!({ data: new ArrayBuffer(0) })
  expect(lists().at(-1)).toMatchObject({ tookMs: 30 }) // 40 - 10, from the question

  answers['record'] = [list('local', 1)]
  host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 100 })
  expect(lists().at(-1)).toMatchObject({ at: 100, list: { source: 'local' } })
  answers['record'] = [list('local', 2)]
  host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'b', value: 0, at: 200 })
  clock = 250
  answers['frame'] = [list('server', 1)]
  sockets[0]!.onmessage!({ data: new ArrayBuffer(0) })
  expect(lists().at(-1)).toMatchObject({ tookMs: 150 }) // 250 - 100: it knows of the first click only
  clock = 260
  answers['frame'] = [list('server', 2)]
  sockets[0]!.onmessage!({ data: new ArrayBuffer(0) })
  expect(lists().at(-1)).toMatchObject({ tookMs: 60 }) // 260 - 200
  answers['frame'] = [list('server', 2)]
  sockets[0]!.onmessage!({ data: new ArrayBuffer(0) })
  expect(lists().at(-1)).toMatchObject({ tookMs: null }) // a push: the catalog changed
})

test('the time without a network is not the time that the server took', () => {
  start()
  answers['record'] = [list('local', 1)]
  host.receive('t', { type: 'ask', question: { name: 'q1' }, at: 0 })
  host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  clock = 5000
  sockets[0]!.open()
  clock = 5020
  answers['frame'] = [list('server', 1)]
  sockets[0]!.onmessage!({ data: new ArrayBuffer(0) })
  expect(lists().at(-1)).toMatchObject({ tookMs: 20 })
})

test('a module that has died is reported once and called no more', () => {
  const broken: NighModule = {
    wire: 1,
    open: (config) => ({
      ...module.open(config),
      record: () => {
        throw new Error('Go program has already exited')
      },
    }),
  }
  open()
  host.ready(broken)
  host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'b', value: 0, at: 0 })
  expect(posted.filter((message) => message.type === 'error')).toHaveLength(1)
})

// The module answers the end of a socket with a wake, and the wake with the next try.
function fail(times: number): void {
  for (let i = 0; i < times; i++) {
    answers['closed'] = [{ type: 'wake', at: 1 }]
    sockets.at(-1)!.onclose!({ code: 1006 })
    answers['tick'] = [{ type: 'connect' }]
    wakes.at(-1)!.run()
  }
}
const errors = () => posted.filter((message) => message.type === 'error')

test('a socket that never opens is told once, at the third time, and tried again', () => {
  start()
  fail(2)
  expect(errors()).toEqual([])
  fail(1)
  const message = 'no connection to wss://x/v1/sync; is the server up, and was it started with --origin https://page.example?'
  expect(errors()).toEqual([{ type: 'error', code: 'unreachable', message }])
  fail(4)
  expect(errors()).toHaveLength(1)
  expect(sockets).toHaveLength(8) // the first and one after each of 7 failures
})

test('a server that was there once is not called unreachable: the status tells of it', () => {
  start().open()
  fail(5)
  expect(errors()).toEqual([])
})

test('closing while effects are carried out ends them, and the module is called no more', () => {
  start().open()
  answers['ask'] = [list('local', 0), { type: 'close', code: 4001, reason: 'again' }, { type: 'wake', at: 1 }]
  heard = (message) => message.type === 'list' && void host.close()
  host.receive('t', { type: 'ask', question: { name: 'q1' }, at: 0 })
  expect(calls.at(-1)).toBe('ask t/q1')
  expect(sockets[0]!.closed).toEqual([1000, 'the page is done'])
  expect(wakes).toEqual([])
  expect(errors()).toEqual([])
})

test('closing at the last effect leaves nothing to report the end of the socket to', () => {
  start().open()
  answers['frame'] = [{ type: 'close', code: 4001, reason: 'again' }, list('server', 0)]
  heard = (message) => message.type === 'list' && void host.close()
  sockets[0]!.onmessage!({ data: new ArrayBuffer(0) })
  expect(calls.at(-1)).toBe('frame of 0')
  expect(errors()).toEqual([])
})

// A storage whose puts the test ends.
class FakeStorage {
  puts: { keys: string[]; done: () => void; failed: (reason: unknown) => void }[] = []
  closed = false
  onlost = () => {}
  put(effect: { keys: string[] }): Promise<void> {
    return new Promise((done, failed) => this.puts.push({ keys: effect.keys, done, failed }))
  }
  clear(): Promise<void> {
    calls.push('clear')
    return Promise.resolve()
  }
  async close() {
    this.closed = true
  }
}
const keep = (storage: FakeStorage, keys: string[] = []) => {
  opening = (found) => found({ storage: storage as unknown as Storage, stored: { keys, values: keys.map(() => new Uint8Array()) } })
}
const store = (...keys: string[]): Effect => ({ type: 'store', clear: [], deletes: [], keys, values: keys.map(() => new Uint8Array()), durable: true })
const send = (byte: number): Effect => ({ type: 'send', bytes: new Uint8Array([byte]) })
const recorded = (number: number): Effect => ({ type: 'recorded', tab: 't', number, fault: '' })
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('what is stored comes before everything else', () => {
  keep(new FakeStorage(), ['a', 'b'])
  start()
  expect(calls).toEqual(['open c u', 'restore a b', 'start'])
  expect(posted).toEqual([{ type: 'storage', kept: true, reason: '' }])
})

test('without storage it works in memory, and says why', () => {
  start()
  expect(posted).toEqual([{ type: 'storage', kept: false, reason: 'alone' }])
  answers['record'] = [recorded(1)]
  host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  expect(posted.at(-1)).toEqual({ type: 'recorded', number: 1, kept: false, fault: '' })
})

test('a frame and the word that an op is recorded wait until it is stored; a list does not', async () => {
  const storage = new FakeStorage()
  keep(storage)
  const socket = start()
  socket.open()
  answers['record'] = [list('local', 1), store('op1'), recorded(1), send(1)]
  host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  answers['record'] = [store('op2'), recorded(2), send(2)]
  host.receive('t', { type: 'record', number: 2, kind: 'like', item: 'b', value: 0, at: 0 })
  expect(lists()).toHaveLength(1)
  await turn()
  expect([socket.sent, posted.filter((m) => m.type === 'recorded')]).toEqual([[], []])
  storage.puts[0]!.done()
  await turn()
  expect(socket.sent).toEqual([new Uint8Array([1])])
  expect(posted.at(-1)).toEqual({ type: 'recorded', number: 1, kept: true, fault: '' })
  storage.puts[1]!.done()
  await turn()
  expect(socket.sent).toEqual([new Uint8Array([1]), new Uint8Array([2])])
})

test('a frame that waited for the storage does not go over the next socket', async () => {
  const storage = new FakeStorage()
  keep(storage)
  start().open()
  answers['record'] = [store('op1'), send(1)]
  host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  fail(1)
  sockets[1]!.open()
  storage.puts[0]!.done()
  await turn()
  expect([sockets[0]!.sent, sockets[1]!.sent]).toEqual([[], []])
})

test('a full disk ends the storing, and nothing waits for it any more', async () => {
  const storage = new FakeStorage()
  keep(storage)
  const socket = start()
  socket.open()
  answers['record'] = [store('op1'), recorded(1), send(1)]
  host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  storage.puts[0]!.failed(new StorageError('quota', null))
  await turn()
  expect(posted.filter((m) => m.type !== 'list').slice(-2)).toEqual([
    { type: 'recorded', number: 1, kept: false, fault: '' },
    { type: 'storage', kept: false, reason: 'quota' },
  ])
  expect([socket.sent.length, storage.closed, calls.at(-1)]).toEqual([1, true, 'storeLost'])
})

test('a leader that another one has superseded sends nothing of what it could not store', async () => {
  const storage = new FakeStorage()
  keep(storage)
  const socket = start()
  socket.open()
  answers['record'] = [store('op1'), recorded(1), send(1)]
  host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  storage.puts[0]!.failed(new Superseded())
  await turn()
  expect([calls.at(-1), socket.sent.length, posted.some((m) => m.type === 'recorded')]).toEqual(['superseded', 0, false])
})

test('erased, it begins from nothing and asks again what is asked', async () => {
  const storage = new FakeStorage()
  keep(storage, ['a'])
  start().open()
  host.receive('t', { type: 'ask', question: { name: 'q1' }, at: 0 })
  calls = []
  host.receive('t', { type: 'erase', number: 1, everyone: false })
  await turn()
  expect(calls).toEqual(['clear', 'open c u', 'start', 'ask t/q1'])
  expect(posted.at(-1)).toEqual({ type: 'erased', number: 1, fault: '' })
  expect(posted).toContainEqual({ type: 'profile', profile: { history: [], preferences: [] } })
})

test('the budget is the one that the page gives', () => {
  budget = 3_000_000
  start()
  expect(calls[0]).toBe('open c u of 3000000 bytes')
})

test('a private reader has another name each time and no token', () => {
  privacy = 'device'
  const socket = start('secret')
  expect(calls[0]).toBe('open random u')
  expect(socket.protocols).toEqual(['nigh.v1'])
})
