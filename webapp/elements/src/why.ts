// <nigh-why>: why an item is in a list, in a phrase; with `details`, every reason behind a disclosure.

import type { ListedItem, Reason } from '@nigh/client'
import { h, setChildren, setText } from './dom.ts'
import { shadow } from './element.ts'
import { whyStyle } from './style.ts'
import { capital, phrase, why, words } from './words.ts'

const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement

/**
 * In a list's <template> it is given its item's reasons. Elsewhere `for` (the id of a <nigh-feed> or <nigh-similar>) and
 * `item` (an item's id; the first of the list if absent) say which; or set the property `reasons`.
 */
export class NighWhy extends Base {
  static readonly observedAttributes = ['for', 'item', 'details']
  #reasons: readonly Reason[] | null = null
  #about: string | undefined
  #following: AbortController | null = null

  get reasons(): readonly Reason[] | null {
    return this.#reasons
  }

  set reasons(reasons: readonly Reason[] | null) {
    this.explain(reasons)
  }

  /** Sets reasons of a list; about is the item whose like it lists, if it does. */
  explain(reasons: readonly Reason[] | null, about?: string): void {
    this.#reasons = reasons
    this.#about = about
    this.#show()
  }

  connectedCallback(): void {
    if (Object.hasOwn(this, 'reasons')) {
      const { reasons } = this
      Reflect.deleteProperty(this, 'reasons')
      this.#reasons = reasons
    }
    this.#follow()
    this.#show()
  }

  disconnectedCallback(): void {
    this.#following?.abort()
  }

  attributeChangedCallback(): void {
    if (!this.isConnected) return
    this.#follow()
    this.#show()
  }

  /** Listens to the list that `for` names, wherever it is in the page, and whether it is there yet or not. */
  #follow(): void {
    this.#following?.abort()
    const id = this.getAttribute('for')
    if (id === null) return
    this.#following = new AbortController()
    const take = ({ items, about }: { items: readonly ListedItem[]; about?: string | undefined }) => {
      const wanted = this.getAttribute('item')
      this.explain((wanted === null ? items[0] : items.find((item) => item.id === wanted))?.reasons ?? null, about)
    }
    const listed = document.getElementById(id) as (HTMLElement & { items?: readonly ListedItem[]; about?: string }) | null
    if (listed?.items?.length) take({ items: listed.items, about: listed.about })
    document.addEventListener('nigh-list', (event) => {
      if ((event.target as Element).id === id) take((event as CustomEvent<{ items: ListedItem[]; about?: string }>).detail)
    }, { signal: this.#following.signal })
  }

  #show(): void {
    if (!this.isConnected) return
    const root = shadow(this, whyStyle)
    const reasons = this.#reasons
    if (!root.firstChild) root.append(h('slot'))
    const slot = root.querySelector('slot')!
    slot.hidden = reasons !== null // what the server said stays until there is something newer
    if (!reasons) {
      setChildren(root, slot)
      return
    }
    const text = why(reasons, this.#about)
    if (!this.hasAttribute('details') || reasons.length === 0) {
      const line = root.querySelector('p') ?? h('p', { part: 'text' })
      setText(line, text)
      setChildren(root, slot, line)
      return
    }
    const most = Math.max(...reasons.map((reason) => reason.score), Number.MIN_VALUE)
    const details = root.querySelector('details') ?? h('details', { part: 'details' }, h('summary', { part: 'text' }), h('ul', { part: 'reasons' }))
    setText(details.firstElementChild, text)
    details.lastElementChild!.replaceChildren(
      ...reasons.map((reason) => {
        const said = capital(phrase(reason, this.#about))
        const row = h('li', { part: 'reason' }, said)
        if (reason.score > 0) row.append(h('meter', { part: 'meter', min: '0', max: '1', value: (reason.score / most).toFixed(3), 'aria-label': `${words.why}: ${said}` }))
        return row
      }),
    )
    setChildren(root, slot, details)
  }
}
