// The page's half: plain objects and events around the worker. No DOM is touched, nothing happens at import.

import type { Card, Exported, Labels, List, ListedItem, Question, Reason, ReaderProfile, Status, Version } from './module.ts'
import { now, type ErrorCode, type FromWorker, type Numbered, type PreferenceKind, type Privacy, type ToWorker } from './protocol.ts'
import { Acts, type Act } from './acts.ts'
import { Backend, type Mode } from './backend.ts'
import { defaultPrivacy, type Signal } from './privacy.ts'
import { spawn } from './spawn.ts'
import type { StorageReason } from './storage.ts'

export type { Card, ErrorCode, Exported, Labels, ListedItem, Mode, PreferenceKind, Privacy, Reason, ReaderProfile, Signal, Status, StorageReason, Version }

export interface ConnectOptions {
  /** Where the server is: its http or https address. */
  url: string | URL
  /** The reader: the same name on every device is one reader. 1 to 256 bytes. Absent: who this browser is, and nobody else. */
  user?: string
  /**
   * What proves that the reader is `user`, on a server that asks: a JWT of your site whose `sub` is that name. A function
   * is called for the first one and for a fresh one, a minute before the last ends and when it has ended.
   */
  token?: string | (() => string | Promise<string>)
  /**
   * After a sign-in: the `client` that this browser had before it, while its reader had no name. What was done there
   * becomes the doing of `user`, once; the event `merged` tells when the server has it. Never use that id again, and keep
   * it to yourself until then: it is what proves that it was yours.
   */
  merge?: string | string[]
  /**
   * How many bytes of the catalog's data the page may hold; absent or 0: all of it. Of a larger catalog the server picks
   * the parts that are worth most to this reader, and changes them as the reader moves on. Lists come from these at
   * once, and a moment later from the whole catalog. A part has up to 2,048 items, some 700 kB: below that the page
   * waits for the server. Memory taken is a few times that, and at most 1,024 items more for what lists show.
   */
  budget?: number
  /**
   * Names this device's line of events. Absent, as it should be: random, and kept on the device for this server and
   * reader. One name must never be used on two devices: the server takes the second's events for the first's again.
   */
  client?: string
  /**
   * `device`: nothing about the reader leaves the device: no event, no wish, no question, no name; lists are the
   * device's own, and the catalog still comes. Such a reader is kept apart from the same one with `server`. Absent:
   * `device` if the browser says that its user wants it (`respect`), else `server`.
   */
  privacy?: Privacy
  /** Which signals of the browser make `privacy` `device` where it is absent; both Global Privacy Control and Do Not Track if absent. */
  respect?: Signal[]
  /** False: nothing is kept on this device beyond the life of its tabs. */
  storage?: boolean
  /** Starts the worker; for tests and for bundlers with a way of their own. */
  worker?: () => Worker
}

/** What a standing question asks for. Of each part of Labels that is given, what is listed has one. */
export interface Wish extends Labels {
  limit?: number // 1 to 200; 20 if absent
  exclude?: string[] // ids
  any?: Labels // besides, at least one of all these
  all?: Labels // every one of these
  not?: Labels // none of these
  since?: Time // published then or later, to the hour; an item that gave no date counts from when it came
  until?: Time // published before then
  /**
   * The `next` of the page before: what comes behind it, with nothing shown again, however reader and catalog have moved
   * meanwhile. All else of the wish stays the same. Close the page before (or stop listening to it): while it stands, it
   * may still change to show what this one does.
   */
  after?: string
}

/** "For you", or what is like an item. */
export type Subject = Wish & { similar?: string }

/**
 * How this page stands to the server: `behind`: connected, and not yet at the catalog's newest position. Acts that the
 * server has not acknowledged are Status.pending.
 */
export type Connection = 'offline' | 'connecting' | 'behind' | 'live'

/** The last measured, in milliseconds; null before. */
export interface Timings {
  load: number | null // loading and starting the module
  local: number | null // ranking here
  server: number | null // the server's answer
  click: number | null // from record, prefer or ask to the list
}

/** A Date, or what makes one: "2026-06-01", Unix milliseconds. */
export type Time = Date | string | number

