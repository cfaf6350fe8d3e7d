// What the elements say, to be replaced for other languages: setWords({ like: (title) => `„${title}“ gefällt mir` }).

import type { Reason } from '@nigh/client'

export const words = {
  feed: 'For you',
  similar: 'More like this',
  like: (title: string) => `Like ${title}`,
  dismiss: (title: string) => `Not for me: ${title}`,
  changed: (count: number, first: string) => (count === 1 ? `One new item: ${first}.` : `${count} new items; the first is ${first}.`),
  empty: 'Nothing to recommend yet.',
  failed: 'No recommendations right now.',
  why: 'Why this is here',
  because: (title: string) => `because of ${title}`,
  close: (title: string) => `close to ${title}`,
  matches: (word: string) => `matches “${word}”`,
  tagged: (label: string) => `tagged ${label}`,
  category: (label: string) => label,
  by: (name: string) => `by ${name}`,
  popular: 'popular lately',
  pinned: 'chosen for everyone',
  boosted: 'brought forward',
  fresh: 'new here',
  first: 'to begin with',
  connecting: 'Connecting',
  behind: 'Catching up',
  live: 'Up to date',
  offline: 'Offline',
  waiting: (count: number) => `${count} waiting`,
  items: 'Items held here',
  local: 'Worked out here in',
  server: 'The server answered in',
  bytes: 'Received, sent',
}

export type Words = typeof words

/** Replaces some of the words, best before the elements are defined. */
export function setWords(some: Partial<Words>): void {
  Object.assign(words, some)
}

/** The largest reason, and the next of another kind, in a phrase: "Because of Moby-Dick, tagged sea". about: see phrase. */
export function why(reasons: readonly Reason[], about?: string): string {
  const said = reasons.filter((reason) => reason.score > 0 || reason.kind === 'pinned')
  const [first] = said.length > 0 ? said : reasons
  if (!first) return capital(words.first)
  const second = said.find((reason) => reason.kind !== first.kind && reason.kind !== 'popular')
  return capital([first, ...(second ? [second] : [])].map((reason) => phrase(reason, about)).join(', '))
}

/** One reason in words; about is the item whose like are listed, which is no act of the reader's. */
export function phrase(reason: Reason, about?: string): string {
  switch (reason.kind) {
    case 'item':
      return (reason.value === about ? words.close : words.because)(reason.title || reason.value)
    case 'term':
      return words.matches(reason.value)
    case 'tag':
      return words.tagged(reason.value)
    case 'category':
      return words.category(reason.value)
    case 'author':
      return words.by(reason.value)
    case 'popular':
      return words.popular
    case 'pinned':
      return words.pinned
    case 'boosted':
      return words.boosted
    case 'new':
      return words.fresh
  }
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
