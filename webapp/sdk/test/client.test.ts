import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { connect, type Client, type RecommendationsEvent } from '../src/index.ts'
import { socketUrl } from '../src/checks.ts'
import type { List, Status } from '../src/module.ts'
import type { FromWorker, ToWorker } from '../src/protocol.ts'

class FakeWorker extends EventTarget {
  got: ToWorker[] = []
  postMessage(message: ToWorker) {
    this.got.push(message)
  }
  terminate() {}
  say(message: FromWorker) {
    this.dispatchEvent(new MessageEvent('message', { data: message }))
  }
}

let worker: FakeWorker
let client: Client
const start = (options = {}) =>
  connect({ url: 'https://recommend.example', user: 'u', client: 'c', worker: () => worker as unknown as Worker, ...options })
const answer = (question: string, source: List['source'], ids: string[]): List => ({
  question,
  source,
  items: ids.map((id) => ({ id, score: 1, reasons: [], card: { title: id, summary: '', url: '', image: '', author: '', tags: [], categories: [], attributes: {} } })),
  version: { epoch: 1, seq: 2, learned: 0, op: 1, policy: 1, hour: 0 },
  agrees: source === 'server' ? true : null,
  next: 'behind-' + ids.join('-'),
})
const status: Status = { state: 'live', items: 1, allItems: 1, shelves: 1, allShelves: 1, bytes: 400, epoch: 1, seq: 1, pending: 0, sent: 0, bytesIn: 0, bytesOut: 0, agreed: 0, differed: 0, error: '' }

beforeEach(() => {
  worker = new FakeWorker()
  client = start()
})

test('the first message opens the connection, below the address of the server', () => {
  expect(worker.got[0]).toEqual({ type: 'open', url: 'wss://recommend.example/v1/sync', origin: globalThis.location?.origin ?? '', client: 'c', user: 'u', token: '', renews: false, budget: 0, privacy: 'server', storage: true })
  expect(socketUrl('http://localhost:8080')).toBe('ws://localhost:8080/v1/sync')
  expect(socketUrl('https://example.org/nigh')).toBe('wss://example.org/nigh/v1/sync')
  expect(() => socketUrl('ftp://example.org')).toThrow('http')
})

test('a wish travels whole, its times as milliseconds', () => {
  const labels = { tags: ['sea'], authors: ['Melville'], attributes: { medium: ['book'] } }
  client.recommend({ ...labels, any: labels, all: { tags: ['a', 'b'] }, not: labels, since: '2026-06-01', until: new Date(5), after: 'AbC' })
  expect(worker.got.at(-1)).toMatchObject({
    type: 'ask',
    question: { ...labels, any: labels, all: { tags: ['a', 'b'] }, not: labels, since: 1780272000000, until: 5, after: 'AbC' },
  })
  const many = Array.from({ length: 200 }, String)
  client.recommend({ tags: many })
  const asked = worker.got.length
  expect(() => client.recommend({ tags: many, not: { attributes: { a: ['b'] } } })).toThrow('201 labels')
  expect(() => client.recommend({ tags: 'sea' as unknown as string[] })).toThrow('list of texts')
  expect(() => client.recommend({ since: 'yesterday' })).toThrow('since is yesterday')
  expect(worker.got.length).toBe(asked)
})

test('a list says what comes behind it', () => {
  const page = client.recommend({ limit: 2 })
  worker.say({ type: 'list', list: answer(page.name, 'local', ['a', 'b']), tookMs: 1, at: null })
  expect(page.last?.next).toBe('behind-a-b')
  client.recommend({ limit: 2, after: page.last!.next })
  expect(worker.got.at(-1)).toMatchObject({ question: { after: 'behind-a-b' } })
})

test('an item of a bare list has all that items have, empty', () => {
  const page = client.recommend({ bare: true })
  expect(worker.got.at(-1)).toMatchObject({ question: { bare: true } })
  worker.say({ type: 'list', list: { ...answer(page.name, 'local', []), items: [{ id: 'a', score: 2 }] }, tookMs: 1, at: null })
  expect(page.last?.items).toEqual([
    { id: 'a', score: 2, reasons: [], card: { title: '', summary: '', url: '', image: '', author: '', tags: [], categories: [], attributes: {} } },
  ])
})

test('the device chooses the id of its events if none is given', () => {
  start({ client: undefined })
  expect(worker.got.at(-1)).toMatchObject({ client: '' })
})

