// Deflated frames, made plain before the module sees them. core/wire's deflated.go is the other end of this page: a frame
// that begins with 0xc1 is a head of five bytes (the mark and the size of the frame in it, big-endian), then raw deflate.
//
//   socket ──► Frames.push ── plain ───────────────────► deliver
//                         └── deflated ──► inflate ──► …   in the order in which they came
//
// A browser inflates in its own time, and several frames may come meanwhile: they wait for the first of them.

const mark = 0xc1
const head = 5
/** What a server's frame may hold; wire.MaxServerFrame. */
export const maxFrame = 4 << 20

/** Inflates raw deflate that is to be `size` bytes; rejects anything that is not. */
export type Inflate = (body: Uint8Array<ArrayBuffer>, size: number) => Promise<Uint8Array>

/** Inflates with the browser's own stream; null where it has none, or none for raw deflate (before 2023). */
export function browserInflate(): Inflate | null {
  try {
    new DecompressionStream('deflate-raw')
  } catch {
    return null
  }
  return async (body, size) => {
    const stream = new Blob([body]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
    const reader = stream.getReader()
    const out = new Uint8Array(size)
    let at = 0
    for (;;) {
      const { value, done } = await reader.read()
      if (done) break
      if (at + value.length > size) {
        // A bomb: nothing more of it is inflated.
        void reader.cancel().catch(() => {})
        throw new Error('a frame is larger than it says')
      }
      out.set(value, at)
      at += value.length
    }
    if (at < size) throw new Error('a frame is smaller than it says')
    return out
  }
}

/** The frames of one socket, in order. */
export class Frames {
  readonly #inflate: Inflate | null
  readonly #deliver: (frame: Uint8Array, size: number) => void
  readonly #fail: (reason: unknown) => void
  #waiting: (() => void)[] = [] // behind the frame that is being inflated
  #busy = false
  #ended = false

  /** deliver gets every frame with the bytes that it took on its way; fail is called once, and nothing after it. */
  constructor(inflate: Inflate | null, deliver: (frame: Uint8Array, size: number) => void, fail: (reason: unknown) => void) {
    this.#inflate = inflate
    this.#deliver = deliver
    this.#fail = fail
  }

  push(frame: Uint8Array<ArrayBuffer>): void {
    this.#then(() => {
      if (frame[0] !== mark) {
        this.#deliver(frame, frame.length)
        return
      }
      void this.#open(frame)
    })
  }

  /** Calls f behind the frames that came before. */
  end(f: () => void): void {
    this.#then(() => {
      this.#ended = true
      f()
    })
  }

  /** What has not been delivered never is. */
  drop(): void {
    this.#ended = true
    this.#waiting = []
  }

  #then(f: () => void): void {
    if (this.#ended) return
    if (this.#busy) this.#waiting.push(f)
    else f()
  }

  async #open(frame: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#busy = true
    try {
      if (!this.#inflate) throw new Error('a deflated frame came, which this browser cannot inflate')
      const size = new DataView(frame.buffer, frame.byteOffset).getUint32(1)
      if (size > maxFrame) throw new Error('a frame is too large')
      const plain = await this.#inflate(frame.subarray(head), size)
      if (this.#ended) return
      this.#deliver(plain, frame.length)
    } catch (reason) {
      if (this.#ended) return
      this.drop()
      this.#fail(reason)
      return
    }
    this.#busy = false
    while (!this.#busy && !this.#ended && this.#waiting.length > 0) this.#waiting.shift()!()
  }
}
