// <nigh-status>: how the page stands to the server; with `details`, figures for the curious.

import type { Client, Connection } from '@nigh/client'
import { h, setText } from './dom.ts'
import { NighElement, shadow } from './element.ts'
import { statusStyle } from './style.ts'
import { words } from './words.ts'

/** The attribute data-connection is one of offline, connecting, behind and live, for styling. */
export class NighStatus extends NighElement {
  static override readonly observedAttributes = [...NighElement.observedAttributes, 'details']

  protected override prepare(): void {
    const root = shadow(this, statusStyle)
    if (root.firstChild) return
    // Only the state is announced: figures change all the time.
    root.append(h('p', { part: 'text' }, h('span', { part: 'dot', 'aria-hidden': 'true' }), h('span', { part: 'state', role: 'status', 'aria-live': 'polite' }), h('span', { part: 'waiting' })))
  }

  protected override opened(client: Client, signal: AbortSignal): void {
    const show = () => this.#show(client)
    client.addEventListener('status', show, { signal })
    show()
  }

  #show(client: Client): void {
    const root = this.shadowRoot!
    const connection: Connection = client.connection
    const { status, timings } = client
    this.dataset['connection'] = connection
    setText(root.querySelector('[part=state]'), words[connection])
    setText(root.querySelector('[part=waiting]'), status && status.pending > 0 && connection !== 'live' ? words.waiting(status.pending) : '')
    const facts = root.querySelector('dl')
    if (!this.hasAttribute('details')) {
      facts?.remove()
      return
    }
    const rows: [string, string][] = [
      [words.items, (status?.items ?? 0).toLocaleString(this.#language())],
      [words.local, millis(timings.local)],
      [words.server, millis(timings.server)],
      [words.bytes, `${kilobytes(status?.bytesIn ?? 0)}, ${kilobytes(status?.bytesOut ?? 0)}`],
    ]
    if (!facts) root.append(h('dl', { part: 'facts' }, ...rows.flatMap(([term]) => [h('dt', {}, term), h('dd')])))
    for (const [i, cell] of root.querySelectorAll('dd').entries()) setText(cell, rows[i]![1])
  }

  #language(): string | undefined {
    return this.closest<HTMLElement>('[lang]')?.lang || undefined
  }
}

const millis = (time: number | null) => (time === null ? '–' : `${time < 10 ? time.toFixed(1) : Math.round(time)} ms`)
const kilobytes = (bytes: number) => (bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(bytes < 100_000 ? 1 : 0)} kB`)
