// What a host keeps, and what waits for that.

import { expect, test } from 'vitest'
import { StorageError, Superseded } from '../src/storage.ts'
import { Host } from '../src/host.ts'
import { fail, FakeStorage, keep, list, lists, on, recorded, send, start, store, turn, world } from './host_stage.ts'

test('what is stored comes before everything else', () => {
  keep(new FakeStorage(), ['a', 'b'])
  start()
  expect(on.calls).toEqual(['open c u', 'restore a b', 'start'])
  expect(on.posted).toEqual([{ type: 'storage', kept: true, reason: '' }])
})

test('without storage it works in memory, and says why', () => {
  start()
  expect(on.posted).toEqual([{ type: 'storage', kept: false, reason: 'alone' }])
  on.answers['record'] = [recorded(1)]
  on.host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  expect(on.posted.at(-1)).toEqual({ type: 'recorded', number: 1, kept: false, fault: '' })
})

test('a frame and the word that an op is recorded wait until it is stored; a list does not', async () => {
  const storage = new FakeStorage()
  keep(storage)
  const socket = start()
  socket.open()
  on.answers['record'] = [list('local', 1), store('op1'), recorded(1), send(1)]
  on.host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  on.answers['record'] = [store('op2'), recorded(2), send(2)]
  on.host.receive('t', { type: 'record', number: 2, kind: 'like', item: 'b', value: 0, at: 0 })
  expect(lists()).toHaveLength(1)
  await turn()
  expect([socket.sent, on.posted.filter((m) => m.type === 'recorded')]).toEqual([[], []])
  storage.puts[0]!.done()
  await turn()
  expect(socket.sent).toEqual([new Uint8Array([1])])
  expect(on.posted.at(-1)).toEqual({ type: 'recorded', number: 1, kept: true, fault: '' })
  storage.puts[1]!.done()
  await turn()
  expect(socket.sent).toEqual([new Uint8Array([1]), new Uint8Array([2])])
})

test('a frame that waited for the storage does not go over the next socket', async () => {
  const storage = new FakeStorage()
  keep(storage)
  start().open()
  on.answers['record'] = [store('op1'), send(1)]
  on.host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  fail(1)
  on.sockets[1]!.open()
  storage.puts[0]!.done()
  await turn()
  expect([on.sockets[0]!.sent, on.sockets[1]!.sent]).toEqual([[], []])
})

test('a full disk ends the storing, and nothing waits for it any more', async () => {
  const storage = new FakeStorage()
  keep(storage)
  const socket = start()
  socket.open()
  on.answers['record'] = [store('op1'), recorded(1), send(1)]
  on.host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  storage.puts[0]!.failed(new StorageError('quota', null))
  await turn()
  expect(on.posted.filter((m) => m.type !== 'list').slice(-2)).toEqual([
    { type: 'recorded', number: 1, kept: false, fault: '' },
    { type: 'storage', kept: false, reason: 'quota' },
  ])
  expect([socket.sent.length, storage.closed, on.calls.at(-1)]).toEqual([1, true, 'storeLost'])
})

test('a leader that another one has superseded sends nothing of what it could not store', async () => {
  const storage = new FakeStorage()
  keep(storage)
  const socket = start()
  socket.open()
  on.answers['record'] = [store('op1'), recorded(1), send(1)]
  on.host.receive('t', { type: 'record', number: 1, kind: 'like', item: 'a', value: 0, at: 0 })
  storage.puts[0]!.failed(new Superseded())
  await turn()
  expect([on.calls.at(-1), socket.sent.length, on.posted.some((m) => m.type === 'recorded')]).toEqual(['superseded', 0, false])
})

test('a sign-in takes over what the storage moved, and answers for what another account took over', async () => {
  const storage = new FakeStorage()
  keep(storage)
  start()
  storage.elsewhere = [1]
  on.host.receive('t', { type: 'merge', number: 3, clients: ['mine', 'theirs', ''] })
  await turn()
  const space = (client: string) => JSON.stringify(['wss://x/v1/sync', '', client, 'server', true])
  expect(storage.moved).toEqual([space('mine'), space('theirs'), space('')])
  expect(on.calls.slice(-2)).toEqual(['moved 3', 'merge mine with guest/1/op/1'])
  expect(on.posted.slice(-2)).toEqual([{ type: 'merged', client: 'theirs' }, { type: 'moved', number: 3 }])
})

test('a sign-in without storage still says whose doing it wants; a private one tells nobody', async () => {
  start()
  on.host.receive('t', { type: 'merge', number: 3, clients: ['mine', ''] })
  await turn()
  expect(on.calls.at(-1)).toBe('merge mine with')
  on.privacy = 'device'
  const before = on.calls.length
  on.host = new Host(world)
  start()
  on.host.receive('t', { type: 'merge', number: 4, clients: ['mine'] })
  await turn()
  expect(on.calls.slice(before).filter((call) => call.startsWith('m'))).toEqual([])
  expect(on.posted.at(-1)).toEqual({ type: 'moved', number: 4 })
})

test('a leader that another one has superseded leaves the sign-in to it', async () => {
  const storage = new FakeStorage()
  keep(storage)
  start()
  storage.superseded = true
  on.host.receive('t', { type: 'merge', number: 3, clients: ['mine'] })
  await turn()
  expect(on.calls.at(-1)).toBe('superseded')
  expect(on.posted.some((message) => message.type === 'moved')).toBe(false)
})

test('who goes on where an account took all over has another id', () => {
  keep(new FakeStorage(), [], true)
  start()
  expect(on.calls[0]).toBe('open random u')
})

test('erased, it begins from nothing and asks again what is asked', async () => {
  const storage = new FakeStorage()
  keep(storage, ['a'])
  start().open()
  on.host.receive('t', { type: 'ask', question: { name: 'q1' }, at: 0 })
  on.calls = []
  on.host.receive('t', { type: 'erase', number: 1, everyone: false })
  await turn()
  expect(on.calls).toEqual(['clear', 'open c u', 'start', 'ask t/q1'])
  expect(on.posted.at(-1)).toEqual({ type: 'erased', number: 1, fault: '' })
  expect(on.posted).toContainEqual({ type: 'profile', profile: { history: [], preferences: [] } })
})

