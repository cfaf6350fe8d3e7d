// What a page is told, as typed events of the DOM's kind: classes, so that `instanceof` works, and a target that knows them.

import type { Card, List, ListedItem, ReaderProfile, Status, Told, Version } from './module.ts'
import type { ErrorCode } from './protocol.ts'
import type { StorageReason } from './storage.ts'

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
    this.items = list.items.map(whole)
    this.version = list.version
    this.next = list.next
    this.about = list.about ?? null
    this.agrees = list.agrees
    this.tookMs = tookMs
    this.sinceMs = sinceMs
  }
}

/** An item with all that items have: of a bare wish, empty. */
const whole = (item: Told): ListedItem =>
  item.card ? (item as ListedItem) : { reasons: [], card: { title: '', summary: '', url: '', image: '', author: '', tags: [], categories: [], attributes: {} }, ...item }

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

/** A target whose listeners know what they get. */
export class Typed<M extends { [K in keyof M]: Event }> extends EventTarget {
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

/** How a page stands to the server that was last told of this. */
export function connectionOf(status: Status | null, online: boolean): Connection {
  if (!online || status?.state === 'offline') return 'offline'
  if (!status || status.state === 'connecting') return 'connecting'
  return status.state === 'syncing' ? 'behind' : 'live'
}
