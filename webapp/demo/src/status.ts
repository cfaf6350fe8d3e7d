// The status line: whether there is a line to the server, how long answers take, whether both sides agree.

import type { Client, RecommendationsEvent } from '@nigh/client'
import { setText } from './card.ts'
import { Recent } from './recent.ts'

export class StatusLine {
  readonly #root: HTMLElement
  readonly #client: Client
  #online = navigator.onLine
  #paused = false
  readonly #recent = { local: new Recent(), server: new Recent(), click: new Recent() }

  /** root holds the switch of the network, and what is shown by its name in data-status. */
  constructor(client: Client, root: HTMLElement) {
    this.#client = client
    this.#root = root
    const offline = this.#root.querySelector<HTMLButtonElement>('.offline')!
    offline.addEventListener('click', () => {
      this.#paused = !this.#paused
      if (this.#paused) client.pause()
      else client.resume()
      offline.setAttribute('aria-pressed', String(this.#paused))
      setText(offline, this.#paused ? 'Go online' : 'Go offline')
    })
    const details = this.#root.querySelector<HTMLButtonElement>('.details')
    details?.addEventListener('click', () => {
      const open = details.getAttribute('aria-expanded') === 'true'
      details.setAttribute('aria-expanded', String(!open))
      this.#root.querySelector<HTMLElement>('.panel')!.hidden = open
    })
    client.addEventListener('status', (event) => {
      this.#online = event.online
      this.#show()
    })
    client.addEventListener('failure', (event) => this.fault(event.message))
    this.#root.hidden = false
  }

  /** An answer has come; before is the one to the same question that it takes the place of. */
  answered(event: RecommendationsEvent, before: RecommendationsEvent | null): void {
    if (event.tookMs !== null) this.#measured(event.source, event.tookMs)
    if (event.sinceMs !== null) this.#measured('click', event.sinceMs)
    if (event.source === 'local') return
    // Right after a click the server has learned from it and this device has not been told yet: then the module compares
    // nothing, but the lists may still be the same. "Agree" is only said of what was compared.
    this.#set('agreement', agreement(event, before))
  }

  fault(message: string): void {
    this.#set('fault', message)
  }

  #show(): void {
    const status = this.#client.status
    if (!status) return
    const waiting = status.pending > 0 ? `, ${status.pending} waiting` : ''
    const words = !this.#online
      ? `Offline${waiting}`
      : { offline: `Reconnecting${waiting}`, connecting: `Connecting${waiting}`, syncing: `Catching up${waiting}`, live: status.pending > 0 ? `Sending ${status.pending}` : 'Online' }[status.state]
    this.#root.dataset['state'] = !this.#online || status.state === 'offline' ? 'offline' : status.state === 'live' && status.pending === 0 ? 'live' : 'behind'
    this.#set('state', words)
    const of = status.allItems > status.items ? ` of ${grouped(status.allItems)}` : ''
    this.#set('items', grouped(status.items) + of)
    this.#set('position', `${status.epoch.toString(36)}, ${grouped(status.seq)}`)
    this.#set('pending', String(status.pending))
    this.#set('bytes', `${kilobytes(status.bytesIn)}, ${kilobytes(status.bytesOut)}`)
    this.#set('agreed', `${status.agreed}, ${status.differed}`)
    if (this.#client.loadMs !== null) this.#set('load', milliseconds(this.#client.loadMs))
  }

  #measured(name: 'local' | 'server' | 'click', ms: number): void {
    const recent = this.#recent[name]
    recent.add(ms)
    this.#set(name, milliseconds(ms))
    this.#set(`${name}-recent`, `${milliseconds(recent.quantile(0.5)!)}, ${milliseconds(recent.quantile(0.95)!)}`)
  }

  #set(name: string, text: string): void {
    setText(this.#root.querySelector(`[data-status="${name}"]`), text)
  }
}

export function agreement(event: RecommendationsEvent, before: RecommendationsEvent | null): string {
  if (event.agrees !== null) return event.agrees ? 'both agree' : 'they differ'
  return sameItems(event, before) ? 'same list' : 'server is ahead'
}

function sameItems(a: RecommendationsEvent, b: RecommendationsEvent | null): boolean {
  return b !== null && a.items.length === b.items.length && a.items.every((item, i) => item.id === b.items[i]!.id)
}

export function milliseconds(ms: number): string {
  if (ms < 0.1) return 'under 0.1 ms'
  if (ms < 10) return `${ms.toFixed(1)} ms`
  if (ms < 10_000) return `${Math.round(ms)} ms`
  return `${(ms / 1000).toFixed(1)} s`
}

/** 1,234,567. The browser's own way, toLocaleString, takes the page's thread 10 to 20 ms when it is first asked. */
export function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',')
}

export function kilobytes(bytes: number): string {
  return bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(bytes < 100_000 ? 1 : 0)} kB`
}
