// What was in view: an item of which half was on the screen for a second, once for each list.

/** In milliseconds: on the screen for so long; told together so often. */
const enough = 1000
const together = 2000

export class Seen {
  readonly #tell: (ids: string[]) => void
  readonly #watch: IntersectionObserver
  readonly #timers = new Map<Element, number>()
  readonly #told = new Set<string>()
  readonly #ending = new AbortController()
  #queue: string[] = []
  #flushing = 0

  constructor(tell: (ids: string[]) => void) {
    this.#tell = tell
    this.#watch = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) this.#changed(entry.target, entry.intersectionRatio >= 0.5)
      },
      { threshold: [0.5] },
    )
    const { signal } = this.#ending
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') return
      for (const element of [...this.#timers.keys()]) this.#changed(element, false)
      this.flush()
    }, { signal })
    window.addEventListener('pagehide', () => this.flush(), { signal })
  }

  /** Watches what is in a list now. */
  follow(elements: Iterable<HTMLElement>): void {
    this.#watch.disconnect() // observing anew reports what is on the screen at this moment
    const now = new Set<Element>(elements)
    for (const element of [...this.#timers.keys()]) if (!now.has(element)) this.#changed(element, false)
    for (const element of now) if (!this.#told.has((element as HTMLElement).dataset['id']!)) this.#watch.observe(element)
  }

  flush(): void {
    clearTimeout(this.#flushing)
    this.#flushing = 0
    if (this.#queue.length > 0) this.#tell(this.#queue.splice(0))
  }

  end(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
    this.#watch.disconnect()
    this.flush()
    this.#ending.abort()
  }

  #changed(element: Element, visible: boolean): void {
    if (!visible || document.visibilityState !== 'visible') {
      clearTimeout(this.#timers.get(element))
      this.#timers.delete(element)
      return
    }
    if (this.#timers.has(element)) return
    const id = (element as HTMLElement).dataset['id']!
    this.#timers.set(element, window.setTimeout(() => {
      this.#timers.delete(element)
      this.#watch.unobserve(element)
      if ((element as HTMLElement).dataset['id'] !== id || this.#told.has(id)) return
      this.#told.add(id)
      this.#queue.push(id)
      this.#flushing ||= window.setTimeout(() => this.flush(), together)
    }, enough))
  }
}
