// What the module stores, in IndexedDB: one database for all servers and readers of this origin, in it one key space
// for each of them. The module says what a transaction holds (module.ts, effect store); this file does it, in order.
// To it keys and values are opaque.

import { openDB, type IDBPDatabase, type IDBPObjectStore } from 'idb'
import type { StoreEffect } from './module.ts'
import type { Open } from './protocol.ts'

const database = 'nigh'
const entries = 'entries' // [space, key] -> bytes
// Version of the database, not of what stands in it: the module knows that of its own values. An upgrade keeps what is
// there. A page that finds a newer one was built before what wrote it: it keeps off, and works in memory.
const version = 1
// Some browsers leave an open request without an answer now and then; a page must not wait for that.
const patienceMs = 3000

/**
 * Why nothing is kept: `unavailable`: the browser gives no database (a private window, blocked site data); `newer`: a
 * newer nigh wrote it; `blocked`: it does not answer, or another page holds it; `quota`: the disk is full; `lost`: it was
 * closed or deleted under us, or failed; `alone`: this page has no way to tell whether another tab writes it
 * (no Web Locks: the page is not served over https); `off`: the page asked for none; `module`: the module cannot run
 * here, and the server alone answers.
 */
export type StorageReason = 'unavailable' | 'newer' | 'blocked' | 'quota' | 'lost' | 'alone' | 'off' | 'module'

/** Someone else has begun to write this space: whoever gets this is not the leader any more. */
export class Superseded extends Error {}

export class StorageError extends Error {
  readonly reason: StorageReason
  constructor(reason: StorageReason, cause: unknown) {
    super(`no storage: ${reason}`, { cause })
    this.reason = reason
  }
}

/** What was stored, keys beside values. */
export interface Stored {
  keys: string[]
  values: Uint8Array[]
  spent: boolean // what was done here went over to an account: who opens this now is another reader, under another id
}

/** The space of a reader's line of events: by server, reader, id (if the page gave one) and privacy. */
export function spaceOf({ url, user, client, privacy, storage }: Open): string {
  return JSON.stringify([url, user, client, privacy, storage])
}

/** One writer's hold on one key space. */
export class Storage {
  readonly #db: IDBPDatabase
  readonly #space: string
  readonly #owner: string
  #waiting: { effect: StoreEffect; done: () => void; failed: (reason: unknown) => void }[] = []
  #writing: Promise<void> | null = null
  #failure: unknown = null
  #moves = 0
  /** Called once if the database goes while nothing is written. */
  onlost: (error: StorageError) => void = () => {}

  private constructor(db: IDBPDatabase, space: string, owner: string) {
    this.#db = db
    this.#space = space
    this.#owner = owner
  }