/** One wish about content; exactly one property. */
export type Preference = { [K in PreferenceKind]: { [P in K]: string } & { [P in Exclude<PreferenceKind, K>]?: never } }[PreferenceKind]

/** A list has come: from this device at once, from the server a moment later, and again whenever it changes. */
export class RecommendationsEvent extends Event {
  readonly source: 'local' | 'server'
  readonly items: ListedItem[]
  readonly version: Version
  /** For a wish's `after`: what comes behind this page; '' if nothing does. */
  readonly next: string
  /** For "more like this": the card of the item that it is about; null if this device does not hold it. */
  readonly about: Card | null
  /** Server lists: whether this device came to the same list from the same state; null if that is not comparable. */
  readonly agrees: boolean | null
  /** Local: the module's own time. Server: from the call (or the socket's opening) to here; null if none caused it. */
  readonly tookMs: number | null
  /** From record, prefer or ask in this page to this event; null if none of them caused it, and for server lists. */
  readonly sinceMs: number | null

  constructor(list: List, tookMs: number | null, sinceMs: number | null) {
    super('recommendations')
    this.source = list.source
    this.items = list.items
    this.version = list.version
    this.next = list.next
    this.about = list.about ?? null
    this.agrees = list.agrees
    this.tookMs = tookMs
    this.sinceMs = sinceMs
  }
}

export class StatusEvent extends Event {
  readonly status: Status
  /** Whether there is a network, as far as the browser knows and pause() allows. */
  readonly online: boolean
  readonly connection: Connection
  readonly timings: Timings
  constructor(status: Status, online: boolean, timings: Timings) {
    super('status')
    this.status = status
    this.online = online
    this.connection = connectionOf(status, online)
    this.timings = timings
  }
}

export class ProfileEvent extends Event {
  readonly profile: ReaderProfile
  constructor(profile: ReaderProfile) {
    super('profile')
    this.profile = profile
  }
}

/** Whether what matters is kept on this device, and if not, why: then it is gone with the last tab. */
export class StorageStateEvent extends Event {
  readonly kept: boolean
  readonly reason: StorageReason | ''
  constructor(kept: boolean, reason: StorageReason | '') {
    super('storage')
    this.kept = kept
    this.reason = reason
  }
}

/** What was done before the sign-in, under the id `client`, is the reader's now. */
export class MergedEvent extends Event {
  readonly client: string
  constructor(client: string) {
    super('merged')
    this.client = client
  }
}

export class FailureEvent extends Event {
  readonly code: ErrorCode
  readonly message: string
  constructor(code: ErrorCode, message: string) {
    super('failure')
    this.code = code
    this.message = message
  }
}

type Listener<E> = ((event: E) => void) | { handleEvent(event: E): void } | null

class Typed<M extends { [K in keyof M]: Event }> extends EventTarget {
  override addEventListener<K extends keyof M & string>(
    type: K,
    listener: Listener<M[K]>,
    options?: boolean | AddEventListenerOptions,
  ): void {
    super.addEventListener(type, listener as EventListenerOrEventListenerObject | null, options)
  }

  override removeEventListener<K extends keyof M & string>(
    type: K,
    listener: Listener<M[K]>,
    options?: boolean | EventListenerOptions,
  ): void {
    super.removeEventListener(type, listener as EventListenerOrEventListenerObject | null, options)
  }
}

/** A question that keeps being answered until it is closed. */
export class Standing extends Typed<{ recommendations: RecommendationsEvent }> {
  readonly name: string
  /** The last answer, for whoever listens late; null before the first. */
  last: RecommendationsEvent | null = null
  readonly #send: (message: ToWorker) => void

  constructor(name: string, send: (message: ToWorker) => void) {
    super()
    this.name = name
    this.#send = send
  }

  close(): void {
    this.#send({ type: 'drop', name: this.name })
  }
}

/** Opens a reader's connection. It works from the first moment: what is asked before the module is there waits. */
export function connect(options: ConnectOptions): Client {
  return new Client(options)
}

