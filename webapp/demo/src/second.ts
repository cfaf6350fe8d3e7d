// A second device of the same reader, simulated in this page. It shares nothing with the page's own client but the
// reader's name: its own client id and no storage give it a worker, a leader and a socket of its own (sdk/src/storage.ts,
// spaceOf), so what the two know of each other they know from the server.

import './second.css'
import { connect, type Client, type ConnectOptions, type RecommendationsEvent, type Standing } from '@nigh/client'
import { setText } from './card.ts'
import { end, own, show, showSource } from './shelf.ts'
import { StatusLine } from './status.ts'
import { icon } from './views.ts'
import { visitStrength } from './why.ts'
import { Works } from './works.ts'

const front = 12 // works of the list, as many as the page's own shows
const lately = 3 // of what the reader did

const markup = `
<div class="shelf-head"><h2 id="second-title" tabindex="-1">Second device</h2><p class="source"></p></div>
<p class="second-say">Simulated on this machine: you on another device, with a worker, a socket and a copy of the catalog of its own, which keeps nothing when you close it.</p>
<div class="second-line">
  <p class="state"><span class="dot"></span><span data-status="state">Starting</span></p>
  <button type="button" class="pill offline" id="second-offline" aria-pressed="false" aria-labelledby="second-offline second-title">Go offline</button>
  <button type="button" class="pill second-close" id="second-close" aria-labelledby="second-close second-title">Close</button>
</div>
<p class="second-together"></p>
<p class="second-lately"></p>
<ol class="rows"><li class="empty">It holds nothing yet, and gets the catalog first.</li></ol>
<dl class="facts">
  <div><dt>Likes counted</dt><dd class="second-counted">–</dd></div>
  <div><dt>Waiting to be sent</dt><dd data-status="pending">–</dd></div>
  <div><dt>Position</dt><dd data-status="position">–</dd></div>
  <div><dt>Lists equal, different</dt><dd data-status="agreed">–</dd></div>
  <div><dt>Agreement</dt><dd data-status="agreement">–</dd></div>
  <div><dt>List here</dt><dd data-status="local">–</dd></div>
  <div><dt>The server’s</dt><dd data-status="server">–</dd></div>
  <div class="fault"><dt>Last fault</dt><dd data-status="fault">none</dd></div>
</dl>
<div class="unseen" aria-live="polite"></div>`

const row = `<li class="row">
<p class="row-link"><span class="row-title"></span><span class="row-by"></span></p>
<div class="acts"><button type="button" class="act like"></button></div>
</li>`

let open: Second | null = null

/** Opens the second device, or closes it. options are those of the page's own client, other is its list. */
export function toggle(button: HTMLButtonElement, options: ConnectOptions, client: Client, other: Standing): void {
  if (client.privacy === 'device') {
    button.disabled = true
    setText(button.nextElementSibling, 'Your browser asks that nothing about you leaves this device: a second one would never hear of it.')
    return
  }
  const details = document.querySelector<HTMLElement>('.details')!
  if (open) {
    open.close()
    open = null
    // The keyboard goes on at this button, or where the panel that holds it is opened.
    ;(button.checkVisibility() ? button : details).focus({ preventScroll: true })
  } else {
    if (details.getAttribute('aria-expanded') === 'true') details.click() // the panel makes room
    open = new Second(options, other, () => toggle(button, options, client, other))
  }
  button.setAttribute('aria-expanded', String(open !== null))
  setText(button, open ? 'Close the second device' : 'Second device')
}

class Second {
  readonly #element = Object.assign(document.createElement('section'), { className: 'shelf second', innerHTML: markup })
  readonly #row = Object.assign(document.createElement('template'), { innerHTML: row })
  readonly #main = document.querySelector<HTMLElement>('#main')!
  readonly #client: Client
  readonly #works: Works
  readonly #status: StatusLine
  readonly #other: Standing
  readonly #beside = matchMedia('(min-width: 1081px)') // as in second.css: below, it stands above the page's list
  readonly #ending = new AbortController()
  #last: RecommendationsEvent | null = null