  /**
   * Opens a space for an owner and reads it whole; whoever wrote it before can write no more. Fails with a StorageError.
   */
  static async open(space: string, owner: string): Promise<{ storage: Storage; stored: Stored }> {
    let late: ReturnType<typeof setTimeout> | undefined
    const patience = new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(new StorageError('blocked', 'no answer')), patienceMs)
    })
    const opening = Storage.#open(space, owner)
    try {
      return await Promise.race([opening, patience])
    } catch (error) {
      void opening.then(({ storage }) => storage.close(), () => {}) // came after all: too late
      throw asStorageError(error)
    } finally {
      clearTimeout(late)
    }
  }

  static async #open(space: string, owner: string): Promise<{ storage: Storage; stored: Stored }> {
    let storage: Storage | null = null
    const lost = () => storage?.onlost(new StorageError('lost', 'the database was closed'))
    const db = await openDatabase(lost)
    storage = new Storage(db, space, owner)
    const stored: Stored = { keys: [], values: [], spent: false }
    const tx = db.transaction(entries, 'readwrite')
    void tx.store.put(owner, [space, ownerKey])
    // What is read is whole when it comes; that the owner is on the disk need not be waited for: what is put waits behind it.
    tx.done.catch((reason: unknown) => storage?.onlost(asStorageError(reason, 'lost')))
    const all = range(space, '')
    const [keys, values, spent] = await Promise.all([tx.store.getAllKeys(all), tx.store.getAll(all), tx.store.get([space, spentKey])])
    stored.spent = spent !== undefined
    for (const [i, key] of keys.entries()) {
      const value: unknown = values[i]
      stored.keys.push((key as string[])[1]!)
      // What is no bytes is none of ours; empty bytes the module takes out.
      stored.values.push(value instanceof Uint8Array ? value : new Uint8Array())
    }
    return { storage, stored }
  }

  /**
   * Stores; resolves when it is done, in the order of the calls. What waits while a transaction runs goes into the next
   * one together. After a failure everything fails.
   */
  put(effect: StoreEffect): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ effect, done, failed })
      this.#writing ??= this.#write()
    })
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0)
      try {
        if (this.#failure !== null) throw this.#failure
        await this.#transaction(batch.map((one) => one.effect))
      } catch (reason) {
        this.#failure = reason instanceof Superseded ? reason : asStorageError(reason, 'lost')
        for (const one of batch) one.failed(this.#failure)
        continue
      }
      for (const one of batch) one.done()
    }
    this.#writing = null
  }

  async #transaction(effects: StoreEffect[]): Promise<void> {
    const durability = effects.some((effect) => effect.durable) ? 'strict' : 'default'
    await this.#owned(durability, (store) => {
      for (const effect of effects) {
        for (const prefix of effect.clear) asked(store.delete(range(this.#space, prefix)))
        for (const key of effect.deletes) asked(store.delete([this.#space, key]))
        for (const [i, key] of effect.keys.entries()) asked(store.put(effect.values[i], [this.#space, key]))
      }
    })
  }

  /**
   * Does f in one transaction, whole or not at all; what f asks of the store need not be waited for. Fails with
   * Superseded if this space has another owner by then.
   */
  async #owned<T>(durability: IDBTransactionDurability, f: (store: Entries) => T | Promise<T>): Promise<T> {
    const tx = this.#db.transaction(entries, 'readwrite', { durability })
    const ended = tx.done.then(
      () => null,
      (reason: unknown) => reason ?? new Error('aborted'),
    )
    if ((await tx.store.get([this.#space, ownerKey])) !== this.#owner) {
      tx.abort()
      await ended
      throw new Superseded('another tab writes this')
    }
    let result: T
    try {
      result = await f(tx.store)
      tx.commit()
    } catch (reason) {
      try {
        tx.abort() // or what was asked so far would be done
      } catch {
        // It has ended by itself.
      }
      await ended
      throw reason
    }
    const reason = await ended
    if (reason !== null) throw reason
    return result
  }

  /**
   * Takes what other spaces hold of their reader over into this one, in one transaction, for the reader has signed in
   * here: whoever writes there can write no more. Returns what came, under its keys here, and which of the spaces another
   * one than this was the first to take from.
   */
  async move(from: string[]): Promise<Stored & { elsewhere: number[] }> {
    const moved: Stored & { elsewhere: number[] } = { keys: [], values: [], spent: false, elsewhere: [] }
    await this.#owned('strict', async (store) => {
      for (const [i, space] of from.entries()) {
        const prefix = `guest/${this.#owner} ${++this.#moves}/`
        const spent: unknown = await store.get([space, spentKey])
        if (spent === undefined) asked(store.put(this.#space, [space, spentKey]))
        else if (spent !== this.#space) moved.elsewhere.push(i)
        asked(store.put(this.#owner, [space, ownerKey]))
        for (const part of ofReader) {
          const [keys, values] = await Promise.all([store.getAllKeys(range(space, part)), store.getAll(range(space, part))])
          for (const [j, key] of keys.entries()) {
            const name = prefix + (key as string[])[1]!
            asked(store.put(values[j], [this.#space, name]))
            asked(store.delete(key))
            moved.keys.push(name)
            moved.values.push(values[j] as Uint8Array)
          }
        }
      }
    }).catch((reason: unknown) => {
      throw reason instanceof Superseded ? reason : asStorageError(reason, 'lost')
    })
    return moved
  }

  /** Takes everything out of this space. The owner stays, and so does what says that it is spent. */
  clear(): Promise<void> {
    return this.put({ type: 'store', clear: [''], deletes: [], keys: [], values: [], durable: true })
  }

  /** Waits for what is under way, then closes. */
  async close(): Promise<void> {
    await this.#writing
    this.#failure ??= new StorageError('lost', 'closed')
    this.#db.close()
  }
}

type Entries = IDBPObjectStore<unknown, [typeof entries], typeof entries, 'readwrite'>

// Keys of this file's own; none of the module's begins so.
const ownerKey = '!owner'
const spentKey = '!spent' // the space that was the first to take this one over

// What core/replica/store.go keeps of the reader: that, and not the catalog, goes over to an account.
const ofReader = ['reader', 'op/']

/** All keys of the module's in a space that begin so. */
function range(space: string, prefix: string): IDBKeyRange {
  return IDBKeyRange.bound([space, prefix || '"'], [space, `${prefix}\uffff`]) // " is the one behind !
}

/** For what is asked within a transaction, which tells whether it was done. */
const asked = (request: Promise<unknown>) => void request.catch(() => {})

function openDatabase(lost: () => void): Promise<IDBPDatabase> {
  return new Promise((resolve, reject) => {
    openDB(database, version, {
      upgrade: (db) => {
        db.createObjectStore(entries)
      },
      blocked: () => reject(new StorageError('blocked', 'another page holds an older one')),
      blocking: (_current, _next, event) => {
        // A newer page wants to upgrade, or someone deletes the database: it must not wait for this one.
        ;(event.target as IDBDatabase).close()
        lost()
      },
      terminated: lost,
    }).then(resolve, reject)
  })
}

/** Takes out everything that any page of this origin stored for any reader. Fails with a StorageError. */
export async function clearAll(): Promise<void> {
  try {
    const db = await openDatabase(() => {})
    const tx = db.transaction(entries, 'readwrite', { durability: 'strict' })
    // Who writes a space goes on to: it is told to begin anew.
    for (const key of await tx.store.getAllKeys()) if (!(key as string[])[1]!.startsWith('!')) void tx.store.delete(key)
    await tx.done
    db.close()
  } catch (error) {
    throw asStorageError(error)
  }
}

function asStorageError(error: unknown, otherwise: StorageReason = 'unavailable'): StorageError {
  if (error instanceof StorageError) return error
  const name = (error as { name?: string } | null)?.name
  return new StorageError(name === 'QuotaExceededError' ? 'quota' : name === 'VersionError' ? 'newer' : otherwise, error)
}
