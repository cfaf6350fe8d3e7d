// What the page and the worker say to each other. client.ts is the page's end, host.ts the worker's; times `at` are
// milliseconds on the clock of now() below, which both ends share.

import type { List, Question, ReaderProfile, Status } from './module.ts'

export type PreferenceKind = 'text' | 'tag' | 'category' | 'author' | 'item'

export type ToWorker =
  | { type: 'open'; url: string; origin: string; client: string; user: string; token: string; budget: number } // origin: the page's, '' if it has none
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
  | { type: 'error'; code: ErrorCode; message: string }

/**
 * What went wrong: `module`: the module could not be loaded or stopped; `refused`: the server refused something;
 * `worker`: the worker could not be started or failed; `unreachable`: no connection came about, and it goes on trying.
 */
export type ErrorCode = 'module' | 'refused' | 'worker' | 'unreachable'

/** Milliseconds since 1970 with fractions, never going back, the same in page and worker. */
export function now(): number {
  return performance.timeOrigin + performance.now()
}
