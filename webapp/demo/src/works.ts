// Every work that the page has met, and where to look for one that it has not.

import type { Client, RecommendationsEvent } from '@nigh/client'
import type { Work } from './card.ts'

export class Works {
  readonly #client: Client
  readonly #met = new Map<string, Work>()
  readonly #sought = new Map<string, Promise<Work | null>>()

  constructor(client: Client) {
    this.#client = client
  }

  get(id: string): Work | undefined {
    return this.#met.get(id)
  }

  all(): Work[] {
    return [...this.#met.values()]
  }

  /** What the server's page says of a work; a list's card says it better. */
  read(work: Work): void {
    if (work.id !== '' && !this.#met.has(work.id)) this.#met.set(work.id, work)
  }

  /** Takes what an answer tells. */
  meet(event: RecommendationsEvent): void {
    for (const item of event.items) this.#met.set(item.id, { ...item.card, id: item.id })
  }

  /** Whether a work is being looked for, or was found. */
  seeks(id: string): boolean {
    return this.#sought.has(id)
  }

  /**
   * Looks for a work that no list has brought: in this device's copy of the catalog, then at the server. Null: there is
   * none; rejected: the device has none, and the server could not be asked. The next look asks again then.
   */
  find(id: string): Promise<Work | null> {
    let sought = this.#sought.get(id)
    if (!sought) {
      sought = this.#here(id).then((work) => work ?? this.#there(id))
      this.#sought.set(id, sought)
      sought.then((work) => work && this.#met.set(id, work), () => this.#sought.delete(id))
    }
    return sought
  }

  /** A question about a work tells its card, if this device holds it. */
  #here(id: string): Promise<Work | null> {
    return new Promise((resolve) => {
      const end = this.#client.subscribe({ similar: id, limit: 1 }, ({ about }) => {
        end()
        resolve(about && { ...about, id })
      })
    })
  }

  async #there(id: string): Promise<Work | null> {
    const response = await fetch(`/v1/items/${encodeURIComponent(id)}`)
    if (!response.ok) return null
    const item = (await response.json()) as Partial<Work> & { description?: string }
    return {
      id,
      title: item.title ?? id,
      summary: item.description ?? '',
      url: item.url ?? '',
      image: '',
      author: item.author ?? '',
      tags: item.tags ?? [],
      categories: item.categories ?? [],
      attributes: item.attributes ?? {},
    }
  }
}
