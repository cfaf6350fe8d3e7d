import { best, type Engine, type Job } from '../job.ts'

export const dimensions = 64

/** All vectors one behind the other; a question is held against each. */
export function build(vectors: Float32Array, job: Job): Engine {
  const scores = new Float32Array(job.items)
  return {
    ask({ vector, had }) {
      for (let i = 0, at = 0; i < job.items; i++) {
        let sum = 0
        for (let d = 0; d < dimensions; d++) sum += vectors[at++]! * vector[d]!
        scores[i] = sum
      }
      return best(scores, job.limit, new Set(had))
    },
  }
}
