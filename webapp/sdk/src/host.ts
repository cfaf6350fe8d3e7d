// The leader's half of the worker, without the worker: carries out what the module decides. It owns the socket, the
// timer and the storage, and measures how long answers take; it knows nothing of ranking and nothing of what is in a
// frame. A Host lives as long as this tab leads (tabs.ts); it serves the pages of all tabs.
//
//   pages ──ToWorker──► Host ──calls──► Replica (the module)
//   pages ◄─FromWorker─ Host ◄─effects──┘   │
//                        └── WebSocket, timer, IndexedDB

import { Frames, type Inflate } from './inflate.ts'
import type { Effect, List, NighModule, ReaderProfile, Replica, Status, StoreEffect } from './module.ts'
import type { FromWorker, Open, ToWorker } from './protocol.ts'
import { StorageError, Superseded, type Storage, type StorageReason, type Stored } from './storage.ts'

/** What a Host needs of the world; worker.ts gives the real one, tests a virtual one. */
export interface World {
  /** Wall clock for the module, Unix milliseconds, whole. */
  unixMillis(): number
  /** The clock of protocol.ts: milliseconds with fractions. */
  now(): number
  /** Calls f once, at Unix time `at`; returns how to cancel it. */
  wake(at: number, f: () => void): () => void
  socket(url: string, protocols: string[]): WebSocket
  /** Inflates frames; null if this browser cannot, and the server is to send them as they are. */
  inflate: Inflate | null
  /** A random whole number. */
  seed(): number
  /** A client id that nobody can guess. */
  id(): string
  /** Whether the machine says that it has a network. */
  online(): boolean
  /** Opens what is kept for a config, or tells why nothing is: rejects with a StorageError. */
  storage(config: Open): Promise<{ storage: Storage; stored: Stored }>
  /** Takes out what is kept for all readers, and has every leader begin anew, this one too. */
  clearAll(): Promise<void>
  /** Says something to a tab's page, '' for all of them. */
  post(to: string, message: FromWorker): void
  /** Another tab writes what this one does: it leads no more. */
  superseded(): void
}

/** A question as the host follows it: when its next answer of the server began to be waited for. */
interface Following {
  since: number | null // asked at; null once the server has answered
  answered: number // highest op that an answer of the server knew of
}

// Ops whose time is remembered until the server's answer to them; older ones are forgotten, their answer goes untimed.
const maxTimedOps = 256

// After so many sockets that never opened, and none before them that did, the page is told. A browser does not say why
// a socket fails: a server that is down and one that refuses the page's origin look the same.
const failuresUntilTold = 3

// The code of a frame that could not be read; wire.CloseProtocol.
const torn = 4002

export class Host {
  readonly #world: World
  #replica: Replica | null = null
  #config: Open | null = null
  #waiting: { from: string; message: ToWorker }[] = [] // what came before the module was there, in order
  #module: NighModule | null = null
  #stored: Stored | null = null // read and not yet handed to the module
  #storage: Storage | null = null
  #kept: { kept: boolean; reason: StorageReason | '' } | null = null
  #behind: (null | (() => void))[] = [] // what waits for the storage; null: a store that is not done
  #asks = new Map<string, Extract<ToWorker, { type: 'ask' }>>()
  #profile: ReaderProfile | null = null
  #asking: { from: string; number: number } | null = null // who waits for exported
  #socket: WebSocket | null = null
  #frames: Frames | null = null // of the socket
  #wantSocket = false // the module asked for a socket while there was no network
  #paused = new Set<string>() // tabs that want no network
  #reachable = true // as the page sees it
  #ended = false
  #cancelWake: () => void = () => {}
  #status: Status | null = null
  #openedAt = 0
  #everOpened = false
  #failures = 0 // sockets that ended before any had opened
  #following = new Map<string, Following>()
  #ops: { op: number; at: number }[] = [] // ascending

