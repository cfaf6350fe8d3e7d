// Keeps a list still while somebody is about to use it: a list that moves under a finger makes it hit another work. What
// the reader's own act changes is shown at once, for that is what they wait for; then for a moment the pointer goes through
// what moved, for what comes then is the second half of a double click or a click that was under way.

/** How long the pointer goes through what moved, in milliseconds. */
const settling = 300

export class Hold {
  readonly #ending = new AbortController()
  #over = false
  #down = false
  #keys = false

  /** released is called when the list may move again. */
  constructor(root: HTMLElement, released: () => void) {
    const { signal } = this.#ending
    const on = <K extends keyof HTMLElementEventMap>(type: K, listener: (event: HTMLElementEventMap[K]) => void) =>
      root.addEventListener(type, listener, { signal, passive: true })
    let due = 0
    const free = () => {
      // Behind the click that a lifted button still becomes.
      clearTimeout(due)
      due = window.setTimeout(() => !this.on && !signal.aborted && released())
    }
    on('pointerenter', (event) => (this.#over = event.pointerType !== 'touch'))
    on('pointermove', (event) => (this.#over = event.pointerType !== 'touch')) // it was there before the list was
    on('pointerleave', () => {
      this.#over = false
      free()
    })
    on('pointerdown', () => (this.#down = true))
    for (const type of ['pointerup', 'pointercancel'] as const) {
      window.addEventListener(type, () => {
        if (!this.#down) return
        this.#down = false
        free()
      }, { signal, passive: true })
    }
    // Focus by a click is the pointer's matter; focus to be seen is the keyboard's.
    on('focusin', (event) => (this.#keys = (event.composedPath()[0] as Element).matches(':focus-visible')))
    on('focusout', (event) => {
      if (root.contains(event.relatedTarget as Node | null)) return
      this.#keys = false
      free()
    })
  }

  /** Whether the list must stay as it is. */
  get on(): boolean {
    return this.#over || this.#down || this.#keys
  }

  /**
   * The list has moved all the same: these elements are new, or elsewhere. The browser itself keeps the pointer off them, so
   * that whoever looks what is under it (a person's pointer shape, a test's click) finds what a click would hit; a key's
   * click hits what has the focus, as ever.
   */
  moved(elements: ReadonlySet<Element>): void {
    for (const element of elements) element.animate({ pointerEvents: ['none', 'none'] }, settling)
  }

  end(): void {
    this.#ending.abort()
  }
}