  /** other is the list that this one's is compared with; close is called by the button here. */
  constructor(options: ConnectOptions, other: Standing, close: () => void) {
    const { signal } = this.#ending
    this.#client = connect({ ...options, client: name(), storage: false })
    this.#works = new Works(this.#client)
    this.#other = other
    this.#row.content.querySelector('.like')!.append(icon('heart'))
    this.#element.setAttribute('aria-labelledby', 'second-title')
    this.#status = new StatusLine(this.#client, this.#element)
    this.#element.addEventListener('click', (event) => {
      const button = (event.target as Element).closest('button')
      if (!button) return
      event.stopPropagation() // the page would take it for its own
      if (button.classList.contains('like')) void this.#client.record('like', button.closest<HTMLElement>('[data-id]')!.dataset['id']!)
      if (button.classList.contains('second-close')) close()
    })
    this.#client.recommend({ limit: front }).addEventListener('recommendations', (event) => this.#answered(event))
    this.#client.addEventListener('profile', () => this.#showLately())
    other.addEventListener('recommendations', () => this.#showTogether(), { signal })

    // Beside the list of whichever view the page shows.
    const views = new MutationObserver(() => this.#place())
    views.observe(this.#main, { childList: true })
    signal.addEventListener('abort', () => views.disconnect())
    this.#beside.addEventListener('change', () => this.#place(), { signal })
    this.#place()
    this.#element.querySelector('h2')!.focus({ preventScroll: true })
    this.#element.scrollIntoView({ block: 'start' })
  }

  /** Ends its worker and its socket, and leaves the page. */
  close(): void {
    this.#client.close()
    this.#ending.abort()
    end(this.#element)
    this.#element.remove()
  }

  /** In the order in which they are read: behind the page's own list where there is room beside it, else before it. */
  #place(): void {
    const list = this.#main.querySelector<HTMLElement>('[data-list="for-you"]')
    if (!list) {
      if (this.#element.parentNode !== this.#main) this.#main.append(this.#element)
    } else if (this.#beside.matches) {
      if (list.nextElementSibling !== this.#element) list.after(this.#element)
    } else if (list.previousElementSibling !== this.#element) {
      list.before(this.#element)
    }
  }

  #answered(event: RecommendationsEvent): void {
    const before = this.#last
    this.#last = event
    this.#works.meet(event)
    this.#status.answered(event, before)
    // Each is numbered on its device, and the server takes each number once.
    if (event.source === 'server') setText(this.#element.querySelector('.second-counted'), String(event.version.op))
    this.#showTogether()
    this.#showLately() // whose titles may be known now
    showSource(this.#element, event)
    if (event.items.length === 0) return // before the catalog
    const listed = event.items.map(({ id }) => ({ work: this.#works.get(id)!, why: '' }))
    const added = show(this.#element, listed, own(event), this.#row)
    if (added.length > 0) {
      const first = this.#works.get(added[0]!)!.title
      setText(this.#element.querySelector('[aria-live]'), `The second device has ${added.length} other works now; the first is ${first}.`)
    }
  }

  #showTogether(): void {
    const ids = (event: RecommendationsEvent | null) => event?.items.slice(0, front).map((item) => item.id) ?? []
    const words = together(ids(this.#last), ids(this.#other.last))
    this.#element.dataset['together'] = String(words === together([''], ['']))
    setText(this.#element.querySelector('.second-together'), words)
  }

  #showLately(): void {
    const history = this.#client.profile?.history ?? []
    const did = history.slice(0, lately).map(({ item, strength }) => {
      const work = this.#works.get(item)
      if (!work && !this.#works.seeks(item)) this.#works.find(item).then((found) => found && this.#showLately(), () => {})
      return `${strength < 0 ? 'not for you' : strength > visitStrength ? 'liked' : 'opened'} ${work?.title ?? item}`
    })
    const more = history.length > lately ? `, and ${history.length - lately} more` : ''
    setText(this.#element.querySelector('.second-lately'), did.length === 0 ? 'You, lately: nothing yet.' : `You, lately: ${did.join('; ')}${more}.`)
  }
}

/** How two devices' lists of ids compare, in words; nothing while one of them has none. */
export function together(here: string[], there: string[]): string {
  if (here.length === 0 || there.length === 0) return ''
  const other = here.filter((id) => !there.includes(id)).length
  if (other > 0) return `${other} of ${here.length} works differ from the page’s.`
  return here.every((id, i) => id === there[i]) ? 'The same list as the page’s.' : 'The page’s works, in another order.'
}

/** A client id that nobody else has: the server takes the second device's likes for the first's again if they share one. */
function name(): string {
  return `second-${Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('')}`
}
