// What the page and an engine's worker say to each other.

import type { Item } from '../node/catalog.ts'

/** What every engine gets: the same catalog, the same readers. */
export interface Job {
  engine: string
  folder: string // address of what the runner serves for one size of catalog
  server: string // nigh's
  items: number
  limit: number // places of a list
}

/** A question, in the words of each kind of engine. */
export interface Query {
  had: number[] // what must not be listed: numbers of items, the most recent first
  text: string // a title and the 20 strongest terms
  vector: Float32Array
}

export interface Queries {
  forYou: Query[] // of a reader's history
  similar: Query[] // of one item
}

/** An engine that has been built. Lists are numbers of items. */
export interface Engine {
  /** Makes ready for a question whose answer is timed. */
  prepare?(query: Query, kind: keyof Queries): void
  ask(query: Query, kind: keyof Queries): number[]
  /** Bytes that came over the wire for the catalog; absent if the runner knows. */
  transferred?: number
  /** More of what building is, in milliseconds. */
  more?: Record<string, number>
}

export interface Measured {
  buildMs: number
  more: Record<string, number>
  transferred: number | null
  forYou: Times
  similar: Times
  lists: number[][] // of the first readers, to be compared between runs
}

export interface Times {
  p50: number
  p95: number
  p99: number
}

export type { Item }

/** The k best of scores, best first, ties by number; had is left out. */
export function best(scores: Float32Array, k: number, had: Set<number>): number[] {
  const top: number[] = [] // ascending by score
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!
    if (top.length === k && score <= scores[top[0]!]!) continue
    if (had.has(i)) continue
    let at = top.length
    while (at > 0 && scores[top[at - 1]!]! > score) at--
    top.splice(at, 0, i)
    if (top.length > k) top.shift()
  }
  return top.reverse()
}
