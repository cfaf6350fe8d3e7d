// What <nigh-feed> and <nigh-similar> have in common: a list that follows a standing question.
//
//   server's children ─ until the first list ─► cards, in the shadow root or of the author's <template>
//
// Read first: #take (an answer has come: show it, or hold it back), #show, then hold.ts, keyed.ts and seen.ts.

import type { Client, ListedItem, RecommendationsEvent, Subject } from '@nigh/client'
import { bind, fillCard, makeCard, type Shown } from './card.ts'
import { h, safeUrl, setText } from './dom.ts'
import { NighElement, shadow } from './element.ts'
import { Hold } from './hold.ts'
import { update, type Keyed } from './keyed.ts'
import { Seen } from './seen.ts'
import { listStyle } from './style.ts'
import { words } from './words.ts'

export interface ListDetail {
  items: readonly ListedItem[]
  /** The item whose like are listed; undefined for other lists. */
  about: string | undefined
  source: 'local' | 'server'
}

export interface SelectDetail {
  item: ListedItem
}

/**
 * Attributes: those of NighElement; `limit`; `categories`, `tags`, `authors`, `exclude` (with commas); `link`, the address
 * of an item's page with {id} in it, where items bring none; `acts`, the buttons of a card ("like dismiss"); `records`,
 * what is told by itself ("shown click"); `label`, the list's name.
 *
 * Events, which bubble: `nigh-list` (ListDetail) when a list is shown; `nigh-select` (SelectDetail) when an item's link is
 * used, cancelable.
 */
export abstract class NighList extends NighElement {
  static override readonly observedAttributes = [...NighElement.observedAttributes, 'limit', 'categories', 'tags', 'authors', 'exclude', 'link', 'acts', 'records', 'label']
  #list: HTMLOListElement | null = null
  #message: HTMLElement | null = null
  #news: HTMLElement | null = null
  #given: HTMLSlotElement | null = null
  #hold: Hold | null = null
  #seen: Seen | null = null
  #held: RecommendationsEvent | null = null
  #last: RecommendationsEvent | null = null
  #fresh = true // nothing was shown for this question
  #slots = 0

  /** What is shown. */
  get items(): readonly ListedItem[] {
    return this.#last?.items ?? []
  }

  /** The item whose like are listed; undefined for other lists. */
  get about(): string | undefined {
    return this.subject()?.similar
  }

  /** The question, but for what the attributes say; null if there is none yet. */
  protected abstract subject(): Subject | null
  /** What the list is called unless a label says otherwise. */
  protected abstract name(): string

