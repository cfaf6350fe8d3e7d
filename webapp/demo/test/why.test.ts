import { expect, test } from 'vitest'
import type { Reason, ReaderProfile } from '@nigh/client'
import type { Work } from '../src/card.ts'
import { whyForYou, whySimilar } from '../src/why.ts'

const item = (value: string, title: string, score: number): Reason => ({ kind: 'item', value, title, score })
const profile: ReaderProfile = {
  history: [
    { item: 'moby-dick', strength: 3, at: 0 },
    { item: 'typee', strength: 1, at: 0 },
  ],
  preferences: [],
}

test('the largest reason comes first, with the next one of another kind', () => {
  const reasons: Reason[] = [item('moby-dick', 'Moby-Dick', 3), item('typee', 'Typee', 2), { kind: 'tag', value: 'sea', title: '', score: 1 }]
  expect(whyForYou(reasons, profile)).toBe('Because you liked Moby-Dick, tagged sea')
})

test('what was only looked at was opened, not liked', () => {
  expect(whyForYou([item('typee', 'Typee', 2)], profile)).toBe('Because you opened Typee')
})

test('a place that was given to a work says so', () => {
  const mark = (kind: 'pinned' | 'new') => ({ kind, value: '', title: '', score: 0 })
  expect(whyForYou([item('typee', 'Typee', 2), mark('pinned')], profile)).toBe('Chosen for everyone')
  expect(whyForYou([mark('new')], profile)).toBe('New on the shelves')
  expect(whyForYou([item('typee', 'Typee', 2), mark('new')], profile)).toBe('Because you opened Typee')
})

test('what speaks against a work is not why it is there', () => {
  expect(whyForYou([item('moby-dick', 'Moby-Dick', -3)], profile)).toBe('From the shelves, to begin with')
})

test('more like this names what both have in common', () => {
  const work = (tags: string[], author: string): Work => ({ id: author, title: `By ${author}`, summary: '', url: '', image: '', author, tags, categories: [], attributes: {} })
  const of = work(['sea', 'whaling', 'obsession'], 'Melville')
  expect(whySimilar(of, work(['whaling', 'sea', 'polar'], 'Scoresby'))).toBe('Both: whaling, sea')
  expect(whySimilar(of, work(['sea'], 'Melville'))).toBe('Also by Melville')
  expect(whySimilar(of, work(['music'], 'Mann'))).toBe('Close to By Melville in words or readers')
})
