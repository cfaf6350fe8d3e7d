// The demo: takes over the page that the server rendered and keeps it current. The server's links work without this
// file; with it, going from work to work keeps the page, so that the worker with its copy of the catalog lives on.
//
// Read first: App (what a click does and what an answer does), then shelf.ts (how a list changes, and when not). Without a
// network the service worker gives the page without content: ../offline/worker.ts.

import { connect, type Client, type ConnectOptions, type Preference, type RecommendationsEvent, type Standing } from '@nigh/client'
import { inSight } from '@nigh/elements/keyed'
import { path, read, setText } from './card.ts'
import { later } from './later.ts'
import { arrange, own, show, showSource } from './shelf.ts'
import { StatusLine } from './status.ts'
import { clone, empty, fillVisit, fillWork, missing, offerTopics } from './views.ts'
import { visitStrength, whyForYou, whySimilar } from './why.ts'
import { Works } from './works.ts'

const front = 12 // cards of a list: whole rows at 2, 3, 4 and 6 columns
const browsed = 24 // rows of "Browse"

class App {
  readonly #main = document.querySelector<HTMLElement>('#main')!
  readonly #live = document.querySelector<HTMLElement>('#live')!
  readonly #client: Client
  readonly #status: StatusLine
  readonly #works: Works
  readonly #answers = new WeakMap<Standing, RecommendationsEvent>() // the last to each question
  readonly #forYou: Standing
  #view: HTMLElement
  #home: HTMLElement | null = null // kept while a work is shown
  #path = location.pathname // of the view that is shown
  #browse: Standing | null = null
  #category = ''
  #similar: Standing | null = null

