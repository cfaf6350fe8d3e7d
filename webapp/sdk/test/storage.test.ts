import { IDBFactory } from 'fake-indexeddb'
import 'fake-indexeddb/auto'
import { beforeEach, expect, test, vi } from 'vitest'
import { clearAll, Storage, StorageError, Superseded } from '../src/storage.ts'
import type { StoreEffect } from '../src/module.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

const bytes = (...b: number[]) => new Uint8Array(b)
const effect = (what: Partial<StoreEffect>): StoreEffect => ({ type: 'store', clear: [], deletes: [], keys: [], values: [], durable: false, ...what })
const put = (key: string, ...b: number[]) => effect({ keys: [key], values: [bytes(...b)] })
const read = async (space: string, owner = 'reader') => {
  const { storage, stored } = await Storage.open(space, owner)
  await storage.close()
  return Object.fromEntries(stored.keys.map((key, i) => [key, [...stored.values[i]!]]))
}

test('a space comes back as it was left, and no other space', async () => {
  const { storage, stored } = await Storage.open('ada', '1')
  expect(stored).toEqual({ keys: [], values: [], spent: false })
  await storage.put(effect({ keys: ['reader', 'c/0/head', 'c/0/log/1', 'op/1'], values: [bytes(1), bytes(2), bytes(3), bytes()] }))
  const bob = await Storage.open('bob', '1')
  await bob.storage.put(put('reader', 9))
  await storage.put(effect({ clear: ['c/0/'], deletes: ['op/1'], keys: ['c/0/head'], values: [bytes(4)] }))
  await storage.close()
  expect(await read('ada')).toEqual({ reader: [1], 'c/0/head': [4] })
  expect(await read('bob')).toEqual({ reader: [9] })
  expect(await read('ad')).toEqual({})
})

test('puts are done in order, and what waits goes together', async () => {
  const { storage } = await Storage.open('ada', '1')
  const transactions = vi.spyOn(IDBDatabase.prototype, 'transaction')
  const done: number[] = []
  await Promise.all(Array.from({ length: 20 }, (_, i) => storage.put(effect({ ...put('k', i), durable: i === 7 })).then(() => done.push(i))))
  expect(done).toEqual(Array.from({ length: 20 }, (_, i) => i))
  expect(transactions.mock.calls.map(([, , options]) => options?.durability)).toEqual(['default', 'strict'])
  transactions.mockRestore()
  await storage.close()
  expect(await read('ada')).toEqual({ k: [19] })
})

test('a transaction is whole or not at all', async () => {
  const { storage } = await Storage.open('ada', '1')
  await storage.put(put('a', 1))
  const wrong = effect({ deletes: ['a'], keys: ['b', 'c'], values: [bytes(2), (() => {}) as unknown as Uint8Array] }) // a function cannot be stored
  await expect(storage.put(wrong)).rejects.toMatchObject({ reason: 'lost' })
  await expect(storage.put(put('d', 1))).rejects.toBeInstanceOf(StorageError)
  await storage.close()
  expect(await read('ada')).toEqual({ a: [1] })
})

test('who opens a space writes it, and whoever wrote it before no more', async () => {
  const first = await Storage.open('ada', '1')
  await first.storage.put(put('a', 1))
  const second = await Storage.open('ada', '2')
  expect(second.stored.keys).toEqual(['a'])
  await expect(first.storage.put(put('a', 2))).rejects.toBeInstanceOf(Superseded)
  await second.storage.put(put('b', 3))
  await first.storage.close()
  await second.storage.close()
  expect(await read('ada')).toEqual({ a: [1], b: [3] })
})

test('clear takes out a space, clearAll every one; who writes goes on', async () => {
  const ada = (await Storage.open('ada', '1')).storage
  const bob = (await Storage.open('bob', '1')).storage
  await Promise.all([ada.put(put('a', 1)), bob.put(put('b', 1))])
  await ada.clear()
  await ada.put(put('c', 1))
  expect(await read('bob', '1')).toEqual({ b: [1] })
  await clearAll()
  await bob.put(put('d', 1))
  await Promise.all([ada.close(), bob.close()])
  expect(await read('ada')).toEqual({})
  expect(await read('bob')).toEqual({ d: [1] })
})

