// What a page gives, checked where it gives it: an error says what to do. The rest of the SDK relies on it.

import type { Question } from './module.ts'
import type { Time } from './options.ts'

/** The channel's address: v1/sync below the server's own. */
export function socketUrl(server: string | URL): string {
  const url = new URL(server)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`url is ${url.protocol}//…; give the server's http or https address`)
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  const channel = new URL('v1/sync', url)
  channel.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:'
  return channel.href
}

/** A time as Unix milliseconds. */
export function millis(name: string, time: Time): number {
  const at = new Date(time).getTime()
  if (Number.isNaN(at)) throw new RangeError(`${name} is ${String(time)}; give a Date, a day such as 2026-06-01 or Unix milliseconds`)
  return at
}

// core.MaxFilter: more would be refused by the server.
const maxLabels = 200

/** Refuses a question whose filter names too many labels, or names them otherwise than in lists. */
export function checkLabels(question: Question): void {
  let count = 0
  for (const labels of [question, question.any, question.all, question.not]) {
    if (!labels) continue
    for (const list of [labels.categories, labels.tags, labels.authors, ...Object.values(labels.attributes ?? {})]) {
      if (list === undefined) continue
      if (!Array.isArray(list)) throw new TypeError('categories, tags, authors and each attribute take a list of texts')
      count += list.length
    }
  }
  if (count > maxLabels) throw new RangeError(`the filter names ${count} labels; give at most ${maxLabels}`)
}

/** s as well-formed text (a lone surrogate becomes U+FFFD), refused if empty or longer than max bytes. */
export function clean(name: string, s: string, max: number): string {
  const bytes = new TextEncoder().encode(String(s))
  if (bytes.length === 0) throw new RangeError(`${name} is empty; give 1 to ${max} bytes of text`)
  if (bytes.length > max) throw new RangeError(`${name} has ${bytes.length} bytes; give at most ${max}`)
  return new TextDecoder().decode(bytes)
}

/** A reader's name: ~ begins those of readers who have none. */
export function name(s: string): string {
  if (String(s).startsWith('~')) throw new RangeError('user begins with ~; leave it out for a reader without a name')
  return clean('user', s, 256)
}

export function budget(bytes: number): number {
  if (!Number.isFinite(bytes) || bytes < 0) throw new RangeError(`budget is ${bytes}; give a number of bytes, or 0 for all`)
  return Math.floor(Math.min(bytes, 2 ** 40))
}
