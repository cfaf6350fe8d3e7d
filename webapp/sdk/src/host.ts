// The leader's half of the worker, without the worker: carries out what the module decides, with the socket (line.ts), the
// storage (keeping.ts) and a timer, and measures how long answers take (timed.ts); it knows nothing of ranking and nothing of
// what is in a frame. A Host lives as long as this tab leads (tabs.ts); it serves the pages of all tabs.
//
//   pages ──ToWorker──► Host ──calls──► Replica (the module)
//   pages ◄─FromWorker─ Host ◄─effects──┘   │
//                        └── WebSocket, timer, IndexedDB

import { Keeping, type Keeper } from './keeping.ts'
import { Line, type Network } from './line.ts'
import type { Effect, List, NighModule, ReaderProfile, Replica, Status } from './module.ts'
import type { FromWorker, Open, Recorded, ToWorker } from './protocol.ts'
import type { Stored } from './storage.ts'
import { Timed } from './timed.ts'

/** What a Host needs of the world; worker.ts gives the real one, tests a virtual one. */
export interface World extends Network, Pick<Keeper, 'storage' | 'superseded'> {
  /** Wall clock for the module, Unix milliseconds, whole. */
  unixMillis(): number
  /** The clock of protocol.ts: milliseconds with fractions. */
  now(): number
  /** Calls f once, at Unix time `at`; returns how to cancel it. */
  wake(at: number, f: () => void): () => void
  /** A random whole number. */
  seed(): number
  /** A client id that nobody can guess. */
  id(): string
  /** Takes out what is kept for all readers, and has every leader begin anew, this one too. */
  clearAll(): Promise<void>
  /** Says something to a tab's page, '' for all of them. */
  post(to: string, message: FromWorker): void
  /** What was done in these spaces is this reader's: their tabs are to begin anew. */
  moved(spaces: string[]): void
  /** The module has ended in the midst of a call. Nothing comes of this host any more; it is to be closed. */
  crashed(how: string): void
}

export class Host {
  readonly #world: World
  #replica: Replica | null = null
  #config: Open | null = null
  #waiting: { from: string; message: ToWorker }[] = [] // what came before the module was there, in order
  #module: NighModule | null = null
  #stored: Stored | null = null // read and not yet handed to the module
  readonly #keeping: Keeping
  #handling: { from: string; number: number } | null = null // what a page said and waits for the answer to
  #asks = new Map<string, Extract<ToWorker, { type: 'ask' }>>()
  #profile: ReaderProfile | null = null
  #asking: { from: string; number: number } | null = null // who waits for exported
  readonly #line: Line
  #ended = false
  #cancelWake: () => void = () => {}
  #status: Status | null = null
  readonly #timed = new Timed()

