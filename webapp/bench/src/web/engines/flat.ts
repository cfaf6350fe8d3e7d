import type { Engine, Job } from '../job.ts'

export const dimensions = 64

/** All vectors one behind the other; a question is held against each. */
export function build(vectors: Float32Array, job: Job): Engine {
  const scores = new Float32Array(job.items)
  return {
    kinds: ['similar', 'forYou'],
    ask({ had }, _kind, vector) {
      for (let i = 0, at = 0; i < job.items; i++) {
        let sum = 0
        for (let d = 0; d < dimensions; d++) sum += vectors[at++]! * vector[d]!
        scores[i] = sum
      }
      return best(scores, job.limit, new Set(had))
    },
  }
}

/** The k best of scores, best first, ties by number; had is left out. */
function best(scores: Float32Array, k: number, had: Set<number>): number[] {
  const top: number[] = [] // ascending by score
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!
    if ((top.length === k && score <= scores[top[0]!]!) || had.has(i)) continue
    let at = top.length
    while (at > 0 && scores[top[at - 1]!]! > score) at--
    top.splice(at, 0, i)
    if (top.length > k) top.shift()
  }
  return top.reverse()
}
