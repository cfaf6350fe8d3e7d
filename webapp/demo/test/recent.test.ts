import { expect, test } from 'vitest'
import { Recent } from '../src/recent.ts'

test('quantiles are of the last 50, and are values that were measured', () => {
  const recent = new Recent()
  expect(recent.quantile(0.5)).toBeNull()
  recent.add(7)
  expect([recent.quantile(0.5), recent.quantile(0.95)]).toEqual([7, 7])
  for (let n = 100; n > 0; n--) recent.add(n) // 50 to 1 are left
  expect(recent.quantile(0.5)).toBe(25) // the 25th of 50
  expect(recent.quantile(0.95)).toBe(48) // 47.5 of 50
})
