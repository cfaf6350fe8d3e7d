import { expect } from './nigh.ts'
import { on, test, works, type OnPage } from './site.ts'

test.use({ trace: 'off' }) // of a hundred pages

test('a tab whose process dies at any moment loses nothing recorded, and shows nothing half-applied', async ({ browser, site, nigh }) => {
  test.setTimeout(600_000)
  const rounds = 50
  const all = await works(nigh)
  let context = await browser.newContext()
  let said = 0 // ops of this context's reader
  let kept = 0 // of these, those that were told to be recorded
  let user = ''
  let survived = 0
  for (let round = 0; round < rounds; round++) {
    if (round % 10 === 0) { // from nothing: it dies while the first catalog comes
      await context.close()
      context = await browser.newContext()
      user = `reader${round}`
      said = kept = 0
    }
    const address = site.page({ url: nigh.url, user })
    const doomed = await context.newPage()
    const recorded: string[] = []
    const mine = all.slice(round * 3, round * 3 + 5)
    // It lives for so many frames of the screen, or for so many things told: a status, the storage, the profile, a record.
    const counted = (['frame', 'told', 'recorded'] as const)[round % 3]!
    let steps = Math.floor(Math.random() * { frame: 14, told: 10, recorded: mine.length }[counted])
    let frames = 0
    const cdp = await context.newCDPSession(doomed)
    const dead = new Promise<unknown>((resolve) => doomed.once('crash', resolve))
    const step = () => steps-- === 0 && void cdp.send('Page.crash').catch(() => {})
    await doomed.exposeFunction('step', (what: 'frame' | 'told' | 'recorded', item: string) => {
      if (what === 'recorded') recorded.push(item)
      if (what === 'frame' && ++frames > 300) steps = 0 // nothing more is told
      if (what === counted || frames > 300 || (what === 'recorded' && counted === 'told')) step()
    })
    await doomed.addInitScript((items) => {
      const { step } = globalThis as unknown as { step(what: string, item?: string): void }
      addEventListener('DOMContentLoaded', async () => {
        const page = globalThis as unknown as OnPage
        while (!page.nigh) await new Promise((resolve) => requestAnimationFrame(resolve))
        for (const type of ['status', 'profile', 'storage'] as const) page.nigh.addEventListener(type, () => step('told'))
        for (const item of items) void page.nigh.record('view', item).then((kept) => kept && step('recorded', item))
        for (;;) {
          await new Promise((resolve) => requestAnimationFrame(resolve))
          step('frame')
        }
      })
    }, mine)
    await doomed.goto(address).catch(() => {})
    if (round % 3 === 0) await nigh.put({ id: `new${round}`, title: `The ${round}th lighthouse`, tags: ['sea'] })
    await dead
    said += mine.length
    kept += recorded.length
    survived += recorded.length

    const next = await context.newPage()
    await next.goto(address)
    await on.live(next)
    const state = await on.state(next)
    await expect.poll(async () => (await nigh.recommend(user)).join() === (await on.state(next)).list.join(), { message: 'REST recommends what the page shows' }).toBe(true)
    expect(state.op, `round ${round}: ops that the server holds`).toBeGreaterThanOrEqual(kept)
    expect(state.op).toBeLessThanOrEqual(said)
    for (const item of recorded) expect(state.history, `round ${round}`).toContain(item)
    said = kept = state.op
    await next.close()
    await doomed.close()
  }
  await context.close()
  expect(survived, 'ops that were recorded before a death').toBeGreaterThan(10)
})
