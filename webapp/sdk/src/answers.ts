// Lists as the server's HTTP API tells them, made into those of module.ts. A part of server_only.ts's chunk.

import type { Labels, ListedItem, Question, Version } from './module.ts'

export interface Answer {
  recommendations: { id: string; score: number; reasons?: { kind: string; value?: string; title?: string; score: number }[]; item: Partial<ListedItem['card']> }[]
  next?: string
  version: Omit<Version, 'policy' | 'op'> & { policy: string }
}

/** An item as the module tells it: everything is there, empty where the server left it out. */
export function listed({ id, score, reasons, item }: Answer['recommendations'][number]): ListedItem {
  return {
    id,
    score,
    reasons: (reasons ?? []).map((reason) => ({ value: '', title: '', ...reason }) as ListedItem['reasons'][number]),
    card: { title: '', summary: '', url: '', image: '', author: '', tags: [], categories: [], attributes: {}, ...item },
  }
}

/** Every label of some, as texts that name their kind. */
function flat(labels: Labels): string[] {
  const of = (kind: string, list: string[] = []) => list.map((label) => `${kind}:${label}`)
  return [
    ...of('category', labels.categories),
    ...of('tag', labels.tags),
    ...of('author', labels.authors),
    ...Object.entries(labels.attributes ?? {}).flatMap(([name, values]) => of(`attribute:${name}`, values)),
  ]
}

export const count = (labels: Labels) => flat(labels).length

export function fits({ card }: ListedItem, question: Question): boolean {
  const attributes = Object.fromEntries(Object.entries(card.attributes).map(([name, value]) => [name, [value]]))
  const has = new Set(flat({ categories: card.categories, tags: card.tags, authors: [card.author], attributes }))
  const some = (labels: Labels) => count(labels) === 0 || flat(labels).some((label) => has.has(label))
  const { categories = [], tags = [], authors = [], attributes: wanted = {}, any = {}, all = {}, not = {} } = question
  return (
    some({ categories }) && some({ tags }) && some({ authors }) && some(any) &&
    Object.entries(wanted).every(([name, values]) => some({ attributes: { [name]: values } })) &&
    flat(all).every((label) => has.has(label)) && !flat(not).some((label) => has.has(label))
  )
}
