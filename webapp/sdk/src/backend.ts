// Who answers the page: the worker with the module, or, where WebAssembly or workers are missing, the server alone. Both
// speak protocol.ts. What the page says before the module has started is kept until then, so that the server can be
// asked in its place if it never does.

import type { FromWorker, ToWorker } from './protocol.ts'

/** Where lists come from: `device`: from the module here, and from the server; `server`: from the server alone. */
export type Mode = 'device' | 'server'

/** What server_only.ts is to this file. */
export interface Stand {
  receive(message: ToWorker): void
}

export class Backend {
  mode: Mode = 'device'
  readonly #receive: (message: FromWorker) => void
  #worker: Worker | null = null
  #stand: Stand | null = null
  #said: ToWorker[] | null = [] // null once the module answers

  /** spawn starts the worker; receive gets all that either of them says. */
  constructor(spawn: () => Worker, receive: (message: FromWorker) => void) {
    this.#receive = receive
    if (typeof WebAssembly !== 'object') {
      this.#withoutModule()
      return
    }
    try {
      this.#worker = spawn()
    } catch (reason) {
      // No workers here, or none that this page may start. Only the latter is worth a word to its owner.
      if (typeof Worker === 'function') this.#failed(`the worker could not be started: ${String(reason)}`)
      else this.#withoutModule()
      return
    }
    this.#worker.addEventListener('message', (event: MessageEvent<FromWorker>) => this.#heard(event.data))
    this.#worker.addEventListener('error', (event: ErrorEvent) => {
      this.#heard({ type: 'error', code: 'worker', message: event.message || 'the worker could not be started' })
    })
  }

  post(message: ToWorker): void {
    this.#said?.push(message)
    if (this.#stand) this.#stand.receive(message)
    else this.#worker?.postMessage(message)
  }

  #heard(message: FromWorker): void {
    if (this.mode === 'server') return // the worker's last words
    if (message.type === 'token' || message.type === 'storage') {
      // May come before the module is there.
    } else if (message.type !== 'error') {
      this.#said = null
    } else if (this.#said && (message.code === 'module' || message.code === 'worker')) {
      // Nothing has left the worker: it waits for the module. So nothing is counted twice.
      this.#worker?.terminate()
      this.#failed(message.message)
      return
    }
    this.#receive(message)
  }

  #failed(message: string): void {
    this.#receive({ type: 'error', code: 'module', message: `${message}; the server alone recommends here` })
    this.#withoutModule()
  }

  #withoutModule(): void {
    this.mode = 'server'
    this.#worker = null
    import('./server_only.ts').then(
      ({ ServerOnly }) => {
        const stand = new ServerOnly(this.#receive)
        const said = this.#said ?? []
        this.#said = null
        for (const message of said) stand.receive(message)
        this.#stand = stand
      },
      (reason: unknown) => {
        const fault = `load what asks the server: ${String(reason)}; reload the page`
        this.#receive({ type: 'error', code: 'worker', message: fault })
        this.#receive({ type: 'closed', fault })
      },
    )
  }
}
