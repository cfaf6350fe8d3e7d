// What the module stores, in IndexedDB: one database for all servers and readers of this origin, in it one key space
// for each of them. The module says what a transaction holds (module.ts, effect store); this file does it, in order.
// To it keys and values are opaque.

import { openDB, type IDBPDatabase } from 'idb'
import type { StoreEffect } from './module.ts'

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
}

/** One writer's hold on one key space. */
export class Storage {
  readonly #db: IDBPDatabase
  readonly #space: string
  readonly #owner: string
  #waiting: { effect: StoreEffect; done: () => void; failed: (reason: unknown) => void }[] = []
  #writing: Promise<void> | null = null
  #failure: unknown = null
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
    const stored: Stored = { keys: [], values: [] }
    const tx = db.transaction(entries, 'readwrite')
    void tx.store.put(owner, [space, ownerKey])
    // What is read is whole when it comes; that the owner is on the disk need not be waited for: what is put waits behind it.
    tx.done.catch((reason: unknown) => storage.onlost(asStorageError(reason, 'lost')))
    const [keys, values] = await Promise.all([tx.store.getAllKeys(storage.#range('')), tx.store.getAll(storage.#range(''))])
    for (const [i, key] of keys.entries()) {
      const name = (key as string[])[1]!
      const value: unknown = values[i]
      if (name === ownerKey) continue
      stored.keys.push(name)
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
    try {
      const asked = (request: Promise<unknown>) => void request.catch(() => {}) // the transaction tells
      for (const effect of effects) {
        for (const prefix of effect.clear) asked(tx.store.delete(this.#range(prefix)))
        if (effect.clear.includes('')) asked(tx.store.put(this.#owner, [this.#space, ownerKey]))
        for (const key of effect.deletes) asked(tx.store.delete([this.#space, key]))
        for (const [i, key] of effect.keys.entries()) asked(tx.store.put(effect.values[i], [this.#space, key]))
      }
      tx.commit()
    } catch (reason) {
      tx.abort() // or what was asked so far would be done
      await ended
      throw reason
    }
    const reason = await ended
    if (reason !== null) throw reason
  }

  #range(prefix: string): IDBKeyRange {
    return IDBKeyRange.bound([this.#space, prefix], [this.#space, `${prefix}\uffff`])
  }

  /** Takes everything out of this space. The owner stays. */
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

const ownerKey = '!owner' // no key of the module begins so

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
    for (const key of await tx.store.getAllKeys()) if ((key as string[])[1] !== ownerKey) void tx.store.delete(key)
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
