// A catalog, a log and readers that are made up, the same on every run: items have topics, a third of their words is of
// their topic, all are as unequally frequent as in life (Zipf's law), as nigh bench has it (server/bench/synth.go). A word
// of a topic belongs to others too: with words of its own alone a query would find few texts, and every engine be quick.
// Words are syllables, not "w17": search engines treat digits in ways of their own.

/** An item as `nigh import items` reads it and as every engine gets it. */
export interface Item {
  id: string
  title: string
  description: string
  author: string
  tags: string[]
  categories: string[]
  url: string
  published_at: string
}

export interface Catalog {
  items: Item[]
  /** What readers did, as user and number of an item, one second after the other. */
  events: [user: string, item: number][]
  /** Histories of readers who are not in the log: numbers of distinct items, the most recent first. */
  readers: number[][]
}

const start = Date.UTC(2026, 0, 1)
const commonWords = 20_000
const topicWords = 100
const sharedWords = 3000 // of which topics have theirs

export function makeUp(count: number, perItem: number, readers: number, historyOf: number): Catalog {
  const random = sfc32(count)
  const below = (n: number) => Math.floor(random() * n)
  const topics = Math.max(1, Math.floor(count / 100))
  const common = zipf(random, 1.1, 10, commonWords)
  const special = zipf(random, 1.2, 4, topicWords)
  const ofTopic = (topic: number) => (Math.imul(topic * topicWords + special() + 1, 0x9e3779b1) >>> 0) % sharedWords
  const word = (topic: number) => (below(3) === 0 ? syllables(commonWords + ofTopic(topic)) : syllables(common()))
  const text = (topic: number, words: number) => Array.from({ length: words }, () => word(topic)).join(' ')
  const name = (s: string) => s[0]!.toUpperCase() + s.slice(1)
  const items = Array.from({ length: count }, (_, i): Item => {
    const topic = i % topics
    const title = name(text(topic, 4))
    const tag = (n: number) => syllables(9000 + n)
    return {
      id: `${title.toLowerCase().replaceAll(' ', '-')}-${i}`,
      title,
      description: `${name(text(topic, 60))}.`,
      author: `${name(syllables(70 + below(2000)))} ${name(syllables(500 + below(count)))}`,
      tags: [...new Set([tag(topic), tag(below(topics)), tag(below(40))])],
      categories: [name(syllables(100 + (topic % 12)))],
      url: `/works/${i}`,
      published_at: new Date(start - below(5 * 365 * 24) * 3_600_000).toISOString(),
    }
  })
  /** Where someone who cares for a topic goes: within it the first items are the most popular. */
  const visit = (topic: number) => (below(8) === 0 ? below(count) : Math.min(count - 1, Math.floor((random() ** 3 * count) / topics) * topics + topic))
  const events: Catalog['events'] = []
  for (let session = 0; events.length < count * perItem; session++) {
    const topic = below(topics)
    for (let n = 1 + below(12); n > 0; n--) events.push([`reader-${session}`, visit(topic)])
  }
  const histories = Array.from({ length: readers }, () => {
    const likes = Array.from({ length: 6 }, () => below(topics))
    const history = new Set<number>()
    while (history.size < historyOf) history.add(visit(likes[below(likes.length)]!))
    return [...history]
  })
  return { items, events, readers: histories }
}

/** The nth of words that were made up, the first ones short. */
function syllables(n: number): string {
  const consonants = 'bdfgklmnprstvz'
  const vowels = 'aeiou'
  let out = ''
  for (n += 70; n > 0; n = Math.floor(n / 70)) out += consonants[n % 14]! + vowels[Math.floor(n / 14) % 5]!
  return out
}

/** Numbers below n, k as often as (k + shift)^-power. */
function zipf(random: () => number, power: number, shift: number, n: number): () => number {
  const upTo = new Float64Array(n)
  let sum = 0
  for (let k = 0; k < n; k++) upTo[k] = sum += (k + shift) ** -power
  return () => {
    const at = random() * sum
    let low = 0
    for (let high = n - 1; low < high; ) {
      const middle = (low + high) >> 1
      if (upTo[middle]! < at) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Small Fast Counter (Doty-Humphrey): numbers from 0 to 1, the same for a seed everywhere. */
function sfc32(seed: number): () => number {
  let [a, b, c, d] = [0x9e3779b9, 0x243f6a88, seed | 0, 1]
  const next = () => {
    const t = (((a! + b!) | 0) + d!) | 0
    d = (d! + 1) | 0
    a = b! ^ (b! >>> 9)
    b = (c! + (c! << 3)) | 0
    c = (((c! << 21) | (c! >>> 11)) + t) | 0
    return (t >>> 0) / 2 ** 32
  }
  for (let i = 0; i < 12; i++) next()
  return next
}
