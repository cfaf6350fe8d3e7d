import { expect, test } from 'vitest'
import type { RecommendationsEvent } from '@nigh/client'
import { agreement, grouped } from '../src/status.ts'

const answer = (agrees: boolean | null, ...ids: string[]) => ({ agrees, items: ids.map((id) => ({ id })) }) as RecommendationsEvent

test('the two agree only where they were compared', () => {
  const before = answer(null, 'a', 'b')
  expect(agreement(answer(true, 'a', 'b'), before)).toBe('both agree')
  expect(agreement(answer(false, 'b', 'a'), before)).toBe('they differ')
  expect(agreement(answer(null, 'a', 'b'), before)).toBe('same list')
  expect(agreement(answer(null, 'b', 'a'), before)).toBe('server is ahead')
  expect(agreement(answer(null), null)).toBe('server is ahead')
})

test('large numbers are written in groups of three', () => {
  expect([0, 999, 1000, 64_000, 1_234_567].map(grouped)).toEqual(['0', '999', '1,000', '64,000', '1,234,567'])
})
