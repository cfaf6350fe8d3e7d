// A server that asks who readers are: who is let in, and what follows a reader who signs in.

import { createHmac } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from './nigh.ts'
import { on, test as onSite, works, type OnPage } from './site.ts'

const secret = 'a secret of the end-to-end tests'
const file = join(mkdtempSync(join(tmpdir(), 'nigh-e2e-secret-')), 'secret')
writeFileSync(file, secret)

/** A token as a site's backend signs it: HS256. */
function sign(reader: string, seconds: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: reader, exp: Math.floor(Date.now() / 1000) + seconds })}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

test.use({ flags: ['--readers-secret', file] })

test('the demo is open to anonymous readers', async ({ demo }) => {
  await demo.open()
  expect((await demo.ids()).length).toBeGreaterThan(0)
})

test('the panel says that a second device would need the reader’s token', async ({ demo, page }) => {
  await demo.open()
  await page.locator('.details').click()
  await expect(page.locator('.devices')).toContainText('would need a token of the same reader')
  await expect(page.locator('.second-device')).toHaveCount(0)
})

test('a name needs its token, which is renewed, and what was done before a sign-in comes along', async ({ page, server }) => {
  await page.goto(`${server.url}/docs/`) // a page of the server's own, without a client of its own
  let signed = 0
  await page.exposeFunction('sign', (reader: string) => sign(reader, ++signed === 1 ? 30 : 3600))
  const seen = await page.evaluate(async () => {
    const { connect } = await import(new URL('/nigh.js', location.href).href)
    const make = (options: object) => connect({ url: location.origin, ...options })
    const when = (client: EventTarget, type: string, holds: (event: any) => boolean) =>
      new Promise<any>((resolve) => client.addEventListener(type, (event) => holds(event) && resolve(event)))
    const live = (client: EventTarget) => when(client, 'status', (event) => event.status.state === 'live' && event.status.pending === 0)

    const impostor = make({ user: 'ada' })
    const refused = await when(impostor, 'failure', () => true)
    impostor.close()

    const before = crypto.randomUUID()
    const guest = make({ client: before })
    await live(guest)
    const waiting = (n: number) => when(guest, 'status', (event) => event.status.pending === n)
    const kept = waiting(1).then(() => waiting(0)) // taken, then acknowledged
    guest.record('like', 'moby-dick')
    await kept
    guest.close()

    const sign = (globalThis as any).sign as (reader: string) => Promise<string>
    let renewed = () => {}
    const twice = new Promise<void>((resolve) => (renewed = resolve))
    let tokens = 0
    const token = () => {
      if (++tokens === 2) renewed()
      return sign('ada')
    }
    const account = make({ user: 'ada', token, merge: before })
    const profile = when(account, 'profile', (event) => event.profile.history.length === 1)
    const merged = when(account, 'merged', () => true)
    const [{ client }, { profile: known }] = await Promise.all([merged, profile, twice]) // the first token has half a minute: another one is asked for at once
    account.close()
    return { refused: refused.message, merged: client === before, item: known.history[0].item }
  })
  expect(seen).toMatchObject({ merged: true, item: 'moby-dick' })
  expect(seen.refused).toContain('does not let this reader in')
  const asAda = (token: string) => fetch(`${server.url}/v1/recommendations?user=ada`, { headers: { authorization: `Bearer ${token}` } })
  expect((await asAda(sign('ada', 60))).status).toBe(200)
  expect((await asAda(sign('bob', 60))).status).toBe(403)
})

// Of what the server holds of a reader, each op once: core/replica and server/catalog prove that for every order of deaths
// (TestSimulation). Here the browser's half is real: IndexedDB, tabs, and processes that end.
for (const named of [false, true]) {
  const how = named ? 'by an id that the page gave' : 'as whom the device named'
  onSite(`what was done without a name and a network comes along at the sign-in, once, whatever dies: ${how}`, async ({ browser, site, nigh }) => {
    const context = await browser.newContext()
    const [a, b, c, d, e, f] = (await works(nigh)) as [string, string, string, string, string, string]
    const id = 'a-browser-of-nobody-with-a-name'
    const nobody = { url: nigh.url, ...(named ? { client: id } : {}) }
    const ada = { url: nigh.url, user: 'ada', merge: named ? id : true }
    const open = async (options: Parameters<typeof site.page>[0]) => {
      const page = await context.newPage()
      await page.goto(site.page(options))
      return page
    }
    const first = await open(nobody)
    await on.live(first)
    expect(await on.record(first, 'like', a)).toBe(true)
    await on.live(first)
    const second = await open(nobody) // it follows the first
    await on.live(second)
    await nigh.kill()
    expect(await on.record(first, 'like', b)).toBe(true)
    expect(await on.record(second, 'like', c)).toBe(true)

    // The sign-in, offline; its tab dies as soon as it has all.
    const doomed = await open(ada)
    await on.pending(doomed, 2)
    await on.crash(doomed)
    // The tabs that are open without a name are somebody else's from then on, whose doing is not hers until she signs in again.
    await on.history(first, [])
    await on.crash(first)
    expect(await on.record(second, 'like', d)).toBe(true)
    await on.history(second, [d])
    const account = await open({ url: nigh.url, user: 'ada' })
    await on.pending(account, 2)
    expect(await on.record(account, 'like', e)).toBe(true)
    const again = await open(ada) // it follows, and the leader takes over what its merge names
    await on.pending(again, 4)
    await on.pending(account, 4)
    await on.history(second, [])
    // Somebody else who names the same browser gets what was done there since, which is nothing, and none of hers.
    const bob = await open({ ...ada, user: 'bob' })
    await on.pending(bob, 0)

    await nigh.again()
    await Promise.all([on.live(account), on.live(again), on.live(bob)])
    await on.history(account, [e, d, c, b, a])
    await on.history(bob, [])
    expect((await on.state(account)).op, "ops of the account's own").toBe(1)
    // Said again when all is done: nothing more, and it is told so where the page knows the id.
    const later = await open(ada)
    if (named) await later.waitForFunction((id) => (globalThis as unknown as OnPage).merged?.includes(id), id)
    await on.crash(account)
    await on.live(later)
    await on.history(later, [e, d, c, b, a])
    expect(await on.record(second, 'like', f)).toBe(true) // as nobody, under an id that is not spent
    await on.live(second)
    await on.history(second, [f])
    const elsewhere = await (await browser.newContext()).newPage()
    await elsewhere.goto(site.page({ url: nigh.url, user: 'ada' }))
    await on.live(elsewhere)
    await on.history(elsewhere, [e, d, c, b, a])
    expect((await on.state(elsewhere)).list).toEqual(await nigh.recommend('ada'))
    await elsewhere.context().close()
    await context.close()
  })
}
