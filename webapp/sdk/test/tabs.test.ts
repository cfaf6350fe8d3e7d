// Tabs of one browser: who leads, who is told what.

import { expect, test } from 'vitest'
import { browser, leads, Page, turn } from './tabs_stage.ts'

test('one tab leads, and answers the pages of all', async () => {
  const [a, b] = [new Page().open(), new Page().open()]
  await turn()
  expect([leads(a), leads(b)]).toEqual([true, false])
  a.say({ type: 'ask', question: { name: 'q1' }, at: 0 })
  b.say({ type: 'ask', question: { name: 'q1' }, at: 0 })
  a.record(1)
  b.record(1)
  await turn()
  expect([a.lists, b.lists, a.recorded, b.recorded]).toEqual([['q1'], ['q1'], [1], [1]])
  expect(browser.ops).toEqual([`${a.tab.id} 1`, `${b.tab.id} 1`])
  expect(b.said.filter((m) => m.type !== 'list' && m.type !== 'recorded')).toMatchObject([{ type: 'storage', kept: true }, { type: 'status' }])
})

test('what is said before anyone leads is not lost', async () => {
  const page = new Page()
  page.say({ type: 'ask', question: { name: 'q1' }, at: 0 })
  page.record(1)
  page.open()
  page.record(2)
  await turn()
  expect([page.lists, page.recorded, browser.ops.length]).toEqual([['q1'], [1, 2], 2])
})

// The wakes of these pages are never run: no clock has to move on for it.
test('another tab leads the moment that the leader dies, and is told again what is asked and was not answered', async () => {
  const [a, b, c] = [new Page().open(), new Page().open(), new Page().open()]
  await turn()
  b.say({ type: 'ask', question: { name: 'q1' }, at: 0 })
  c.say({ type: 'ask', question: { name: 'q2' }, at: 0 })
  b.record(1)
  await turn()
  a.die()
  c.record(1) // to nobody
  await turn()
  expect([leads(b), leads(c)]).toEqual([true, false])
  expect(b.calls).toContain('restore 1')
  expect([b.lists, c.lists, c.recorded]).toEqual([['q1', 'q1'], ['q2', 'q2'], [1]])
  for (const page of [b, c]) expect(page.wakes.every((wake) => wake.cancelled), 'waits for a clock').toBe(true)
  expect(browser.ops).toHaveLength(2)
})

test('an op that was stored by a leader that died before it said so counts once', async () => {
  const [a, b] = [new Page().open(), new Page().open()]
  await turn()
  a.mute = true
  b.record(1)
  await turn()
  expect([leads(b), b.recorded, browser.ops]).toEqual([true, [1], [`${b.tab.id} 1`]])
})

test('a tab that goes is asked for no more', async () => {
  const [a, b] = [new Page().open(), new Page().open()]
  await turn()
  b.say({ type: 'ask', question: { name: 'q1' }, at: 0 })
  b.say({ type: 'pause', paused: true })
  await turn()
  expect(a.calls.at(-1)).toBe('closed') // paused
  b.die()
  await turn()
  expect(a.calls).toContain(`drop ${b.tab.id}/q1`)
  expect(a.calls.at(-1)).toBe('online')
})

test('a tab that closes hands over', async () => {
  const [a, b] = [new Page().open(), new Page().open()]
  await turn()
  await a.tab.receive({ type: 'close' })
  await turn()
  expect(leads(b)).toBe(true)
  b.record(1)
  await turn()
  expect(b.recorded).toEqual([1])
})

test('a leader that is frozen loses its lead, and when it wakes follows, having written nothing', async () => {
  const [a, b] = [new Page().open(), new Page().open()]
  await turn()
  browser.channels.frozen.set(a, [])
  b.record(1)
  await turn()
  expect(b.recorded).toEqual([])
  b.wakes.find((wake) => !wake.cancelled)!.run()
  await turn()
  expect([leads(b), b.recorded]).toEqual([true, [1]])
  a.record(7) // of its own page, before it heard of anything
  const late = browser.channels.frozen.get(a)!
  browser.channels.frozen.delete(a)
  for (const deliver of late) deliver()
  await turn()
  a.record(8)
  await turn()
  expect(a.recorded).toEqual([7, 8])
  expect(browser.ops).toEqual([`${b.tab.id} 1`, `${a.tab.id} 7`, `${a.tab.id} 8`])
  expect(a.calls.filter((call) => call === 'start')).toHaveLength(1)
})

test('silence of a leader that answers is none', async () => {
  const [, b] = [new Page().open(), new Page().open()]
  await turn()
  b.say({ type: 'drop', name: 'q1' })
  await turn()
  expect(b.wakes.every((wake) => wake.cancelled)).toBe(true)
})

test('tabs of two readers have nothing to do with each other', async () => {
  const [a, b] = [new Page().open('ada'), new Page().open('bob')]
  await turn()
  expect([leads(a), leads(b)]).toEqual([true, true])
  const heard = b.said.length
  a.say({ type: 'ask', question: { name: 'q1' }, at: 0 })
  a.record(1)
  await turn()
  expect(b.said).toHaveLength(heard)
})

test('to erase all reaches every leader', async () => {
  const [a, b] = [new Page().open('ada'), new Page().open('bob')]
  await turn()
  a.say({ type: 'erase', number: 1, everyone: true })
  await turn()
  expect(a.said.at(-1)).toMatchObject({ type: 'erased', fault: '' })
  expect([a, b].map((page) => page.calls.filter((call) => call === 'start').length)).toEqual([2, 2])
})

test('without locks every tab leads, and says that it keeps nothing', async () => {
  const [a, b] = [new Page({ locks: false }).open(), new Page({ locks: false }).open()]
  await turn()
  expect([leads(a), leads(b)]).toEqual([true, true])
  expect(a.said[0]).toEqual({ type: 'storage', kept: false, reason: 'alone' })
  a.record(1)
  await turn()
  expect(a.said.at(-1)).toMatchObject({ type: 'recorded', kept: false })
})

test('a sign-in takes over what was done in another tab, which goes on as somebody else', async () => {
  const guest = new Page().open('')
  await turn()
  const account = new Page().open('ada')
  const second = new Page().open('ada') // it follows
  await turn()
  second.say({ type: 'merge', number: 1, clients: [''] })
  await turn()
  expect(account.calls.at(-1)).toBe('merge  with guest/0/reader')
  expect(second.said.at(-1)).toEqual({ type: 'moved', number: 1 })
  expect(guest.calls.filter((call) => call === 'start')).toHaveLength(2) // anew
  expect(guest.spaces).toHaveLength(2)
  // Once it is answered, no later leader does it again: what is done without a name from now on is not this reader's.
  account.die()
  await turn()
  expect([leads(second), second.calls.filter((call) => call.startsWith('merge'))]).toEqual([true, []])
})
