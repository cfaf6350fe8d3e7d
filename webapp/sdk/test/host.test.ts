import { expect, test } from 'vitest'
import type { NighModule } from '../src/module.ts'
import { Host } from '../src/host.ts'
import { errors, fail, list, lists, module, on, open, start, status, world } from './host_stage.ts'

test('what comes before the module is there waits, in order', () => {
  on.host.receive('t', { type: 'ask', question: { name: 'q1' }, at: 0 })
  open()
  on.host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  expect(on.calls).toEqual([])
  on.host.ready(module)
  expect(on.calls).toEqual(['open c u', 'start', 'ask t/q1', 'record like a'])
})

test('the socket is binary, names the protocol and shows no token to who reads headers', () => {
  const socket = start('secret')
  expect(socket.url).toBe('wss://x/v1/sync')
  expect(socket.protocols).toEqual(['nigh.v1'])
  expect(socket.binaryType).toBe('arraybuffer')
})

test('frames go to the module and its bytes to the socket', () => {
  const socket = start()
  on.answers['opened'] = [{ type: 'send', bytes: new Uint8Array([7]) }]
  socket.open()
  expect(socket.sent).toEqual([new Uint8Array([7])])
  socket.onmessage!({ data: new Uint8Array([1, 2]).buffer })
  expect(on.calls.at(-1)).toBe('frame 1 2 of 2')
})

test('deflated frames go to the module inflated; a torn one ends the connection', async () => {
  const bodies: ((plain: Uint8Array) => void)[] = []
  let tear: (reason: Error) => void
  on.host = new Host({ ...world, inflate: () => new Promise((resolve, reject) => (bodies.push(resolve), (tear = reject))) })
  const socket = start()
  expect(on.calls).toContain('open c u inflates')
  socket.open()
  socket.onmessage!({ data: new Uint8Array([0xc1, 0, 0, 0, 2, 9]).buffer })
  socket.onmessage!({ data: new Uint8Array([3]).buffer })
  expect(on.calls.at(-1)).toBe('opened')
  bodies[0]!(new Uint8Array([1, 2]))
  await new Promise((resolve) => setImmediate(resolve))
  expect(on.calls.slice(-2)).toEqual(['frame 1 2 of 6', 'frame 3 of 1'])
  socket.onmessage!({ data: new Uint8Array([0xc1, 0, 0, 0, 2, 9]).buffer })
  socket.onclose!({ code: 4001 })
  tear!(new Error('torn'))
  await new Promise((resolve) => setImmediate(resolve))
  expect(on.calls.at(-1)).toBe('closed 4002')
  expect(socket.closed).toEqual([4002, 'a frame could not be inflated'])
})

test('the end of a connection waits for the frames before it', async () => {
  let inflated: (plain: Uint8Array) => void
  on.host = new Host({ ...world, inflate: () => new Promise((resolve) => (inflated = resolve)) })
  const socket = start()
  socket.open()
  socket.onmessage!({ data: new Uint8Array([0xc1, 0, 0, 0, 2, 9]).buffer })
  socket.onclose!({ code: 4001 })
  expect(on.calls.at(-1)).toBe('opened')
  inflated!(new Uint8Array([7]))
  await new Promise((resolve) => setImmediate(resolve))
  expect(on.calls.slice(-2)).toEqual(['frame 7 of 6', 'closed 4001'])
})

test('a fresh token is asked of the page, and what it gives goes to the module', () => {
  const socket = start()
  on.answers['frame'] = [{ type: 'token' }, { type: 'merged', client: 'before' }]
  socket.open()
  socket.onmessage!({ data: new ArrayBuffer(0) })
  expect(on.posted.slice(1)).toEqual([{ type: 'token' }, { type: 'merged', client: 'before' }])
  on.answers['token'] = [{ type: 'send', bytes: new Uint8Array([5]) }]
  on.host.receive('t', { type: 'token', token: 'fresh' })
  expect(on.calls.at(-1)).toBe('token fresh')
  expect(socket.sent).toEqual([new Uint8Array([5])])
})