  constructor(world: World) {
    this.#world = world
    this.#keeping = new Keeping({
      storage: (config) => world.storage(config),
      post: (message) => world.post('', message),
      lost: () => {
        if (this.#replica) this.#run(null, (unix) => this.#replica!.storeLost(unix))
      },
      superseded: () => world.superseded(),
    })
    this.#line = new Line(world, {
      opened: () => {
        this.#timed.openedAt = world.now()
        this.#run(null, (unix) => this.#replica!.opened(unix))
      },
      frame: (bytes, size) => this.#run(null, (unix) => this.#replica!.frame(bytes, size, unix)),
      closed: (code) => this.#run(null, (unix) => this.#replica!.closed(code, unix)),
      unreachable: (message) => world.post('', { type: 'error', code: 'unreachable', message }),
    })
  }

  /** The module has started. */
  ready(module: NighModule): void {
    this.#module = module
    this.#begin()
  }

  /** A page says something, through its tab. */
  receive(from: string, message: ToWorker): void {
    if (this.#ended) return
    switch (message.type) {
      case 'open':
        this.#open(message)
        return
      // The network is the host's matter, so this works before the module is there.
      case 'pause':
        this.#line.pause(from, message.paused)
        this.networkChanged()
        return
      case 'network':
        this.#line.reachable = message.online
        this.networkChanged()
        return
      case 'close':
        this.gone(from)
        return
    }
    if (!this.#replica) {
      this.#waiting.push({ from, message })
      return
    }
    this.#handle(this.#replica, from, message)
  }

  /** A tab that has just come is told what others know. */
  greet(tab: string): void {
    if (this.#status) this.#world.post(tab, { type: 'status', status: this.#status, online: this.#line.online })
    if (this.#profile) this.#world.post(tab, { type: 'profile', profile: this.#profile })
    if (this.#keeping.told) this.#world.post(tab, this.#keeping.told)
  }

  /** A tab has gone. */
  gone(tab: string): void {
    this.#waiting = this.#waiting.filter(({ from, message }) => from !== tab || message.type !== 'ask')
    for (const name of [...this.#asks.keys()]) {
      if (tabOf(name) === tab) this.receive(tab, { type: 'drop', name: nameOf(name) })
    }
    if (this.#line.pause(tab, false)) this.networkChanged()
  }

  /** The machine went online or offline, or the page asked to behave as if it had. */
  networkChanged(): void {
    if (!this.#line.changed() && this.#replica) this.#run(null, (unix) => this.#replica!.online(unix))
    this.#postStatus()
  }

  #open(config: Open): void {
    if (this.#config) return
    this.#config = config
    this.#line.to(config)
    this.#keeping.open(config, (stored) => {
      this.#stored = stored
      this.#begin()
    })
  }

  #begin(): void {
    if (!this.#module || !this.#config || !this.#stored || this.#replica || this.#ended) return
    const { client, user, token, renews, budget, privacy } = this.#config
    const device = privacy === 'device'
    const { keys, values, spent } = this.#stored
    const replica = this.#module.open({
      client: client === '' || device || spent ? this.#world.id() : client,
      user,
      token: device ? '' : token,
      renews: renews && !device,
      seed: this.#world.seed(),
      budget,
      stores: this.#keeping.on,
      private: device,
      inflates: this.#world.inflate !== null,
    })
    this.#replica = replica
    this.#stored = { keys: [], values: [], spent }
    if (keys.length > 0) this.#run(null, (unix) => replica.restore(keys, values, unix))
    this.#run(null, (unix) => replica.start(unix))
    for (const { from, message } of this.#waiting.splice(0)) this.#handle(replica, from, message)
  }

  /** Begins again from nothing; what is asked stays asked. */
  #beginAnew(): void {
    this.#cancelWake()
    this.#line.close(1000, 'begins anew')
    this.#replica = null
    this.#timed.anew()
    this.#profile = { history: [], preferences: [] }
    this.#world.post('', { type: 'profile', profile: this.#profile })
    const asks = [...this.#asks.values()]
    this.#begin()
    for (const ask of asks) this.#run(null, (unix) => this.#replica!.ask(ask.question, unix))
  }

  /** Takes out what is kept of this reader and begins anew. */
  async erase(): Promise<void> {
    await this.#keeping.clear()
    if (this.#replica && !this.#ended) this.#beginAnew()
  }

  #handle(replica: Replica, from: string, message: ToWorker): void {
    this.#handling = 'number' in message ? { from, number: message.number } : null
    this.#told(replica, from, message)
    this.#handling = null
  }

  #told(replica: Replica, from: string, message: ToWorker): void {
    switch (message.type) {
      case 'ask': {
        const name = `${from}/${message.question.name}`
        const ask = { ...message, question: { ...message.question, name } }
        this.#asks.set(name, ask)
        this.#timed.ask(name, message.at)
        this.#run(message.at, (unix) => replica.ask(ask.question, unix))
        break
      }
      case 'drop': {
        const name = `${from}/${message.name}`
        this.#asks.delete(name)
        this.#timed.drop(name)
        this.#run(null, (unix) => replica.drop(name, unix))
        break
      }
      case 'token':
        this.#run(null, (unix) => replica.token(message.token, unix))
        break
      case 'record':
        this.#record(replica, from, [message])
        break
      case 'batch':
        this.#record(replica, from, message.records)
        break
      case 'prefer':
        this.#run(message.at, (unix) => replica.prefer(message.kind, message.key, message.weight, from, message.number, unix))
        break
      case 'merge':
        void this.#merge(message.clients).then(
          () => this.#world.post(from, { type: 'moved', number: message.number }),
          () => {}, // whoever leads now is told of it
        )
        break
      case 'export':
        this.#asking = { from, number: message.number }
        this.#run(null, (unix) => replica.export(unix))
        break
      case 'erase':
        void (message.everyone ? this.#world.clearAll() : this.erase()).then(
          () => this.#world.post(from, { type: 'erased', number: message.number, fault: '' }),
          (reason: unknown) => this.#world.post(from, { type: 'erased', number: message.number, fault: String(reason) }),
        )
        break
    }
  }

  /** Several go to the server in one frame. */
  #record(replica: Replica, from: string, records: Recorded[]): void {
    for (const [i, { kind, item, value, number, at }] of records.entries()) {
      if (this.#ended) return
      this.#handling = { from, number }
      this.#run(at, (unix) => replica.record(kind, item, value, from, number, i < records.length - 1, unix))
    }
  }

  /** What readers without a name did here becomes this one's. */
  async #merge(clients: string[]): Promise<void> {
    if (this.#config!.privacy === 'device') return
    const moved = await this.#keeping.move(this.#config!, clients)
    this.#world.moved(moved.spaces)
    if (this.#ended) return // the next life finds it in the storage
    for (const client of moved.others) this.#world.post('', { type: 'merged', client })
    this.#run(null, (unix) => this.#replica!.merge(moved.clients, moved.keys, moved.values, unix))
  }

  /** Calls the module and carries out its effects in order. `at` is when the page asked for it, null if it did not. */
  #run(at: number | null, call: (unixMillis: number) => Effect[]): void {
    if (this.#ended) return
    const began = this.#world.now()
    let effects: Effect[]
    try {
      effects = call(this.#world.unixMillis())
      if (!Array.isArray(effects)) throw new Error('it ended') // a panic: Go has said why on the console
    } catch (reason) {
      this.crash(String(reason))
      return
    }
    const tookMs = this.#world.now() - began
    let closing: number | null = null
    for (const effect of effects) {
      if (this.#ended) return // closed by what an effect led to: nothing of the module may be called any more
      switch (effect.type) {
        case 'connect':
          this.#line.connect()
          break
        case 'send':
          this.#keeping.after(this.#line.sender(effect.bytes)) // behind what is stored before it
          break
        case 'store':
          this.#keeping.store(effect)
          break
        case 'recorded': {
          const { tab, number, fault } = effect
          this.#keeping.after(() => this.#world.post(tab, { type: 'recorded', number, fault, kept: fault === '' && this.#keeping.on }))
          break
        }
        case 'exported': {
          const asking = this.#asking!
          this.#world.post(asking.from, { type: 'exported', number: asking.number, exported: JSON.parse(effect.json), profile: this.#profile! })
          break
        }
        case 'close':
          closing = effect.code
          this.#line.close(effect.code, effect.reason)
          break
        case 'wake':
          this.#cancelWake()
          this.#cancelWake = this.#world.wake(effect.at, () => this.#run(null, (unix) => this.#replica!.tick(unix)))
          break
        case 'token':
          this.#world.post('', { type: 'token' })
          break
        case 'merged':
          this.#world.post('', { type: 'merged', client: effect.client })
          break
        case 'list':
          this.#list(JSON.parse(effect.json) as List, tookMs, at)
          break
        case 'status':
          this.#status = JSON.parse(effect.json) as Status
          this.#postStatus()
          break
        case 'profile':
          this.#profile = JSON.parse(effect.json) as ReaderProfile
          this.#world.post('', { type: 'profile', profile: this.#profile })
          break
      }
    }
    // The browser reports the end of a socket late, or after a long time-out on a dead line; the module need not wait.
    if (closing !== null && !this.#ended) {
      const code = closing
      this.#line.failed()
      this.#run(null, (unix) => this.#replica!.closed(code, unix))
    }
  }

  #list(list: List, tookMs: number, at: number | null): void {
    const { question } = list
    const tab = tabOf(question)
    list.question = nameOf(question)
    if (list.source === 'local') {
      this.#timed.local(list, at)
      this.#world.post(tab, { type: 'list', list, tookMs, at })
      return
    }
    this.#world.post(tab, { type: 'list', list, tookMs: this.#timed.server(question, list, this.#world.now()), at: null })
  }

  /** The module has ended, in a call or by itself. Nothing that it was told then was done; what it was told before is stored. */
  crash(how: string): void {
    if (this.#ended) return
    const handling = this.#handling
    void this.close()
    if (handling) this.#world.post(handling.from, { type: 'failed', number: handling.number, fault: `nigh.wasm failed: ${how}; this was not kept` })
    if (this.#status) this.#world.post('', { type: 'status', status: { ...this.#status, state: 'offline' }, online: this.#line.online })
    this.#world.crashed(how)
  }

  /** Ends; resolves when what was to be stored is, and told. */
  async close(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    this.#cancelWake()
    this.#line.close(1000, 'the page is done')
    this.#replica = null
    this.#module = null
    this.#config = null
    await this.#keeping.close()
  }

  #postStatus(): void {
    if (this.#status) this.#world.post('', { type: 'status', status: this.#status, online: this.#line.online })
  }
}

// A question is known to the module by its tab and its name there. Ids of tabs have no slash.
const tabOf = (question: string) => question.slice(0, question.indexOf('/'))
const nameOf = (question: string) => question.slice(question.indexOf('/') + 1)
