// Lists from the server alone, for browsers without WebAssembly or workers, and for programs without either. It speaks
// protocol.ts in the worker's place, over the server's HTTP API; a chunk of its own, which others never load. Nothing
// of the rest of the SDK is imported but types, so that the chunk is the same whoever loads it.
//
// What differs: lists come from the server (`source: 'server'`) and `agrees` is null; nothing is kept on the device, so
// wishes count as long as the page is open, and the profile tells what this page did; the list follows the catalog every
// half minute.
//
// With `privacy: 'device'` the server is asked one thing only, the same for everyone: its list for nobody, when the page
// opens and every half minute, not when the reader does something. The reader's lists are picked from it here. What is
// like an item, what was published when, and further pages cannot be told from it: those lists are empty.

import { Api, now, pollEvery, Refused } from './api.ts'
import { fits, listed, type Answer } from './answers.ts'
import type { List, Question, ReaderProfile, Status, Version } from './module.ts'
import type { FromWorker, PreferenceKind, ToWorker } from './protocol.ts'

// Milliseconds.
const firstRetry = 500
const longestRetry = 30_000
const shownWait = 2000 // what was in view goes out together
const failuresUntilTold = 3
const batch = 500 // events in a request
const mostWaiting = 10_000

interface Standing {
  question: Question
  at: number // asked, or changed by the reader
  due: boolean
  shown: string // ids of the last list
  known: boolean
}

interface Waiting {
  id: string
  user: string
  item: string
  kind: string
  value?: number
  at: string
}

export class ServerOnly {
  readonly #post: (message: FromWorker) => void
  #origin = ''
  #user = ''
  #client = '' // who a reader without a name is
  #given = '' // by the page, to be that
  #private = false
  #lacksToken = false
  // Names this page's events, so that one that is sent twice counts once. Never ConnectOptions.client: numbers begin anew.
  readonly #life = random()
  #numbers = 0
  readonly #standing = new Map<string, Standing>()
  #events: Waiting[] = []
  #profile: ReaderProfile = { history: [], preferences: [] }
  #status: Status = { state: 'connecting', items: 0, allItems: 0, shelves: 0, allShelves: 0, bytes: 0, epoch: 0, seq: 0, pending: 0, sent: 0, bytesIn: 0, bytesOut: 0, agreed: 0, differed: 0, error: '' }
  #reachable = true
  #paused = false
  #ended = false
  #running = false
  #failures = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #timerAt = Infinity
  readonly #api = new Api(() => this.#needToken())

  constructor(post: (message: FromWorker) => void) {
    this.#post = post
  }

