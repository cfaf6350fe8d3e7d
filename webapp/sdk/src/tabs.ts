// One tab among those of the same reader, server and privacy. One of them leads: it has a Host, with the module's one
// replica, the socket and the storage; the others hand on what their pages say and get. So there is one outbox and one
// order of ops, whatever is said where.
//
//   page ─► Tab ─┬─► Host                  leading: holds the lock
//                └─► BroadcastChannel ─►   following: the leader's Tab, Host
//
// A Web Lock makes the leader; it falls to another tab the moment that the leader's process is gone. The new leader begins
// from what is stored, and says so; every tab then says again what it asks and what was not answered. An op that was
// taken before is not taken twice, for the module knows what it heard of each tab.
//
// A leader that is frozen (some systems stop tabs in the background) still has its lock: who hears nothing for silentMs
// takes it away. When the old leader wakes, the storage lets it write no more, and so it sends no more.
//
// A leader whose module has ended (a panic, a trap) gives the lock away at once, and its module starts anew, to lead again
// when its turn comes: from what is stored, as after any death. What was being said when it ended is answered with that, not
// said again: it may be why. After maxCrashes without a calm stretch the tab ends.
//
// Without Web Locks or BroadcastChannel every tab leads itself, and keeps nothing: two would write over each other.

import { Host, type World } from './host.ts'
import type { NighModule } from './module.ts'
import type { FromWorker, Open, ToWorker } from './protocol.ts'
import { spaceOf, StorageError, type Storage, type Stored } from './storage.ts'

/** What a Tab needs of the world, besides what its Host does. */
export interface TabWorld extends Omit<World, 'post' | 'superseded' | 'storage' | 'clearAll' | 'moved' | 'crashed'> {
  locks: LockManager | null
  channel(name: string): BroadcastChannel | null
  /** Opens a key space for a new owner. */
  storage(space: string, owner: string): Promise<{ storage: Storage; stored: Stored }>
  clearAll(): Promise<void>
  /** Starts the module anew, then calls Tab.ready, or Tab.stopped if it does not start. */
  restart(): void
  post(message: FromWorker): void
}

/** What tabs say to each other. */
type Said =
  | { from: string; message: ToWorker } // to whoever leads
  | { from: string; hello: true } // who leads?
  | { leader: string; began: true } // this tab does, from now on
  | { moved: true } // what was done here is an account's: who leads is to begin anew
  | { leader: string; to: string; message: FromWorker | null } // null: it leads, and heard you. to '': everyone

const silentMs = 4000
const maxCrashes = 3
const calmMs = 60_000 // a module that lived for so long is as good as one that never crashed
const everyone = 'nigh' // the channel of all spaces: its one message says that all was erased

export class Tab {
  readonly id: string
  readonly #world: TabWorld
  #module: NighModule | null = null
  #config: Open | null = null
  #space = ''
  #host: Host | null = null // while leading
  #leader = '' // who leads, as far as this tab knows
  #terms = 0 // times that this tab led
  #channel: BroadcastChannel | null = null
  #all: BroadcastChannel | null = null
  #others = new Set<string>() // tabs that this one leads
  #release: () => void = () => {}
  #die: () => void = () => {} // lets go of the lock that says that this tab lives
  #stopWaiting: () => void = () => {} // for the lock of the leader
  #ended = false
  #starting = false // its module anew; it does not stand for leader until that is there
  #crashes = 0
  #crashedAt = 0
  #cancelSilence: (() => void) | null = null
  // What a new leader must be told.
  #asks = new Map<string, ToWorker>()
  #unanswered = new Map<number, ToWorker>()
  #paused = false
  #online: boolean | null = null

  constructor(world: TabWorld) {
    this.#world = world
    this.id = world.id()
  }

