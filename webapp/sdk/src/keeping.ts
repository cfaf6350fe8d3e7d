// What the leader keeps on the device: carries out the module's store effects in order, holds back what must not go before
// them, and tells the pages whether anything is kept. Where nothing can be, all works in memory.

import type { StoreEffect } from './module.ts'
import type { FromWorker, Open } from './protocol.ts'
import { spaceOf, StorageError, Superseded, type Storage, type StorageReason, type Stored } from './storage.ts'

/** What it needs of its host. */
export interface Keeper {
  /** Opens what is kept for a config, or tells why nothing is: rejects with a StorageError. */
  storage(config: Open): Promise<{ storage: Storage; stored: Stored }>
  /** Says something to the pages of all tabs. */
  post(message: FromWorker): void
  /** Nothing is stored any more: it goes on in memory. */
  lost(): void
  /** Another tab writes what this one does: it leads no more. */
  superseded(): void
}

/** What was done here by readers without a name, now in the account's storage: for Replica.merge. */
export interface Moved {
  keys: string[]
  values: Uint8Array[]
  clients: string[] // ids to be merged
  others: string[] // ids that another account of this browser took over before
  spaces: string[] // whose tabs are to begin anew
}

export class Keeping {
  readonly #keeper: Keeper
  #storage: Storage | null = null
  #told: FromWorker | null = null
  #behind: (null | (() => void))[] = [] // what waits for the storage; null: a store that is not done
  #ended = false

  constructor(keeper: Keeper) {
    this.#keeper = keeper
  }

  /** Whether anything is kept. */
  get on(): boolean {
    return this.#storage !== null
  }

  /** What was last told of it; null before the storage has opened. */
  get told(): FromWorker | null {
    return this.#told
  }

  /** Opens what a config keeps, calls begin with it, with nothing if that fails. */
  open(config: Open, begin: (stored: Stored) => void): void {
    this.#keeper.storage(config).then(
      ({ storage, stored }) => {
        if (this.#ended) {
          void storage.close()
          return
        }
        storage.onlost = (error) => this.#lost(error)
        this.#storage = storage
        this.#tell('')
        begin(stored)
      },
      (error: unknown) => {
        this.#tell(error instanceof StorageError ? error.reason : 'unavailable')
        begin({ keys: [], values: [], spent: false })
      },
    )
  }

  store(effect: StoreEffect): void {
    if (!this.#storage) return
    this.#behind.push(null)
    this.#storage.put(effect).then(
      () => {
        if (this.#behind.shift() === null) this.#letGo()
      },
      (error: unknown) => this.#lost(error),
    )
  }

  /** Does f when all that was to be stored before is, at once if that is now. */
  after(f: () => void): void {
    if (this.#behind.length === 0) f()
    else this.#behind.push(f)
  }

  /**
   * Takes what readers without a name did in this browser over into the storage of a config: those of some ids, '' for
   * the one whose id the device chose. Rejects with Superseded if this is not the leader any more.
   */
  async move(config: Open, clients: string[]): Promise<Moved> {
    const named = clients.filter((client) => client !== '')
    const spaces = clients.map((client) => spaceOf({ ...config, user: '', client, privacy: 'server' }))
    const nothing: Moved = { keys: [], values: [], clients: named, others: [], spaces: [] }
    if (!this.#storage) return nothing
    try {
      const { keys, values, elsewhere } = await this.#storage.move(spaces)
      const others = named.filter((client) => elsewhere.includes(clients.indexOf(client)))
      return { keys, values, clients: named.filter((client) => !others.includes(client)), others, spaces }
    } catch (error) {
      this.#lost(error)
      if (error instanceof Superseded) throw error
      return nothing
    }
  }

  /** Takes out what is kept of this reader. */
  async clear(): Promise<void> {
    try {
      await this.#storage?.clear()
    } catch (error) {
      this.#lost(error)
    }
  }

  /** Ends; resolves when what was to be stored is. */
  async close(): Promise<void> {
    this.#ended = true
    await this.#storage?.close()
  }

  /** Does what waits for no store any more. */
  #letGo(): void {
    while (this.#behind.length > 0 && this.#behind[0] !== null) this.#behind.shift()!()
  }

  /** Nothing can be stored any more: it goes on in memory, and says so. */
  #lost(error: unknown): void {
    const storage = this.#storage
    if (!storage || this.#ended) return
    if (error instanceof Superseded) {
      this.#keeper.superseded()
      return
    }
    this.#storage = null
    void storage.close()
    this.#behind = this.#behind.filter((f) => f !== null)
    this.#letGo()
    this.#tell(error instanceof StorageError ? error.reason : 'lost')
    this.#keeper.lost()
  }

  #tell(reason: StorageReason | ''): void {
    this.#told = { type: 'storage', kept: reason === '', reason }
    this.#keeper.post(this.#told)
  }
}
