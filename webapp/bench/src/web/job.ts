// What the page and an engine's worker say to each other.

import type { Item } from '../node/catalog.ts'

export type { Item }

/** What every engine gets: the same catalog, the same readers. */
export interface Job {
  engine: string
  folder: string // address of what the runner serves for one size of catalog
  server: string // nigh's
  items: number // the first so many of the catalog
  limit: number // places of a list
}

/** What is asked: `forYou` by all of a reader's history, `cut` by as much of it as one item's query has, `similar` by one item. */
export type Asked = 'forYou' | 'cut' | 'similar'

/** `…Ids`: the same for ids alone, of an engine whose whole answer holds more. */
export type Kind = Asked | 'forYouIds' | 'similarIds'

/** A question, in the words of each kind of engine. */
export interface Query {
  had: number[] // what must not be listed: numbers of items, the most recent first
  ids: string[] // of these
  text: string
  vector: number[]
}

export type Queries = Record<Asked, Query[]>

/** An engine that has been built. */
export interface Engine {
  kinds: Kind[]
  /** Makes ready for a question, before it is timed. */
  prepare?(query: Query, kind: Kind): void
  /** Timed. A list as numbers of items, or as whatever read makes numbers of. */
  ask(query: Query, kind: Kind, vector: Float32Array): unknown
  read?(answer: unknown): number[]
  /** Milliseconds that building took, where that is not all between beginning and end. */
  buildMs?: number
  /** Bytes that came over the wire for the catalog, where the runner cannot know. */
  transferred?: number
}

export interface Measured {
  buildMs: number
  transferred: number | null
  wasmBytes: number // of WebAssembly memories
  times: Partial<Record<Kind, Times>>
  readMs: number // median of what read took, 0 without one
}

/** Milliseconds. */
export interface Times {
  p50: number
  p95: number
  p99: number
  questions: number
}
