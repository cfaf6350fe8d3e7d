// A list of works on the page, and the standing question that fills it.

import type { RecommendationsEvent } from '@nigh/client'
import { Hold } from '@nigh/elements/hold'
import { inSight, update, type Entry, type Keyed } from '@nigh/elements/keyed'
import { fill, setText, type Work } from './card.ts'

export interface Listed {
  work: Work
  why: string
}

interface Shelf {
  hold: Hold
  template: HTMLTemplateElement // what its elements are copies of
  waiting: Listed[] | null // a newer list, while the reader is about to use the one that is there
}

const shelves = new WeakMap<HTMLElement, Shelf>()
const controls = ['like', 'dismiss', 'undo']

/**
 * Shows works in a section [data-list]; returns what is new in it. While a pointer is over the list or the keyboard in it,
 * it stays as it is until they have left, but for what the reader did in this page themselves (own). Its elements are
 * copies of a template, the page's own for such a list if none is given.
 */
export function show(section: HTMLElement, listed: Listed[], own: boolean, template?: HTMLTemplateElement): string[] {
  const list = listOf(section)
  let shelf = shelves.get(list)
  if (!shelf) {
    template ??= document.querySelector<HTMLTemplateElement>(list.classList.contains('rows') ? '#t-row' : '#t-card')!
    const made: Shelf = { hold: new Hold(list, () => made.waiting && place(list, made, made.waiting)), template, waiting: null }
    shelves.set(list, (shelf = made))
  }
  const moves = listed.length !== list.children.length || listed.some(({ work }, i) => (list.children[i] as HTMLElement).dataset['id'] !== work.id)
  if (!own && moves && shelf.hold.on && list.childElementCount > 0) {
    shelf.waiting = listed
    return []
  }
  return place(list, shelf, listed)
}

/** Ends what watches over a section's list, which is not shown any more. */
export function end(section: HTMLElement): void {
  shelves.get(listOf(section))?.hold.end()
}

const listOf = (section: HTMLElement) => section.querySelector<HTMLElement>('.cards, .rows')!

function place(list: HTMLElement, shelf: Shelf, listed: Listed[]): string[] {
  shelf.waiting = null
  const empty = list.childElementCount === 0
  const { added, moved } = arrange(list, shelf.template, listed.map(({ work, why }) => ({ id: work.id, fill: (element) => fill(element, work, why) })))
  if (!empty && inSight(list) !== false) shelf.hold.moved(moved) // nobody is about to press what is not on the screen
  return added
}

/** Brings a list to a new order; its elements are copies of a template, and known by their data-id. */
export function arrange(list: HTMLElement, template: HTMLTemplateElement, entries: Entry[]) {
  const keyed: Keyed = {
    make: () => (template.content.firstElementChild as HTMLElement).cloneNode(true) as HTMLElement,
    focused: (element) => {
      const at = document.activeElement
      return at && element.contains(at) ? (controls.find((name) => at.classList.contains(name)) ?? 'link') : null
    },
    focus: (element, name) => element.querySelector<HTMLElement>(name === 'link' ? 'a' : `.${name}`)?.focus({ preventScroll: true }),
  }
  return update(list, entries, keyed)
}

/** Says in a section's head who gave its list. */
export function showSource(section: HTMLElement, event: RecommendationsEvent): void {
  section.dataset['source'] = event.source
  setText(section.querySelector('.source'), event.source === 'local' ? 'worked out on this device' : event.agrees === false ? 'corrected by the server' : 'confirmed by the server')
}

/** Whether an answer is to what the reader has just done here. */
export function own(event: RecommendationsEvent): boolean {
  return event.source === 'local' && event.sinceMs !== null
}