export class Client extends Typed<{ status: StatusEvent; profile: ProfileEvent; storage: StorageStateEvent; merged: MergedEvent; failure: FailureEvent }> {
  /** The channel as the worker last saw it; null before its first report. */
  status: Status | null = null
  /** What is known of the reader; null before its first report. */
  profile: ReaderProfile | null = null
  /** How long loading and starting the module took; null before it has. */
  loadMs: number | null = null
  /** The last measured; a new object whenever one of them changed. */
  timings: Timings = { load: null, local: null, server: null, click: null }
  /** Whether what matters is kept on this device; null before the first report. */
  storage: { kept: boolean; reason: StorageReason | '' } | null = null
  readonly privacy: Privacy
  readonly #backend: Backend
  readonly #acts = new Acts()
  #online = true
  readonly #answers = new Map<number, (message: FromWorker) => void>()
  #numbers = 0
  readonly #standing = new Map<string, Standing>()
  readonly #closed = new AbortController()
  readonly #token: ConnectOptions['token']
  #names = 0
  #refused = ''
  #asking = false // a token is being made

  constructor(options: ConnectOptions) {
    super()
    this.privacy = options.privacy ?? defaultPrivacy(options.respect)
    const open: ToWorker = {
      type: 'open',
      url: socketUrl(options.url),
      origin: globalThis.location?.origin ?? '', // a worker made of a blob cannot be relied on to know it
      client: options.client === undefined ? '' : clean('client', options.client, 64),
      user: options.user === undefined ? '' : name(options.user),
      token: typeof options.token === 'string' ? clean('token', options.token, 8192) : '',
      renews: typeof options.token === 'function',
      merge: (typeof options.merge === 'string' ? [options.merge] : (options.merge ?? [])).map((id) => clean('merge', id, 64)),
      budget: budget(options.budget ?? 0),
      privacy: this.privacy,
      storage: options.storage ?? true,
    }
    if (open.merge.length > 0 && open.user === '') throw new TypeError('merge is for a reader with a name; give user')
    this.#token = options.token
    this.#backend = new Backend(options.worker ?? spawn, (message) => this.#receive(message))
    this.#send(open)
    const { signal } = this.#closed
    for (const type of ['online', 'offline'] as const) {
      globalThis.addEventListener?.(type, () => this.#send({ type: 'network', online: type === 'online' }), { signal })
    }
  }

  /** "For you": asks, and keeps asking. */
  recommend(wish: Wish = {}): Standing {
    return this.#ask(wish)
  }

  /** "More like this". */
  similar(id: string, wish: Wish = {}): Standing {
    return this.#ask({ ...wish, similar: clean('id', id, 512) })
  }

  /** Asks, and calls listener with every answer until the returned function is called. */
  subscribe(subject: Subject, listener: (event: RecommendationsEvent) => void): () => void {
    const { similar, ...wish } = subject
    const standing = similar === undefined ? this.recommend(wish) : this.similar(similar, wish)
    const ending = new AbortController()
    standing.addEventListener('recommendations', listener, { signal: ending.signal })
    return () => {
      if (ending.signal.aborted) return
      ending.abort()
      standing.close()
    }
  }

  /** How this page stands to the server. */
  get connection(): Connection {
    return connectionOf(this.status, this.#online)
  }

  /** Where lists come from; `server` where WebAssembly or workers are missing, or the module could not be started. */
  get mode(): Mode {
    return this.#backend.mode
  }

  /**
   * The reader did something: "view", "like", "dislike", "dismiss", "forget" or a kind of your policy. "shown" tells that
   * the item was in view; it changes no list. Resolves when it is taken: true if it is on the device's disk by then,
   * false if it is in memory only (as all is where `mode` is `server`), or refused (a failure event tells why).
   */
  record(kind: string, item: string, value = 0): Promise<boolean> {
    if (!Number.isFinite(value)) throw new RangeError(`value is ${value}; give a finite number`)
    return this.#did({ type: 'record', kind: clean('kind', kind, 64), item: clean('item', item, 512), value })
  }

  /** A standing wish, negative to be spared it; weight 0 takes it back. Resolves as record does. */
  prefer(what: Preference, weight = 1): Promise<boolean> {
    const [entry, ...more] = Object.entries(what) as [PreferenceKind, string][]
    if (!entry || more.length > 0) throw new TypeError('prefer takes one of text, tag, category, author, item')
    if (!Number.isFinite(weight)) throw new RangeError(`weight is ${weight}; give a finite number`)
    return this.#did({ type: 'prefer', kind: entry[0], key: clean(entry[0], entry[1], 1000), weight })
  }

  /**
   * Takes back the last record or prefer of this page, or the last record of an item; false if there is none. A wish gets
   * the weight that it had. An item that was new to the history leaves it; one that was there gets back what was said
   * of it, its place in time being now. What others were taught by it stays learnt.
   */
  undo(item?: string): boolean {
    const acts = this.#acts.undo(item)
    for (const act of acts) void this.#take(act)
    return acts.length > 0
  }

  /** All that is kept of the reader on this device: the profile, and events beside it (see Exported). */
  async export(): Promise<Exported & { profile: ReaderProfile }> {
    const answer = await this.#numbered({ type: 'export', number: ++this.#numbers })
    if (answer.type !== 'exported') throw new Error('the worker did not export')
    return { ...answer.exported, profile: answer.profile }
  }

  /** Erases what is kept of this reader on this device, what the server has not got included, and begins anew. */
  async erase(): Promise<void> {
    await this.#erase(false)
  }

  /** Erases what is kept on this device of every reader and server that pages of this origin have connected to. */
  async clear(): Promise<void> {
    await this.#erase(true)
  }

  async #erase(everyone: boolean): Promise<void> {
    const answer = await this.#numbered({ type: 'erase', number: ++this.#numbers, everyone })
    if (answer.type === 'erased' && answer.fault !== '') throw new Error(answer.fault)
  }

  #did(act: Act): Promise<boolean> {
    this.#acts.note(act, this.profile)
    return this.#take(act)
  }

