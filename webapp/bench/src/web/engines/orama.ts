import { create, insertMultiple, search, type Results, type TypedDocument } from '@orama/orama'
import type { Engine, Item, Job } from '../job.ts'

export async function build(items: Item[], job: Job): Promise<Engine> {
  const index = create({ schema: { title: 'string', description: 'string', author: 'string', tags: 'string[]' } as const })
  await insertMultiple(index, items.map(({ title, description, author, tags }, n) => ({ id: String(n), title, description, author, tags })), 1000)
  return {
    kinds: ['similar', 'cut', 'forYou'],
    ask({ text, had }) {
      const out = new Set(had)
      const found = search(index, { term: text, limit: job.limit + had.length }) as Results<TypedDocument<typeof index>>
      return found.hits.map((hit) => Number(hit.id)).filter((n) => !out.has(n)).slice(0, job.limit)
    },
  }
}