test('privacy is what the page says, else what the browser says', () => {
  const says = (navigator: object, options = {}) => {
    vi.stubGlobal('navigator', navigator)
    start(options)
    vi.unstubAllGlobals()
    return (worker.got.at(-1) as { privacy: string }).privacy
  }
  expect(says({})).toBe('server')
  expect(says({ globalPrivacyControl: true })).toBe('device')
  expect(says({ doNotTrack: '1' })).toBe('device')
  expect(says({ doNotTrack: '1' }, { respect: ['gpc'] })).toBe('server')
  expect(says({ globalPrivacyControl: true }, { respect: [] })).toBe('server')
  expect(says({ globalPrivacyControl: true }, { privacy: 'server' })).toBe('server')
  expect(says({}, { privacy: 'device' })).toBe('device')
})

test('a record resolves when it is taken, with whether it is on the disk', async () => {
  const first = client.record('like', 'a')
  const second = client.prefer({ tag: 'sea' })
  expect(worker.got.slice(-2)).toMatchObject([{ number: 1 }, { number: 2 }])
  worker.say({ type: 'recorded', number: 2, kept: false, fault: '' })
  worker.say({ type: 'recorded', number: 1, kept: true, fault: '' })
  expect([await first, await second]).toEqual([true, false])
})

test('without the module nothing is on the disk, and what waits for an answer gets one', async () => {
  vi.stubGlobal('fetch', async () => Response.json({ rejected: [], recommendations: [], version: { epoch: 1, seq: 1, learned: 1, policy: '1', hour: 1 } }))
  const before = client.record('like', 'a')
  worker.say({ type: 'storage', kept: true, reason: '' }) // the worker has opened it, and waits for its module
  worker.say({ type: 'error', code: 'module', message: 'load nigh.wasm: refused' })
  expect(await before).toBe(false)
  expect([client.mode, client.storage]).toEqual(['server', { kept: false, reason: 'module' }])
  expect([await client.record('view', 'b'), await client.prefer({ tag: 'sea' })]).toEqual([false, false])
  expect(client.undo()).toBe(true)
  expect(client.profile).toMatchObject({ history: [{ item: 'b' }, { item: 'a' }], preferences: [] })
  expect((await client.export()).profile).toEqual(client.profile)
  await client.erase()
  expect(client.profile).toEqual({ history: [], preferences: [] })
  client.close()
  vi.unstubAllGlobals()
})

test('what is kept can be had, and erased', async () => {
  const all = client.export()
  const number = (worker.got.at(-1) as { number: number }).number
  worker.say({ type: 'exported', number, exported: { client: 'c', ops: [] }, profile: { history: [], preferences: [] } })
  expect(await all).toEqual({ client: 'c', ops: [], profile: { history: [], preferences: [] } })
  const gone = client.clear()
  expect(worker.got.at(-1)).toEqual({ type: 'erase', number: number + 1, everyone: true })
  worker.say({ type: 'erased', number: number + 1, fault: 'the disk is gone' })
  await expect(gone).rejects.toThrow('the disk is gone')
  const erased = client.erase()
  worker.say({ type: 'erased', number: number + 2, fault: '' })
  await erased
})

test('whether it is kept is told once, not by every leader', () => {
  const seen: string[] = []
  client.addEventListener('storage', (event) => seen.push(`${event.kept} ${event.reason}`))
  worker.say({ type: 'storage', kept: true, reason: '' })
  worker.say({ type: 'storage', kept: true, reason: '' })
  worker.say({ type: 'storage', kept: false, reason: 'quota' })
  expect([seen, client.storage]).toEqual([['true ', 'false quota'], { kept: false, reason: 'quota' }])
})

test('answers reach the question they belong to, and nobody after it was closed', () => {
  const events: RecommendationsEvent[] = []
  const forYou = client.recommend({ limit: 3, categories: ['novel'] })
  const similar = client.similar('moby-dick')
  expect(worker.got.slice(1)).toMatchObject([
    { type: 'ask', question: { name: forYou.name, limit: 3, categories: ['novel'] } },
    { type: 'ask', question: { name: similar.name, similar: 'moby-dick' } },
  ])
  forYou.addEventListener('recommendations', (event) => events.push(event))
  worker.say({ type: 'list', list: answer(forYou.name, 'local', ['a', 'b']), tookMs: 0.4, at: performance.timeOrigin })
  worker.say({ type: 'list', list: answer(similar.name, 'local', ['x']), tookMs: 0.4, at: null })
  worker.say({ type: 'list', list: answer(forYou.name, 'server', ['a', 'b']), tookMs: 12, at: null })
  expect(events.map((e) => [e.source, e.items.map((item) => item.id).join(), e.tookMs, e.agrees])).toEqual([
    ['local', 'a,b', 0.4, null],
    ['server', 'a,b', 12, true],
  ])
  expect(events[0]!.sinceMs).toBeGreaterThan(0)
  expect(similar.last?.items[0]?.id).toBe('x')
  forYou.close()
  worker.say({ type: 'list', list: answer(forYou.name, 'server', ['c']), tookMs: 1, at: null })
  expect(events).toHaveLength(2)
  expect(worker.got.at(-1)).toEqual({ type: 'drop', name: forYou.name })
})

