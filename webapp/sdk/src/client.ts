// The page's half: plain objects and events around the worker. No DOM is touched, nothing happens at import.

import type { Exported, Question, ReaderProfile, Status } from './module.ts'
import { now, type FromWorker, type Numbered, type PreferenceKind, type Privacy, type Recorded, type ToWorker } from './protocol.ts'
import { Acts, type Act } from './acts.ts'
import { Backend, type Mode } from './backend.ts'
import { budget, checkLabels, clean, millis, name, socketUrl } from './checks.ts'
import { connectionOf, FailureEvent, MergedEvent, ProfileEvent, RecommendationsEvent, StatusEvent, StorageStateEvent, Typed, type Connection, type Timings } from './events.ts'
import type { ConnectOptions, Preference, Subject, Wish } from './options.ts'
import { defaultPrivacy } from './privacy.ts'
import { spawn } from './spawn.ts'
import type { StorageReason } from './storage.ts'

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
  readonly #answers = new Map<number, { resolve(message: FromWorker): void; reject(reason: Error): void }>()
  #shown: Recorded[] = [] // what was told to be in view in this turn of the event loop
  #over = '' // why nothing is answered any more
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
      budget: budget(options.budget ?? 0),
      privacy: this.privacy,
      storage: options.storage ?? true,
    }
    const { merge } = options
    const ids = merge === true ? [''] : (typeof merge === 'string' ? [merge] : merge || []).map((id) => clean('merge', id, 64))
    if (ids.length > 0 && open.user === '') throw new TypeError('merge is for a reader with a name; give user')
    this.#token = options.token
    this.#backend = new Backend(options.worker ?? spawn, (message) => this.#receive(message))
    this.#send(open)
    if (ids.length > 0) this.#numbered({ type: 'merge', number: ++this.#numbers, clients: ids }).catch(() => {})
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
   * false if it is in memory only (as all is where `mode` is `server`), or refused (a failure event tells why). Rejects
   * if it was not taken before close() or before the module failed. What is "shown" in one turn goes out together.
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

  #take(act: Act): Promise<boolean> {
    const taken = this.#numbered({ ...act, number: ++this.#numbers, at: now() }).then((answer) => answer.type === 'recorded' && answer.kept)
    taken.catch(() => {}) // a page need not listen
    return taken
  }

  #numbered(message: Numbered): Promise<FromWorker> {
    return new Promise((resolve, reject) => {
      if (this.#over !== '') {
        reject(new Error(this.#over))
        return
      }
      this.#answers.set(message.number, { resolve, reject })
      if (message.type !== 'record' || message.kind !== 'shown') this.#send(message)
      else if (this.#shown.push(message) === 1) queueMicrotask(() => this.#sendShown())
    })
  }

  #sendShown(): void {
    const records = this.#shown.splice(0)
    if (records.length > 0) this.#backend.post(records.length === 1 ? records[0]! : { type: 'batch', records })
  }

  /** A fresh token of the same reader, for pages that give it without being asked. */
  renew(token: string): void {
    this.#send({ type: 'token', token: clean('token', token, 8192) })
  }

  /**
   * Behaves as if the network were gone, until resume, in all tabs of this reader: they are one client with one socket,
   * and what this tab does would otherwise go out through another one.
   */
  pause(): void {
    this.#send({ type: 'pause', paused: true })
  }

  resume(): void {
    this.#send({ type: 'pause', paused: false })
  }

  /**
   * Ends everything; the client cannot be used again. What record, prefer, export and erase have promised still comes if
   * it was under way to the disk; all else of it is rejected.
   */
  close(): void {
    if (this.#closed.signal.aborted) return
    this.#send({ type: 'close' })
    this.#over ||= 'the client is closed; connect anew'
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
    this.#sendShown()
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
      case 'moved':
        this.#answers.get(message.number)?.resolve(message)
        this.#answers.delete(message.number)
        break
      case 'failed':
        this.#answers.get(message.number)?.reject(new Error(message.fault))
        this.#answers.delete(message.number)
        break
      case 'closed':
        this.#over ||= message.fault
        for (const { reject } of this.#answers.values()) reject(new Error(message.fault))
        this.#answers.clear()
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