  async #take(act: Act): Promise<boolean> {
    const answer = await this.#numbered({ ...act, number: ++this.#numbers, at: now() })
    return answer.type === 'recorded' && answer.kept
  }

  #numbered(message: Numbered): Promise<FromWorker> {
    return new Promise((resolve) => {
      this.#answers.set(message.number, resolve)
      this.#send(message)
    })
  }

  /** A fresh token of the same reader, for pages that give it without being asked. */
  renew(token: string): void {
    this.#send({ type: 'token', token: clean('token', token, 8192) })
  }

  /** Behaves as if the network were gone, until resume. */
  pause(): void {
    this.#send({ type: 'pause', paused: true })
  }

  resume(): void {
    this.#send({ type: 'pause', paused: false })
  }

  /** Ends everything; the client cannot be used again. */
  close(): void {
    this.#send({ type: 'close' })
    this.#closed.abort()
    this.#standing.clear()
  }

  #ask(wish: Wish & { similar?: string }): Standing {
    const name = `q${this.#names + 1}`
    const { since, until, ...rest } = wish
    const question: Question = { ...rest, name }
    if (since !== undefined) question.since = millis('since', since)
    if (until !== undefined) question.until = millis('until', until)
    checkLabels(question)
    this.#names++
    const standing = new Standing(name, (message) => {
      this.#standing.delete(name)
      this.#send(message)
    })
    this.#standing.set(name, standing)
    this.#send({ type: 'ask', question, at: now() })
    return standing
  }

  /** Has a token made, and tries again while that fails, at longer and longer intervals. */
  async #renewed(): Promise<void> {
    if (typeof this.#token !== 'function') {
      this.dispatchEvent(new FailureEvent('token', "the reader's token ends; give a fresh one with renew(), or connect with a function as token"))
      return
    }
    if (this.#asking) return
    this.#asking = true
    for (let wait = 1000; !this.#closed.signal.aborted; wait = Math.min(2 * wait, 60_000)) {
      try {
        this.renew(await this.#token())
        break
      } catch (reason) {
        if (this.#closed.signal.aborted) break
        this.dispatchEvent(new FailureEvent('token', `no fresh token: ${String(reason)}`))
        await new Promise((resolve) => setTimeout(resolve, wait))
      }
    }
    this.#asking = false
  }

  #send(message: ToWorker): void {
    this.#backend.post(message)
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        this.loadMs = message.loadMs
        this.timings = { ...this.timings, load: message.loadMs }
        break
      case 'list': {
        const standing = this.#standing.get(message.list.question)
        if (!standing) return // closed while the answer was under way
        const sinceMs = message.at === null ? null : now() - message.at
        const { source } = message.list
        if (message.tookMs !== null) this.timings = { ...this.timings, [source]: message.tookMs }
        if (sinceMs !== null) this.timings = { ...this.timings, click: sinceMs }
        standing.last = new RecommendationsEvent(message.list, message.tookMs, sinceMs)
        standing.dispatchEvent(standing.last)
        break
      }
      case 'status': {
        const error = message.status.error
        this.status = message.status
        this.#online = message.online
        this.dispatchEvent(new StatusEvent(message.status, message.online, this.timings))
        if (error !== '' && error !== this.#refused) this.dispatchEvent(new FailureEvent('refused', error))
        this.#refused = error
        break
      }
      case 'profile':
        this.profile = message.profile
        this.dispatchEvent(new ProfileEvent(message.profile))
        break
      case 'storage':
        if (this.storage?.reason === message.reason) break // told again by a new leader
        this.storage = { kept: message.kept, reason: message.reason }
        this.dispatchEvent(new StorageStateEvent(message.kept, message.reason))
        break
      case 'recorded':
      case 'exported':
      case 'erased':
        this.#answers.get(message.number)?.(message)
        this.#answers.delete(message.number)
        break
      case 'token':
        if (!this.#closed.signal.aborted) void this.#renewed()
        break
      case 'merged':
        this.dispatchEvent(new MergedEvent(message.client))
        break
      case 'error':
        this.dispatchEvent(new FailureEvent(message.code, message.message))
        break
    }
  }
}

function connectionOf(status: Status | null, online: boolean): Connection {
  if (!online || status?.state === 'offline') return 'offline'
  if (!status || status.state === 'connecting') return 'connecting'
  return status.state === 'syncing' ? 'behind' : 'live'
}

/** The channel's address: v1/sync below the server's own. */
export function socketUrl(server: string | URL): string {
  const url = new URL(server)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`url is ${url.protocol}//…; give the server's http or https address`)
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  const channel = new URL('v1/sync', url)
  channel.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:'
  return channel.href
}

