// How long the server's answers took, as the page sees it: measured from the newest act that an answer knows of.

import type { List } from './module.ts'

/** A question as it is followed: when its next answer of the server began to be waited for. */
interface Following {
  since: number | null // asked at; null once the server has answered
  answered: number // highest op that an answer of the server knew of
}

// Ops whose time is remembered until the server's answer to them; older ones are forgotten, their answer goes untimed.
const maxOps = 256

export class Timed {
  openedAt = 0 // when the socket opened last
  readonly #following = new Map<string, Following>()
  #ops: { op: number; at: number }[] = [] // ascending

  ask(question: string, at: number): void {
    this.#following.set(question, { since: at, answered: 0 })
  }

  drop(question: string): void {
    this.#following.delete(question)
  }

  /** A list of this device has come; `at` is when the page did what caused it. The first to come tells the op's number. */
  local(list: List, at: number | null): void {
    const last = this.#ops.at(-1)?.op ?? 0
    if (at === null || list.version.op <= last) return
    this.#ops.push({ op: list.version.op, at })
    if (this.#ops.length > maxOps) this.#ops.shift()
  }

  /**
   * How long the server's answer took: from the newest op that it knows of and that no answer before it knew of, or
   * from the question itself; or from when the socket opened, if that was later. Null if the server sent the list for
   * another reason: the catalog changed, say.
   */
  server(question: string, list: List, now: number): number | null {
    const following = this.#following.get(question)
    if (!following) return null
    let from = following.since
    following.since = null
    for (const timed of this.#ops) {
      if (timed.op > following.answered && timed.op <= list.version.op) from = timed.at
    }
    following.answered = Math.max(following.answered, list.version.op)
    return from === null ? null : now - Math.max(from, this.openedAt)
  }

  /** Numbers of ops begin anew. */
  anew(): void {
    this.#ops = []
  }
}
