// The server's HTTP API as server_only.ts asks it. A part of that file's chunk.

import { count, type Answer } from './answers.ts'
import type { Question, ReaderProfile } from './module.ts'
import type { PreferenceKind } from './protocol.ts'

export const now = () => performance.timeOrigin + performance.now()

/** How often lists are asked for anew; milliseconds. */
export const pollEvery = 30_000
const longest = 200 // list

/** An answer of the server that says no: asking again would not help. */
export class Refused extends Error {}

export class Api {
  base = ''
  token = ''
  renews = false // the page makes tokens
  bytesIn = 0
  bytesOut = 0
  answered = false // once at least
  everyonesAt = -Infinity // when everyone's list was asked for
  #everyones: Promise<Answer> | null = null
  readonly #expired: () => void
  readonly #abort = new AbortController()

  /** expired is called when a fresh token is needed. */
  constructor(expired: () => void) {
    this.#expired = expired
  }

  stop(): void {
    this.#abort.abort()
  }

  /** The reader's list. */
  recommend({ limit, exclude, after, bare, name: _, similar: __, since, until, ...filter }: Question, user: string, profile: ReaderProfile): Promise<Answer> {
    const parts: Record<string, Record<string, number>> = {}
    for (const { kind, key, weight } of profile.preferences) (parts[partOf[kind as PreferenceKind]] ??= {})[key] = weight
    const times = { ...(since === undefined ? {} : { since: iso(since) }), ...(until === undefined ? {} : { until: iso(until) }) }
    return this.fetch('v1/recommendations', { user, limit, exclude, after, preferences: parts, filter: { ...filter, ...times }, explain: !bare }) as Promise<Answer>
  }

  /** Private: what the reader does or asks for tells of the reader, so only everyone's list is asked for. */
  async pick({ similar, since, until, after, exclude = [] }: Question, profile: ReaderProfile): Promise<Answer> {
    if (now() - this.everyonesAt >= pollEvery) {
      this.everyonesAt = now()
      this.#everyones = this.fetch('v1/recommendations', { limit: longest, explain: true }) as Promise<Answer>
      this.#everyones.catch((reason: unknown) => {
        if (!(reason instanceof Refused)) this.everyonesAt = -Infinity
      })
    }
    const all = (await this.#everyones)!
    const hidden = new Set([...exclude, ...profile.history.map((visit) => visit.item)])
    const known = similar === undefined && since === undefined && until === undefined && !after
    return { version: all.version, recommendations: known ? all.recommendations.filter(({ id }) => !hidden.has(id)) : [] }
  }

  /** The address for what is similar knows fewer filters: what is asked for is picked here, from a longer list. */
  similar(question: Question): Promise<Answer> {
    const picked = [question, question.any, question.all, question.not].some((labels) => labels && count(labels) > 0)
    const query = new URLSearchParams({ explain: String(!question.bare), limit: String(picked ? longest : (question.limit ?? 20)) })
    if (question.exclude?.length) query.set('exclude', question.exclude.join(','))
    if (question.since !== undefined) query.set('since', iso(question.since))
    if (question.until !== undefined) query.set('until', iso(question.until))
    if (question.after) query.set('after', question.after)
    return this.fetch(`v1/items/${encodeURIComponent(question.similar!)}/similar?${query}`) as Promise<Answer>
  }

  /** Asks the server; a body makes it a POST. Throws Refused if it says no, anything else if trying again may help. */
  async fetch(path: string, body?: unknown): Promise<unknown> {
    const headers: Record<string, string> = {}
    if (body !== undefined) headers['content-type'] = 'application/json'
    if (this.token !== '') headers['authorization'] = `Bearer ${this.token}`
    const init: RequestInit = { headers, signal: this.#abort.signal, credentials: 'omit' }
    if (body !== undefined) Object.assign(init, { method: 'POST', body: JSON.stringify(body) })
    const response = await fetch(this.base + path, init)
    const text = await response.text()
    this.bytesOut += body === undefined ? 0 : String(init.body).length
    this.bytesIn += text.length
    if (response.ok) {
      this.answered = true
      return JSON.parse(text)
    }
    const problem = parsed(text)
    const message = [problem.detail ?? `${path} answered ${response.status}`, problem.hint].filter(Boolean).join('; ')
    if (response.status === 401 && this.renews) {
      this.#expired()
      throw new Error(message)
    }
    if (response.status >= 500 || response.status === 429 || response.status === 408) throw new Error(message)
    throw new Refused(message)
  }
}

const partOf: Record<PreferenceKind, string> = { text: 'text', tag: 'tags', category: 'categories', author: 'authors', item: 'items' }

const iso = (millis: number) => new Date(millis).toISOString()

function parsed(text: string): { detail?: string; hint?: string } {
  try {
    return (JSON.parse(text) as { detail?: string; hint?: string } | null) ?? {}
  } catch {
    return {}
  }
}
