import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ServerOnly } from '../src/server_only.ts'
import type { FromWorker } from '../src/protocol.ts'

interface Asked {
  path: string
  method: string
  body: any
  auth: string | null
}

const plain = { budget: 0, privacy: 'server', storage: true } as const
let asked: Asked[]
let said: FromWorker[]
let answer: (asked: Asked) => Response
let stand: ServerOnly
const list = (...ids: string[]) =>
  Response.json({ recommendations: ids.map((id) => ({ id, score: 1, item: { title: id, tags: ['sea'] } })), next: 'more', version: { epoch: 1, seq: 2, learned: 3, policy: 'ff', hour: 4 } })

beforeEach(() => {
  vi.useFakeTimers()
  asked = []
  said = []
  answer = ({ path }) => (path.startsWith('/v1/events') ? Response.json({ accepted: 1, duplicates: 0, rejected: [], rejected_total: 0 }) : list('a', 'b'))
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const { pathname, search } = new URL(url)
    const one = { path: pathname + search, method: init.method ?? 'GET', body: init.body ? JSON.parse(String(init.body)) : null, auth: new Headers(init.headers).get('authorization') }
    asked.push(one)
    return answer(one)
  })
  stand = new ServerOnly((message) => said.push(structuredClone(message)))
  stand.receive({ type: 'open', url: 'wss://recommend.example/v1/sync', origin: '', client: 'c', user: 'u', token: 't', renews: false, ...plain })
})

