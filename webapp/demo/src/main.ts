// The demo: takes over the page that the server rendered and keeps it current. The server's links work without this
// file; with it, going from work to work keeps the page, so that the worker with its copy of the catalog lives on.
//
// Read first: App (what a click does and what an answer does), then shelf.ts (how a list changes, and when not).

import { connect, type Client, type Preference, type RecommendationsEvent, type Standing } from '@nigh/client'
import { elsewhere, fill, genre, path, read, setText, type Work } from './card.ts'
import { arrange, show, showSource } from './shelf.ts'
import { StatusLine } from './status.ts'
import { visitStrength, whyForYou, whySimilar } from './why.ts'

const front = 12 // cards of a list: whole rows at 2, 3, 4 and 6 columns
const browsed = 24 // rows of "Browse"

class App {
  readonly #main = document.querySelector<HTMLElement>('#main')!
  readonly #live = document.querySelector<HTMLElement>('#live')!
  readonly #client: Client
  readonly #status: StatusLine
  readonly #works = new Map<string, Work>() // every work that the page has met
  readonly #fetching = new Set<string>()
  readonly #answers = new WeakMap<Standing, RecommendationsEvent>() // the last to each question
  readonly #forYou: Standing
  #view: HTMLElement
  #home: HTMLElement | null = null // kept while a work is shown
  #path = location.pathname // of the view that is shown
  #browse: Standing | null = null
  #category = ''
  #similar: Standing | null = null

