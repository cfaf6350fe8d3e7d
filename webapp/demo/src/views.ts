// The page's views: clones of the templates that came with it (demo/page.tmpl), and what fills them.

import { elsewhere, fill, genre, setText, type Work } from './card.ts'

const topics = 16 // that stand in for the server's

export function clone(template: string): HTMLElement {
  const content = document.querySelector<HTMLTemplateElement>(template)!.content
  return content.firstElementChild!.cloneNode(true) as HTMLElement
}

export function empty(text: string): HTMLElement {
  return Object.assign(document.createElement('li'), { className: 'empty', textContent: text })
}

export function fillWork(view: HTMLElement, work: Work): void {
  fill(view, work, '')
  setText(view.querySelector('.work-genre'), genre(work))
  setText(view.querySelector('h1'), work.title)
  setText(view.querySelector('.work-author'), work.author)
  setText(view.querySelector('.work-summary'), work.summary)
  const url = elsewhere(work)
  view.querySelector<HTMLElement>('.work-link')!.hidden = url === null
  if (url !== null) view.querySelector('.work-link a')!.setAttribute('href', url)
  view.querySelector('.work-tags .topics')!.replaceChildren(...work.tags.map(chip))
}

/** The view that says that nothing is here; unasked: that the device has nothing, and nobody else could be asked. */
export function missing(unasked: boolean): HTMLElement {
  const view = clone('#t-missing')
  if (unasked) {
    setText(view.querySelector('h1'), 'Not on this device')
    view.querySelector('p')!.firstChild!.textContent = 'Without a network only what this device holds can be shown. '
  }
  return view
}

/** The home page has topics of the server, unless it was made here: then those of some works stand in, the commonest first. */
export function offerTopics(home: HTMLElement, works: Work[]): void {
  const list = home.querySelector('.topics')!
  if (list.firstElementChild) return
  const counts = new Map<string, number>()
  for (const tag of works.flatMap((work) => work.tags)) counts.set(tag, (counts.get(tag) ?? 0) + 1)
  const common = [...counts.keys()].sort((a, b) => counts.get(b)! - counts.get(a)! || (a < b ? -1 : 1))
  list.replaceChildren(...common.slice(0, topics).map(chip))
}

function chip(tag: string): HTMLElement {
  const item = document.createElement('li')
  item.append(Object.assign(document.createElement('button'), { className: 'chip topic', value: tag, name: 'topic', textContent: tag }))
  return item
}

/** A line of "You, lately": what was done with a work, which no list may have brought yet. */
export function fillVisit(visit: HTMLElement, id: string, work: Work | undefined, path: string, what: 'cross' | 'heart' | 'eye'): void {
  visit.dataset['id'] = id
  const word = { cross: 'Not for you: ', heart: 'Liked: ', eye: 'Opened: ' }[what]
  const mark = visit.querySelector('.visit-mark')!
  if (mark.textContent !== word) {
    mark.classList.toggle('liked', what === 'heart')
    mark.replaceChildren(icon(what), Object.assign(document.createElement('span'), { className: 'unseen', textContent: word }))
  }
  const link = visit.querySelector('a')!
  link.href = path
  setText(link, work?.title ?? id)
  visit.querySelector('.undo')!.setAttribute('aria-label', `Undo ${work?.title ?? id}`)
}

/** One of the icons that came with the page for its script. */
export function icon(name: string): Node {
  const { content } = document.querySelector<HTMLTemplateElement>('#t-icons')!
  return content.querySelector(`.icon-${name}`)!.cloneNode(true)
}
