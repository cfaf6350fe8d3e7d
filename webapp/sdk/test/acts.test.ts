import { expect, test } from 'vitest'
import { Acts, type Act } from '../src/acts.ts'
import type { ReaderProfile } from '../src/module.ts'

const record = (kind: string, item: string, value = 0): Act => ({ type: 'record', kind, item, value })
const prefer = (key: string, weight: number): Act => ({ type: 'prefer', kind: 'tag', key, weight })
const profile = (history: Record<string, number> = {}, preferences: Record<string, number> = {}): ReaderProfile => ({
  history: Object.entries(history).map(([item, strength]) => ({ item, strength, at: 1 })),
  preferences: Object.entries(preferences).map(([key, weight]) => ({ kind: 'tag', key, weight })),
})

test('the first act on an item is taken back by forgetting it', () => {
  const acts = new Acts()
  acts.note(record('like', 'a'), profile())
  acts.note(record('shown', 'b'), profile({ a: 3 }))
  expect(acts.undo()).toEqual([record('forget', 'a')])
  expect(acts.undo()).toEqual([])
})

test('a later act is taken back to the one before it, with its value', () => {
  const acts = new Acts()
  acts.note(record('rating', 'a', 4), profile())
  acts.note(record('dislike', 'a'), profile({ a: 2 }))
  acts.note(record('view', 'b'), profile({ a: -3 }))
  expect(acts.undo('a')).toEqual([record('forget', 'a'), record('rating', 'a', 4)])
  expect(acts.undo('a')).toEqual([record('forget', 'a')])
  expect(acts.undo('a')).toEqual([])
  expect(acts.undo()).toEqual([record('forget', 'b')])
})

test('what another page did before is said again by a kind that says about as much', () => {
  for (const [strength, kind] of [[1, 'view'], [0.5, 'view'], [3, 'like'], [-1, 'dismiss'], [-3, 'dislike']] as const) {
    const acts = new Acts()
    acts.note(record('bookmark', 'a'), profile({ a: strength }))
    expect(acts.undo(), `strength ${strength}`).toEqual([record('forget', 'a'), record(kind, 'a')])
  }
})

test('forgetting is taken back too, and not into what was forgotten before', () => {
  const acts = new Acts()
  acts.note(record('forget', 'a'), profile({ a: 3 }))
  acts.note(record('view', 'a'), profile())
  expect(acts.undo()).toEqual([record('forget', 'a')])
  expect(acts.undo()).toEqual([record('forget', 'a'), record('like', 'a')])
})

test('a wish gets the weight that it had', () => {
  const acts = new Acts()
  acts.note(prefer('sea', 2), profile({}, { sea: 0.5 }))
  acts.note(prefer('sea', -1), profile({}, { sea: 0.5 })) // the profile is behind
  acts.note(prefer('moon', 1), null)
  expect(acts.undo()).toEqual([prefer('moon', 0)])
  expect(acts.undo()).toEqual([prefer('sea', 2)])
  expect(acts.undo()).toEqual([prefer('sea', 0.5)])
})
