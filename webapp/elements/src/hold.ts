// Keeps a list still while somebody is about to use it: a list that moves under a finger makes it hit another work. What
// the reader's own act changes is shown at once, for that is what they wait for; then for a moment a click on what moved
// does nothing, which is the second half of a double click or one that was under way.

/** How long a click on what moved does nothing, in milliseconds. */
const settling = 300

export class Hold {
  readonly #root: HTMLElement
  readonly #ending = new AbortController()
  #over = false
  #down = false
  #keys = false
  #movedAt = -Infinity
  #moved: ReadonlySet<Element> = new Set()

  /** released is called when the list may move again. */
  constructor(root: HTMLElement, released: () => void) {
    this.#root = root
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
    root.addEventListener('click', (event) => this.#clicked(event), { signal, capture: true })
  }

  /** Whether the list must stay as it is. */
  get on(): boolean {
    return this.#over || this.#down || this.#keys
  }

  /** The list has moved all the same: these elements are new, or elsewhere. */
  moved(elements: ReadonlySet<Element>): void {
    if (elements.size === 0) return
    this.#moved = elements
    this.#movedAt = performance.now()
  }

  end(): void {
    this.#ending.abort()
  }

  #clicked(event: MouseEvent): void {
    if (event.detail === 0 || performance.now() - this.#movedAt > settling) return // a key's click hits what has the focus
    for (const element of event.composedPath()) {
      if (element === this.#root) return
      if (this.#moved.has(element as Element)) {
        event.preventDefault()
        event.stopImmediatePropagation()
        return
      }
    }
  }
}
