// What a page asks for: types only.

import type { Labels } from './module.ts'
import type { PreferenceKind, Privacy } from './protocol.ts'
import type { Signal } from './privacy.ts'

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
   * After a sign-in: what this browser's reader did while they had no name becomes the doing of `user`, once, what the
   * server had not got included; the event `merged` tells when the server has it. `true` where no `client` was given
   * then, else that `client`; it may be said again each time. Such an id is spent (who goes on there is another reader
   * without a name), and is to be kept to yourself until `merged`: it is what proves that it was yours.
   */
  merge?: boolean | string | string[]
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
   * Ids and scores alone, for a page that has cards of its own: of each item `reasons` is an empty list and `card` has no
   * text in it, and there is no `about`. A list takes half the time.
   */
  bare?: boolean
  /**
   * The `next` of the page before: what comes behind it, with nothing shown again, however reader and catalog have moved
   * meanwhile. All else of the wish stays the same. Close the page before (or stop listening to it): while it stands, it
   * may still change to show what this one does.
   */
  after?: string
}

/** "For you", or what is like an item. */
export type Subject = Wish & { similar?: string }

/** A Date, or what makes one: "2026-06-01", Unix milliseconds. */
export type Time = Date | string | number

/** One wish about content; exactly one property. */
export type Preference = { [K in PreferenceKind]: { [P in K]: string } & { [P in Exclude<PreferenceKind, K>]?: never } }[PreferenceKind]
