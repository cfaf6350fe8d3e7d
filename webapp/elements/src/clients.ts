// One connection for all elements of a page that name the same server and reader.

import { connect, type Client, type ConnectOptions } from '@nigh/client'

interface Shared {
  client: Client
  holders: number
  closing: number
}

const shared = new Map<string, Shared>()
// A page that changes its view takes elements out and puts others in: the connection outlives that. Milliseconds.
const lingers = 5000

let home = ''

/** Where elements without a `server` ask: the script tag's own server, as elements.js sets it. */
export function setServer(url: string | URL): void {
  home = new URL(url).href
}

export function serverOf(element: Element): string {
  const named = element.getAttribute('server')
  return named === null ? home : new URL(named, document.baseURI).href
}

/** Returns the client for a server and a reader, and how to let go of it. */
export function take(options: ConnectOptions): { client: Client; release: () => void } {
  const key = `${String(options.url)} ${String(options.merge ?? '')} ${options.user ?? ''}`
  let entry = shared.get(key)
  if (!entry) {
    entry = { client: connect(options), holders: 0, closing: 0 }
    shared.set(key, entry)
  }
  const held = entry
  held.holders++
  clearTimeout(held.closing)
  let released = false
  const release = () => {
    if (released) return
    released = true
    if (--held.holders > 0) return
    held.closing = window.setTimeout(() => {
      shared.delete(key)
      held.client.close()
    }, lingers)
  }
  return { client: held.client, release }
}