/** A time as Unix milliseconds. */
function millis(name: string, time: Time): number {
  const at = new Date(time).getTime()
  if (Number.isNaN(at)) throw new RangeError(`${name} is ${String(time)}; give a Date, a day such as 2026-06-01 or Unix milliseconds`)
  return at
}

// core.MaxFilter: more would be refused by the server.
const maxLabels = 200

/** Refuses a question whose filter names too many labels, or names them otherwise than in lists. */
function checkLabels(question: Question): void {
  let count = 0
  for (const labels of [question, question.any, question.all, question.not]) {
    if (!labels) continue
    for (const list of [labels.categories, labels.tags, labels.authors, ...Object.values(labels.attributes ?? {})]) {
      if (list === undefined) continue
      if (!Array.isArray(list)) throw new TypeError('categories, tags, authors and each attribute take a list of texts')
      count += list.length
    }
  }
  if (count > maxLabels) throw new RangeError(`the filter names ${count} labels; give at most ${maxLabels}`)
}

/** s as well-formed text (a lone surrogate becomes U+FFFD), refused if empty or longer than max bytes. */
function clean(name: string, s: string, max: number): string {
  const bytes = new TextEncoder().encode(String(s))
  if (bytes.length === 0) throw new RangeError(`${name} is empty; give 1 to ${max} bytes of text`)
  if (bytes.length > max) throw new RangeError(`${name} has ${bytes.length} bytes; give at most ${max}`)
  return new TextDecoder().decode(bytes)
}

/** A reader's name: ~ begins those of readers who have none. */
function name(s: string): string {
  if (String(s).startsWith('~')) throw new RangeError('user begins with ~; leave it out for a reader without a name')
  return clean('user', s, 256)
}

function budget(bytes: number): number {
  if (!Number.isFinite(bytes) || bytes < 0) throw new RangeError(`budget is ${bytes}; give a number of bytes, or 0 for all`)
  return Math.floor(Math.min(bytes, 2 ** 40))
}
