import { afterEach, expect, test, vi } from 'vitest'
import { Backend } from '../src/backend.ts'
import type { FromWorker, ToWorker } from '../src/protocol.ts'

class FakeWorker extends EventTarget {
  got: ToWorker[] = []
  ended = false
  postMessage(message: ToWorker) {
    this.got.push(message)
  }
  terminate() {
    this.ended = true
  }
  say(message: FromWorker) {
    this.dispatchEvent(new MessageEvent('message', { data: message }))
  }
}

const open: ToWorker = { type: 'open', url: 'ws://localhost/v1/sync', origin: '', client: 'c', user: 'u', token: '', renews: false, budget: 0, privacy: 'server', storage: true }
const ask: ToWorker = { type: 'ask', question: { name: 'q1' }, at: 0 }

function start(spawn: () => FakeWorker) {
  const heard: FromWorker[] = []
  const backend = new Backend(spawn as unknown as () => Worker, (message) => heard.push(message))
  backend.post(open)
  backend.post(ask)
  return { backend, heard }
}

const answered = () => {
  vi.stubGlobal('fetch', vi.fn(async () => Response.json({ recommendations: [], version: { epoch: 1, seq: 1, learned: 1, policy: '1', hour: 1 } })))
}

afterEach(() => vi.unstubAllGlobals())

test('while the worker works, it is the one that answers', () => {
  const worker = new FakeWorker()
  const { backend, heard } = start(() => worker)
  worker.say({ type: 'ready', loadMs: 5 })
  worker.say({ type: 'error', code: 'module', message: 'ended' })
  expect(worker.got).toEqual([open, ask])
  expect(heard.map((message) => message.type)).toEqual(['ready', 'error'])
  expect(backend.mode).toBe('device')
})

test('without WebAssembly the server is asked, and nobody is alarmed', async () => {
  answered()
  const real = WebAssembly
  vi.stubGlobal('WebAssembly', undefined)
  const { backend, heard } = start(() => expect.fail('a worker was started'))
  vi.stubGlobal('WebAssembly', real) // which Node's own Response needs
  await vi.waitFor(() => expect(heard.some((message) => message.type === 'list')).toBe(true))
  expect(backend.mode).toBe('server')
  expect(heard.filter((message) => message.type === 'error')).toEqual([])
  backend.post({ type: 'close' })
})

test('a module that cannot be started is told, and what was asked before is asked of the server', async () => {
  answered()
  const worker = new FakeWorker()
  const { backend, heard } = start(() => worker)
  // What the worker says before its module is there: that is no answer.
  worker.say({ type: 'storage', kept: true, reason: '' })
  worker.say({ type: 'token' })
  heard.splice(0)
  worker.say({ type: 'error', code: 'module', message: 'load nigh.wasm: refused' })
  await vi.waitFor(() => expect(heard.some((message) => message.type === 'list')).toBe(true))
  expect(worker.ended).toBe(true)
  expect(heard[0]).toEqual({ type: 'error', code: 'module', message: 'load nigh.wasm: refused; the server alone recommends here' })
  worker.say({ type: 'status', status: {} as never, online: true })
  expect(heard.filter((message) => message.type === 'status' && !message.status.state)).toEqual([])
  backend.post({ type: 'close' })
})

test('a worker that may not be started is told too', async () => {
  answered()
  vi.stubGlobal('Worker', class {})
  const { backend, heard } = start(() => {
    throw new Error('SecurityError')
  })
  await vi.waitFor(() => expect(heard.some((message) => message.type === 'list')).toBe(true))
  expect(heard[0]).toMatchObject({ type: 'error', code: 'module', message: expect.stringContaining('SecurityError') })
  expect(backend.mode).toBe('server')
  backend.post({ type: 'close' })
})
