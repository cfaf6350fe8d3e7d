// A server that asks who readers are: who is let in, and what follows a reader who signs in.

import { createHmac } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from './nigh.ts'

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
