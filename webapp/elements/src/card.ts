// How an item is shown: by the elements' own card, or by the author's markup in a <template>.

import type { ListedItem } from '@nigh/client'
import { h, safeUrl, setAttribute, setText } from './dom.ts'
import { NighWhy } from './why.ts'
import { why, words } from './words.ts'

export interface Shown {
  item: ListedItem
  /** Where the item's page is; null if that is not known. */
  href: string | null
  /** What the reader did with it: the acts that are pressed. */
  pressed: string | null
  /** The item whose like are listed, if that is the list. */
  about: string | undefined
}

/** The elements' own card, empty, with buttons for some acts. Every part is there, so that a skeleton is as high. */
export function makeCard(acts: readonly string[]): HTMLElement {
  return h('li', { part: 'item', class: 'card' },
    h('a', { part: 'link' }, h('img', { part: 'image', alt: '', loading: 'lazy', decoding: 'async', hidden: true }), h('span', { part: 'title' }), h('span', { part: 'author' }), h('span', { part: 'summary' })),
    h('div', { class: 'foot' },
      h('p', { part: 'why' }),
      ...acts.map((act) => h('button', { part: `act ${act}`, type: 'button', 'data-nigh-act': act, ...(act === 'like' ? { 'aria-pressed': 'false' } : {}) }, icon(act))),
    ),
  )
}

export function fillCard(card: HTMLElement, { item, href, pressed, about }: Shown): void {
  const part = (name: string) => card.querySelector(`[part="${name}"]`)
  setAttribute(part('link')!, 'href', href)
  const image = part('image') as HTMLImageElement
  const source = safeUrl(item.card.image)
  image.hidden = source === null
  setAttribute(image, 'src', source)
  setText(part('title'), item.card.title || item.id)
  setText(part('author'), item.card.author)
  setText(part('summary'), item.card.summary)
  setText(part('why'), why(item.reasons, about))
  nameActs(card, item, pressed)
}

/** Fills the author's markup: see README.md for the attributes. */
export function bind(root: HTMLElement, shown: Shown): void {
  const { item, href, pressed, about } = shown
  const say = (path: string): string => {
    const [head, name] = path.split(/\.(.*)/s)
    if (head === 'attributes' && name !== undefined) return item.card.attributes[name] ?? ''
    if (path === 'id') return item.id
    if (path === 'why') return why(item.reasons, about)
    if (path === 'title') return item.card.title || item.id
    const value = (item.card as unknown as Record<string, unknown>)[path]
    return Array.isArray(value) ? value.join(', ') : typeof value === 'string' ? value : ''
  }
  for (const element of [root, ...root.querySelectorAll('*')]) {
    const { nighText, nighHref, nighSrc, nighIf } = (element as HTMLElement).dataset ?? {}
    if (nighText !== undefined) setText(element, say(nighText))
    if (nighHref !== undefined) setAttribute(element, 'href', nighHref === '' ? href : safeUrl(say(nighHref)))
    if (nighSrc !== undefined) {
      const source = safeUrl(say(nighSrc || 'image'))
      setAttribute(element, 'src', source)
      ;(element as HTMLElement).hidden = source === null
    }
    if (nighIf !== undefined) (element as HTMLElement).hidden = say(nighIf) === ''
    if (element instanceof NighWhy && !element.hasAttribute('for')) element.explain(item.reasons, about)
  }
  nameActs(root, item, pressed)
}

function nameActs(root: HTMLElement, item: ListedItem, pressed: string | null): void {
  const title = item.card.title || item.id
  for (const button of root.querySelectorAll<HTMLElement>('[data-nigh-act]')) {
    const act = button.dataset['nighAct']
    if (act === 'like') setAttribute(button, 'aria-label', words.like(title))
    if (act === 'dismiss') setAttribute(button, 'aria-label', words.dismiss(title))
    if (button.hasAttribute('aria-pressed')) setAttribute(button, 'aria-pressed', String(act === pressed))
  }
}

const paths: Record<string, string> = {
  like: 'M10 16.6 3.9 10.5a3.9 3.9 0 0 1 5.5-5.5l.6.6.6-.6a3.9 3.9 0 0 1 5.5 5.5z',
  dismiss: 'm5 5 10 10M15 5 5 15',
}

function icon(act: string): Node {
  const d = paths[act]
  if (d === undefined) return document.createTextNode(act)
  const make = (tag: string, props: Record<string, string>) => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
    for (const [name, value] of Object.entries(props)) element.setAttribute(name, value)
    return element
  }
  const svg = make('svg', { viewBox: '0 0 20 20', 'aria-hidden': 'true' })
  svg.append(make('path', { d }))
  return svg
}
