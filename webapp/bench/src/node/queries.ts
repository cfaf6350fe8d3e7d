// What a reader had, in the words of each kind of engine. Made once, before anything is timed.

import type { Catalog } from './catalog.ts'
import type { Queries, Query } from '../web/job.ts'

const dimensions = 64
const strongest = 20

export function makeQueries({ items, readers }: Catalog): { queries: Queries; vectors: Float32Array } {
  const found = new Map<string, number>()
  const words = items.map((item) => wordsOf(item.description))
  const all = items.map((item, i) => new Set([...wordsOf(item.title), ...words[i]!, ...item.tags]))
  for (const terms of all) for (const term of terms) found.set(term, (found.get(term) ?? 0) + 1)
  const rarity = (term: string) => Math.log(1 + items.length / found.get(term)!)

  // Terms hashed to 64 signed places, weighted by how rare they are, of length 1: no model, and nothing to download.
  const vectors = new Float32Array(items.length * dimensions)
  for (const [i, terms] of all.entries()) {
    const vector = vectors.subarray(i * dimensions, (i + 1) * dimensions)
    for (const term of terms) {
      const hash = fnv1a(term)
      vector[hash % dimensions]! += (hash >> 16) & 1 ? rarity(term) : -rarity(term)
    }
    normalise(vector)
  }

  /** The strongest terms of the descriptions of items, the most recent first, each counting 1/(1+r). */
  const terms = (had: number[]) => {
    const weights = new Map<string, number>()
    for (const [r, n] of had.entries()) for (const term of words[n]!) weights.set(term, (weights.get(term) ?? 0) + rarity(term) / (1 + r))
    return [...weights].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, strongest).map(([term]) => term)
  }
  const moreLike = (had: number[]) => [items[had[0]!]!.title, ...terms(had)].join(' ')
  /** The mean of the items' vectors, each counting 1/(1+r). */
  const mean = (had: number[]) => {
    const vector = new Float32Array(dimensions)
    for (const [r, n] of had.entries()) for (let d = 0; d < dimensions; d++) vector[d]! += vectors[n * dimensions + d]! / (1 + r)
    return [...normalise(vector)]
  }
  const query = (had: number[], text: string): Query => ({ had, ids: had.map((n) => items[n]!.id), text, vector: mean(had) })
  return {
    vectors,
    queries: {
      similar: readers.map((history) => query(history.slice(0, 1), moreLike(history.slice(0, 1)))),
      cut: readers.map((history) => query(history, moreLike(history))),
      forYou: readers.map((history) => query(history, history.map((n) => moreLike([n])).join(' '))),
    },
  }
}

const wordsOf = (text: string) => text.toLowerCase().match(/\p{L}+/gu) ?? []

function normalise(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector) || 1
  for (let d = 0; d < vector.length; d++) vector[d]! /= length
  return vector
}

function fnv1a(s: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < s.length; i++) hash = Math.imul(hash ^ s.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
