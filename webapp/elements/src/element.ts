// What all of the elements share: a connection while they are in a document.

import type { Client, ConnectOptions } from '@nigh/client'
import { serverOf, take } from './clients.ts'

// There is no HTMLElement where pages are rendered on a server; importing the classes there must do no harm.
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement

/**
 * Attributes: `server` (its address; the script tag's own if absent), `user` (the reader; absent or empty: who this browser
 * is, and nobody else), `token`, and `merge` (with `user`, after a sign-in: what was done here without one becomes that
 * reader's). They are options of connect(). Or set the property `client` to a connection of your own.
 */
export abstract class NighElement extends Base {
  static readonly observedAttributes: string[] = ['server', 'user', 'token', 'merge']
  #given: Client | null = null
  #client: Client | null = null
  #running: AbortController | null = null
  #due = false

  /** The connection, while the element is in a document; set it to use one of your own, null to go back. */
  get client(): Client | null {
    return this.#given ?? this.#client
  }

  set client(client: Client | null) {
    this.#given = client
    this.restart()
  }

  connectedCallback(): void {
    // A property set before the class was there hides the setter.
    if (Object.hasOwn(this, 'client')) {
      const { client } = this
      Reflect.deleteProperty(this, 'client')
      this.client = client
    }
    this.prepare()
    this.restart()
  }

  disconnectedCallback(): void {
    this.restart()
  }

  attributeChangedCallback(): void {
    this.restart()
  }

  /** Begins anew, once, when the code that changes attributes and properties is done. */
  protected restart(): void {
    if (this.#due) return
    this.#due = true
    queueMicrotask(() => {
      this.#due = false
      this.#running?.abort()
      this.#running = null
      if (this.isConnected) this.#start()
    })
  }

  #start(): void {
    const running = new AbortController()
    this.#running = running
    if (this.#given) {
      this.opened(this.#given, running.signal)
      return
    }
    const server = serverOf(this)
    if (server === '') {
      this.failed('no server: give the element a server attribute, or a client')
      return
    }
    try {
      const user = this.getAttribute('user')
      const options: ConnectOptions = { url: server }
      if (user) Object.assign(options, { user, merge: this.hasAttribute('merge') })
      const token = this.getAttribute('token')
      const { client, release } = take(token === null ? options : { ...options, token })
      this.#client = client
      running.signal.addEventListener('abort', () => {
        this.#client = null
        release()
      })
      this.opened(client, running.signal)
    } catch (reason) {
      this.failed(String(reason))
    }
  }

  /** Makes the shadow root, once. */
  protected abstract prepare(): void
  /** There is a connection, until the signal. */
  protected abstract opened(client: Client, signal: AbortSignal): void
  /** There will be none. */
  protected failed(reason: string): void {
    console.warn(`<${this.localName}>: ${reason}`)
  }
}

/** A shadow root with a style sheet; one sheet serves all elements of a kind. No policy on styles is in its way. */
export function shadow(host: HTMLElement, css: string): ShadowRoot {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
  let sheet = sheets.get(css)
  if (!sheet) {
    sheet = new CSSStyleSheet()
    sheet.replaceSync(css)
    sheets.set(css, sheet)
  }
  root.adoptedStyleSheets = [sheet]
  return root
}

const sheets = new Map<string, CSSStyleSheet>()
