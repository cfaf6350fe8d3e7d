import { Index } from 'flexsearch'
import type { Engine, Item, Job } from '../job.ts'

export function build(items: Item[], job: Job): Engine {
  const index = new Index({ tokenize: 'strict' })
  for (const [n, item] of items.entries()) index.add(n, `${item.title} ${item.description} ${item.author} ${item.tags.join(' ')}`)
  return {
    kinds: ['similar', 'cut', 'forYou'],
    ask({ text, had }) {
      const out = new Set(had)
      // suggest: not every word must be there.
      const found = index.search(text, { limit: job.limit + had.length, suggest: true }) as number[]
      return found.filter((n) => !out.has(n)).slice(0, job.limit)
    },
  }
}