  protected override prepare(): void {
    if (this.#list) return
    const root = shadow(this, listStyle)
    this.#list = h('ol', { part: 'list', role: 'list', hidden: true })
    this.#message = h('p', { part: 'message', hidden: true })
    this.#news = h('p', { class: 'unseen', role: 'status', 'aria-live': 'polite' })
    this.#given = h('slot')
    root.append(this.#given, this.#list, h('slot', { name: 'empty', hidden: true }, this.#message), this.#news)
    for (const type of ['click', 'auxclick'] as const) root.addEventListener(type, (event) => this.#clicked(event as MouseEvent))
    this.#given.addEventListener('slotchange', () => this.#last ?? this.#wait())
  }

  protected override opened(client: Client, signal: AbortSignal): void {
    this.#list!.setAttribute('aria-label', this.getAttribute('label') || this.name())
    this.#wait()
    const question = this.subject()
    if (!question) return
    const labels = (name: string) => this.getAttribute(name)?.split(',').map((label) => label.trim()).filter(Boolean) ?? []
    this.#fresh = true
    const subject: Subject = { ...question, limit: this.limit }
    for (const name of ['categories', 'tags', 'authors', 'exclude'] as const) if (labels(name).length > 0) subject[name] = labels(name)
    const hold = new Hold(this, () => this.#held && this.#show(client, this.#held))
    const seen = this.#records('shown') ? new Seen((ids) => ids.forEach((id) => client.record('shown', id))) : null
    this.#hold = hold
    this.#seen = seen
    const stop = client.subscribe(subject, (event) => this.#take(client, event))
    client.addEventListener('failure', (event) => event.code !== 'refused' && !this.#last && this.failed(event.message), { signal })
    client.addEventListener('profile', () => this.#press(client), { signal })
    signal.addEventListener('abort', () => {
      stop()
      hold.end()
      seen?.end()
      this.#held = null
    })
  }

  protected override failed(reason: string): void {
    super.failed(reason)
    if (this.#last || this.#children().length > 0) return // what is there stays
    this.#say(words.failed)
  }

  /** How many items; 12 if the attribute is absent. */
  get limit(): number {
    return Math.min(200, Math.max(1, Math.trunc(Number(this.getAttribute('limit') ?? 12)) || 12))
  }

  #records(what: string): boolean {
    return (this.getAttribute('records') ?? 'shown click').split(/\s+/).includes(what)
  }

  #acts(): string[] {
    return (this.getAttribute('acts') ?? 'like dismiss').split(/\s+/).filter(Boolean)
  }

  #template(): HTMLElement | null {
    return (this.querySelector<HTMLTemplateElement>(':scope > template')?.content.firstElementChild ?? null) as HTMLElement | null
  }

  /** What the server or the author put in, but for the template and what has a place of its own. */
  #children(): HTMLElement[] {
    return [...this.querySelectorAll<HTMLElement>(':scope > :not(template, [slot])')]
  }

  // An answer

  /** Shows an answer, or holds it while somebody is about to use the list: but what the reader just did is shown. */
  #take(client: Client, event: RecommendationsEvent): void {
    const own = event.source === 'local' && event.sinceMs !== null && this.#last !== null
    const usable = this.#last === null ? this.#children().length > 0 : !this.#fresh // not a skeleton, nor another question's
    if (this.#hold!.on && usable && !own) {
      this.#held = event
      this.toggleAttribute('data-held', true)
      return
    }
    this.#show(client, event)
  }

  #show(client: Client, event: RecommendationsEvent): void {
    this.#held = null
    this.removeAttribute('data-held')
    const first = this.#last === null
    const fromNothing = first && this.#children().length === 0 // nobody was about to press a skeleton
    this.#last = event
    this.#fresh = false
    const list = this.#list!
    if (first) this.#clear()
    list.hidden = event.items.length === 0
    if (event.items.length === 0) this.#say(words.empty)
    else this.#say(null)
    const template = this.#template()
    const pressed = pressedOf(client)
    const { about } = this
    const entries = event.items.map((item) => ({
      id: item.id,
      fill: (element: HTMLElement) => {
        const shown: Shown = { item, href: this.#href(item), pressed: pressed(item.id), about }
        if (!template) fillCard(element, shown)
        else bind(this.#light(element, template, item.id), shown)
      },
    }))
    const { added, moved } = update(list, entries, this.#keyed)
    if (!fromNothing) this.#hold!.moved(moved)
    this.#seen?.follow(list.children as Iterable<Element> as Iterable<HTMLElement>)
    this.dataset['source'] = event.source
    if (!first && added.length > 0) setText(this.#news, words.changed(added.length, event.items.find((item) => item.id === added[0])!.card.title))
    this.dispatchEvent(new CustomEvent<ListDetail>('nigh-list', { bubbles: true, composed: true, detail: { items: event.items, about, source: event.source } }))
  }

  #press(client: Client): void {
    if (!this.#last || !this.#list) return
    const pressed = pressedOf(client)
    const template = this.#template()
    for (const element of this.#list.children as Iterable<Element> as Iterable<HTMLElement>) {
      const id = element.dataset['id']!
      for (const button of (template ? this.#light(element, template, id) : element).querySelectorAll<HTMLElement>('[data-nigh-act][aria-pressed]')) {
        button.setAttribute('aria-pressed', String(button.dataset['nighAct'] === pressed(id)))
      }
    }
  }

  #href(item: ListedItem): string | null {
    const pattern = this.getAttribute('link')
    return safeUrl(pattern === null ? item.card.url : pattern.replaceAll('{id}', encodeURIComponent(item.id)))
  }

  // The list's elements: the elements' own cards, or places for the author's, which stay where the page's styles are

  readonly #keyed: Keyed = {
    make: () => (this.#template() ? h('li', { part: 'item' }) : makeCard(this.#acts())),
    focused: (element) => {
      const inner = this.shadowRoot!.activeElement as HTMLElement | null
      if (inner && element.contains(inner)) return inner.dataset['nighAct'] ?? 'link'
      const outer = (this.getRootNode() as Document | ShadowRoot).activeElement as HTMLElement | null
      const card = outer && outer !== this && this.contains(outer) ? outer.closest<HTMLElement>('[slot^="nigh-"]') : null
      return card && card.slot === element.querySelector('slot')?.name ? (outer!.dataset['nighAct'] ?? 'link') : null
    },
    focus: (element, name) => {
      const card = element.querySelector('slot') ? this.#slotted(element) : element
      card?.querySelector<HTMLElement>(name === 'link' ? 'a[href]' : `[data-nigh-act="${CSS.escape(name)}"]`)?.focus({ preventScroll: true })
    },
    gone: (element) => this.#slotted(element)?.remove(),
  }

  /** The author's markup that a place of the list shows; asked by name, for a slot that has left has nothing assigned. */
  #slotted(element: HTMLElement): HTMLElement | null {
    const slot = element.querySelector('slot')
    return slot && this.querySelector<HTMLElement>(`:scope > [slot="${slot.name}"]`)
  }

  /** The author's markup for a place of the list, which is made if it is not there: of the server's, or of the template. */
  #light(element: HTMLElement, template: HTMLElement, id: string): HTMLElement {
    const there = this.#slotted(element)
    if (there) return there
    const name = `nigh-${++this.#slots}`
    const sent = this.#children().find((child) => child.dataset['id'] === id)
    const made = sent ?? (template.cloneNode(true) as HTMLElement)
    made.slot = name
    made.dataset['id'] = id
    if (!sent) this.append(made)
    element.replaceChildren(h('slot', { name }))
    return made
  }

  // Before the first list

  /** What is there until the first list: what the server sent; else cards that are empty, and as high. */
  #wait(): void {
    if (this.#last) return
    const list = this.#list!
    const sent = this.#children().length > 0
    if (sent === (list.children.length === 0)) return
    this.#clear()
    if (sent) return
    const template = this.#template()
    this.#given!.hidden = true
    list.hidden = false
    list.setAttribute('aria-busy', 'true')
    for (let n = 0; n < this.limit; n++) {
      const element = this.#keyed.make()
      element.setAttribute('part', 'item skeleton')
      element.setAttribute('aria-hidden', 'true')
      element.inert = true
      if (template) this.#light(element, template, '').toggleAttribute('data-nigh-skeleton', true)
      list.append(element)
    }
  }

  /** Takes skeletons away. */
  #clear(): void {
    const list = this.#list!
    for (const element of [...list.children] as HTMLElement[]) {
      this.#keyed.gone?.(element)
      element.remove()
    }
    list.hidden = true
    list.removeAttribute('aria-busy')
    this.#given!.hidden = this.#last !== null
  }

  #say(message: string | null): void {
    const slot = this.#message!.parentElement!
    slot.hidden = this.#message!.hidden = message === null
    if (message === null) return
    setText(this.#message, message)
    if (!this.#last) this.#clear()
  }

  // What the reader does

  #clicked(event: MouseEvent): void {
    if (event.type === 'auxclick' && event.button !== 1) return
    const path = event.composedPath().filter((element): element is HTMLElement => element instanceof HTMLElement)
    const within = path.slice(0, path.indexOf(this))
    const id = within.find((element) => element.dataset['id'] !== undefined)?.dataset['id']
    const item = this.items.find((one) => one.id === id)
    const client = this.client
    if (!item || !client) return
    const button = within.find((element) => element.dataset['nighAct'] !== undefined)
    if (button) {
      if (event.type === 'click') act(client, button, item.id)
      return
    }
    const link = within.find((element) => element instanceof HTMLAnchorElement && element.href !== '')
    if (!link) return
    if (this.#records('click')) client.record('click', item.id)
    this.#seen?.flush()
    const detail: SelectDetail = { item }
    if (event.type === 'click' && !this.dispatchEvent(new CustomEvent('nigh-select', { bubbles: true, composed: true, cancelable: true, detail }))) event.preventDefault()
  }
}

function act(client: Client, button: HTMLElement, id: string): void {
  const kind = button.dataset['nighAct']!
  if (button.getAttribute('aria-pressed') !== 'true') client.record(kind, id)
  else if (!client.undo(id)) client.record('forget', id)
}

/** Which act an item's strength in the history stands for: as far as buttons can show it. */
function pressedOf(client: Client): (id: string) => string | null {
  const strengths = new Map(client.profile?.history.map((visit) => [visit.item, visit.strength]))
  return (id) => {
    const strength = strengths.get(id) ?? 0
    return strength > 1 ? 'like' : strength < 0 ? 'dismiss' : null
  }
}
