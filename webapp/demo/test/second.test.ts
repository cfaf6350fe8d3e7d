import { expect, test } from 'vitest'
import { together } from '../src/second.ts'

test('how two lists compare, in words', () => {
  expect(together([], ['a'])).toBe('') // one has none yet
  expect(together(['a', 'b'], ['a', 'b'])).toBe('The same list as the page’s.')
  expect(together(['a', 'b'], ['b', 'a'])).toBe('The page’s works, in another order.')
  expect(together(['a', 'b', 'c'], ['c', 'd', 'e'])).toBe('2 of 3 works differ from the page’s.') // a and b
})