test('a later wake replaces an earlier one', () => {
  start()
  on.answers['record'] = [{ type: 'wake', at: 5 }]
  on.host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  on.answers['record'] = [{ type: 'wake', at: 9 }]
  on.host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'b', value: 0, at: 0 })
  expect(on.wakes.map((wake) => [wake.at, wake.cancelled])).toEqual([[5, true], [9, false]])
  on.wakes[1]!.run()
  expect(on.calls.at(-1)).toBe('tick')
})

test('a close of the module ends the socket at once, and its own report is not heard twice', () => {
  const socket = start()
  socket.open()
  on.answers['frame'] = [{ type: 'close', code: 4001, reason: 'again' }]
  socket.onmessage!({ data: new ArrayBuffer(0) })
  expect(socket.closed).toEqual([4001, 'again'])
  expect(socket.onclose).toBeNull()
  expect(on.calls.at(-1)).toBe('closed 4001')
})

test('going offline closes, asking for a socket then waits until the network is back', () => {
  const socket = start()
  socket.open()
  on.answers['closed'] = [{ type: 'wake', at: 1 }]
  on.online = false
  on.host.networkChanged()
  expect(on.calls.at(-1)).toBe('closed 1006')
  on.answers['tick'] = [{ type: 'connect' }]
  on.wakes.at(-1)!.run()
  expect(on.sockets).toHaveLength(1)
  on.online = true
  on.host.networkChanged()
  expect(on.sockets).toHaveLength(2)
})

test('the network coming back cuts the wait for the next try short', () => {
  start().open()
  on.online = false
  on.host.networkChanged()
  on.online = true
  on.answers['online'] = [{ type: 'connect' }]
  on.host.networkChanged()
  expect(on.sockets).toHaveLength(2)
})

test('the page may see the network go before the worker does', () => {
  const socket = start()
  socket.open()
  on.host.receive('t', { type: 'network', online: false })
  expect(on.calls.at(-1)).toBe('closed 1006')
})

test('paused is as good as offline, and says so', () => {
  start().open()
  on.answers['record'] = [status(1)]
  on.host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  on.host.receive('t', { type: 'pause', paused: true })
  expect(on.posted.at(-1)).toMatchObject({ type: 'status', online: false, status: { pending: 1 } })
  on.host.receive('t', { type: 'pause', paused: false })
  expect(on.posted.at(-1)).toMatchObject({ type: 'status', online: true })
})

test("the server's time runs from the click that its answer is the first to know of", () => {
  start().open()
  on.answers['ask'] = [list('local', 0)]
  on.host.receive('t', { type: 'ask', question: { name: 'q1' }, at: 10 })
  on.clock = 40
  on.answers['frame'] = [list('server', 0)]
  on.sockets[0]!.onmessage!({ data: new ArrayBuffer(0) })
  expect(lists().at(-1)).toMatchObject({ tookMs: 30 }) // 40 - 10, from the question

  on.answers['record'] = [list('local', 1)]
  on.host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 100 })
  expect(lists().at(-1)).toMatchObject({ at: 100, list: { source: 'local' } })
  on.answers['record'] = [list('local', 2)]
  on.host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'b', value: 0, at: 200 })
  on.clock = 250
  on.answers['frame'] = [list('server', 1)]
  on.sockets[0]!.onmessage!({ data: new ArrayBuffer(0) })
  expect(lists().at(-1)).toMatchObject({ tookMs: 150 }) // 250 - 100: it knows of the first click only
  on.clock = 260
  on.answers['frame'] = [list('server', 2)]
  on.sockets[0]!.onmessage!({ data: new ArrayBuffer(0) })
  expect(lists().at(-1)).toMatchObject({ tookMs: 60 }) // 260 - 200
  on.answers['frame'] = [list('server', 2)]
  on.sockets[0]!.onmessage!({ data: new ArrayBuffer(0) })
  expect(lists().at(-1)).toMatchObject({ tookMs: null }) // a push: the catalog changed
})

