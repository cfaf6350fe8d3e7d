// Why a work is in a list, in words.

import type { ReaderProfile, Reason } from '@nigh/client'
import type { Work } from './card.ts'

// A reader's history holds what they did as a strength; a plain visit is 1.
export const visitStrength = 1

/** For a list "for you": the largest reason, and the next one of another kind. */
export function whyForYou(reasons: Reason[], profile: ReaderProfile | null): string {
  if (reasons.some((reason) => reason.kind === 'pinned')) return 'Chosen for everyone'
  const [first, ...more] = reasons.filter((reason) => reason.score > 0)
  if (!first) return reasons.some((reason) => reason.kind === 'new') ? 'New on the shelves' : 'From the shelves, to begin with'
  const second = more.find((reason) => reason.kind !== first.kind && reason.kind !== 'popular')
  const text = [first, ...(second ? [second] : [])].map((reason) => say(reason, profile)).join(', ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function say(reason: Reason, profile: ReaderProfile | null): string {
  switch (reason.kind) {
    case 'item': {
      const strength = profile?.history.find((visit) => visit.item === reason.value)?.strength ?? 0
      return `because you ${strength > visitStrength ? 'liked' : 'opened'} ${reason.title || reason.value}`
    }
    case 'term':
      return `matches “${reason.value}”`
    case 'tag':
      return `tagged ${reason.value}`
    case 'category':
      return `${reason.value}, as you asked`
    case 'author':
      return `by ${reason.value}`
    case 'popular':
      return 'read by many lately'
    case 'boosted':
      return 'brought forward'
    case 'pinned': // neither has a score: whyForYou knows them
    case 'new':
      return 'on the shelves'
  }
}

/** For "more like this": what both works have in common, to be seen by anyone who looks. */
export function whySimilar(of: Work, work: Work): string {
  if (of.author !== '' && of.author === work.author) return `Also by ${work.author}`
  const common = work.tags.filter((tag) => of.tags.includes(tag)).slice(0, 3)
  if (common.length > 0) return `Both: ${common.join(', ')}`
  return `Close to ${of.title} in words or readers`
}