  constructor(client: Client) {
    this.#client = client
    this.#status = new StatusLine(client)
    this.#view = this.#main.querySelector<HTMLElement>('.view')!
    for (const element of this.#main.querySelectorAll<HTMLElement>('[data-id]')) {
      const work = read(element)
      if (work.id !== '' && !this.#works.has(work.id)) this.#works.set(work.id, work)
    }
    // With the next frame: the list that follows must not wait for the layout of this.
    client.addEventListener('profile', () => requestAnimationFrame(() => this.#showReader()))
    this.#forYou = client.recommend({ limit: front + browsed })
    this.#forYou.addEventListener('recommendations', (event) => {
      this.#answered(event)
      this.#showForYou(event, true)
    })
    document.addEventListener('click', (event) => this.#clicked(event))
    document.addEventListener('submit', (event) => this.#submitted(event))
    window.addEventListener('popstate', () => {
      // A jump within the page, such as "Skip to the works", is one too: what is being typed must not be swapped away.
      if (location.pathname !== this.#path) this.#go(location.pathname, false)
    })
    if (this.#view.dataset['view'] === 'home') this.#enterHome(this.#view)
    if (this.#view.dataset['view'] === 'work') this.#enterWork(this.#view.dataset['id']!)
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
      if (pathname === '/') this.#openHome()
      else this.#openWork(decodeURIComponent(pathname.slice('/works/'.length)))
      if (toTop) {
        window.scrollTo(0, 0)
        this.#main.focus({ preventScroll: true })
      }
    }
    if (!document.startViewTransition || matchMedia('(prefers-reduced-motion: reduce)').matches) change()
    else document.startViewTransition(change)
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
    const topics = view.querySelector('.topics')!
    if (!topics.firstElementChild) {
      // Opened from a work's page: the server has sent no topics; those of the works at hand stand in.
      for (const tag of commonTags([...this.#works.values()]).slice(0, 16)) {
        const chip = Object.assign(document.createElement('button'), { className: 'chip topic', value: tag, name: 'topic' })
        chip.textContent = tag
        topics.appendChild(document.createElement('li')).append(chip)
      }
    }
    this.#chooseCategory(this.#category)
  }

  #openWork(id: string): void {
    const work = this.#works.get(id)
    if (!work?.summary) {
      this.#fetch(id, () => location.pathname === path(id) && this.#openWork(id))
      if (!work) {
        this.#swap(clone('#t-missing'), 'Looking for it')
        return
      }
    }
    const view = clone('#t-work')
    fillWork(view, work)
    this.#swap(view, work.title)
    this.#enterWork(id)
  }

  #enterWork(id: string): void {
    const section = this.#list('similar')!
    this.#similar = this.#client.similar(id, { limit: front })
    this.#similar.addEventListener('recommendations', (event) => {
      this.#answered(event)
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
    this.#browse.addEventListener('recommendations', (event) => {
      this.#answered(event)
      const section = this.#list('browse')
      if (section) show(section, this.#listed(event), own(event))
    })
  }

  // Answers

  #answered(event: RecommendationsEvent): void {
    for (const item of event.items) this.#works.set(item.id, { ...item.card, id: item.id })
    const standing = event.target as Standing
    this.#status.answered(event, this.#answers.get(standing) ?? null)
    this.#answers.set(standing, event)
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
    if (browse && this.#category === '') show(browse, listed.slice(front), mine)
  }

  #list(name: string): HTMLElement | null {
    return this.#view.querySelector<HTMLElement>(`[data-list="${name}"]`)
  }

  // The reader

  #showReader(): void {
    const profile = this.#client.profile
    if (!profile) return
    const asked = (kind: string, key: string) => profile.preferences.some((p) => p.kind === kind && p.key === key && p.weight > 0)
    const topics = new Set<string>()
    for (const chip of this.#view.querySelectorAll<HTMLButtonElement>('.topic')) {
      topics.add(chip.value)
      chip.setAttribute('aria-pressed', String(asked('tag', chip.value)))
    }
    if (this.#view.dataset['view'] === 'home') {
      this.#showWishes(profile.preferences.filter((p) => p.kind !== 'tag' || !topics.has(p.key)))
      this.#showVisits(profile.history.slice(0, 20))
    }
    if (this.#view.dataset['view'] === 'work') {
      const id = this.#view.dataset['id']!
      const strength = profile.history.find((visit) => visit.item === id)?.strength ?? 0
      const press = (selector: string, on: boolean) => this.#view.querySelector(selector)?.setAttribute('aria-pressed', String(on))
      press('.work-acts .like', strength > visitStrength)
      press('.work-acts .dislike', strength < 0)
      press('.work-acts .more-author', asked('author', this.#works.get(id)?.author ?? ''))
    }
  }

  #showWishes(preferences: { kind: string; key: string; weight: number }[]): void {
    const list = this.#view.querySelector<HTMLElement>('.wishes')!
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
    if (!work) this.#fetch(id, () => this.#showReader())
    visit.dataset['id'] = id
    const [icon, word] = strength < 0 ? ['cross', 'Not for you: '] : strength > visitStrength ? ['heart', 'Liked: '] : ['eye', 'Opened: ']
    const mark = visit.querySelector('.visit-mark')!
    if (mark.textContent !== word) {
      mark.classList.toggle('liked', icon === 'heart')
      mark.replaceChildren(iconOf(icon!), Object.assign(document.createElement('span'), { className: 'unseen', textContent: word }))
    }
    const link = visit.querySelector('a')!
    link.href = path(id)
    setText(link, work?.title ?? id)
    visit.querySelector('.undo')!.setAttribute('aria-label', `Undo ${work?.title ?? id}`)
  }

  /** Asks the server for a work that no list has brought yet. */
  #fetch(id: string, then: () => void): void {
    if (this.#fetching.has(id)) return
    this.#fetching.add(id)
    fetch(`/v1/items/${encodeURIComponent(id)}`)
      .then(async (response) => {
        if (!response.ok) return
        const item = (await response.json()) as Partial<Work> & { description?: string }
        this.#works.set(id, {
          id,
          title: item.title ?? id,
          summary: item.description ?? '',
          url: item.url ?? '',
          image: '',
          author: item.author ?? '',
          tags: item.tags ?? [],
          categories: item.categories ?? [],
          attributes: item.attributes ?? {},
        })
        then()
      })
      .catch(() => this.#fetching.delete(id)) // no network: the next look asks again
  }
}

/** Whether an answer is to what the reader has just done here. */
function own(event: RecommendationsEvent): boolean {
  return event.source === 'local' && event.sinceMs !== null
}

function fillWork(view: HTMLElement, work: Work): void {
  fill(view, work, '')
  setText(view.querySelector('.work-genre'), genre(work))
  setText(view.querySelector('h1'), work.title)
  setText(view.querySelector('.work-author'), work.author)
  setText(view.querySelector('.work-summary'), work.summary)
  const url = elsewhere(work)
  view.querySelector<HTMLElement>('.work-link')!.hidden = url === null
  if (url !== null) view.querySelector('.work-link a')!.setAttribute('href', url)
  view.querySelector('.work-tags .topics')!.replaceChildren(
    ...work.tags.map((tag) => {
      const item = document.createElement('li')
      const chip = Object.assign(document.createElement('button'), { className: 'chip topic', value: tag, name: 'topic' })
      chip.textContent = tag
      item.append(chip)
      return item
    }),
  )
}

/** Tags of some works, the commonest first. */
function commonTags(works: Work[]): string[] {
  const counts = new Map<string, number>()
  for (const tag of works.flatMap((work) => work.tags)) counts.set(tag, (counts.get(tag) ?? 0) + 1)
  return [...counts.keys()].sort((a, b) => counts.get(b)! - counts.get(a)! || (a < b ? -1 : 1))
}

function clone(template: string): HTMLElement {
  const content = document.querySelector<HTMLTemplateElement>(template)!.content
  return content.firstElementChild!.cloneNode(true) as HTMLElement
}

function empty(text: string): HTMLElement {
  return Object.assign(document.createElement('li'), { className: 'empty', textContent: text })
}

function iconOf(name: string): SVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('class', 'icon')
  svg.setAttribute('viewBox', '0 0 20 20')
  svg.setAttribute('aria-hidden', 'true')
  svg.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'use')).setAttribute('href', `#i-${name}`)
  return svg
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

// The script of a title in Čapek's or Miłosz's letters has a font file of its own, which offline cannot be fetched.
void document.fonts.load('16px Newsreader', 'č')

// A server that asks who readers are takes no page's word for it: there the reader is anonymous.
const anonymous = document.querySelector('#live')?.hasAttribute('data-anonymous')
new App(connect(anonymous ? { url: location.origin } : { url: location.origin, user: reader() }))
