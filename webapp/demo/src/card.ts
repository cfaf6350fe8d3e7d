// Fills the markup of demo/page.tmpl in the browser. webapp/card.go is the other end of this page: it fills the same
// markup on the server, and must give the same classes and the same words.

import type { Card } from '@nigh/client'

/** A work as the page knows it. */
export interface Work extends Card {
  id: string
}

const hues = 24
const layouts = 4

/** Where a work's page is. */
export function path(id: string): string {
  return `/works/${encodeURIComponent(id)}`
}

/** A cover's colour and arrangement, both by the id, its medium, and the size of its title. */
export function coverClasses(work: Work): string {
  const h = hash(work.id)
  const medium = work.attributes['medium'] === 'film' ? 'is-film' : 'is-book'
  return `hue-${h % hues} lay-${Math.floor(h / hues) % layouts} ${medium} ${titleClass(work.title)}`
}

/** FNV-1a, 32 bit, of the text's UTF-8 bytes. */
export function hash(id: string): number {
  let h = 2166136261
  for (const byte of new TextEncoder().encode(id)) h = Math.imul(h ^ byte, 16777619)
  return h >>> 0
}

/** The size of a cover's title: by its longest word and by its whole length. */
export function titleClass(title: string): string {
  const length = (s: string) => [...s].length
  const longest = Math.max(...title.split(/[-–—/ ]/).map(length))
  const whole = length(title)
  if (longest > 13 || whole > 60) return 'title-xs'
  if (longest > 10 || whole > 36) return 'title-s'
  if (longest > 7 || whole > 18) return 'title-m'
  return 'title-l'
}

/** "novel, 1851" */
export function genre(work: Work): string {
  return [work.categories[0], work.attributes['year']].filter(Boolean).join(', ')
}

/** "Herman Melville, 1851" */
export function byline(work: Work): string {
  return [work.author, work.attributes['year']].filter(Boolean).join(', ')
}

/**
 * A work's address elsewhere, if it is http, https or relative and not its page here; null otherwise: a catalog's text
 * is never run.
 */
export function elsewhere(work: Work): string | null {
  if (work.url === '' || !URL.canParse(work.url, location.origin)) return null
  const url = new URL(work.url, location.origin)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null
  return url.href === new URL(path(work.id), location.origin).href ? null : work.url
}

/** Sets an element's text, and leaves the document alone if it is that already. */
export function setText(element: Element | null, text: string): void {
  if (element && element.textContent !== text) element.textContent = text
}

/** Fills a card, a row or a work's page; all have some of these parts. */
export function fill(root: HTMLElement, work: Work, why: string): void {
  root.dataset['id'] = work.id
  const find = (selector: string) => root.querySelector<HTMLElement>(selector)
  const cover = find('.cover')
  if (cover) cover.className = `cover ${coverClasses(work)}`
  if (root.classList.contains('row')) root.className = `row hue-${hash(work.id) % hues}`
  root.querySelector('a.cover, a.row-link')?.setAttribute('href', path(work.id))
  setText(find('.cover-title'), work.title)
  setText(find('.cover-author'), work.author)
  setText(find('.cover-foot'), genre(work))
  setText(find('.row-title'), work.title)
  setText(find('.row-by'), byline(work))
  setText(find('.why'), why)
  find('.act.like')?.setAttribute('aria-label', `Like ${work.title}`)
  find('.act.dismiss')?.setAttribute('aria-label', `Not for me: ${work.title}`)
}

/** What a card, a row or a work's page that the server sent says of its work. */
export function read(root: HTMLElement): Work {
  const text = (selector: string) => root.querySelector(selector)?.textContent?.trim() ?? ''
  const title = text('.cover-title') || text('.row-title')
  const foot = text('.cover-foot')
  const [category, year] = /^\d+$/.test(foot) ? ['', foot] : foot.split(/, (?=-?\d+$)/)
  const attributes: Record<string, string> = {}
  if (root.querySelector('.cover.is-film')) attributes['medium'] = 'film'
  if (year) attributes['year'] = year
  return {
    id: root.dataset['id'] ?? '',
    title,
    summary: text('.work-summary'),
    url: root.querySelector('.work-link a')?.getAttribute('href') ?? '',
    image: '',
    author: text('.cover-author') || text('.row-by').replace(/, -?\d+$/, ''),
    tags: [...root.querySelectorAll('.topic')].map((tag) => tag.textContent ?? ''),
    categories: category ? [category] : [],
    attributes,
  }
}
