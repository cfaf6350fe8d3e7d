import { deflateRawSync } from 'node:zlib'
import { beforeEach, expect, test } from 'vitest'
import { browserInflate, Frames, maxFrame, type Inflate } from '../src/inflate.ts'

/** A frame as the server deflates it, which claims to be of a size. */
function deflated(plain: Uint8Array, claim = plain.length): Uint8Array<ArrayBuffer> {
  const body = deflateRawSync(plain)
  const frame = new Uint8Array(5 + body.length)
  frame[0] = 0xc1
  new DataView(frame.buffer).setUint32(1, claim)
  frame.set(body, 5)
  return frame
}

const plain = (...bytes: number[]) => new Uint8Array(bytes)

let got: string[]
let failed: unknown[]
beforeEach(() => {
  got = []
  failed = []
})
const open = (inflate: Inflate | null) =>
  new Frames(
    inflate,
    (frame, size) => got.push(`${frame.length > 9 ? frame.length : frame.join(' ')} of ${size}`),
    (reason) => failed.push(reason),
  )

/** An inflate whose frames are done when the test says so: each resolves as its body. */
function byHand() {
  const under: { done: () => void; fail: () => void }[] = []
  const inflate: Inflate = (body) =>
    new Promise((resolve, reject) => under.push({ done: () => resolve(body), fail: () => reject(new Error('torn')) }))
  return { under, inflate }
}
const settled = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve()
}

test('a plain frame is delivered at once', () => {
  open(null).push(plain(1, 2))
  expect(got).toEqual(['1 2 of 2'])
})

test('frames behind one that is being inflated wait for it, in order', async () => {
  const { under, inflate } = byHand()
  const frames = open(inflate)
  frames.push(plain(1))
  frames.push(plain(0xc1, 0, 0, 0, 1, 2))
  frames.push(plain(3))
  frames.push(plain(0xc1, 0, 0, 0, 1, 4))
  frames.push(plain(5))
  frames.end(() => got.push('closed'))
  expect(got).toEqual(['1 of 1'])
  expect(under.length).toBe(1)
  under[0]!.done()
  await settled()
  expect(got).toEqual(['1 of 1', '2 of 6', '3 of 1'])
  expect(under.length).toBe(2)
  under[1]!.done()
  await settled()
  expect(got).toEqual(['1 of 1', '2 of 6', '3 of 1', '4 of 6', '5 of 1', 'closed'])
})

test('what was dropped is never delivered, whenever it is inflated', async () => {
  const { under, inflate } = byHand()
  const frames = open(inflate)
  frames.push(plain(0xc1, 0, 0, 0, 1, 2))
  frames.push(plain(3))
  frames.drop()
  under[0]!.done()
  frames.push(plain(4))
  await settled()
  expect(got).toEqual([])
  expect(failed).toEqual([])
})

test('after a torn frame comes nothing more', async () => {
  const { under, inflate } = byHand()
  const frames = open(inflate)
  frames.push(plain(0xc1, 0, 0, 0, 1, 2))
  frames.push(plain(3))
  frames.end(() => got.push('closed'))
  under[0]!.fail()
  await settled()
  frames.push(plain(4))
  expect(got).toEqual([])
  expect(failed.length).toBe(1)
})

test('a browser that cannot inflate says so', async () => {
  open(null).push(deflated(new Uint8Array(2000)))
  await settled()
  expect(String(failed[0])).toContain('cannot inflate')
})

test('the browser inflates what the server deflates, of any size that a frame has', async () => {
  const inflate = browserInflate()!
  for (const size of [0, 1, 5000, maxFrame]) {
    const frame = new Uint8Array(size).map((_, i) => (i * i) >> 5)
    expect(Buffer.compare(await inflate(deflated(frame).subarray(5), size), frame)).toBe(0)
  }
})

test('a frame that is not of the size that it says is refused', async () => {
  const bomb = deflated(new Uint8Array(64 << 20), 5000)
  const good = deflated(new Uint8Array(5000))
  for (const frame of [
    bomb,
    deflated(new Uint8Array(5000), 4999),
    deflated(new Uint8Array(5000), 5001),
    deflated(new Uint8Array(5000), maxFrame + 1),
    good.subarray(0, good.length - 2),
    plain(0xc1, 0, 0),
    plain(0xc1, 0, 0, 0, 9),
  ]) {
    failed = []
    const done = new Promise<void>((resolve) => {
      new Frames(browserInflate(), () => got.push('delivered'), (reason) => (failed.push(reason), resolve())).push(frame)
    })
    await done
    expect(got).toEqual([])
  }
})