  /** The module has started. */
  ready(module: NighModule): void {
    this.#module = module
    this.#host?.ready(module)
    if (this.#starting) {
      this.#starting = false
      if (this.#channel) this.#join()
      else this.#lead()
    }
  }

  /** The module has ended, or did not start again. */
  stopped(module: NighModule | null, how: string): void {
    if (this.#ended || module !== this.#module) return // heard of before
    if (this.#host) this.#host.crash(how)
    else this.#crashed(how)
  }

  #crashed(how: string): void {
    this.#module = null
    const now = this.#world.unixMillis()
    if (now - this.#crashedAt > calmMs) this.#crashes = 0
    this.#crashedAt = now
    const over = ++this.#crashes >= maxCrashes
    const message = `nigh.wasm failed: ${how}; ${over ? 'reload the page' : 'it begins again from what is kept'}`
    const leading = this.#host !== null
    if (leading) {
      if (!over) this.#tell({ leader: this.id, to: '', message: { type: 'error', code: 'module', message } })
      this.#host = null
      this.#leader = ''
      this.#others.clear()
      this.#starting = !over
    }
    this.#world.post({ type: 'error', code: 'module', message })
    if (over) void this.#close(message)
    else this.#world.restart()
    if (leading) this.#release()
  }

  networkChanged(): void {
    this.#host?.networkChanged()
  }

  /** The page says something. Resolves when a close is done. */
  async receive(message: ToWorker): Promise<void> {
    if (this.#ended) return
    switch (message.type) {
      case 'open':
        this.#open(message)
        return
      case 'close':
        await this.#close('the client was closed before it was known whether this is kept')
        return
      case 'network':
        this.#online = message.online
        this.#host?.receive(this.id, message)
        return
      case 'ask':
        this.#asks.set(message.question.name, message)
        break
      case 'drop':
        this.#asks.delete(message.name)
        break
      case 'pause':
        this.#paused = message.paused
        break
      case 'batch':
        for (const record of message.records) this.#unanswered.set(record.number, record)
        break
      case 'token':
        if (this.#config) this.#config = { ...this.#config, token: message.token }
        break
      default:
        this.#unanswered.set(message.number, message)
    }
    this.#say(message)
  }

  /** Says something to the leader; if nobody leads, whoever will is told all by #tellAll. */
  #say(message: ToWorker): void {
    if (this.#host) {
      this.#host.receive(this.id, message)
    } else if (this.#leader !== '') {
      this.#tell({ from: this.id, message })
      this.#cancelSilence ??= this.#world.wake(this.#world.unixMillis() + silentMs, () => this.#takeOver())
    }
  }

  #tellAll(): void {
    if (this.#paused) this.#say({ type: 'pause', paused: true })
    for (const ask of this.#asks.values()) this.#say(ask)
    for (const message of [...this.#unanswered.values()]) this.#say(message)
  }

  #tell(said: Said): void {
    this.#channel?.postMessage(said)
  }

  #open(config: Open): void {
    if (this.#config) return
    this.#config = config
    this.#space = spaceOf(config)
    const { locks } = this.#world
    this.#channel = locks && this.#world.channel(`nigh ${this.#space}`)
    if (!locks || !this.#channel) {
      this.#lead()
      return
    }
    this.#channel.onmessage = (event: MessageEvent<Said>) => this.#hear(event.data)
    this.#all = this.#world.channel(everyone)
    if (this.#all) this.#all.onmessage = () => void this.#host?.erase()
    // This lock says that the tab lives. It is there before anyone hears of the tab.
    locks
      .request(lockOf(this.id), () => {
        this.#join()
        return new Promise<void>((done) => (this.#die = done))
      })
      .catch(() => {
        this.#channel = null // a page that may have no locks, such as one of a sandbox
        this.#lead()
      })
  }

  /** Stands for leader, and asks who leads. */
  #join(): void {
    this.#elect({})
    this.#tell({ from: this.id, hello: true })
  }

  #elect(how: LockOptions): void {
    const waiting = new AbortController()
    this.#stopWaiting()
    this.#stopWaiting = () => waiting.abort()
    const { locks } = this.#world
    locks!
      .request(`nigh ${this.#space}`, how.steal ? how : { ...how, signal: waiting.signal }, () => {
        if (this.#ended) return
        this.#stopWaiting = () => {}
        return new Promise<void>((release) => {
          this.#release = release
          this.#lead()
        })
      })
      .catch(() => {
        // Stolen, unless this tab itself stopped waiting.
        if (!waiting.signal.aborted) this.#depose()
      })
  }

  #lead(): void {
    this.#silence()
    this.#leader = this.id
    const owner = `${this.id} ${++this.#terms}`
    const { locks, post: _post, restart: _restart, ...world } = this.#world
    const host: Host = new Host({
      ...world,
      storage: (config) =>
        !config.storage || !this.#channel
          ? Promise.reject(new StorageError(config.storage ? 'alone' : 'off', 'not asked for'))
          : this.#world.storage(this.#space, owner),
      clearAll: async () => {
        await this.#world.clearAll()
        this.#all?.postMessage('erased')
        await host.erase()
      },
      post: (to, message) => {
        if (host !== this.#host) return
        if (to !== this.id && (to !== '' || this.#others.size > 0)) this.#tell({ leader: this.id, to, message })
        if (to === this.id || to === '') this.#answer(message)
      },
      superseded: () => {
        if (host === this.#host) this.#depose()
      },
      moved: (spaces) => {
        for (const space of spaces) {
          const channel = this.#world.channel(`nigh ${space}`)
          channel?.postMessage({ moved: true } satisfies Said)
          channel?.close()
        }
      },
      crashed: (how) => {
        if (host === this.#host) this.#crashed(how)
      },
    })
    this.#host = host
    if (this.#online !== null) host.receive(this.id, { type: 'network', online: this.#online })
    host.receive(this.id, this.#config!)
    if (this.#module) host.ready(this.#module)
    this.#tell({ leader: this.id, began: true })
    this.#tellAll()
  }

  /** Leads no more, and waits to lead again. */
  #depose(): void {
    const host = this.#host
    if (!host || this.#ended) return
    this.#host = null
    this.#leader = ''
    this.#others.clear()
    void host.close()
    this.#release()
    this.#join()
  }

  #takeOver(): void {
    this.#cancelSilence = null
    if (!this.#host && !this.#ended) this.#elect({ steal: true })
  }

  /** Ends the wait for a word of the leader. */
  #silence(): void {
    this.#cancelSilence?.()
    this.#cancelSilence = null
  }

  #hear(said: Said): void {
    if (this.#ended) return
    if ('moved' in said) {
      this.#depose()
      return
    }
    if ('from' in said) {
      if (!this.#host) return
      this.#meet(said.from)
      this.#tell({ leader: this.id, to: said.from, message: null })
      if ('message' in said) this.#host.receive(said.from, said.message)
      else this.#host.greet(said.from)
      return
    }
    if ('began' in said) {
      if (this.#host) this.#depose() // which had not noticed
      this.#leader = said.leader
      this.#silence()
      this.#tellAll()
      return
    }
    if (said.message?.type === 'error' && said.message.code === 'module') {
      this.#world.post(said.message) // the last word of one that led; its lock may have been here before it
      return
    }
    if (this.#host || (said.to !== '' && said.to !== this.id)) return
    if (this.#leader === '' && said.message === null) {
      this.#leader = said.leader
      this.#tellAll()
    }
    if (said.leader !== this.#leader) return // of one that was
    this.#silence()
    if (said.message) this.#answer(said.message)
  }

  /** Leads a tab from now on, until its lock is free: then it is gone. */
  #meet(tab: string): void {
    if (this.#others.has(tab)) return
    this.#others.add(tab)
    const host = this.#host!
    void this.#world.locks!.request(lockOf(tab), { mode: 'shared' }, () => {
      if (host !== this.#host) return
      this.#others.delete(tab)
      host.gone(tab)
    })
  }

  /** Hands the page what the leader says. */
  #answer(message: FromWorker): void {
    if ('number' in message) this.#unanswered.delete(message.number)
    this.#world.post(message)
  }

  /** Ends. What is on its way to the disk is waited for, and told; all else is answered with the fault. */
  async #close(fault: string): Promise<void> {
    this.#ended = true
    this.#stopWaiting()
    this.#say({ type: 'close' })
    this.#silence()
    await this.#host?.close()
    this.#host = null
    this.#world.post({ type: 'closed', fault })
    this.#release()
    this.#die()
    this.#channel?.close()
    this.#all?.close()
  }
}

const lockOf = (tab: string) => `nigh tab ${tab}`