test('what the reader does goes out as clean text', () => {
  client.record('like', 'a\ud800b')
  expect(worker.got.at(-1)).toMatchObject({ type: 'record', kind: 'like', item: 'a\ufffdb', value: 0 })
  client.prefer({ text: 'sailing boats' })
  expect(worker.got.at(-1)).toMatchObject({ type: 'prefer', kind: 'text', key: 'sailing boats', weight: 1 })
  client.prefer({ tag: 'horror' }, -1)
  expect(worker.got.at(-1)).toMatchObject({ type: 'prefer', kind: 'tag', key: 'horror', weight: -1 })
})

test('what cannot be sent is refused where it is called, with what to do', () => {
  expect(() => client.record('like', '')).toThrow('item is empty')
  expect(() => client.record('like', 'x'.repeat(513))).toThrow('give at most 512')
  expect(() => client.record('rating', 'x', Number.NaN)).toThrow('finite')
  expect(() => client.prefer({} as never)).toThrow('one of text')
  expect(() => start({ user: '' })).toThrow('user is empty')
  expect(() => start({ token: '' })).toThrow('token is empty')
  expect(() => start({ user: '~x' })).toThrow('user begins with ~')
  expect(() => start({ user: undefined, merge: 'before' })).toThrow('give user')
  expect(() => client.renew('')).toThrow('token is empty')
  expect(() => start({ budget: -1 })).toThrow('bytes')
  expect(() => start({ budget: NaN })).toThrow('bytes')
  expect(() => start({ url: 'localhost:8080' })).toThrow()
})

test('status, profile and faults are events', () => {
  const seen: string[] = []
  client.addEventListener('status', (event) => seen.push(`status ${event.status.state} ${event.online}`))
  client.addEventListener('profile', (event) => seen.push(`profile ${event.profile.history.length}`))
  client.addEventListener('failure', (event) => seen.push(`failure ${event.code} ${event.message}`))
  worker.say({ type: 'ready', loadMs: 80 })
  worker.say({ type: 'status', status, online: true })
  worker.say({ type: 'profile', profile: { history: [], preferences: [] } })
  worker.say({ type: 'status', status: { ...status, error: 'no such item' }, online: true })
  worker.say({ type: 'status', status: { ...status, error: 'no such item' }, online: true })
  worker.say({ type: 'error', code: 'module', message: 'gone' })
  expect(seen).toEqual(['status live true', 'profile 0', 'status live true', 'failure refused no such item', 'status live true', 'failure module gone'])
  expect([client.loadMs, client.status?.error, client.profile?.history]).toEqual([80, 'no such item', []])
})

afterEach(() => void vi.useRealTimers())

test('a reader without a name is who the browser is; a sign-in names the id of before', () => {
  start({ user: undefined })
  expect(worker.got.at(-1)).toMatchObject({ type: 'open', user: '' })
  const signedIn = start({ merge: 'before', token: 'a.b.c' })
  expect(worker.got.slice(-2)).toMatchObject([{ type: 'open', user: 'u', token: 'a.b.c', renews: false }, { type: 'merge', clients: ['before'] }])
  start({ merge: true })
  expect(worker.got.at(-1)).toMatchObject({ type: 'merge', clients: [''] })
  start({ merge: false })
  expect(worker.got.at(-1)).toMatchObject({ type: 'open' })
  const merged: string[] = []
  signedIn.addEventListener('merged', (event) => merged.push(event.client))
  worker.say({ type: 'merged', client: 'before' })
  expect(merged).toEqual(['before'])
})

test('a token that is a function is called when one is needed, again after it failed, and not twice at a time', async () => {
  vi.useFakeTimers()
  let calls = 0
  const made = start({
    token: async () => {
      if (++calls < 3) throw new Error(`no session ${calls}`)
      return `token ${calls}`
    },
  })
  expect(worker.got.at(-1)).toMatchObject({ type: 'open', token: '', renews: true })
  const failures: string[] = []
  made.addEventListener('failure', (event) => failures.push(`${event.code} ${event.message}`))
  client.close() // which shares the worker
  worker.got = []
  worker.say({ type: 'token' })
  worker.say({ type: 'token' })
  await vi.advanceTimersByTimeAsync(999)
  expect([calls, worker.got]).toEqual([1, []])
  await vi.advanceTimersByTimeAsync(1)
  await vi.advanceTimersByTimeAsync(2000)
  expect(worker.got).toEqual([{ type: 'token', token: 'token 3' }])
  expect(failures).toEqual(['token no fresh token: Error: no session 1', 'token no fresh token: Error: no session 2'])
  made.close()
  worker.say({ type: 'token' })
  await vi.advanceTimersByTimeAsync(100_000)
  expect(calls).toBe(3)
})

