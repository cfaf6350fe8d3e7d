// What the page and the worker say to each other. client.ts is the page's end, host.ts the worker's; times `at` are
// milliseconds on the clock of now() below, which both ends share.

import type { List, Question, ReaderProfile, Status } from './module.ts'

export type PreferenceKind = 'text' | 'tag' | 'category' | 'author' | 'item'

/** Whom the worker speaks for, and to whom. */
export interface Opening {
  url: string
  origin: string // the page's, '' if it has none
  client: string
  user: string // '' for a reader without a name
  token: string
  renews: boolean // the page makes tokens when it is asked to
  merge: string[] // ids that this browser was anonymous under
  budget: number // bytes of the catalog that may be held, 0 for all of it
}

export type ToWorker =
  | ({ type: 'open' } & Opening)
  | { type: 'token'; token: string }
  | { type: 'ask'; question: Question; at: number }
  | { type: 'drop'; name: string }
  | { type: 'record'; kind: string; item: string; value: number; at: number }
  | { type: 'prefer'; kind: PreferenceKind; key: string; weight: number; at: number }
  | { type: 'network'; online: boolean } // as the page sees it: not every browser tells its workers
  | { type: 'pause'; paused: boolean }
  | { type: 'close' }

export type FromWorker =
  | { type: 'ready'; loadMs: number }
  | { type: 'list'; list: List; tookMs: number | null; at: number | null }
  | { type: 'status'; status: Status; online: boolean }
  | { type: 'profile'; profile: ReaderProfile }
  | { type: 'token' } // a fresh one is needed
  | { type: 'merged'; client: string }
  | { type: 'error'; code: ErrorCode; message: string }

/**
 * What went wrong: `module`: the module could not be loaded or stopped; `refused`: the server refused something;
 * `worker`: the worker could not be started or failed; `unreachable`: no connection came about, and it goes on trying;
 * `token`: the reader's token has ended, or there was no fresh one to be had.
 */
export type ErrorCode = 'module' | 'refused' | 'worker' | 'unreachable' | 'token'

/** Milliseconds since 1970 with fractions, never going back, the same in page and worker. */
export function now(): number {
  return performance.timeOrigin + performance.now()
}
