// A list of works on the page, and the standing question that fills it.

import type { RecommendationsEvent } from '@nigh/client'
import { fill, setText, type Work } from './card.ts'
import { update } from './list.ts'

export interface Listed {
  work: Work
  why: string
}

/** Shows works in a section [data-list]; returns what is new in it. */
export function show(section: HTMLElement, listed: Listed[]): string[] {
  const list = section.querySelector<HTMLElement>('.cards, .rows')!
  const template = document.querySelector<HTMLTemplateElement>(list.classList.contains('rows') ? '#t-row' : '#t-card')!
  return update(
    list,
    template,
    listed.map(({ work, why }) => ({ id: work.id, fill: (element) => fill(element, work, why) })),
  )
}

/** Says in a section's head who gave its list. */
export function showSource(section: HTMLElement, event: RecommendationsEvent): void {
  section.dataset['source'] = event.source
  setText(section.querySelector('.source'), event.source === 'local' ? 'worked out on this device' : event.agrees === false ? 'corrected by the server' : 'confirmed by the server')
}