test('a token that is a text is not made anew: the page is told that it ends, and may renew it', () => {
  const given = start({ token: 'old' })
  client.close()
  const codes: string[] = []
  given.addEventListener('failure', (event) => codes.push(event.code))
  worker.say({ type: 'token' })
  expect(codes).toEqual(['token'])
  given.renew('fresh')
  expect(worker.got.at(-1)).toEqual({ type: 'token', token: 'fresh' })
})

test('undo takes back the last act, with what the profile tells of the item', () => {
  expect(client.undo()).toBe(false)
  worker.say({ type: 'profile', profile: { history: [{ item: 'seen', strength: 1, at: 5 }], preferences: [] } })
  client.record('like', 'seen')
  client.prefer({ tag: 'sea' })
  expect(client.undo()).toBe(true)
  expect(worker.got.at(-1)).toMatchObject({ type: 'prefer', kind: 'tag', key: 'sea', weight: 0 })
  client.undo('seen')
  expect(worker.got.slice(-2)).toMatchObject([{ kind: 'forget', item: 'seen' }, { kind: 'view', item: 'seen' }])
  const numbers = worker.got.flatMap((message) => ('number' in message ? [message.number] : []))
  expect(numbers, 'what is numbered is taken once, whatever tab dies').toEqual([1, 2, 3, 4, 5])
})

test('subscribe listens until it is told to stop', () => {
  const got: string[] = []
  const stop = client.subscribe({ similar: 'moby-dick', limit: 3 }, (event) => got.push(event.items.map((item) => item.id).join()))
  const ask = worker.got.at(-1) as Extract<ToWorker, { type: 'ask' }>
  expect(ask.question).toMatchObject({ similar: 'moby-dick', limit: 3 })
  worker.say({ type: 'list', list: answer(ask.question.name, 'local', ['x']), tookMs: 2, at: null })
  stop()
  stop()
  worker.say({ type: 'list', list: answer(ask.question.name, 'server', ['y']), tookMs: 9, at: null })
  expect(got).toEqual(['x'])
  expect(worker.got.filter((message) => message.type === 'drop')).toHaveLength(1)
})

test('the state of the connection has four names, and the last times are kept', () => {
  expect(client.connection).toBe('connecting')
  const seen: string[] = []
  client.addEventListener('status', (event) => seen.push(event.connection))
  for (const state of ['connecting', 'syncing', 'live', 'offline'] as const) worker.say({ type: 'status', status: { ...status, state }, online: true })
  worker.say({ type: 'status', status, online: false })
  expect(seen).toEqual(['connecting', 'behind', 'live', 'offline', 'offline'])
  worker.say({ type: 'ready', loadMs: 80 })
  const page = client.recommend()
  worker.say({ type: 'list', list: answer(page.name, 'local', ['a']), tookMs: 0.4, at: performance.timeOrigin })
  worker.say({ type: 'list', list: answer(page.name, 'server', ['a']), tookMs: 12, at: null })
  expect(client.timings).toEqual({ load: 80, local: 0.4, server: 12, click: expect.any(Number) })
})

test('what is in view in one turn goes out together, before what comes behind it', async () => {
  const before = worker.got.length
  const seen = ['a', 'b'].map((id) => client.record('shown', id))
  expect(worker.got).toHaveLength(before)
  await Promise.resolve()
  expect(worker.got.slice(before)).toMatchObject([{ type: 'batch', records: [{ item: 'a', number: 1 }, { item: 'b', number: 2 }] }])
  void client.record('shown', 'c')
  void client.record('like', 'd')
  await Promise.resolve()
  expect(worker.got.slice(before + 1)).toMatchObject([{ type: 'record', item: 'c' }, { type: 'record', item: 'd' }])
  worker.say({ type: 'recorded', number: 1, kept: true, fault: '' })
  worker.say({ type: 'failed', number: 2, fault: 'nigh.wasm failed' })
  await expect(seen[0]).resolves.toBe(true)
  await expect(seen[1]).rejects.toThrow('nigh.wasm failed')
})

test('a closed client settles all that it promised: what was done by then as done, all else as not', async () => {
  const [done, not, exported, erased] = [client.record('like', 'a'), client.prefer({ tag: 'sea' }), client.export(), client.erase()]
  client.close()
  expect(worker.got.at(-1)).toEqual({ type: 'close' })
  const later = client.record('like', 'b')
  worker.say({ type: 'recorded', number: 1, kept: true, fault: '' })
  worker.say({ type: 'closed', fault: 'the client was closed' })
  await expect(done).resolves.toBe(true)
  for (const promise of [not, exported, erased]) await expect(promise).rejects.toThrow('the client was closed')
  await expect(later).rejects.toThrow('connect anew')
  client.close()
  expect(worker.got.filter((message) => message.type === 'close')).toHaveLength(1)
})
