// What the page and the worker say to each other, and through it the tabs of one reader. client.ts is the page's end,
// tabs.ts and host.ts the worker's; times `at` are milliseconds on the clock of now() below, which all ends share.

import type { Exported, List, Question, ReaderProfile, Status } from './module.ts'
import type { StorageReason } from './storage.ts'

export type PreferenceKind = 'text' | 'tag' | 'category' | 'author' | 'item'

/** `server`: what the reader does goes to the server. `device`: nothing about the reader leaves the device. */
export type Privacy = 'server' | 'device'

export interface Open {
  type: 'open'
  url: string
  origin: string // the page's, '' if it has none
  client: string // '' for one that the device chooses
  user: string // '' for a reader without a name
  token: string
  renews: boolean // the page makes tokens when it is asked to
  budget: number // bytes of the catalog that may be held, 0 for all of it
  privacy: Privacy
  storage: boolean // false: in memory only
}

export type Recorded = { type: 'record'; number: number; kind: string; item: string; value: number; at: number }

/** Numbers are the page's own, ascending: each is answered, by a later leader if the first one dies. */
export type Numbered =
  | Recorded
  | { type: 'prefer'; number: number; kind: PreferenceKind; key: string; weight: number; at: number }
  | { type: 'export'; number: number }
  | { type: 'erase'; number: number; everyone: boolean } // everyone: of all readers and servers of this origin
  | { type: 'merge'; number: number; clients: string[] } // ids that this browser was anonymous under; '' for the device's own

export type ToWorker =
  | Open
  | Numbered
  | { type: 'batch'; records: Recorded[] } // which go to the server together
  | { type: 'token'; token: string }
  | { type: 'ask'; question: Question; at: number }
  | { type: 'drop'; name: string }
  | { type: 'network'; online: boolean } // as the page sees it: not every browser tells its workers
  | { type: 'pause'; paused: boolean }
  | { type: 'close' }

export type FromWorker =
  | { type: 'ready'; loadMs: number }
  | { type: 'list'; list: List; tookMs: number | null; at: number | null }
  | { type: 'status'; status: Status; online: boolean }
  | { type: 'profile'; profile: ReaderProfile }
  | { type: 'storage'; kept: boolean; reason: StorageReason | '' }
  | { type: 'recorded'; number: number; kept: boolean; fault: string } // kept: on the device's disk
  | { type: 'exported'; number: number; exported: Exported; profile: ReaderProfile }
  | { type: 'erased'; number: number; fault: string }
  | { type: 'moved'; number: number } // what a merge names is this reader's, on this device; merged tells of the server
  | { type: 'failed'; number: number; fault: string } // it is not done
  | { type: 'closed'; fault: string } // nothing is answered any more
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