afterEach(() => {
  stand.receive({ type: 'close' })
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const last = <T extends FromWorker['type']>(type: T) => said.findLast((message) => message.type === type) as Extract<FromWorker, { type: T }>
const lists = () => said.filter((message) => message.type === 'list').map(({ list }) => list.items.map((item) => item.id).join())
const settle = (ms = 1) => vi.advanceTimersByTimeAsync(ms)
const ask = (question: object = {}) => stand.receive({ type: 'ask', question: { name: 'q1', ...question }, at: performance.timeOrigin + performance.now() })

test('a question is asked of the server, as the module would understand it', async () => {
  stand.receive({ type: 'prefer', number: 1, kind: 'text', key: 'boats', weight: 2, at: 0 })
  ask({ limit: 2, tags: ['sea'], not: { authors: ['x'] }, since: 0, after: 'here' })
  await settle()
  expect(asked).toMatchObject([
    { path: '/v1/recommendations', method: 'POST', auth: 'Bearer t',
      body: { user: 'u', limit: 2, after: 'here', explain: true, preferences: { text: { boats: 2 } }, filter: { tags: ['sea'], not: { authors: ['x'] }, since: '1970-01-01T00:00:00.000Z' } } },
  ])
  expect(last('list').list).toMatchObject({ question: 'q1', source: 'server', agrees: null, next: 'more', version: { epoch: 1, seq: 2, policy: 255 } })
  expect(last('list').list.items[0]).toEqual({ id: 'a', score: 1, reasons: [], card: { title: 'a', summary: '', url: '', image: '', author: '', tags: ['sea'], categories: [], attributes: {} } })
  expect(last('status').status.state).toBe('live')
})

test('what is like an item is filtered here', async () => {
  answer = () => Response.json({ recommendations: [{ id: 'x', score: 1, item: { tags: ['sea'] } }, { id: 'y', score: 1, item: { tags: ['moon'] } }], version: { epoch: 1, seq: 1, learned: 1, policy: '1', hour: 1 } })
  ask({ similar: 'a/b', tags: ['moon'], limit: 5 })
  await settle()
  expect(asked[0]!.path).toBe('/v1/items/a%2Fb/similar?explain=true&limit=200')
  expect(lists()).toEqual(['y'])
})

test('a bare question gets ids and scores alone, and asks for no reasons', async () => {
  ask({ bare: true })
  await settle()
  expect(asked[0]!.body).toMatchObject({ explain: false })
  expect(asked[0]!.body).not.toHaveProperty('filter.bare')
  expect(last('list').list.items[0]).toEqual({ id: 'a', score: 1 })
  answer = () => Response.json({ recommendations: [{ id: 'x', score: 1, item: { tags: ['sea'] } }, { id: 'y', score: 1, item: { tags: ['moon'] } }], version: { epoch: 1, seq: 1, learned: 1, policy: '1', hour: 1 } })
  ask({ bare: true, similar: 'a', tags: ['moon'] })
  await settle()
  expect(asked[1]!.path).toContain('explain=false')
  expect(last('list').list.items).toEqual([{ id: 'y', score: 1 }])
})

test('an act goes out once, and the list is asked for again behind it', async () => {
  ask()
  await settle()
  answer = (one) => (one.path === '/v1/events' ? Response.json({ rejected: [] }) : list('b', 'c'))
  stand.receive({ type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  expect(last('profile').profile.history).toMatchObject([{ item: 'a', strength: 3 }])
  expect(last('status').status.pending).toBe(1)
  await settle()
  expect(asked.slice(1).map((one) => one.path)).toEqual(['/v1/events', '/v1/recommendations'])
  expect(asked[1]!.body).toMatchObject([{ user: 'u', item: 'a', kind: 'like', id: expect.stringMatching(/\.1$/) }])
  expect(lists()).toEqual(['a,b', 'b,c'])
  expect(last('status').status.pending).toBe(0)
})

test('what was in view goes out together, and asks for no list', async () => {
  ask()
  await settle()
  for (const item of ['a', 'b', 'c']) stand.receive({ type: 'record', number: 1, kind: 'shown', item, value: 0, at: 0 })
  await settle()
  expect(asked).toHaveLength(1)
  await settle(2000)
  expect(asked.slice(1).map((one) => [one.path, one.body.length])).toEqual([['/v1/events', 3]])
  expect(last('profile').profile.history).toEqual([])
})

test('without a network it waits, says so, and sends the same event again', async () => {
  const works = answer
  answer = () => {
    throw new TypeError('Failed to fetch')
  }
  ask()
  stand.receive({ type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  await settle(4000)
  expect(last('status').status).toMatchObject({ state: 'offline', pending: 1 })
  expect(last('error')).toMatchObject({ code: 'unreachable', message: expect.stringContaining('https://recommend.example/') })
  const tries = asked.filter((one) => one.path === '/v1/events')
  expect(new Set(tries.map((one) => one.body[0].id)).size).toBe(1)
  expect(tries.length).toBeGreaterThan(1)
  answer = works
  stand.receive({ type: 'network', online: true })
  await settle()
  expect(last('status').status).toMatchObject({ state: 'live', pending: 0 })
  expect(lists()).toEqual(['a,b'])
})

test('a refusal is said and not repeated, of one event among others too', async () => {
  answer = () => Response.json({ accepted: 0, rejected: [{ index: 0, id: 'a', error: '"a" is not in the catalog', hint: 'put the item first' }] })
  stand.receive({ type: 'record', number: 1, kind: 'view', item: 'a', value: 0, at: 0 })
  await settle()
  expect(last('status').status).toMatchObject({ pending: 0, error: '"a" is not in the catalog; put the item first' })
  asked = []
  answer = () => Response.json({ detail: 'event.kind is "x"', hint: 'use one of view' }, { status: 422 })
  stand.receive({ type: 'record', number: 1, kind: 'x', item: 'a', value: 0, at: 0 })
  await settle(5000)
  expect(asked).toHaveLength(1)
  expect(last('status').status).toMatchObject({ pending: 0, error: 'event.kind is "x"; use one of view' })
})

test('a pause is kept, and a list that changed by itself is told once', async () => {
  ask()
  await settle()
  stand.receive({ type: 'pause', paused: true })
  await settle(120_000)
  expect(asked).toHaveLength(1)
  expect(last('status').online).toBe(false)
  stand.receive({ type: 'pause', paused: false })
  await settle()
  expect(asked).toHaveLength(2)
  await settle(30_000)
  expect(lists()).toEqual(['a,b', 'a,b'])
  answer = () => list('new')
  await settle(60_000)
  expect(lists()).toEqual(['a,b', 'a,b', 'new'])
  stand.receive({ type: 'drop', name: 'q1' })
  const before = asked.length
  await settle(90_000)
  expect(asked.length).toBe(before)
})

test('a token that has ended is asked for, and nothing is asked of the server before it comes', async () => {
  const works = answer
  stand.receive({ type: 'close' })
  stand = new ServerOnly((message) => said.push(structuredClone(message)))
  stand.receive({ type: 'open', url: 'wss://recommend.example/v1/sync', origin: '', client: 'c', user: '', token: '', renews: true, ...plain })
  ask()
  await settle(120_000)
  expect(asked).toEqual([])
  expect(said.filter((message) => message.type === 'token')).toHaveLength(1)
  answer = () => Response.json({ detail: 'the token has ended' }, { status: 401 })
  stand.receive({ type: 'token', token: 'old' })
  await settle()
  expect(said.filter((message) => message.type === 'token')).toHaveLength(2)
  answer = works
  stand.receive({ type: 'token', token: 'new' })
  await settle()
  expect(asked.at(-1)).toMatchObject({ auth: 'Bearer new', body: { user: '~c' } })
  expect(lists()).toEqual(['a,b'])
})

test('what is numbered is answered: nothing is on the disk', async () => {
  stand.receive({ type: 'record', number: 1, kind: 'rating', item: 'a', value: 4.5, at: 0 })
  stand.receive({ type: 'prefer', number: 2, kind: 'tag', key: 'sea', weight: 1, at: 0 })
  expect(said.filter((message) => message.type === 'recorded')).toEqual([1, 2].map((number) => ({ type: 'recorded', number, kept: false, fault: '' })))
  expect(last('storage')).toEqual({ type: 'storage', kept: false, reason: 'module' })
  stand.receive({ type: 'export', number: 3 })
  expect(last('exported')).toMatchObject({
    number: 3,
    exported: { client: 'c', ops: [{ at: Date.now(), kind: 'rating', item: 'a', valueMilli: 4500 }] },
    profile: { history: [{ item: 'a' }], preferences: [{ key: 'sea' }] },
  })
})

test('erased while it is sent, what the reader does next still goes out', async () => {
  ask()
  await settle()
  let answered = (_: Response) => {}
  vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
    asked.push({ path: '/v1/events', method: 'POST', body: JSON.parse(String(init.body)), auth: null })
    return new Promise<Response>((resolve) => (answered = resolve))
  })
  stand.receive({ type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  stand.receive({ type: 'prefer', number: 2, kind: 'tag', key: 'sea', weight: 1, at: 0 })
  await settle()
  stand.receive({ type: 'erase', number: 3, everyone: false })
  expect([last('erased'), last('profile').profile]).toEqual([{ type: 'erased', number: 3, fault: '' }, { history: [], preferences: [] }])
  expect(last('status').status.pending).toBe(0)
  stand.receive({ type: 'record', number: 4, kind: 'like', item: 'b', value: 0, at: 0 })
  answered(Response.json({ rejected: [] }))
  await settle()
  expect(asked.slice(1).map((one) => one.body[0].item)).toEqual(['a', 'b'])
})

test('a reader without a name or an id is somebody, and somebody else once erased', async () => {
  stand.receive({ type: 'close' })
  stand = new ServerOnly((message) => said.push(structuredClone(message)))
  stand.receive({ type: 'open', url: 'wss://recommend.example/v1/sync', origin: '', client: '', user: '', token: '', renews: false, ...plain })
  ask()
  await settle()
  stand.receive({ type: 'erase', number: 1, everyone: true })
  await settle()
  const users = asked.map((one) => one.body.user)
  expect(users).toEqual([expect.stringMatching(/^~\w{28}/), expect.stringMatching(/^~\w{28}/)])
  expect(users[0]).not.toBe(users[1])
})

test("with privacy 'device' the server learns nothing: not who, not what, not when", async () => {
  stand.receive({ type: 'close' })
  said = []
  const whole: unknown[] = []
  const began = Date.now()
  const seconds: number[] = []
  answer = (one) => {
    whole.push(one)
    seconds.push(Math.floor((Date.now() - began) / 1000))
    return list('a', 'b', 'c', 'd')
  }
  stand = new ServerOnly((message) => said.push(structuredClone(message)))
  stand.receive({ type: 'open', url: 'wss://recommend.example/v1/sync', origin: '', client: 'secret', user: 'secret', token: 'secret', renews: true, ...plain, privacy: 'device' })
  expect(said.filter((message) => message.type === 'error')).toMatchObject([{ code: 'module', message: expect.stringContaining('told nothing') }])
  stand.receive({ type: 'token', token: 'secret' })
  ask({ limit: 2, exclude: ['b'], tags: ['sea'] })
  await settle(10_000)
  expect(lists()).toEqual(['a,c'])
  // All that the reader can do or ask.
  stand.receive({ type: 'record', number: 1, kind: 'dislike', item: 'a', value: 0, at: 0 })
  stand.receive({ type: 'record', number: 2, kind: 'shown', item: 'c', value: 0, at: 0 })
  stand.receive({ type: 'prefer', number: 3, kind: 'text', key: 'secret', weight: 1, at: 0 })
  for (const question of [{ similar: 'secret' }, { since: 5 }, { until: 5 }, { after: 'secret' }, { tags: ['secret'] }]) {
    stand.receive({ type: 'ask', question: { name: JSON.stringify(question), ...question }, at: 0 })
  }
  await settle()
  expect(lists()).toEqual(['a,c', 'c,d', '', '', '', '', ''])
  expect(last('status').status).toMatchObject({ pending: 0, state: 'live', error: '' })
  expect(said.filter((message) => message.type === 'token')).toEqual([])
  await settle(40_000)
  stand.receive({ type: 'erase', number: 4, everyone: false })
  await settle(20_000)
  // At the start and every half minute, whatever is done in between.
  expect(seconds).toEqual([0, 30, 60])
  expect(whole).toEqual(Array(3).fill({ path: '/v1/recommendations', method: 'POST', body: { limit: 200, explain: true }, auth: null }))
})

test("with privacy 'device' a server that is away is tried again, and one that wants a token is not", async () => {
  stand.receive({ type: 'close' })
  answer = () => {
    throw new TypeError('Failed to fetch')
  }
  stand = new ServerOnly((message) => said.push(structuredClone(message)))
  stand.receive({ type: 'open', url: 'wss://recommend.example/v1/sync', origin: '', client: '', user: 'u', token: '', renews: true, ...plain, privacy: 'device' })
  ask()
  await settle(4000)
  expect(asked.length).toBeGreaterThan(2)
  answer = () => Response.json({ detail: 'no token' }, { status: 401 })
  await settle(8000)
  expect(last('status').status.error).toBe('no token')
  asked = []
  stand.receive({ type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  await settle(1000)
  expect([asked, last('status').status.pending]).toEqual([[], 0])
})
