// The leader's socket: makes it when the module asks and there is a network, inflates what comes, and says how it ended.

import { Frames, type Inflate } from './inflate.ts'
import type { Open } from './protocol.ts'

/** What a Line needs of the world. */
export interface Network {
  socket(url: string, protocols: string[]): WebSocket
  /** Inflates frames; null if this browser cannot, and the server is to send them as they are. */
  inflate: Inflate | null
  /** Whether the machine says that it has a network. */
  online(): boolean
}

/** Whom it tells. */
export interface Hearer {
  opened(): void
  frame(bytes: Uint8Array, size: number): void
  closed(code: number): void
  /** No socket has ever opened, though several were tried. */
  unreachable(message: string): void
}

// After so many sockets that never opened, and none before them that did, the page is told. A browser does not say why
// a socket fails: a server that is down and one that refuses the page's origin look the same.
const failuresUntilTold = 3

// The code of a frame that could not be read; wire.CloseProtocol.
const torn = 4002

export class Line {
  /** Whether there is a network as the page sees it: not every browser tells its workers. */
  reachable = true
  readonly #network: Network
  readonly #hearer: Hearer
  #to: Open | null = null
  #socket: WebSocket | null = null
  #frames: Frames | null = null // of the socket
  #wanted = false // a socket, while there was no network
  readonly #paused = new Set<string>() // tabs that want no network
  #everOpened = false
  #failures = 0 // sockets that ended before any had opened

  constructor(network: Network, hearer: Hearer) {
    this.#network = network
    this.#hearer = hearer
  }

  to(config: Open): void {
    this.#to = config
  }

  get online(): boolean {
    return this.#paused.size === 0 && this.reachable && this.#network.online()
  }

  /** A tab wants no network, or wants it again; tells whether that is news. */
  pause(tab: string, paused: boolean): boolean {
    if (!paused) return this.#paused.delete(tab)
    this.#paused.add(tab)
    return true
  }

  /** The network may have come or gone; tells whether it acted on that. */
  changed(): boolean {
    if (!this.online) {
      this.#abandon(1006)
      return true
    }
    if (this.#wanted) this.connect()
    else return false
    return true
  }

  connect(): void {
    if (!this.#to || this.#socket) return
    if (!this.online) {
      this.#wanted = true // changed comes back to it
      return
    }
    this.#wanted = false
    // The token travels in the first frame, not as a subprotocol: a refusal then has a reason that the page can read.
    const socket = this.#network.socket(this.#to.url, ['nigh.v1'])
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => {
      this.#everOpened = true
      this.#hearer.opened()
    }
    const frames = new Frames(
      this.#network.inflate,
      (bytes, size) => this.#hearer.frame(bytes, size),
      () => this.#abandon(torn),
    )
    socket.onmessage = (event: MessageEvent) => frames.push(new Uint8Array(event.data as ArrayBuffer))
    socket.onclose = (event: CloseEvent) =>
      frames.end(() => {
        this.#detach()
        this.failed()
        this.#hearer.closed(event.code)
      })
    this.#socket = socket
    this.#frames = frames
  }

  /** What sends a frame over the socket of now, if that is still there then. */
  sender(bytes: Uint8Array): () => void {
    const socket = this.#socket
    return () => {
      if (socket && socket === this.#socket && socket.readyState === 1) socket.send(bytes as Uint8Array<ArrayBuffer>)
    }
  }

  close(code: number, reason: string): void {
    this.#detach()?.close(closable(code), reason)
  }

  /** A socket has ended. Tells once if none has ever opened; the module goes on trying. */
  failed(): void {
    if (this.#everOpened || ++this.#failures !== failuresUntilTold) return
    const { url, origin } = this.#to!
    const allowed = origin === '' ? '' : `, and was it started with --origin ${origin}`
    this.#hearer.unreachable(`no connection to ${url}; is the server up${allowed}?`)
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

  #abandon(code: number): void {
    const socket = this.#detach()
    if (!socket) return
    if (code === torn) socket.close(torn, 'a frame could not be inflated')
    else socket.close()
    this.#hearer.closed(code)
  }
}

/** WebSocket.close takes 1000 and 3000–4999 only. */
function closable(code: number): number {
  return code === 1000 || (code >= 3000 && code <= 4999) ? code : 1000
}