test('the time without a network is not the time that the server took', () => {
  start()
  on.answers['record'] = [list('local', 1)]
  on.host.receive('t', { type: 'ask', question: { name: 'q1' }, at: 0 })
  on.host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  on.clock = 5000
  on.sockets[0]!.open()
  on.clock = 5020
  on.answers['frame'] = [list('server', 1)]
  on.sockets[0]!.onmessage!({ data: new ArrayBuffer(0) })
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
  on.host.ready(broken)
  on.host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  on.host.receive('t', { type: 'record', number: 2, kind: 'like', item: 'b', value: 0, at: 0 })
  expect(on.posted.filter((message) => message.type === 'failed')).toEqual([
    { type: 'failed', number: 1, fault: 'nigh.wasm failed: Error: Go program has already exited; this was not kept' },
  ])
  expect(on.calls.filter((call) => call.startsWith('crashed'))).toEqual(['crashed Error: Go program has already exited'])
})

test('a module that ends by itself, or in the midst of a call, crashes its host; the page is told that it is offline', () => {
  on.answers['start'] = [status(1)]
  on.answers['export'] = undefined as never
  open()
  on.host.ready({ ...module, open: (config) => ({ ...module.open(config), export: () => undefined as never }) }) // as after a panic
  on.host.receive('t', { type: 'export', number: 4 })
  expect(on.posted.slice(-2)).toMatchObject([{ type: 'failed', number: 4 }, { type: 'status', status: { state: 'offline', pending: 1 } }])
  on.host.crash('it ended')
  expect(on.calls.filter((call) => call.startsWith('crashed'))).toHaveLength(1)
})

test('what comes in a batch is said to come together', () => {
  start()
  const shown = (number: number) => ({ type: 'record' as const, number, kind: 'shown', item: `i${number}`, value: 0, at: 0 })
  on.host.receive('t', { type: 'batch', records: [shown(1), shown(2), shown(3)] })
  expect(on.calls.slice(-3)).toEqual(['record shown i1 and', 'record shown i2 and', 'record shown i3'])
})

test('a socket that never opens is told once, at the third time, and tried again', () => {
  start()
  fail(2)
  expect(errors()).toEqual([])
  fail(1)
  const message = 'no connection to wss://x/v1/sync; is the server up, and was it started with --origin https://page.example?'
  expect(errors()).toEqual([{ type: 'error', code: 'unreachable', message }])
  fail(4)
  expect(errors()).toHaveLength(1)
  expect(on.sockets).toHaveLength(8) // the first and one after each of 7 failures
})

test('a server that was there once is not called unreachable: the status tells of it', () => {
  start().open()
  fail(5)
  expect(errors()).toEqual([])
})

test('closing while effects are carried out ends them, and the module is called no more', () => {
  start().open()
  on.answers['ask'] = [list('local', 0), { type: 'close', code: 4001, reason: 'again' }, { type: 'wake', at: 1 }]
  on.heard = (message) => message.type === 'list' && void on.host.close()
  on.host.receive('t', { type: 'ask', question: { name: 'q1' }, at: 0 })
  expect(on.calls.at(-1)).toBe('ask t/q1')
  expect(on.sockets[0]!.closed).toEqual([1000, 'the page is done'])
  expect(on.wakes).toEqual([])
  expect(errors()).toEqual([])
})

test('closing at the last effect leaves nothing to report the end of the socket to', () => {
  start().open()
  on.answers['frame'] = [{ type: 'close', code: 4001, reason: 'again' }, list('server', 0)]
  on.heard = (message) => message.type === 'list' && void on.host.close()
  on.sockets[0]!.onmessage!({ data: new ArrayBuffer(0) })
  expect(on.calls.at(-1)).toBe('frame of 0')
  expect(errors()).toEqual([])
})

test('the budget is the one that the page gives', () => {
  on.budget = 3_000_000
  start()
  expect(on.calls[0]).toBe('open c u of 3000000 bytes')
})

test('a private reader has another name each time and no token', () => {
  on.privacy = 'device'
  const socket = start('secret')
  expect(on.calls[0]).toBe('open random u')
  expect(socket.protocols).toEqual(['nigh.v1'])
})