  receive(message: ToWorker): void {
    if (this.#ended) return
    switch (message.type) {
      case 'open': {
        const url = new URL(message.url)
        url.protocol = url.protocol === 'ws:' ? 'http:' : 'https:'
        this.#api.base = url.href.replace(/v1\/sync$/, '')
        this.#origin = message.origin
        this.#private = message.privacy === 'device'
        this.#given = message.client
        this.#user = message.user
        this.#anew()
        this.#post({ type: 'storage', kept: false, reason: message.storage ? 'module' : 'off' })
        if (this.#private) {
          this.#post({ type: 'error', code: 'module', message: "without the module and with privacy 'device' lists are picked from the first 200 that the server has for everyone; it is told nothing of this reader" })
        } else {
          this.#api.token = message.token
          this.#api.renews = message.renews
          if (message.renews) this.#needToken()
        }
        this.#report()
        this.#post({ type: 'profile', profile: this.#profile })
        this.#wake(pollEvery)
        break
      }
      case 'token':
        if (this.#private) break
        this.#api.token = message.token
        this.#lacksToken = false
        this.#failures = 0
        this.#again()
        break
      case 'ask':
        this.#standing.set(message.question.name, { question: message.question, at: message.at, due: true, shown: '', known: false })
        this.#wake(0)
        break
      case 'drop':
        this.#standing.delete(message.name)
        break
      case 'record':
        this.#post({ type: 'recorded', number: message.number, kept: false, fault: this.#record(message) })
        break
      case 'batch':
        for (const record of message.records) this.receive(record)
        break
      case 'merge':
        // The channel alone can do that, so nothing is lost by saying so.
        if (!this.#private) this.#post({ type: 'error', code: 'refused', message: 'what was done before the sign-in is not taken over without WebAssembly; it stays with the reader of before' })
        this.#post({ type: 'moved', number: message.number })
        break
      case 'prefer':
        this.#prefer(message.kind, message.key, message.weight)
        this.#moved(message.at)
        this.#wake(0)
        this.#post({ type: 'recorded', number: message.number, kept: false, fault: '' })
        break
      case 'export': {
        const ops = this.#events.map(({ at, kind, item, value = 0 }) => ({ at: Date.parse(at), kind, item, valueMilli: Math.round(value * 1000) }))
        this.#post({ type: 'exported', number: message.number, exported: { client: this.#client, ops }, profile: this.#profile })
        break
      }
      case 'erase':
        this.#events = []
        this.#profile = { history: [], preferences: [] }
        this.#anew()
        this.#post({ type: 'profile', profile: this.#profile })
        this.#moved(now())
        this.#wake(0)
        this.#report()
        this.#post({ type: 'erased', number: message.number, fault: '' })
        break
      case 'network':
      case 'pause':
        if (message.type === 'pause') this.#paused = message.paused
        else this.#reachable = message.online
        if (this.#online()) {
          this.#again()
        } else {
          this.#status.state = 'offline'
        }
        this.#report()
        break
      case 'close':
        this.#ended = true
        clearTimeout(this.#timer)
        this.#api.stop()
        this.#post({ type: 'closed', fault: 'the client is closed' })
        break
    }
  }

  /** Without an id of the page's a reader without a name is another one each time. */
  #anew(): void {
    this.#client = this.#given || random()
  }

  /** Who is asking, as the channel names a reader without a name. */
  #reader(): string {
    return this.#user || `~${this.#client}`
  }

  #again(): void {
    this.#due()
    this.#wake(0)
  }

  #due(): void {
    for (const standing of this.#standing.values()) standing.due = true
  }

  /** Asks the page for a token and goes on when it is there. */
  #needToken(): void {
    this.#lacksToken = true
    this.#post({ type: 'token' })
  }

  /** Takes what the reader did; returns why not, '' if it is taken. */
  #record({ kind, item, value, at }: { kind: string; item: string; value: number; at: number }): string {
    if (this.#events.length >= mostWaiting) {
      const fault = 'too much is waiting for the server; this was not kept'
      this.#report(fault)
      return fault
    }
    if (!this.#private) {
      const event: Waiting = { id: `${this.#life}.${++this.#numbers}`, user: this.#reader(), item, kind, at: new Date().toISOString() }
      if (value !== 0) event.value = value
      this.#events.push(event)
    }
    if (kind === 'shown') {
      this.#wake(shownWait)
    } else {
      this.#visited(kind, item)
      this.#moved(at)
      this.#wake(0)
    }
    this.#report()
    return ''
  }

