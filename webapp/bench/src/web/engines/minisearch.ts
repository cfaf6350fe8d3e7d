import MiniSearch from 'minisearch'
import type { Engine, Item, Job } from '../job.ts'

export function build(items: Item[], job: Job): Engine {
  const index = new MiniSearch<Item & { n: number }>({ idField: 'n', fields: ['title', 'description', 'author', 'tags'], extractField: (item, field) => String(item[field as keyof Item]) })
  index.addAll(items.map((item, n) => ({ ...item, n })))
  return {
    kinds: ['similar', 'cut', 'forYou'],
    ask({ text, had }) {
      const out = new Set(had)
      return index.search(text, { filter: (hit) => !out.has(hit.id as number) }).slice(0, job.limit).map((hit) => hit.id as number)
    },
  }
}