  constructor(world: World) {
    this.#world = world
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
        if (message.paused) this.#paused.add(from)
        else this.#paused.delete(from)
        this.networkChanged()
        return
      case 'network':
        this.#reachable = message.online
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
    if (this.#status) this.#world.post(tab, { type: 'status', status: this.#status, online: this.#online() })
    if (this.#profile) this.#world.post(tab, { type: 'profile', profile: this.#profile })
    if (this.#kept) this.#world.post(tab, { type: 'storage', ...this.#kept })
  }

  /** A tab has gone. */
  gone(tab: string): void {
    this.#waiting = this.#waiting.filter(({ from, message }) => from !== tab || message.type !== 'ask')
    for (const name of [...this.#asks.keys()]) {
      if (tabOf(name) === tab) this.receive(tab, { type: 'drop', name: nameOf(name) })
    }
    if (this.#paused.delete(tab)) this.networkChanged()
  }

  /** The machine went online or offline, or the page asked to behave as if it had. */
  networkChanged(): void {
    if (!this.#online()) {
      this.#abandonSocket(1006)
    } else if (this.#wantSocket) {
      this.#connect()
    } else if (this.#replica) {
      const replica = this.#replica
      this.#run(null, (unix) => replica.online(unix))
    }
    this.#postStatus()
  }

  #open(config: Open): void {
    if (this.#config) return
    this.#config = config
    this.#world.storage(config).then(
      ({ storage, stored }) => {
        if (this.#ended) {
          void storage.close()
          return
        }
        storage.onlost = (error) => this.#storageLost(error)
        this.#storage = storage
        this.#stored = stored
        this.#tellStorage('')
        this.#begin()
      },
      (error: unknown) => {
        this.#stored = { keys: [], values: [] }
        this.#tellStorage(error instanceof StorageError ? error.reason : 'unavailable')
        this.#begin()
      },
    )
  }

  #begin(): void {
    if (!this.#module || !this.#config || !this.#stored || this.#replica || this.#ended) return
    const { client, user, token, renews, merge, budget, privacy } = this.#config
    const device = privacy === 'device'
    const replica = this.#module.open({
      client: client === '' || device ? this.#world.id() : client,
      user,
      token: device ? '' : token,
      renews: renews && !device,
      merge: device ? [] : merge,
      seed: this.#world.seed(),
      budget,
      stores: this.#storage !== null,
      private: device,
      inflates: this.#world.inflate !== null,
    })
    this.#replica = replica
    const { keys, values } = this.#stored
    this.#stored = { keys: [], values: [] }
    if (keys.length > 0) this.#run(null, (unix) => replica.restore(keys, values, unix))
    this.#run(null, (unix) => replica.start(unix))
    for (const { from, message } of this.#waiting.splice(0)) this.#handle(replica, from, message)
  }

  /** Begins again from nothing; what is asked stays asked. */
  #beginAnew(): void {
    this.#cancelWake()
    this.#detach()?.close(1000, 'begins anew')
    this.#replica = null
    this.#ops = []
    this.#profile = { history: [], preferences: [] }
    this.#world.post('', { type: 'profile', profile: this.#profile })
    const asks = [...this.#asks.values()]
    this.#begin()
    for (const ask of asks) this.#run(null, (unix) => this.#replica!.ask(ask.question, unix))
  }

  /** Takes out what is kept of this reader and begins anew. */
  async erase(): Promise<void> {
    try {
      await this.#storage?.clear()
    } catch (error) {
      this.#storageLost(error)
    }
    if (this.#replica && !this.#ended) this.#beginAnew()
  }

  #handle(replica: Replica, from: string, message: ToWorker): void {
    switch (message.type) {
      case 'ask': {
        const name = `${from}/${message.question.name}`
        const ask = { ...message, question: { ...message.question, name } }
        this.#asks.set(name, ask)
        this.#following.set(name, { since: message.at, answered: 0 })
        this.#run(message.at, (unix) => replica.ask(ask.question, unix))
        break
      }
      case 'drop': {
        const name = `${from}/${message.name}`
        this.#asks.delete(name)
        this.#following.delete(name)
        this.#run(null, (unix) => replica.drop(name, unix))
        break
      }
      case 'token':
        this.#run(null, (unix) => replica.token(message.token, unix))
        break
      case 'record':
        this.#run(message.at, (unix) => replica.record(message.kind, message.item, message.value, from, message.number, unix))
        break
      case 'prefer':
        this.#run(message.at, (unix) => replica.prefer(message.kind, message.key, message.weight, from, message.number, unix))
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

  /** Calls the module and carries out its effects in order. `at` is when the page asked for it, null if it did not. */
  #run(at: number | null, call: (unixMillis: number) => Effect[]): void {
    if (this.#ended) return
    const began = this.#world.now()
    let effects: Effect[]
    try {
      effects = call(this.#world.unixMillis())
    } catch (reason) {
      // The module has ended; nothing more will come of it. What the page shows stays.
      this.#world.post('', { type: 'error', code: 'module', message: `nigh.wasm failed: ${String(reason)}; reload the page` })
      void this.close()
      return
    }
    const tookMs = this.#world.now() - began
    let closing: number | null = null
    for (const effect of effects) {
      if (this.#ended) return // closed by what an effect led to: nothing of the module may be called any more
      switch (effect.type) {
        case 'connect':
          this.#connect()
          break
        case 'send':
          this.#send(this.#socket, effect.bytes)
          break
        case 'store':
          this.#store(effect)
          break
        case 'recorded': {
          const { tab, number, fault } = effect
          this.#afterStore(() => this.#world.post(tab, { type: 'recorded', number, fault, kept: fault === '' && this.#storage !== null }))
          break
        }
        case 'exported': {
          const asking = this.#asking!
          this.#world.post(asking.from, { type: 'exported', number: asking.number, exported: JSON.parse(effect.json), profile: this.#profile! })
          break
        }
        case 'close':
          closing = effect.code
          this.#detach()?.close(closable(effect.code), effect.reason)
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
      this.#failed()
      this.#run(null, (unix) => this.#replica!.closed(code, unix))
    }
  }

  /** Frames go behind what is stored before them, if their socket is still there then. */
  #send(socket: WebSocket | null, bytes: Uint8Array): void {
    this.#afterStore(() => {
      if (socket && socket === this.#socket && socket.readyState === 1) socket.send(bytes as Uint8Array<ArrayBuffer>)
    })
  }

  #afterStore(f: () => void): void {
    if (this.#behind.length === 0) f()
    else this.#behind.push(f)
  }

  #store(effect: StoreEffect): void {
    if (!this.#storage) return
    this.#behind.push(null)
    this.#storage.put(effect).then(
      () => {
        if (this.#behind.shift() === null) this.#letGo()
      },
      (error: unknown) => this.#storageLost(error),
    )
  }

  /** Does what waits for no store any more. */
  #letGo(): void {
    while (this.#behind.length > 0 && this.#behind[0] !== null) this.#behind.shift()!()
  }

  /** Nothing can be stored any more: it goes on in memory, and says so. */
  #storageLost(error: unknown): void {
    const storage = this.#storage
    if (!storage || this.#ended) return
    if (error instanceof Superseded) {
      this.#world.superseded()
      return
    }
    this.#storage = null
    void storage.close()
    this.#behind = this.#behind.filter((f) => f !== null)
    this.#letGo()
    this.#tellStorage(error instanceof StorageError ? error.reason : 'lost')
    if (this.#replica) this.#run(null, (unix) => this.#replica!.storeLost(unix))
  }

  #tellStorage(reason: StorageReason | ''): void {
    this.#kept = { kept: reason === '', reason }
    this.#world.post('', { type: 'storage', ...this.#kept })
  }

  #list(list: List, tookMs: number, at: number | null): void {
    const tab = tabOf(list.question)
    const following = list.question
    list.question = nameOf(list.question)
    if (list.source === 'local') {
      // The local answer is the first to tell the number of the op that caused it.
      const last = this.#ops.at(-1)?.op ?? 0
      if (at !== null && list.version.op > last) {
        this.#ops.push({ op: list.version.op, at })
        if (this.#ops.length > maxTimedOps) this.#ops.shift()
      }
      this.#world.post(tab, { type: 'list', list, tookMs, at })
      return
    }
    this.#world.post(tab, { type: 'list', list, tookMs: this.#serverTook(following, list), at: null })
  }

  /**
   * How long the server's answer took: from the newest op that it knows of and that no answer before it knew of, or
   * from the question itself; or from when the socket opened, if that was later. Null if the server sent the list for
   * another reason: the catalog changed, say.
   */
  #serverTook(question: string, list: List): number | null {
    const following = this.#following.get(question)
    if (!following) return null
    let from = following.since
    following.since = null
    for (const timed of this.#ops) {
      if (timed.op > following.answered && timed.op <= list.version.op) from = timed.at
    }
    following.answered = Math.max(following.answered, list.version.op)
    return from === null ? null : this.#world.now() - Math.max(from, this.#openedAt)
  }

  #connect(): void {
    if (!this.#config || this.#socket) return
    if (!this.#online()) {
      this.#wantSocket = true // networkChanged comes back to it
      return
    }
    this.#wantSocket = false
    // The token travels in the first frame, not as a subprotocol: a refusal then has a reason that the page can read.
    const socket = this.#world.socket(this.#config.url, ['nigh.v1'])
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => {
      this.#openedAt = this.#world.now()
      this.#everOpened = true
      this.#run(null, (unix) => this.#replica!.opened(unix))
    }
    const frames = new Frames(
      this.#world.inflate,
      (bytes, size) => this.#run(null, (unix) => this.#replica!.frame(bytes, size, unix)),
      () => this.#abandonSocket(torn),
    )
    socket.onmessage = (event: MessageEvent) => frames.push(new Uint8Array(event.data as ArrayBuffer))
    socket.onclose = (event: CloseEvent) =>
      frames.end(() => {
        this.#detach()
        this.#failed()
        this.#run(null, (unix) => this.#replica!.closed(event.code, unix))
      })
    this.#socket = socket
    this.#frames = frames
  }

  /** A socket has ended. Tells the page once if none has ever opened; the module goes on trying. */
  #failed(): void {
    if (this.#everOpened || ++this.#failures !== failuresUntilTold) return
    const { url, origin } = this.#config!
    const allowed = origin === '' ? '' : `, and was it started with --origin ${origin}`
    this.#world.post('', { type: 'error', code: 'unreachable', message: `no connection to ${url}; is the server up${allowed}?` })
  }

  /** Lets go of the socket: what it still reports is not heard. */
  #detach(): WebSocket | null {
    const socket = this.#socket
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null
      this.#frames?.drop()
      this.#socket = this.#frames = null
    }
    return socket
  }

  #abandonSocket(code: number): void {
    const socket = this.#detach()
    if (!socket) return
    if (code === torn) socket.close(torn, 'a frame could not be inflated')
    else socket.close()
    this.#run(null, (unix) => this.#replica!.closed(code, unix))
  }

  /** Ends; resolves when what was to be stored is. */
  async close(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    this.#cancelWake()
    this.#detach()?.close(1000, 'the page is done')
    this.#replica = null
    this.#module = null
    this.#config = null
    await this.#storage?.close()
  }

  #online(): boolean {
    return this.#paused.size === 0 && this.#reachable && this.#world.online()
  }

  #postStatus(): void {
    if (this.#status) this.#world.post('', { type: 'status', status: this.#status, online: this.#online() })
  }
}

// A question is known to the module by its tab and its name there. Ids of tabs have no slash.
const tabOf = (question: string) => question.slice(0, question.indexOf('/'))
const nameOf = (question: string) => question.slice(question.indexOf('/') + 1)

/** WebSocket.close takes 1000 and 3000–4999 only. */
function closable(code: number): number {
  return code === 1000 || (code >= 3000 && code <= 4999) ? code : 1000
}