test('each reason for having none is told apart', async () => {
  const newer = indexedDB.open('nigh', 99)
  await new Promise((resolve) => (newer.onsuccess = resolve))
  newer.result.close()
  await expect(Storage.open('ada', '1')).rejects.toMatchObject({ reason: 'newer' })

  globalThis.indexedDB = { open: () => { throw new DOMException('no', 'SecurityError') } } as unknown as IDBFactory
  await expect(Storage.open('ada', '1')).rejects.toMatchObject({ reason: 'unavailable' })

  vi.useFakeTimers()
  globalThis.indexedDB = { open: () => new IDBOpenDBRequest() } as unknown as IDBFactory // nothing ever comes of it
  const never = expect(Storage.open('ada', '1')).rejects.toMatchObject({ reason: 'blocked' })
  await vi.runAllTimersAsync()
  await never
  vi.useRealTimers()

  globalThis.indexedDB = new IDBFactory()
  const { storage } = await Storage.open('ada', '1')
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(() => {
    throw new DOMException('full', 'QuotaExceededError')
  })
  await expect(storage.put(put('a', 1))).rejects.toMatchObject({ reason: 'quota' })
  vi.restoreAllMocks()
  await storage.close()
})

test('a database that is closed or deleted under it is lost, and does not hold up who deletes it', async () => {
  const { storage } = await Storage.open('ada', '1')
  const lost: string[] = []
  storage.onlost = (error) => lost.push(error.reason)
  const gone = indexedDB.deleteDatabase('nigh')
  await new Promise((resolve, reject) => Object.assign(gone, { onsuccess: resolve, onblocked: reject }))
  expect(lost).toEqual(['lost'])
  await expect(storage.put(put('a', 1))).rejects.toMatchObject({ reason: 'lost' })
})

test('what a reader did without a name moves to an account whole, once, and who wrote it writes no more', async () => {
  const guest = await Storage.open('guest', 'g')
  await guest.storage.put(effect({ keys: ['reader', 'op/1', 'op/2', 'c/0/head', 'policy'], values: [bytes(1), bytes(2), bytes(3), bytes(4), bytes(5)] }))
  const account = await Storage.open('ada', 'a 1')
  const { keys, values, elsewhere } = await account.storage.move(['guest', 'nobody'])
  expect([keys, values.map((v) => v[0]), elsewhere]).toEqual([['guest/a 1 1/reader', 'guest/a 1 1/op/1', 'guest/a 1 1/op/2'], [1, 2, 3], []])
  await expect(guest.storage.put(put('op/3', 6))).rejects.toBeInstanceOf(Superseded)
  expect((await account.storage.move(['guest'])).keys).toEqual([]) // again
  expect(await read('ada')).toEqual({ 'guest/a 1 1/reader': [1], 'guest/a 1 1/op/1': [2], 'guest/a 1 1/op/2': [3] })
  // Who opens the guest's space from now on is somebody else, who has the catalog; also after it was erased.
  const next = await Storage.open('guest', 'h')
  expect(next.stored).toMatchObject({ keys: ['c/0/head', 'policy'], spent: true })
  await next.storage.clear()
  await next.storage.close()
  await clearAll()
  const later = await Storage.open('guest', 'i')
  expect(later.stored).toEqual({ keys: [], values: [], spent: true })
  await later.storage.put(put('op/1', 7))
  // Another account takes over what was done since; the id of before stays the first one's.
  const bob = await Storage.open('bob', 'b 1')
  expect(await bob.storage.move(['guest'])).toMatchObject({ keys: ['guest/b 1 1/op/1'], elsewhere: [0] })
  expect((await bob.storage.move(['guest'])).elsewhere).toEqual([0])
})

test('a move by one who is superseded moves nothing', async () => {
  const guest = await Storage.open('guest', 'g')
  await guest.storage.put(put('op/1', 1))
  const { storage } = await Storage.open('ada', '1')
  await Storage.open('ada', '2')
  await expect(storage.move(['guest'])).rejects.toBeInstanceOf(Superseded)
  await guest.storage.put(put('op/2', 2))
  expect(await read('guest')).toEqual({ 'op/1': [1], 'op/2': [2] })
})