  constructor(client: Client, options: ConnectOptions) {
    this.#client = client
    this.#status = new StatusLine(client, document.querySelector<HTMLElement>('.status')!)
    this.#works = new Works(client)
    this.#view = this.#main.querySelector<HTMLElement>('.view')!
    for (const element of this.#main.querySelectorAll<HTMLElement>('[data-id]')) this.#works.read(read(element))
    // The list that follows must not wait for the layout of this.
    client.addEventListener('profile', () => later('reader', () => this.#showReader()))
    this.#forYou = client.recommend({ limit: front + browsed })
    this.#follow(this.#forYou, (event) => this.#showForYou(event, true))
    const button = document.querySelector<HTMLButtonElement>('.second-device')
    button?.addEventListener('click', () => {
      import('./second.ts').then(
        ({ toggle }) => toggle(button, options, client, this.#forYou),
        (reason: unknown) => this.#status.fault(`load the second device: ${String(reason)}; reload the page with a network`),
      )
    })
    document.addEventListener('click', (event) => this.#clicked(event))
    document.addEventListener('submit', (event) => this.#submitted(event))
    window.addEventListener('popstate', () => {
      // A jump within the page, such as "Skip to the works", is one too: what is being typed must not be swapped away.
      if (location.pathname !== this.#path) this.#go(location.pathname, false)
    })
    if (this.#view.dataset['view'] === 'home') this.#enterHome(this.#view)
    if (this.#view.dataset['view'] === 'work') this.#enterWork(this.#view.dataset['id']!)
    if (this.#view.dataset['view'] === 'looking') this.#open(this.#path)
    this.#asked()
  }

  // What the address asks for counts as asked: a page's form works without script, and means the same with it.
  #asked(): void {
    const query = new URLSearchParams(location.search)
    const topic = query.get('topic')
    const words = query.get('q')?.trim()
    if (topic) this.#client.prefer({ tag: topic })
    if (words) this.#client.prefer({ text: words })
    if (topic || words) history.replaceState(null, '', location.pathname)
  }

  // Clicks and forms

  #clicked(event: MouseEvent): void {
    const target = event.target as Element
    const button = target.closest('button')
    if (button) {
      if (this.#pressed(button)) event.preventDefault()
      return
    }
    const link = target.closest('a')
    if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const url = new URL(link.href, location.href)
    if (url.origin !== location.origin || (url.pathname !== '/' && !url.pathname.startsWith('/works/')) || url.hash) return
    event.preventDefault()
    if (url.pathname !== location.pathname) history.pushState(null, '', url.pathname)
    this.#go(url.pathname, true)
  }

  /** Reports whether the button was one of this page's own. */
  #pressed(button: HTMLButtonElement): boolean {
    const id = button.closest<HTMLElement>('[data-id]')?.dataset['id'] ?? ''
    const pressed = button.getAttribute('aria-pressed') === 'true'
    const has = (name: string) => button.classList.contains(name)
    if (has('topic')) this.#client.prefer({ tag: button.value }, pressed ? 0 : 1)
    else if (has('wish')) this.#client.prefer({ [button.dataset['kind']!]: button.value } as Preference, 0)
    else if (has('undo')) this.#client.record('forget', id)
    else if (has('kind')) this.#chooseCategory(button.value)
    else if (has('more-author')) this.#client.prefer({ author: this.#works.get(id)?.author ?? '' }, pressed ? 0 : 1)
    else if (has('like')) this.#client.record(pressed ? 'forget' : 'like', id)
    else if (has('dislike')) this.#client.record(pressed ? 'forget' : 'dislike', id)
    else if (has('dismiss')) this.#client.record('dismiss', id)
    else return false
    return true
  }

  #submitted(event: SubmitEvent): void {
    event.preventDefault()
    const input = (event.target as HTMLFormElement).querySelector<HTMLInputElement>('#wish')
    const words = input?.value.trim()
    if (!input || !words) return
    this.#client.prefer({ text: words })
    input.value = ''
  }

  // Views

  #go(pathname: string, toTop: boolean): void {
    this.#path = pathname
    const change = () => {
      this.#open(pathname)
      if (toTop) {
        window.scrollTo(0, 0)
        this.#main.focus({ preventScroll: true })
      }
    }
    if (!document.startViewTransition || matchMedia('(prefers-reduced-motion: reduce)').matches) change()
    else document.startViewTransition(change)
  }

  #open(pathname: string): void {
    if (pathname === '/') this.#openHome()
    else this.#openWork(decodeURIComponent(pathname.slice('/works/'.length)))
  }

  #swap(view: HTMLElement, title: string): void {
    this.#similar?.close()
    this.#similar = null
    if (this.#view.dataset['view'] === 'home') this.#home = this.#view
    this.#view.replaceWith(view)
    this.#view = view
    document.title = title
  }

  #openHome(): void {
    const view = this.#home ?? clone('#t-home')
    this.#swap(view, 'The nigh library')
    if (!this.#home) this.#enterHome(view)
    this.#home = view
    if (this.#forYou.last) this.#showForYou(this.#forYou.last, false)
    this.#showReader()
  }

  #enterHome(view: HTMLElement): void {
    offerTopics(view, this.#works.all())
    this.#chooseCategory(this.#category)
  }

  #openWork(id: string): void {
    const work = this.#works.get(id)
    const here = () => location.pathname === path(id)
    if (!work) {
      this.#swap(clone('#t-looking'), 'Looking for it')
      const none = (unasked: boolean) => here() && this.#swap(missing(unasked), unasked ? 'Not on this device' : 'Not on the shelves')
      this.#works.find(id).then((found) => (found ? here() && this.#openWork(id) : none(false)), () => none(true))
      return
    }
    const view = clone('#t-work')
    fillWork(view, work)
    this.#swap(view, work.title)
    this.#enterWork(id)
    if (work.summary === '') this.#works.find(id).then((found) => found && fillWork(view, found), () => {})
  }

  #enterWork(id: string): void {
    const section = this.#list('similar')!
    this.#similar = this.#client.similar(id, { limit: front })
    this.#follow(this.#similar, (event) => {
      const of = this.#works.get(id)
      if (!of) return
      show(section, event.items.map((item) => ({ work: this.#works.get(item.id)!, why: whySimilar(of, this.#works.get(item.id)!) })), own(event))
      showSource(section, event)
    })
    if (this.#forYou.last) this.#showForYou(this.#forYou.last, false)
    this.#showReader()
    const held = this.#client.profile?.history.find((visit) => visit.item === id)
    if (!held || held.strength > 0) this.#client.record('view', id)
  }

  #chooseCategory(category: string): void {
    this.#category = category
    this.#browse?.close()
    this.#browse = null
    const home = this.#view.dataset['view'] === 'home' ? this.#view : this.#home
    for (const button of home?.querySelectorAll<HTMLButtonElement>('.kind') ?? []) {
      button.setAttribute('aria-pressed', String(button.value === category))
    }
    if (category === '') {
      if (this.#forYou.last) this.#showForYou(this.#forYou.last, false)
      return
    }
    this.#browse = this.#client.recommend({ limit: browsed, categories: [category] })
    this.#follow(this.#browse, (event) => {
      const section = this.#list('browse')
      if (section) show(section, this.#listed(event), own(event))
    })
  }

  // Answers

  /** Shows every answer to a question, and then how long it took: what is written first would be laid out for the list to slide. */
  #follow(standing: Standing, show: (event: RecommendationsEvent) => void): void {
    standing.addEventListener('recommendations', (event) => {
      this.#works.meet(event)
      show(event)
      this.#status.answered(event, this.#answers.get(standing) ?? null)
      this.#answers.set(standing, event)
    })
  }

  #listed(event: RecommendationsEvent) {
    return event.items.map((item) => ({ work: this.#works.get(item.id)!, why: whyForYou(item.reasons, this.#client.profile) }))
  }

  #showForYou(event: RecommendationsEvent, announce: boolean): void {
    const section = this.#list('for-you')
    if (!section) return
    const listed = this.#listed(event)
    const mine = own(event) || !announce // which is a change of view
    const added = show(section, listed.slice(0, front), mine)
    showSource(section, event)
    if (announce && added.length > 0) {
      const first = this.#works.get(added[0]!)!.title
      setText(this.#live, `For you has ${added.length} other works now; the first is ${first}.`)
    }
    const browse = this.#list('browse')
    if (!browse) return
    offerTopics(this.#view, this.#works.all())
    const rest = () => browse.isConnected && this.#category === '' && show(browse, listed.slice(front), mine)
    if (inSight(browse)) rest()
    else later('browse', rest)
  }

  #list(name: string): HTMLElement | null {
    return this.#view.querySelector<HTMLElement>(`[data-list="${name}"]`)
  }

  // The reader

  #showReader(): void {
    const profile = this.#client.profile
    if (!profile) return
    const asked = (kind: string, key: string) => profile.preferences.some((p) => p.kind === kind && p.key === key && p.weight > 0)
    const topics = [...this.#view.querySelectorAll<HTMLButtonElement>('.topic')]
    if (this.#view.dataset['view'] === 'home') {
      this.#showVisits(profile.history.slice(0, 20)) // first: its lines slide, and measuring is free while nothing is written
      this.#showWishes(profile.preferences.filter((p) => p.kind !== 'tag' || !topics.some((chip) => chip.value === p.key)))
    }
    for (const chip of topics) press(chip, asked('tag', chip.value))
    if (this.#view.dataset['view'] === 'work') {
      const id = this.#view.dataset['id']!
      const strength = profile.history.find((visit) => visit.item === id)?.strength ?? 0
      const button = (name: string) => this.#view.querySelector(`.work-acts .${name}`)
      press(button('like'), strength > visitStrength)
      press(button('dislike'), strength < 0)
      press(button('more-author'), asked('author', this.#works.get(id)?.author ?? ''))
    }
  }

  #showWishes(preferences: { kind: string; key: string; weight: number }[]): void {
    const list = this.#view.querySelector<HTMLElement>('.wishes')!
    const shown = [...list.querySelectorAll<HTMLButtonElement>('.wish')]
    if (preferences.length > 0 && preferences.map((p) => `${p.kind} ${p.key}`).join('\n') === shown.map((wish) => `${wish.dataset['kind']} ${wish.value}`).join('\n')) return
    if (preferences.length === 0 && list.querySelector('.empty')) return
    // Whoever took a wish back by keyboard goes on where wishes are made.
    if (list.contains(document.activeElement)) this.#view.querySelector<HTMLElement>('#wish')?.focus({ preventScroll: true })
    if (preferences.length === 0) {
      list.replaceChildren(empty('Type a mood, or pick a topic.'))
      return
    }
    list.replaceChildren(
      ...preferences.map((preference) => {
        const item = clone('#t-wish')
        const button = item.querySelector('button')!
        button.value = preference.key
        button.dataset['kind'] = preference.kind
        const words = preference.kind === 'author' ? `by ${preference.key}` : preference.key
        button.textContent = words
        button.setAttribute('aria-label', `Take back: ${words}`)
        return item
      }),
    )
  }

  #showVisits(history: { item: string; strength: number }[]): void {
    const list = this.#view.querySelector<HTMLElement>('.visits')!
    if (history.length === 0) {
      list.replaceChildren(empty('Nothing yet. Like a work and watch the list below.'))
      return
    }
    const entries = history.map(({ item: id, strength }) => ({ id, fill: (visit: HTMLElement) => this.#fillVisit(visit, id, strength) }))
    arrange(list, document.querySelector<HTMLTemplateElement>('#t-visit')!, entries)
  }

  #fillVisit(visit: HTMLElement, id: string, strength: number): void {
    const work = this.#works.get(id)
    // Asked for once: each answer shows the reader again, and would ask for all that are still missing.
    if (!work && !this.#works.seeks(id)) this.#works.find(id).then((found) => found && this.#showReader(), () => {}) // no network: the next look asks again
    fillVisit(visit, id, work, path(id), strength < 0 ? 'cross' : strength > visitStrength ? 'heart' : 'eye')
  }
}

/** Marks a button as pressed or not, and leaves the document alone if it is that already. */
function press(button: Element | null, on: boolean): void {
  if (button?.getAttribute('aria-pressed') !== String(on)) button?.setAttribute('aria-pressed', String(on))
}

/** An anonymous reader: random, kept on this device only. */
function reader(): string {
  const fresh = `demo-${Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, '0')).join('')}`
  try {
    const kept = localStorage.getItem('nigh.reader') ?? fresh
    localStorage.setItem('nigh.reader', kept)
    return kept
  } catch {
    return fresh // storage is forbidden: a new reader every time
  }
}

// A server that asks who readers are takes no page's word for it: there the reader is anonymous.
const anonymous = document.querySelector('#live')?.hasAttribute('data-anonymous')
const options: ConnectOptions = anonymous ? { url: location.origin } : { url: location.origin, user: reader() }
const client = connect(options)
// While the worker starts: the end of this script may bring the page's first layout with it, and be one task with that.
setTimeout(() => new App(client, options))

window.addEventListener('load', () =>
  later('keep', () => {
    // The script of a title in Čapek's or Miłosz's letters has a font file of its own, which offline cannot be fetched.
    void document.fonts.load('16px Newsreader', 'č')
    // Without https there is none, nor where the page was not built with it.
    void navigator.serviceWorker?.register('/offline.js').catch(() => {})
  }),
)
