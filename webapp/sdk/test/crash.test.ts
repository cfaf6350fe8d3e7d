// What becomes of tabs whose module ends, and of one that closes.

import { expect, test } from 'vitest'
import { browser, leads, Page, turn } from './tabs_stage.ts'

const failures = (page: Page) => page.said.flatMap((m) => (m.type === 'error' ? [m.message] : []))

test('a leader whose module ends hands over at once, and its page stays: what was being said has failed, all else is done', async () => {
  const [a, b] = [new Page().open(), new Page().open()]
  await turn()
  a.say({ type: 'ask', question: { name: 'q1' }, at: 0 })
  await turn()
  a.trap = 7
  b.record(6)
  a.record(7)
  a.record(8)
  b.record(9)
  await turn()
  expect([leads(b), a.recorded, b.recorded]).toEqual([true, [8], [6, 9]])
  expect(a.said).toContainEqual({ type: 'failed', number: 7, fault: 'nigh.wasm failed: Error: unreachable; this was not kept' })
  expect(a.lists).toEqual(['q1', 'q1']) // of the new leader
  for (const page of [a, b]) expect(failures(page)).toEqual(['nigh.wasm failed: Error: unreachable; it begins again from what is kept'])
  expect(a.restarts).toBe(1)
  // Its module is there again: it leads when its turn comes, from what is kept.
  a.tab.ready(a.module())
  b.die()
  await turn()
  a.record(10)
  await turn()
  expect(a.recorded).toEqual([8, 10])
  expect(a.calls.filter((call) => call === 'start')).toHaveLength(2)
})

test('a tab alone whose module ends begins again from what is kept, and is told what nobody answered', async () => {
  for (const withLocks of [true, false]) {
    const page = new Page({ locks: withLocks }).open()
    await turn()
    page.trap = 1
    page.record(1)
    page.record(2)
    await turn()
    expect(page.recorded).toEqual([])
    page.tab.ready(page.module())
    await turn()
    expect(page.recorded).toEqual([2])
    page.die()
  }
})

test('a module that ends again and again is given up, and nothing waits for it; after a calm minute it counts anew', async () => {
  const page = new Page().open()
  const module = page.module()
  await turn()
  let last = module
  const crash = async () => {
    page.tab.stopped(last, 'it ended')
    page.tab.stopped(last, 'it ended') // heard twice
    last = page.module()
    page.tab.ready(last)
    await turn()
  }
  page.tab.ready(module)
  await crash()
  await crash()
  browser.clock += 60_001
  await crash()
  await crash()
  expect([page.restarts, failures(page).length]).toEqual([4, 4])
  page.tab.stopped(last, 'it ended')
  await turn()
  expect(failures(page).at(-1)).toContain('reload the page')
  expect(page.said.at(-1)).toMatchObject({ type: 'closed' })
  const other = new Page().open() // another tab has the lock for the asking
  await turn()
  expect(leads(other)).toBe(true)
})

test('a module that does not start again counts as one that ends again', async () => {
  const page = new Page().open()
  await turn()
  const module = page.module()
  page.tab.ready(module)
  page.tab.stopped(module, 'it ended')
  page.tab.stopped(null, 'out of memory')
  page.tab.stopped(null, 'out of memory')
  await turn()
  expect([page.restarts, page.said.at(-1)]).toMatchObject([2, { type: 'closed' }])
})

test('a tab that closes waits for what is under way to the disk, and then answers no more', async () => {
  const page = new Page().open()
  await turn()
  let stored = () => {}
  browser.closing = new Promise((resolve) => (stored = resolve))
  page.record(1)
  const closed = page.tab.receive({ type: 'close' })
  await turn()
  expect(page.said.some((m) => m.type === 'closed')).toBe(false)
  stored()
  await closed
  expect(page.said.slice(-2)).toMatchObject([{ type: 'recorded', number: 1, kept: true }, { type: 'closed' }])
})
