// The last of many measurements.

const most = 50

export class Recent {
  readonly #values: number[] = [] // the oldest first

  add(value: number): void {
    this.#values.push(value)
    if (this.#values.length > most) this.#values.shift()
  }

  /** The value that a share of them do not pass: 0.5 is the median; null without any. The nearest rank, not between two. */
  quantile(share: number): number | null {
    const sorted = this.#values.toSorted((a, b) => a - b)
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null
  }
}
