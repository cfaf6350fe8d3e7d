// The worker's half without the worker: carries out what the module decides. It owns the socket and the timer, and
// measures how long answers take; it knows nothing of ranking and nothing of what is in a frame.
//
//   page ──ToWorker──► Host ──calls──► Replica (the module)
//   page ◄─FromWorker─ Host ◄─effects──┘   │
//                       └── WebSocket, timer

import { Frames, type Inflate } from './inflate.ts'
import type { Effect, List, NighModule, Replica, Status } from './module.ts'
import type { FromWorker, Opening, ToWorker } from './protocol.ts'

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
  /** Whether the machine says that it has a network. */
  online(): boolean
  post(message: FromWorker): void
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
  #config: Opening | null = null
  #waiting: ToWorker[] = [] // what came before the module was there, in order
  #module: NighModule | null = null
  #socket: WebSocket | null = null
  #frames: Frames | null = null // of the socket
  #wantSocket = false // the module asked for a socket while there was no network
  #paused = false
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

  receive(message: ToWorker): void {
    if (this.#ended) return
    if (message.type === 'open') {
      this.#config = message
      this.#begin()
      return
    }
    // The network is the host's matter, so this works before the module is there.
    if (message.type === 'pause' || message.type === 'network') {
      if (message.type === 'pause') this.#paused = message.paused
      else this.#reachable = message.online
      this.networkChanged()
      return
    }
    if (message.type === 'close') {
      this.#close()
      return
    }
    if (!this.#replica) {
      this.#waiting.push(message)
      return
    }
    this.#handle(this.#replica, message)
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

  #begin(): void {
    if (!this.#module || !this.#config || this.#replica) return
    const { client, user, token, renews, merge, budget } = this.#config
    const inflates = this.#world.inflate !== null
    const replica = this.#module.open({ client, user, token, renews, merge, budget, seed: this.#world.seed(), inflates })
    this.#replica = replica
    this.#run(null, (unix) => replica.start(unix))
    for (const message of this.#waiting.splice(0)) this.#handle(replica, message)
  }

  #handle(replica: Replica, message: ToWorker): void {
    switch (message.type) {
      case 'ask':
        this.#following.set(message.question.name, { since: message.at, answered: 0 })
        this.#run(message.at, (unix) => replica.ask(message.question, unix))
        break
      case 'drop':
        this.#following.delete(message.name)
        this.#run(null, (unix) => replica.drop(message.name, unix))
        break
      case 'token':
        this.#run(null, (unix) => replica.token(message.token, unix))
        break
      case 'record':
        this.#run(message.at, (unix) => replica.record(message.kind, message.item, message.value, unix))
        break
      case 'prefer':
        this.#run(message.at, (unix) => replica.prefer(message.kind, message.key, message.weight, unix))
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
      this.#world.post({ type: 'error', code: 'module', message: `nigh.wasm failed: ${String(reason)}; reload the page` })
      this.#close()
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
          if (this.#socket?.readyState === 1) this.#socket.send(effect.bytes as Uint8Array<ArrayBuffer>)
          break
        case 'close':
          closing = effect.code
          this.#detach()?.close(closable(effect.code), effect.reason)
          break
        case 'wake':
          this.#cancelWake()
          this.#cancelWake = this.#world.wake(effect.at, () => this.#run(null, (unix) => this.#replica!.tick(unix)))
          break
        case 'token':
          this.#world.post({ type: 'token' })
          break
        case 'merged':
          this.#world.post({ type: 'merged', client: effect.client })
          break
        case 'list':
          this.#list(JSON.parse(effect.json) as List, tookMs, at)
          break
        case 'status':
          this.#status = JSON.parse(effect.json) as Status
          this.#postStatus()
          break
        case 'profile':
          this.#world.post({ type: 'profile', profile: JSON.parse(effect.json) })
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

  #list(list: List, tookMs: number, at: number | null): void {
    if (list.source === 'local') {
      // The local answer is the first to tell the number of the op that caused it.
      const last = this.#ops.at(-1)?.op ?? 0
      if (at !== null && list.version.op > last) {
        this.#ops.push({ op: list.version.op, at })
        if (this.#ops.length > maxTimedOps) this.#ops.shift()
      }
      this.#world.post({ type: 'list', list, tookMs, at })
      return
    }
    this.#world.post({ type: 'list', list, tookMs: this.#serverTook(list), at: null })
  }

  /**
   * How long the server's answer took: from the newest op that it knows of and that no answer before it knew of, or
   * from the question itself; or from when the socket opened, if that was later. Null if the server sent the list for
   * another reason: the catalog changed, say.
   */
  #serverTook(list: List): number | null {
    const following = this.#following.get(list.question)
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
    this.#world.post({ type: 'error', code: 'unreachable', message: `no connection to ${url}; is the server up${allowed}?` })
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

  #close(): void {
    this.#ended = true
    this.#cancelWake()
    this.#detach()?.close(1000, 'the page is done')
    this.#replica = null
    this.#module = null
    this.#config = null
  }

  #online(): boolean {
    return !this.#paused && this.#reachable && this.#world.online()
  }

  #postStatus(): void {
    if (this.#status) this.#world.post({ type: 'status', status: this.#status, online: this.#online() })
  }
}

/** WebSocket.close takes 1000 and 3000–4999 only. */
function closable(code: number): number {
  return code === 1000 || (code >= 3000 && code <= 4999) ? code : 1000
}