  #visited(kind: string, item: string): void {
    const rest = this.#profile.history.filter((visit) => visit.item !== item)
    const strength = strengths[kind] ?? 1
    const before = this.#profile.history.find((visit) => visit.item === item)?.strength ?? 0
    const visit = { item, strength: Math.abs(before) > Math.abs(strength) ? before : strength, at: Date.now() }
    this.#profile = { ...this.#profile, history: kind === 'forget' ? rest : [visit, ...rest].slice(0, 200) }
    this.#post({ type: 'profile', profile: this.#profile })
  }

  #prefer(kind: PreferenceKind, key: string, weight: number): void {
    const preferences = this.#profile.preferences.filter((p) => p.kind !== kind || p.key !== key)
    if (weight !== 0) preferences.push({ kind, key, weight })
    this.#profile = { ...this.#profile, preferences }
    this.#post({ type: 'profile', profile: this.#profile })
  }

  /** The reader did something: lists that follow the reader are asked for anew. */
  #moved(at: number): void {
    for (const standing of this.#standing.values()) {
      if (standing.question.similar === undefined) Object.assign(standing, { due: true, at })
    }
  }

  #online(): boolean {
    return this.#reachable && !this.#paused
  }

  #wake(after: number): void {
    const at = now() + after
    if (this.#ended || this.#running || at >= this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = at
    this.#timer = setTimeout(() => void this.#run(), after)
    const timer: unknown = this.#timer // a number, but in Node, where a page that was rendered must be able to end
    if (after > 0 && typeof timer === 'object') (timer as { unref?(): void }).unref?.()
  }

  /** Sends what waits, then asks what is due; one run at a time. */
  async #run(): Promise<void> {
    this.#timerAt = Infinity
    if (this.#ended || this.#running || !this.#online() || this.#lacksToken) return
    this.#running = true
    let next = pollEvery
    try {
      const again = [...this.#standing.values()].every((standing) => !standing.due) && this.#events.length === 0
      if (again) this.#due() // it is time to look whether they changed
      while (this.#events.length > 0) await this.#send()
      for (const standing of [...this.#standing.values()]) if (standing.due) await this.#answer(standing, again)
      if (this.#api.answered) this.#status.state = 'live'
      this.#failures = 0
    } catch (reason) {
      if (this.#ended) return
      this.#status.state = 'offline'
      next = Math.min(longestRetry, firstRetry * 2 ** Math.min(this.#failures++, 6))
      if (!this.#api.answered && this.#failures === failuresUntilTold) {
        const allowed = this.#origin === '' ? '' : `, and was it started with --origin ${this.#origin}`
        this.#post({ type: 'error', code: 'unreachable', message: `no connection to ${this.#api.base} (${String(reason)}); is the server up${allowed}?` })
      }
    } finally {
      this.#running = false
    }
    this.#report()
    // On time, whatever the reader does in between.
    if (this.#failures === 0 && this.#private && this.#standing.size > 0) next = Math.max(0, this.#api.everyonesAt + pollEvery - now())
    if (this.#failures === 0 && (this.#events.length > 0 || [...this.#standing.values()].some((standing) => standing.due))) next = 0
    this.#wake(next)
  }

  async #send(): Promise<void> {
    const events = this.#events.slice(0, batch)
    try {
      const said = (await this.#api.fetch('v1/events', events)) as { rejected?: { error: string; hint?: string }[] }
      const [rejected] = said.rejected ?? []
      if (rejected) this.#status.error = [rejected.error, rejected.hint].filter(Boolean).join('; ')
    } catch (reason) {
      if (!(reason instanceof Refused)) throw reason
      this.#status.error = reason.message
    }
    const sent = new Set(events)
    this.#events = this.#events.filter((event) => !sent.has(event)) // erased meanwhile, others may stand there
    this.#report()
  }

  async #answer(standing: Standing, unasked: boolean): Promise<void> {
    const { question, at } = standing
    standing.due = false
    let answer: Answer
    try {
      if (this.#private) answer = await this.#api.pick(question, this.#profile)
      else if (question.similar === undefined) answer = await this.#api.recommend(question, this.#reader(), this.#profile)
      else answer = await this.#api.similar(question)
    } catch (reason) {
      if (reason instanceof Refused) {
        this.#status.error = reason.message
        return
      }
      standing.due = true
      throw reason
    }
    if (this.#standing.get(question.name) !== standing) return
    const items = answer.recommendations.map(listed).filter((item) => (question.similar === undefined && !this.#private) || fits(item, question)).slice(0, question.limit ?? 20)
    const shown = items.map((item) => item.id).join('\n')
    if (unasked && standing.known && shown === standing.shown) return
    Object.assign(standing, { shown, known: true })
    const version: Version = { ...answer.version, policy: Number.parseInt(answer.version.policy, 16), op: this.#numbers }
    this.#status.epoch = version.epoch
    this.#status.seq = version.seq
    const list: List = { question: question.name, source: 'server', items: question.bare ? items.map(({ id, score }) => ({ id, score })) : items, version, agrees: null, next: answer.next ?? '' }
    this.#post({ type: 'list', list, tookMs: unasked ? null : now() - at, at: null })
  }

  #report(error?: string): void {
    if (error !== undefined) this.#status.error = error
    const { bytesIn, bytesOut } = this.#api
    Object.assign(this.#status, { pending: this.#events.length, bytesIn, bytesOut })
    this.#post({ type: 'status', status: { ...this.#status }, online: this.#online() })
  }
}

// What the default policy's kinds say; others count as a view here, and as the policy has it on the server.
const strengths: Record<string, number> = { like: 3, purchase: 3, bookmark: 2, share: 2, dismiss: -1, dislike: -3 }

const random = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36).padStart(7, '0')).join('')
